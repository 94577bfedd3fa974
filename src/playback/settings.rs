//! What the owner changes in the browser: the debrid token and the word on peer-to-peer (and the
//! indexes, next door). It lies in
//! the state store and wins over the configuration file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Error, IndexSettings, Playback, durably, lock};
use crate::debrid::{Account, Debrid};
use crate::durable::State;
use crate::secret::Secret;
use crate::select::Preferences;
use crate::stremthru::StremThru;
use crate::torrent::{IndexName, Store};

const DEBRID_KEY: &str = "settings/debrid";
const SWARM_KEY: &str = "settings/swarm_allowed";

/// What the owner may see of the settings: never the token.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The debrid account.
    pub debrid: DebridSettings,
    /// Where titles are looked for.
    pub indexes: BTreeMap<IndexName, IndexSettings>,
    /// Peer-to-peer.
    pub swarm: SwarmSettings,
    /// What the household prefers.
    pub preferences: Arc<Preferences>,
    /// Where titles are told.
    pub title: TitleSettings,
}

/// Where titles are told.
#[derive(Debug, Clone, Serialize)]
pub struct TitleSettings {
    /// TMDB's key, without itself.
    pub tmdb_key: KeySettings,
}

/// A key, without itself.
#[derive(Debug, Clone, Serialize)]
pub struct KeySettings {
    /// Whether one is set.
    pub set: bool,
    /// Its last two characters.
    pub ends: String,
}

/// The debrid account, without its token.
#[derive(Debug, Clone, Serialize)]
pub struct DebridSettings {
    /// Which store.
    pub store: Option<Store>,
    /// Whether a token is set.
    pub set: bool,
    /// Its last two characters.
    pub ends: String,
}

/// Peer-to-peer.
#[derive(Debug, Clone, Serialize)]
pub struct SwarmSettings {
    /// Whether peers may be met.
    pub enabled: bool,
    /// Whether the configuration decides it, so that the page cannot.
    pub fixed: bool,
}

/// A store and its token, as kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    store: Store,
    token: Secret,
}

impl Playback {
    /// Reads what was set before.
    pub(super) fn take_up_settings(&self) -> Result<(), Error> {
        self.take_up_preferences()?;
        if let Some(Kept { store, token }) = self.kept()?.flatten() {
            self.use_debrid(store, &token);
        }
        if !self.parts.swarm_fixed
            && let Some(allowed) = self.parts.state.get::<bool>(SWARM_KEY)?
        {
            self.parts.swarm.allow(allowed);
        }
        self.take_up_tmdb_key()
    }

    /// Takes the tokens that were set in the browser out of the state, before [`Playback::new`].
    pub fn erase_token(state: &State) -> Result<(), Error> {
        Self::erase_tmdb_key(state)?;
        Ok(state.remove(DEBRID_KEY)?)
    }

    /// Uses a store that the configuration names; what the owner set in the browser wins over it.
    pub fn default_debrid(&self, store: Store, token: &Secret) -> Result<(), Error> {
        if self.kept()?.is_none() {
            self.use_debrid(store, token);
        }
        Ok(())
    }

    /// What the owner has set: nothing yet, that there shall be no token, or one.
    #[expect(clippy::option_option, reason = "nothing set and set to nothing are two things")]
    fn kept(&self) -> Result<Option<Option<Kept>>, Error> {
        Ok(self.parts.state.get(DEBRID_KEY)?)
    }

    /// Checks a token with its store at once; keeps it only if the store takes it.
    pub async fn set_debrid(&self, store: Store, token: Secret) -> Result<Account, Error> {
        let printable = |token: &Secret| token.expose().bytes().all(|b| b.is_ascii_graphic());
        if token.is_empty() || !printable(&token) {
            return Err(Error::NoToken);
        }
        let account = self.door(store, &token).account().await?;
        let kept = Some(Kept { store, token: token.clone() });
        durably(|| self.parts.state.put(DEBRID_KEY, &kept))?;
        self.use_debrid(store, &token);
        self.forget_searches();
        self.close_all();
        tracing::info!(%store, "a debrid token was set");
        Ok(account)
    }

    /// Forgets the token.
    pub fn remove_debrid(&self) -> Result<(), Error> {
        // Not merely nothing: the configuration's token must not come back at the next start.
        durably(|| self.parts.state.put(DEBRID_KEY, &None::<Kept>))?;
        *lock(&self.account) = None;
        self.forget_searches();
        self.close_all();
        Ok(())
    }

    /// The owner's word on peer-to-peer.
    pub fn allow_swarm(&self, allowed: bool) -> Result<(), Error> {
        if self.parts.swarm_fixed {
            return Err(Error::SwarmIsFixed);
        }
        durably(|| self.parts.state.put(SWARM_KEY, &allowed))?;
        self.parts.swarm.allow(allowed);
        self.close_all();
        tracing::info!(allowed, "the owner decided on peer-to-peer");
        Ok(())
    }

    /// What the owner may see.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let account = lock(&self.account);
        let debrid = DebridSettings {
            store: account.as_ref().map(|(debrid, _)| debrid.store()),
            set: account.is_some(),
            ends: account.as_ref().map(|(_, ends)| ends.clone()).unwrap_or_default(),
        };
        let swarm =
            SwarmSettings { enabled: self.parts.swarm.allowed(), fixed: self.parts.swarm_fixed };
        let (indexes, preferences) = (self.index_settings(), self.preferences());
        let title = TitleSettings::from(&self.parts.titles);
        Settings { debrid, indexes, swarm, preferences, title }
    }

    fn use_debrid(&self, store: Store, token: &Secret) {
        let ends = token.ends();
        *lock(&self.account) = Some((Arc::new(self.door(store, token)), ends));
    }

    fn door(&self, store: Store, token: &Secret) -> Debrid {
        let client = self.parts.client.clone();
        let account = Some((store, token.clone()));
        let wire = StremThru::new(client.clone(), self.parts.stremthru.clone(), account)
            .counted(Arc::clone(&self.calls));
        Debrid::new(wire, client, store, self.parts.tasks.clone())
    }
}
