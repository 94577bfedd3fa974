//! Keys of the Stremio add-on: the right to browse and play, in an address that an app keeps.
//!
//! Apps send no cookie, and show and share the addresses of their add-ons; so the address holds a
//! random id and nothing else. There is one for each device, so that one can be taken back. We keep
//! its SHA-256, so that a copy of the state file opens nothing.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{Clock, Error, Ledger, random};
use crate::secret::Secret;

/// Prefix of a key's entry in the ledger.
const PREFIX: &str = "addon-key/";
/// Keys that are kept: a household has fewer devices.
const MOST: usize = 32;
/// Longest name of a device, in letters.
const LONGEST_NAME: usize = 60;
/// 128 bits as hexadecimal digits: what can be read out letter by letter.
const DIGITS: usize = 32;
/// Digits of the hash by which a list names a key.
const SHOWN: usize = 12;

/// A key as it is listed: enough to know and to revoke it, not to use it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AddonKey {
    /// By which it is revoked. Nothing can be opened with it.
    pub id: String,
    /// The device, as the owner calls it.
    pub name: String,
    /// When it was made, in seconds since 1970; `None` where the clock was wrong then.
    pub made: Option<u64>,
    /// When it was used last since this start, in seconds since 1970.
    pub used: Option<u64>,
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddonKeyError {
    /// The name is none.
    #[error(
        "a device's name has 1 to 60 letters, without line breaks; call it, say, Living room TV"
    )]
    Name,
    /// There are too many.
    #[error("32 keys are kept and no more are; revoke one that is not used any more")]
    TooMany,
    /// There is no such key.
    #[error("no key is called {0}; look at the list again")]
    NotThere(String),
    /// The room's own error.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// What is kept of a key.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Kept {
    name: String,
    made: Option<u64>,
    #[serde(skip)]
    used: Option<u64>,
}

/// The keys of the add-on.
pub struct AddonKeys {
    ledger: Arc<dyn Ledger>,
    clock: Clock,
    /// By the hash of the key. Looked up by hash, so the time of a look-up tells nothing of a key.
    all: RwLock<HashMap<String, Kept>>,
}

impl AddonKeys {
    /// Reads them all; one that is not understood is left out. Blocks on the disk.
    pub fn open(ledger: Arc<dyn Ledger>) -> Result<Self, Error> {
        Self::open_with_clock(ledger, Clock::default())
    }

    /// The same with another clock.
    pub fn open_with_clock(ledger: Arc<dyn Ledger>, clock: Clock) -> Result<Self, Error> {
        let mut all = HashMap::new();
        for key in ledger.keys(PREFIX).map_err(Error::Ledger)? {
            let kept = ledger.read(&key).map_err(Error::Ledger)?;
            let kept = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
            if let (Some(hash), Some(kept)) = (key.strip_prefix(PREFIX), kept) {
                all.insert(hash.to_owned(), kept);
            }
        }
        Ok(Self { ledger, clock, all: RwLock::new(all) })
    }

    /// Makes a key for a device. It is told this once. Blocks on the disk.
    pub fn make(&self, name: &str) -> Result<(AddonKey, Secret), AddonKeyError> {
        let name = name.trim();
        let sound = (1..=LONGEST_NAME).contains(&name.chars().count());
        if !sound || name.contains(char::is_control) {
            return Err(AddonKeyError::Name);
        }
        let key = HEXLOWER.encode(&random::bytes::<16>()?);
        let hash = hash_of(&key);
        let kept = Kept { name: name.to_owned(), made: self.clock.now(), used: None };
        let json = serde_json::to_vec(&kept).unwrap_or_default();
        if self.all.read().unwrap_or_else(PoisonError::into_inner).len() >= MOST {
            return Err(AddonKeyError::TooMany);
        }
        // Without the lock: every request of an app waits for it, and the disk may take its time.
        self.ledger.write(&format!("{PREFIX}{hash}"), json).map_err(Error::Ledger)?;
        let row = row(&hash, &kept);
        self.all.write().unwrap_or_else(PoisonError::into_inner).insert(hash, kept);
        Ok((row, Secret::new(&key)))
    }

    /// Whether `key` is one of ours and not revoked. A look-up in memory.
    #[must_use]
    pub fn opens(&self, key: &str) -> bool {
        if key.len() != DIGITS || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
            return false;
        }
        let now = self.clock.now();
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get_mut(&hash_of(key));
        kept.map(|kept| kept.used = now.or(kept.used)).is_some()
    }

    /// All of them, by name.
    #[must_use]
    pub fn list(&self) -> Vec<AddonKey> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let mut rows: Vec<_> = all.iter().map(|(hash, kept)| row(hash, kept)).collect();
        rows.sort_by(|a, b| (&a.name, a.made, &a.id).cmp(&(&b.name, b.made, &b.id)));
        rows
    }

    /// Takes a key back: from now on it opens nothing. Blocks on the disk.
    pub fn revoke(&self, id: &str) -> Result<AddonKey, AddonKeyError> {
        let not_there = || AddonKeyError::NotThere(id.chars().take(40).collect());
        let (hash, kept) = {
            let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
            let hash = all.keys().find(|hash| id.len() == SHOWN && hash.starts_with(id)).cloned();
            let hash = hash.ok_or_else(not_there)?;
            // First from memory: where the disk fails it opens nothing until the next start at least.
            all.remove_entry(&hash).ok_or_else(not_there)?
        };
        self.ledger.remove(&format!("{PREFIX}{hash}")).map_err(Error::Ledger)?;
        Ok(row(&hash, &kept))
    }
}

impl fmt::Debug for AddonKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddonKeys(***)")
    }
}

/// Takes every key out of the ledger. Blocks on the disk.
pub(super) fn erase(ledger: &dyn Ledger) -> Result<(), Error> {
    for key in ledger.keys(PREFIX).map_err(Error::Ledger)? {
        ledger.remove(&key).map_err(Error::Ledger)?;
    }
    Ok(())
}

fn row(hash: &str, kept: &Kept) -> AddonKey {
    let Kept { name, made, used } = kept.clone();
    AddonKey { id: hash.chars().take(SHOWN).collect(), name, made, used }
}

fn hash_of(key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(key.as_bytes()))
}
