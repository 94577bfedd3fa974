//! Anime Tosho: by `AniDB`'s id, else by name. The first site ended in 2026; its successor speaks
//! JSON (`/json/v1`), which is the default. Who runs one of the old kind sets an address whose path
//! ends in `/api` (or `/torznab`): that one is asked as Torznab. Nothing is guessed from answers: an
//! unknown id is a 404 at the successor, too.
//!
//! It lists anime alone, so nothing else is asked for. That is `UnsupportedId` and not an empty
//! list: a place that was not asked has not said that it has nothing.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use url::Url;

use super::{Error, LIMIT, Listed, Source, json, name, stated, terms, torznab};
use crate::fetch::{self, Request};
use crate::media::{Query, StremioId};
use crate::torrent::{IndexName, InfoHash, Magnet, Told, Torrent, stated_number, stated_size};

/// Most rows of an entry that it gives at once.
const PAGE: usize = 100;
/// Most searches by name.
const MOST_SEARCHES: usize = 2;
/// Above this a number of seeders is a mistake of its counter.
const MOST_SEEDERS: u32 = 30_000;

pub(super) struct AnimeTosho {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for AnimeTosho {
    fn index(&self) -> IndexName {
        IndexName::AnimeTosho
    }

    fn wants_title(&self) -> bool {
        true
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            if !query.is_anime() {
                return Err(Error::UnsupportedId);
            }
            let searches = searches(query);
            if self.is_old() {
                return self.old(&searches).await;
            }
            let entry = match query.anidb() {
                Some(StremioId::Anime { id, .. }) => Some(self.entry(id).await?),
                _ => None,
            };
            match entry {
                // All of it; what a search by name would add belongs to other entries.
                Some(rows) if (1..PAGE).contains(&rows.len()) => Ok(rows.into()),
                None if searches.is_empty() => Err(Error::UnsupportedId),
                entry => {
                    let found = searches.iter().map(|words| self.search(words));
                    let found = join_all(found).await;
                    torznab::any(entry.map(Ok).into_iter().chain(found).collect())
                }
            }
        }
        .boxed()
    }
}

impl AnimeTosho {
    fn is_old(&self) -> bool {
        let path = self.base.path().trim_end_matches('/');
        path.ends_with("/api") || path.ends_with("/torznab")
    }

    async fn old(&self, searches: &[String]) -> Result<Listed, Error> {
        if searches.is_empty() {
            return Err(Error::UnsupportedId);
        }
        let asking = searches.iter().map(|words| {
            let pairs = vec![("t", "search"), ("q", words.as_str()), ("limit", "150")];
            torznab::ask(&self.client, &self.base, pairs, IndexName::AnimeTosho)
        });
        let listed = torznab::any(join_all(asking).await)?;
        Ok(Listed { torrents: sane(listed.torrents), ..listed })
    }

    /// The newest releases of an entry of `AniDB`; none where it is not known.
    async fn entry(&self, id: u32) -> Result<Vec<Torrent>, Error> {
        let path = ["json", "v1", "series", "anidb", &id.to_string()];
        let pairs = [("limit", PAGE.to_string()), ("offset", "0".to_owned())];
        let pairs = pairs.each_ref().map(|(key, value)| (*key, value.as_str()));
        let url = fetch::at(&self.base, &path, &pairs);
        let answer = self.client.send(Request::get(url).within(LIMIT)).await?;
        if answer.status == 404 { Ok(Vec::new()) } else { read(answer.success()?) }
    }

    async fn search(&self, words: &str) -> Result<Vec<Torrent>, Error> {
        let pairs = [("q", words), ("limit", "100")];
        let url = fetch::at(&self.base, &["json", "v1", "search"], &pairs);
        let answer = self.client.send(Request::get(url).within(LIMIT)).await?;
        read(answer.success()?)
    }
}

/// Name and number, as counted in its entry and through all seasons; a film by two of its names.
fn searches(query: &Query) -> Vec<String> {
    let names = terms::names(query, MOST_SEARCHES);
    let Some(first) = names.first() else { return Vec::new() };
    let numbers = terms::numbers(query);
    let mut searches = names.clone();
    if !numbers.is_empty() {
        searches = numbers.iter().map(|number| format!("{first} {number}")).collect();
    }
    searches.truncate(MOST_SEARCHES);
    searches
}

/// The torrents of an answer, of the successor's shape, of the old JSON, or of Torznab.
pub(super) fn read(body: &[u8]) -> Result<Vec<Torrent>, Error> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'<')
        && let Ok(found) = torznab::read(body, IndexName::AnimeTosho)
    {
        return Ok(sane(found));
    }
    Ok(sane(json::rows(body, &["data", "releases"], torrent)?))
}

fn sane(mut found: Vec<Torrent>) -> Vec<Torrent> {
    for torrent in &mut found {
        torrent.seeders = torrent.seeders.filter(|seeders| *seeders <= MOST_SEEDERS);
    }
    found
}

fn torrent(item: &Told) -> Option<Torrent> {
    let text = |keys: [&str; 2]| {
        let texts = keys.into_iter().filter_map(|key| item[key].as_str());
        texts.map(str::trim).find(|text| !text.is_empty())
    };
    let magnet = text(["magnet", "magnet_uri"]).and_then(|text| text.parse::<Magnet>().ok());
    let hash = item["info_hash"].as_str().and_then(|text| text.trim().parse::<InfoHash>().ok());
    let told = magnet.iter().flat_map(|magnet| magnet.trackers.iter().map(String::as_str));
    let seeders = stated_number(&item["seeders"]).and_then(|seeders| seeders.try_into().ok());
    Some(Torrent {
        info_hash: hash.or_else(|| magnet.as_ref().map(|magnet| magnet.info_hash))?,
        name: name(text(["title", "torrent_name"]).unwrap_or_default()),
        size_bytes: stated_size(&item["size_bytes"]).or_else(|| stated_size(&item["total_size"])),
        seeders,
        file_index: None,
        file_name: None,
        trackers: stated::trackers(told),
        indexer: None,
        files: [].into(),
        index: IndexName::AnimeTosho,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{AnimePlace, Title};
    use serde_json::json;

    #[test]
    fn a_row_is_read_in_either_shape() {
        let hex = "a".repeat(40);
        let base32 =
            "magnet:?xt=urn:btih:VKVKVKVKVKVKVKVKVKVKVKVKVKVKVKVK&tr=udp%3A%2F%2Fa.example%3A1";
        for (item, wanted) in [
            (
                json!({"title": "A - 02", "info_hash": hex, "size_bytes": 7, "seeders": 3}),
                Some(("A - 02", Some(7), Some(3))),
            ),
            (
                json!({"title": "", "torrent_name": "B", "magnet_uri": base32, "total_size": "9"}),
                Some(("B", Some(9), None)),
            ),
            (
                json!({"title": null, "info_hash": null, "magnet": base32, "seeders": -1}),
                Some(("", None, None)),
            ),
            (
                json!({"title": "A", "info_hash": hex, "seeders": 4_000_000}),
                Some(("A", None, None)),
            ),
            (json!({"title": "A", "info_hash": "x", "magnet": 5}), None),
            (json!({"title": "A"}), None),
            (json!(null), None),
        ] {
            let body = json!([item]).to_string();
            let found = read(body.as_bytes()).unwrap();
            let seen = found.first().map(|row| (row.name.as_str(), row.size_bytes, row.seeders));
            assert_eq!(seen, wanted, "{body}");
            assert!(found.iter().all(|row| row.info_hash.to_string() == hex));
        }
    }

    #[test]
    fn searches_are_few_and_count_both_ways() {
        let title = |absolute: Option<u32>| Title {
            name: "Clockwork Kite".to_owned(),
            aliases: vec!["Tokei no Tako".to_owned()],
            kitsu: Some(AnimePlace { id: 5, episode: Some(2) }),
            absolute,
            is_anime: true,
            ..Title::default()
        };
        for (id, title, wanted) in [
            (
                "tt9900002:2:2",
                Some(title(Some(14))),
                &["Clockwork Kite 02", "Clockwork Kite 14"][..],
            ),
            ("kitsu:5:2", Some(title(None)), &["Clockwork Kite 02", "Clockwork Kite 2"]),
            (
                "kitsu:5",
                Some(Title { kitsu: None, ..title(None) }),
                &["Clockwork Kite", "Tokei no Tako"],
            ),
            ("kitsu:5:2", None, &[]),
        ] {
            assert_eq!(searches(&Query { id: id.parse().unwrap(), title }), wanted, "{id}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body in "(\\[|\\]|\\{|\\}|,|:|\"(data|releases|title|info_hash|magnet)\"|[0-9]|null|\"[^\"]{0,5}\"|.){0,60}") {
            let _ = read(body.as_bytes());
        }
    }
}
