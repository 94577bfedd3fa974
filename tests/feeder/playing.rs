//! The real program: a film that comes by peers while a server has it, too.

use serde_json::json;

use super::{MIB, NO_PYTHON};
use crate::support::seeder::{Peer, Torrent, libtorrent};
use crate::support::server::Server;
use crate::support::skip;
use crate::support::upstream::{Reply, Upstream};
use crate::support::warehouse::Warehouse;
use crate::support::world::{ID, World};

const NAME: &str = "Quiet.Harbour.2008.1080p.WEB-DL.x264-KITE.mkv";

/// A household in which one film comes by a peer that needs two minutes for it.
struct Household {
    torrent: Torrent,
    world: World,
    warehouse: Warehouse,
    store: Upstream,
    data: tempfile::TempDir,
    _peer: Peer,
}

impl Household {
    fn new() -> Option<Self> {
        let torrent = Torrent::single(NAME, 12 * MIB, 256 << 10);
        let Some(peer) = libtorrent(&torrent, 100_000) else {
            skip(NO_PYTHON);
            return None;
        };
        let world = World::of("Quiet Harbour");
        world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
        let warehouse = Warehouse::start(torrent.files[0].1.clone(), 50 * MIB);
        let (store, data) = (Upstream::start(), tempfile::tempdir().unwrap());
        Some(Self { torrent, world, warehouse, store, data, _peer: peer })
    }

    fn serve(&self, more: &str) -> Server {
        let more = format!("{more}[swarm]\nenabled = true\ndht = false\n");
        let allowed =
            format!("allow_private = [\"{}\", \"{}\", ", self.warehouse.addr(), self.store.addr());
        let configuration = self.world.configuration(&more);
        let configuration = configuration.replace("allow_private = [", &allowed);
        Server::serve_on(&self.data.path().join("data"), &configuration, None)
    }

    /// Reads the whole film. The way by peers has to lead to its end.
    fn plays(&self, server: &Server, path: &str) {
        let answer = server.get(path);
        assert_eq!(answer.status, 200);
        assert!(answer.body == self.torrent.files[0].1, "other bytes than the source's");
        let log = server.log();
        assert!(!log.contains("goes on by another way"), "{log}");
        assert!(!log.contains("has other bytes"), "{log}");
    }
}

#[test]
fn a_film_that_comes_by_peers_is_fed_by_the_mirror_that_has_it() {
    let Some(home) = Household::new() else { return };
    let server = home.serve("");
    let source = json!({"name": "Friend", "url": home.warehouse.url("/{infoHash}/{fileName}")});
    let added = server.owner("POST", "/api/sources").json(&source).send();
    assert_eq!(added.status, 201, "{}", added.text());
    let play = server.play(ID);
    assert_eq!(play["via"], "swarm", "{play}");
    home.plays(&server, &path_of(&play));
    assert!(server.log().contains("a server fills pieces beside the peers"), "{}", server.log());
}

/// The film came by peers; then the owner sets up a store whose cache has it.
#[test]
fn a_film_that_comes_by_peers_is_fed_by_the_store_that_has_it() {
    let Some(home) = Household::new() else { return };
    let server = home.serve("");
    let play = server.play(ID);
    assert_eq!(play["via"], "swarm", "{play}");
    server.stop();

    let (hash, size) = (home.torrent.info_hash, 12 * MIB);
    let file = json!({"index": 0, "name": NAME, "path": format!("/{NAME}"), "size": size, "link": "stremthru://store/realdebrid/opaque"});
    let cached = json!({"data": {"items": [{"hash": hash, "status": "cached", "files": [file]}]}});
    home.store.on("/v0/store/magnets/check", Reply::json(cached.to_string()));
    let added = json!({"data": {"id": "K1", "hash": hash, "name": NAME, "size": size, "status": "downloaded", "files": [file]}});
    home.store.on("/v0/store/magnets", Reply::json(added.to_string()).with_status(201));
    let link = json!({"data": {"link": home.warehouse.url("/d/film.mkv")}});
    home.store.on("/v0/store/link/generate", Reply::json(link.to_string()));
    let token = home.data.path().join("token");
    std::fs::write(&token, "a-token-of-this-test").unwrap();
    let server = home.serve(&format!(
        "[stremthru]\nurl = \"{}\"\n[debrid]\nstore = \"realdebrid\"\ntoken_file = \"{}\"\n",
        home.store.url("/"),
        token.display()
    ));
    // A search asks the store what it has.
    assert_eq!(server.owner("GET", &format!("/api/find/{ID}")).send().status, 200);
    let links = || home.store.requests().iter().filter(|seen| seen.path.contains("link")).count();
    assert_eq!(links(), 0);
    home.plays(&server, &path_of(&play));
    assert_eq!(links(), 1, "one link for all pieces");
    let log = server.log();
    assert!(log.contains("a server fills pieces beside the peers"), "{log}");
    assert!(!log.contains("a-token-of-this-test"), "{log}");
}

/// The part of a link that outlives the server's port.
fn path_of(play: &serde_json::Value) -> String {
    let url = play["url"].as_str().unwrap();
    let at = url.find("/v/").unwrap();
    url[at..].to_owned()
}
