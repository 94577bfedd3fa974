//! Who is logged in. A session is a random number that the browser keeps; we keep its SHA-256, so
//! that a copy of the state file opens no session.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest as _, Sha256};

use super::{Clock, Error, Ledger, random};

/// Prefix of a session's key in the ledger.
const PREFIX: &str = "session/";
/// A session ends so many seconds after it was made: 90 days.
const LIFE_S: u64 = 90 * 24 * 60 * 60;
/// Sessions kept; the oldest goes. A household has fewer devices.
const MOST: usize = 64;

/// What the cookie carries: 256 random bits as 43 characters of URL-safe base64.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// The value for the cookie, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What is kept of a session.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
struct Session {
    /// When it was made, in seconds since 1970; `None` where the clock was wrong then. It is filled
    /// in when the session is next used under a clock that can be right.
    made: Option<u64>,
}

impl Session {
    /// A clock that is known to be wrong ends no session, nor does one that stands before the
    /// session was made: on a board without a battery both happen at every start.
    fn is_over(self, now: Option<u64>) -> bool {
        match (self.made, now) {
            (Some(made), Some(now)) => now.saturating_sub(made) >= LIFE_S,
            _ => false,
        }
    }
}

pub(super) struct Sessions {
    ledger: Arc<dyn Ledger>,
    clock: Clock,
    /// By the hash of the token, as hexadecimal digits. Looked up by hash, so the time of a look-up
    /// tells nothing of a token.
    all: RwLock<HashMap<String, Session>>,
}

impl Sessions {
    /// Reads them all; one that is not understood is left out, which logs one device out.
    pub(super) fn read(ledger: Arc<dyn Ledger>, clock: Clock) -> Result<Self, Error> {
        let mut all = HashMap::new();
        for key in ledger.keys(PREFIX).map_err(Error::Ledger)? {
            let kept = ledger.read(&key).map_err(Error::Ledger)?;
            let session = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
            if let (Some(hash), Some(session)) = (key.strip_prefix(PREFIX), session) {
                all.insert(hash.to_owned(), session);
            }
        }
        Ok(Self { ledger, clock, all: RwLock::new(all) })
    }

    /// Makes a session. Blocks on the disk.
    pub(super) fn begin(&self) -> Result<SessionToken, Error> {
        let token = SessionToken(BASE64URL_NOPAD.encode(&random::bytes::<32>()?));
        let hash = hash_of(token.expose());
        let session = Session { made: self.clock.now() };
        self.keep(&hash, session)?;
        let surplus = {
            let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(hash, session);
            surplus(&mut all)
        };
        for hash in surplus {
            self.ledger.remove(&format!("{PREFIX}{hash}")).map_err(Error::Ledger)?;
        }
        Ok(token)
    }

    /// Whether `token` is one of ours and not over. A look-up in memory.
    pub(super) fn holds(&self, token: &str) -> bool {
        let hash = hash_of(token);
        let now = self.clock.now();
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let Some(session) = all.get(&hash).copied() else { return false };
        drop(all);
        if session.made.is_none() && now.is_some() {
            let session = Session { made: now };
            self.all.write().unwrap_or_else(PoisonError::into_inner).insert(hash.clone(), session);
            // Once in a session's life. Where it fails, the next start tries again.
            let _ = self.keep(&hash, session);
        }
        !session.is_over(now)
    }

    /// Ends one session, if there is such a one. Blocks on the disk.
    pub(super) fn end(&self, token: &str) -> Result<(), Error> {
        let hash = hash_of(token);
        let known = self.all.write().unwrap_or_else(PoisonError::into_inner).remove(&hash);
        match known {
            Some(_) => self.ledger.remove(&format!("{PREFIX}{hash}")).map_err(Error::Ledger),
            None => Ok(()), // a stranger's logout must not wear the disk
        }
    }

    /// Ends all sessions. Blocks on the disk.
    pub(super) fn end_all(&self) -> Result<(), Error> {
        self.all.write().unwrap_or_else(PoisonError::into_inner).clear();
        erase(self.ledger.as_ref())
    }

    fn keep(&self, hash: &str, session: Session) -> Result<(), Error> {
        let json = serde_json::to_vec(&session).unwrap_or_default();
        self.ledger.write(&format!("{PREFIX}{hash}"), json).map_err(Error::Ledger)
    }
}

/// Takes every session out of the ledger. Blocks on the disk.
pub(super) fn erase(ledger: &dyn Ledger) -> Result<(), Error> {
    for key in ledger.keys(PREFIX).map_err(Error::Ledger)? {
        ledger.remove(&key).map_err(Error::Ledger)?;
    }
    Ok(())
}

/// Takes the oldest out until no more than [`MOST`] are left.
fn surplus(all: &mut HashMap<String, Session>) -> Vec<String> {
    let mut by_age: Vec<_> =
        all.iter().map(|(hash, session)| (session.made, hash.clone())).collect();
    by_age.sort_unstable();
    let count = all.len().saturating_sub(MOST);
    let gone: Vec<String> = by_age.into_iter().take(count).map(|(_, hash)| hash).collect();
    for hash in &gone {
        all.remove(hash);
    }
    gone
}

fn hash_of(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}
