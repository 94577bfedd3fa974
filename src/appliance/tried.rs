//! What is remembered of a version that is started on trial: if the box comes back as what it was
//! before, the trial failed, and that version is not offered again.

use serde::{Deserialize, Serialize};

use super::durably;
use crate::durable::{Error, State};
use crate::steward::words::Facts;

const TRIED: &str = "box/tried";
const REFUSED: &str = "box/refused";

/// A trial, from before it until its outcome is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tried {
    /// The counter of the version that was running.
    pub(super) from: u64,
    /// The counter of the version on trial.
    pub(super) to: u64,
    /// What it is called.
    pub(super) version: String,
    /// Why it gave itself up.
    #[serde(default)]
    pub(super) why: Option<String>,
}

impl Tried {
    /// What the owner reads of a trial that failed.
    pub(super) fn sentence(&self, running: &str) -> String {
        let why = self.why.as_deref().unwrap_or("it did not start, or was switched off");
        format!(
            "Version {} was tried and did not stay: {why}. The box runs {running} as before.",
            self.version
        )
    }
}

/// The trial whose outcome is not known yet.
pub(super) fn read(state: &State) -> Result<Option<Tried>, Error> {
    state.get(TRIED)
}

/// Remembers a trial that begins, or why it failed.
pub(super) fn keep(state: &State, tried: &Tried) -> Result<(), Error> {
    durably(|| state.put(TRIED, tried))
}

/// The trial is over: it stays.
pub(super) fn forget(state: &State) -> Result<(), Error> {
    durably(|| state.remove(TRIED))
}

/// The version that failed last, unless one as new runs since.
pub(super) fn refused(state: &State, facts: &Facts) -> Result<Option<Tried>, Error> {
    let refused: Option<Tried> = state.get(REFUSED)?;
    Ok(refused.filter(|tried| tried.to != facts.counter))
}

/// Takes note, after a start, of how a trial ended.
pub(super) fn settle(state: &State, facts: &Facts) -> Result<(), Error> {
    let Some(tried) = read(state)? else { return Ok(()) };
    if facts.counter != tried.to {
        durably(|| state.put(REFUSED, &tried))?;
        tracing::error!(
            version = tried.version,
            why = tried.why,
            "a new version did not stay; the one before runs again"
        );
    } else if facts.trial {
        return Ok(());
    }
    forget(state)
}
