//! What needs root on a box: a fixed set of verbs, and what is done once at each start. The server
//! itself has no rights; it asks the steward through a socket (`words`), and systemd starts one
//! steward for each connection, with no network. Nothing here decides *when*: that is `appliance`'s.

pub mod layout;
pub mod words;

mod answer;
mod autoboot;
mod fat;
mod partition;
mod prepare;
mod selector;
mod slots;
mod ssd;
mod trial;

pub use answer::answer;
pub use prepare::prepare;
pub use ssd::adopt;
