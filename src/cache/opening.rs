//! Opening the engine on a folder that may hold anything.

use std::fs::{self, File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::engine::Engine;
use super::shelf;

/// The layout of keys and values. What another version wrote is thrown away, not read.
const VERSION: &[u8] = b"1";
const VERSION_KEY: &[u8] = b"version";

/// Of the engine's page cache.
const MEMORY_BYTES: u64 = 8 << 20;

/// How often the engine writes out, in milliseconds: what a power cut may take is found again.
const FLUSH_EVERY_MS: u64 = 30_000;

/// The engine on `dir`, or failing that in memory, or failing that none; and what to log of it.
pub(super) fn open(dir: &Path) -> (Engine, Option<String>) {
    if in_use(dir) {
        let notice = "the cache is in use by another credenza: this one keeps its own in memory";
        return (Engine::new(in_memory()), Some(notice.to_owned()));
    }
    let fault = match open_folder(dir) {
        Ok((engine, notice)) => return (engine, notice),
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
            (engine, Some(notice))
        }
        Err(again) => {
            let notice = format!(
                "no cache can be kept in {} ({again}): what is found is forgotten at the end; make \
                 the folder writable",
                dir.display()
            );
            (Engine::new(in_memory()), Some(notice))
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

fn in_memory() -> Option<sled::Db> {
    catch_unwind(|| settings().temporary(true).open().ok()).ok().flatten()
}

fn settings() -> sled::Config {
    sled::Config::new()
        .cache_capacity(MEMORY_BYTES)
        .mode(sled::Mode::LowSpace)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
}

/// Whether another process has the cache open. Asked before anything is moved aside: it would be
/// that process's. (The engine takes the same lock on the same file.)
fn in_use(dir: &Path) -> bool {
    let lock = File::open(dir.join("db")).map(|file| file.try_lock());
    matches!(lock, Ok(Err(TryLockError::WouldBlock)))
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
