//! What is done beside gives way to whoever watches: a copy of a store's film rests while another
//! film is being watched, and goes on when its viewer has gone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::LIMIT;
use crate::support::seeder::Torrent;
use crate::support::server::Server;
use crate::support::shop::Shop;
use crate::support::until;
use crate::support::world::{ID, World};

const MIB: usize = 1 << 20;
/// So much a second of each connection: neither film is through before the test is.
const RATE: usize = MIB;

fn film(number: usize, mib: usize) -> Torrent {
    let name = format!("The.Long.Evening.2008.1080p.WEB-DL.x264-HOUSE{number}.mkv");
    Torrent::single(&name, mib * MIB, 256 << 10)
}

fn choose(server: &Server, film: &Torrent) -> (String, String) {
    let path = format!("/api/play/{ID}?info_hash={}", film.info_hash);
    let play = until("the film to play", LIMIT, || {
        let answer = server.owner("POST", &path).send();
        (answer.status == 200).then(|| answer.json())
    });
    assert_eq!(play["via"], "debrid", "{play}");
    let url = play["url"].as_str().unwrap();
    let path = url[url.find("/v/").unwrap()..].to_owned();
    let page = server.get(&path.replacen("/v/", "/play/", 1)).text();
    let from = page.find("data-watched=\"/api/library/").unwrap() + 27;
    (page[from..from + 20].to_owned(), path)
}

fn copied(server: &Server, id: &str) -> u64 {
    let row: Value = server.owner("GET", &format!("/api/library/{id}")).send().json();
    row["bytes_on_disk"].as_u64().unwrap_or(0)
}

#[test]
fn a_copy_rests_while_somebody_watches_and_goes_on_afterwards() {
    let (kept, watched) = (film(1, 24), film(2, 60));
    let world = World::of("The Long Evening");
    world.list(&[&kept, &watched]);
    let shop = Shop::of(&[&kept, &watched], RATE);
    let server = Server::serve(&shop.configuration(&world, "[swarm]\nenabled = false\n"));
    shop.gives(&watched, 1);
    let (_, path) = choose(&server, &watched);
    shop.gives(&kept, 0);
    let (id, kept_path) = choose(&server, &kept);
    let keep = server.owner("PUT", &format!("/api/library/{id}")).json(&json!({"keep": true}));
    assert_eq!(keep.send().status, 200);
    until("the copy to have begun", LIMIT, || (copied(&server, &id) > MIB as u64).then_some(()));

    // A viewer, who is given the film at the line's pace.
    let address = server.base.trim_start_matches("http://").to_owned();
    let mut viewer = TcpStream::connect(&address).unwrap();
    write!(viewer, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut read = vec![0; 64 << 10];
    let mut seen = 0;
    while seen < MIB {
        seen += viewer.read(&mut read).unwrap();
    }
    // What the copy had asked for may still come.
    let mut rests_at = copied(&server, &id);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(12) {
        seen += viewer.read(&mut read).unwrap();
        if began.elapsed() < Duration::from_secs(6) {
            rests_at = copied(&server, &id);
        }
    }
    let grown = copied(&server, &id) - rests_at;
    println!("the viewer had {seen} bytes; beside it the copy grew by {grown}");
    assert!(seen > 4 * MIB, "the viewer was kept waiting: {seen} bytes");
    assert!(grown < 256 << 10, "the copy went on beside the viewer: {grown} bytes");

    drop(viewer);
    until("the copy to go on", LIMIT, || {
        park_timeout(Duration::from_millis(200));
        (copied(&server, &id) > rests_at + 2 * MIB as u64).then_some(())
    });
    until("the whole copy", LIMIT, || {
        let row = server.owner("GET", &format!("/api/library/{id}")).send().json();
        (row["whole"] == json!(true)).then_some(())
    });
    assert!(server.get(&kept_path).body == kept.files[0].1, "other bytes than the source's");
}
