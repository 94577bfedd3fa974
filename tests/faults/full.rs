//! The disk for films fills up while a film plays (F-04): it plays on, whichever way its bytes come,
//! and what was kept of others is neither lost nor wrong.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::{LIMIT, MIB};
use crate::library::Home;
use crate::playing_on::Town;
use crate::support::disk::PulledDisk;
use crate::support::viewer::Viewer;
use crate::support::world::ID;
use crate::support::{skip, until};

/// Somebody else's file takes all the room there is, but for `left` bytes.
fn fill(folder: &Path, left: usize) {
    let path = folder.join("ballast");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).unwrap();
    let mut size = file.metadata().unwrap().len();
    let mut step = MIB;
    while step >= 512 {
        match file.write_at(&vec![1; step], size) {
            Ok(written) if written > 0 => size += written as u64,
            _ => step /= 2,
        }
    }
    file.set_len(size.saturating_sub(left as u64)).unwrap();
    let _ = File::open(folder).unwrap().sync_all();
}

#[test]
fn f04_a_film_of_the_store_plays_on_uncopied_when_its_disk_is_full() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    for left in [0, 1, 4095] {
        let mut disk = PulledDisk::new(64);
        disk.plug();
        let library =
            format!("[library]\ndisk = \"{}\"\nreserve_bytes = 0\n", disk.mount().display());
        let town = Town::with(true, false, &library);
        let play = town.server.play(ID);
        let url = play["url"].as_str().unwrap().to_owned();
        let media_id = crate::library::media_id(&town.server, &url);
        let keep = town.server.owner("PUT", &format!("/api/library/{media_id}"));
        assert_eq!(keep.json(&json!({"keep": true})).send().status, 200);
        let viewer = Viewer::of(&url, 0, 0);
        viewer.has(8 * MIB, LIMIT);
        fill(&disk.mount(), left);
        let watched = viewer.ends(LIMIT);
        assert!(watched.bytes == town.torrent.files[0].1, "{left} bytes left: other bytes");
        println!("longest without a byte {:?}", watched.longest_gap());
        assert!(watched.longest_gap() < Duration::from_secs(4), "{:?}", watched.longest_gap());
        let row = town.server.owner("GET", &format!("/api/library/{media_id}")).send().json();
        assert_eq!(row["whole"], json!(false), "{row}");
        // What is said of it once it is tried again.
        until("the reason", LIMIT, || {
            let row = town.server.owner("GET", &format!("/api/library/{media_id}")).send().json();
            row["trouble"].as_str().map(|why| println!("{left} bytes left: {why}"))
        });
        let again = town.server.get(&url[url.find("/v/").unwrap()..]).body;
        assert!(again == town.torrent.files[0].1, "{left} bytes left: other bytes");
        assert_eq!(town.server.get("/health").status, 200);
    }
}

#[test]
fn f04_a_film_from_peers_plays_on_in_the_room_behind_its_reader() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    // Another film lies there whole, and is not to be touched. Peers send 8 MiB a second.
    let mut disk = PulledDisk::new(256);
    disk.plug();
    let config = format!("disk = \"{}\"\nreserve_bytes = 0", disk.mount().display());
    let mut home = Home::new(&[4, 144], &config);
    let (other, other_path) = home.have(0);
    home.put(&other, &json!({"pinned": true}));
    home.stop();
    let configuration = home.configuration("download_limit = 8388608", &config);
    home.server = Some(crate::support::server::Server::serve_on(&home.data, &configuration, None));
    let (_, path) = home.choose(1);
    let url = format!("{}{path}", home.server().base);
    let viewer = Viewer::of(&url, 0, 0);
    viewer.has(40 * MIB, LIMIT);
    fill(&disk.mount(), 0);
    let watched = viewer.ends(LIMIT * 2);
    assert!(
        watched.bytes == home.source(1),
        "{} bytes\n{}",
        watched.bytes.len(),
        home.server().log().lines().rev().take(40).collect::<Vec<_>>().join("\n")
    );
    println!("longest without a byte {:?}", watched.longest_gap());
    assert!(watched.longest_gap() < Duration::from_secs(4), "{:?}", watched.longest_gap());

    // What was given up is fetched again for who seeks back, and never read as what it was.
    let part = home.server().ask("GET", &path).with("Range", "bytes=6000000-9999999").send();
    assert!(part.body == home.source(1)[6_000_000..10_000_000], "{} bytes", part.body.len());
    let row = home.rows().into_iter().find(|row| row["media_id"] != json!(other)).unwrap();
    assert_eq!(row["whole"], json!(false), "{row}");
    home.watch(0, &other_path);
    // Room again: the whole film is kept.
    std::fs::remove_file(disk.mount().join("ballast")).unwrap();
    home.stop();
    home.start(&config);
    home.watch(1, &path);
    home.watch(0, &other_path);
}

#[test]
fn f04_where_no_further_file_can_be_made_a_film_is_refused_in_a_sentence_or_plays_uncopied() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let mut disk = PulledDisk::formatted(64, &["-N", "32"]);
    disk.plug();
    for number in 0..64 {
        if File::create(disk.mount().join(format!("file{number}"))).is_err() {
            break;
        }
    }
    let library = format!("[library]\ndisk = \"{}\"\nreserve_bytes = 0\n", disk.mount().display());
    let town = Town::with(true, true, &library);
    let Some(_peer) = town.peer() else { return };
    let play = town.server.play(ID);
    assert_eq!(play["via"], "debrid");
    let viewer = Viewer::of(play["url"].as_str().unwrap(), 0, 0);
    viewer.has(8 * MIB, LIMIT);
    // By peers it cannot go on: the store is away for a moment only.
    town.store_is_dead();
    until("the store to be given up", LIMIT, || {
        (town.log_says("the way by which a film came has failed") > 0).then_some(())
    });
    std::thread::park_timeout(Duration::from_secs(2));
    town.store_is_well();
    let watched = viewer.ends(LIMIT * 2);
    assert!(watched.bytes == town.torrent.files[0].1, "{} bytes", watched.bytes.len());
}
