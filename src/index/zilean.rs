//! Zilean: the hash lists of Debrid Media Manager. Asked by IMDb id where it is known, else by name.
//!
//! Its season filter wants a season in the release's own name, which anime releases lack; so anime
//! is asked for by name alone, and whoever ranks the rows picks the episode. An error inside Zilean
//! looks like an empty list.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::{Error, LIMIT, Source, name, rows};
use crate::fetch::{self, Request};
use crate::media::{Query, StremioId};
use crate::torrent::{IndexName, Torrent, stated_size};

pub(super) struct Zilean {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for Zilean {
    fn index(&self) -> IndexName {
        IndexName::Zilean
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Torrent>, Error>> {
        async move {
            let asked = asked(query)?;
            let pairs: Vec<_> = asked.iter().map(|(key, value)| (*key, value.as_str())).collect();
            let url = fetch::at(&self.base, &["dmm", "filtered"], &pairs);
            let list: Value = self.client.get_json(Request::get(url).within(LIMIT)).await?;
            if !list.is_array() {
                return Err(Error::Odd("answered without a list of torrents".to_owned()));
            }
            Ok(rows(&list).filter_map(torrent).collect())
        }
        .boxed()
    }
}

/// The parameters of the search. `Episode` is sent with `Season` only: alone it matches nothing.
fn asked(query: &Query) -> Result<Vec<(&'static str, String)>, Error> {
    if !query.is_anime()
        && let Some(StremioId::Imdb { id, episode }) = query.imdb()
    {
        let mut pairs = vec![("ImdbId", id.to_string())];
        if let Some(episode) = episode {
            pairs.push(("Season", episode.season.to_string()));
            pairs.push(("Episode", episode.number.to_string()));
        }
        return Ok(pairs);
    }
    let title = query.title.as_ref().filter(|title| !title.name.is_empty());
    Ok(vec![("Query", title.ok_or(Error::UnsupportedId)?.name.clone())])
}

fn torrent(item: &Value) -> Option<Torrent> {
    Some(Torrent {
        info_hash: item["info_hash"].as_str()?.parse().ok()?,
        name: name(item["raw_title"].as_str().unwrap_or_default()),
        size_bytes: stated_size(&item["size"]),
        seeders: None,
        file_index: None,
        file_name: None,
        trackers: Vec::new(),
        indexer: Some("DMM".to_owned()),
        files: Vec::new(),
        index: IndexName::Zilean,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Episode, Title};

    fn query(id: &str, title: Option<&str>) -> Query {
        let title = title.map(|name| Title {
            name: name.to_owned(),
            year: Some(2021),
            imdb: "tt9900001".parse().ok(),
            aliases: Vec::new(),
            imdb_episode: Some(Episode { season: 2, number: 3 }),
            air_date: None,
            ..Title::default()
        });
        Query { id: id.parse().unwrap(), title }
    }

    #[test]
    fn asks_by_imdb_id_where_it_may_and_by_name_for_anime() {
        for (id, title, wanted) in [
            ("tt9900001", None, Some("ImdbId=tt9900001")),
            ("tt9900001:1:2", None, Some("ImdbId=tt9900001&Season=1&Episode=2")),
            ("tt9900001:0:2", Some("X"), Some("ImdbId=tt9900001&Season=0&Episode=2")),
            ("kitsu:5:3", Some("Clockwork Kite"), Some("Query=Clockwork Kite")),
            ("kitsu:5", Some("Clockwork Kite"), Some("Query=Clockwork Kite")),
            ("kitsu:5:3", None, None),
            ("tmdb:tv:7:1:1", None, None),
            ("anidb:5:3", Some("Clockwork Kite"), Some("Query=Clockwork Kite")),
            ("mal:5:3", Some("Clockwork Kite"), Some("Query=Clockwork Kite")),
            ("mal:5:3", None, None),
        ] {
            let pairs = asked(&query(id, title)).ok().map(|pairs| {
                pairs
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect::<Vec<_>>()
                    .join("&")
            });
            assert_eq!(pairs.as_deref(), wanted, "{id}");
        }
    }
}
