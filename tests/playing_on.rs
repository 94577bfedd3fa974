//! A film goes on, whatever happens to the source beneath it: the reader sees one body without a
//! gap, and every byte is the source's.
//!
//! The world: one torrent, seeded by libtorrent; a debrid store that has it, with a file server whose
//! mood the test changes; and one viewer, who reads the whole film in one request.

mod deaths;
mod keeping;
mod silent;
mod ways;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::seeder::{self, Peer, Torrent};
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};
use crate::support::warehouse::{Mood, Warehouse};
use crate::support::world::{ID, World};
use crate::support::{skip, until, viewer};

const NAME: &str = "Quiet.Harbour.2008.1080p.WEB-DL.x264-KITE.mkv";
pub const FILM_BYTES: usize = 40 << 20;
/// What every source sends in a second.
pub const RATE: usize = 5 << 20;

pub struct Town {
    world: World,
    pub torrent: Torrent,
    store: Upstream,
    pub warehouse: Warehouse,
    /// How many of its links have died: the store gives the next.
    links: AtomicUsize,
    /// It has a file of the same name and another length.
    other: Warehouse,
    /// It has the film, too.
    pub spare: Warehouse,
    /// It has another of the same name and length.
    pub forger: Warehouse,
    pub server: Server,
    _token: tempfile::TempDir,
}

impl Town {
    /// With peers where `swarm`, and with an account at the store where `debrid`.
    pub fn new(debrid: bool, swarm: bool) -> Self {
        Self::with(debrid, swarm, "")
    }

    /// The same, with more to say of mirrors; the store's server is a cache of descriptions too.
    pub fn with(debrid: bool, swarm: bool, mirrors: &str) -> Self {
        let torrent = Torrent::single(NAME, FILM_BYTES, 256 << 10);
        let warehouse = Warehouse::start(torrent.files[0].1.clone(), RATE);
        let other = Warehouse::start(vec![7; FILM_BYTES + 1], RATE);
        let (spare, forger) = (warehouse.twin(), Warehouse::start(vec![0; FILM_BYTES], RATE));
        let world = World::of("Quiet Harbour");
        world.list(&[&torrent]);
        let store = Upstream::start();
        let token = tempfile::tempdir().unwrap();
        let file = token.path().join("token");
        std::fs::write(&file, "a-token-of-this-test").unwrap();
        let account = format!(
            "[stremthru]\nurl = \"{}\"\n[debrid]\nstore = \"realdebrid\"\ntoken_file = \"{}\"\n",
            store.url("/"),
            file.display()
        );
        let account = if debrid { account } else { String::new() };
        let peers = format!("[swarm]\nenabled = {swarm}\ndht = false\n");
        let configuration = world.configuration(&(account + &peers));
        let servers = [&warehouse, &other, &spare, &forger].map(Warehouse::addr);
        let addresses = [&servers[..], &[store.addr()]].concat();
        let addresses: Vec<_> = addresses.iter().map(|one| format!("\"{one}\", ")).collect();
        let more = format!("allow_private = [{}", addresses.concat());
        let cache = format!("torrent_caches = [\"{}\"]\n{mirrors}", store.url("/"));
        let configuration = configuration.replace("torrent_caches = []\n", &cache);
        let server = Server::serve(&configuration.replace("allow_private = [", &more));
        let links = AtomicUsize::new(0);
        let town = Self {
            world,
            torrent,
            store,
            warehouse,
            links,
            other,
            spare,
            forger,
            server,
            _token: token,
        };
        town.store_is_well();
        town
    }

    /// The store's server, as a cache of descriptions, has this torrent's.
    pub fn is_described(&self) {
        let path = format!("/{}.torrent", self.torrent.info_hash.to_string().to_uppercase());
        self.store.on(&path, Reply::ok(&self.torrent.bytes));
    }

    pub fn store_is_well(&self) {
        let (hash, size) = (self.torrent.info_hash, FILM_BYTES);
        let file = json!({"index": 0, "name": NAME, "path": format!("/{NAME}"), "size": size, "link": "stremthru://store/realdebrid/opaque"});
        let cached =
            json!({"data": {"items": [{"hash": hash, "status": "cached", "files": [file]}]}});
        self.store.on("/v0/store/magnets/check", Reply::json(cached.to_string()));
        let added = json!({"data": {"id": "K1", "hash": hash, "name": NAME, "size": size, "status": "downloaded", "files": [file]}});
        self.store.on("/v0/store/magnets", Reply::json(added.to_string()).with_status(201));
        self.store_gives_a_link();
        self.warehouse.is(Mood::Sound);
    }

    /// One that has not died.
    fn store_gives_a_link(&self) {
        let link = json!({"data": {"link": self.warehouse.url(&self.link())}});
        self.store.on("/v0/store/link/generate", Reply::json(link.to_string()));
    }

    fn link(&self) -> String {
        format!("/d/{}/film.mkv", self.links.load(Ordering::SeqCst))
    }

    /// The link that the store gave answers with this status for ever, in the middle of what is being
    /// read by it; those that it gives from now on are another.
    pub fn link_dies(&self, status: u16) {
        let dead = self.link();
        self.links.fetch_add(1, Ordering::SeqCst);
        self.store_gives_a_link();
        assert!(self.warehouse.has_no_more(&dead, status) > 0, "nobody read {dead}");
    }

    /// The file server ends what it is sending in this way, and is well again at once.
    pub fn breaks_off(&self, mood: Mood) {
        until("an answer to break off", Duration::from_secs(60), || {
            let cut = self.warehouse.is(mood);
            self.warehouse.is(Mood::Sound);
            (cut > 0).then_some(())
        });
    }

    /// Neither a link nor a torrent is given any more.
    /// How many answers were broken off by that.
    pub fn store_is_dead(&self) -> usize {
        let down = || Reply::status(503);
        for path in ["/v0/store/magnets", "/v0/store/link/generate", "/v0/store/magnets/check"] {
            self.store.on(path, down());
        }
        self.warehouse.is(Mood::Refuses(404))
    }

    /// Somebody seeds the film.
    pub fn peer(&self) -> Option<Peer> {
        let Some(peer) = seeder::libtorrent(&self.torrent, u32::try_from(RATE).unwrap()) else {
            skip("libtorrent is not installed");
            return None;
        };
        self.world.seeded_at(&self.torrent, peer.addr);
        Some(peer)
    }

    fn viewer(&self) -> Viewer {
        let play = self.server.play(ID);
        Viewer::watch(play["url"].as_str().unwrap())
    }

    /// How often the film was carried over to another way, or a server came to the peers' help: who
    /// is quicker carries it on.
    pub fn helped(&self) -> usize {
        self.log_says("a film goes on by another way")
            + self.log_says("a server fills pieces beside the peers")
    }

    pub fn log_says(&self, what: &str) -> usize {
        self.server.log().matches(what).count()
    }
}

/// Reads a film from its first byte to its last, in one request.
struct Viewer(viewer::Viewer);

impl Viewer {
    fn watch(url: &str) -> Self {
        let rest = url.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        std::io::Write::write_all(
            &mut stream,
            format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes(),
        )
        .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        Self(viewer::Viewer::reading(stream, 0))
    }

    /// Waits until so many MiB have come.
    fn has(&self, mib: usize) {
        self.0.has(mib << 20, Duration::from_secs(60));
    }

    /// What was read when the body ended. It never kept a player waiting for long: the most impatient
    /// one leaves after eight seconds without a byte.
    fn ends(self) -> Vec<u8> {
        let watched = self.0.ends(Duration::from_secs(150));
        let gap = watched.longest_gap();
        println!("longest without a byte: {gap:?}");
        assert!(gap < Duration::from_secs(4), "silent for {gap:?}");
        watched.bytes
    }
}

#[test]
fn where_no_way_is_left_the_reader_hears_of_it_and_nothing_else_is_sent() {
    let town = Town::new(true, false);
    let viewer = town.viewer();
    viewer.has(4);
    // Refused for legal reasons: final, and there are no peers.
    let legal = json!({"error": {"code": "UNAVAILABLE_FOR_LEGAL_REASONS", "message": "infringing_file", "status_code": 451}});
    for path in ["/v0/store/magnets", "/v0/store/link/generate"] {
        town.store.on(path, Reply::json(legal.to_string()).with_status(451));
    }
    town.warehouse.is(Mood::Refuses(451));
    let read = viewer.ends();
    let source = &town.torrent.files[0].1;
    assert!(read.len() < source.len(), "it cannot be whole");
    assert!(source.starts_with(&read), "bytes that the source does not have");
}

#[test]
fn a_store_that_is_away_for_a_moment_costs_a_moment() {
    let town = Town::new(true, false);
    let viewer = town.viewer();
    viewer.has(4);
    town.store_is_dead();
    until("the store to be given up", Duration::from_secs(60), || {
        (town.log_says("no way at the moment") > 0).then_some(())
    });
    town.store_is_well();
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn a_connection_that_was_forgotten_is_made_anew_where_there_is_no_other_way() {
    let town = Town::new(true, false);
    let viewer = town.viewer();
    viewer.has(4);
    // As a router does it that was started again: nobody hangs up, and nothing comes any more.
    town.warehouse.is(Mood::Forgets);
    let began = Instant::now();
    viewer.has(12);
    println!("it went on within {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn another_file_under_the_same_name_is_never_joined_on() {
    let town = Town::new(true, true);
    let Some(_peer) = town.peer() else { return };
    let viewer = town.viewer();
    viewer.has(4);
    // The store's fresh link leads to a file of another length.
    town.warehouse.is(Mood::Refuses(404));
    let link = json!({"data": {"link": town.other.url("/d/film.mkv")}});
    town.store.on("/v0/store/link/generate", Reply::json(link.to_string()));
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn when_the_peers_go_a_mirror_that_the_owner_named_carries_the_film_on() {
    let town = Town::new(false, true);
    let Some(peer) = town.peer() else { return };
    let source = json!({"name": "Friend", "url": town.warehouse.url("/{infoHash}/{fileName}")});
    let added = town.server.owner("POST", "/api/sources").json(&source).send();
    assert_eq!(added.status, 201, "{}", added.text());
    let viewer = town.viewer();
    viewer.has(4);
    drop(peer);
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
    assert!(town.helped() >= 1, "{}", town.server.log());
}

#[test]
fn where_there_is_no_peer_a_mirror_plays_by_a_description_from_a_cache() {
    let town = Town::with(false, true, "p2p_timeout_ms = 1000\n");
    town.is_described();
    let source = json!({"name": "Friend", "url": town.warehouse.url("/{infoHash}/{fileName}")});
    let added = town.server.owner("POST", "/api/sources").json(&source).send();
    assert_eq!(added.status, 201, "{}", added.text());
    let play = town.server.play(ID);
    assert_eq!(play["via"], "mirror", "{play}");
    let viewer = Viewer::watch(play["url"].as_str().unwrap());
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn a_way_that_is_slower_than_the_film_is_left() {
    let town = Town::new(true, true);
    let Some(_peer) = town.peer() else { return };
    let viewer = town.viewer();
    viewer.has(4);
    town.warehouse.is(Mood::Crawls);
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
    assert_eq!(town.log_says("it is slower than the film"), 1, "{}", town.server.log());
}
