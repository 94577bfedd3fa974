//! The disk is pulled while a film of the store plays that is copied to it (F-05): the film goes on from
//! the store, nothing is written to the empty mount point, and the copy is finished when the disk is back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{LIMIT, MIB};
use crate::playing_on::Town;
use crate::support::disk::PulledDisk;
use crate::support::viewer::Viewer;
use crate::support::world::ID;
use crate::support::{skip, until};

#[test]
fn f05_a_film_of_the_store_goes_on_when_the_disk_of_its_copy_is_pulled() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let mut disk = PulledDisk::new(96);
    disk.plug();
    let library = format!("[library]\ndisk = \"{}\"\nreserve_bytes = 0\n", disk.mount().display());
    let town = Town::with(true, false, &library);
    let film = &town.torrent.files[0].1;
    let url = town.server.play(ID)["url"].as_str().unwrap().to_owned();
    let media_id = crate::library::media_id(&town.server, &url);
    let row = || town.server.owner("GET", &format!("/api/library/{media_id}")).send().json();
    let keep = town.server.owner("PUT", &format!("/api/library/{media_id}"));
    assert_eq!(keep.json(&json!({"keep": true})).send().status, 200);
    // As slow as a set shows it: its copy is ahead of it.
    let viewer = Viewer::of(&url, 0, 3 * MIB);
    viewer.has(6 * MIB, LIMIT);
    until("a part of the copy", LIMIT, || (row()["bytes_have"].as_u64() > Some(0)).then_some(()));
    assert_eq!(row()["whole"], json!(false), "{}", row());
    disk.pull();
    viewer.has(14 * MIB, LIMIT);
    let entries = std::fs::read_dir(disk.mount()).unwrap().count();
    assert_eq!(entries, 0, "the empty mount point was written to");
    disk.plug();
    let back = Instant::now();
    let watched = viewer.ends(LIMIT);
    assert!(watched.bytes == *film, "other bytes: {} of {}", watched.bytes.len(), film.len());
    let gap = watched.longest_gap();
    println!("longest without a byte: {gap:?}");
    assert!(gap < Duration::from_secs(4), "silent for {gap:?}");
    until("the copy to be whole", LIMIT, || (row()["whole"] == json!(true)).then_some(()));
    println!("the copy was whole {:?} after the disk was back", back.elapsed());
}
