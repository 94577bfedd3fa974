//! The demonstration: a household that exists with no internet. Films that lie in the binary, real
//! torrents of them, a seeder, and stand-ins for every service on loopback, in the services' own
//! wire formats. It differs from `serve` in configuration alone.

mod bencode;
pub mod household;
pub mod plain;
pub mod reel;
pub mod stand_in;
mod stub; pub use stub::Demo;
