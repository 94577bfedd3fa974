//! What is counted, for whoever watches the box: numbers alone, no title.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::playable::Via;
use super::{Playback, lock};
use crate::index::State;
use crate::stremthru::Outcome;
use crate::swarm::Totals;
use crate::torrent::IndexName;

/// Answers of indexes, by the word of their state.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<BTreeMap<(String, String), u64>>);

impl Answers {
    pub(super) fn count(&self, index: IndexName, state: State) {
        let word = serde_json::to_value(state).ok();
        let word = word.as_ref().and_then(|word| word.as_str()).unwrap_or("failed").to_owned();
        *lock(&self.0).entry((index.to_string(), word)).or_default() += 1;
    }
}

/// Numbers since the start, and as things are.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Readers of films.
    pub readers: usize,
    /// Films that are kept open.
    pub sessions: usize,
    /// Bytes that readers were given, by the way they came.
    pub served: Vec<(Via, u64)>,
    /// All open torrents together.
    pub swarm: Totals,
    /// Answers of indexes: whose, in which state, how many.
    pub answers: BTreeMap<(String, String), u64>,
    /// Calls to the store, by outcome.
    pub debrid_calls: Vec<(&'static str, u64)>,
    /// Size of what is kept for speed.
    pub cache_bytes: u64,
}

impl Playback {
    /// What is counted.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let calls = self.calls.rows();
        Figures {
            readers: self.readers(),
            sessions: lock(&self.sessions).len(),
            served: self.served(),
            swarm: self.parts.swarm.totals(),
            answers: lock(&self.desk.answers.0).clone(),
            debrid_calls: calls.into_iter().map(|(o, n)| (Outcome::as_str(o), n)).collect(),
            cache_bytes: self.parts.cache.size_bytes(),
        }
    }
}
