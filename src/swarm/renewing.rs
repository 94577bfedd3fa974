//! A torrent that is taken out of the engine to be added anew: where what lies on the disk is to be
//! hashed again, where its disk is another by now, and where it had given up bytes for want of room. Its
//! files stay.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use librqbit::Session;

use super::Error;
use super::feeder::Feed;
use super::kept;
use super::known::Known;
use super::live::Live;
use super::storage::name_on_disk;
use super::torrents::{Torrents, id_of, lock};
use crate::torrent::InfoHash;

impl Torrents {
    /// Takes a torrent out and adds it anew, so that what lies on the disk is hashed again; its readers
    /// go on with the new one. The work is a task's: who asks for it may end with the old one.
    pub(super) async fn renew(
        self: &Arc<Self>,
        known: &Arc<Known>,
        index: u32,
        feed: Option<&Arc<dyn Feed>>,
        old: &Arc<Live>,
    ) -> Result<(), Error> {
        let (this, known, feed, old) = (self.clone(), known.clone(), feed.cloned(), old.clone());
        let renewing = async move { this.renew_now(&known, index, feed.as_ref(), &old).await };
        self.tasks.spawn(renewing).await.unwrap_or(Err(Error::Stopped))
    }

    /// Once is enough for all who ask.
    async fn renew_now(
        self: &Arc<Self>,
        known: &Known,
        index: u32,
        feed: Option<&Arc<dyn Feed>>,
        old: &Arc<Live>,
    ) -> Result<(), Error> {
        let session = self.engine.session().await?;
        let _alone = self.changing.lock().await;
        let info_hash = known.metainfo.info_hash;
        if self.engine.options.library != old.spot {
            // Nobody has asked for room where data goes now: who reads on does.
            let why = "it is not where films go any more".to_owned();
            return Err(Error::Disk { folder: old.spot.folder.clone(), why });
        }
        {
            let mut all = lock(&self.live);
            if !all.get(&info_hash).is_some_and(|now| Arc::ptr_eq(now, old)) {
                return Ok(());
            }
            all.remove(&info_hash);
        }
        tracing::info!(%info_hash, "a torrent is hashed again");
        old.renewed.store(true, Ordering::SeqCst);
        old.gone.cancel();
        let left = session.delete(id_of(info_hash), false).await;
        left.map_err(|error| Error::engine(&error))?;
        if let Some(path) = old.unsound.get() {
            forget(path.clone()).await;
        }
        if let Some(file) = known.metainfo.file(index) {
            forget(old.spot.folder.join(info_hash.to_string()).join(name_on_disk(file))).await;
        }
        self.begin(&session, known, index, feed).await?;
        Ok(())
    }

    /// A torrent whose disk was pulled is set aside: what it had open is dead, also when the disk is
    /// back. It is added again where data goes now. So is one that failed after it had given up bytes:
    /// with room again they are to be had again, and all of its file is wanted. Its readers go on. And
    /// so is one of which the disk has not kept what the engine believes to have.
    pub(super) async fn unless_spoilt(
        &self,
        session: &Arc<Session>,
        open: Option<Arc<Live>>,
    ) -> Result<Option<Arc<Live>>, Error> {
        let Some(live) = open else { return Ok(None) };
        let gave_up = live.has_failed() && *live.progress.ring.is_narrow.borrow();
        let unsound = live.unsound.get().is_some();
        if self.engine.options.library == live.spot && !gave_up && !unsound {
            return Ok(Some(live));
        }
        // Where it is being renewed for that; else its readers are told to go another way.
        let is_renewed = unsound && live.progress.trouble.borrow().is_none();
        live.renewed.store(gave_up || is_renewed, Ordering::SeqCst);
        self.set_aside(session, &live).await?;
        Ok(None)
    }

    /// Leaves a torrent that its disk has not kept, unless somebody did so already.
    pub(super) async fn leave_unsound(&self, live: &Arc<Live>) -> Result<(), Error> {
        let _alone = self.changing.lock().await;
        let open = lock(&self.live).get(&info_hash_of(live)).cloned();
        if !open.is_some_and(|open| Arc::ptr_eq(&open, live)) {
            return Ok(());
        }
        let session = self.engine.session().await?;
        self.set_aside(&session, live).await
    }

    async fn set_aside(&self, session: &Session, live: &Live) -> Result<(), Error> {
        let info_hash = info_hash_of(live);
        lock(&self.live).remove(&info_hash);
        live.gone.cancel();
        let left = session.delete(id_of(info_hash), false).await;
        left.map_err(|error| Error::engine(&error))?;
        if let Some(path) = live.unsound.get() {
            forget(path.clone()).await;
        }
        Ok(())
    }
}

fn info_hash_of(live: &Live) -> InfoHash {
    InfoHash::from_bytes(live.handle.info_hash().0)
}

/// What was being read a moment ago is in memory still, whatever the disk has.
async fn forget(path: PathBuf) {
    let forgotten = tokio::task::spawn_blocking(move || kept::forget(&path)).await;
    tracing::debug!(?forgotten, "what was in memory of a file");
}
