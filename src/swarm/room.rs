//! Whether there is room for a file: the library's to say, before the first piece is asked for. And
//! what the library wants of the engine, so that it can remove files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;

use super::Error;
use super::known::Known;
use super::live::Live;
use super::storage::name_on_disk;
use super::torrents::{Torrents, id_of, lock};
use crate::torrent::InfoHash;

/// Keeps the disk from filling up.
pub trait Room: Send + Sync {
    /// Asked before the file at `path`, of `len` bytes in all, is begun or gone on with, and before
    /// its torrent is added again. What is refused is refused in a sentence. It may make room first,
    /// and waits while files of this very torrent are being removed.
    fn make_room<'a>(&'a self, path: &'a Path, len: u64) -> BoxFuture<'a, Result<(), String>>;

    /// Told before the file at `path` gets its whole length while it has none of its bytes: from then
    /// on its length says nothing of it. Blocks. Where that cannot be noted, the file is not made.
    fn is_made(&self, info_hash: &InfoHash, path: &Path) -> Result<(), String>;
}

impl Torrents {
    pub(super) fn ask_for_room(&self, room: Arc<dyn Room>) {
        // The first stays: there is one library.
        let _ = self.room.set(room);
    }

    /// Whether the file may be begun. Asked without the lock on changes, since making room takes
    /// other torrents out.
    pub(super) async fn room_for(&self, known: &Known, index: u32) -> Result<(), Error> {
        let info_hash = known.metainfo.info_hash;
        // One whose disk was pulled or plugged in is begun anew on the other.
        let wanted = |live: &Arc<Live>| {
            lock(&live.wanted).contains(&(index as usize))
                && self.engine.options.library == live.spot
        };
        let begun = lock(&self.live).get(&info_hash).is_some_and(wanted);
        let (Some(room), false) = (self.room.get(), begun) else { return Ok(()) };
        let file = known.metainfo.file(index).ok_or(Error::NoFile(index))?;
        let folder = self.engine.options.library.folder().join(info_hash.to_string());
        let (path, len) = (folder.join(name_on_disk(file)), file.size_bytes.unwrap_or(0));
        room.make_room(&path, len).await.map_err(Error::NoRoom)
    }

    pub(super) fn bytes_have(&self, info_hash: &InfoHash, index: u32) -> Option<u64> {
        let live = lock(&self.live).get(info_hash).cloned()?;
        live.bytes_have(index)
    }

    /// Takes a torrent out, unless somebody reads it.
    pub(super) async fn forget(&self, info_hash: &InfoHash) -> Result<bool, Error> {
        let _alone = self.changing.lock().await;
        let live = {
            let mut all = lock(&self.live);
            let read = |live: &Arc<Live>| live.readers.load(Ordering::SeqCst) > 0;
            if all.get(info_hash).is_some_and(read) {
                return Ok(false);
            }
            all.remove(info_hash)
        };
        if let Some(live) = live {
            live.gone.cancel();
            // `false`: its files are the library's to remove.
            let left = self.engine.session().await?.delete(id_of(*info_hash), false).await;
            left.map_err(|error| Error::engine(&error))?;
        }
        Ok(true)
    }
}
