//! Updates: looking for one, writing it into the other slot, starting it. Each step is the owner's
//! word; none is taken while somebody watches, and a write that is under way stands still meanwhile
//! ([`quiet`]).

use std::sync::{Arc, Mutex};

use serde::Serialize;
use tokio::sync::OwnedMutexGuard;

use super::{Appliance, Error, durably, gave_up, lock, offer};
use crate::steward::words::{Facts, SlotFacts};

mod check;
mod install;
mod quiet;

/// What the owner set in the browser: an address, or that there shall be none.
const URL: &str = "settings/update_url";
/// When the owner's address was last asked, in seconds since 1970.
const CHECKED: &str = "box/checked";

/// How it stands with updates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Phase {
    #[default]
    Idle,
    Checking,
    Available,
    Receiving,
    Ready,
    Restarting,
    Failed,
}

/// Bytes done of bytes in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Progress {
    pub bytes: u64,
    pub of: u64,
}

/// How it stands with updates, in words and numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The step.
    pub state: Phase,
    /// The version that the step is about.
    pub version: Option<String>,
    /// How far the step is.
    pub progress: Option<Progress>,
    /// Whether the step waits until nobody is watching.
    pub waiting: bool,
    /// One sentence: what is waited for, or what went wrong.
    pub message: Option<String>,
    /// When the owner's address last answered, in seconds since 1970.
    pub checked: Option<u64>,
    /// The owner's address.
    pub url: Option<String>,
}

/// Where updates are dealt with, one at a time.
#[derive(Debug, Default)]
pub(super) struct Desk {
    status: Mutex<Status>,
    /// Whoever holds it does the one thing that is under way.
    one: Arc<tokio::sync::Mutex<()>>,
}

type Turn = OwnedMutexGuard<()>;

impl Appliance {
    /// How it stands.
    #[must_use]
    pub fn update_status(&self) -> Status {
        let kept = self.parts.state.get(CHECKED).ok().flatten();
        Status { checked: kept, url: self.update_url(), ..lock(&self.update.status).clone() }
    }

    /// The address for updates: the owner's word, else the configuration's.
    #[must_use]
    pub fn update_url(&self) -> Option<String> {
        let set: Option<Option<String>> = self.parts.state.get(URL).ok().flatten();
        set.unwrap_or_else(|| self.parts.update_url.clone())
    }

    /// Sets the address for updates, or that there shall be none.
    pub fn set_update_url(&self, url: Option<&str>) -> Result<(), Error> {
        if !self.is_here() {
            return Err(Error::NotABox);
        }
        if let Some(url) = url {
            offer::address(url, "board")?;
        }
        durably(|| self.parts.state.put(URL, &url.map(str::trim)))?;
        Ok(())
    }

    /// What the other slot holds, if it is newer than what runs.
    fn ready(facts: &Facts) -> Option<&SlotFacts> {
        facts.other.as_ref().filter(|other| other.counter > facts.counter)
    }

    /// Shows how it stands by what the slots hold.
    fn show_standing(&self, facts: &Facts) {
        let Some(ready) = Self::ready(facts) else { return self.step(Phase::Idle, None, None) };
        let version = Some(ready.version.clone());
        if !facts.refused.contains(&ready.counter) {
            return self.step(Phase::Ready, version, None);
        }
        let sentence = gave_up::sentence(&self.parts.state, ready);
        self.step(Phase::Failed, version, Some(sentence.unwrap_or_else(|error| error.to_string())));
    }

    fn step(&self, state: Phase, version: Option<String>, message: Option<String>) {
        *lock(&self.update.status) = Status { state, version, message, ..Status::default() };
    }

    fn failed(&self, error: &Error) {
        tracing::warn!(%error, "the update came to nothing");
        let mut status = lock(&self.update.status);
        (status.state, status.progress) = (Phase::Failed, None);
        status.message = Some(error.to_string());
    }

    fn turn(&self) -> Result<Turn, Error> {
        Arc::clone(&self.update.one).try_lock_owned().map_err(|_| Error::Busy)
    }

    /// After a start: how the last trial ended, whether this is one; then a look for updates from
    /// time to time.
    pub(super) async fn try_and_look_for_updates(self: Arc<Self>) {
        let facts = loop {
            match self.facts_anew().await {
                Ok(facts) => break facts,
                Err(error) => tracing::warn!(%error, "how the box stands is not known"),
            }
            tokio::time::sleep(self.timing.look).await;
        };
        // An update that was begun meanwhile tells how it stands itself.
        if let Ok(_turn) = self.turn() {
            self.show_standing(&facts);
        }
        if facts.trial {
            self.decide(&facts).await;
        }
        // A box that has just been plugged in has no network yet, and no time of day.
        tokio::time::sleep(self.timing.check_first).await;
        loop {
            let looked = match self.update_url() {
                Some(_) => self.check_for_update().await.map(drop),
                None => Ok(()),
            };
            let wait = match looked {
                Ok(()) => self.timing.check,
                Err(error) => {
                    tracing::info!(%error, "no newer version could be looked for");
                    self.timing.check_again
                }
            };
            tokio::time::sleep(wait).await;
        }
    }
}
