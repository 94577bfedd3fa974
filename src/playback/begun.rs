//! What this state has begun itself. A library may hold the films of another: of a state that was lost
//! or put aside, of the box that the disk was in before, of a second installation. All of these have
//! names of ours, and nobody here knows what their owner wants with them: no rule removes them, and a
//! person does (`found.rs`).
//!
//! So it is noted, durably and before the first byte, in which library a torrent was begun; where files
//! of it lay already, it was not. A library is known by its id, not by its path: each box has the same
//! path, and a folder that was moved is the same library still. `signing.rs` has how one comes by its
//! id.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::lying::Title;
use super::shelf::LIBRARY;
use super::{Error, Playback, durably, lock};
use crate::durable::State;
use crate::library::{LibraryId, Root};
use crate::torrent::InfoHash;

/// What the keys begin with; behind it stands a library's id, under it which torrents were begun there.
const KEYS: &str = "begun_in/";
/// The torrents of a state that is older than these notes: all that it knew then are its own, in every
/// library that has no id yet.
const BEFORE: &str = "begun_before";
/// Notes by torrent and path, of the time between the two: they count as the former.
const BY_PATH: &str = "begun/";

fn key(library: &LibraryId) -> String {
    format!("{KEYS}{}", library.as_str())
}

/// What was begun, in memory as in the state: it is asked for each title each half minute.
pub(super) struct Begun {
    state: Arc<State>,
    /// `None` until it was read: then nothing was begun, and nothing is noted over it.
    known: Mutex<Option<Known>>,
    /// One change at a time; who only asks does not wait for the disk.
    changing: Mutex<()>,
}

#[derive(Default)]
struct Known {
    libraries: HashMap<LibraryId, BTreeSet<InfoHash>>,
    before: BTreeSet<InfoHash>,
}

impl Begun {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state, known: Mutex::default(), changing: Mutex::default() }
    }

    /// Reads it. `chosen` are the torrents of all titles, asked of a state that has no such notes yet;
    /// says whether it was one, with titles in it.
    pub(super) fn take_up(
        &self,
        chosen: impl FnOnce() -> Result<BTreeSet<InfoHash>, Error>,
    ) -> Result<bool, Error> {
        let mut known = Known::default();
        for key in self.state.keys(KEYS)? {
            if let (Some(id), Some(begun)) =
                (LibraryId::read(&key[KEYS.len()..]), self.state.get(&key)?)
            {
                known.libraries.insert(id, begun);
            }
        }
        let noted = self.state.get(BEFORE)?;
        let is_older = noted.is_none();
        known.before = noted.map_or_else(chosen, Ok)?;
        if is_older {
            durably(|| self.state.put(BEFORE, &known.before))?;
        }
        let has_titles = !known.before.is_empty();
        self.take_over_paths(&mut known.before)?;
        *lock(&self.known) = Some(known);
        Ok(is_older && has_titles)
    }

    fn take_over_paths(&self, before: &mut BTreeSet<InfoHash>) -> Result<(), Error> {
        let keys = self.state.keys(BY_PATH)?;
        let torrents = keys.iter().filter_map(|key| key[BY_PATH.len()..].parse::<InfoHash>().ok());
        before.extend(torrents);
        if !keys.is_empty() {
            durably(|| self.state.put(BEFORE, before))?;
        }
        for key in keys {
            durably(|| self.state.remove(&key))?;
        }
        Ok(())
    }

    fn holds(&self, library: &LibraryId, info_hash: &InfoHash) -> bool {
        let known = lock(&self.known);
        let begun = known.as_ref().and_then(|known| known.libraries.get(library));
        begun.is_some_and(|begun| begun.contains(info_hash))
    }

    /// The torrents that an older version knew.
    pub(super) fn before(&self) -> BTreeSet<InfoHash> {
        lock(&self.known).as_ref().map(|known| known.before.clone()).unwrap_or_default()
    }

    /// Notes that these were begun in a library.
    pub(super) fn note(
        &self,
        library: &LibraryId,
        torrents: impl IntoIterator<Item = InfoHash>,
    ) -> Result<(), Error> {
        self.change(library, |begun| begun.extend(torrents))
    }

    /// Forgets that, of all of a library's torrents or of one.
    pub(super) fn forget(
        &self,
        library: &LibraryId,
        torrent: Option<&InfoHash>,
    ) -> Result<(), Error> {
        self.change(library, |begun| begun.retain(|one| torrent.is_some_and(|gone| one != gone)))
    }

    /// Forgets that an older version knew a torrent.
    fn forget_before(&self, torrent: &InfoHash) -> Result<(), Error> {
        let _alone = lock(&self.changing);
        let mut before = self.before();
        if before.remove(torrent) {
            durably(|| self.state.put(BEFORE, &before))?;
            if let Some(known) = lock(&self.known).as_mut() {
                known.before = before;
            }
        }
        Ok(())
    }

    /// In memory is only what is on the disk.
    fn change(
        &self,
        library: &LibraryId,
        change: impl FnOnce(&mut BTreeSet<InfoHash>),
    ) -> Result<(), Error> {
        let _alone = lock(&self.changing);
        let unread = || Error::Disk { why: "what was begun cannot be read".to_owned() };
        let mut begun = {
            let known = lock(&self.known);
            let known = known.as_ref().ok_or_else(unread)?;
            known.libraries.get(library).cloned().unwrap_or_default()
        };
        change(&mut begun);
        durably(|| {
            if begun.is_empty() {
                self.state.remove(&key(library))
            } else {
                self.state.put(&key(library), &begun)
            }
        })?;
        if let Some(known) = lock(&self.known).as_mut() {
            known.libraries.insert(library.clone(), begun);
        }
        Ok(())
    }
}

/// The library and the torrent that a file's path names.
pub(super) fn parts(path: &Path) -> Option<(PathBuf, InfoHash)> {
    let folder = path.parent()?;
    let info_hash = folder.file_name()?.to_str()?.parse().ok()?;
    Some((folder.parent()?.to_owned(), info_hash))
}

impl Playback {
    /// To be called before the file at `path` is made, under the lock on changes. Only of libraries:
    /// where things stay, none of them goes by itself anyway.
    pub(super) fn note_begun(&self, path: &Path) -> Result<(), Error> {
        let Some((library, info_hash)) = parts(path) else { return Ok(()) };
        let roots = self.roots();
        let is_it = |root: &&Root| root.name == LIBRARY && root.folder == library;
        let Some(root) = roots.iter().find(is_it) else { return Ok(()) };
        if self.has_begun(&info_hash, root) || !root.files_of(&info_hash).is_empty() {
            return Ok(());
        }
        let id = match &root.id {
            Some(id) => id.clone(),
            None => self.sign(root, &self.shelf.begun.before())?,
        };
        self.shelf.begun.note(&id, [info_hash])
    }

    /// Whether what lies of a torrent in a library is this state's to remove. What cannot be read was
    /// not begun.
    pub(super) fn has_begun(&self, info_hash: &InfoHash, root: &Root) -> bool {
        root.id.as_ref().is_some_and(|id| self.shelf.begun.holds(id, info_hash))
    }

    /// Whether some of it lies in the library, and was there before this state knew of it.
    pub(super) fn was_found(&self, title: &Title, roots: &[Root]) -> bool {
        let hash = &title.playable.info_hash;
        let found = |root: &Root| root.name == LIBRARY && !self.has_begun(hash, root);
        let mut all: Vec<usize> = title.files.iter().map(|(root, _)| *root).collect();
        all.dedup();
        all.into_iter().any(|root| found(&roots[root]))
    }

    /// Forgets that a torrent was begun in a folder of which nothing is left, and nothing is about to
    /// come; under the lock on changes.
    pub(super) fn forget_begun(&self, info_hash: &InfoHash, root: &Root) {
        let folder = root.folder_of(info_hash);
        let comes = || lock(&self.shelf.promised).keys().any(|path| path.starts_with(&folder));
        if !root.folder.is_dir() || !root.files_of(info_hash).is_empty() || comes() {
            return;
        }
        let known = root.id.as_ref().filter(|_| self.has_begun(info_hash, root));
        let forgotten = known
            .map_or(Ok(()), |id| self.shelf.begun.forget(id, Some(info_hash)))
            .and_then(|()| self.shelf.begun.forget_before(info_hash));
        if let Err(error) = forgotten {
            tracing::warn!(%error, "that a torrent is gone from the disk could not be noted");
        }
    }
}
