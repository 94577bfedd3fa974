//! One film, opened once: a television asks for forty ranges of it, and none of them searches,
//! adds a magnet or opens a torrent again.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::by_hash::ByHash;
use super::bytes_by_way::Bytes;
use super::catalogue::asked;
use super::film::Film;
use super::given::LastGiven;
use super::playable::{Playable, Via};
use super::strikes::Strikes;
use super::{Error, Playback, lock};
use crate::representation::Representation;
use crate::select::Profile;

/// How long a request waits to hear that a film cannot be opened again. After that its headers are
/// sent, and its bytes follow when they come: players wait for a body longer than for a header.
const OPENING: Duration = Duration::from_secs(2);
/// How long a film that nobody reads is kept open.
const IDLE: Duration = Duration::from_secs(1800);

/// A file and, once somebody asked for it, its bytes.
pub(super) struct Session {
    pub(super) playable: Playable,
    opened: tokio::sync::Mutex<Option<Bytes>>,
    used: Mutex<Instant>,
    /// Which way the log has told of.
    pub(super) said: Mutex<Option<Via>>,
    /// That its way is slower than the film, where it is.
    short: Mutex<Option<Short>>,
    /// What was passed on last from a store.
    pub(super) given: LastGiven,
    /// The ways that have failed lately.
    pub(super) strikes: Mutex<Strikes>,
    /// Its file on the disk is not believed to be whole any more, whatever was noted of it.
    pub(super) doubted: AtomicBool,
}

/// What a way brings and what the film needs, in bytes a second.
#[derive(Debug, Clone, Copy)]
struct Short {
    brings: u64,
    needs: u64,
}

impl Session {
    fn new(playable: Playable, bytes: Option<Bytes>) -> Arc<Self> {
        let (used, strikes) = (Mutex::new(Instant::now()), Mutex::default());
        let (opened, said) = (tokio::sync::Mutex::new(bytes), Mutex::default());
        let (doubted, short) = (AtomicBool::new(false), Mutex::default());
        let given = LastGiven::default();
        Arc::new(Self { playable, opened, used, said, short, given, strikes, doubted })
    }

    /// Its way brings less than the film needs, and there is no better one.
    pub(super) fn falls_short(&self, via: Via, brings: u64, needs: u64) {
        if lock(&self.short).replace(Short { brings, needs }).is_none() {
            let info_hash = self.playable.info_hash;
            tracing::warn!(%info_hash, %via, brings_bytes_s = brings, needs_bytes_s = needs, "a film's bit rate is above what its way brings");
        }
    }

    /// Its way is fast enough, or was found to be again.
    pub(super) fn keeps_up(&self) {
        lock(&self.short).take();
    }

    /// A sentence for who watches, where its way is too slow for it.
    pub(super) fn note(&self) -> Option<String> {
        let Short { brings, needs } = (*lock(&self.short))?;
        let (brings, needs) = (megabits(brings), megabits(needs));
        Some(format!(
            "the film takes {needs} Mbit/s and its way brings {brings} Mbit/s, so that it stops now \
             and then: choose a smaller release, or wait until more of it is here"
        ))
    }

    /// Closes these bytes, unless others are open by now, or are just being opened. Says whether.
    pub(super) fn close(&self, bytes: &Arc<dyn Representation>) -> bool {
        let Ok(mut opened) = self.opened.try_lock() else { return false };
        let same = |open: &mut Bytes| Arc::ptr_eq(&open.representation(), bytes);
        opened.take_if(same).is_some()
    }

    /// Closes what comes from peers, unless it is whole, or just being opened.
    pub(super) fn leave_peers(&self) {
        let Ok(mut opened) = self.opened.try_lock() else { return };
        opened.take_if(|open| matches!(open, Bytes::Swarm(file) if !file.is_complete()));
    }

    /// Its bytes, where they are open.
    pub(super) fn opened_bytes(&self) -> Option<Arc<dyn Representation>> {
        let opened = self.opened.try_lock().ok()?;
        opened.as_ref().map(Bytes::representation)
    }

    pub(super) fn is_open(&self) -> bool {
        self.opened.try_lock().is_ok_and(|opened| opened.is_some())
    }

    /// Whether a read may have to wait; so also where it is just being opened.
    pub(super) fn may_stall(&self) -> bool {
        let Ok(opened) = self.opened.try_lock() else { return true };
        opened.as_ref().is_none_or(|bytes| bytes.representation().may_stall())
    }

    /// Which way its bytes come now; `None` where it is not open, or just being opened.
    pub(super) fn via(&self) -> Option<Via> {
        let opened = self.opened.try_lock().ok()?;
        Some(match opened.as_ref()? {
            Bytes::Swarm(file) if file.is_complete() => Via::Disk,
            bytes => bytes.via(),
        })
    }

    fn is_idle(&self) -> bool {
        lock(&self.used).elapsed() > IDLE
    }
}

/// In Mbit/s, with one decimal.
pub(super) fn megabits(bytes_s: u64) -> String {
    let tenths = bytes_s * 8 / 100_000;
    format!("{}.{}", tenths / 10, tenths % 10)
}

impl Playback {
    /// Takes a chosen file in, durably, so that its link outlives this process.
    pub(super) fn keep(&self, mut playable: Playable, bytes: Bytes) -> Result<(), Error> {
        let media_id = playable.media_id();
        // What peers send has been lost from the disk since, and lies there in pieces; or its disk was
        // pulled, and comes back with all of it.
        let by_peers = matches!(bytes, Bytes::Swarm(_));
        let stays = |path: &PathBuf| !by_peers || self.is_away(path);
        let noted = self.chosen.get(&media_id)?.and_then(|before| before.finished).filter(stays);
        self.chosen.put_over(&mut playable, |playable, before| {
            // A program that reads a film by its hash knows less of it.
            playable.id = playable.id.or(before.id);
            playable.title = playable.title.take().or(before.title);
            // `Last-Modified` is of the bytes, and these are the same.
            playable.since = before.since;
            playable.finished = before.finished.filter(|path| noted.as_ref() == Some(path));
        })?;
        self.lists.touch(&media_id);
        lock(&self.sessions).insert(media_id, Session::new(playable, Some(bytes)));
        Ok(())
    }

    /// The bytes of a link's media id.
    pub async fn representation(
        self: &Arc<Self>,
        media_id: &str,
    ) -> Result<Arc<dyn Representation>, Error> {
        self.representation_for(media_id, None).await
    }

    /// The same for the set that asks: of a title that nobody has chosen a release of, one that this
    /// set plays.
    pub async fn representation_for(
        self: &Arc<Self>,
        media_id: &str,
        set: Option<&'static Profile>,
    ) -> Result<Arc<dyn Representation>, Error> {
        if let Some(asked) = ByHash::read(media_id) {
            let opened = self.opened_by_hash(asked).await?;
            return self.representation_of(&opened).await;
        }
        match asked(media_id) {
            Some(id) => self.representation_asked(&(id, set)).await,
            None => self.representation_of(media_id).await,
        }
    }

    /// The same of what was chosen.
    pub(super) async fn representation_of(
        self: &Arc<Self>,
        media_id: &str,
    ) -> Result<Arc<dyn Representation>, Error> {
        self.representation_within(media_id, OPENING).await
    }

    /// The same for who is not told within `patience`, of [`OPENING`] at most, but in the body.
    pub(super) async fn representation_within(
        self: &Arc<Self>,
        media_id: &str,
        patience: Duration,
    ) -> Result<Arc<dyn Representation>, Error> {
        let session = self.session(media_id)?;
        *lock(&session.used) = Instant::now();
        self.fetch_subtitles_first(media_id);
        let film = Film::new(self, session);
        let opened = async {
            film.open().await?;
            match film.vouch(0).await {
                // What cannot be read may be read elsewhere in it; the body looks again.
                Err(error @ Error::NotAFilm { .. }) => Err(error),
                _ => Ok(()),
            }
        };
        match tokio::time::timeout(patience.min(OPENING), opened).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Ok(Arc::new(film)),
        }
    }

    /// The same for who wants to know of the bytes and not to read them: what is not open stays
    /// so, unless it is sure that it cannot come. What nobody has chosen yet is chosen: its length is
    /// not known before.
    pub async fn unopened(
        self: &Arc<Self>,
        media_id: &str,
        set: Option<&'static Profile>,
    ) -> Result<Arc<dyn Representation>, Error> {
        if asked(media_id).is_some() || ByHash::read(media_id).is_some() {
            return self.representation_for(media_id, set).await;
        }
        let session = self.session(media_id)?;
        let playable = &session.playable;
        self.is_not_refused(playable)?;
        let film = Film::new(self, Arc::clone(&session));
        // On the disk it costs nothing to look.
        if session.is_open() || film.is_lost() || self.believed_on_disk(&session).is_some() {
            return self.representation(media_id).await;
        }
        Ok(Arc::new(film))
    }

    /// Looks at every film that peers are sending, so that one that became whole after its last
    /// reader went is known to be, too; and closes those that nobody has read for long.
    pub(super) fn settle_all(&self) {
        let sessions: Vec<Arc<Session>> = lock(&self.sessions).values().cloned().collect();
        for session in sessions {
            // Who is just opening it settles it as well.
            let Ok(mut opened) = session.opened.try_lock() else { continue };
            *opened = opened.take().map(|bytes| self.settled(&session.playable, bytes));
        }
        lock(&self.sessions)
            .retain(|_, session| Arc::strong_count(session) > 1 || !session.is_idle());
    }

    /// Closes every film: the owner has changed by which ways films may come. Who reads one goes on.
    pub(super) fn close_all(&self) {
        lock(&self.sessions).clear();
    }

    pub(super) fn session(&self, media_id: &str) -> Result<Arc<Session>, Error> {
        if let Some(session) = lock(&self.sessions).get(media_id) {
            return Ok(Arc::clone(session));
        }
        let playable = self.chosen.get(media_id)?;
        let session = Session::new(playable.ok_or(Error::UnknownMedia)?, None);
        let mut sessions = lock(&self.sessions);
        Ok(Arc::clone(sessions.entry(media_id.to_owned()).or_insert(session)))
    }

    /// The session's bytes, and the way they come: those that are open, else opened anew.
    pub(super) async fn open(
        &self,
        session: &Session,
    ) -> Result<(Via, Arc<dyn Representation>), Error> {
        let mut opened = session.opened.lock().await;
        let stays = |bytes: &Bytes| !bytes.are_gone() && !self.is_on_disk_again(session, bytes);
        let bytes = match opened.take().filter(stays) {
            Some(bytes) => self.settled(&session.playable, bytes),
            None => self.reopen(session).await?,
        };
        let bytes = opened.insert(bytes);
        Ok((bytes.via(), bytes.representation()))
    }
}
