//! Whether one index may be asked: what it said before decides for how long it is left in peace.
//!
//! * It refuses us (403, 418, a bot wall): hours, for nothing that we do soon will change its mind.
//! * It asks for fewer requests (429): for the whole time that it states, a day at most.
//! * It fails, or says nothing: seconds, doubled at every further time up to minutes; then one search
//!   tries it, and the others keep away until that one knows.
//! * Its host states a budget: when that is used up, until the hour or the day is over.
//!
//! Within the process all of it runs by the clock that nobody can set. What is kept for the next start
//! is how much is left and when that was written; a wall clock that has gone back since then (a board
//! without a battery starts in 1970) takes nothing off.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::State;
use super::clock::when;
use crate::torrent::IndexName;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// After a refusal; doubled at every further one, up to [`DAY`].
const REFUSED: Duration = Duration::from_secs(6 * 3600);
/// After a 429 without a time; doubled at every further one, up to [`LONGEST_UNTOLD`].
const UNTOLD: Duration = Duration::from_secs(60);
const LONGEST_UNTOLD: Duration = Duration::from_secs(3600);
/// After a failure; doubled at every further one, up to [`LONGEST_FAILED`].
const FAILED: Duration = Duration::from_secs(10);
const LONGEST_FAILED: Duration = Duration::from_secs(600);
/// A trial that nobody has heard of for so long is over: its search was cut off.
const TRIAL: Duration = Duration::from_secs(60);

/// How many requests a host takes in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) most: u32,
    pub(super) within: Duration,
}

impl Budget {
    /// What the public hosts state. A household's own instance has none.
    pub(super) fn of(host: &str) -> Option<Self> {
        match host {
            "torrentio.strem.fun" => Some(Self { most: 5_000, within: DAY }),
            "mediafusion.elfhosted.com" => {
                Some(Self { most: 20, within: Duration::from_secs(3600) })
            }
            _ => None,
        }
    }
}

/// Whether to ask.
#[derive(Debug, Clone, PartialEq)]
pub enum Admission {
    /// Yes.
    Ask {
        /// Whether a search waits for it. One that was silent, or late, the last time is asked beside
        /// the others, and what it says comes with them or into the cache.
        waited_for: bool,
    },
    /// No, for so long.
    Shut(Shut),
}

/// Why an index is not asked, and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Shut {
    /// As what it counts in a search.
    pub state: State,
    /// One clause: who, why, until when.
    pub message: String,
    /// How long from now.
    pub left: Duration,
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A list, also an empty one; after the search had ended, or before.
    Answered {
        late: bool,
    },
    Refused {
        status: Option<u16>,
    },
    /// `busy`: it said 503, with a time, and not 429.
    Limited {
        busy: bool,
        retry_after: Option<Duration>,
    },
    Failed,
    Silent,
    /// It was not asked after all.
    NotAsked,
}

#[derive(Debug, Clone, PartialEq)]
struct Closed {
    until: Instant,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    Refused { status: Option<u16> },
    Limited,
    Busy,
    Failed,
    Silent,
}

/// One index's memory.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    index: IndexName,
    budget: Option<Budget>,
    closed: Option<Closed>,
    /// In a row.
    refusals: u32,
    failures: u32,
    slow: bool,
    trial: Option<Instant>,
    /// When the budget's time began, and what was asked since.
    spent: Option<(Instant, u32)>,
}

/// The same for the next start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Seconds since 1970 when this was written.
    at: u64,
    closed: Option<(u64, Why)>,
    refusals: u32,
    failures: u32,
    slow: bool,
    spent: Option<(u64, u32)>,
}

impl Breaker {
    pub(super) fn new(index: IndexName, budget: Option<Budget>) -> Self {
        let (closed, trial, spent) = (None, None, None);
        Self { index, budget, closed, refusals: 0, failures: 0, slow: false, trial, spent }
    }

    /// Takes up what was kept. `wall` is now, in seconds since 1970.
    pub(super) fn take_up(mut self, kept: &Kept, wall: u64) -> Self {
        let passed = Duration::from_secs(wall.saturating_sub(kept.at));
        let now = Instant::now();
        self.closed = kept.closed.and_then(|(left_s, why)| {
            let left = Duration::from_secs(left_s).min(DAY).saturating_sub(passed);
            (!left.is_zero()).then(|| Closed { until: now + left, why })
        });
        self.refusals = kept.refusals;
        self.failures = kept.failures;
        self.slow = kept.slow;
        self.spent = kept.spent.and_then(|(age_s, count)| {
            // Where the machine has not run that long there is no such instant.
            let age = Duration::from_secs(age_s).checked_add(passed)?;
            let over = self.budget.is_none_or(|budget| age >= budget.within);
            let began = now.checked_sub(age).unwrap_or(now);
            (!over).then_some((began, count))
        });
        self
    }

    pub(super) fn kept(&self, wall: u64) -> Kept {
        let left = |closed: &Closed| (seconds_left(closed.until), closed.why);
        Kept {
            at: wall,
            closed: self.closed.as_ref().map(left).filter(|(left, _)| *left > 0),
            refusals: self.refusals,
            failures: self.failures,
            slow: self.slow,
            spent: self.spent.map(|(began, count)| (began.elapsed().as_secs(), count)),
        }
    }

    /// Whether it may be asked now; what it says is counted as asked. `all_fail`: nobody else may be
    /// asked either, so that it is probably our own network that fails, and a person waits: then a
    /// pause after failures does not count.
    pub(super) fn admit(&mut self, all_fail: bool) -> Admission {
        self.turn_over();
        if let Some(shut) = self.shut().filter(|_| !(all_fail && self.only_fails())) {
            return Admission::Shut(shut);
        }
        self.spend(1);
        if self.closed.is_some() {
            self.trial = Some(Instant::now());
        }
        Admission::Ask { waited_for: !self.slow }
    }

    /// Takes so many requests from the budget: an index may be asked in two ways, or for two ids, and a
    /// call that broke off is repeated.
    pub(super) fn spend(&mut self, requests: u32) {
        let Some(budget) = self.budget.filter(|_| requests > 0) else { return };
        let (_, count) = self.spent.get_or_insert((Instant::now(), 0));
        *count = count.saturating_add(requests).min(budget.most);
    }

    /// Whether a pause after failures is all that keeps it from being asked.
    pub(super) fn only_fails(&self) -> bool {
        let failed = |closed: &Closed| matches!(closed.why, Why::Failed | Why::Silent);
        self.closed.as_ref().is_some_and(failed) && self.used_up().is_none()
    }

    /// Why it is not asked now; `None`: it is.
    pub(super) fn shut(&self) -> Option<Shut> {
        if let Some(left) = self.used_up() {
            return Some(self.budget_used(left));
        }
        let closed = self.closed.as_ref()?;
        let left = closed.until.saturating_duration_since(Instant::now());
        let on_trial = self.trial.is_some_and(|since| since.elapsed() < TRIAL);
        if left.is_zero() && !on_trial {
            return None;
        }
        let (state, message) = self.words(closed.why, left);
        Some(Shut { state, message, left })
    }

    /// Learns from what came of asking.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        let was_on_trial = self.trial.take();
        match outcome {
            // Nothing was learnt; the next search tries.
            Outcome::NotAsked => {}
            Outcome::Answered { late } => {
                self.closed = None;
                (self.refusals, self.failures) = (0, 0);
                self.slow = late;
            }
            Outcome::Refused { status } => {
                self.close(doubled(REFUSED, self.refusals, DAY), Why::Refused { status });
                self.refusals = self.refusals.saturating_add(1);
            }
            Outcome::Limited { busy, retry_after } => {
                let pause = retry_after.map_or_else(
                    || doubled(UNTOLD, self.failures, LONGEST_UNTOLD),
                    |told| told.clamp(Duration::from_secs(1), DAY),
                );
                self.close(pause, if busy { Why::Busy } else { Why::Limited });
                self.failures = self.failures.saturating_add(1);
            }
            Outcome::Failed | Outcome::Silent => {
                self.slow = outcome == Outcome::Silent;
                let why = if self.slow { Why::Silent } else { Why::Failed };
                // Two searches at once that both failed are one failure.
                if was_on_trial.is_some() || self.shut().is_none() {
                    self.close(doubled(FAILED, self.failures, LONGEST_FAILED), why);
                    self.failures = self.failures.saturating_add(1);
                }
            }
        }
    }

    /// The longer of two pauses counts: a failure must not shorten a refusal that came beside it.
    fn close(&mut self, pause: Duration, why: Why) {
        let until = Instant::now() + pause;
        if self.closed.as_ref().is_none_or(|closed| closed.until <= until) {
            self.closed = Some(Closed { until, why });
        }
    }

    /// How long the budget is used up.
    fn used_up(&self) -> Option<Duration> {
        let (budget, (began, count)) = (self.budget?, self.spent?);
        let left = budget.within.checked_sub(began.elapsed())?;
        (count >= budget.most && !left.is_zero()).then_some(left)
    }

    /// Begins the budget's time anew where it is over.
    fn turn_over(&mut self) {
        let within = self.budget.map(|budget| budget.within);
        self.spent =
            self.spent.filter(|(began, _)| within.is_some_and(|time| began.elapsed() < time));
    }

    fn budget_used(&self, left: Duration) -> Shut {
        let most = self.budget.map_or(0, |budget| budget.most);
        let time = if self.budget.is_some_and(|b| b.within < DAY) { "an hour" } else { "a day" };
        let message = format!(
            "{} takes {most} requests {time}, and they are used up {}",
            self.index,
            when(left)
        );
        Shut { state: State::Limited, message, left }
    }

    fn words(&self, why: Why, left: Duration) -> (State, String) {
        let (index, when) = (self.index, when(left));
        match why {
            Why::Refused { status } => {
                let status = status.map(|status| format!(" ({status})")).unwrap_or_default();
                (State::Blocked, format!("{index} refuses this connection{status} {when}"))
            }
            Why::Limited => {
                (State::Limited, format!("{index} asks for fewer requests (429) {when}"))
            }
            Why::Busy => (State::Limited, format!("{index} asks for fewer requests (503) {when}")),
            Why::Failed => (State::Failed, format!("{index} fails and is left in peace {when}")),
            Why::Silent => {
                (State::TimedOut, format!("{index} is silent and is left in peace {when}"))
            }
        }
    }
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << times.min(16)).min(longest)
}

/// Rounded up: a second more is polite, a second less is not.
fn seconds_left(until: Instant) -> u64 {
    let left = until.saturating_duration_since(Instant::now());
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
