//! Who may: the owner, claimed once; sessions; signed media keys; the keys of the Stremio add-on; what
//! the owner turned on; which Host names are ours; the key for programs on the same machine.
//!
//! It keeps what must last through a [`Ledger`], so it knows no store; it knows no HTTP either: the
//! caller maps the enums of refusal to a status. No secret is printed by any `Debug` here.

mod addon_keys;
mod attempts;
mod clock;
mod host_list;
mod ledger;
mod local;
mod media_keys;
mod owner;
mod password;
mod random;
mod remembered;
mod sessions;
mod switch;

pub use addon_keys::{AddonKey, AddonKeyError, AddonKeys};
pub use clock::Clock;
pub use host_list::HostList;
pub use ledger::{Error, Ledger};
pub use local::{LocalKey, RunningServer};
pub use media_keys::MediaKeys;
pub use owner::{Access, ClaimError, LoginError};
pub use password::PasswordRule;
pub use sessions::SessionToken;
pub use switch::{Switch, SwitchError};
