//! Zilean: the hash lists of Debrid Media Manager. Asked by IMDb's id where it is known, else by
//! name; at most twice.
//!
//! Its season filter wants a season in the release's own name, which anime releases lack; so anime
//! is asked for without, and whoever ranks the rows picks the episode. An error inside Zilean looks
//! like an empty list: where the id finds nothing, the name is tried; where that is not known yet, the
//! id without a season.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use url::Url;

use super::{Error, LIMIT, Listed, Source, json, name, terms, torznab};
use crate::fetch::{self, Request};
use crate::media::{Query, StremioId, Wanted};
use crate::torrent::{IndexName, Told, Torrent, stated_size};

/// Most requests for one search.
const MOST: usize = 2;

pub(super) struct Zilean {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

/// The parameters of one request.
type Filter = Vec<(&'static str, String)>;

impl Source for Zilean {
    fn index(&self) -> IndexName {
        IndexName::Zilean
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            let (at_once, instead) = filters(query);
            if at_once.is_empty() {
                return Err(Error::UnsupportedId);
            }
            let answers = join_all(at_once.iter().map(|filter| self.ask(filter))).await;
            match (torznab::any(answers)?, instead) {
                (found, Some(filter)) if found.torrents.is_empty() => {
                    Ok(self.ask(&filter).await?.into())
                }
                (found, _) => Ok(found),
            }
        }
        .boxed()
    }
}

impl Zilean {
    async fn ask(&self, filter: &Filter) -> Result<Vec<Torrent>, Error> {
        let pairs: Vec<_> = filter.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let url = fetch::at(&self.base, &["dmm", "filtered"], &pairs);
        let answer = self.client.send(Request::get(url).within(LIMIT)).await?;
        read(answer.success()?)
    }
}

/// What to ask at once, and what where that finds nothing.
fn filters(query: &Query) -> (Vec<Filter>, Option<Filter>) {
    let names = terms::names(query, MOST);
    let by_name = |name: &String| vec![("Query", name.clone())];
    let imdb = match query.imdb() {
        Some(StremioId::Imdb { id, .. }) => Some(vec![("ImdbId", id.to_string())]),
        _ => None,
    };
    if query.is_anime() {
        let all = imdb.into_iter().chain(names.iter().map(by_name));
        return (all.take(MOST).collect(), None);
    }
    let number = number(query);
    let mut by_names = names.iter().map(by_name).map(|filter| [filter, number.clone()].concat());
    match imdb {
        Some(imdb) => {
            // Nobody has said yet whether it is anime.
            let bare = (query.title.is_none() && !number.is_empty()).then(|| imdb.clone());
            (vec![[imdb, number.clone()].concat()], by_names.next().or(bare))
        }
        None => (by_names.by_ref().take(MOST).collect(), None),
    }
}

/// `Episode` is sent with `Season` only: alone it matches nothing.
fn number(query: &Query) -> Filter {
    let episode = match (query.imdb(), query.wanted()) {
        (Some(StremioId::Imdb { episode, .. }), _) => episode,
        (_, Wanted::Episode(episode)) => Some(episode),
        _ => None,
    };
    let pairs = episode.map(|episode| {
        [("Season", episode.season.to_string()), ("Episode", episode.number.to_string())]
    });
    pairs.into_iter().flatten().collect()
}

/// The torrents of an answer.
pub(super) fn read(body: &[u8]) -> Result<Vec<Torrent>, Error> {
    json::columns(body, &[], &["info_hash", "raw_title", "size"], torrent)
}

fn torrent(item: &Told) -> Option<Torrent> {
    Some(Torrent {
        info_hash: item["info_hash"].as_str()?.trim().parse().ok()?,
        name: name(item["raw_title"].as_str().unwrap_or_default()),
        size_bytes: stated_size(&item["size"]),
        seeders: None,
        file_index: None,
        file_name: None,
        trackers: Vec::new(),
        indexer: Some("DMM".to_owned()),
        files: [].into(),
        index: IndexName::Zilean,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Episode, Title};

    fn query(id: &str, title: Option<&str>, imdb: bool) -> Query {
        let title = title.map(|name| Title {
            name: name.to_owned(),
            aliases: vec!["Tako".to_owned(), "Kite".to_owned()],
            imdb: "tt9900001".parse().ok().filter(|_| imdb),
            imdb_episode: imdb.then_some(Episode { season: 2, number: 3 }),
            ..Title::default()
        });
        Query { id: id.parse().unwrap(), title }
    }

    #[test]
    fn asks_by_imdb_id_where_it_may_and_for_anime_without_a_season() {
        let kite = Some("Clockwork: Kite");
        for (id, title, imdb, wanted) in [
            ("tt9900001", None, true, "ImdbId=tt9900001"),
            ("tt9900001", kite, true, "ImdbId=tt9900001 else Query=Clockwork Kite"),
            (
                "tt9900001:1:2",
                None,
                true,
                "ImdbId=tt9900001&Season=1&Episode=2 else ImdbId=tt9900001",
            ),
            (
                "tt9900001:0:2",
                kite,
                true,
                "ImdbId=tt9900001&Season=0&Episode=2 else Query=Clockwork Kite&Season=0&Episode=2",
            ),
            ("kitsu:5:3", kite, true, "ImdbId=tt9900001, Query=Clockwork Kite"),
            ("kitsu:5:3", kite, false, "Query=Clockwork Kite, Query=Tako"),
            ("anidb:5", kite, false, "Query=Clockwork Kite, Query=Tako"),
            ("kitsu:5:3", None, false, ""),
            ("tmdb:tv:7:1:1", None, false, ""),
            (
                "tmdb:tv:7:1:4",
                kite,
                false,
                "Query=Clockwork Kite&Season=1&Episode=4, Query=Tako&Season=1&Episode=4",
            ),
            (
                "tmdb:tv:7:1:4",
                kite,
                true,
                "ImdbId=tt9900001&Season=2&Episode=3 else Query=Clockwork Kite&Season=2&Episode=3",
            ),
        ] {
            let shown = |filter: &Filter| {
                let pairs = filter.iter().map(|(key, value)| format!("{key}={value}"));
                pairs.collect::<Vec<_>>().join("&")
            };
            let (at_once, instead) = filters(&query(id, title, imdb));
            let mut seen = at_once.iter().map(shown).collect::<Vec<_>>().join(", ");
            if let Some(instead) = instead {
                seen = format!("{seen} else {}", shown(&instead));
            }
            assert_eq!(seen, wanted, "{id}");
        }
    }

    #[test]
    fn a_size_is_text_a_number_or_nothing() {
        let hash = "a".repeat(40);
        for (size, wanted) in [
            ("\"7\"", Some(7)),
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("null", None),
            ("\"\"", None),
            ("[]", None),
        ] {
            let body = format!(r#"[{{"info_hash":"{hash}","size":{size}}}]"#);
            assert_eq!(read(body.as_bytes()).unwrap()[0].size_bytes, wanted, "{size}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body in "(\\[|\\]|\\{|\\}|,|:|\"(info_hash|raw_title|size)\"|-?[0-9]{1,20}|null|\"[^\"]{0,5}\"|.){0,60}") {
            let _ = read(body.as_bytes());
        }
    }
}
