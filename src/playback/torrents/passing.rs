//! Torrents that an app names in passing: they are taken in like those that a program adds, but only
//! so many are kept. The one that was named longest ago makes room, so that an app that names hundreds
//! never fills the list of which the owner's programs live.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{KnownTorrent, main_file};
use crate::media::{Episode, Wanted};
use crate::playback::playable::seconds_now;
use crate::playback::{Error, Playback, durably};
use crate::release;
use crate::select::{self, Target};
use crate::torrent::metainfo::Metainfo;
use crate::torrent::{InfoHash, Magnet};

/// Most of them.
const MOST: usize = 32;
const KEYS: &str = "passing/";

/// When it was named first, in seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Passing {
    since: u64,
}

impl Playback {
    /// Takes a magnet in passing.
    pub async fn add_passing(self: &Arc<Self>, magnet: &Magnet) -> Result<KnownTorrent, Error> {
        self.make_way_for(magnet.info_hash).await?;
        self.add_torrent(magnet)
    }

    /// Takes a `.torrent` in passing.
    pub async fn add_passing_file(&self, metainfo: &Metainfo) -> Result<KnownTorrent, Error> {
        self.make_way_for(metainfo.info_hash).await?;
        self.add_torrent_file(metainfo)
    }

    /// The torrents that were taken in passing.
    pub fn passing(&self) -> Result<Vec<InfoHash>, Error> {
        let keys = self.parts.state.keys(KEYS)?;
        let hashes = keys.iter().filter_map(|key| key.strip_prefix(KEYS)?.parse().ok());
        Ok(hashes.collect())
    }

    /// Forgets a torrent that was taken in passing, unless somebody reads it; says whether.
    pub async fn forget_passing(&self, info_hash: InfoHash) -> Result<bool, Error> {
        let key = format!("{KEYS}{info_hash}");
        let known = self.parts.state.get::<Passing>(&key)?.is_some();
        if !known || self.readers.of_torrent(&info_hash) > 0 {
            return Ok(false);
        }
        durably(|| self.parts.state.remove(&key))?;
        match self.forget_torrent(info_hash).await {
            // The owner took it out before.
            Ok(()) | Err(Error::Torrent(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn make_way_for(&self, info_hash: InfoHash) -> Result<(), Error> {
        // What a program has added is the owner's, and stays.
        if self.kept_torrent(&info_hash)?.is_some() {
            return Ok(());
        }
        let mut rows: Vec<(u64, InfoHash)> = Vec::new();
        for hash in self.passing()? {
            let row = self.parts.state.get::<Passing>(&format!("{KEYS}{hash}"))?;
            rows.extend(row.map(|row| (row.since, hash)));
        }
        rows.sort_unstable_by_key(|(since, _)| *since);
        let surplus = (rows.len() + 1).saturating_sub(MOST);
        let mut gone = 0;
        for (_, hash) in rows {
            if gone >= surplus {
                break;
            }
            gone += usize::from(self.forget_passing(hash).await?);
        }
        let row = Passing { since: seconds_now() };
        Ok(durably(|| self.parts.state.put(&format!("{KEYS}{info_hash}"), &row))?)
    }
}

impl KnownTorrent {
    /// The number of the file that plays: the episode where one is named and there, else the film.
    #[must_use]
    pub fn guess(&self, episode: Option<Episode>) -> Option<u32> {
        let of_episode = episode.and_then(|episode| {
            let wanted = Wanted::Episode(episode);
            let target = Target { torrent_name: self.name.clone(), ..Target::new(wanted) };
            let videos = self.files.iter().filter(|file| release::is_video(&file.name)).cloned();
            let videos: Vec<_> = videos.take(MOST_JUDGED).collect();
            select::pick(&videos, &target).ok()?.file.file.index
        });
        of_episode.or_else(|| main_file(self)?.index)
    }
}

/// Most videos of a torrent that are judged for an episode.
const MOST_JUDGED: usize = 2_000;
