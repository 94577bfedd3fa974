//! What this state has begun itself. A library may hold the films of another: of a state that was lost
//! or put aside, of the box that the disk was in before, of a second installation. All of these have
//! names of ours, and nobody here knows what their owner wants with them, so nothing but a person
//! removes them.
//!
//! So it is noted, durably and before the first byte, in which folder a torrent was begun; where files
//! of it lay already, it was not.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lying::Title;
use super::shelf::LIBRARY;
use super::{Error, Playback, durably};
use crate::library::Root;
use crate::torrent::InfoHash;

/// The torrents of a state that is older than these notes: all that it knew then are its own.
const BEFORE: &str = "begun_before";

/// The libraries in which a torrent was begun.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Begun(Vec<PathBuf>);

fn key(info_hash: &InfoHash) -> String {
    format!("begun/{info_hash}")
}

/// The library and the torrent that a file's path names.
fn parts(path: &Path) -> Option<(PathBuf, InfoHash)> {
    let folder = path.parent()?;
    let info_hash = folder.file_name()?.to_str()?.parse().ok()?;
    Some((folder.parent()?.to_owned(), info_hash))
}

impl Playback {
    /// To be called before the file at `path` is made.
    pub(super) fn note_begun(&self, path: &Path) -> Result<(), Error> {
        let Some((library, info_hash)) = parts(path) else { return Ok(()) };
        let root = Root { name: LIBRARY.to_owned(), folder: library };
        if self.has_begun(&info_hash, &root) || !root.files_of(&info_hash).is_empty() {
            return Ok(());
        }
        let mut begun = self.begun(&info_hash)?;
        begun.0.push(root.folder);
        Ok(durably(|| self.parts.state.put(&key(&info_hash), &begun))?)
    }

    /// Whether what lies of a torrent in a folder of titles is this state's to remove. What cannot be
    /// read was not begun.
    pub(super) fn has_begun(&self, info_hash: &InfoHash, root: &Root) -> bool {
        let noted = self.begun(info_hash).is_ok_and(|begun| begun.0.contains(&root.folder));
        noted || self.shelf.begun_before.get().is_some_and(|before| before.contains(info_hash))
    }

    /// Whether some of it lies in the library, and was there before this state knew of it.
    pub(super) fn was_found(&self, title: &Title, roots: &[Root]) -> bool {
        let hash = &title.playable.info_hash;
        let found = |root: &Root| root.name == LIBRARY && !self.has_begun(hash, root);
        let mut all: Vec<usize> = title.files.iter().map(|(root, _)| *root).collect();
        all.dedup();
        all.into_iter().any(|root| found(&roots[root]))
    }

    /// Forgets that a torrent was begun in a folder of which nothing is left.
    pub(super) fn forget_begun(&self, info_hash: &InfoHash, root: &Root) {
        if !root.folder.is_dir() || !root.files_of(info_hash).is_empty() {
            return;
        }
        let Ok(mut begun) = self.begun(info_hash) else { return };
        let before = begun.0.len();
        begun.0.retain(|folder| *folder != root.folder);
        let key = key(info_hash);
        let noted = durably(|| match begun.0.len() {
            now if now == before => Ok(()),
            0 => self.parts.state.remove(&key),
            _ => self.parts.state.put(&key, &begun),
        });
        if let Err(error) = noted {
            tracing::warn!(%error, "that a torrent is gone from the disk could not be noted");
        }
    }

    /// The libraries in which a torrent was begun.
    pub(super) fn begun_in(&self, info_hash: &InfoHash) -> Vec<PathBuf> {
        self.begun(info_hash).map(|begun| begun.0).unwrap_or_default()
    }

    /// To be called at the start, before anything is removed.
    pub(super) fn know_what_was_begun(&self) -> Result<(), Error> {
        let known: HashSet<InfoHash> = if let Some(known) = self.parts.state.get(BEFORE)? {
            known
        } else {
            let known = self.torrents_of_titles()?;
            durably(|| self.parts.state.put(BEFORE, &known))?;
            known
        };
        // The first stays: it is asked for once, at the start.
        let _ = self.shelf.begun_before.set(known);
        Ok(())
    }

    fn torrents_of_titles(&self) -> Result<HashSet<InfoHash>, Error> {
        let mut known = HashSet::new();
        for playable in self.chosen.all()? {
            let playable = playable?;
            if !playable.is_own() {
                known.insert(playable.info_hash);
            }
        }
        Ok(known)
    }

    fn begun(&self, info_hash: &InfoHash) -> Result<Begun, Error> {
        Ok(self.parts.state.get(&key(info_hash))?.unwrap_or_default())
    }
}
