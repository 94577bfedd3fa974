//! An index that the owner added by its address: a Torznab feed, or a Stremio add-on, by that of its
//! manifest.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::addon::{self, Lines, Stream, is_picture};
use super::torznab::Torznab;
use super::{Error, LIMIT, Listed, Source, name, rows};
use crate::fetch::{self, Client, Request};
use crate::media::{Query, StremioId};
use crate::torrent::{IndexName, Told, Torrent};

const MANIFEST: &str = "/manifest.json";
/// The page on which an add-on is set up, beside its manifest: what a browser's address bar shows.
const CONFIGURE: &str = "/configure";

/// The index at the address that the owner gave.
pub(super) fn build(name: IndexName, client: Client, base: Url) -> Box<dyn Source> {
    if Torznab::is_at(&base) {
        return Box::new(Torznab::new(name, client, base));
    }
    Box::new(AddOn::new(name, client, base))
}

/// An add-on.
struct AddOn {
    name: IndexName,
    client: Client,
    /// Without the manifest's name at its end.
    base: Url,
    serves: OnceCell<Serves>,
}

/// What its manifest says of its streams; an empty list: anything.
#[derive(Debug, PartialEq)]
struct Serves {
    types: Vec<String>,
    prefixes: Vec<String>,
}

impl AddOn {
    fn new(name: IndexName, client: Client, mut base: Url) -> Self {
        let path = base.path();
        let path = path.strip_suffix(MANIFEST).or_else(|| path.strip_suffix(CONFIGURE));
        if let Some(path) = path.map(str::to_owned) {
            base.set_path(&path);
        }
        Self { name, client, base, serves: OnceCell::new() }
    }

    /// Reads the manifest, once.
    async fn serves(&self) -> Result<&Serves, Error> {
        let ask = || async {
            let url = fetch::at(&self.base, &["manifest.json"], &[]);
            let manifest: Value = self.client.get_json(Request::get(url).within(LIMIT)).await?;
            let odd = || Error::Odd("is no add-on that lists streams, by its manifest".to_owned());
            Serves::read(&manifest).ok_or_else(odd)
        };
        self.serves.get_or_try_init(ask).await
    }

    async fn streams(&self, kind: &str, id: &str) -> Result<Vec<Torrent>, Error> {
        let url = fetch::at(&self.base, &["stream", kind, &format!("{id}.json")], &[]);
        torrents(self.client.send(Request::get(url).within(LIMIT)).await?.success()?, self.name)
    }
}

impl Source for AddOn {
    fn index(&self) -> IndexName {
        self.name
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            let asked = self.serves().await?.questions(query);
            if asked.is_empty() {
                return Err(Error::UnsupportedId);
            }
            let answers = asked.iter().map(|(kind, id)| self.streams(kind, id));
            addon::merged(join_all(answers).await.into_iter())
        }
        .boxed()
    }
}

impl Serves {
    /// A resource is a name, or an object that narrows what the whole manifest says (addon-sdk,
    /// docs/api/responses/manifest.md).
    fn read(manifest: &Value) -> Option<Self> {
        let is_stream = |resource: &&Value| {
            resource.as_str().or_else(|| resource["name"].as_str()) == Some("stream")
        };
        let resource = rows(&manifest["resources"]).find(is_stream)?;
        let words = |key: &str| -> Vec<String> {
            let own = &resource[key];
            let list = if own.is_array() { own } else { &manifest[key] };
            rows(list).filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Some(Self { types: words("types"), prefixes: words("idPrefixes") })
    }

    /// What to ask: the type and the id. By Kitsu and by IMDb where it takes both; by whatever else
    /// the viewer asked for where it takes neither.
    fn questions(&self, query: &Query) -> Vec<(&'static str, String)> {
        let ask = |id: StremioId| {
            let text = written(&id);
            let known = self.prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()));
            if !known && !self.prefixes.is_empty() {
                return None;
            }
            Some((self.kind(&id)?, text))
        };
        let usual = [query.kitsu(), query.imdb()].into_iter().flatten();
        let usual: Vec<_> = usual.filter_map(ask).collect();
        if !usual.is_empty() {
            return usual;
        }
        [Some(query.id), query.anidb()].into_iter().flatten().find_map(ask).into_iter().collect()
    }

    /// The type that it knows such an id by.
    fn kind(&self, id: &StremioId) -> Option<&'static str> {
        let serves = |kind: &str| self.types.is_empty() || self.types.iter().any(|one| one == kind);
        let anime = matches!(id, StremioId::Anime { .. }).then_some("anime");
        [Some(id.kind()), anime].into_iter().flatten().find(|kind| serves(kind))
    }
}

/// An id as add-ons write it: TMDB's without the kind, which the path has.
fn written(id: &StremioId) -> String {
    match id {
        StremioId::TmdbMovie(id) => format!("tmdb:{id}"),
        StremioId::TmdbTv { id, episode } => format!("tmdb:{id}:{episode}"),
        StremioId::Imdb { .. } | StremioId::Anime { .. } => id.to_string(),
    }
}

/// The torrents of an add-on's answer.
pub(super) fn torrents(body: &[u8], index: IndexName) -> Result<Vec<Torrent>, Error> {
    Ok(addon::listing(body, |stream| torrent(stream, index))?.torrents)
}

fn torrent(value: &Told, index: IndexName) -> Option<Torrent> {
    let stream = Stream::read(value)?;
    let (told, scattered) = (Lines::read(stream.text), Lines::scattered(stream.text));
    let plain = Some(told.name).filter(|name| is_release(name));
    let (stated, label) = (scattered.name, value["name"].as_str().unwrap_or_default());
    let known = Some(stated).filter(|name| !name.is_empty()).or(plain);
    let hint = stream.hint;
    let named = known.or(hint).unwrap_or_else(|| label.lines().last().unwrap_or_default());
    let lines = Lines {
        name: named,
        file: told.file.filter(|file| plain.is_some() && is_release(file)),
        seeders: told.seeders.or(scattered.seeders),
        size_bytes: told.size_bytes.or(scattered.size_bytes),
        site: told.site.or(scattered.site),
    };
    let torrent = stream.torrent(&lines, index);
    let file = stream.video().map(name);
    let listed = torrent.files.first().map(|file| file.base_name().to_owned());
    Some(Torrent { file_name: file.or(listed), ..torrent })
}

/// Whether a line may be a name: nobody puts pictures into one, and it is more than a word.
fn is_release(line: &str) -> bool {
    let parted = |c: char| c.is_whitespace() || matches!(c, '.' | '_' | '-');
    line.len() >= 5 && line.contains(parted) && !line.contains(is_picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{AnimePlace, Episode, Title};
    use serde_json::json;

    fn read(stream: &Value) -> Torrent {
        let mut stream = stream.clone();
        stream["infoHash"] = json!("a".repeat(40));
        torrent(&(&stream).into(), "mine".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_name_is_found_in_whatever_layout() {
        for (stream, name, file, seeders) in [
            (
                json!({"title": "A S01 1080p\nS1/A.S01E02.mkv\n\u{1F464} 4 \u{1F4BE} 1 GB"}),
                "A S01 1080p",
                Some("A.S01E02.mkv"),
                Some(4),
            ),
            (
                json!({"description": "📄 A.S01E02.mkv\n📹 avc | 🔊 DTS\n👤 4 💾 1 GB 🔎 Nyaa"}),
                "A.S01E02.mkv",
                None,
                Some(4),
            ),
            (
                json!({"description": "📺 WEB-DL\n📦 1 GB 👤 4\n🌐 English\n🔗 Galaxy",
                    "behaviorHints": {"filename": "A.S01E02.mkv"}}),
                "A.S01E02.mkv",
                Some("A.S01E02.mkv"),
                Some(4),
            ),
            (
                json!({"description": "A.S01E02.mkv", "behaviorHints": {"filename": "A.S01E02.mkv"}}),
                "A.S01E02.mkv",
                Some("A.S01E02.mkv"),
                None,
            ),
            (json!({"name": "P2P", "fileIdx": 1}), "P2P", None, None),
            (json!({"name": null}), "", None, None),
        ] {
            let torrent = read(&stream);
            assert_eq!(torrent.name, name, "{stream}");
            assert_eq!(torrent.file_name.as_deref(), file, "{stream}");
            assert_eq!(torrent.seeders, seeders, "{stream}");
        }
    }

    #[test]
    fn it_is_asked_with_the_ids_that_its_manifest_names() {
        let title = Title {
            imdb: "tt9900001".parse().ok(),
            imdb_episode: Some(Episode { season: 2, number: 3 }),
            kitsu: Some(AnimePlace { id: 5, episode: Some(3) }),
            anidb: Some(AnimePlace { id: 7, episode: Some(3) }),
            ..Title::default()
        };
        let stream = |types: &[&str], prefixes: &[&str]| json!({"resources": ["catalog", {"name": "stream", "types": types, "idPrefixes": prefixes}]});
        let whole = json!({"resources": ["stream"], "types": ["series"], "idPrefixes": ["tt"]});
        for (manifest, id, known, wanted) in [
            (stream(&["series"], &["tt"]), "tt9900001:1:2", false, "series/tt9900001:1:2"),
            (whole.clone(), "tt9900001:1:2", false, "series/tt9900001:1:2"),
            (whole, "tt9900001", false, ""),
            (
                stream(&["series"], &["tt", "kitsu:"]),
                "kitsu:5:3",
                true,
                "series/kitsu:5:3 series/tt9900001:2:3",
            ),
            (stream(&["series"], &["tt"]), "kitsu:5:3", true, "series/tt9900001:2:3"),
            (stream(&["anime"], &["kitsu"]), "anidb:7:3", true, "anime/kitsu:5:3"),
            (stream(&["series"], &["anidb"]), "tt9900001:2:3", true, "series/anidb:7:3"),
            (stream(&["movie"], &["tmdb:"]), "tmdb:movie:7", false, "movie/tmdb:7"),
            (stream(&[], &[]), "tmdb:tv:7:1:2", false, "series/tmdb:7:1:2"),
            (stream(&["series"], &["mal"]), "kitsu:5:3", false, ""),
        ] {
            let title = known.then(|| title.clone());
            let query = Query { id: id.parse().unwrap(), title };
            let asked = Serves::read(&manifest).unwrap().questions(&query);
            let asked: Vec<String> =
                asked.iter().map(|(kind, id)| format!("{kind}/{id}")).collect();
            assert_eq!(asked.join(" "), wanted, "{manifest} {id}");
        }
        for manifest in [json!({"resources": ["subtitles"]}), json!([]), json!(null), json!({})] {
            assert_eq!(Serves::read(&manifest), None, "{manifest}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_stream(
            text in "([a-zA-Z0-9 ._|/📄📂👤💾📦🔗┈➤\n]|.){0,80}", hint in ".{0,20}"
        ) {
            let _ = read(&json!({"title": text, "name": text, "behaviorHints": {"filename": hint}}));
        }
    }
}
