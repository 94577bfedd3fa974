//! Being found: how the household's screens and phones learn of us without typing an address.
//!
//! So far multicast DNS (RFC 6762) with service discovery (RFC 6763): the host name
//! `credenza.local` and one `_http._tcp` service. This room tells where we are; it answers no
//! request and knows no route. Nothing else in the house names `mdns_sd`.

mod advertisement;
mod interfaces;
mod name;

pub use advertisement::{Advertisement, Error, Names};
