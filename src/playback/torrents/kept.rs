//! What is kept of a torrent that was added: its magnet, and what was said to be in it.

use serde::{Deserialize, Serialize};

use super::TorrentError;
use crate::playback::playable::seconds_now;
use crate::playback::{Error, Playback, durably};
use crate::torrent::metainfo::Metainfo;
use crate::torrent::{InfoHash, Magnet, TorrentFile, mark_twins};

/// Most torrents that are kept.
const MOST: usize = 500;
/// Most trackers, and as many web seeds, that are kept of one torrent, however often it is added.
const MOST_URLS: usize = 50;
/// Longest of them that is kept, in bytes.
const LONGEST_URL: usize = 1_024;

/// A torrent as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) magnet: String,
    pub(super) name: Option<String>,
    pub(super) files: Vec<TorrentFile>,
    pub(super) since: u64,
}

impl Kept {
    pub(super) const KEYS: &str = "torrent/";

    pub(super) fn key(info_hash: &InfoHash) -> String {
        format!("{}{info_hash}", Self::KEYS)
    }

    pub(super) fn magnet(&self, info_hash: InfoHash) -> Magnet {
        self.magnet.parse().unwrap_or_else(|_| Magnet::new(info_hash))
    }
}

impl Playback {
    pub(super) fn keep_torrent(&self, magnet: &Magnet) -> Result<Kept, Error> {
        let key = Kept::key(&magnet.info_hash);
        let before = self.parts.state.get::<Kept>(&key)?;
        if before.is_none() && self.parts.state.keys(Kept::KEYS)?.len() >= MOST {
            return Err(TorrentError::TooMany.into());
        }
        let kept = match before {
            Some(before) => {
                let mut all = before.magnet(magnet.info_hash);
                all.name = all.name.or_else(|| magnet.name.clone());
                all.trackers = union(all.trackers, &magnet.trackers);
                all.web_seeds = union(all.web_seeds, &magnet.web_seeds);
                Kept { magnet: readable(all), ..before }
            }
            None => Kept {
                magnet: readable(magnet.clone()),
                name: magnet.name.clone(),
                files: Vec::new(),
                since: seconds_now(),
            },
        };
        durably(|| self.parts.state.put(&key, &kept))?;
        Ok(kept)
    }

    pub(super) fn kept_torrent(&self, info_hash: &InfoHash) -> Result<Option<Kept>, Error> {
        let mut kept = self.parts.state.get::<Kept>(&Kept::key(info_hash))?;
        if let Some(kept) = &mut kept {
            // What was described before twins were told apart.
            mark_twins(&mut kept.files);
        }
        Ok(kept)
    }

    /// The web seeds that the magnets of a torrent have named.
    pub(in crate::playback) fn web_seeds_named(&self, info_hash: &InfoHash) -> Vec<String> {
        let kept = self.kept_torrent(info_hash).ok().flatten();
        kept.map(|kept| kept.magnet(*info_hash).web_seeds).unwrap_or_default()
    }
}

/// Those that are known and the new ones, as many as are kept of one torrent.
fn union(mut known: Vec<String>, more: &[String]) -> Vec<String> {
    for one in more.iter().filter(|one| one.len() <= LONGEST_URL) {
        if known.len() < MOST_URLS && !known.contains(one) {
            known.push(one.clone());
        }
    }
    known
}

/// The magnet as text that is read again: escaping makes a long one longer than may be, and then its
/// last trackers go.
fn readable(mut magnet: Magnet) -> String {
    loop {
        let text = magnet.to_string();
        if text.parse::<Magnet>().is_ok() {
            return text;
        }
        if magnet.trackers.pop().or_else(|| magnet.web_seeds.pop()).is_none() {
            return Magnet::new(magnet.info_hash).to_string();
        }
    }
}

pub(super) fn magnet_of(metainfo: &Metainfo) -> Magnet {
    Magnet {
        name: Some(metainfo.name.clone()),
        trackers: metainfo.trackers.clone(),
        web_seeds: metainfo.web_seeds.clone(),
        ..Magnet::new(metainfo.info_hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torrent_that_is_added_again_and_again_stays_small_and_readable() {
        let hash = InfoHash::from_bytes([1; 20]);
        let mut known = Vec::new();
        for round in 0..40 {
            let more: Vec<String> = (0..20).map(|at| format!("udp://t{round}-{at}:1/a")).collect();
            known = union(known, &more);
        }
        assert_eq!((known.len(), known[0].as_str()), (MOST_URLS, "udp://t0-0:1/a"));
        let long = union(Vec::new(), &["x".repeat(LONGEST_URL + 1)]);
        assert!(long.is_empty());
        // Escaping makes each character three.
        let trackers: Vec<String> = (10..60).map(|at| format!("{at}{}", "/".repeat(900))).collect();
        let magnet = Magnet { trackers, ..Magnet::new(hash) };
        let read: Magnet = readable(magnet).parse().unwrap();
        assert!(read.info_hash == hash && read.trackers.len() > 3, "{}", read.trackers.len());
        let name = Some("/".repeat(20_000));
        assert!(readable(Magnet { name, ..Magnet::new(hash) }).parse::<Magnet>().is_ok());
    }
}
