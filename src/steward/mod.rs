//! What needs root on a box: a fixed set of verbs, and what is done once at each start. The server
//! itself has no rights; it asks the steward through a socket (`words`), and systemd starts one
//! steward for each connection, with no network. Nothing here decides *when*: that is `appliance`'s.

pub mod layout;
pub mod words;

mod access_point;
mod answer;
mod autoboot;
mod boot_files;
mod card;
mod clock;
mod data;
mod debug_key;
mod disks;
mod facts;
mod fat;
mod format;
mod holdings;
mod imager;
mod layer;
mod mounts;
mod networks;
mod notices;
mod partition;
mod people;
mod prepare;
mod reset;
mod salvage;
mod selector;
mod serial;
mod slots;
mod ssd;
mod sticks;
mod superblock;
mod tools;
mod trial;
mod wifi;
mod yaml;

use layout::Layout;
use tools::Tools;
use words::Refusal;

pub use answer::answer;
pub use prepare::{look_again, prepare};
pub use ssd::{adopt, trim};

/// Lists the Wi-Fi networks in reach, for the steward that answers.
pub fn scan(layout: &Layout) -> Result<(), Refusal> {
    networks::scan(layout, &Tools::below(&layout.folders.root))
}

/// Writes the files of the box's own Wi-Fi network.
pub fn access_point(layout: &Layout) -> Result<(), Refusal> {
    access_point::write(layout, &Tools::below(&layout.folders.root))
}

/// Counts the time of a debug key, and ends it.
pub fn debug_key(layout: &Layout) -> Result<(), Refusal> {
    let over = debug_key::count(layout, &Tools::below(&layout.folders.root))?;
    if let Some(notice) = over {
        notices::add(layout, &notice);
    }
    Ok(())
}
