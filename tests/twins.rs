//! Two files of one torrent that share a name and a length, as those of two discs do: each has its
//! own bytes under its own entity tag, whichever way they come.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::seeder::{self, Torrent, random};
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};
use crate::support::warehouse::{Mood, Warehouse};
use crate::support::world::World;
use crate::support::{skip, until};

const NAME: &str = "Quiet.Harbour.2008.DVD9.NTSC-KITE";
const LENGTH: usize = 6 << 20;

fn discs() -> Torrent {
    let disc = |number: u8| (format!("DVD{number}/VIDEO_TS/VTS_01_1.VOB"), random(LENGTH));
    Torrent::new(NAME, vec![disc(1), disc(2)], 256 << 10)
}

fn added(server: &Server, world: &World, torrent: &Torrent) {
    let body = json!({"magnetUri": torrent.magnet(&world.tracker).to_string()});
    let answer = server.owner("POST", "/api/torrents").json(&body).send();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let path = format!("/api/torrents/{}/info", torrent.info_hash);
    until("the description", Duration::from_secs(120), || {
        let info = server.owner("GET", &path).send().json();
        (info["state"] == "ready").then_some(())
    });
}

/// The entity tag and the bytes of a file of the torrent.
fn read(server: &Server, torrent: &Torrent, index: usize) -> (String, Vec<u8>) {
    let path = format!("/api/stream/{}?file={index}", torrent.info_hash);
    let answer = server.owner("GET", &path).send();
    assert_eq!(answer.status, 200, "{}\n{}", answer.text(), server.log());
    (answer.header("etag").unwrap().to_owned(), answer.body)
}

fn status(server: &Server, torrent: &Torrent, index: usize) -> Value {
    let path = format!("/api/stream/{}/status?file={index}", torrent.info_hash);
    server.owner("GET", &path).send().json()
}

#[test]
fn each_of_two_discs_has_its_own_bytes() {
    let (world, torrent) = (World::of("Quiet Harbour"), discs());
    let Some(peer) = seeder::libtorrent(&torrent, 0) else {
        return skip("libtorrent is not installed");
    };
    world.seeded_at(&torrent, peer.addr);
    let server = world.serve();
    added(&server, &world, &torrent);
    let (first, second) = (read(&server, &torrent, 0), read(&server, &torrent, 1));
    assert!(first.1 == torrent.files[0].1, "the first disc has other bytes");
    assert!(second.1 == torrent.files[1].1, "the second disc has other bytes");
    assert_ne!(first.0, second.0, "one entity tag for two files");
}

#[test]
fn the_second_disc_is_the_same_at_the_store_and_from_peers() {
    let (world, torrent) = (World::of("Quiet Harbour"), discs());
    let Some(peer) = seeder::libtorrent(&torrent, 0) else {
        return skip("libtorrent is not installed");
    };
    let store = Upstream::start();
    let warehouse = Warehouse::start(torrent.files[1].1.clone(), 64 << 20);
    // The store puts the torrent's name in front, and numbers the files in its own way.
    let file = |at: usize, index: u32| {
        json!({"index": index, "name": "VTS_01_1.VOB", "path": format!("/{NAME}/{}", torrent.files[at].0),
            "size": LENGTH, "link": format!("stremthru://store/realdebrid/disc{at}")})
    };
    let files = json!([file(1, 5), file(0, 9)]);
    let hash = torrent.info_hash;
    let cached = json!({"data": {"items": [{"hash": hash, "status": "cached", "files": files}]}});
    store.on("/v0/store/magnets/check", Reply::json(cached.to_string()));
    let stored = json!({"data": {"id": "K1", "hash": hash, "name": NAME, "size": 2 * LENGTH,
        "status": "downloaded", "files": files}});
    store.on("/v0/store/magnets", Reply::json(stored.to_string()).with_status(201));
    let link = json!({"data": {"link": warehouse.url("/d/disc2.vob")}});
    store.on("/v0/store/link/generate", Reply::json(link.to_string()));

    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "a-token-of-this-test").unwrap();
    let configuration = world.configuration(&format!(
        "[stremthru]\nurl = \"{}\"\n[debrid]\nstore = \"realdebrid\"\ntoken_file = \"{}\"\n\
         [swarm]\nenabled = true\ndht = false\n",
        store.url("/"),
        token.display()
    ));
    let more = format!("allow_private = [\"{}\", \"{}\", ", store.addr(), warehouse.addr());
    let server = Server::serve(&configuration.replace("allow_private = [", &more));
    world.seeded_at(&torrent, peer.addr);
    added(&server, &world, &torrent);

    let (tag, bytes) = read(&server, &torrent, 1);
    assert!(bytes == torrent.files[1].1, "the second disc has other bytes");
    assert_eq!(status(&server, &torrent, 1)["via"], "debrid", "{}", server.log());
    let asked = store.requests();
    let asked = asked.iter().filter(|one| one.path.ends_with("/link/generate"));
    for one in asked {
        assert!(String::from_utf8_lossy(&one.body).contains("disc1"), "the first disc's link");
    }
    // The store is gone: the same bytes, under the same tag, from peers.
    for path in ["/v0/store/magnets", "/v0/store/link/generate", "/v0/store/magnets/check"] {
        store.on(path, Reply::status(503));
    }
    warehouse.is(Mood::Refuses(404));
    let (again, bytes) = read(&server, &torrent, 1);
    assert!(bytes == torrent.files[1].1, "the second disc has other bytes");
    assert_eq!(again, tag);
    assert_eq!(status(&server, &torrent, 1)["via"], "swarm", "{}", server.log());
}
