//! Torrents that a program names by their magnet: what is in one, and its bytes by the same way, in
//! the same session and under the same entity tag as a film that was found.
//!
//! Which number a file has is settled when its torrent is first described, and kept: a store may
//! number files in its own way, and a program's `file=3` must not become another file later.

mod describe;
mod kept;
mod media;
mod passing;
mod seeking;
mod transfer;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use tokio::sync::watch;

use super::{Error, Playback, durably, lock};
use crate::torrent::metainfo::Metainfo;
use crate::torrent::{InfoHash, Magnet, TorrentFile};
use describe::Described;
use kept::{Kept, magnet_of};
use media::main_file;

pub use media::TorrentMedia;
pub use seeking::Seek;
pub use transfer::{Transfer, TransferState};

/// Most that are described at one time: each asks peers, a store, or both.
const AT_ONCE: usize = 8;

/// Why a torrent is not taken, or not played.
#[derive(Debug, Clone, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum TorrentError {
    #[error("no torrent {info_hash} is known here; add its magnet with POST /api/torrents first")]
    Unknown { info_hash: InfoHash },
    #[error(
        "{info_hash} has no file {index}; its files are listed at /api/torrents/{info_hash}/info"
    )]
    NoFile { info_hash: InfoHash, index: u32 },
    #[error("{info_hash} has no video; name one of its files with ?file=")]
    NoVideo { info_hash: InfoHash },
    #[error("500 torrents are kept and no more are; take one out with DELETE /api/torrents/HASH")]
    TooMany,
    #[error(
        "there is no way to get {info_hash}: set a debrid token or allow peer-to-peer on the set-up page"
    )]
    NoWay { info_hash: InfoHash },
    #[error("{info_hash} cannot be described: {why}")]
    NotDescribed { info_hash: InfoHash, why: String },
    #[error("byte {byte} lies outside the file, which has {size} bytes")]
    Outside { byte: u64, size: u64 },
    #[error("how long this film runs is not known, so seconds cannot be found in it; send a byte")]
    NoDuration,
    #[error("the film ends after {seconds} seconds; send fewer")]
    PastTheEnd { seconds: u64 },
}

/// How far the description of a torrent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum TorrentState {
    Resolving,
    Ready,
    Failed,
}

/// A torrent that is known by its hash.
#[derive(Debug, Clone)]
pub struct KnownTorrent {
    /// Which.
    pub info_hash: InfoHash,
    /// Its name, where it is known.
    pub name: Option<String>,
    /// The trackers it came with.
    pub trackers: Vec<String>,
    /// How far its description is.
    pub state: TorrentState,
    /// Its files; none while it is not ready.
    pub files: Vec<TorrentFile>,
    /// One sentence, where it failed.
    pub error: Option<String>,
}

/// How a description ended, once it has.
type Outcome = watch::Receiver<Option<Result<(), TorrentError>>>;

/// Torrents that are being described, and what came of it.
pub(super) struct Torrents {
    under_way: Mutex<HashMap<InfoHash, Outcome>>,
    places: Arc<tokio::sync::Semaphore>,
    /// What is being fetched for a seek, by media id: which seek of all, and what ends it.
    seeking: Mutex<HashMap<String, (u64, tokio_util::sync::DropGuard)>>,
    seeks: AtomicU64,
}

impl Default for Torrents {
    fn default() -> Self {
        let places = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        let (under_way, seeking) = (Mutex::default(), Mutex::default());
        Self { under_way, places, seeking, seeks: AtomicU64::default() }
    }
}

impl Torrents {
    fn next_seek(&self) -> u64 {
        self.seeks.fetch_add(1, Ordering::Relaxed)
    }

    /// A seek's bytes are here, and nothing is left to be ended; a later seek's is.
    fn is_fetched(&self, media_id: &str, seek: u64) {
        let mut seeking = lock(&self.seeking);
        if seeking.get(media_id).is_some_and(|(last, _)| *last == seek) {
            seeking.remove(media_id);
        }
    }
}

impl Playback {
    /// Takes a magnet in, durably, and begins to describe its torrent where that is not known yet.
    pub fn add_torrent(self: &Arc<Self>, magnet: &Magnet) -> Result<KnownTorrent, Error> {
        let info_hash = magnet.info_hash;
        tracing::info!(%info_hash, trackers = magnet.trackers.len(), "torrent: adding its magnet");
        let kept = self.keep_torrent(magnet)?;
        if kept.files.is_empty() {
            drop(self.describing(info_hash, &kept.magnet(info_hash)));
        }
        self.told(info_hash, Some(kept))
    }

    /// Takes a `.torrent` in; nobody need be asked for what is in it.
    pub fn add_torrent_file(&self, metainfo: &Metainfo) -> Result<KnownTorrent, Error> {
        let info_hash = metainfo.info_hash;
        tracing::info!(%info_hash, trackers = metainfo.trackers.len(), "torrent: adding its file");
        self.know_torrent_file(metainfo)?;
        self.keep_torrent(&magnet_of(metainfo))?;
        let kept = self.keep_description(info_hash, Described::of(metainfo))?;
        self.told(info_hash, Some(kept))
    }

    /// Has the swarm know a `.torrent`, so that its description need not come from peers.
    pub fn know_torrent_file(&self, metainfo: &Metainfo) -> Result<(), Error> {
        self.parts.swarm.add_metainfo(&metainfo.torrent_bytes(&metainfo.trackers))?;
        Ok(())
    }

    /// What is known of a torrent, without asking anybody.
    pub fn torrent(&self, info_hash: InfoHash) -> Result<KnownTorrent, Error> {
        self.told(info_hash, self.kept_torrent(&info_hash)?)
    }

    /// Every torrent that was added, the newest first.
    pub fn torrents(&self) -> Result<Vec<KnownTorrent>, Error> {
        let mut rows = Vec::new();
        for key in self.parts.state.keys(Kept::KEYS)? {
            let Some(kept) = self.parts.state.get::<Kept>(&key)? else { continue };
            let hash = key.strip_prefix(Kept::KEYS).and_then(|hash| hash.parse().ok());
            if let Some(info_hash) = hash {
                rows.push((kept.since, self.told(info_hash, Some(kept))?));
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.0));
        Ok(rows.into_iter().map(|row| row.1).collect())
    }

    /// The same once it is described: by peers, by a store, or from memory.
    pub async fn described_torrent(
        self: &Arc<Self>,
        magnet: &Magnet,
    ) -> Result<KnownTorrent, Error> {
        let info_hash = magnet.info_hash;
        let known = self.torrent(info_hash)?;
        if known.state == TorrentState::Ready {
            return Ok(known);
        }
        let mut hears = self.describing(info_hash, magnet);
        let outcome = match hears.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Ok(())),
            Err(_) => Err(TorrentError::NotDescribed {
                info_hash,
                why: "the server is stopping".to_owned(),
            }),
        };
        outcome?;
        self.torrent(info_hash)
    }

    /// Forgets a torrent that was added: it is stopped. What lies on the disk of it stays, for the
    /// library to keep or clear.
    pub async fn forget_torrent(&self, info_hash: InfoHash) -> Result<(), Error> {
        let known = self.kept_torrent(&info_hash)?.is_some();
        if !known {
            return Err(TorrentError::Unknown { info_hash }.into());
        }
        self.stop_torrent(info_hash).await?;
        lock(&self.torrents.under_way).remove(&info_hash);
        Ok(durably(|| self.parts.state.remove(&Kept::key(&info_hash)))?)
    }

    /// The `.torrent` of a torrent whose description is in memory: its info dictionary byte for byte,
    /// and its trackers.
    #[must_use]
    pub fn torrent_file(&self, info_hash: &InfoHash) -> Option<Vec<u8>> {
        let metainfo = self.parts.swarm.known(info_hash)?;
        let mut trackers = metainfo.trackers.clone();
        if let Ok(Some(kept)) = self.kept_torrent(info_hash) {
            let more = kept.magnet(*info_hash).trackers;
            let new = more.into_iter().filter(|tracker| !metainfo.trackers.contains(tracker));
            trackers.extend(new);
        }
        Some(metainfo.torrent_bytes(&trackers))
    }

    /// A torrent as it is told: what is kept, what is in memory, and how its description goes.
    fn told(&self, info_hash: InfoHash, kept: Option<Kept>) -> Result<KnownTorrent, Error> {
        let metainfo = self.parts.swarm.known(&info_hash);
        if kept.is_none() && metainfo.is_none() && self.chosen.of_torrent(&info_hash)?.is_empty() {
            return Ok(KnownTorrent::unknown(info_hash));
        }
        let magnet = kept.as_ref().map(|kept| kept.magnet(info_hash));
        let mut files = kept.as_ref().map(|kept| kept.files.clone()).unwrap_or_default();
        if files.is_empty() {
            files = metainfo.as_ref().map(|known| known.files.clone()).unwrap_or_default();
        }
        for file in &mut files {
            // The store's own name of a file is its business and ours.
            file.link = None;
        }
        let outcome =
            lock(&self.torrents.under_way).get(&info_hash).map(|row| row.borrow().clone());
        let (state, error) = match outcome {
            _ if !files.is_empty() => (TorrentState::Ready, None),
            Some(Some(Err(error))) => (TorrentState::Failed, Some(error.to_string())),
            _ => (TorrentState::Resolving, None),
        };
        let name = metainfo.as_ref().map(|known| known.name.clone());
        let trackers = magnet.as_ref().map(|magnet| magnet.trackers.clone());
        let from_memory = || metainfo.as_ref().map(|known| known.trackers.clone());
        Ok(KnownTorrent {
            info_hash,
            name: name.or_else(|| kept.and_then(|kept| kept.name)),
            trackers: trackers.or_else(from_memory).unwrap_or_default(),
            state,
            files,
            error,
        })
    }
}

impl KnownTorrent {
    fn unknown(info_hash: InfoHash) -> Self {
        let (name, trackers, files, error) = (None, Vec::new(), Vec::new(), None);
        Self { info_hash, name, trackers, state: TorrentState::Resolving, files, error }
    }

    /// The file that plays where none is named.
    #[must_use]
    pub fn main_file(&self) -> Option<&TorrentFile> {
        main_file(self)
    }
}
