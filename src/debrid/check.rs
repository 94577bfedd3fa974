//! Which torrents a store has at once: `GET /v0/store/magnets/check`.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::{Debrid, Error, hash};
use crate::media::StremioId;
use crate::stremthru;
use crate::torrent::{Availability, InfoHash, TorrentFile};

/// Hashes in one call: 100 make an address of 4 kB.
pub const CHUNK: usize = 100;
/// What StremThru takes in one call.
const MOST: usize = 500;
const _: () = assert!(CHUNK <= MOST);
/// Calls at once.
pub const AT_ONCE: usize = 4;

/// What the store says of one torrent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The torrent.
    pub info_hash: InfoHash,
    /// Only `cached` counts; the store has no word for "not cached", so the rest is unknown.
    pub availability: Availability,
    /// Its files, where the store lists them.
    pub files: Vec<TorrentFile>,
}

impl Debrid {
    /// Asks which of `hashes` the store has. A hash that is not in the result is unknown, not
    /// absent. Where some calls fail, the others' answers count; the error is of when all fail.
    pub async fn check(
        &self,
        hashes: &[InfoHash],
        sid: Option<&StremioId>,
    ) -> Result<Vec<Checked>, Error> {
        let mut seen = HashSet::new();
        let asked: Vec<InfoHash> =
            hashes.iter().copied().filter(|hash| seen.insert(*hash)).collect();
        let sid = sid.and_then(sid_of);
        let calls = asked.chunks(CHUNK).map(|chunk| self.check_chunk(chunk, sid.as_deref()));
        let calls: Vec<_> = calls.collect();
        let answers: Vec<_> = stream::iter(calls).buffered(AT_ONCE).collect().await;
        let mut found = HashMap::new();
        let (mut answered, mut failed) = (false, None);
        for answer in answers {
            match answer {
                Ok(rows) => {
                    answered = true;
                    // By hash: rows come in any order and some not at all.
                    let rows = rows.into_iter().filter(|row| seen.contains(&row.info_hash));
                    found.extend(rows.map(|row| (row.info_hash, row)));
                }
                Err(error) => {
                    tracing::warn!(store = %self.store, %error, "a cache check failed");
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if !answered => Err(error),
            _ => Ok(asked.iter().filter_map(|hash| found.remove(hash)).collect()),
        }
    }

    async fn check_chunk(
        &self,
        hashes: &[InfoHash],
        sid: Option<&str>,
    ) -> Result<Vec<Checked>, Error> {
        let magnets = hashes.iter().map(InfoHash::to_string).collect::<Vec<_>>().join(",");
        let mut query = vec![("magnet", magnets.as_str())];
        query.extend(sid.map(|sid| ("sid", sid)));
        let answer = self.wire.get("v0/store/magnets/check", &query, true).await;
        let data: Value = answer.map_err(|error| self.error(error))?;
        let rows = data["items"].as_array().ok_or_else(|| self.odd("a check without a list"))?;
        Ok(rows.iter().filter_map(row).collect())
    }
}

/// The `sid` that StremThru heeds; others it would drop without a word.
fn sid_of(id: &StremioId) -> Option<String> {
    match id {
        StremioId::Imdb { episode: Some(episode), .. }
            if episode.season > 99 || episode.number > 999 =>
        {
            None
        }
        StremioId::Imdb { .. } => Some(id.to_string()),
        _ => None,
    }
}

fn row(item: &Value) -> Option<Checked> {
    let availability = match item["status"].as_str() {
        Some("cached") => Availability::Cached,
        _ => Availability::Unknown,
    };
    let files = stremthru::files(&(&item["files"]).into());
    Some(Checked { info_hash: hash(&item["hash"])?, availability, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_only_an_id_that_stremthru_heeds() {
        for (id, sent) in [
            ("tt9900001", true),
            ("tt9900001:1:2", true),
            ("tt9900001:99:999", true),
            ("tt9900001:100:1", false),
            ("tt9900001:1:1000", false),
            ("kitsu:5:1", false),
            ("anidb:5:1", false),
            ("tmdb:movie:5", false),
        ] {
            let id: StremioId = id.parse().unwrap();
            assert_eq!(sid_of(&id), sent.then(|| id.to_string()), "{id}");
        }
    }
}
