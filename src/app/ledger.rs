//! The owner's book in the state store: `access` and `durable` are neighbours that do not know each
//! other.

use std::sync::Arc;

use crate::access::Ledger;
use crate::durable::State;

/// [`Ledger`] over [`State`].
pub(super) struct StateLedger(pub(super) Arc<State>);

impl Ledger for StateLedger {
    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.0.get_bytes(key).map_err(|error| error.to_string())
    }

    fn write(&self, key: &str, value: Vec<u8>) -> Result<(), String> {
        self.0.put_bytes(key, &value).map_err(|error| error.to_string())
    }

    fn remove(&self, key: &str) -> Result<(), String> {
        self.0.remove(key).map_err(|error| error.to_string())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, String> {
        self.0.keys(prefix).map_err(|error| error.to_string())
    }

    fn claim_once(&self, key: &str, value: Vec<u8>) -> Result<bool, String> {
        self.0.put_bytes_once(key, &value).map_err(|error| error.to_string())
    }
}
