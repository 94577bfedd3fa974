//! How readers get on: who has to wait for bytes, and what nobody reads.

use std::time::Duration;

use tokio::time::Instant;

use super::lock;
use super::readers::{Open, Read, Readers, STANDS_STILL};
use super::thin_line::Look;
use crate::torrent::InfoHash;

/// How a reader gets on.
pub(super) struct Pace {
    /// The byte that it comes to next.
    at: u64,
    /// When it was given something last, or began.
    pub(super) given: Instant,
    /// Since when it waits for its next bytes, where it does.
    asks: Option<Instant>,
    /// How long it has waited for them in all, but for the wait that lasts.
    waited: Duration,
    /// The last look at it, and how long it had waited by then.
    looked: (Instant, Duration),
}

/// Where in a file of a torrent somebody reads, and what that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) info_hash: InfoHash,
    pub(super) index: u32,
    pub(super) at: u64,
    pub(super) len: u64,
    pub(super) bytes_s: u64,
}

impl Pace {
    pub(super) fn at(at: u64) -> Self {
        let now = Instant::now();
        Self { at, given: now, asks: None, waited: Duration::ZERO, looked: (now, Duration::ZERO) }
    }

    pub(super) fn asks(&mut self) {
        self.asks = Some(Instant::now());
    }

    pub(super) fn is_given(&mut self, to: u64) {
        self.waited += self.asks.take().map_or(Duration::ZERO, |since| since.elapsed());
        (self.at, self.given) = (to, Instant::now());
    }

    /// Whether it does not even ask.
    fn stands_still(&self) -> bool {
        self.asks.is_none() && self.given.elapsed() >= STANDS_STILL
    }

    /// How it stands, and whether it waits for its next bytes.
    pub(super) fn look(&self) -> (Look, bool) {
        let waits = self.asks.map_or(Duration::ZERO, |since| since.elapsed());
        let look = Look { when: Instant::now(), at: self.at, waited: self.waited + waits };
        (look, self.asks.is_some())
    }

    /// How long it has waited since the last call, and how long ago that was.
    fn since_the_last_look(&mut self) -> (Duration, Duration) {
        let now = Instant::now();
        let waits = self.asks.map_or(Duration::ZERO, |since| now - since);
        let waited = self.waited + waits;
        let (looked, before) = std::mem::replace(&mut self.looked, (now, waited));
        (waited.saturating_sub(before), now - looked)
    }
}

impl Readers {
    /// For how long nobody has asked for a torrent's bytes; `None` where nobody has since the start. A
    /// player that keeps a connection open and does not read asks for nothing.
    pub(super) fn unread(&self, info_hash: &InfoHash) -> Option<Duration> {
        let seen = lock(&self.seen);
        let of_it = seen.reading.values().filter(|open| open.read.info_hash == *info_hash);
        let since = |pace: &Pace| pace.asks.map_or(pace.given.elapsed(), |_| Duration::ZERO);
        let gone = seen.torrents.get(info_hash).map(Instant::elapsed);
        of_it.map(|open| since(&open.pace)).chain(gone).min()
    }

    /// Of which torrents a reader that may stall has had to wait for half of the time since the last
    /// call; and where the others of these readers are.
    pub(super) fn held_up(&self) -> (Vec<InfoHash>, Vec<Place>) {
        let mut seen = lock(&self.seen);
        let (mut held_up, mut others) = (Vec::new(), Vec::new());
        for Open { read, pace, .. } in seen.reading.values_mut() {
            let (waited, over) = pace.since_the_last_look();
            if !(read.may_stall)() || pace.stands_still() {
                continue;
            }
            if waited * 2 >= over && !over.is_zero() {
                held_up.push(read.info_hash);
            } else if let Some(index) = read.index {
                let Read { info_hash, len, bytes_s, .. } = *read;
                others.push(Place { info_hash, index, at: pace.at, len, bytes_s });
            }
        }
        (held_up, others)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::readers::tests::read;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_half_of_the_time_is_held_up() {
        let second = Duration::from_secs(1);
        let readers = Arc::new(Readers::default());
        let hash = InfoHash::from_bytes([1; 20]);
        assert_eq!(readers.unread(&hash), None);
        let (mut one, _sound) = (readers.begin(read(1, true)).0, readers.begin(read(2, false)).0);
        tokio::time::advance(second).await;
        one.asks();
        assert!(readers.held_up().0.is_empty());
        tokio::time::advance(second).await;
        assert_eq!(readers.held_up().0, [hash], "it waits still");
        assert_eq!(readers.unread(&hash), Some(Duration::ZERO));
        one.advance(7);
        tokio::time::advance(second).await;
        let place = Place { info_hash: hash, index: 0, at: 7, len: 1000, bytes_s: 10 };
        assert_eq!(readers.held_up(), (vec![], vec![place]));
        tokio::time::advance(STANDS_STILL).await;
        assert_eq!(readers.held_up(), (vec![], vec![]), "it does not read");
        assert_eq!(readers.unread(&hash), Some(STANDS_STILL + second));
        drop(one);
        tokio::time::advance(second).await;
        assert_eq!(readers.unread(&hash), Some(second));
    }
}
