//! Who reads which title, now and last: so that nothing is removed under a reader, what is done
//! beside gives way, and each evening counts once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::lock;
use super::session::Session;

/// After so long without a read, the next one is of another evening.
const EVENING: Duration = Duration::from_secs(1800);

/// Readers of all titles.
#[derive(Default)]
pub(super) struct Readers {
    titles: Mutex<HashMap<String, Title>>,
    /// Titles that were read past [`NEARLY`], not looked at yet.
    nearly: Mutex<Vec<String>>,
    pub(super) wake: Notify,
}

#[derive(Default)]
struct Title {
    reading: usize,
    session: Option<Arc<Session>>,
    last: Option<Instant>,
    /// Somebody pressed play, and nothing was read since.
    chosen: bool,
    nearly: bool,
}

/// Past which part of a film its end is near, in percent.
const NEARLY: u64 = 80;

/// One reader; gone when dropped.
pub(super) struct Reading {
    readers: Arc<Readers>,
    media_id: String,
    /// Where the end is near; `None` once it was told.
    mark: Option<u64>,
    at: u64,
}

impl Readers {
    /// A read begins, at `at` of `len` bytes; says whether another evening begins with it.
    pub(super) fn begin(
        self: &Arc<Self>,
        media_id: &str,
        session: &Arc<Session>,
        (at, len): (u64, u64),
    ) -> (Reading, bool) {
        let mut titles = lock(&self.titles);
        let title = titles.entry(media_id.to_owned()).or_default();
        let rested = title.last.is_none_or(|last| last.elapsed() > EVENING);
        let counts = title.chosen || (rested && title.reading == 0);
        title.chosen = false;
        title.reading += 1;
        title.last = Some(Instant::now());
        title.session = Some(Arc::clone(session));
        // A player looks at the end first, for its index: only who comes to the mark from before it
        // has watched so far.
        let mark = (len / 100).saturating_mul(NEARLY);
        let mark = Some(mark).filter(|mark| at <= *mark && !title.nearly);
        let (readers, media_id) = (Arc::clone(self), media_id.to_owned());
        (Reading { readers, media_id, mark, at }, counts)
    }

    /// Somebody pressed play.
    pub(super) fn choose(&self, media_id: &str) {
        let mut titles = lock(&self.titles);
        let title = titles.entry(media_id.to_owned()).or_default();
        title.chosen = true;
        title.last = Some(Instant::now());
    }

    pub(super) fn is_read(&self, media_id: &str) -> bool {
        lock(&self.titles).get(media_id).is_some_and(|title| title.reading > 0)
    }

    /// How many read it now.
    pub(super) fn count(&self, media_id: &str) -> usize {
        lock(&self.titles).get(media_id).map_or(0, |title| title.reading)
    }

    /// How long nobody has read it; `None` where nobody has since the start.
    pub(super) fn idle(&self, media_id: &str) -> Option<Duration> {
        let titles = lock(&self.titles);
        let title = titles.get(media_id)?;
        if title.reading > 0 { Some(Duration::ZERO) } else { title.last.map(|last| last.elapsed()) }
    }

    /// Whether somebody reads what may stall: what is done beside has to wait.
    pub(super) fn are_in_need(&self) -> bool {
        let reading: Vec<Arc<Session>> = {
            let titles = lock(&self.titles);
            let read = titles.values().filter(|title| title.reading > 0);
            read.filter_map(|title| title.session.clone()).collect()
        };
        reading.iter().any(|session| session.may_stall())
    }

    /// The titles whose end has come near since the last call.
    pub(super) fn take_nearly_over(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.nearly))
    }

    /// The picture stands near the end; told once a title.
    pub(super) fn is_nearly_over(&self, media_id: &str) {
        let before = {
            let mut titles = lock(&self.titles);
            let title = titles.entry(media_id.to_owned()).or_default();
            std::mem::replace(&mut title.nearly, true)
        };
        if !before {
            lock(&self.nearly).push(media_id.to_owned());
            self.wake.notify_one();
        }
    }
}

impl Reading {
    /// So many bytes were read.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes as u64;
        if self.mark.is_some_and(|mark| self.at > mark) {
            self.mark = None;
            self.readers.is_nearly_over(&self.media_id);
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut titles = lock(&self.readers.titles);
        let Some(title) = titles.get_mut(&self.media_id) else { return };
        title.reading -= 1;
        title.last = Some(Instant::now());
        if title.reading == 0 {
            title.session = None;
        }
    }
}
