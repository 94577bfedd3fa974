//! Once at each start, before the server: the data partition, the person's files, the name.

use super::layout::Layout;
use super::words::Refusal;

/// Makes the running system ready for the server. What fails becomes a notice, never a box that
/// does not answer.
pub fn prepare(layout: &Layout) -> Result<(), Refusal> {
    let _ = super::slots::after_start(layout)?;
    Ok(())
}
