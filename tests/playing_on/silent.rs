//! A mirror that says nothing more in the middle of a film, whenever it is asked, and another that is
//! well.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Town, Viewer};
use crate::support::server::Server;
use crate::support::warehouse::{Mood, Warehouse};
use crate::support::world::ID;

fn add(town: &Town, name: &str, priority: u32, server: &Warehouse) {
    let url = server.url("/{infoHash}/{fileName}");
    let source = json!({"name": name, "url": url, "priority": priority});
    let added = town.server.owner("POST", "/api/sources").json(&source).send();
    assert_eq!(added.status, 201, "{}", added.text());
}

/// How many bytes of films have come from a source.
fn given(server: &Server, name: &str) -> u64 {
    let all = server.owner("GET", "/api/sources").send().json();
    let of_it = all["sources"].as_array().unwrap().iter().find(|one| one["name"] == json!(name));
    of_it.unwrap()["health"]["bytes"].as_u64().unwrap()
}

#[test]
fn a_mirror_that_fell_silent_is_left_for_another_and_not_asked_again() {
    let town = Town::with(false, false, "");
    town.is_described();
    add(&town, "First", 1, &town.warehouse);
    add(&town, "Second", 2, &town.spare);
    // Each time that it is asked: some MiB, and then nothing for ever.
    town.warehouse.is(Mood::Stutters(4 << 20));
    let play = town.server.play(ID);
    assert_eq!(play["via"], "mirror", "{play}");
    let url = play["url"].as_str().unwrap();
    // So slow that the rest of the film takes a minute.
    town.spare.is(Mood::Brings(600 << 10));
    let viewer = Viewer::watch(url);
    viewer.has(3);
    let (asked, since) = (town.warehouse.asked().len(), Instant::now());
    // It looks how long the player waited as well.
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
    assert!(since.elapsed() > Duration::from_secs(55), "{:?} is no minute", since.elapsed());
    assert_eq!(
        town.warehouse.asked().len(),
        asked,
        "the silent one was asked: {}",
        town.server.log()
    );
    assert_eq!(town.log_says("another mirror is read on"), 1, "{}", town.server.log());

    // Opened anew, when all are tested again, it does not begin there either.
    let before = given(&town.server, "First");
    let stop = format!("/api/stream/{}", town.torrent.info_hash);
    let stopped = town.server.owner("DELETE", &stop).send();
    assert!(stopped.status < 300, "{}", stopped.text());
    town.spare.is(Mood::Sound);
    let again = Viewer::watch(town.server.play(ID)["url"].as_str().unwrap());
    assert!(again.ends() == town.torrent.files[0].1, "other bytes than the source's");
    assert!(town.warehouse.asked().len() > asked, "it was not opened anew");
    assert_eq!(given(&town.server, "First"), before, "{}", town.server.log());
}
