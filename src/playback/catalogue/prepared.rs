//! Looking for what a set will probably play while its owner still reads the list, so that play
//! answers at once. Politely: one or two titles for a list, none while somebody watches what may
//! stall, none again within a while, and few a minute, since some programs walk through all lists.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::asked::asked;
use super::node::{Node, NodeId, NodeKind};
use super::place::Place;
use crate::media::StremioId;
use crate::playback::{IndexLine, Playback, lock};

/// How many are looked for at once.
const AT_ONCE: usize = 2;
/// How many in a [`MINUTE`].
const MOST: usize = 6;
const MINUTE: Duration = Duration::from_secs(60);
/// How long the same title is not looked for again: searches of that age are shown as they are.
const LATELY: Duration = Duration::from_secs(600);
/// How many are remembered.
const REMEMBERED: usize = 64;
/// How long one may take.
const LIMIT: Duration = Duration::from_secs(30);

/// What was looked for of late.
pub(in crate::playback) struct Prepared {
    lately: Mutex<VecDeque<(StremioId, Instant)>>,
    places: Arc<Semaphore>,
}

impl Default for Prepared {
    fn default() -> Self {
        Self { lately: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Prepared {
    /// Whether this may be looked for now; then it counts.
    fn admits(&self, id: &StremioId) -> bool {
        let mut lately = lock(&self.lately);
        lately.retain(|(_, at)| at.elapsed() < LATELY);
        let minute = lately.iter().filter(|(_, at)| at.elapsed() < MINUTE).count();
        if minute >= MOST || lately.iter().any(|(known, _)| known == id) {
            return false;
        }
        lately.push_back((*id, Instant::now()));
        if lately.len() > REMEMBERED {
            lately.pop_front();
        }
        true
    }
}

impl Playback {
    /// A list was shown, from its beginning on: its first film is looked for beside, since many a set
    /// goes from there straight to play, and asks for no title alone before.
    pub fn listed(self: &Arc<Self>, folder: &NodeId, shown: &[Node]) {
        if !matches!(folder.place(), Some(Place::List(_))) {
            return;
        }
        let film = |node: &Node| match &node.kind {
            NodeKind::Video(video) => asked(&video.media_id),
            NodeKind::Folder { .. } => None,
        };
        self.prepare(shown.iter().find_map(film).as_slice());
    }

    /// Looks for these beside, where that is polite. What was chosen before needs no search, and what
    /// was found of late is not asked for again ([`find`](Playback::find)).
    pub(super) fn prepare(self: &Arc<Self>, ids: &[StremioId]) {
        for id in ids {
            let useless = self.debrid().is_none()
                && !self.parts.swarm.allowed()
                && !self.parts.mirrors.has_own();
            if useless || self.someone_may_stall() || self.chosen_for(id).is_some() {
                continue;
            }
            if self.nobody_may_be_asked() {
                return;
            }
            let Ok(place) = Arc::clone(&self.prepared.places).try_acquire_owned() else { return };
            if !self.prepared.admits(id) {
                continue;
            }
            let (playback, id) = (Arc::clone(self), *id);
            let ending = self.desk.ending.clone();
            self.parts.tasks.spawn(async move {
                let mut nobody = |_: &IndexLine| {};
                let look = timeout(LIMIT, playback.find(&id, &mut nobody));
                if let Some(Ok(findings)) = ending.run_until_cancelled(look).await {
                    let candidates = findings.candidates.len();
                    tracing::debug!(%id, candidates, "looked for ahead of its time");
                    playback.open_first(id);
                }
                drop(place);
            });
        }
    }

    /// Whether each index is left in peace just now: because of failures, or since what it takes in a
    /// time is used up. Whoever presses play may try all the same.
    fn nobody_may_be_asked(&self) -> bool {
        self.index_standing().iter().all(|standing| standing.until.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_are_prepared_a_minute_and_none_twice() {
        let prepared = Prepared::default();
        let id = |number: usize| format!("tt090000{number}:1:1").parse::<StremioId>().unwrap();
        for number in 0..MOST {
            assert!(prepared.admits(&id(number)));
        }
        assert!(!prepared.admits(&id(MOST)));
        tokio::time::advance(MINUTE).await;
        assert!(prepared.admits(&id(MOST)));
        assert!(!prepared.admits(&id(0)), "not again");
        tokio::time::advance(LATELY).await;
        assert!(prepared.admits(&id(0)));
    }
}
