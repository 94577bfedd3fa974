//! The owner forgot the password. Whoever can put a file on the box's card holds it in their hands,
//! and may begin anew: the file is brought here as `reset-owner` in the data folder.

use std::path::Path;
use std::sync::Arc;

use super::Error;
use super::ledger::StateLedger;
use crate::access::Access;
use crate::durable::State;
use crate::mirror::Mirrors;
use crate::playback::Playback;

const FILE: &str = "reset-owner";

/// Forgets the owner, every session, the store's token, the owner's indexes and mirrors, where the
/// file asks for it; films stay.
/// The file goes last: what was cut off half-way is done again.
pub(super) fn owner_if_asked(data: &Path, state: &Arc<State>) -> Result<(), Error> {
    let file = data.join(FILE);
    if !file.exists() {
        return Ok(());
    }
    Access::erase(&StateLedger(Arc::clone(state)))?;
    Playback::erase_token(state)?;
    Playback::erase_indexes(state)?;
    Mirrors::erase(state)?;
    std::fs::remove_file(&file).map_err(|error| Error::Data { folder: data.to_owned(), error })?;
    tracing::warn!(
        "the owner, all sessions, the store's token, the owner's indexes and mirrors were taken \
         out, as reset-owner asked"
    );
    Ok(())
}
