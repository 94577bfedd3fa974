//! One torrent that is open in the engine.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use librqbit::{ManagedTorrent, TorrentStatsState};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::feeder::Feeder;
use super::place::Spot;
use super::storage::Progress;
use super::{Error, State, Status};

/// A torrent that is open in the engine.
pub(super) struct Live {
    pub(super) handle: Arc<ManagedTorrent>,
    /// Where its data lies.
    pub(super) spot: Spot,
    pub(super) progress: Arc<Progress>,
    /// Cancelled when it is set aside.
    pub(super) gone: CancellationToken,
    /// Whether it was, to be added anew at once: its readers go on.
    pub(super) renewed: AtomicBool,
    /// The file of which the engine believes to have what its disk has not kept, once that is known:
    /// what it has is not for anybody to read.
    pub(super) unsound: OnceLock<PathBuf>,
    /// Held by who flushes, since the kernel tells one of them alone what was lost: the files of which a
    /// flush has failed without telling what.
    pub(super) doubted: tokio::sync::Mutex<HashSet<u32>>,
    pub(super) readers: AtomicUsize,
    pub(super) used: AtomicU64,
    /// Whether it was told to rest until somebody reads it.
    pub(super) resting: AtomicBool,
    /// Whether nothing but what readers come to is wanted of it, for the sake of who watches another.
    pub(super) gives_way: watch::Sender<bool>,
    pub(super) wanted: Mutex<HashSet<usize>>,
    /// Our own peer, where something feeds it.
    pub(super) feeder: Option<Feeder>,
}

impl Live {
    /// Bytes of a file that are here and whose hash is right.
    pub(super) fn bytes_have(&self, index: u32) -> Option<u64> {
        let had = self.handle.stats().file_progress.get(index as usize).copied()?;
        Some(had.saturating_sub(self.progress.ring.bytes_gone(index as usize)))
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.handle.stats().state, TorrentStatsState::Error)
    }

    /// Why it failed: the disk's sentence, else the engine's.
    pub(super) fn trouble(&self) -> Option<Error> {
        let disk = self.progress.trouble.borrow().clone();
        disk.or_else(|| {
            let text = self.handle.stats().error?;
            Some(Error::engine(&anyhow::anyhow!(text)))
        })
    }

    /// Whether pieces are wanted and every peer that was met is lost.
    pub(super) fn is_lonely(&self) -> bool {
        let now = self.handle.stats();
        // In the room behind its readers the engine is told to want nothing, and calls that finished.
        let narrow = *self.progress.ring.is_narrow.borrow();
        let wants = !now.finished || (narrow && now.progress_bytes < now.total_bytes);
        let Some(live) = now.live.filter(|_| wants) else { return false };
        let peers = live.snapshot.peer_stats;
        let met = peers.seen as usize > usize::from(self.feeder.is_some());
        met && self.others(peers.live) == 0 && peers.connecting == 0 && peers.queued == 0
    }

    /// Of the engine's live peers those that are not our own.
    fn others(&self, live: u32) -> u32 {
        let own = self.feeder.as_ref().map_or(0, Feeder::connections);
        live.saturating_sub(u32::try_from(own).unwrap_or(u32::MAX))
    }

    pub(super) fn status(&self) -> Status {
        let now = self.handle.stats();
        let state = match now.state {
            TorrentStatsState::Initializing { .. } => State::Checking,
            TorrentStatsState::Live if self.gives_way() => State::GivesWay,
            TorrentStatsState::Live if now.finished && !*self.progress.ring.is_narrow.borrow() => {
                State::Complete
            }
            TorrentStatsState::Live => State::Downloading,
            TorrentStatsState::Paused => State::Paused,
            TorrentStatsState::Error => State::Failed,
        };
        let peers = now.live.as_ref().map_or(0, |live| self.others(live.snapshot.peer_stats.live));
        let down_bytes_s = now.live.as_ref().map_or(0, |live| live.download_speed.as_bytes());
        let (bytes_have, bytes_total) = match state {
            State::Checking => (0, now.total_bytes),
            State::GivesWay => self.of_wanted(),
            _ => (now.progress_bytes, now.total_bytes),
        };
        let error = self.trouble().map(|trouble| trouble.to_string());
        Status { state, bytes_have, bytes_total, down_bytes_s, peers, error }
    }
}

/// Keeps a torrent from being set aside.
pub(super) struct Reading(pub(super) Arc<Live>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::SeqCst);
    }
}
