//! Something that the owner turns on and off: kept, and heard by who waits for it.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Error, Ledger};

/// Prefix of a switch's entry in the ledger.
const PREFIX: &str = "switch/";

/// A switch. Clones are one.
#[derive(Clone)]
pub struct Switch {
    ledger: Arc<dyn Ledger>,
    key: String,
    fixed: bool,
    state: Arc<watch::Sender<bool>>,
}

/// Why a switch stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// The configuration decides.
    #[error("the configuration decides on this; change it there")]
    Fixed,
    /// The room's own error.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl Switch {
    /// Reads the switch called `name`: off until the owner turns it on. With `fixed` it stands so,
    /// whatever the owner said. Blocks on the disk.
    pub fn open(ledger: Arc<dyn Ledger>, name: &str, fixed: Option<bool>) -> Result<Self, Error> {
        let key = format!("{PREFIX}{name}");
        let kept = ledger.read(&key).map_err(Error::Ledger)?;
        let kept = kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or(false);
        let state = Arc::new(watch::Sender::new(fixed.unwrap_or(kept)));
        Ok(Self { ledger, key, fixed: fixed.is_some(), state })
    }

    /// Whether it is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        *self.state.borrow()
    }

    /// Whether the configuration decides on it.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        self.fixed
    }

    /// Turns it, durably. Blocks on the disk.
    pub fn turn(&self, on: bool) -> Result<(), SwitchError> {
        if self.fixed {
            return Err(SwitchError::Fixed);
        }
        let json = serde_json::to_vec(&on).unwrap_or_default();
        self.ledger.write(&self.key, json).map_err(Error::Ledger)?;
        self.state.send_replace(on);
        Ok(())
    }

    /// Hears of every turn.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<bool> {
        self.state.subscribe()
    }
}
