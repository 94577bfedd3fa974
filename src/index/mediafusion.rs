//! `MediaFusion`: a Stremio add-on that can be asked to write its lines as we like.
//!
//! Its public path takes the settings of a viewer in a header, as base64url of JSON; among them is a
//! template for the text of each stream, so that nothing has to be guessed: a line a field. An
//! instance that takes no such header is asked at the path for Kodi, whose answer is structured.
//! The lines that an instance writes of its own accord are read too, old (`📂` before the name) and
//! new (no name at all: it stands in the hint).
//!
//! By IMDb's ids alone: since version 6 it takes the first part of any other for one of IMDb's. It
//! lets an address ask twenty times an hour, so each search is one request.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use url::Url;

use super::addon::{self, Lines, Listing, Stream};
use super::{Error, LIMIT, Listed, Source, name};
use crate::fetch::{self, Answer, Request};
use crate::media::{Query, StremioId};
use crate::torrent::{IndexName, Told, Torrent, TorrentFile, stated_number, stated_size};

/// The header with a viewer's settings.
const HEADER: &str = "encoded_user_data";

/// As many streams as are worth reading: by default it gives 25, ten of each resolution.
const STREAMS: u32 = 200;

/// Our settings: every quality, no filter, and the template.
static SETTINGS: LazyLock<String> = LazyLock::new(|| {
    let fields = ["name", "filename", "size", "folderSize", "seeders", "source"];
    let lines = fields.map(|field| format!("{field}={{stream.{field}}}"));
    let settings = json!({
        "ap": "", "nf": ["Disable"], "cf": ["Disable"], "lss": true,
        "mxs": STREAMS, "mspr": STREAMS,
        "st": {"t": "{stream.name}", "d": lines.join("\n")},
    });
    data_encoding::BASE64URL_NOPAD.encode(settings.to_string().as_bytes())
});

pub(super) struct MediaFusion {
    client: fetch::Client,
    base: Url,
    /// Whether the instance has turned the header away.
    no_header: AtomicBool,
}

impl MediaFusion {
    pub(super) const fn new(client: fetch::Client, base: Url) -> Self {
        Self { client, base, no_header: AtomicBool::new(false) }
    }

    async fn by_template(&self, id: &StremioId) -> Result<Option<Listing>, Error> {
        let mut request = addon::question(&self.base, id);
        request.headers.push((HEADER, SETTINGS.clone()));
        let answer = self.client.send(request).await?;
        Ok(if turned_away(&answer) { None } else { Some(listing(answer.success()?)?) })
    }

    async fn by_kodi(&self, id: &StremioId) -> Result<Listing, Error> {
        let size = STREAMS.to_string();
        let segments = ["kodi", "stream", id.kind(), &format!("{id}.json")];
        let url = fetch::at(&self.base, &segments, &[("page_size", &size)]);
        listing(self.client.send(Request::get(url).within(LIMIT)).await?.success()?)
    }
}

impl Source for MediaFusion {
    fn index(&self) -> IndexName {
        IndexName::MediaFusion
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            let id = query.imdb().ok_or(Error::UnsupportedId)?;
            if !self.no_header.load(Ordering::Relaxed) {
                let listing = self.by_template(&id).await?;
                if let Some(listing) = listing.filter(|listing| !is_refusal(listing)) {
                    return Ok(listing.torrents.into());
                }
                self.no_header.store(true, Ordering::Relaxed);
            }
            Ok(accepted(self.by_kodi(&id).await?)?.into())
        }
        .boxed()
    }
}

/// Whether the status says that the settings in the header are the trouble.
fn turned_away(answer: &Answer) -> bool {
    matches!(answer.status, 400 | 401 | 422)
}

/// What it says, as a stream, to whoever brings settings that it does not take.
fn is_refusal(listing: &Listing) -> bool {
    listing.notice.as_ref().is_some_and(|notice| {
        let text = notice.text.to_ascii_lowercase();
        text.contains("unauthorized") || text.contains("configuration")
    })
}

fn accepted(listing: Listing) -> Result<Vec<Torrent>, Error> {
    match &listing.notice {
        Some(notice) if is_refusal(&listing) => {
            Err(Error::Odd(format!("takes no questions from here: {:?}", notice.text)))
        }
        _ => Ok(listing.torrents),
    }
}

/// The torrents of an answer.
pub(super) fn torrents(body: &[u8]) -> Result<Vec<Torrent>, Error> {
    accepted(listing(body)?)
}

fn listing(body: &[u8]) -> Result<Listing, Error> {
    let read = |value: &Told<'_>| {
        if value["metadata"].is_object() { of_kodi(value) } else { of_stream(value) }
    };
    addon::listing(body, read)
}

fn of_stream(value: &Told) -> Option<Torrent> {
    let stream = Stream::read(value)?;
    if let Some(fields) = Fields::read(stream.text) {
        return Some(fields.torrent(&stream));
    }
    let lines = Lines::scattered(stream.text);
    // Its own template counts by 1000.
    let lines =
        Lines { size_bytes: addon::decimal_size(stream.text).or(lines.size_bytes), ..lines };
    let torrent = stream.torrent(&lines, IndexName::MediaFusion);
    let file_name = stream.video().or(lines.file).map(name);
    let named = if torrent.name.is_empty() { stream.hint.map(name) } else { None };
    let files = match stream.picked() {
        Some(picked) if torrent.files.is_empty() => [picked].into(),
        _ => torrent.files,
    };
    Some(Torrent { file_name, files, name: named.unwrap_or(torrent.name), ..torrent })
}

/// What the template's lines say.
#[derive(Default)]
struct Fields<'a> {
    name: &'a str,
    file: Option<&'a str>,
    size_bytes: Option<u64>,
    pack_bytes: Option<u64>,
    seeders: Option<u32>,
    source: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut fields = Self::default();
        let mut any = false;
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let value = Some(value.trim()).filter(|value| !value.is_empty());
            let number = || value.and_then(|value| value.parse().ok()).filter(|bytes| *bytes > 0);
            match key {
                "name" => fields.name = value.unwrap_or_default(),
                "filename" => fields.file = value,
                "size" => fields.size_bytes = number(),
                "folderSize" => fields.pack_bytes = number(),
                "seeders" => fields.seeders = value.and_then(addon::count),
                "source" => fields.source = value,
                _ => continue,
            }
            any = true;
        }
        any.then_some(fields)
    }

    fn torrent(&self, stream: &Stream<'_>) -> Torrent {
        let size_bytes = self.size_bytes.or(stream.video_size);
        let file = self.file.or_else(|| stream.video());
        let named = if self.name.is_empty() { stream.hint.unwrap_or_default() } else { self.name };
        let listed = file.map(|path| TorrentFile {
            index: stream.file_index,
            name: name(path),
            size_bytes,
            ..TorrentFile::default()
        });
        Torrent {
            info_hash: stream.info_hash,
            name: name(named),
            size_bytes: self.pack_bytes.max(size_bytes),
            seeders: self.seeders,
            file_index: stream.file_index,
            file_name: listed.as_ref().map(|file| file.base_name().to_owned()),
            trackers: stream.trackers.clone(),
            indexer: self.source.map(name),
            // Of a torrent that is one file nothing is told that the rest does not say.
            files: listed.into_iter().filter(|file| file.base_name() != name(named)).collect(),
            index: IndexName::MediaFusion,
        }
    }
}

fn of_kodi(value: &Told) -> Option<Torrent> {
    let (stream, told) = (&value["stream"], &value["metadata"]);
    let text = |key: &str| told[key].as_str().map(name).filter(|text| !text.is_empty());
    let hash = [&told["info_hash"], &stream["infoHash"]];
    let hash = hash.into_iter().find_map(|hash| hash.as_str()?.trim().parse().ok());
    let seeders = stated_number(&told["seeders"]).and_then(|seeders| seeders.try_into().ok());
    let hint = stream["behaviorHints"]["filename"].as_str().map(name);
    Some(Torrent {
        info_hash: hash?,
        name: text("name").or(hint).unwrap_or_default(),
        size_bytes: stated_size(&told["size"]),
        seeders,
        file_index: addon::file_index(&stream["fileIdx"]),
        file_name: text("filename"),
        trackers: addon::trackers(&stream["sources"]),
        indexer: text("source"),
        files: [].into(),
        index: IndexName::MediaFusion,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn read(text: &str, hints: &Value) -> Torrent {
        let stream = json!({"infoHash": "a".repeat(40), "fileIdx": 3, "description": text,
            "behaviorHints": hints});
        of_stream(&(&stream).into()).unwrap()
    }

    #[test]
    fn each_layout_is_read() {
        let hint = json!({"filename": "A.S01E02.mkv", "videoSize": 1000});
        for (text, hints, name, file, seeders, size, source) in [
            (
                "name=A S01\nfilename=A/A.S01E02.mkv\nsize=1000\nfolderSize=9000\nseeders=5\nsource=Galaxy",
                &hint,
                "A S01",
                Some("A.S01E02.mkv"),
                Some(5),
                Some(9000),
                Some("Galaxy"),
            ),
            (
                "name=A S01\nfilename=\nseeders=\nsource=",
                &json!({}),
                "A S01",
                None,
                None,
                None,
                None,
            ),
            (
                "📂 A S01 ┈➤ A.S01E02.mkv\n💾 1.00 KB 👤 5\n🌐 English\n🔗 Galaxy",
                &json!({}),
                "A S01",
                Some("A.S01E02.mkv"),
                Some(5),
                Some(1024),
                Some("Galaxy"),
            ),
            (
                "📂 A S01/\n💾 1.00 KB\n🔗 Galaxy | 🧑‍💻 demo",
                &json!({"videoSize": 1000}),
                "A S01",
                None,
                None,
                Some(1000),
                Some("Galaxy"),
            ),
            (
                "📺 WEB-DL 🎞️ avc\n📦 1.6 GB / 16.1 GB 👤 50 ▶️ 3\n🌐 English + Italian\n🔗 Galaxy | 🧑‍💻 demo",
                &hint,
                "A.S01E02.mkv",
                Some("A.S01E02.mkv"),
                Some(50),
                Some(1000),
                Some("Galaxy"),
            ),
            (
                "📦 1.6 GB / 16.1 GB 👤 50",
                &json!({}),
                "",
                None,
                Some(50),
                Some(1_600_000_000),
                None,
            ),
        ] {
            let torrent = read(text, hints);
            assert_eq!(torrent.name, name, "{text}");
            assert_eq!(torrent.file_name.as_deref(), file, "{text}");
            assert_eq!((torrent.seeders, torrent.size_bytes), (seeders, size), "{text}");
            assert_eq!(torrent.indexer.as_deref(), source, "{text}");
        }
    }

    #[test]
    fn our_settings_are_json_with_a_line_for_each_field() {
        let json = data_encoding::BASE64URL_NOPAD.decode(SETTINGS.as_bytes()).unwrap();
        let settings: Value = serde_json::from_slice(&json).unwrap();
        assert!(settings["st"]["d"].as_str().unwrap().contains("seeders={stream.seeders}\n"));
    }

    #[test]
    fn only_a_word_about_the_settings_is_a_refusal() {
        for (streams, told) in [
            (json!([{"description": "Unauthorized.\nInvalid MediaFusion configuration."}]), true),
            (json!([{"description": "🚫 Streams Found\n⚙️ Filtered 12"}]), false),
            (json!([]), false),
        ] {
            let body = json!({"streams": streams}).to_string();
            assert_eq!(torrents(body.as_bytes()).is_err(), told, "{streams}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_lines(
            text in "((name|filename|size|seeders|source)=.{0,8}\n|[📂👤🔗💾📦┈➤ a-z0-9./|]{0,12}\n){0,6}"
        ) {
            let _ = read(&text, &Value::Null);
        }
    }
}
