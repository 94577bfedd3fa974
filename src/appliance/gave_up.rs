//! Why a version on trial gave itself up, for the version that comes back after it. *That* it did
//! not stay is the steward's to remember (`Facts::refused`).

use serde::{Deserialize, Serialize};

use super::durably;
use crate::durable::{Error, State};
use crate::steward::words::SlotFacts;

const GAVE_UP: &str = "box/gave_up";

/// A trial that failed, and knew why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GaveUp {
    pub(super) counter: u64,
    pub(super) why: String,
}

impl GaveUp {
    pub(super) fn read(state: &State) -> Result<Option<Self>, Error> {
        state.get(GAVE_UP)
    }

    pub(super) fn keep(&self, state: &State) -> Result<(), Error> {
        durably(|| state.put(GAVE_UP, self))
    }

    /// The version stays after all.
    pub(super) fn forget(state: &State) -> Result<(), Error> {
        durably(|| state.remove(GAVE_UP))
    }
}

/// What the owner reads of a version in the other slot that is not started by itself again.
pub(super) fn sentence(state: &State, refused: &SlotFacts) -> Result<String, Error> {
    let version = &refused.version;
    let gave_up = GaveUp::read(state)?.filter(|gave_up| gave_up.counter == refused.counter);
    Ok(match gave_up {
        Some(GaveUp { why, .. }) => format!("Version {version} was tried and did not stay: {why}."),
        None => format!(
            "Version {version} was tried and left again: it did not start well, was switched off \
             while it was tried, or you went back from it."
        ),
    })
}
