//! How sources have done: what orders them, and what an owner sees.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::durable::{self, State};

const KEY: &str = "mirror/health";
/// How many outcomes weigh.
const REMEMBERED: usize = 10;
/// How many hosts are remembered; strangers name them.
const MOST: usize = 200;
/// How long one that fell silent in the middle of a film comes after the others: its answer to a
/// test is quick all the same, and a film that is opened anew would begin there again.
const SILENT: Duration = Duration::from_secs(600);

/// How a source has done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    successes: u64,
    failures: u64,
    #[serde(default)]
    misses: u64,
    /// The last outcomes, the newest last.
    recent: VecDeque<bool>,
    /// How long it took to its first bytes of late, in milliseconds.
    latency_ms: Option<u64>,
    /// Bytes that were passed on.
    bytes: u64,
    /// Seconds since 1970.
    last_success: Option<u64>,
    last_failure: Option<Failure>,
    /// When it fell silent in the middle of a film.
    #[serde(skip)]
    silent: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Failure {
    /// Seconds since 1970.
    at: u64,
    why: String,
}

/// How a source has done, for people and programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Tests and readings that went well.
    pub successes: u64,
    /// Those that did not.
    pub failures: u64,
    /// How often it answered well that it does not have the file.
    pub misses: u64,
    /// How long it took to its first bytes of late, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Bytes that came from it.
    pub bytes: u64,
    /// In seconds; `null`: it never did.
    pub last_success_s_ago: Option<u64>,
    /// `null`: it never failed.
    pub last_failure: Option<LastFailure>,
    /// Whether most of its last tries failed, so that it is tried after the others.
    pub shaky: bool,
}

/// The last failure of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastFailure {
    /// In seconds.
    pub s_ago: u64,
    /// One sentence.
    pub message: String,
}

/// The memory of all sources, by a key of their kind and host (or name).
pub(super) struct Health {
    state: Arc<State>,
    records: Mutex<BTreeMap<String, Record>>,
    /// Whether something was learnt since it was kept.
    changed: Mutex<bool>,
}

impl Health {
    pub(super) fn open(state: Arc<State>) -> Self {
        // What was learnt can be learnt again: an entry that is not understood is none.
        let records = state.get(KEY).ok().flatten().unwrap_or_default();
        Self { state, records: Mutex::new(records), changed: Mutex::default() }
    }

    pub(super) fn success(&self, key: &str, latency: Duration) {
        let latency = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self.change(key, |record| {
            record.successes += 1;
            record.remember(true);
            // Half of it is of late, so that one slow answer is not for ever.
            record.latency_ms =
                Some(record.latency_ms.map_or(latency, |old| old.midpoint(latency)));
            record.last_success = Some(now());
        });
    }

    pub(super) fn failure(&self, key: &str, why: &str) {
        self.change(key, |record| {
            record.failures += 1;
            record.remember(false);
            record.last_failure = Some(Failure { at: now(), why: why.to_owned() });
        });
    }

    /// It fell silent in the middle of a film.
    pub(super) fn fell_silent(&self, key: &str) {
        self.change(key, |record| record.silent = Some(Instant::now()));
    }

    /// It does not have the file, and says so: nothing against it.
    pub(super) fn miss(&self, key: &str) {
        self.change(key, |record| record.misses += 1);
    }

    pub(super) fn gave(&self, key: &str, bytes: u64) {
        self.change(key, |record| record.bytes = record.bytes.saturating_add(bytes));
    }

    pub(super) fn forget(&self, key: &str) {
        lock(&self.records).remove(key);
        *lock(&self.changed) = true;
    }

    /// What comes first: those that did not mostly fail of late, nor fall silent just now, and then the
    /// quicker.
    pub(super) fn rank(&self, key: &str) -> (bool, u64) {
        let records = lock(&self.records);
        let record = records.get(key);
        let latency = record.and_then(|record| record.latency_ms);
        (record.is_some_and(Record::comes_last), latency.unwrap_or(u64::MAX))
    }

    pub(super) fn standing(&self, key: &str) -> Standing {
        lock(&self.records).get(key).map(Record::standing).unwrap_or_default()
    }

    /// Every key that begins with `kind`, without it.
    pub(super) fn known(&self, kind: &str) -> Vec<(String, Standing)> {
        let records = lock(&self.records);
        let named = records.iter().filter_map(|(key, record)| {
            Some((key.strip_prefix(kind)?.to_owned(), record.standing()))
        });
        named.collect()
    }

    /// Writes what was learnt since. It waits for the disk.
    pub(super) fn keep(&self) -> Result<(), durable::Error> {
        if !std::mem::take(&mut *lock(&self.changed)) {
            return Ok(());
        }
        let records = lock(&self.records).clone();
        self.state.put(KEY, &records)
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Record)) {
        let mut records = lock(&self.records);
        if !records.contains_key(key) && records.len() >= MOST {
            // Never one of the owner's.
            let strangers = records.iter().filter(|(key, _)| key.starts_with("seed:"));
            let oldest = strangers.min_by_key(|(_, record)| record.last_heard());
            let oldest = oldest.map(|(key, _)| key.clone());
            oldest.and_then(|key| records.remove(&key));
        }
        change(records.entry(key.to_owned()).or_default());
        *lock(&self.changed) = true;
    }
}

impl Record {
    fn remember(&mut self, well: bool) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(well);
    }

    /// Whether more of the last outcomes were failures than not.
    fn is_shaky(&self) -> bool {
        let failed = self.recent.iter().filter(|well| !**well).count();
        failed * 2 > self.recent.len()
    }

    fn comes_last(&self) -> bool {
        self.is_shaky() || self.silent.is_some_and(|since| since.elapsed() < SILENT)
    }

    fn last_heard(&self) -> u64 {
        self.last_success.max(self.last_failure.as_ref().map(|failure| failure.at)).unwrap_or(0)
    }

    fn standing(&self) -> Standing {
        let ago = |at: u64| now().saturating_sub(at);
        let failure = self.last_failure.as_ref();
        Standing {
            successes: self.successes,
            failures: self.failures,
            misses: self.misses,
            latency_ms: self.latency_ms,
            bytes: self.bytes,
            last_success_s_ago: self.last_success.map(ago),
            last_failure: failure.map(|failure| LastFailure {
                s_ago: ago(failure.at),
                message: failure.why.clone(),
            }),
            shaky: self.is_shaky(),
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mostly_failed_of_late_comes_after_the_others_and_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.redb");
        let state = Arc::new(State::open(&path).unwrap());
        let health = Health::open(Arc::clone(&state));
        let ms = Duration::from_millis;
        for _ in 0..20 {
            health.success("own:old", ms(10));
        }
        for _ in 0..6 {
            health.failure("own:old", "old answered 404");
        }
        health.success("own:slow", ms(900));
        health.success("own:quick", ms(40));
        let mut order = ["own:old", "own:new", "own:slow", "own:quick"];
        order.sort_by_key(|key| health.rank(key));
        assert_eq!(order, ["own:quick", "own:slow", "own:new", "own:old"]);
        health.gave("own:quick", 7);
        health.keep().unwrap();
        drop((health, state));
        let health = Health::open(Arc::new(State::open(&path).unwrap()));
        let old = health.standing("own:old");
        assert_eq!((old.successes, old.failures, old.shaky), (20, 6, true));
        assert_eq!(old.last_failure.unwrap().message, "old answered 404");
        assert_eq!(health.standing("own:quick").bytes, 7);
        for _ in 0..6 {
            health.success("own:old", ms(10));
        }
        assert!(!health.standing("own:old").shaky, "it works again");
        health.forget("own:old");
        assert_eq!(health.standing("own:old"), Standing::default());
    }

    #[tokio::test(start_paused = true)]
    async fn what_fell_silent_comes_after_the_others_for_ten_minutes() {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(State::open(&folder.path().join("state.redb")).unwrap());
        let health = Health::open(state);
        health.success("own:first", Duration::from_millis(1));
        health.success("own:second", Duration::from_millis(900));
        health.fell_silent("own:first");
        assert!(health.rank("own:second") < health.rank("own:first"));
        // A test says nothing of it: it is quick to answer.
        health.success("own:first", Duration::from_millis(1));
        assert!(health.rank("own:second") < health.rank("own:first"));
        tokio::time::advance(SILENT).await;
        assert!(health.rank("own:first") < health.rank("own:second"));
    }

    #[test]
    fn strangers_hosts_do_not_fill_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(State::open(&folder.path().join("state.redb")).unwrap());
        let health = Health::open(state);
        health.miss("own:mine");
        for number in 0..MOST + 50 {
            health.failure(&format!("seed:https://{number}.example"), "no");
        }
        assert_eq!(health.known("seed:").len(), MOST - 1);
        assert_eq!(health.standing("own:mine").misses, 1);
    }
}
