//! Peers that keep their connection and send nothing (F-24).

use std::time::Duration;

use serde_json::json;

use crate::playing_on::Town;
use crate::support::viewer::Viewer;

#[test]
fn f24_when_peers_fall_silent_whoever_has_the_same_bytes_carries_the_film_on() {
    let town = Town::new(false, true);
    let Some(peer) = town.peer() else { return };
    let play = town.server.play(crate::support::world::ID);
    let viewer = Viewer::of(play["url"].as_str().unwrap(), 0, 0);
    viewer.has(4 << 20, Duration::from_secs(60));
    // Somebody is named only now: until then there is no other way at all.
    peer.falls_silent(true);
    let source = json!({"name": "Friend", "url": town.warehouse.url("/{infoHash}/{fileName}")});
    let added = town.server.owner("POST", "/api/sources").json(&source).send();
    assert_eq!(added.status, 201, "{}", added.text());
    let watched = viewer.ends(Duration::from_secs(120));
    assert!(watched.bytes == town.torrent.files[0].1, "other bytes than the source's");
    let gap = watched.longest_gap();
    println!("nothing came for {gap:?} at most");
    // Twenty seconds of silence are waited out; what the drip holds back comes in between, so that no
    // player leaves (the most impatient after eight seconds).
    assert!(gap < Duration::from_secs(4), "{gap:?}");
    assert!(town.helped() >= 1, "{}", town.server.log());
}

#[test]
fn f24_peers_that_come_back_after_a_drought_are_read_on_from() {
    let town = Town::new(false, true);
    let Some(peer) = town.peer() else { return };
    let play = town.server.play(crate::support::world::ID);
    let viewer = Viewer::of(play["url"].as_str().unwrap(), 0, 0);
    viewer.has(4 << 20, Duration::from_secs(60));
    peer.falls_silent(true);
    std::thread::park_timeout(Duration::from_secs(25));
    assert!(!viewer.has_ended(), "the drip holds the player");
    peer.falls_silent(false);
    let watched = viewer.ends(Duration::from_secs(120));
    assert!(watched.bytes == town.torrent.files[0].1, "other bytes than the source's");
}
