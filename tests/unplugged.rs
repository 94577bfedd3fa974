//! A disk for films that is pulled and plugged in again while the real program runs (F-05): the
//! program neither ends nor writes to the empty mount point, and the film plays again.

use std::path::Path;
use std::time::Duration;

use crate::support::disk::PulledDisk;
use crate::support::player::{self, sha256};
use crate::support::seeder::{self, Torrent};
use crate::support::server::Server;
use crate::support::viewer::Viewer;
use crate::support::world::{ID, World};
use crate::support::{skip, until};

const NAME: &str = "The.Long.Evening.2008.1080p.WEB-DL.x264-HOUSE.mkv";
const LIMIT: Duration = Duration::from_secs(60);

/// Bytes that lie below a folder.
fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The whole film, as often as it must be asked for: a player asks again when it was broken off.
fn watch(server: &Server, film: &[u8]) {
    let play = server.play(ID);
    let url = play["url"].as_str().unwrap().to_owned();
    let mut last = String::new();
    until(&format!("the film; {last}"), LIMIT, || match player::curl(&url, None, LIMIT) {
        Ok(answer) if answer.sha256() == sha256(film) => Some(()),
        Ok(_) => None,
        Err(fault) => {
            last = fault;
            None
        }
    });
}

#[test]
fn a_disk_that_is_pulled_and_plugged_in_again_stops_nothing() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let film: Vec<u8> =
        (0..6 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let torrent = Torrent::new(NAME, vec![(NAME.to_owned(), film.clone())], 256 << 10);
    let Some(peer) = seeder::libtorrent(&torrent, 20_000_000) else {
        return skip("needs Python's libtorrent");
    };
    let world = World::of("The Long Evening");
    world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
    let mut disk = PulledDisk::new(64);
    let more = format!(
        "[swarm]\nenabled = true\ndht = false\n[library]\ndisk = \"{}\"\n",
        disk.mount().display()
    );

    disk.plug();
    let server = Server::serve(&world.configuration(&more));
    let card = server.data.join("library");
    watch(&server, &film);
    assert!(bytes_below(&disk.mount()) >= film.len() as u64, "the film is not on the disk");
    assert_eq!(bytes_below(&card), 0, "the film is on the card, too");

    disk.pull();
    assert_eq!(server.get("/health").status, 200);
    watch(&server, &film);
    assert_eq!(bytes_below(&disk.mount()), 0, "written to the empty mount point");
    assert!(bytes_below(&card) >= film.len() as u64, "the film is not on the card");

    std::fs::remove_dir_all(&card).unwrap();
    disk.plug();
    watch(&server, &film);
    assert_eq!(server.get("/health").status, 200);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_disk_that_is_pulled_under_a_viewer_does_not_end_the_film() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let torrent = Torrent::single(NAME, 24 << 20, 256 << 10);
    let film = &torrent.files[0].1;
    // Half a minute of film: it is on its way when the disk goes, and when it comes back.
    let Some(peer) = seeder::libtorrent(&torrent, 1_000_000) else {
        return skip("needs Python's libtorrent");
    };
    let world = World::of("The Long Evening");
    world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
    let mut disk = PulledDisk::new(96);
    let more = format!(
        "[swarm]\nenabled = true\ndht = false\n[library]\ndisk = \"{}\"\n",
        disk.mount().display()
    );
    disk.plug();
    let server = Server::serve(&world.configuration(&more));
    let url = server.play(ID)["url"].as_str().unwrap().to_owned();
    let viewer = Viewer::of(&url, 0, 0);
    viewer.has(6 << 20, LIMIT);
    disk.pull();
    // It goes on without; then the disk comes back, and it goes on again.
    viewer.has(14 << 20, LIMIT);
    assert!(bytes_below(&server.data.join("library")) > 0, "not from the card");
    disk.plug();
    let seen = viewer.ends(3 * LIMIT).bytes;
    assert!(film.starts_with(&seen), "other bytes: {}", seen.len());
    assert_eq!(seen.len(), film.len(), "the film ended");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_whole_film_is_dripped_when_its_disk_is_pulled_until_it_comes_otherwise() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let torrent = Torrent::single(NAME, 56 << 20, 256 << 10);
    let film = &torrent.files[0].1;
    let Some(peer) = seeder::libtorrent(&torrent, 0) else {
        return skip("needs Python's libtorrent");
    };
    let world = World::of("The Long Evening");
    world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
    let mut disk = PulledDisk::new(96);
    let more = format!(
        "[swarm]\nenabled = true\ndht = false\n[library]\nreserve_bytes = 0\ndisk = \"{}\"\n",
        disk.mount().display()
    );
    let folder = tempfile::tempdir().unwrap();
    let configuration = world.configuration(&more);
    disk.plug();
    let server = Server::serve_on(folder.path(), &configuration, None);
    watch(&server, film);
    until("the whole film on the disk", LIMIT, || {
        server.play(ID);
        server.log().contains("the whole file is on the disk").then_some(())
    });
    assert_eq!(server.stop(), 0);
    // Plugged in anew, nothing of it is in the kernel's memory.
    disk.unplug();
    disk.plug();
    let server = Server::serve_on(folder.path(), &configuration, None);
    let play = server.play(ID);
    assert_eq!(play["via"], "disk", "{play}");
    let viewer = Viewer::of(play["url"].as_str().unwrap(), 0, 4 << 20);
    viewer.has(8 << 20, LIMIT);
    // Who could stand in for the disk keeps still for a while.
    peer.falls_silent(true);
    disk.pull();
    std::thread::park_timeout(Duration::from_secs(25));
    let seen = viewer.count();
    assert!(!viewer.has_ended(), "the film ended after {seen} bytes");
    assert!(seen < film.len() / 2, "it was not held up: {seen} bytes");
    peer.falls_silent(false);
    let watched = viewer.ends(2 * LIMIT);
    let gap = watched.longest_gap();
    println!("the disk was gone at byte {seen}; longest without a byte: {gap:?}");
    assert!(watched.bytes == *film, "{} of {} bytes", watched.bytes.len(), film.len());
    // The most impatient of players leaves after eight seconds.
    assert!(gap < Duration::from_secs(4), "silent for {gap:?}");
    assert_eq!(server.stop(), 0);
}
