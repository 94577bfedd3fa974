//! What a disk has not kept of what was written to it, as the kernel tells it, and what becomes of the
//! film then.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fs::{Advice, fadvise};

use super::Error;
use super::file::{Open, TRIES};
use super::live::Live;
use super::torrents::lock;

/// What a flush has said of a file.
enum Told {
    Kept,
    NotKnown,
    Lost(io::Error),
}

impl Open {
    /// Flushes what is here. The kernel tells once that the disk did not take something, and takes the
    /// bytes in memory for sound from then on: so they are forgotten, and the torrent is hashed again
    /// from what lies on the disk.
    ///
    /// A task does it, to its end: who asks may hang up meanwhile, and what the kernel tells it tells
    /// once.
    pub(super) async fn flush(self: &Arc<Self>, live: &Arc<Live>) -> bool {
        let (this, live) = (self.clone(), live.clone());
        let flushing = async move { this.flush_now(&live).await };
        self.torrents.tasks.spawn(flushing).await.unwrap_or(false)
    }

    async fn flush_now(self: &Arc<Self>, live: &Arc<Live>) -> bool {
        let error = match self.told_by_flush(live).await {
            Told::Kept => return true,
            Told::NotKnown => return false,
            Told::Lost(error) => error,
        };
        let tries = self.unkept.fetch_add(1, Ordering::SeqCst) + 1;
        tracing::warn!(%error, tries, "the disk has not kept what came of a film");
        if tries <= TRIES && self.renew(live).await.is_ok() {
            // Also where nobody reads: what comes in anew may be lost as well.
            let anew = lock(&self.torrents.live).get(&self.known.metainfo.info_hash).cloned();
            if let Some(anew) = anew {
                self.keep_watch(&anew);
            }
            return false;
        }
        let (folder, why) = (self.spot.folder.clone(), error.kind().to_string());
        live.progress.trouble.send_replace(Some(Error::Disk { folder, why }));
        // Who comes next does not wait for it: an unsound one is not given to anybody.
        let (torrents, live) = (self.torrents.clone(), live.clone());
        self.torrents.tasks.spawn(async move { torrents.leave_unsound(&live).await });
        false
    }

    async fn told_by_flush(&self, live: &Arc<Live>) -> Told {
        let mut all = live.doubted.lock().await;
        if live.unsound.get().is_some() {
            // It was told to somebody else, who sees to it.
            return Told::NotKnown;
        }
        let doubted = self.is_doubted.load(Ordering::SeqCst) || all.contains(&self.index);
        let (path, live) = (self.path.clone(), live.clone());
        let lost = move |path: &Path| {
            let _ = live.unsound.set(path.to_owned());
        };
        let flushed =
            tokio::task::spawn_blocking(move || flush(&path, doubted, || lost(&path))).await;
        if matches!(&flushed, Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound) {
            // Nothing of it was written yet.
            return Told::NotKnown;
        }
        let Ok(Ok(told)) = flushed else {
            // Either the disk does nothing any more, which is another matter, or it lost more while
            // it was asked: the next flush that succeeds decides.
            self.is_doubted.store(true, Ordering::SeqCst);
            all.insert(self.index);
            return Told::NotKnown;
        };
        self.is_doubted.store(false, Ordering::SeqCst);
        all.remove(&self.index);
        told.map_or(Told::Kept, Told::Lost)
    }
}

/// Flushes a file; the error where its disk has lost some of it. What is in memory of such a file is
/// forgotten, so that who reads it sees the disk: `lost` is called before that. Blocks.
///
/// `doubted`: an earlier call ended with an error, so what was lost then was told already.
///
/// # Errors
/// The disk does not answer any more, or lost more while it was asked. Which of the two, the next
/// call knows.
fn flush(path: &Path, doubted: bool, lost: impl FnOnce()) -> io::Result<Option<io::Error>> {
    let file = File::open(path)?;
    let earlier = || doubted.then(|| io::Error::other("an earlier flush failed"));
    let Some(error) = file.sync_all().err().or_else(earlier) else { return Ok(None) };
    // A loss is told once: this one is about what came since.
    file.sync_all()?;
    lost();
    // What it cannot forget now is forgotten when nobody has the torrent open any more.
    let _ = fadvise(&file, 0, None, Advice::DontNeed);
    Ok(Some(error))
}

/// Forgets what is in memory of a file and on its disk. The kernel keeps what somebody is reading just
/// then, so it is asked again once nobody does. Blocks.
pub(super) fn forget(path: &Path) -> io::Result<()> {
    Ok(fadvise(&File::open(path)?, 0, None, Advice::DontNeed)?)
}
