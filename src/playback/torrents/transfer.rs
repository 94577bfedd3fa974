//! What a torrent's bytes are doing, and the few things that may be told them.

use std::ops::Range;

use serde::Serialize;

use super::{TorrentError, TorrentState};
use crate::playback::noticed::LOOKING;
use crate::playback::playable::{Playable, Via};
use crate::playback::{Error, Playback, lock};
use crate::swarm;
use crate::torrent::{InfoHash, entity_tag};

/// What a torrent's bytes are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// Nobody has said yet what is in it.
    Resolving,
    /// Nobody could.
    Failed,
    /// Nothing is open.
    Idle,
    /// What lies on the disk is being hashed.
    Checking,
    /// Peers are asked for pieces.
    Downloading,
    /// It rests until somebody reads it, or it is resumed.
    Paused,
    /// Nobody reads it, and it rests while somebody watches what may stall.
    GivesWay,
    /// The file is whole.
    Complete,
    /// A store's link or a mirror gives the bytes.
    Streaming,
}

/// How far a file of a torrent is.
#[derive(Debug, Clone, Serialize)]
pub struct Transfer {
    /// What it is doing.
    pub state: TransferState,
    /// Bytes of the file that are here.
    pub bytes_have: u64,
    /// Its length; `null` where it is not known.
    pub bytes_total: Option<u64>,
    /// Bytes a second that come from peers.
    pub down_bytes_s: u64,
    /// Peers that are connected.
    pub peers: u32,
    /// Who reads the torrent now.
    pub readers: usize,
    /// Which way its bytes come; `null` where nothing is open.
    pub via: Option<Via>,
    /// Which bytes of the file are here, each from and to (the byte behind the last).
    pub buffered: Vec<(u64, u64)>,
    /// One sentence, where the film needs more than its way or the line to the set brings, or no peer
    /// is there; `null` where it keeps up.
    pub note: Option<String>,
    /// One sentence, where it failed.
    pub error: Option<String>,
}

impl Transfer {
    /// The part of the file that is here, from 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a part of a whole, for people")]
    pub fn progress(&self) -> f64 {
        match self.bytes_total {
            Some(total) if total > 0 => self.bytes_have as f64 / total as f64,
            _ => 0.0,
        }
    }
}

impl Playback {
    /// How far a file of a torrent is: the one of this number, else the one that would play. Asks
    /// nobody.
    pub async fn transfer(
        &self,
        info_hash: InfoHash,
        index: Option<u32>,
    ) -> Result<Transfer, Error> {
        let known = self.torrent(info_hash)?;
        let played = self.chosen.of_torrent(&info_hash)?;
        if known.state != TorrentState::Ready && played.is_empty() {
            if self.kept_torrent(&info_hash)?.is_none() {
                return Err(TorrentError::Unknown { info_hash }.into());
            }
            let failed = known.state == TorrentState::Failed;
            let state = if failed { TransferState::Failed } else { TransferState::Resolving };
            let note = (!failed && self.parts.swarm.allowed()).then(|| LOOKING.to_owned());
            return Ok(Transfer { error: known.error, note, ..Transfer::of(state) });
        }
        let file = match index {
            Some(index) => known.files.iter().find(|file| file.index == Some(index)),
            None => known.main_file(),
        };
        let open = |one: &&Playable| match (file, index) {
            (Some(file), _) => entity_tag(&info_hash, file) == entity_tag(&info_hash, &one.file),
            (None, Some(index)) => one.file.index == Some(index),
            (None, None) => true,
        };
        let chosen = played.iter().find(open);
        if let (None, None, Some(index)) = (file, chosen, index) {
            return Err(TorrentError::NoFile { info_hash, index }.into());
        }
        let total = chosen.map(|one| &one.file).or(file).and_then(|file| file.size_bytes);
        let mut transfer = Transfer {
            bytes_total: total,
            readers: self.readers.of_torrent(&info_hash),
            ..Transfer::of(TransferState::Idle)
        };
        let media_id = chosen.map(Playable::media_id);
        let session = media_id.and_then(|id| lock(&self.sessions).get(&id).cloned());
        transfer.via = session.as_ref().and_then(|session| session.via());
        transfer.note = session.and_then(|session| self.note_of(&session));
        let whole = |total: Option<u64>| total.map(|total| (0, total)).into_iter().collect();
        match transfer.via {
            Some(Via::Disk) => {
                transfer.state = TransferState::Complete;
                transfer.bytes_have = total.unwrap_or(0);
                transfer.buffered = whole(total);
            }
            Some(Via::Debrid | Via::Mirror) => transfer.state = TransferState::Streaming,
            Some(Via::Swarm) | None => {}
        }
        if transfer.via != Some(Via::Disk) {
            let number = file.and_then(|file| file.index);
            let number = number.or_else(|| chosen.and_then(|one| one.file.index));
            self.add_swarm(&mut transfer, info_hash, number.unwrap_or(0)).await;
        }
        Ok(transfer)
    }

    /// What peers do for it.
    async fn add_swarm(&self, transfer: &mut Transfer, info_hash: InfoHash, index: u32) {
        let Some(status) = self.parts.swarm.status(&info_hash) else { return };
        if let Some(progress) = self.parts.swarm.progress(&info_hash, index).await {
            transfer.bytes_have = progress.bytes_have;
            transfer.buffered =
                progress.here.into_iter().map(|part: Range<u64>| (part.start, part.end)).collect();
        }
        (transfer.peers, transfer.down_bytes_s) = (status.peers, status.down_bytes_s);
        if matches!(transfer.via, Some(Via::Debrid | Via::Mirror)) {
            return;
        }
        let here = transfer.bytes_total == Some(transfer.bytes_have);
        transfer.state = match status.state {
            swarm::State::Checking => TransferState::Checking,
            _ if here => TransferState::Complete,
            swarm::State::Downloading => TransferState::Downloading,
            swarm::State::Complete => TransferState::Complete,
            swarm::State::GivesWay => TransferState::GivesWay,
            // Known, and not open.
            swarm::State::Paused if transfer.via.is_none() => TransferState::Idle,
            swarm::State::Paused => TransferState::Paused,
            swarm::State::Failed => TransferState::Failed,
        };
        transfer.error = status.error;
    }

    /// Stops a torrent: who reads it is sent away, its peers are left. Its files stay.
    pub async fn stop_torrent(&self, info_hash: InfoHash) -> Result<(), Error> {
        self.is_known(info_hash)?;
        tracing::info!(%info_hash, "torrent: stopped");
        let ids: Vec<String> =
            self.chosen.of_torrent(&info_hash)?.iter().map(Playable::media_id).collect();
        for id in ids {
            lock(&self.torrents.seeking).remove(&id);
            lock(&self.sessions).remove(&id);
        }
        self.readers.send_away(&info_hash);
        if self.parts.swarm.allowed() {
            self.parts.swarm.close(&info_hash).await?;
        }
        Ok(())
    }

    /// Leaves a torrent's peers alone: who reads it by another way goes on, and who reads it from them
    /// is carried over to one, if there is one.
    pub(in crate::playback) async fn leave_peers(&self, info_hash: InfoHash) -> Result<(), Error> {
        for id in self.chosen.of_torrent(&info_hash)?.iter().map(Playable::media_id) {
            lock(&self.torrents.seeking).remove(&id);
            let session = lock(&self.sessions).get(&id).cloned();
            if let Some(session) = session {
                session.leave_peers();
            }
        }
        self.parts.swarm.close(&info_hash).await?;
        Ok(())
    }

    /// Has a torrent rest: its peers are left until somebody reads it, or it is resumed.
    pub async fn pause_torrent(&self, info_hash: InfoHash) -> Result<(), Error> {
        self.is_known(info_hash)?;
        if self.parts.swarm.allowed() {
            self.parts.swarm.pause(&info_hash).await?;
        }
        tracing::info!(%info_hash, "torrent: paused");
        Ok(())
    }

    /// Goes on with a torrent that rests.
    pub async fn resume_torrent(&self, info_hash: InfoHash) -> Result<(), Error> {
        self.is_known(info_hash)?;
        if self.parts.swarm.allowed() {
            self.parts.swarm.resume(&info_hash).await?;
        }
        tracing::info!(%info_hash, "torrent: resumed");
        Ok(())
    }

    fn is_known(&self, info_hash: InfoHash) -> Result<(), Error> {
        let known = self.kept_torrent(&info_hash)?.is_some()
            || self.parts.swarm.known(&info_hash).is_some()
            || !self.chosen.of_torrent(&info_hash)?.is_empty();
        if known { Ok(()) } else { Err(TorrentError::Unknown { info_hash }.into()) }
    }
}

impl Transfer {
    fn of(state: TransferState) -> Self {
        Self {
            state,
            bytes_have: 0,
            bytes_total: None,
            down_bytes_s: 0,
            peers: 0,
            readers: 0,
            via: None,
            buffered: Vec::new(),
            note: None,
            error: None,
        }
    }
}
