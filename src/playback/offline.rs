//! Titles that shall be here whole. What peers send comes by itself while its torrent is open; what a
//! store sends is copied beside, and gives way to whoever watches something that may stall.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep, timeout};

use super::film::Film;
use super::playable::{Playable, Via};
use super::records::Copied;
use super::shelf::LIBRARY;
use super::{Error, Playback, carry, durably, lock};
use crate::library::{self, Copy, Name, copy_name};
use crate::representation::{ByteStream, Representation};
use crate::swarm::name_on_disk;

/// How often it is looked whether there is something to do, and whether somebody watches.
const LOOK: Duration = Duration::from_secs(30);
/// How long it gives way at least.
const GIVES_WAY: Duration = Duration::from_millis(500);
/// After how long what was copied is flushed, and noted.
const NOTED: Duration = Duration::from_secs(5);
/// How long nothing may come; a reader that is carried from way to way has patience of its own.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long peers are waited for, so that other titles have their turn; they are asked on behind.
const FIRST_BYTE: Duration = Duration::from_secs(30);
/// How often it is looked whether a copy is still wanted while nothing of it comes.
const TICK: Duration = Duration::from_secs(1);

/// Why what was kept on a disk is not begun anew on another.
const AWAY: &str =
    "it lies on a disk that is away: plug that in, or remove the title and keep it anew";

/// Why a copy did not become whole.
enum Stopped {
    /// Somebody watches.
    GivesWay,
    /// It was removed, or its owner wants it no more.
    Unwanted,
    /// In a sentence.
    Trouble(String),
}

impl Playback {
    /// Makes what is to be kept whole, one title after the other; to be run until the server stops.
    pub async fn keep_all(self: Arc<Self>) {
        loop {
            let wanted = self.wanted_whole();
            lock(&self.shelf.troubles).retain(|media_id, _| wanted.contains(media_id));
            for media_id in wanted {
                if self.lies_on_a_disk_that_is_away(&media_id) {
                    // Begun here it would take the card's room and the line, and be there twice.
                    lock(&self.shelf.troubles).insert(media_id, AWAY.to_owned());
                    continue;
                }
                let done = self.make_whole(&media_id).await;
                let mut troubles = lock(&self.shelf.troubles);
                match done {
                    Ok(()) => drop(troubles.remove(&media_id)),
                    Err(error) => {
                        tracing::warn!(%error, "a title could not be kept yet");
                        troubles.insert(media_id, error.to_string());
                    }
                }
            }
            let _ = timeout(LOOK, self.shelf.wanted.notified()).await;
        }
    }

    fn wanted_whole(&self) -> Vec<String> {
        let mut wanted = self.shelf.records.kept().unwrap_or_default();
        let open =
            |id: &String| self.known(id).is_ok_and(|known| self.bytes_on_disk(&known).is_none());
        wanted.retain(open);
        wanted
    }

    /// Whether all that is here of a title, whole, as a copy or in pieces, was pulled with its disk.
    fn lies_on_a_disk_that_is_away(&self, media_id: &str) -> bool {
        let Ok(known) = self.known(media_id) else { return false };
        let copied = self.shelf.records.copied(media_id).map(|copied| copied.path);
        let in_pieces = self.shelf.records.of(media_id).ok().and_then(|record| record.in_pieces);
        let noted: Vec<PathBuf> =
            [known.finished, copied, in_pieces].into_iter().flatten().collect();
        !noted.iter().any(|path| path.is_file()) && noted.iter().any(|path| self.is_away(path))
    }

    /// Notes where pieces of a title lie, while they do, so that they are waited for when they were
    /// pulled with their disk.
    fn note_pieces(&self, media_id: &str) -> Result<(), Error> {
        let (titles, at) = self.with_siblings(media_id, &self.roots())?;
        let mut pieces = titles[at].files.iter().map(|(_, file)| file);
        let pieces = pieces.find(|file| matches!(file.name, Name::Piece(_)));
        let Some(path) = pieces.map(|file| file.path.clone()) else { return Ok(()) };
        let record = self.shelf.records.of(media_id)?;
        // One that was removed meanwhile is not waited for.
        if record.kept && record.in_pieces.as_ref() != Some(&path) {
            self.shelf.records.change(media_id, |record| record.in_pieces = Some(path))?;
            tracing::debug!(media_id, "pieces of what is kept lie on the disk");
        }
        Ok(())
    }

    async fn make_whole(self: &Arc<Self>, media_id: &str) -> Result<(), Error> {
        let playable = self.known(media_id)?;
        let film = Film::new(self, self.session(media_id)?);
        self.give_way().await;
        if self.ways_of(&playable).first() == Some(&Via::Swarm) {
            // While its torrent is open, peers send all of it, and it is noted as whole when it is.
            // One that was set aside is added again by a reader, for whom a byte will do.
            let mut first = carry::read(film, 0..1);
            let came = timeout(FIRST_BYTE, first.next()).await;
            self.note_pieces(media_id)?;
            let why = match came {
                Ok(Some(Ok(_))) => return Ok(()),
                Ok(Some(Err(error))) => error.to_string(),
                Ok(None) | Err(_) => "no peer has sent anything of it yet".to_owned(),
            };
            return Err(Error::NotCopied { why });
        }
        let copy = self.begin_copy(media_id, &playable).await?;
        let outcome = self.fill(media_id, &copy, &film).await;
        if copy.first_gap().is_none() && outcome.is_ok() {
            return self.end_copy(media_id, &copy).await;
        }
        lock(&self.shelf.copies).remove(media_id);
        match outcome {
            Err(Stopped::Trouble(why)) => Err(Error::NotCopied { why }),
            _ => Ok(()),
        }
    }

    async fn begin_copy(&self, media_id: &str, playable: &Playable) -> Result<Arc<Copy>, Error> {
        let len = playable.file.size_bytes.unwrap_or(0);
        // Where it was begun, as long as that is there.
        let noted = self.shelf.records.copied(media_id).filter(|copied| copied.path.is_file());
        let path = noted.as_ref().map(|copied| copied.path.clone());
        let path = path.unwrap_or_else(|| self.path_of_copy(media_id, playable));
        let mut noted = noted.unwrap_or_default();
        self.room_for(&path, len).await.map_err(|why| Error::NotCopied { why })?;
        if !path.exists() {
            // What was noted is of a file that is gone; of the new one, which has its full length at
            // once, it must not be believed after a power cut.
            noted = Copied { path: path.clone(), ..Copied::default() };
            self.shelf.records.note_copied(media_id, &noted, || true)?;
        }
        if path.metadata().map(|metadata| metadata.len()).ok() != Some(len) {
            self.length_says_nothing(&playable.info_hash, &path)?;
        }
        let opened = durably(|| {
            let above = path.parent().and_then(std::path::Path::parent);
            // Its disk may have been pulled since; then the folder is not where new data goes.
            if let Some(above) = above.filter(|above| **above == self.parts.shelf.place.folder()) {
                std::fs::create_dir_all(above)?;
            }
            Copy::open(&path, len, &noted.here)
        });
        let copy = opened.map_err(|error| Error::Disk { why: error.kind().to_string() })?;
        let copy = Arc::new(copy);
        // From now on, what a player reads of it comes from here, and stays.
        lock(&self.shelf.copies).insert(media_id.to_owned(), Arc::clone(&copy));
        Ok(copy)
    }

    fn path_of_copy(&self, media_id: &str, playable: &Playable) -> PathBuf {
        let on_disk = name_on_disk(&playable.file);
        let extension = on_disk.rsplit('.').next().unwrap_or("bin");
        let roots = self.roots();
        let root = roots.iter().find(|root| root.name == LIBRARY);
        let folder = root.map(|root| root.folder_of(&playable.info_hash)).unwrap_or_default();
        folder.join(copy_name(media_id, extension))
    }

    /// Copies gap after gap, as long as it is wanted.
    async fn fill(&self, media_id: &str, copy: &Arc<Copy>, film: &Film) -> Result<(), Stopped> {
        while let Some(gap) = copy.first_gap() {
            self.give_way().await;
            if !self.is_wanted(media_id, copy) {
                return Ok(());
            }
            let read = self.fill_gap(media_id, copy, carry::read(film.clone(), gap)).await;
            let noted = self.note_copy(media_id, copy);
            match read {
                // The first thing that went wrong, not what came of it.
                Err(Stopped::Trouble(why)) => return Err(Stopped::Trouble(why)),
                _ if noted.is_err() => return noted,
                Err(Stopped::Unwanted) => {
                    tracing::info!("a copy is left off: it is wanted no more");
                    return Ok(());
                }
                Err(Stopped::GivesWay) | Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Whether this copy is the one that is being made of the title, and nobody has removed it.
    fn is_open(&self, media_id: &str, copy: &Copy) -> bool {
        let copies = lock(&self.shelf.copies);
        copies.get(media_id).is_some_and(|open| std::ptr::eq(Arc::as_ptr(open), copy))
    }

    fn is_wanted(&self, media_id: &str, copy: &Copy) -> bool {
        let kept = self.shelf.records.of(media_id).is_ok_and(|record| record.kept);
        kept && self.is_open(media_id, copy)
    }

    /// Reads `bytes`, which are read through the copy, and leaves off as soon as somebody watches
    /// what may stall. What has come is noted every few seconds.
    async fn fill_gap(
        &self,
        media_id: &str,
        copy: &Copy,
        mut bytes: ByteStream,
    ) -> Result<(), Stopped> {
        let (mut heard, mut noted) = (Instant::now(), Instant::now());
        loop {
            let next = timeout(TICK, bytes.next()).await;
            if !self.is_wanted(media_id, copy) {
                return Err(Stopped::Unwanted);
            }
            if noted.elapsed() >= NOTED {
                self.note_copy(media_id, copy)?;
                noted = Instant::now();
            }
            match next {
                Err(_) if heard.elapsed() < PATIENCE => {}
                Err(_) => return Err(Stopped::Trouble("its source sends nothing".to_owned())),
                Ok(None) => return Ok(()),
                Ok(Some(Err(error))) => return Err(Stopped::Trouble(error.to_string())),
                Ok(Some(Ok(_))) => heard = Instant::now(),
            }
            if self.readers.may_stall() {
                return Err(Stopped::GivesWay);
            }
        }
    }

    /// Flushes what is here, and only then notes it.
    fn note_copy(&self, media_id: &str, copy: &Copy) -> Result<(), Stopped> {
        if let Some(kind) = copy.fault() {
            return Err(Stopped::Trouble(format!("the library's disk does not take it ({kind})")));
        }
        let here = durably(|| copy.flush());
        let here = here.map_err(|error| Stopped::Trouble(error.kind().to_string()))?;
        let bytes = here.bytes();
        let copied = Copied { path: copy.path().to_owned(), here };
        let is_open = || self.is_open(media_id, copy);
        let noted = self.shelf.records.note_copied(media_id, &copied, is_open);
        if noted.map_err(|error| Stopped::Trouble(error.to_string()))? {
            tracing::debug!(bytes, "so much of a copy is on the disk");
        }
        Ok(())
    }

    /// Waits until nobody watches what may stall.
    pub(super) async fn give_way(&self) {
        while self.readers.may_stall() {
            sleep(GIVES_WAY).await;
        }
    }

    /// The copy is whole, and on the disk: it is served from there, after a restart too.
    async fn end_copy(&self, media_id: &str, copy: &Copy) -> Result<(), Error> {
        let _alone = self.shelf.changing.lock().await;
        // Again: a player may have filled the last gap.
        durably(|| copy.flush()).map_err(|error| Error::Disk { why: error.kind().to_string() })?;
        if lock(&self.shelf.copies).remove(media_id).is_none() {
            return Ok(()); // removed meanwhile
        }
        self.note_place(media_id, Some(copy.path()))?;
        lock(&self.sessions).remove(media_id);
        self.shelf.records.forget_copied(media_id)?;
        tracing::info!("a copy is whole on the disk, and served from there");
        Ok(())
    }

    /// The bytes of a title, read through its copy while one is being made.
    pub(super) fn through_copy(
        &self,
        media_id: &str,
        bytes: Arc<dyn Representation>,
    ) -> Arc<dyn Representation> {
        let copy: Option<Arc<library::Copy>> = lock(&self.shelf.copies).get(media_id).cloned();
        match copy {
            Some(copy) => copy.over(bytes),
            None => bytes,
        }
    }
}
