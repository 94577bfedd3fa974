//! What is there at once: the owner's account at a debrid store, through StremThru.
//!
//! Four questions, a file each: is the account good (here), which torrents are cached ([`check`]),
//! add this one ([`magnet`]), give me its bytes ([`link`]). The player never sees what a store calls
//! a link, and no message or log line holds one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::Value;
use tokio_util::task::TaskTracker;

use crate::fetch;
use crate::representation::Representation;
use crate::stremthru::{self, StremThru};
use crate::torrent::{InfoHash, Magnet, Store, TorrentFile};

mod check;
mod error;
mod link;
mod magnet;
mod source;

pub use check::{AT_ONCE, CHUNK, Checked};
pub use error::Error;
pub use magnet::Stored;

/// An account at a store.
#[derive(Clone)]
pub struct Debrid {
    wire: StremThru,
    client: fetch::Client,
    store: Store,
    tasks: TaskTracker,
    patience: Patience,
}

/// How long is waited for a store to get a torrent ready.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two looks.
    pub poll: Duration,
    /// For what a cached torrent passes through (a magnet being read, files being moved).
    pub settling: Duration,
    /// For one that turns out to be downloaded first: the next candidate is the better way.
    pub downloading: Duration,
    /// Before a broken link is tried again; doubled each time.
    pub breath: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(1),
            settling: Duration::from_secs(60),
            downloading: Duration::from_secs(5),
            breath: Duration::from_millis(250),
        }
    }
}

/// The account, as the store tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its e-mail address; some stores have none.
    pub email: Option<String>,
    /// Whether it may download.
    pub subscription: Subscription,
}

/// What is paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Subscription {
    Premium,
    Trial,
    Expired,
    /// A word that StremThru did not have when this was written.
    Other(String),
}

impl Debrid {
    /// `wire` carries the account's token; `client` reads links; what is cleaned up after an answer
    /// runs in `tasks`.
    #[must_use]
    pub fn new(wire: StremThru, client: fetch::Client, store: Store, tasks: TaskTracker) -> Self {
        Self { wire, client, store, tasks, patience: Patience::default() }
    }

    /// The same with other waits.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> Store {
        self.store
    }

    /// Who the token belongs to: the one call that checks a token at any store.
    pub async fn account(&self) -> Result<Account, Error> {
        let user: Value =
            self.wire.get("v0/store/user", &[], true).await.map_err(|error| self.error(error))?;
        let email = user["email"].as_str().filter(|email| !email.is_empty()).map(str::to_owned);
        let subscription = match user["subscription_status"].as_str().unwrap_or_default() {
            "premium" => Subscription::Premium,
            "trial" => Subscription::Trial,
            "expired" => Subscription::Expired,
            other => Subscription::Other(other.chars().take(40).collect()),
        };
        Ok(Account { email, subscription })
    }

    /// The bytes of `file`, one of those that [`Self::add`] told.
    pub async fn open(
        &self,
        magnet: &Magnet,
        file: &TorrentFile,
    ) -> Result<Arc<dyn Representation>, Error> {
        self.open_as_of(magnet, file, SystemTime::now()).await
    }

    /// The same, with the time since when these bytes are known here (it must not change when a
    /// film is opened again after a restart).
    pub async fn open_as_of(
        &self,
        magnet: &Magnet,
        file: &TorrentFile,
        known_since: SystemTime,
    ) -> Result<Arc<dyn Representation>, Error> {
        Ok(Arc::new(
            link::Link::open(self.clone(), magnet.clone(), file.clone(), known_since).await?,
        ))
    }

    fn error(&self, error: stremthru::Error) -> Error {
        Error::from_wire(self.store, error)
    }

    fn odd(&self, what: &str) -> Error {
        Error::Odd { store: self.store, what: what.to_owned() }
    }
}

fn hash(value: &Value) -> Option<InfoHash> {
    value.as_str()?.parse().ok()
}
