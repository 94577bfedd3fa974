//! The faults that a box in a house meets, each by its number, with the real program and the injection
//! that comes nearest to the fault. Every byte that is served meanwhile is compared with the source.
//!
//! | fault | where it is tested |
//! |---|---|
//! | F-01 power cut while the owner sets up | [`power`] `f01_…`; the state's own layer: `state::a_process_killed_…` |
//! | F-02 power cut in a download | [`power`] `f02_…`; kills: `library::restart` |
//! | F-03 power cut in an update | `update_power_cut` |
//! | F-04 disk full | [`full`] `f04_…`; what is begun at all: `library::room`, `library::disk`; the state: `state::a_full_disk_…` |
//! | F-05 disk pulled, plugged in again | `unplugged`, `library::disk` |
//! | F-06 bad block | [`disk`] `f06_…`; a card: `card_faults` |
//! | F-07 disk takes no more writes | `library::disk::a_disk_that_takes_no_more_writes_still_plays` |
//! | F-08 slow disk, one that stands still | [`disk`] `f08_…` |
//! | F-09 disk that lies about flushes | [`power`] `f09_…`; an update: `update_power_cut` |
//! | F-13 Wi-Fi that drops | [`line`] `f13_…` |
//! | F-14 loss, a thin line | [`line`] `f14_…` |
//! | F-23 a debrid link dies | `debrid::link`, `playing_on`; by the hundred: `just bench` |
//! | F-24 peers stall | [`peers`] `f24_…`, `playing_on` |
//! | F-25 bad pieces | `feeder::what_a_peer_lies_is_never_served_either`, `programs::content` |
//! | F-26 little memory | [`board`] `f26_…` |
//! | F-27 no descriptor is free | [`board`] `f27_…`; the loop: `server::without_descriptors_…` |
//! | F-28 little processor | [`board`] `f28_…` |
//! | F-29 kill -9 | [`kill`] `f29_…`; peers' pieces: `library::restart` |
//! | F-30 hang | `appliance::watchdog` |

mod board;
mod disk;
mod full;
mod kill;
mod line;
mod peers;
mod power;
mod pulled;

use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const MIB: usize = 1 << 20;
