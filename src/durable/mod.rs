//! What must not be lost: the owner, tokens, keys, settings, the library.
//!
//! One redb file of `key -> JSON`, each write a transaction of its own, committed in two phases and
//! on the disk when the call returns. redb rather than sled, and not a file for each thing, because
//! (1) of acknowledged writes a power cut took none from redb, and most from sled; (2) "only if
//! nobody owns it yet" needs a transaction. What can be found again belongs into `cache`.
//!
//! The calls are synchronous on purpose: (1) a read is a look-up in memory or the page cache, some
//! microseconds; (2) redb is synchronous, so an async face would only hide where a thread blocks;
//! (3) a write waits for the disk, milliseconds on an SSD and up to a second on a worn SD card, and
//! whoever calls it from an async task must know: there, writes go through
//! `tokio::task::spawn_blocking` (or `block_in_place`), reads need not.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use redb::{Database, Durability, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod error;
mod opening;
mod replace;

pub use error::Error;
pub use replace::replace_file;

/// The one table.
const ENTRIES: TableDefinition<'static, &'static str, &'static [u8]> =
    TableDefinition::new("entries");

/// Where the version of the layout is kept. Begins with NUL, so that no room's key can meet it.
const SCHEMA_KEY: &str = "\0schema";

/// The layout that this code reads and writes. Raise it when an old programme would do harm to what
/// a new one wrote; an old one then refuses to start.
const SCHEMA: u32 = 1;

/// The state of the household. One process at a time has it open.
pub struct State {
    path: PathBuf,
    /// `None` only after a fault of the disk from which it could not be opened again yet.
    database: RwLock<Option<Database>>,
    /// After a fault of the disk redb takes no more writes until the file is opened again.
    faulted: AtomicBool,
}

impl State {
    /// Opens the state file, and makes it (mode 0600, in a folder of mode 0700) where there is none.
    /// A file that is damaged, newer than this programme, or in use, is an error and is left as it
    /// is: to start anew is the owner's decision.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let database = opening::open(path)?;
        Ok(Self {
            path: path.to_owned(),
            database: RwLock::new(Some(database)),
            faulted: AtomicBool::new(false),
        })
    }

    /// The value under `key`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        self.get_bytes(key)?.map(|bytes| self.parse(key, &bytes)).transpose()
    }

    /// Puts `value` under `key`; it is on the disk when this returns.
    pub fn put<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), Error> {
        self.put_bytes(key, &json(key, value)?)
    }

    /// Takes away what is under `key`, if anything is.
    pub fn remove(&self, key: &str) -> Result<(), Error> {
        self.change(key, |_| Ok((None, ())))
    }

    /// Changes the value under `key` in one transaction: `change` sees what is there and says what
    /// shall be (`None`: nothing). Nobody else writes in between. Its error leaves all as it was.
    pub fn update<T, R, E>(
        &self,
        key: &str,
        change: impl FnOnce(Option<T>) -> Result<(Option<T>, R), E>,
    ) -> Result<R, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<Error>,
    {
        self.change(key, |old| {
            let old = old.map(|bytes| self.parse(key, &bytes)).transpose()?;
            let (new, answer) = change(old)?;
            let new = new.map(|value| json(key, &value)).transpose()?;
            Ok((new, answer))
        })
    }

    /// The keys that begin with `prefix`, in order.
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        self.attempt(|database| {
            let table = database.begin_read()?.open_table(ENTRIES)?;
            let mut keys = Vec::new();
            for entry in table.range(prefix..)? {
                let (key, _) = entry?;
                let key = key.value();
                if !key.starts_with(prefix) {
                    break;
                }
                if key != SCHEMA_KEY {
                    keys.push(key.to_owned());
                }
            }
            Ok(keys)
        })
    }

    /// As [`State::get`], unread: for a room that makes its own JSON.
    pub fn get_bytes(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.attempt(|database| {
            let table = database.begin_read()?.open_table(ENTRIES)?;
            Ok(table.get(key)?.map(|value| value.value().to_vec()))
        })
    }

    /// As [`State::put`], of a text that is JSON already.
    pub fn put_bytes(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        self.change(key, |_| Ok((Some(value.to_vec()), ())))
    }

    /// Puts `value` under `key` where nothing is; says whether it did. One transaction.
    pub fn put_bytes_once(&self, key: &str, value: &[u8]) -> Result<bool, Error> {
        self.change(key, |old| match old {
            Some(old) => Ok((Some(old), false)),
            None => Ok((Some(value.to_vec()), true)),
        })
    }

    fn parse<T: DeserializeOwned>(&self, key: &str, bytes: &[u8]) -> Result<T, Error> {
        // serde's message may quote the value, which may be a token: it is left out.
        serde_json::from_slice(bytes).map_err(|_| Error::NotUnderstood {
            file: error::name_of(&self.path),
            key: key.to_owned(),
        })
    }

    /// One transaction over `key`: from the bytes that are there to those that shall be.
    fn change<R, E: From<Error>>(
        &self,
        key: &str,
        change: impl FnOnce(Option<Vec<u8>>) -> Result<(Option<Vec<u8>>, R), E>,
    ) -> Result<R, E> {
        self.attempt(|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            transaction.set_two_phase_commit(true);
            let answer = {
                let mut table = transaction.open_table(ENTRIES)?;
                let old = table.get(key)?.map(|value| value.value().to_vec());
                // Dropping the transaction takes everything back.
                let (new, answer) = match change(old.clone()) {
                    Ok(changed) => changed,
                    Err(refused) => return Ok(Err(refused)),
                };
                if new == old {
                    return Ok(Ok(answer)); // nothing to wear the card for
                }
                match new {
                    Some(new) => drop(table.insert(key, new.as_slice())?),
                    None => drop(table.remove(key)?),
                }
                answer
            };
            transaction.commit()?;
            Ok(Ok(answer))
        })?
    }

    /// Runs `work` on the open database and turns redb's errors into sentences.
    fn attempt<R>(
        &self,
        work: impl FnOnce(&Database) -> Result<R, redb::Error>,
    ) -> Result<R, Error> {
        let guard = self.opened()?;
        let Some(database) = guard.as_ref() else {
            return Err(Error::Disk {
                file: error::name_of(&self.path),
                why: "it is closed".to_owned(),
            });
        };
        work(database).map_err(|fault| {
            if matches!(fault, redb::Error::Io(_) | redb::Error::PreviousIo) {
                self.faulted.store(true, Ordering::Release);
            }
            Error::of_use(&self.path, fault)
        })
    }

    /// The database; opened again first where the disk has failed a call (it was full, say).
    fn opened(&self) -> Result<RwLockReadGuard<'_, Option<Database>>, Error> {
        if self.faulted.load(Ordering::Acquire) {
            let mut place = self.database.write().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have been faster.
            if self.faulted.load(Ordering::Acquire) {
                *place = None; // closed before it is opened again: the file carries a lock
                *place = Some(opening::open_existing(&self.path)?);
                self.faulted.store(false, Ordering::Release);
            }
        }
        Ok(self.database.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for State {
    /// Where it is, never what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("path", &self.path).finish_non_exhaustive()
    }
}

fn json<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|_| Error::NotJson { key: key.to_owned() })
}
