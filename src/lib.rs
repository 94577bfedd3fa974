//! Credenza: a title's id in, a playing film out.
//!
//! The rooms, by floor; a room names only rooms below its own floor (`tests/house.rs` keeps it so,
//! ARCHITECTURE.md says why):
//!
//! ```text
//!  7  cli · app · demo        what a person runs; App builds the house; the household that exists offline
//!  6  http · web              being asked: routes, ranges, pages
//!  5  lan · appliance         being found; the box itself
//!  4  playback                the story: resolve, open, carry on
//!  3  index · debrid · title · select · mirror · library · steward · subtitle  stations that never name each other
//!  2  cache · durable · swarm · release · stremthru · access
//!  1  media · torrent · representation · fetch · secret · config · bundle · host_name
//! ```

// Floor 1: the ground.
pub mod bundle;
pub mod config;
pub mod fetch;
pub mod host_name;
pub mod media;
pub mod representation;
pub mod secret;
pub mod torrent;
pub mod xml;

// Floor 2: engines and stores, neighbours that never name each other.
pub mod access;
pub mod cache;
pub mod clip;
pub mod durable;
pub mod release;
pub mod stremthru;
pub mod swarm;

// Floor 3: the stations of the story.
pub mod debrid;
pub mod index;
pub mod library;
pub mod mirror;
pub mod select;
pub mod steward;
pub mod subtitle;
pub mod title;

// Floor 4: the story.
pub mod playback;

// Floor 5: being found, and the box itself.
pub mod appliance;
pub mod lan;

// Floor 6: being asked.
pub mod http;
pub mod web;

// Floor 7: what a person runs.
pub mod app;
pub mod cli;
pub mod demo;
