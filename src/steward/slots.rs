//! The two slots: what they hold, writing the other one, trying it, and making it the one that
//! starts.

use std::io::Read;

use super::layout::Layout;
use super::words::{Refusal, Slot, SlotFacts};

/// How the slots stand.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) default: Slot,
    pub(super) other: Option<SlotFacts>,
}

/// How the slots stand, by what is on the card.
pub(super) fn standing(_layout: &Layout) -> Result<Standing, Refusal> {
    Err(Refusal::new("not_yet", "this is not built yet"))
}

/// Writes a bundle into the other slot, checks it as it comes and again from the device.
/// `progress` hears of bytes done and bytes in all.
pub(super) fn install(
    _layout: &Layout,
    _bundle: &mut dyn Read,
    _progress: &mut dyn FnMut(u64, u64),
) -> Result<SlotFacts, Refusal> {
    Err(Refusal::new("not_yet", "this is not built yet"))
}

/// Sets the one-shot flag; the caller starts the box anew.
pub(super) fn try_other(_layout: &Layout, _back: bool) -> Result<(), Refusal> {
    Err(Refusal::new("not_yet", "this is not built yet"))
}

/// Makes the running slot the one that starts.
pub(super) fn commit(_layout: &Layout) -> Result<(), Refusal> {
    Err(Refusal::new("not_yet", "this is not built yet"))
}

/// At each start: a trial that did not come back is remembered, and told once.
pub(super) fn after_start(_layout: &Layout) -> Result<Option<Refusal>, Refusal> {
    Ok(None)
}
