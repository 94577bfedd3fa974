//! What is known of every index: who may be asked now, who may not and why.
//!
//! What was learnt of an index holds for its address: at another one it begins anew. Where the memory
//! lies is the caller's business.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::breaker::{Breaker, Budget, Kept, Outcome};
use super::{Admission, Report, Shut, Source, State};
use crate::torrent::IndexName;

/// Where records outlive the process. Losing one costs a request too many.
pub trait Memory: Send + Sync {
    /// What was kept of the index.
    fn read(&self, index: IndexName) -> Option<serde_json::Value>;
    /// Keeps it; `soon`: it is worth the disk's trouble now.
    fn keep(&self, index: IndexName, record: serde_json::Value, soon: bool);
}

/// The health of all indexes.
pub struct Health {
    memory: Box<dyn Memory>,
    lines: Mutex<BTreeMap<IndexName, Line>>,
}

struct Line {
    place: String,
    breaker: Breaker,
    last: Option<Last>,
}

/// What an index said the last time it was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Last {
    state: State,
    torrents: usize,
    elapsed_ms: u64,
    /// Seconds since 1970.
    at: u64,
    message: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    place: String,
    breaker: Kept,
    last: Option<Last>,
}

/// How an index is, for people.
#[derive(Debug, Clone, Serialize)]
pub struct Standing {
    /// Whose.
    pub index: IndexName,
    /// What it said the last time, or why it is not asked now; `null`: it was never asked.
    pub state: Option<State>,
    /// In words; `null` where all is well.
    pub message: Option<String>,
    /// Where it is not asked now: until when, as RFC 3339 writes it.
    pub until: Option<String>,
    /// How long ago it was asked, in seconds.
    pub asked_s_ago: Option<u64>,
    /// How many torrents it listed then.
    pub torrents: Option<usize>,
    /// How long it took.
    pub elapsed_ms: Option<u64>,
}

impl Health {
    /// An empty one, which reads what `memory` has of an index when it first hears of it.
    #[must_use]
    pub fn new(memory: Box<dyn Memory>) -> Self {
        Self { memory, lines: Mutex::default() }
    }

    /// Who of `sources` is to be asked now, in their order. Where `somebody_waits` and none would be
    /// asked, those with nothing worse behind them than failures are: it is probably our own network
    /// that failed.
    pub fn admit(&self, sources: &[Arc<dyn Source>], somebody_waits: bool) -> Vec<Admission> {
        let mut lines = self.lines();
        for source in sources {
            self.know(&mut lines, source.as_ref());
        }
        let is_shut = |source: &Arc<dyn Source>| {
            lines.get(&source.index()).is_some_and(|line| line.breaker.shut().is_some())
        };
        let none = somebody_waits && sources.iter().all(is_shut);
        let admitted = sources.iter().map(|source| {
            let Some(line) = lines.get_mut(&source.index()) else {
                return Admission::Ask { waited_for: true };
            };
            let admission = line.breaker.admit(none);
            if let Admission::Ask { .. } = admission {
                self.keep(source.index(), line, false);
            }
            admission
        });
        admitted.collect()
    }

    /// Whether `source` may be asked now. If so, that counts as asked, and is to be
    /// [`settle`](Self::settle)d.
    pub fn admit_one(&self, source: &Arc<dyn Source>) -> Result<(), Shut> {
        match self.admit(std::slice::from_ref(source), false).pop() {
            Some(Admission::Shut(shut)) => Err(shut),
            _ => Ok(()),
        }
    }

    /// Learns from a report, and writes into it for how long the index is left in peace now. `late`:
    /// it came after its search had been answered.
    pub fn settle(&self, report: &mut Report, late: bool) {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(&report.index) else { return };
        let outcome = outcome(report, late);
        // One was counted when it was admitted.
        line.breaker.spend(report.requests.saturating_sub(1));
        line.breaker.settle(outcome);
        let shut = line.breaker.shut();
        if let Some(shut) = &shut {
            let said = report.refused.unwrap_or(report.state);
            if shut.state == said && matches!(shut.state, State::Blocked | State::Limited) {
                report.message = Some(with_advice(report.index, shut));
            }
            report.left = Some(shut.left);
        }
        if outcome != Outcome::NotAsked {
            line.last = Some(Last {
                state: report.state,
                torrents: report.torrents.len(),
                elapsed_ms: u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
                at: wall(),
                message: report.message.clone(),
            });
        }
        let soon = shut.is_some_and(|shut| shut.left > SOON);
        self.keep(report.index, line, soon);
    }

    /// Counts further requests of one that was admitted, of which nothing else is to be learnt.
    pub fn spend(&self, index: IndexName, requests: u32) {
        let mut lines = self.lines();
        if let Some(line) = lines.get_mut(&index) {
            line.breaker.spend(requests);
            self.keep(index, line, false);
        }
    }

    /// Says of an index that was admitted that it was not asked after all, or cut off.
    pub fn not_asked(&self, index: IndexName) {
        if let Some(line) = self.lines().get_mut(&index) {
            line.breaker.settle(Outcome::NotAsked);
        }
    }

    /// How `sources` are, in their order.
    #[must_use]
    pub fn standing(&self, sources: &[Arc<dyn Source>]) -> Vec<Standing> {
        let mut lines = self.lines();
        let of = |source: &Arc<dyn Source>| {
            self.know(&mut lines, source.as_ref());
            standing(source.index(), lines.get(&source.index()))
        };
        sources.iter().map(of).collect()
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, BTreeMap<IndexName, Line>> {
        // A line is replaced whole or counted up: also after a panic there is none half changed.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that there is a line for the source at its address.
    fn know(&self, lines: &mut BTreeMap<IndexName, Line>, source: &dyn Source) {
        let (index, place) = (source.index(), place(source));
        if lines.get(&index).is_some_and(|line| line.place == place) {
            return;
        }
        let host = source.base().and_then(url::Url::host_str).unwrap_or_default();
        let fresh = Breaker::new(index, Budget::of(host));
        let record = self.memory.read(index);
        let record = record.and_then(|record| serde_json::from_value::<Record>(record).ok());
        let line = match record.filter(|record| record.place == place) {
            Some(record) => {
                let breaker = fresh.take_up(&record.breaker, wall());
                Line { place, breaker, last: record.last }
            }
            None => Line { place, breaker: fresh, last: None },
        };
        lines.insert(index, line);
    }

    fn keep(&self, index: IndexName, line: &Line, soon: bool) {
        let breaker = line.breaker.kept(wall());
        let record = Record { place: line.place.clone(), breaker, last: line.last.clone() };
        if let Ok(record) = serde_json::to_value(record) {
            self.memory.keep(index, record, soon);
        }
    }
}

/// A pause of less than this need not reach the disk before it is over.
const SOON: Duration = Duration::from_secs(60);

/// The address, made unreadable: that of an owner's own index may hold a key.
fn place(source: &dyn Source) -> String {
    let base = source.base().map(url::Url::as_str).unwrap_or_default();
    data_encoding::HEXLOWER.encode(&Sha256::digest(base)[..8])
}

fn outcome(report: &Report, late: bool) -> Outcome {
    // What was refused beside an answer counts as if nothing had been answered.
    match report.refused.unwrap_or(report.state) {
        State::Ok | State::Empty => Outcome::Answered { late },
        State::Blocked => Outcome::Refused { status: report.status },
        State::Limited => {
            Outcome::Limited { busy: report.status == Some(503), retry_after: report.retry_after }
        }
        State::Failed => Outcome::Failed,
        State::TimedOut => Outcome::Silent,
        State::UnsupportedId | State::Off => Outcome::NotAsked,
    }
}

fn with_advice(index: IndexName, shut: &Shut) -> String {
    match shut.state {
        State::Blocked => {
            format!("{}; set index.{index}.url to another instance if it lasts", shut.message)
        }
        _ => shut.message.clone(),
    }
}

fn standing(index: IndexName, line: Option<&Line>) -> Standing {
    let last = line.and_then(|line| line.last.as_ref());
    let shut = line.and_then(|line| line.breaker.shut());
    let well = |last: &&Last| matches!(last.state, State::Ok | State::Empty);
    let last_words = last.filter(|last| !well(last)).and_then(|last| last.message.clone());
    Standing {
        index,
        state: shut.as_ref().map(|shut| shut.state).or(last.map(|last| last.state)),
        message: shut.as_ref().map(|shut| with_advice(index, shut)).or(last_words),
        until: shut.map(|shut| super::moment(shut.left)),
        asked_s_ago: last.map(|last| wall().saturating_sub(last.at)),
        torrents: last.map(|last| last.torrents),
        elapsed_ms: last.map(|last| last.elapsed_ms),
    }
}

/// Seconds since 1970, by the wall clock.
fn wall() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::{AddressPolicy, Client, Roots};

    /// Nothing is kept.
    struct Nowhere;

    impl Memory for Nowhere {
        fn read(&self, _: IndexName) -> Option<serde_json::Value> {
            None
        }

        fn keep(&self, _: IndexName, _: serde_json::Value, _: bool) {}
    }

    #[tokio::test]
    async fn a_request_counts_whatever_came_of_it() {
        let client =
            Client::new(AddressPolicy { allow_private: Vec::new() }, Roots::Bundled).unwrap();
        let public = "https://mediafusion.elfhosted.com/".parse().unwrap();
        let source: Arc<dyn Source> =
            super::super::build(IndexName::MediaFusion, client, public).into();
        let health = Health::new(Box::new(Nowhere));
        assert_eq!(health.admit_one(&source), Ok(()));
        health.spend(IndexName::MediaFusion, 18);
        health.not_asked(IndexName::MediaFusion);
        assert_eq!(health.admit_one(&source), Ok(()), "the twentieth of an hour");
        let shut = health.admit_one(&source).unwrap_err();
        assert_eq!(shut.state, State::Limited, "{shut:?}");
    }
}
