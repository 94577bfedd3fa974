//! Who is watching: so that the box is not started anew in the middle of a film, nothing that is read
//! is cleared away, and a film can be stopped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Playback, lock};
use crate::torrent::InfoHash;

/// Readers of films, now and lately.
#[derive(Default)]
pub(super) struct Audience(Mutex<Seats>);

#[derive(Default)]
struct Seats {
    taken: HashMap<u64, (Sitting, CancellationToken)>,
    next: u64,
    last_left: Option<Instant>,
}

/// What a reader reads.
pub(super) struct Sitting {
    pub(super) info_hash: InfoHash,
    /// Whether its next byte may be late, as things are.
    pub(super) may_stall: Box<dyn Fn() -> bool + Send>,
}

/// One reader's place; given up when dropped.
pub(super) struct Seat {
    audience: Arc<Audience>,
    number: u64,
    away: CancellationToken,
}

impl Audience {
    pub(super) fn sit_down(self: &Arc<Self>, sitting: Sitting) -> Seat {
        let mut seats = lock(&self.0);
        let number = seats.next;
        seats.next += 1;
        let away = CancellationToken::new();
        seats.taken.insert(number, (sitting, away.clone()));
        Seat { audience: Arc::clone(self), number, away }
    }

    fn watched_within(&self, lately: Duration) -> bool {
        let seats = lock(&self.0);
        !seats.taken.is_empty() || seats.last_left.is_some_and(|left| left.elapsed() < lately)
    }

    pub(super) fn readers(&self) -> usize {
        lock(&self.0).taken.len()
    }

    pub(super) fn readers_of(&self, info_hash: &InfoHash) -> usize {
        lock(&self.0).taken.values().filter(|(one, _)| one.info_hash == *info_hash).count()
    }

    pub(super) fn someone_may_stall(&self) -> bool {
        lock(&self.0).taken.values().any(|(one, _)| (one.may_stall)())
    }

    /// Ends whatever is read of a torrent.
    pub(super) fn send_away(&self, info_hash: &InfoHash) {
        for (sitting, away) in lock(&self.0).taken.values() {
            if sitting.info_hash == *info_hash {
                away.cancel();
            }
        }
    }
}

impl Seat {
    /// Ends when this reader is to go.
    pub(super) async fn sent_away(&self) {
        self.away.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = lock(&self.audience.0);
        // What it held is let go without the lock: it may be a film's last hold.
        let left = seats.taken.remove(&self.number);
        seats.last_left = Some(Instant::now());
        drop(seats);
        drop(left);
    }
}

impl Playback {
    /// Whether a film is being read, or was within `lately`: a set that has filled its buffer closes
    /// its connection and comes again for more.
    #[must_use]
    pub fn watched_within(&self, lately: Duration) -> bool {
        self.audience.watched_within(lately)
    }

    /// Whether somebody reads this torrent now.
    #[must_use]
    pub fn is_being_read(&self, info_hash: &InfoHash) -> bool {
        self.audience.readers_of(info_hash) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sitting(number: u8, stalls: bool) -> Sitting {
        let info_hash = InfoHash::from_bytes([number; 20]);
        Sitting { info_hash, may_stall: Box::new(move || stalls) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_film_is_watched_until_its_last_reader_has_been_gone_for_a_while() {
        let audience = Arc::new(Audience::default());
        let lately = Duration::from_secs(60);
        assert!(!audience.watched_within(lately));
        let (one, other) =
            (audience.sit_down(sitting(1, false)), audience.sit_down(sitting(1, false)));
        drop(one);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(audience.watched_within(lately), "one still reads");
        drop(other);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(audience.watched_within(lately));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!audience.watched_within(lately));
    }

    #[tokio::test]
    async fn who_reads_one_torrent_is_sent_away_alone() {
        let audience = Arc::new(Audience::default());
        let one = audience.sit_down(sitting(1, false));
        let other = audience.sit_down(sitting(2, true));
        assert!(audience.someone_may_stall());
        audience.send_away(&InfoHash::from_bytes([1; 20]));
        one.sent_away().await;
        assert!(!other.away.is_cancelled());
        drop(other);
        assert!(!audience.someone_may_stall());
        assert_eq!(audience.readers_of(&InfoHash::from_bytes([1; 20])), 1);
        assert_eq!(audience.readers(), 1);
    }
}
