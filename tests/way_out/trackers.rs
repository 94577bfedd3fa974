//! A tracker is named by a stranger: the engine is led nowhere by it.

use std::time::Duration;

use serde_json::json;

use crate::support::seeder::{self, Torrent};
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};
use crate::support::world::World;
use crate::support::{skip, until};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_tracker_that_redirects_leads_to_no_private_address() {
    let torrent = Torrent::single("A.Film.2008.1080p.WEB-DL.mkv", 2 << 20, 256 << 10);
    let Some(peer) = seeder::libtorrent(&torrent, 20_000_000) else {
        return skip("needs Python's libtorrent");
    };
    let (world, leads_away, inside) = (World::of("A Film"), Upstream::start(), Upstream::start());
    world.seeded_at(&torrent, peer.addr);
    // A redirect loses what was asked, so the house's own address would be asked for as it stands.
    leads_away.on("/announce", Reply::redirect(302, inside.url("/unlock?door=front")));
    let more = format!("allow_private = [\"{}\", ", leads_away.addr());
    let configuration = world.configuration("[swarm]\nenabled = true\ndht = false\n");
    let server = Server::serve(&configuration.replace("allow_private = [", &more));
    let mut magnet = torrent.magnet(&world.tracker);
    magnet.trackers.insert(0, leads_away.url("/announce").to_string());
    let body = json!({"magnetUri": magnet.to_string()});
    let added = server.owner("POST", "/api/torrents").json(&body).send();
    assert_eq!(added.status, 202, "{}", added.text());

    let asked = || leads_away.requests().into_iter().find(|one| one.path == "/announce");
    let asked = until("the tracker to be asked", LIMIT, asked);
    // As it is written in the announce: bytes, some of them as they are.
    let told = asked.query.split('&').find_map(|one| one.strip_prefix("info_hash="));
    let told: Vec<u8> = percent_encoding::percent_decode_str(told.unwrap_or_default()).collect();
    let hash = data_encoding::HEXLOWER.encode(&told);
    assert_eq!(hash, torrent.info_hash.to_string(), "{}", asked.query);
    let info = format!("/api/torrents/{}/info", torrent.info_hash);
    until("the description, by the other tracker", LIMIT, || {
        (server.owner("GET", &info).send().json()["state"] == "ready").then_some(())
    });
    let film = server.owner("GET", &format!("/api/stream/{}?file=0", torrent.info_hash)).send();
    assert!(film.body == torrent.files[0].1, "other bytes");
    assert_eq!(inside.connections(), 0, "a private address was asked");
    assert_eq!(server.stop(), 0);
}
