//! Being found: how the household's screens and phones learn of us without typing an address.
//!
//! Multicast DNS (RFC 6762) with service discovery (RFC 6763): the host name `credenza.local` and our
//! services. This room tells where we are; it answers no request and knows no route. Nothing else in
//! the house names `mdns_sd`. And it knows who is of the household ([`Links`]).

mod advertisement;
mod interfaces;
mod links;
mod name;
pub mod renderer;

pub use advertisement::{Advertisement, Error, Names, Offer};
pub use links::{Link, Links};
