//! The engine behind a wall: every fault of it is a miss.
//!
//! sled can panic where it finds its own pages damaged (`tried to serialize Uninitialized`, spacejam/
//! sled#1387). A panic may leave its locks held, so after the first one it is never called again.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use tokio::time::Instant;

use super::shelf::{self, Shelf};

/// A value is kept behind the time of writing: seconds since 1970, eight bytes, big-endian.
const STAMP: usize = 8;

pub(super) struct Engine {
    /// `None`: not even in memory; every read is a miss. So it is while it is being replaced.
    database: RwLock<Option<sled::Db>>,
    broken: AtomicBool,
    /// What lies on each shelf, by [`Shelf::place`]. Held while a shelf is written, so that the
    /// count stays true.
    held: Mutex<[Held; shelf::ALL.len()]>,
    clock: Clock,
}

#[derive(Clone, Copy, Default)]
struct Held {
    entries: usize,
    bytes: usize,
}

impl Engine {
    /// Counts what is there.
    pub(super) fn new(database: Option<sled::Db>) -> Self {
        let mut engine = Self {
            database: RwLock::new(database),
            broken: AtomicBool::new(false),
            held: Mutex::default(),
            clock: Clock::from(0),
        };
        let mut newest = 0;
        let mut held = [Held::default(); shelf::ALL.len()];
        for shelf in shelf::ALL {
            let counted = engine.guarded(|database| {
                let mut counted = Held::default();
                for entry in &database.open_tree(shelf.name)? {
                    let (key, value) = entry?;
                    counted.entries += 1;
                    counted.bytes += key.len() + value.len();
                    newest = newest.max(stamp_of(&value));
                }
                Ok(counted)
            });
            held[shelf.place] = counted.unwrap_or_default();
        }
        engine.held = Mutex::new(held);
        engine.clock = Clock::from(newest);
        engine
    }

    /// Whether a fault has ended its use.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// The value and its age.
    pub(super) fn read(&self, kind: &Shelf, key: &[u8]) -> Option<(Vec<u8>, Duration)> {
        let value = self.guarded(|database| database.open_tree(kind.name)?.get(key))??;
        let payload = value.get(STAMP..)?.to_vec();
        Some((payload, Duration::from_secs(self.clock.now().saturating_sub(stamp_of(&value)))))
    }

    /// Puts entries, as one batch, and takes away the oldest where the shelf is full.
    pub(super) fn put(&self, kind: &Shelf, entries: Vec<(Vec<u8>, Vec<u8>)>) {
        if entries.is_empty() {
            return;
        }
        let now = self.clock.now().to_be_bytes();
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = &mut all[kind.place];
        self.guarded(|database| {
            let tree = database.open_tree(kind.name)?;
            let mut batch = sled::Batch::default();
            for (key, value) in entries {
                if value.len() > kind.longest {
                    continue;
                }
                let value = [&now[..], &value].concat();
                if let Some(old) = tree.get(&key)? {
                    held.bytes = held.bytes.saturating_sub(old.len());
                } else {
                    held.entries += 1;
                    held.bytes += key.len();
                }
                held.bytes += value.len();
                batch.insert(key, value);
            }
            tree.apply_batch(batch)?;
            if held.entries > kind.most || held.bytes > kind.most_bytes {
                *held = prune(&tree, kind)?;
            }
            Ok(())
        });
    }

    /// Takes away the entries of `keys` whose value is as `doomed` says, as one batch.
    pub(super) fn remove(&self, kind: &Shelf, keys: Vec<Vec<u8>>, doomed: impl Fn(&[u8]) -> bool) {
        if keys.is_empty() {
            return;
        }
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = &mut all[kind.place];
        self.guarded(|database| {
            let tree = database.open_tree(kind.name)?;
            let mut batch = sled::Batch::default();
            for key in keys {
                let Some(old) = tree.get(&key)? else { continue };
                if old.get(STAMP..).is_some_and(&doomed) {
                    held.entries = held.entries.saturating_sub(1);
                    held.bytes = held.bytes.saturating_sub(key.len() + old.len());
                    batch.remove(key);
                }
            }
            tree.apply_batch(batch)
        });
    }

    /// Writes everything out.
    pub(super) async fn flush(&self) {
        let Some(flushing) = self.guarded(|database| Ok(flushing(database))) else { return };
        match AssertUnwindSafe(flushing).catch_unwind().await {
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => self.give_up(&fault.to_string()),
            Err(_) => self.give_up("it panicked"),
        }
    }

    /// Runs `work` unless the engine is broken; a fault of it ends the use of the engine.
    fn guarded<R>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<R>) -> Option<R> {
        if self.is_broken() {
            return None;
        }
        // Not waited for: while the engine is replaced everything is a miss.
        let place = self.database.try_read().ok()?;
        let database = place.as_ref()?;
        match catch_unwind(AssertUnwindSafe(|| work(database))) {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(fault)) => self.give_up(&fault.to_string()),
            Err(_) => self.give_up("it panicked"),
        }
        None
    }

    /// Bytes on the disk.
    pub(super) fn size(&self) -> u64 {
        self.guarded(sled::Db::size_on_disk).unwrap_or(0)
    }

    /// Lets `work` make another engine of this one, which it must close.
    pub(super) fn replace(&self, work: impl FnOnce(sled::Db) -> sled::Result<sled::Db>) {
        let mut place = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let Some(old) = place.take().filter(|_| !self.is_broken()) else { return };
        match catch_unwind(AssertUnwindSafe(|| work(old))) {
            Ok(Ok(new)) => *place = Some(new),
            Ok(Err(fault)) => self.give_up(&fault.to_string()),
            Err(_) => self.give_up("it panicked"),
        }
    }

    fn give_up(&self, why: &str) {
        if !self.broken.swap(true, Ordering::AcqRel) {
            tracing::warn!(why, "the cache failed and is not used until the next start");
        }
    }
}

impl Drop for Engine {
    /// The engine writes itself out when it is dropped, and may panic at that too.
    fn drop(&mut self) {
        let database = self.database.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
    }
}

fn flushing(database: &sled::Db) -> impl Future<Output = sled::Result<usize>> + use<> {
    let database = database.clone();
    async move { database.flush_async().await }
}

/// Takes away the oldest entries until a quarter of the shelf is free, so that it is done seldom.
fn prune(tree: &sled::Tree, kind: &Shelf) -> sled::Result<Held> {
    let mut entries = Vec::new();
    let mut held = Held::default();
    for entry in tree {
        let (key, value) = entry?;
        held.entries += 1;
        held.bytes += key.len() + value.len();
        entries.push((stamp_of(&value), key, value.len()));
    }
    entries.sort_unstable();
    let mut batch = sled::Batch::default();
    for (_, key, length) in entries {
        if held.entries <= kind.most / 4 * 3 && held.bytes <= kind.most_bytes / 4 * 3 {
            break;
        }
        held.entries -= 1;
        held.bytes -= key.len() + length;
        batch.remove(key);
    }
    tree.apply_batch(batch)?;
    Ok(held)
}

fn stamp_of(value: &[u8]) -> u64 {
    value.first_chunk::<STAMP>().map_or(0, |stamp| u64::from_be_bytes(*stamp))
}

/// A clock that never stands before the newest entry: a board without a battery starts in 1970, and
/// its entries must neither look fresh for fifty years nor have an age below zero.
struct Clock {
    newest: u64,
    since: Instant,
}

impl Clock {
    fn from(newest: u64) -> Self {
        Self { newest, since: Instant::now() }
    }

    /// Seconds since 1970, or since the newest entry where the clock stands before it.
    fn now(&self) -> u64 {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        wall.as_secs().max(self.newest.saturating_add(self.since.elapsed().as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Shelf =
        Shelf { name: "found", place: 0, most: 8, most_bytes: 4_096, longest: 1_024 };

    fn engine() -> Engine {
        let database = sled::Config::new().temporary(true).open().unwrap();
        Engine::new(Some(database))
    }

    #[test]
    fn the_oldest_go_first_and_a_quarter_is_freed() {
        let engine = engine();
        let tree = engine.guarded(|database| database.open_tree(SMALL.name)).unwrap();
        for number in 0..9u8 {
            let stamp = u64::from(100 - number).to_be_bytes();
            tree.insert([number], &stamp).unwrap();
        }
        let held = prune(&tree, &SMALL).unwrap();
        assert_eq!(held.entries, 6);
        // The youngest have the lowest numbers here.
        let left: Vec<u8> = tree.iter().keys().map(|key| key.unwrap()[0]).collect();
        assert_eq!(left, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_count_stays_true() {
        let engine = engine();
        let longest = SMALL.longest;
        for (key, length) in [(b"a", 10), (b"a", 20), (b"b", 5), (b"c", longest + 1)] {
            engine.put(&SMALL, vec![(key.to_vec(), vec![0; length])]);
        }
        let held = engine.held.lock().unwrap()[SMALL.place];
        assert_eq!((held.entries, held.bytes), (2, (1 + 8 + 20) + (1 + 8 + 5)));
        let keys = [b"a", b"b", b"x"].map(|key| key.to_vec()).to_vec();
        engine.remove(&SMALL, keys, |value| value.len() == 5);
        let held = engine.held.lock().unwrap()[SMALL.place];
        assert_eq!((held.entries, held.bytes), (1, 1 + 8 + 20));
        assert!(engine.read(&SMALL, b"a").is_some() && engine.read(&SMALL, b"b").is_none());
        drop(engine);
    }

    #[test]
    fn a_clock_behind_the_newest_entry_counts_on_from_there() {
        let ahead = u64::MAX / 2;
        assert!(Clock::from(ahead).now() >= ahead);
        assert!(Clock::from(0).now() > 1_700_000_000);
    }

    #[tokio::test]
    async fn a_panic_is_a_miss_and_the_last_call() {
        let engine = engine();
        engine.put(&SMALL, vec![(b"a".to_vec(), b"1".to_vec())]);
        assert!(engine.read(&SMALL, b"a").is_some());
        assert_eq!(engine.guarded(|_| -> sled::Result<()> { panic!("a test's panic") }), None);
        assert!(engine.read(&SMALL, b"a").is_none());
        engine.put(&SMALL, vec![(b"b".to_vec(), b"1".to_vec())]);
        engine.flush().await;
    }

    #[test]
    fn without_an_engine_every_read_is_a_miss() {
        let engine = Engine::new(None);
        engine.put(&SMALL, vec![(b"a".to_vec(), b"1".to_vec())]);
        assert!(engine.read(&SMALL, b"a").is_none());
    }
}
