//! Who is watching: so that the box is not started anew in the middle of a film.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::{Playback, lock};

/// Readers of films, now and lately.
#[derive(Debug, Default)]
pub(super) struct Audience(Mutex<Seats>);

#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    last_left: Option<Instant>,
}

/// One reader's place; given up when dropped.
#[derive(Debug)]
pub(super) struct Seat(Arc<Audience>);

impl Audience {
    pub(super) fn sit_down(self: &Arc<Self>) -> Seat {
        lock(&self.0).taken += 1;
        Seat(Arc::clone(self))
    }

    fn watched_within(&self, lately: Duration) -> bool {
        let seats = lock(&self.0);
        seats.taken > 0 || seats.last_left.is_some_and(|left| left.elapsed() < lately)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = lock(&self.0.0);
        seats.taken -= 1;
        seats.last_left = Some(Instant::now());
    }
}

impl Playback {
    /// Whether a film is being read, or was within `lately`: a set that has filled its buffer closes
    /// its connection and comes again for more.
    #[must_use]
    pub fn watched_within(&self, lately: Duration) -> bool {
        self.audience.watched_within(lately)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_film_is_watched_until_its_last_reader_has_been_gone_for_a_while() {
        let audience = Arc::new(Audience::default());
        let lately = Duration::from_secs(60);
        assert!(!audience.watched_within(lately));
        let (one, other) = (audience.sit_down(), audience.sit_down());
        drop(one);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(audience.watched_within(lately), "one still reads");
        drop(other);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(audience.watched_within(lately));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!audience.watched_within(lately));
    }
}
