//! How a library comes by its id: with the folder, before the first film is begun in it. One that has
//! none is of a version that made none. Of what lies in such a one, what this state knew before it
//! knew of ids is taken to be its own; on the first start of this version, with titles in the state,
//! all of it, as that older version did: heads of next episodes and what was looked into and passed
//! over were never chosen.

use std::collections::BTreeSet;
use std::io;

use super::shelf::LIBRARY;
use super::{Error, Playback, durably};
use crate::library::{LibraryId, Root};
use crate::torrent::InfoHash;

impl Playback {
    /// To be called at the start, before anything is removed.
    pub(super) fn know_what_was_begun(&self) -> Result<(), Error> {
        let is_older = self.shelf.begun.take_up(|| self.torrents_of_titles())?;
        for root in self.unsigned() {
            let own: BTreeSet<InfoHash> = if is_older {
                root.files().into_iter().map(|file| file.info_hash).collect()
            } else {
                self.shelf.begun.before()
            };
            self.sign_where_it_holds(&root, &own);
        }
        Ok(())
    }

    /// To be called again and again, under the lock on changes: a disk may be plugged in later.
    pub(super) fn sign_what_came(&self) {
        let before = self.shelf.begun.before();
        if before.is_empty() {
            return;
        }
        for root in self.unsigned() {
            self.sign_where_it_holds(&root, &before);
        }
    }

    /// The libraries that are there and have no id.
    fn unsigned(&self) -> Vec<Root> {
        let roots = self.roots().into_iter();
        roots
            .filter(|root| root.name == LIBRARY && root.id.is_none() && root.folder.is_dir())
            .collect()
    }

    /// Only where there is something to be told apart.
    fn sign_where_it_holds(&self, root: &Root, own: &BTreeSet<InfoHash>) {
        if own.iter().all(|info_hash| root.files_of(info_hash).is_empty()) {
            return;
        }
        if let Err(error) = self.sign(root, own) {
            // A disk that takes no writes: nothing goes from it anyway.
            tracing::debug!(%error, "a library's id could not be written");
        }
    }

    /// Gives a library its id, and notes which of these torrents lie in it; its folder is made where
    /// new data goes there. Under the lock on changes.
    pub(super) fn sign(&self, root: &Root, own: &BTreeSet<InfoHash>) -> Result<LibraryId, Error> {
        let disk = |error: io::Error| Error::Disk { why: error.kind().to_string() };
        if root.folder == self.parts.shelf.place.folder() {
            durably(|| std::fs::create_dir_all(&root.folder)).map_err(disk)?;
        }
        // Read once more: one that is there and could not be read is left as it is.
        if let Some(id) = LibraryId::of(&root.folder).map_err(disk)? {
            return Ok(id);
        }
        let id = LibraryId::random().map_err(disk)?;
        let lying = own.iter().filter(|info_hash| !root.files_of(info_hash).is_empty());
        // In this order, so that a power cut in between has it done again.
        self.shelf.begun.note(&id, lying.copied())?;
        if let Err(error) = durably(|| id.write(&root.folder)) {
            self.shelf.begun.forget(&id, None)?;
            return Err(disk(error));
        }
        tracing::info!(folder = %root.folder.display(), "a library has its id");
        Ok(id)
    }

    fn torrents_of_titles(&self) -> Result<BTreeSet<InfoHash>, Error> {
        let mut known = BTreeSet::new();
        for playable in self.chosen.all()? {
            let playable = playable?;
            if !playable.is_own() {
                known.insert(playable.info_hash);
            }
        }
        Ok(known)
    }
}
