//! What comes from peers gives way as well: torrents that nobody reads rest while somebody watches what
//! may stall, and go on when they are read, or when nobody has to wait any more. The owner's own pause
//! stays.

use std::thread::park_timeout;
use std::time::Duration;

use serde_json::{Value, json};

use super::LIMIT;
use crate::support::seeder::{self, Torrent};
use crate::support::server::Server;
use crate::support::viewer::Viewer;
use crate::support::world::{ID, World};
use crate::support::{skip, until};

const MIB: usize = 1 << 20;
/// So much a second of each peer: no film is through before the test is.
const RATE: u32 = 250_000;

fn film(number: usize) -> Torrent {
    let name = format!("The.Long.Evening.2008.1080p.WEB-DL.x264-HOUSE{number}.mkv");
    Torrent::single(&name, 32 * MIB, 128 << 10)
}

/// Presses play; the link.
fn choose(server: &Server, film: &Torrent) -> String {
    let path = format!("/api/play/{ID}?info_hash={}", film.info_hash);
    let play = until("the film to play", LIMIT, || {
        let answer = server.owner("POST", &path).send();
        (answer.status == 200).then(|| answer.json())
    });
    assert_eq!(play["via"], "swarm", "{play}");
    play["url"].as_str().unwrap().to_owned()
}

fn status(server: &Server, film: &Torrent) -> Value {
    server.owner("GET", &format!("/api/stream/{}/status?file=0", film.info_hash)).send().json()
}

fn has(server: &Server, film: &Torrent) -> u64 {
    status(server, film)["bytes_have"].as_u64().unwrap()
}

fn is_told(server: &Server, film: &Torrent, what: &str) {
    let path = format!("/api/stream/{}/{what}", film.info_hash);
    assert_eq!(server.owner("POST", &path).send().status, 204);
}

fn row(server: &Server, film: &Torrent) -> Value {
    let shelf = server.owner("GET", "/api/library").send().json();
    let hash = json!(film.info_hash.to_string());
    let mut rows = shelf["titles"].as_array().unwrap().iter();
    rows.find(|row| row["info_hash"] == hash).unwrap().clone()
}

#[test]
fn a_torrent_that_nobody_reads_rests_while_somebody_watches() {
    let films: Vec<Torrent> = (0..4).map(film).collect();
    let world = World::of("The Long Evening");
    world.list(&films.iter().collect::<Vec<_>>());
    let mut peers = Vec::new();
    for film in &films {
        let Some(peer) = seeder::libtorrent(film, RATE) else {
            return skip("needs Python's libtorrent");
        };
        world.seeded_at(film, peer.addr);
        peers.push(peer);
    }
    let server = world.serve();
    // Each was begun, and left.
    let [left, read_again, paused, watched] = &films[..] else { unreachable!() };
    let links = [left, read_again, paused].map(|film| {
        let link = choose(&server, film);
        let path = &link[link.find("/v/").unwrap()..];
        let head = server.ask("GET", path).with("Range", "bytes=0-99").send();
        assert!(head.body == film.files[0].1[..100], "{}", head.status);
        path.to_owned()
    });
    let viewer = Viewer::of(&choose(&server, watched), 0, 0);
    let is = |film: &Torrent, state: &str| {
        until(&format!("{state}: {}", status(&server, film)), LIMIT, || {
            (status(&server, film)["state"] == json!(state)).then_some(())
        });
    };
    for film in [left, read_again, paused] {
        is(film, "gives_way");
    }
    is_told(&server, paused, "pause");
    is(paused, "paused");
    let row = row(&server, left);
    assert_eq!((&row["gives_way"], &row["whole"]), (&json!(true), &json!(false)), "{row}");
    let page = server.owner("GET", "/library").send().text();
    assert!(page.contains("The rest gives way to who watches."), "{page}");

    // What was asked for before may still come.
    park_timeout(Duration::from_secs(3));
    let (rests_at, seen) = (has(&server, left), viewer.count());
    park_timeout(Duration::from_secs(6));
    let (grown, seen) = (has(&server, left) - rests_at, viewer.count() - seen);
    println!("in six seconds the viewer had {seen} bytes; what nobody reads grew by {grown}");
    assert!(seen > RATE as usize, "the viewer was kept waiting: {seen} bytes");
    assert!(grown < 256 << 10, "it went on beside the viewer: {grown} bytes");

    // Who reads it waits for nobody's leave.
    let (from, to) = (20 * MIB, 20 * MIB + 1000);
    let range = format!("bytes={from}-{}", to - 1);
    let part = server.ask("GET", &links[1]).with("Range", &range).send();
    assert!(part.body == read_again.files[0].1[from..to], "{}", part.status);
    is(read_again, "downloading");
    assert_eq!(status(&server, left)["state"], "gives_way", "nobody has read that");

    // Nobody has to wait any more: it goes on, and what the owner has paused does not.
    let watched_so_far = viewer.count();
    assert!(!viewer.has_ended(), "{watched_so_far} bytes");
    server.owner("DELETE", &format!("/api/stream/{}", watched.info_hash)).send();
    let seen = viewer.ends(LIMIT).bytes;
    assert!(watched.files[0].1.starts_with(&seen), "other bytes than the source's");
    is(left, "downloading");
    let at = has(&server, left);
    until("more of what was left", LIMIT, || (has(&server, left) > at + (256 << 10)).then_some(()));
    assert_eq!(status(&server, paused)["state"], "paused");
    is_told(&server, paused, "resume");
    is(paused, "downloading");
    let at = has(&server, paused);
    until("more of what was paused", LIMIT, || {
        (has(&server, paused) > at + (256 << 10)).then_some(())
    });
    assert_eq!(server.stop(), 0);
}
