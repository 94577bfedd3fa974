//! Signed media keys: the right to read one file, in the URL that a player is given.
//!
//! A TV cannot log in, so the URL itself must be the right. A key is
//! `<epoch>.<media id>.<tag>`: the number of the signing key, the media id in URL-safe base64, and
//! the first 128 bits of HMAC-SHA256 (RFC 2104) over epoch, media id and file name. It carries no
//! secret and does not hang on the clock, which is wrong on a board without a battery: it ends when
//! the signing key has been rotated twice.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{Error, Ledger, random};

/// The signing keys' key in the ledger.
const KEYS: &str = "media_keys";
/// Bytes of the tag.
const TAG: usize = 16;

/// Signs and verifies media keys.
pub struct MediaKeys {
    ledger: Arc<dyn Ledger>,
    keys: RwLock<Keys>,
}

/// The signing keys, as they are kept.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Keys {
    epoch: u64,
    current: [u8; 32],
    previous: Option<[u8; 32]>,
}

impl MediaKeys {
    /// Reads the signing keys, or makes them. Where those kept are not understood new ones are made:
    /// URLs that were given out end, nothing else is lost. Blocks on the disk.
    pub fn open(ledger: Arc<dyn Ledger>) -> Result<Self, Error> {
        let kept = ledger.read(KEYS).map_err(Error::Ledger)?;
        let keys = match kept.and_then(|kept| serde_json::from_slice(&kept).ok()) {
            Some(keys) => keys,
            None => {
                keep(ledger.as_ref(), Keys { epoch: 1, current: random::bytes()?, previous: None })?
            }
        };
        Ok(Self { ledger, keys: RwLock::new(keys) })
    }

    /// The key that lets its bearer read the file `name` of `media_id`. Safe in a URL's path.
    #[must_use]
    pub fn sign(&self, media_id: &str, name: &str) -> String {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        signed(&keys.current, keys.epoch, media_id, name)
    }

    /// The media id that `key` lets its bearer read under `name`; `None` where one bit is changed,
    /// or it was signed more than one rotation ago.
    #[must_use]
    pub fn verify(&self, key: &str, name: &str) -> Option<String> {
        let (epoch, rest) = key.split_once('.')?;
        let (media_id, _) = rest.split_once('.')?;
        let epoch: u64 = epoch.parse().ok()?;
        let media_id = BASE64URL_NOPAD.decode(media_id.as_bytes()).ok()?;
        let media_id = String::from_utf8(media_id).ok()?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let signing = if epoch == keys.epoch {
            keys.current
        } else if epoch.checked_add(1) == Some(keys.epoch) {
            keys.previous?
        } else {
            return None;
        };
        // The whole text is compared, so that one right has one spelling.
        let wanted = signed(&signing, epoch, &media_id, name);
        bool::from(wanted.as_bytes().ct_eq(key.as_bytes())).then_some(media_id)
    }

    /// Begins a new epoch: keys of this one still hold, those of the one before no more. To be called
    /// every 12 h of uptime, not by the wall clock. Blocks on the disk.
    pub fn rotate(&self) -> Result<(), Error> {
        let next = {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            Keys {
                epoch: keys.epoch.saturating_add(1),
                current: random::bytes()?,
                previous: Some(keys.current),
            }
        };
        // Kept before it is used: after a crash no URL that was given out is unknown. And without
        // the lock: every request for a film waits for it, and the disk may take its time.
        let next = keep(self.ledger.as_ref(), next)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }
}

impl fmt::Debug for MediaKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaKeys(***)")
    }
}

fn keep(ledger: &dyn Ledger, keys: Keys) -> Result<Keys, Error> {
    let json = serde_json::to_vec(&keys).unwrap_or_default();
    ledger.write(KEYS, json).map_err(Error::Ledger)?;
    Ok(keys)
}

fn signed(signing: &[u8; 32], epoch: u64, media_id: &str, name: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(signing).expect("HMAC takes a key of any length");
    mac.update(b"credenza media key 1\0");
    mac.update(&epoch.to_be_bytes());
    // With its length before it, so that no bytes can wander between the two texts.
    mac.update(&(media_id.len() as u64).to_be_bytes());
    mac.update(media_id.as_bytes());
    mac.update(name.as_bytes());
    let tag = mac.finalize().into_bytes();
    let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    format!("{epoch}.{}.{}", encode(media_id.as_bytes()), encode(&tag[..TAG]))
}
