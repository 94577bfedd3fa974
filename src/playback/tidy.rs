//! Tidying the shelf: what nobody reads goes after a while, or when its room is needed, or when
//! somebody says so. In this order, so that a power cut in between leaves nothing false: the title is
//! noted as not whole, its torrent leaves the engine, its files go.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use super::lying::{Lie, Title};
use super::playable::Playable;
use super::{Error, Playback, durably, lock};
use crate::library::{Item, Root, Spared, Why};
use crate::torrent::InfoHash;

/// How long ago a title may have been read to count as being watched: a set that has filled its
/// buffer closes its connection and comes again for more.
pub const JUST_READ: Duration = Duration::from_secs(60);

/// What a clean-up did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Swept {
    /// What was removed.
    pub removed: Vec<Gone>,
    /// What was left, and why.
    pub spared: Vec<Left>,
    /// What the removed took on the disk.
    pub freed_bytes: u64,
}

/// A title that was removed.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Gone {
    pub media_id: String,
    pub title: String,
    pub bytes: u64,
    pub why: Why,
}

/// A title that was left.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Left {
    pub media_id: String,
    pub title: String,
    /// `null`: it was read too lately.
    pub why: Option<Spared>,
}

impl Playback {
    /// Removes what nobody has read for `idle` and nothing spares.
    pub async fn clean_up(&self, idle: Duration) -> Result<Swept, Error> {
        let _alone = self.shelf.changing.lock().await;
        self.sign_what_came();
        Ok(self.sweep(&self.walk()?, idle).await)
    }

    /// The same of what was found lying; under the lock on changes.
    async fn sweep(&self, Lie { roots, titles, others }: &Lie, idle: Duration) -> Swept {
        let on_disk: Vec<&Title> = titles.iter().filter(|title| !title.files.is_empty()).collect();
        let read = self.torrents_read(titles);
        let items: Vec<Item> = on_disk.iter().map(|title| self.item(title, &read, roots)).collect();
        let rules = self.parts.shelf.rules;
        let due = rules.idle(&items, idle);
        let mut swept = self.remove_those(&due, &on_disk, titles, roots, Why::Idle).await;
        let gone: HashSet<String> = swept.removed.iter().map(|one| one.media_id.clone()).collect();
        for (title, item) in on_disk.iter().zip(&items) {
            if !gone.contains(&title.media_id) {
                let (media_id, title) = (title.media_id.clone(), name_of(&title.playable));
                swept.spared.push(Left { media_id, title, why: rules.spared(item) });
            }
        }
        if !rules.permanent {
            let freed = self.remove_others(others, titles, roots, idle);
            if freed > 0 {
                tracing::info!(
                    bytes = freed,
                    "what belongs to no title was removed from the library"
                );
            }
            swept.freed_bytes += freed;
        }
        swept
    }

    /// Removes one title's files; its link plays on, from wherever it comes then.
    pub async fn remove_title(&self, media_id: &str) -> Result<u64, Error> {
        let _alone = self.shelf.changing.lock().await;
        let roots = self.roots();
        let (titles, at) = self.with_siblings(media_id, &roots)?;
        let title = &titles[at];
        let freed = self.remove_files(title, &titles, &roots, Why::Asked).await?;
        // Only now: a title that is being watched stays, and so does all that is known of it.
        self.shelf.records.change(media_id, |record| {
            record.kept = false;
            record.place = None;
            record.position_s = None;
            // Also on a disk that is away: wished for again, it is begun anew.
            record.in_pieces = None;
        })?;
        lock(&self.shelf.troubles).remove(media_id);
        Ok(freed)
    }

    /// What is to be done again and again: moves that were wished for, what is idle, and what takes
    /// more room than it may.
    pub async fn tend_shelf(self: &Arc<Self>) {
        self.settle_all();
        if let Err(error) = self.tend_once().await {
            tracing::warn!(%error, "the library could not be tended");
        }
    }

    /// The disks are walked over once for all of it, and again only where something may have changed
    /// since: a title was moved, or somebody else was changing something.
    async fn tend_once(&self) -> Result<(), Error> {
        // Whoever has the lock does it, or the next time will.
        if let Ok(_alone) = self.shelf.changing.try_lock() {
            self.sign_what_came();
        }
        let mut lie = self.walk()?;
        self.lists.compare(&lie.titles);
        let moved = self.place_all(&lie).await;
        let free = self.shelf.changing.try_lock().ok();
        let mut stale = moved || free.is_none();
        let _alone = match free {
            Some(alone) => alone,
            None => self.shelf.changing.lock().await,
        };
        let rules = self.parts.shelf.rules;
        if let Some(idle) = rules.idle.filter(|_| !rules.permanent) {
            if stale {
                lie = self.walk()?;
            }
            stale = self.sweep(&lie, idle).await.freed_bytes > 0;
        }
        if stale {
            lie = self.walk()?;
        }
        self.keep_within_bounds(&lie).await
    }

    /// Of which torrents somebody reads a file.
    pub(super) fn torrents_read(&self, titles: &[Title]) -> HashSet<InfoHash> {
        let read = titles.iter().filter(|title| self.readers.of(&title.media_id) > 0);
        read.map(|title| title.playable.info_hash).collect()
    }

    /// What is done when the server stops.
    pub(super) async fn close_shelf(&self) {
        self.shelf.records.flush();
        if self.parts.shelf.clean_on_stop
            && let Err(error) = self.clean_up(Duration::ZERO).await
        {
            tracing::warn!(%error, "the library could not be cleaned up");
        }
    }

    pub(super) async fn remove_those(
        &self,
        which: &[usize],
        of: &[&Title],
        titles: &[Title],
        roots: &[Root],
        why: Why,
    ) -> Swept {
        let mut swept = Swept::default();
        for at in which {
            let title = of[*at];
            match self.remove_files(title, titles, roots, why).await {
                Ok(bytes) => {
                    swept.freed_bytes += bytes;
                    let (media_id, title) = (title.media_id.clone(), name_of(&title.playable));
                    swept.removed.push(Gone { media_id, title, bytes, why });
                }
                Err(error) => tracing::info!(%error, "a title stays"),
            }
        }
        swept
    }

    /// Under the lock on changes.
    async fn remove_files(
        &self,
        title: &Title,
        titles: &[Title],
        roots: &[Root],
        why: Why,
    ) -> Result<u64, Error> {
        let hash = title.playable.info_hash;
        self.let_go(title, titles).await?;
        let (bytes, mut failed) = (title.bytes(), None);
        for (root, file) in &title.files {
            let removed = durably(|| roots[*root].remove(&file.path));
            failed = removed.err().or(failed);
        }
        if let Some(error) = failed {
            // A disk that takes no writes still gives its bytes.
            if let Some((_, file)) = title.whole().filter(|(_, file)| file.path.is_file()) {
                self.note_place(&title.media_id, Some(&file.path))?;
            }
            return Err(Error::Disk { why: error.kind().to_string() });
        }
        for (root, _) in &title.files {
            self.forget_begun(&hash, &roots[*root]);
        }
        self.lists.touch(&title.media_id);
        tracing::info!(info_hash = %hash, bytes, ?why, "a title was removed from the library");
        Ok(bytes)
    }

    /// Takes a title out of every hand, durably first: nobody reads it, nothing writes it.
    pub(super) async fn let_go(&self, title: &Title, titles: &[Title]) -> Result<(), Error> {
        let hash = title.playable.info_hash;
        let watched = || Error::Watched { title: name_of(&title.playable) };
        let same = titles.iter().filter(|other| other.playable.info_hash == hash);
        if same.into_iter().any(|other| self.readers.of(&other.media_id) > 0) {
            return Err(watched());
        }
        self.note_place(&title.media_id, None)?;
        // In this order: what is copied no more is not noted either.
        lock(&self.shelf.copies).remove(&title.media_id);
        self.shelf.records.forget_copied(&title.media_id)?;
        lock(&self.sessions).remove(&title.media_id);
        if !self.parts.swarm.forget(&hash).await? {
            return Err(watched());
        }
        Ok(())
    }

    /// Notes, durably, where a title lies whole, or that it does not.
    pub(super) fn note_place(&self, media_id: &str, path: Option<&Path>) -> Result<(), Error> {
        let noted = self.chosen.note_place(media_id, path);
        if path.is_some()
            && noted.is_ok()
            && let Some(session) = lock(&self.sessions).get(media_id)
        {
            // What was damaged has come again.
            session.doubted.store(false, Ordering::SeqCst);
        }
        self.lists.touch(media_id);
        noted
    }
}

pub(super) fn name_of(playable: &Playable) -> String {
    playable.title.clone().unwrap_or_else(|| playable.release.clone())
}
