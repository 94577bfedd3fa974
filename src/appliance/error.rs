//! Why the box does not do it. One sentence each.

use std::io;

use crate::bundle;
use crate::durable;
use crate::fetch;
use crate::steward::words::Refusal;

/// Why the box does not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A desktop has no steward.
    #[error(
        "this is no Credenza box but a program on somebody's computer: its disks, its network and \
         its updates are that computer's own"
    )]
    NotABox,
    /// The steward's own word.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The steward does not answer as it should.
    #[error("the part of the box that may do this does not answer ({0}); start the box anew")]
    Silent(io::Error),
    /// A film is being read.
    #[error("somebody is watching: an update is written when nobody is; try again after the film")]
    SomeoneIsWatching,
    /// One thing at a time.
    #[error("an update is under way already; wait until it is done")]
    Busy,
    /// Nothing to ask for updates.
    #[error("no address for updates is set; set one under Update on the set-up page")]
    NoUrl,
    /// Not an address.
    #[error(
        "this is no address for updates: give one that begins with http:// or https://, without a \
         user name, such as https://example.org/credenza-{{board}}.bundle"
    )]
    BadUrl,
    /// Nothing newer is known.
    #[error("no newer version is known; check for updates first")]
    NothingNew,
    /// There is no system in the other slot, or none that is newer.
    #[error("no newer version is ready to be started; install one first")]
    NothingReady,
    /// There is nothing to go back to.
    #[error("the other half of the card holds no version that could be started")]
    NothingBefore,
    /// The sender went away.
    #[error("the update broke off on its way here ({0}); send it again")]
    Broken(io::Error),
    /// The update's address.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// What lies at the update's address.
    #[error("what lies at the address for updates cannot be taken: {0}")]
    Offer(#[from] bundle::Error),
    /// Something at the update's address that is no file.
    #[error("{host} has no update there (it answers {status}); check the address for updates")]
    NoFile {
        /// The host.
        host: String,
        /// Its status.
        status: u16,
    },
    /// The state cannot be written or read.
    #[error(transparent)]
    State(#[from] durable::Error),
}
