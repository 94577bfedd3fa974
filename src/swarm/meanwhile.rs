//! Reading what is here of a file while the engine still hashes all of its torrent, which it does each
//! time that it is given one: a film of 20 GB takes a small board some hundred seconds, gaps and all, and
//! no player waits so long.
//!
//! A piece that a reader comes to is hashed by itself, before a byte of it is passed on; so it does not
//! matter how the program ended before. Whoever comes to one that is not here, or that a neighbour
//! shares, waits for the engine.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use librqbit::TorrentStatsState;
use tokio::sync::OwnedSemaphorePermit;

use super::file::Open;
use super::live::{Live, Reading};
use crate::representation::{CHUNK_BYTES, Chunk};
use crate::torrent::metainfo::Pieces;

/// A file whose torrent is being hashed.
pub(super) struct Meanwhile {
    pub(super) file: Arc<File>,
    pieces: Arc<Pieces>,
    /// Which of its bytes lie in a piece that was hashed here, and is right.
    right: Range<u64>,
    reading: Reading,
    permit: OwnedSemaphorePermit,
}

impl Meanwhile {
    /// For a reader that comes to the byte `at`; it is given back what it lent where that must wait for
    /// the engine.
    pub(super) async fn at(
        at: u64,
        open: &Open,
        (reading, permit): (Reading, OwnedSemaphorePermit),
    ) -> Result<Self, (Reading, OwnedSemaphorePermit)> {
        let is_being_hashed = reading.0.is_being_hashed();
        let file = is_being_hashed.then(|| File::open(&open.path).ok()).flatten();
        // Some hundred kilobytes: not for a file that is only just begun.
        let pieces = file.as_ref().and_then(|_| open.known.metainfo.pieces_of(open.index));
        let (Some(file), Some(pieces)) = (file, pieces) else { return Err((reading, permit)) };
        let (file, pieces) = (Arc::new(file), Arc::new(pieces));
        let mut meanwhile = Self { file, pieces, right: 0..0, reading, permit };
        if meanwhile.until(at).await.is_some() {
            return Ok(meanwhile);
        }
        Err((meanwhile.reading, meanwhile.permit))
    }

    /// Up to which byte it may be read from `at` on; `None` where that must wait for the engine, or need
    /// not wait any more.
    pub(super) async fn until(&mut self, at: u64) -> Option<u64> {
        if !self.reading.0.is_being_hashed() {
            return None;
        }
        if !self.right.contains(&at) {
            let piece = self.pieces.piece_at(at);
            let (file, pieces) = (self.file.clone(), self.pieces.clone());
            let looked = tokio::task::spawn_blocking(move || right(&file, &pieces, piece));
            self.right = looked.await.ok().flatten()?;
        }
        self.right.contains(&at).then_some(self.right.end)
    }
}

/// The file's bytes of a piece, if they are here and right.
fn right(file: &File, pieces: &Pieces, piece: u32) -> Option<Range<u64>> {
    let bytes = pieces.bytes_of(piece)?;
    let mut look = pieces.look_at(piece)?;
    let mut chunk = Chunk::take();
    let mut at = bytes.start;
    while at < bytes.end {
        let most = usize::try_from(bytes.end - at).unwrap_or(CHUNK_BYTES);
        let room = chunk.room(most);
        match file.read_at(room, at) {
            Ok(size @ 1..) => {
                look.take(&room[..size]);
                at += size as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return None,
        }
    }
    look.is_right().then_some(bytes)
}

impl Live {
    /// Whether the engine does not know yet what is here of it.
    pub(super) fn is_being_hashed(&self) -> bool {
        let state = self.handle.stats().state;
        matches!(state, TorrentStatsState::Initializing { .. }) && !self.gone.is_cancelled()
    }
}
