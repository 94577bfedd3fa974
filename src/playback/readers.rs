//! Who reads which film, now and last: so that nothing is removed under a reader and the box is not
//! started anew in the middle of a film, what is done beside gives way, a film can be stopped, and
//! each evening counts once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::held_up::Pace;
use super::thin_line::Line;
use super::{Playback, lock};
use crate::torrent::InfoHash;

/// After so long without a read, the next one is of another evening.
const EVENING: Duration = Duration::from_secs(1800);
/// A reader that was given nothing for so long shares no way with the others: a player keeps
/// connections open that it does not read.
pub(super) const STANDS_STILL: Duration = Duration::from_secs(20);
/// Past which part of a film its end is near, in percent.
const NEARLY: u64 = 80;

/// Readers of all films.
#[derive(Default)]
pub(super) struct Readers {
    pub(super) seen: Mutex<Seen>,
    /// Titles that were read past [`NEARLY`], not looked at yet.
    nearly: Mutex<Vec<String>>,
    pub(super) wake: Notify,
}

#[derive(Default)]
pub(super) struct Seen {
    pub(super) reading: HashMap<u64, Open>,
    next: u64,
    last_left: Option<Instant>,
    titles: HashMap<String, Title>,
    /// When each torrent was read last, by who has gone, or chosen.
    pub(super) torrents: HashMap<InfoHash, Instant>,
}

/// A reader, as the others are told of it.
pub(super) struct Open {
    pub(super) read: Read,
    away: CancellationToken,
    /// When it was given something, and how it comes on.
    pub(super) pace: Pace,
    /// What is known of the line to it.
    pub(super) line: Line,
}

#[derive(Default)]
struct Title {
    last: Option<Instant>,
    /// Somebody pressed play, and nothing was read since.
    chosen: bool,
    nearly: bool,
}

/// What a reader reads.
pub(super) struct Read {
    pub(super) media_id: String,
    pub(super) info_hash: InfoHash,
    /// The byte at which it begins, of how many.
    pub(super) at: u64,
    pub(super) len: u64,
    /// Which file of the torrent, where that is known.
    pub(super) index: Option<u32>,
    /// How many bytes of it are shown in a second.
    pub(super) bytes_s: u64,
    /// Whether its next byte may be late, as things are.
    pub(super) may_stall: Box<dyn Fn() -> bool + Send>,
}

/// One reader; gone when dropped.
pub(super) struct Reading {
    readers: Arc<Readers>,
    number: u64,
    away: CancellationToken,
    media_id: String,
    /// Where the end is near; `None` once it was told.
    mark: Option<u64>,
    at: u64,
}

impl Seen {
    fn count(&self, one: impl Fn(&Read) -> bool) -> usize {
        self.reading.values().filter(|open| one(&open.read)).count()
    }
}

impl Readers {
    /// A read begins; says whether another evening begins with it.
    pub(super) fn begin(self: &Arc<Self>, read: Read) -> (Reading, bool) {
        let (media_id, at) = (read.media_id.clone(), read.at);
        let mut seen = lock(&self.seen);
        let alone = seen.count(|other| other.media_id == media_id) == 0;
        let title = seen.titles.entry(media_id.clone()).or_default();
        let rested = title.last.is_none_or(|last| last.elapsed() > EVENING);
        let counts = title.chosen || (rested && alone);
        title.chosen = false;
        title.last = Some(Instant::now());
        // A player looks at the end first, for its index: only who comes to the mark from before it
        // has watched so far.
        let mark = (read.len / 100).saturating_mul(NEARLY);
        let mark = Some(mark).filter(|mark| at <= *mark && !title.nearly);
        let (number, away) = (seen.next, CancellationToken::new());
        seen.next += 1;
        let line = Line::from(at, read.bytes_s);
        seen.reading.insert(number, Open { read, away: away.clone(), pace: Pace::at(at), line });
        drop(seen);
        (Reading { readers: Arc::clone(self), number, away, media_id, mark, at }, counts)
    }

    /// Somebody pressed play.
    pub(super) fn choose(&self, media_id: &str, info_hash: InfoHash) {
        let mut seen = lock(&self.seen);
        seen.torrents.insert(info_hash, Instant::now());
        let title = seen.titles.entry(media_id.to_owned()).or_default();
        title.chosen = true;
        title.last = Some(Instant::now());
    }

    /// How many there are.
    pub(super) fn all(&self) -> usize {
        lock(&self.seen).reading.len()
    }

    /// How many read a title now.
    pub(super) fn of(&self, media_id: &str) -> usize {
        lock(&self.seen).count(|read| read.media_id == media_id)
    }

    /// How many are given a title's bytes now.
    pub(super) fn active_of(&self, media_id: &str) -> usize {
        let seen = lock(&self.seen);
        let of_title = seen.reading.values().filter(|open| open.read.media_id == media_id);
        of_title.filter(|open| open.pace.given.elapsed() < STANDS_STILL).count()
    }

    /// How many read a torrent now, whichever of its files.
    pub(super) fn of_torrent(&self, info_hash: &InfoHash) -> usize {
        lock(&self.seen).count(|read| read.info_hash == *info_hash)
    }

    /// How long nobody has read a title; `None` where nobody has since the start.
    pub(super) fn idle(&self, media_id: &str) -> Option<Duration> {
        let seen = lock(&self.seen);
        let last = seen.titles.get(media_id)?.last?;
        let read = seen.count(|read| read.media_id == media_id) > 0;
        Some(if read { Duration::ZERO } else { last.elapsed() })
    }

    fn were_there_within(&self, lately: Duration) -> bool {
        let seen = lock(&self.seen);
        !seen.reading.is_empty() || seen.last_left.is_some_and(|left| left.elapsed() < lately)
    }

    /// Whether the next byte of one of them may be late: what is done beside has to wait.
    pub(super) fn may_stall(&self) -> bool {
        lock(&self.seen).count(|read| (read.may_stall)()) > 0
    }

    /// Ends whatever is read of a torrent.
    pub(super) fn send_away(&self, info_hash: &InfoHash) {
        for open in lock(&self.seen).reading.values() {
            if open.read.info_hash == *info_hash {
                open.away.cancel();
            }
        }
    }

    /// The titles whose end has come near since the last call.
    pub(super) fn take_nearly_over(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.nearly))
    }

    /// The picture stands near the end; told once a title.
    pub(super) fn is_nearly_over(&self, media_id: &str) {
        let before = {
            let mut seen = lock(&self.seen);
            let title = seen.titles.entry(media_id.to_owned()).or_default();
            std::mem::replace(&mut title.nearly, true)
        };
        if !before {
            lock(&self.nearly).push(media_id.to_owned());
            self.wake.notify_one();
        }
    }
}

impl Reading {
    /// It wants its next bytes.
    pub(super) fn asks(&self) {
        if let Some(open) = lock(&self.readers.seen).reading.get_mut(&self.number) {
            open.pace.asks();
        }
    }

    /// So many bytes were read.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at += bytes as u64;
        if let Some(open) = lock(&self.readers.seen).reading.get_mut(&self.number) {
            open.pace.is_given(self.at);
        }
        if self.mark.is_some_and(|mark| self.at > mark) {
            self.mark = None;
            self.readers.is_nearly_over(&self.media_id);
        }
    }

    /// Ends when this reader is to go.
    pub(super) async fn sent_away(&self) {
        self.away.cancelled().await;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let now = Some(Instant::now());
        let mut seen = lock(&self.readers.seen);
        // What it held is let go without the lock: it may be a film's last hold.
        let left = seen.reading.remove(&self.number);
        seen.last_left = now;
        if let Some(open) = &left {
            seen.torrents.insert(open.read.info_hash, Instant::now());
        }
        if let Some(title) = seen.titles.get_mut(&self.media_id) {
            title.last = now;
        }
        drop(seen);
        drop(left);
    }
}

impl Playback {
    /// Whether a film is being read, or was within `lately`: a set that has filled its buffer closes
    /// its connection and comes again for more.
    #[must_use]
    pub fn watched_within(&self, lately: Duration) -> bool {
        self.readers.were_there_within(lately)
    }

    /// Whether somebody reads this torrent now.
    #[must_use]
    pub fn is_being_read(&self, info_hash: &InfoHash) -> bool {
        self.readers.of_torrent(info_hash) > 0
    }

    /// How many readers there are.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.readers.all()
    }

    /// Whether anybody watches something whose next byte may be late. Work that can wait (a copy, an
    /// episode ahead of its time) yields while this is so.
    #[must_use]
    pub fn someone_may_stall(&self) -> bool {
        self.readers.may_stall()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::playback) fn read(number: u8, stalls: bool) -> Read {
        let info_hash = InfoHash::from_bytes([number; 20]);
        let may_stall = Box::new(move || stalls);
        let (media_id, index) = (format!("film {number}"), Some(0));
        Read { media_id, info_hash, at: 0, len: 1000, index, bytes_s: 10, may_stall }
    }

    #[tokio::test(start_paused = true)]
    async fn a_film_is_watched_until_its_last_reader_has_been_gone_for_a_while() {
        let readers = Arc::new(Readers::default());
        let lately = Duration::from_secs(60);
        assert!(!readers.were_there_within(lately));
        let (one, other) = (readers.begin(read(1, false)).0, readers.begin(read(1, false)).0);
        drop(one);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(readers.were_there_within(lately), "one still reads");
        assert_eq!(readers.idle("film 1"), Some(Duration::ZERO));
        drop(other);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(readers.were_there_within(lately));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!readers.were_there_within(lately));
        assert_eq!(readers.idle("film 1"), Some(Duration::from_secs(61)));
        assert_eq!(readers.idle("film 2"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_given_nothing_shares_no_way() {
        let readers = Arc::new(Readers::default());
        let (mut one, _still) = (readers.begin(read(1, false)).0, readers.begin(read(1, false)).0);
        assert_eq!(readers.active_of("film 1"), 2);
        tokio::time::advance(STANDS_STILL).await;
        one.advance(1);
        assert_eq!((readers.active_of("film 1"), readers.of("film 1")), (1, 2));
    }

    #[tokio::test]
    async fn who_reads_one_torrent_is_sent_away_alone() {
        let readers = Arc::new(Readers::default());
        let (one, other) = (readers.begin(read(1, false)).0, readers.begin(read(2, true)).0);
        assert!(readers.may_stall());
        readers.send_away(&InfoHash::from_bytes([1; 20]));
        one.sent_away().await;
        assert!(!other.away.is_cancelled());
        drop(other);
        assert!(!readers.may_stall());
        assert_eq!(readers.of_torrent(&InfoHash::from_bytes([1; 20])), 1);
        assert_eq!((readers.of("film 1"), readers.of("film 2"), readers.all()), (1, 0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_evening_counts_once_however_many_ranges_it_has() {
        let readers = Arc::new(Readers::default());
        let counts = |readers: &Arc<Readers>| readers.begin(read(1, false)).1;
        assert!(counts(&readers));
        assert!(!counts(&readers), "the next range");
        readers.choose("film 1", InfoHash::from_bytes([1; 20]));
        assert!(counts(&readers), "play was pressed again");
        tokio::time::advance(EVENING + Duration::from_secs(1)).await;
        assert!(counts(&readers), "the next evening");
    }

    #[test]
    fn the_end_is_near_for_who_came_to_it_from_before() {
        let readers = Arc::new(Readers::default());
        let mut at_the_index = readers.begin(Read { at: 900, ..read(1, false) }).0;
        at_the_index.advance(100);
        assert!(readers.take_nearly_over().is_empty());
        let mut watched = readers.begin(read(1, false)).0;
        watched.advance(800);
        assert!(readers.take_nearly_over().is_empty());
        watched.advance(1);
        assert_eq!(readers.take_nearly_over(), ["film 1"]);
        watched.advance(1);
        assert!(readers.take_nearly_over().is_empty(), "told once");
    }
}
