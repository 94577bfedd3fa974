//! A film that is whole on the disk, and is served from there: when it has become so, whether it still
//! is, and when that is not believed any more. A disk that was pulled takes nothing from its films.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::bytes_by_way::Bytes;
use super::playable::Playable;
use super::session::Session;
use super::{Error, Playback, durably};
use crate::library::DiskFile;
use crate::media::StremioId;
use crate::representation::{Representation as _, media_type_of};
use crate::torrent::{InfoHash, entity_tag};

impl Playback {
    /// What is whole on the disk of the films and episodes that were chosen for `id` before.
    pub(super) fn finished_of(&self, id: &StremioId) -> Result<Vec<Playable>, Error> {
        let mut chosen = self.chosen.of_title(id)?;
        chosen.retain(|one| one.finished.as_ref().is_some_and(|path| on_disk(one, path).is_some()));
        Ok(chosen)
    }

    /// The bytes of a film that is whole on the disk. `playable` may have been read long ago, so the
    /// note is looked at again, after the file was opened: who gives a file its whole length takes the
    /// note before.
    pub(super) fn bytes_on_disk(&self, playable: &Playable) -> Option<Bytes> {
        let path = playable.finished.as_ref()?;
        let disk = on_disk(playable, path)?;
        let is_noted = match self.chosen.get(&playable.media_id()) {
            Ok(now) => now.is_some_and(|now| now.finished.as_ref() == Some(path)),
            // A state that cannot be read takes nothing from its films.
            Err(_) => true,
        };
        is_noted.then_some(Bytes::Disk(disk))
    }

    /// The same for who has it open: what is doubted is not believed, also where that cannot be noted.
    pub(super) fn believed_on_disk(&self, session: &Session) -> Option<Bytes> {
        let bytes = self.bytes_on_disk(&session.playable)?;
        (!session.doubted.load(Ordering::SeqCst)).then_some(bytes)
    }

    /// Whether a film that comes from a server lies whole on a disk that was away when it was opened.
    pub(super) fn is_on_disk_again(&self, session: &Session, bytes: &Bytes) -> bool {
        matches!(bytes, Bytes::Link(_) | Bytes::Mirror(_))
            && self.believed_on_disk(session).is_some()
    }

    /// Once the last piece is here (and on the disk: the swarm has synced it), the file is served
    /// from the disk, and after a restart too, without the engine. To note that is for later; where
    /// the state cannot be written the film plays all the same.
    pub(super) fn settled(&self, playable: &Playable, bytes: Bytes) -> Bytes {
        let Bytes::Swarm(file) = &bytes else { return bytes };
        let Some(path) = file.complete_path().map(Path::to_owned) else { return bytes };
        let finished = Playable { finished: Some(path.clone()), ..playable.clone() };
        let Some(disk) = on_disk(&finished, &path) else { return bytes };
        match self.note_place(&playable.media_id(), Some(&path)) {
            Ok(()) => {
                tracing::info!(info_hash = %playable.info_hash, "the whole file is on the disk, and served from there");
            }
            Err(error) => tracing::warn!(%error, "a finished film could not be noted"),
        }
        Bytes::Disk(disk)
    }

    /// Whether a finished file is gone from a library that is there, or where a new one is to be made
    /// (the disk is another, and empty). On a disk that was pulled it is not lost: its torrent's folder
    /// and the library are gone with it.
    pub(super) fn is_lost(&self, path: &Path) -> bool {
        let is_there =
            |library: &Path| library.is_dir() || library == self.parts.shelf.place.folder();
        !path.is_file() && path.ancestors().nth(2).is_some_and(is_there)
    }

    /// Whether a file is on a disk that was pulled: the library that it is in is not there, and is not
    /// where new data goes.
    pub(super) fn is_away(&self, path: &Path) -> bool {
        let always = self.parts.shelf.place.always();
        !path.is_file() && !path.starts_with(always) && !self.is_lost(path)
    }

    /// A file is about to get its whole length, and has none of its bytes yet: a film that was noted as
    /// whole there would pass for it, so the note goes first. It is another disk at the same place, or
    /// the file was cut short.
    pub(super) fn length_says_nothing(
        &self,
        info_hash: &InfoHash,
        path: &Path,
    ) -> Result<(), Error> {
        for playable in self.chosen.of_torrent(info_hash)? {
            if playable.finished.as_deref() == Some(path) {
                tracing::warn!(%info_hash, "a film that was whole on the disk is not there any more");
                self.note_place(&playable.media_id(), None)?;
            }
        }
        Ok(())
    }

    /// A read of the finished file has failed. Where its disk answers otherwise, it is the file that is
    /// damaged, and what cannot be read of it is fetched again; on a disk that was pulled it is sound.
    pub(super) fn doubt(&self, session: &Session) {
        let Ok(known) = self.known(&session.playable.media_id()) else { return };
        let Some(path) = &known.finished else { return };
        if durably(|| std::fs::File::open(path).and_then(|file| file.sync_all())).is_err() {
            return;
        }
        // Also where the note cannot be changed.
        session.doubted.store(true, Ordering::SeqCst);
        let info_hash = known.info_hash;
        tracing::warn!(%info_hash, "a film's file on the disk is damaged, and is not taken for whole");
        if let Err(error) = self.note_place(&session.playable.media_id(), None) {
            tracing::warn!(%error, "that a film is damaged could not be noted");
        }
    }
}

/// The finished file, if it is still there and whole.
fn on_disk(playable: &Playable, path: &Path) -> Option<Arc<DiskFile>> {
    let tag = entity_tag(&playable.info_hash, &playable.file);
    let media_type = media_type_of(&playable.file.name).to_owned();
    let disk = DiskFile::open(path, tag, media_type, playable.modified()).ok()?;
    (Some(disk.len()) == playable.file.size_bytes).then(|| Arc::new(disk))
}
