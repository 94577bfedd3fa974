//! Nothing is written, and nothing started anew, while somebody watches: a card that is written to has
//! nothing left for a film that lies on it, and a check of a whole slot takes what the film needs.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::Phase;
use crate::appliance::{Appliance, lock};

/// How often it is looked whether somebody watches still.
const LOOK: Duration = Duration::from_secs(1);
/// How long the steward may take for a step: a worn card stalls for seconds.
const STALL: Duration = Duration::from_secs(120);
const WAITS: &str = "it waits until nobody is watching";

/// How long a write had to stand still in all, over every film of its time: the steward is given an
/// hour, not an evening.
#[derive(Debug, Default)]
pub(super) struct Held {
    looks: AtomicU32,
    too_long: AtomicBool,
}

impl Held {
    /// Whether it was broken off for that.
    pub(super) fn too_long(&self) -> bool {
        self.too_long.load(Ordering::Acquire)
    }

    /// Counts one more look; whether there may be another within `limit`.
    fn longer(&self, limit: Duration) -> bool {
        let may = LOOK * self.looks.fetch_add(1, Ordering::AcqRel) < limit;
        self.too_long.fetch_or(!may, Ordering::AcqRel);
        may
    }
}

/// Leave for the steward to go on reading a file of its own, step by step: the next one for each that
/// it tells of. Two more than those, since it reads ahead of what it has written.
#[derive(Debug)]
pub(super) struct Leave(Semaphore);

impl Default for Leave {
    fn default() -> Self {
        Self(Semaphore::new(2))
    }
}

impl Leave {
    /// A step is done.
    pub(super) fn more(&self) {
        self.0.add_permits(1);
    }

    /// The bytes that say so. They end where nothing is heard of a step.
    pub(super) fn bytes(&self) -> impl Stream<Item = io::Result<Bytes>> + Send {
        stream::unfold(&self.0, |steps| async move {
            let step = timeout(STALL, steps.acquire()).await.ok()?.ok()?;
            step.forget();
            Some((Ok(Bytes::from_static(b"+")), steps))
        })
    }
}

impl Appliance {
    /// `body`, each piece of which waits while somebody watches. It breaks off where that lasts.
    pub(super) fn held_back(
        &self,
        body: impl Stream<Item = io::Result<Bytes>> + Send,
        held: &Held,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send {
        body.then(move |piece| async move {
            if !self.is_watched() {
                return piece;
            }
            self.tell_waiting(true);
            while self.is_watched() {
                if !held.longer(self.timing.held) {
                    return Err(io::Error::other("somebody is watching"));
                }
                sleep(LOOK).await;
            }
            self.tell_waiting(false);
            piece
        })
    }

    fn tell_waiting(&self, waiting: bool) {
        let mut status = lock(&self.update.status);
        status.waiting = waiting;
        status.message = waiting.then(|| WAITS.to_owned());
    }

    /// Waits until nobody has watched for a while.
    pub(super) async fn wait_until_nobody_watches(&self, phase: Phase, version: Option<String>) {
        while self.is_watched() {
            self.step(phase, version.clone(), None);
            self.tell_waiting(true);
            sleep(LOOK).await;
        }
        self.step(phase, version, None);
    }

    /// The same before the box must be started anew, and not for ever.
    pub(in crate::appliance) async fn last_film_ends(&self) {
        let began = Instant::now();
        while self.is_watched() && began.elapsed() < self.timing.last_film {
            sleep(LOOK).await;
        }
    }

    pub(super) fn is_watched(&self) -> bool {
        self.parts.playback.watched_within(self.timing.watched)
    }
}
