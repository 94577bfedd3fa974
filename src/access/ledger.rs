//! Where what must last is kept: a small seam to a durable store.

/// A durable book of `key -> JSON bytes`. Every write is on the disk when the call returns; calls
/// may block for as long as the disk takes, so this room makes them on blocking threads. An error is
/// a sentence for the owner.
pub trait Ledger: Send + Sync {
    /// What is under `key`.
    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, String>;
    /// Puts `value` under `key`.
    fn write(&self, key: &str, value: Vec<u8>) -> Result<(), String>;
    /// Takes away what is under `key`.
    fn remove(&self, key: &str) -> Result<(), String>;
    /// The keys that begin with `prefix`.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, String>;
    /// Puts `value` under `key` where nothing is, in one transaction, and says whether it did.
    fn claim_once(&self, key: &str, value: Vec<u8>) -> Result<bool, String>;
}

/// Why this room cannot do its work; nothing that a client did wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store's own sentence.
    #[error("{0}")]
    Ledger(String),
    /// It must never be taken for "there is no owner".
    #[error(
        "the owner's entry in the state file is not understood; put back a copy of the state file, \
         or move it away to start anew"
    )]
    OwnerUnreadable,
    /// From the configuration.
    #[error("box.claim_code must be six digits, such as 042137")]
    BadClaimCode,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random numbers; credenza makes no keys without them")]
    NoRandomness,
    /// A blocking task was cut off.
    #[error("credenza is stopping; try again when it runs")]
    Stopping,
}
