//! Opening the engine on a folder that may hold anything.

use std::fs::{self, File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::engine::Engine;
use super::shelf;

/// The layout of keys and values. What another version wrote is thrown away, not read.
const VERSION: &[u8] = b"2";
const VERSION_KEY: &[u8] = b"version";

/// Of the engine's page cache.
const MEMORY_BYTES: u64 = 8 << 20;

/// From this size on the disk the engine is replaced. What is kept takes at most some 5 MB when new.
const LARGE_BYTES: u64 = 7_000_000;

/// How often the engine writes out, in milliseconds: what a power cut may take is found again.
const FLUSH_EVERY_MS: u64 = 30_000;

/// What came of opening.
pub(super) struct Opened {
    pub(super) engine: Engine,
    /// Where it lies; `None`: in memory.
    pub(super) dir: Option<PathBuf>,
    /// For the log.
    pub(super) notice: Option<String>,
}

/// The engine on `dir`, or failing that in memory, or failing that none; and what to log of it.
pub(super) fn open(dir: &Path) -> Opened {
    if in_use(dir) {
        let notice = "the cache is in use by another credenza: this one keeps its own in memory";
        return Opened::in_memory(notice.to_owned());
    }
    let fault = match open_folder(dir) {
        Ok((engine, notice)) => return Opened { engine, dir: Some(dir.to_owned()), notice },
        Err(fault) => fault,
    };
    let aside = beside(dir);
    let begun =
        set_aside(dir, &aside).map_err(|why| why.to_string()).and_then(|()| open_folder(dir));
    match begun {
        Ok((engine, _)) => {
            let notice = format!(
                "the cache did not open ({fault}): it was moved to {} and a new one begun",
                aside.display()
            );
            Opened { engine, dir: Some(dir.to_owned()), notice: Some(notice) }
        }
        Err(again) => {
            let notice = format!(
                "no cache can be kept in {} ({again}): what is found is forgotten at the end; make \
                 the folder writable",
                dir.display()
            );
            Opened::in_memory(notice)
        }
    }
}

/// Opens the engine and sees that the layout is ours. The error is for the log.
fn open_folder(dir: &Path) -> Result<(Engine, Option<String>), String> {
    // The engine panics on some damage, and may do so at the first read.
    let opened = catch_unwind(AssertUnwindSafe(|| -> sled::Result<_> {
        let database = settings().path(dir).open()?;
        let engine_is_new = !database.was_recovered();
        let same = database.get(VERSION_KEY)?.is_some_and(|version| version == VERSION);
        if !same {
            for shelf in shelf::ALL {
                database.open_tree(shelf.name)?.clear()?;
            }
            database.insert(VERSION_KEY, VERSION)?;
            database.flush()?;
        }
        let notice = "the cache of another version was thrown away and a new one begun";
        let engine = Engine::new(Some(database));
        if engine.is_broken() {
            return Err(sled::Error::ReportableBug("its entries cannot be read".to_owned()));
        }
        Ok((engine, (!same && !engine_is_new).then(|| notice.to_owned())))
    }));
    match opened {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(fault)) => Err(fault.to_string()),
        Err(_) => Err("it is damaged".to_owned()),
    }
}

/// Moves what is kept into a new engine, if this one has grown too large on the disk. The engine
/// does not give back the space of large values that were replaced or removed: searches of a film
/// some hundred times made 45 MB of 2. Blocks for the time of some megabytes of writing; a crash
/// in it loses the cache, which may be lost.
pub(super) fn compact(engine: &Engine, dir: Option<&Path>) {
    if engine.size() < LARGE_BYTES {
        return;
    }
    engine.replace(|old| {
        let mut kept = Vec::new();
        for shelf in shelf::ALL {
            let entries: sled::Result<Vec<_>> = old.open_tree(shelf.name)?.iter().collect();
            kept.push((shelf, entries?));
        }
        drop(old); // closed before its files go
        let new = match dir {
            Some(dir) => {
                fs::remove_dir_all(dir)?;
                settings().path(dir).open()?
            }
            None => settings().temporary(true).open()?,
        };
        new.insert(VERSION_KEY, VERSION)?;
        for (shelf, entries) in kept {
            let tree = new.open_tree(shelf.name)?;
            for (key, value) in entries {
                tree.insert(key, value)?;
            }
        }
        new.flush()?;
        Ok(new)
    });
}

impl Opened {
    fn in_memory(notice: String) -> Self {
        let database = catch_unwind(|| settings().temporary(true).open().ok()).ok().flatten();
        Self { engine: Engine::new(database), dir: None, notice: Some(notice) }
    }
}

fn settings() -> sled::Config {
    sled::Config::new()
        .cache_capacity(MEMORY_BYTES)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
}

/// Whether another process has the cache open. Asked before anything is moved aside: it would be
/// that process's. (The engine takes the same lock on the same file.) Asked for half a second: an
/// engine's threads let go of the file a moment after it was closed.
fn in_use(dir: &Path) -> bool {
    let locked = || {
        let lock = File::open(dir.join("db")).map(|file| file.try_lock());
        matches!(lock, Ok(Err(TryLockError::WouldBlock)))
    };
    for _ in 0..25 {
        if !locked() {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    true
}

/// `cache` → `cache.bad`.
fn beside(dir: &Path) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(".bad");
    PathBuf::from(name)
}

/// Moves `dir`, folder or file, to `aside`; what was there before is deleted.
fn set_aside(dir: &Path, aside: &Path) -> io::Result<()> {
    match fs::symlink_metadata(aside) {
        Ok(old) if old.is_dir() => fs::remove_dir_all(aside)?,
        Ok(_) => fs::remove_file(aside)?,
        Err(_) => {}
    }
    fs::rename(dir, aside)
}
