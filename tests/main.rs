//! The integration tests: one binary that drives the real program on loopback, with real peers,
//! real players and recorded answers. Each module's head says what it proves.

// Helpers of the tests are not the product's public face.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::print_stdout, reason = "a skipped test says why")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so this way anywhere")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the tests wait for other programs by the real clock, and look at the machine"
)]

mod support;

mod access;
mod appliance;
mod bad_input;
mod boards;
mod bundle;
mod captive;
mod card_faults;
mod cli;
mod configuration;
mod dav;
mod debrid;
mod demo;
mod engine;
mod evening;
mod faults;
mod feeder;
mod find;
mod flash;
mod fuzz_corpus;
mod half_fetched;
mod house;
mod indexes;
mod library;
mod limits;
mod living_room;
mod mdns;
mod merged;
mod metainfo;
mod mirrors;
mod near;
mod own_indexes;
mod pages;
mod patience;
mod players;
mod playing_on;
mod preferences;
mod programs;
mod range;
mod release;
mod select;
mod selector;
mod server;
mod state;
mod steward;
mod stremio;
mod subtitles;
mod swarm;
mod swarm_limits;
mod televisions;
mod titles;
mod twins;
mod unplugged;
mod update;
mod update_power_cut;
mod way_out;
