//! What needs root on a box: a fixed set of verbs, and what is done once at each start. The server
//! itself has no rights; it asks the steward through a socket (`words`), and systemd starts one
//! steward for each connection, with no network. Nothing here decides *when*: that is `appliance`'s.

pub mod layout;
pub mod words;

mod access_point;
mod answer;
mod boot_files;
mod card;
mod data;
mod debug_key;
mod imager;
mod mounts;
mod networks;
mod notices;
mod people;
mod prepare;
mod reset;
mod salvage;
mod slots;
mod ssd;
mod superblock;
mod tools;
mod wifi;
mod yaml;

pub use answer::answer;
pub use prepare::prepare;
pub use ssd::adopt;
