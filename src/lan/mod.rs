//! Being found: how the household's screens and phones learn of us without typing an address.
//!
//! Multicast DNS (RFC 6762) with service discovery (RFC 6763): the host name `credenza.local` and our
//! services. SSDP and the words of UPnP ([`ssdp`], [`content_directory`], [`events`]): what televisions'
//! own players look for. This room tells where we are; it answers no request and knows no route.
//! Nothing else in the house names `mdns_sd`. And it knows who is of the household ([`Links`]).

mod advertisement;
pub mod content_directory;
pub mod events;
mod interfaces;
mod links;
mod name;
pub mod renderer;
pub mod ssdp;
pub mod uuid;

pub use advertisement::{Advertisement, Error, Names, Offer};
pub use links::{Link, Links};
