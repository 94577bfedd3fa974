//! The owner: claimed once, then logged in with a password.

use std::fmt;
use std::hash::{Hash as _, Hasher as _};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

use super::attempts::{ClaimTries, Guesses};
use super::password::{self, Hasher, PasswordRule};
use super::remembered::Remembered;
use super::sessions::Sessions;
use super::{Clock, Error, Ledger, SessionToken, random};

/// The owner's key in the ledger.
const OWNER: &str = "owner";

/// What is kept of the owner.
#[derive(serde::Serialize, serde::Deserialize)]
struct Owner {
    /// A PHC string.
    password: String,
}

/// The right to set up and to watch. One for the process, shared by reference.
pub struct Access {
    ledger: Arc<dyn Ledger>,
    sessions: Arc<Sessions>,
    hasher: Hasher,
    /// The kept hash; empty while there is no owner. Never changes again.
    owner: OnceLock<String>,
    code: String,
    /// Held for the whole of a claim: of many at once, one is evaluated at a time, and each sees
    /// what the one before has done.
    claiming: tokio::sync::Mutex<ClaimTries>,
    guesses: Mutex<Guesses>,
    remembered: Remembered,
    /// Whose passwords are compared, one after another of an address.
    comparing: [tokio::sync::Mutex<()>; 16],
}

/// Why a claim was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum ClaimError {
    #[error("this credenza has an owner already; log in with the owner's password")]
    Owned,
    #[error("the code is wrong; it stands in credenza's output at its start")]
    WrongCode,
    #[error("too many wrong codes; try again in {} s, or restart credenza", retry_after.as_secs() + 1)]
    TooMany { retry_after: Duration },
    #[error(transparent)]
    Password(#[from] PasswordRule),
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Why a login was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum LoginError {
    #[error("there is no owner yet; claim this credenza first, on its set-up page")]
    NoOwner,
    #[error("the password is wrong")]
    WrongPassword,
    #[error("too many wrong passwords; try again in {} s", retry_after.as_secs() + 1)]
    TooMany { retry_after: Duration },
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Access {
    /// Reads the owner and the sessions. `claim_code` is that of the configuration, six digits;
    /// `None` makes one up for this run. Blocks on the disk.
    pub fn open(ledger: Arc<dyn Ledger>, claim_code: Option<String>) -> Result<Self, Error> {
        Self::open_with_clock(ledger, claim_code, Clock::default())
    }

    /// As [`Access::open`], with another clock.
    pub fn open_with_clock(
        ledger: Arc<dyn Ledger>,
        claim_code: Option<String>,
        clock: Clock,
    ) -> Result<Self, Error> {
        let code = match claim_code {
            Some(code) if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) => code,
            Some(_) => return Err(Error::BadClaimCode),
            None => random::six_digits()?,
        };
        let owner = OnceLock::new();
        if let Some(hash) = read_owner(ledger.as_ref())? {
            owner.get_or_init(|| hash);
        }
        Ok(Self {
            sessions: Arc::new(Sessions::read(ledger.clone(), clock)?),
            ledger,
            hasher: Hasher::new(),
            owner,
            code,
            claiming: tokio::sync::Mutex::default(),
            guesses: Mutex::default(),
            remembered: Remembered::new(random::bytes()?),
            comparing: Default::default(),
        })
    }

    /// Takes the owner, all sessions and all keys of the add-on out of the ledger, before [`Access::open`]: whoever holds the
    /// box in their hands may begin anew. Can be repeated where it was cut off. Blocks on the disk.
    pub fn erase(ledger: &dyn Ledger) -> Result<(), Error> {
        super::sessions::erase(ledger)?;
        super::addon_keys::erase(ledger)?;
        ledger.remove(OWNER).map_err(Error::Ledger)
    }

    /// Whether it has been claimed.
    #[must_use]
    pub fn owner_exists(&self) -> bool {
        self.owner.get().is_some()
    }

    /// The six digits to claim with, while there is no owner.
    #[must_use]
    pub fn claim_code(&self) -> Option<String> {
        (!self.owner_exists()).then(|| self.code.clone())
    }

    /// Makes the caller the owner and logs them in. Of any number of claims exactly one succeeds:
    /// the ledger takes the owner's entry once, in one transaction, password hash and all.
    pub async fn claim(&self, code: &str, password: &str) -> Result<SessionToken, ClaimError> {
        let mut tries = self.claiming.lock().await;
        if self.owner_exists() {
            return Err(ClaimError::Owned);
        }
        if let Some(retry_after) = tries.wait(Instant::now()) {
            return Err(ClaimError::TooMany { retry_after });
        }
        if !bool::from(code.trim().as_bytes().ct_eq(self.code.as_bytes())) {
            tries.was_wrong(Instant::now());
            return Err(ClaimError::WrongCode);
        }
        password::judge(password)?;
        let hash = self.hasher.hash(password).await?;
        let owner = serde_json::to_vec(&Owner { password: hash.clone() }).unwrap_or_default();
        let ledger = self.ledger.clone();
        if !blocking(move || ledger.claim_once(OWNER, owner).map_err(Error::Ledger)).await? {
            return Err(ClaimError::Owned);
        }
        self.owner.get_or_init(|| hash);
        Ok(self.begin_session().await?)
    }

    /// Logs in. Guesses are slowed down for each address and for all together; what is refused with
    /// [`LoginError::TooMany`] has not been compared with anything.
    pub async fn login(&self, password: &str, from: IpAddr) -> Result<SessionToken, LoginError> {
        self.is_right(password, from).await?;
        Ok(self.begin_session().await?)
    }

    /// Whether the caller knows the owner's password, without a session: for programs that send it
    /// with each request. Guesses are slowed down as those of [`Access::login`].
    ///
    /// Such programs begin with many requests at once. One is compared and the others wait for it:
    /// compared side by side they would count as so many guesses, and be refused.
    pub async fn knows(&self, password: &str, from: IpAddr) -> Result<(), LoginError> {
        let is_known = || self.owner_exists() && self.remembered.holds(password);
        if is_known() {
            return Ok(());
        }
        let mut hasher = std::hash::DefaultHasher::new();
        from.hash(&mut hasher);
        let turn = usize::try_from(hasher.finish() % 16).unwrap_or(0);
        let _turn = self.comparing[turn].lock().await;
        if is_known() {
            return Ok(());
        }
        self.is_right(password, from).await?;
        self.remembered.keep(password);
        Ok(())
    }

    async fn is_right(&self, password: &str, from: IpAddr) -> Result<(), LoginError> {
        let kept = self.owner.get().ok_or(LoginError::NoOwner)?;
        let counted = self.guesses().begin(from, Instant::now());
        counted.map_err(|retry_after| LoginError::TooMany { retry_after })?;
        // One that could never have been set is not worth 19 MiB; the answer is the same.
        if password::judge(password).is_err() || !self.hasher.verify(password, kept).await? {
            return Err(LoginError::WrongPassword);
        }
        self.guesses().was_right(from);
        Ok(())
    }

    /// Whether `cookie`, the value of the session cookie, is a session that is not over. Cheap.
    #[must_use]
    pub fn session(&self, cookie: &str) -> bool {
        self.sessions.holds(cookie)
    }

    /// Ends that session.
    pub async fn logout(&self, cookie: &str) -> Result<(), Error> {
        let (sessions, cookie) = (self.sessions.clone(), cookie.to_owned());
        blocking(move || sessions.end(&cookie)).await
    }

    /// Ends every session: a device was lost.
    pub async fn revoke_all(&self) -> Result<(), Error> {
        let sessions = self.sessions.clone();
        blocking(move || sessions.end_all()).await
    }

    async fn begin_session(&self) -> Result<SessionToken, Error> {
        let sessions = self.sessions.clone();
        blocking(move || sessions.begin()).await
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("owned", &self.owner_exists()).finish_non_exhaustive()
    }
}

fn read_owner(ledger: &dyn Ledger) -> Result<Option<String>, Error> {
    let Some(kept) = ledger.read(OWNER).map_err(Error::Ledger)? else { return Ok(None) };
    let owner: Owner = serde_json::from_slice(&kept).map_err(|_| Error::OwnerUnreadable)?;
    if !password::is_hash(&owner.password) {
        return Err(Error::OwnerUnreadable);
    }
    Ok(Some(owner.password))
}

/// Waits for the disk on a thread where waiting is allowed. What has begun is finished even where
/// the caller hangs up.
async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Stopping)?
}
