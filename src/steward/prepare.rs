//! Once at each start, before the server: the data partition, the person's files, the name.

use super::layout::Layout;
use super::mounts::{self, mount};
use super::tools::Tools;
use super::words::Refusal;
use super::{boot_files, clock, data, debug_key, notices, people, reset, slots};

/// Makes the running system ready for the server. No step keeps the next from being done: what fails
/// becomes a notice, never a box that does not answer. An error is left only where not even the
/// notices can be written.
pub fn prepare(layout: &Layout) -> Result<(), Refusal> {
    let tools = Tools::below(&layout.folders.root);
    people::folder(&layout.folders.run, 0o755, None)?;
    let mut found = data::make_ready(layout, &tools);
    found.extend(clock::take_up(layout).err());
    found.extend(selector(layout, &tools).err());
    found.extend(boot_files::follow(layout));
    found.extend(reset::consume(layout, &tools).err());
    found.extend(either(debug_key::at_start(layout)));
    found.extend(either(slots::after_start(layout)));
    notices::replace(layout, &found);
    Ok(())
}

/// The same before the server starts again, of what may have failed since.
pub fn look_again(layout: &Layout) -> Result<(), Refusal> {
    for notice in data::look_again(layout, &Tools::below(&layout.folders.root)) {
        notices::add(layout, &notice);
    }
    Ok(())
}

/// A notice, or the error of looking for one.
fn either(found: Result<Option<Refusal>, Refusal>) -> Option<Refusal> {
    found.unwrap_or_else(Some)
}

/// Mounts the boot partition, to be read.
fn selector(layout: &Layout, tools: &Tools) -> Result<(), Refusal> {
    let place = &layout.folders.selector;
    if mounts::at(&layout.folders, place).is_some() {
        return Ok(());
    }
    let options = "ro,nosuid,nodev,noexec";
    mount(tools, &layout.start.selector, place, None, options).map_err(|refusal| {
        let message = format!(
            "the boot partition cannot be read ({}), so what is written there is not followed; \
             flash the card anew",
            refusal.message
        );
        Refusal::new("no_boot_partition", message)
    })
}
