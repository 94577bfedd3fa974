//! What is asked of a torrent besides its bytes: how far a file of it is, that it rests, that it goes.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use librqbit::Api;

use super::live::Live;
use super::torrents::{Torrents, id_of, lock};
use super::{Error, Swarm};
use crate::torrent::InfoHash;

/// How far one file is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileProgress {
    /// Bytes that are here and whose hash is right.
    pub bytes_have: u64,
    /// Which, in order, without gaps between two that touch.
    pub here: Vec<Range<u64>>,
}

/// All torrents that are open, together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many are open.
    pub torrents: u64,
    /// Peers that are connected.
    pub peers: u64,
    /// Bytes a second that come in.
    pub down_bytes_s: u64,
    /// Bytes a second that go out.
    pub up_bytes_s: u64,
}

/// What has come of a torrent since it was opened, and what of it was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yield {
    /// Which.
    pub info_hash: InfoHash,
    /// Bytes that peers have sent.
    pub fetched: u64,
    /// Bytes of pieces whose hash was right.
    pub verified: u64,
    /// Length of a piece, in bytes.
    pub piece_length: u32,
}

impl Swarm {
    /// How far a file is; `None` where its torrent is not open, or still being hashed.
    pub async fn progress(&self, info_hash: &InfoHash, index: u32) -> Option<FileProgress> {
        let live = lock(&self.0.live).get(info_hash).cloned()?;
        let session = self.0.engine.session().await.ok()?;
        let (bits, _) = Api::new(session, None).api_dump_haves(id_of(*info_hash)).ok()?;
        let place = live.handle.with_metadata(|metadata| {
            let file = metadata.file_infos.get(index as usize)?;
            let length = u64::from(metadata.lengths().default_piece_length());
            Some((file.offset_in_torrent, file.len, length))
        });
        let (offset, len, piece) = place.ok()??;
        let is_here = |at: usize| {
            let from = (at as u64 * piece).saturating_sub(offset);
            let part = from..((at as u64 + 1) * piece).saturating_sub(offset).min(len);
            let gone = live.progress.ring.is_gone(index as usize, &part);
            bits.get(at).is_some_and(|bit| *bit) && !gone
        };
        let here = here(is_here, offset, len, piece);
        Some(FileProgress { bytes_have: here.iter().map(|part| part.end - part.start).sum(), here })
    }

    /// Leaves the torrent's peers until somebody reads it again, or [`Self::resume`]. Says whether it
    /// was open.
    pub async fn pause(&self, info_hash: &InfoHash) -> Result<bool, Error> {
        self.0.turn(info_hash, true).await
    }

    /// Goes on with a torrent that rests. Says whether it is open.
    pub async fn resume(&self, info_hash: &InfoHash) -> Result<bool, Error> {
        self.0.turn(info_hash, false).await
    }

    /// Sets a torrent aside: its peers are left, whoever reads it gets an error, its files stay. Says
    /// whether it was open.
    pub async fn close(&self, info_hash: &InfoHash) -> Result<bool, Error> {
        let _alone = self.0.changing.lock().await;
        let Some(live) = lock(&self.0.live).remove(info_hash) else { return Ok(false) };
        live.gone.cancel();
        let session = self.0.engine.session().await?;
        let left = session.delete(id_of(*info_hash), false).await;
        left.map_err(|error| Error::engine(&error))?;
        Ok(true)
    }

    /// All that is open, together.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for live in self.0.every_live() {
            let Some(now) = live.handle.stats().live else { continue };
            totals.torrents += 1;
            totals.peers += u64::from(now.snapshot.peer_stats.live);
            totals.down_bytes_s += now.download_speed.as_bytes();
            totals.up_bytes_s += now.upload_speed.as_bytes();
        }
        totals
    }

    /// What has come of each torrent that is open, and what of it was right.
    #[must_use]
    pub fn yields(&self) -> Vec<Yield> {
        let live = self.0.every_live();
        let yields = live.iter().filter_map(|live| {
            let stats = live.handle.stats().live?.snapshot;
            let length = |metadata: &Arc<librqbit::TorrentMetadata>| {
                metadata.lengths().default_piece_length()
            };
            Some(Yield {
                info_hash: InfoHash::from_bytes(live.handle.info_hash().0),
                fetched: stats.fetched_bytes,
                verified: stats.downloaded_and_checked_bytes,
                piece_length: live.handle.with_metadata(length).ok()?,
            })
        });
        yields.collect()
    }
}

impl Torrents {
    pub(super) fn every_live(&self) -> Vec<Arc<Live>> {
        lock(&self.live).values().cloned().collect()
    }

    async fn turn(&self, info_hash: &InfoHash, pause: bool) -> Result<bool, Error> {
        let _alone = self.changing.lock().await;
        let Some(live) = lock(&self.live).get(info_hash).cloned() else { return Ok(false) };
        live.resting.store(pause, Ordering::SeqCst);
        let session = self.engine.session().await?;
        if live.handle.is_paused() == pause {
            return Ok(true);
        }
        let turned = if pause {
            session.pause(&live.handle).await
        } else {
            session.unpause(&live.handle).await
        };
        turned.map_err(|error| Error::engine(&error))?;
        Ok(true)
    }
}

/// The parts of a file of `len` bytes at `offset` in the torrent that lie in pieces that are here.
fn here(has: impl Fn(usize) -> bool, offset: u64, len: u64, piece: u64) -> Vec<Range<u64>> {
    let mut parts: Vec<Range<u64>> = Vec::new();
    if len == 0 || piece == 0 {
        return parts;
    }
    for number in offset / piece..=(offset + len - 1) / piece {
        if !usize::try_from(number).is_ok_and(&has) {
            continue;
        }
        let start = (number * piece).saturating_sub(offset);
        let end = ((number + 1) * piece - offset).min(len);
        match parts.last_mut().filter(|last| last.end == start) {
            Some(last) => last.end = end,
            None => parts.push(start..end),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_parts_of_the_file() {
        // The parts as text, `from-to`.
        for (have, offset, len, parts) in [
            (&[][..], 0, 100, ""),
            (&[0], 0, 100, "0-16"),
            (&[0, 1], 0, 100, "0-32"),
            (&[0, 2, 3], 0, 100, "0-16 32-64"),
            (&[6], 0, 100, "96-100"),
            (&[0], 10, 100, "0-6"), // it begins within a piece
            (&[0, 1], 10, 100, "0-22"),
            (&[6], 10, 100, "86-100"),
            (&[7], 10, 100, ""), // the next file's
            (&[0, 1, 2, 3, 4, 5, 6], 10, 100, "0-100"),
            (&[0], 3, 5, "0-5"), // within one piece
            (&[0], 0, 0, ""),
        ] {
            let has = |at: usize| have.contains(&at);
            let found = here(has, offset, len, 16);
            let found: Vec<_> =
                found.iter().map(|part| format!("{}-{}", part.start, part.end)).collect();
            assert_eq!(found.join(" "), parts, "{have:?} of {len} at {offset}");
        }
    }
}
