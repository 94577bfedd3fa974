//! A torrent that gives way to who watches another.
//!
//! It is not paused: (1) that leaves every peer, and asks the trackers anew when it ends; (2) the owner's
//! own pause is another matter, and is not to be undone here. The engine is told to want no file of it,
//! as on a full disk. It still fetches what a reader comes to next, so that whoever begins to read it
//! waits for nobody's leave.

use std::collections::HashSet;
use std::sync::Arc;

use librqbit::{Session, TorrentStatsState};

use super::live::Live;
use super::torrents::{Torrents, lock};
use super::{Error, Swarm};
use crate::torrent::InfoHash;

impl Swarm {
    /// The torrents of which pieces are wanted, those that give way among them.
    #[must_use]
    pub fn coming(&self) -> Vec<InfoHash> {
        let live = self.0.every_live();
        let coming = live.iter().filter(|live| live.gives_way() || live.comes());
        coming.map(|live| InfoHash::from_bytes(live.handle.info_hash().0)).collect()
    }

    /// Has a torrent give way: no piece of it is asked for but what a reader comes to next. Or has it
    /// go on. Says whether that is news.
    pub async fn give_way(&self, info_hash: &InfoHash, gives_way: bool) -> Result<bool, Error> {
        let _alone = self.0.changing.lock().await;
        let Some(live) = lock(&self.0.live).get(info_hash).cloned() else { return Ok(false) };
        if live.gives_way() == gives_way || (gives_way && !live.comes()) {
            return Ok(false);
        }
        let session = self.0.engine.session().await?;
        live.gives_way.send_replace(gives_way);
        if !gives_way {
            self.0.want_again(&session, &live);
            return Ok(true);
        }
        let told = session.update_only_files(&live.handle, &HashSet::new()).await;
        told.map_err(|error| {
            live.gives_way.send_replace(false);
            Error::engine(&error)
        })?;
        Ok(true)
    }
}

impl Torrents {
    /// Has the engine want what it was asked for, once it can be told: not while it hashes what is on
    /// the disk. On a full disk it wants what readers come to, and no more.
    pub(super) fn want_again(self: &Arc<Self>, session: &Arc<Session>, live: &Arc<Live>) {
        let (this, session, live) = (self.clone(), session.clone(), live.clone());
        self.tasks.spawn(async move {
            let gone = live.gone.clone();
            let told = async {
                live.handle.wait_until_initialized().await?;
                let _alone = this.changing.lock().await;
                if live.gives_way() || *live.progress.ring.is_narrow.borrow() {
                    return Ok(());
                }
                let wanted = lock(&live.wanted).clone();
                session.update_only_files(&live.handle, &wanted).await
            };
            if let Some(Err(error)) = gone.run_until_cancelled(told).await {
                tracing::warn!(error = %format!("{error:#}"), "what is wanted could not be told");
            }
        });
    }
}

impl Live {
    pub(super) fn gives_way(&self) -> bool {
        *self.gives_way.borrow()
    }

    /// Ends when it gives way.
    pub(super) async fn is_to_give_way(&self) {
        let mut gives_way = self.gives_way.subscribe();
        let is_gone = gives_way.wait_for(|gives_way| *gives_way).await.is_err();
        if is_gone {
            std::future::pending::<()>().await;
        }
    }

    /// Whether pieces of whole files are fetched.
    fn comes(&self) -> bool {
        let now = self.handle.stats();
        let is_live = matches!(now.state, TorrentStatsState::Live);
        is_live && !now.finished && !*self.progress.ring.is_narrow.borrow()
    }

    /// Bytes of the files that were asked for: what is here, and all of them.
    pub(super) fn of_wanted(&self) -> (u64, u64) {
        let wanted = lock(&self.wanted).clone();
        let len = |index: &usize| {
            let len =
                self.handle.with_metadata(|all| all.file_infos.get(*index).map(|one| one.len));
            len.ok().flatten().unwrap_or(0)
        };
        let here = |index: &usize| self.bytes_have(u32::try_from(*index).ok()?);
        (wanted.iter().filter_map(here).sum(), wanted.iter().map(len).sum())
    }
}
