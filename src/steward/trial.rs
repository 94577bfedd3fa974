//! What is remembered of trials, over the start that they are about. Old versions read what newer
//! ones wrote, and the other way round: keys are only ever added.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::words::{Refusal, Slot, SlotFacts};
use crate::durable::replace_file;

const TRIAL: &str = "trial.json";
const UPDATES: &str = "updates.json";
/// So many refused versions are kept.
const REFUSED_LIMIT: usize = 16;

/// A start of the other slot that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trial {
    pub(super) from: Slot,
    pub(super) to: Slot,
    pub(super) version: String,
    pub(super) counter: u64,
}

/// How trials went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Updates {
    /// Versions that are not to be tried again unless the owner says so.
    pub(super) refused: Vec<SlotFacts>,
    /// The last version that was made the one that starts.
    pub(super) proved: Option<SlotFacts>,
}

impl Trial {
    /// The trial that was asked for and not yet settled.
    pub(super) fn read(layout: &Layout) -> Option<Self> {
        read(layout, TRIAL)
    }

    /// Remembers it, so that no power cut forgets it.
    pub(super) fn write(&self, layout: &Layout) -> Result<(), Refusal> {
        write(layout, TRIAL, self)
    }

    /// It is settled.
    pub(super) fn remove(layout: &Layout) -> Result<(), Refusal> {
        let folder = layout.folders.system();
        match fs::remove_file(folder.join(TRIAL)).and_then(|()| File::open(folder)?.sync_all()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(refused(&error)),
            _ => Ok(()),
        }
    }
}

impl Updates {
    pub(super) fn read(layout: &Layout) -> Self {
        read(layout, UPDATES).unwrap_or_default()
    }

    /// This version is not tried again by itself.
    pub(super) fn refuse(&mut self, facts: SlotFacts) {
        self.refused.retain(|known| known.counter != facts.counter);
        self.refused.push(facts);
        let over = self.refused.len().saturating_sub(REFUSED_LIMIT);
        self.refused.drain(..over);
    }

    /// This version does well.
    pub(super) fn prove(&mut self, facts: SlotFacts) {
        self.refused.retain(|known| known.counter != facts.counter);
        self.proved = Some(facts);
    }

    pub(super) fn write(&self, layout: &Layout) -> Result<(), Refusal> {
        if *self == Self::read(layout) { Ok(()) } else { write(layout, UPDATES, self) }
    }
}

/// What cannot be read was never there: the file is replaced whole, and nothing hangs on it that
/// the next trial does not say again.
fn read<T: DeserializeOwned>(layout: &Layout, name: &str) -> Option<T> {
    let bytes = fs::read(layout.folders.system().join(name)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn write<T: Serialize>(layout: &Layout, name: &str, value: &T) -> Result<(), Refusal> {
    let folder = layout.folders.system();
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(refused(&error)),
        _ => {}
    }
    let bytes = serde_json::to_vec(value).map_err(|error| refused(&error.into()))?;
    replace_file(&folder.join(name), &bytes, 0o600).map_err(|error| refused(&error))
}

fn refused(error: &io::Error) -> Refusal {
    let sentence = format!(
        "the data partition takes no note of this update ({error}); make room on it, or make a new \
         card from the image"
    );
    Refusal::new("data_not_written", sentence)
}
