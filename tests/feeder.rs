//! Our own peer: what lies at an HTTP server comes into the swarm piece by piece, checked.
//!
//! Its source here counts what is read of it, so that a test says how much came this way.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::num::NonZeroU32;
use std::ops::Range;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use credenza::representation::{ByteStream, Representation};
use credenza::swarm::{Feed, Feeder, Options, State};
use credenza::torrent::Magnet;
use credenza::torrent::metainfo::Metainfo;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::seeder::{Peer, Torrent, libtorrent, python, random};
use crate::support::server::Server;
use crate::support::skip;
use crate::support::tracker::Tracker;
use crate::support::upstream::{Reply, Upstream};
use crate::support::warehouse::Warehouse;
use crate::support::world::{ID, World};
use crate::swarm::{options, read, swarm, until};

const MIB: usize = 1 << 20;
const NO_PYTHON: &str = "needs Python with libtorrent (tests/run makes it)";

/// A file that lies somewhere as a whole.
#[derive(Default)]
struct Shelf {
    bytes: Bytes,
    opened: AtomicUsize,
    read: AtomicUsize,
}

impl Shelf {
    fn of(bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self { bytes: Bytes::copy_from_slice(bytes), ..Self::default() })
    }

    fn read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    fn feed(self: &Arc<Self>) -> Arc<dyn Feed> {
        Arc::new(Source(self.clone()))
    }
}

#[derive(Clone)]
struct Source(Arc<Shelf>);

impl Feed for Source {
    fn open(&self) -> BoxFuture<'static, Result<Arc<dyn Representation>, String>> {
        self.0.opened.fetch_add(1, Ordering::SeqCst);
        let source: Arc<dyn Representation> = Arc::new(self.clone());
        async { Ok(source) }.boxed()
    }
}

impl Representation for Source {
    fn len(&self) -> u64 {
        self.0.bytes.len() as u64
    }

    fn media_type(&self) -> &'static str {
        "video/x-matroska"
    }

    fn entity_tag(&self) -> &'static str {
        "of this test"
    }

    fn last_modified(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn may_stall(&self) -> bool {
        false
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        self.0.read.fetch_add(range.len(), Ordering::SeqCst);
        let bytes = self.0.bytes.slice(range);
        let at = (0..bytes.len()).step_by(50_000);
        let chunks: Vec<_> =
            at.map(|at| Ok(bytes.slice(at..bytes.len().min(at + 50_000)))).collect();
        stream::iter(chunks).boxed()
    }
}

/// The peer alone, giving these files.
async fn feeder(torrent: &Torrent, files: &[(u32, &Arc<Shelf>)]) -> Feeder {
    let metainfo = Arc::new(Metainfo::read(&torrent.bytes).unwrap());
    let (tasks, end) = (TaskTracker::new(), CancellationToken::new());
    let feeder = Feeder::start(metainfo, &tasks, &end).await.unwrap();
    for (index, shelf) in files {
        feeder.attach(*index, shelf.feed());
    }
    feeder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_comes_whole_from_our_own_peer_alone() {
    let torrent = Torrent::single("film.mkv", 12 * MIB + 4_321, 256 << 10);
    let shelf = Shelf::of(&torrent.files[0].1);
    let library = tempfile::tempdir().unwrap();
    let swarm = swarm(Options::new(library.path().to_owned()));
    swarm.add_metainfo(&torrent.bytes).unwrap();
    assert_eq!(shelf.opened(), 0);
    let magnet = Magnet::new(torrent.info_hash);
    let file = swarm.open_fed(&magnet, 0, shelf.feed()).await.unwrap();
    assert!(read(&file, 0..torrent.files[0].1.len()).await.unwrap() == torrent.files[0].1);
    until("the whole file", Duration::from_secs(30), || file.is_complete()).await;
    let status = swarm.status(&torrent.info_hash).unwrap();
    assert_eq!(status.state, State::Complete, "{status:?}");
    assert_eq!(status.peers, 0, "it is no peer of anybody's");
    assert!(std::fs::read(file.complete_path().unwrap()).unwrap() == torrent.files[0].1);
    assert_eq!(shelf.opened(), 1);
    assert_eq!(shelf.read(), torrent.files[0].1.len(), "each piece is read once");
    swarm.stop().await;

    // What is whole wants nothing, and nobody is asked for a link.
    let again = crate::swarm::swarm(Options::new(library.path().to_owned()));
    again.add_metainfo(&torrent.bytes).unwrap();
    let unread = Shelf::of(&torrent.files[0].1);
    let file = again.open_fed(&magnet, 0, unread.feed()).await.unwrap();
    assert!(read(&file, 0..MIB).await.unwrap() == torrent.files[0].1[..MIB]);
    assert_eq!(unread.opened(), 0);
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_slow_seeder_the_bytes_come_from_our_own_peer() {
    let torrent = Torrent::single("film.mkv", 24 * MIB, 256 << 10);
    let tracker = Tracker::start();
    let Some(peer) = libtorrent(&torrent, 200_000) else { return skip(NO_PYTHON) };
    tracker.add(torrent.info_hash, peer.addr);
    let shelf = Shelf::of(&torrent.files[0].1);
    let library = tempfile::tempdir().unwrap();
    // So that it is not whole before it is looked at.
    let download_limit = NonZeroU32::new(5_000_000);
    let swarm = swarm(Options { download_limit, ..options(library.path(), &tracker) });
    let file = swarm.open_fed(&torrent.magnet(&tracker), 0, shelf.feed()).await.unwrap();
    assert!(read(&file, 0..12 * MIB).await.unwrap() == torrent.files[0].1[..12 * MIB]);
    assert!(shelf.read() >= 8 * MIB, "{} bytes came from our own peer", shelf.read());
    let status = swarm.status(&torrent.info_hash).unwrap();
    assert_eq!((status.state, status.peers), (State::Downloading, 1), "the seeder: {status:?}");
    swarm.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_bytes_are_neither_served_nor_kept_and_peers_fill_them_in() {
    let torrent = Torrent::single("film.mkv", 6 * MIB, 64 << 10);
    let tracker = Tracker::start();
    let Some(peer) = libtorrent(&torrent, 2_000_000) else { return skip(NO_PYTHON) };
    let other = random(6 * MIB);
    let shelf = Shelf::of(&other);
    let library = tempfile::tempdir().unwrap();
    let options = Options { patience: Duration::from_secs(2), ..options(library.path(), &tracker) };
    let swarm = swarm(options);
    swarm.add_metainfo(&torrent.bytes).unwrap();
    let magnet = torrent.magnet(&tracker);
    // From it alone nothing comes.
    let file = swarm.open_fed(&magnet, 0, shelf.feed()).await.unwrap();
    assert!(read(&file, 0..MIB).await.is_err());
    let read_wrong = shelf.read();
    assert!((1..=2 * MIB).contains(&read_wrong), "{read_wrong} bytes before it was left");
    assert_eq!(swarm.status(&torrent.info_hash).unwrap().bytes_have, 0);
    let path = library.path().join(format!("{}/0.mkv", torrent.info_hash));
    assert!(std::fs::read(&path).unwrap().iter().all(|byte| *byte == 0), "none is written");
    swarm.stop().await;

    let again = crate::swarm::swarm(crate::swarm::options(library.path(), &tracker));
    tracker.add(torrent.info_hash, peer.addr);
    let shelf = Shelf::of(&other);
    let file = again.open_fed(&magnet, 0, shelf.feed()).await.unwrap();
    assert!(read(&file, 0..6 * MIB).await.unwrap() == torrent.files[0].1);
    until("the whole file", Duration::from_secs(30), || file.is_complete()).await;
    assert!(std::fs::read(&path).unwrap() == torrent.files[0].1);
    again.stop().await;
}

/// The engine's own guard, behind ours: a source whose length is another is not even read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_of_another_length_is_not_read() {
    let torrent = Torrent::single("film.mkv", MIB, 64 << 10);
    let shelf = Shelf::of(&torrent.files[0].1[1..]);
    let library = tempfile::tempdir().unwrap();
    let patience = Duration::from_secs(1);
    let swarm = swarm(Options { patience, ..Options::new(library.path().to_owned()) });
    swarm.add_metainfo(&torrent.bytes).unwrap();
    let file = swarm.open_fed(&Magnet::new(torrent.info_hash), 0, shelf.feed()).await.unwrap();
    assert!(read(&file, 0..1).await.is_err());
    assert_eq!((shelf.opened(), shelf.read()), (1, 0));
    swarm.stop().await;
}

fn pack(lengths: [usize; 4]) -> Torrent {
    let files = lengths.map(random);
    let named = files.into_iter().zip(1..).map(|(bytes, nth)| (format!("E0{nth}.mkv"), bytes));
    Torrent::new("Pack", named.collect(), 64 << 10)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_that_a_neighbour_shares_are_not_claimed() {
    let torrent = pack([100_000, 300_000, 40_000, 262_144]);
    let second = Shelf::of(&torrent.files[1].1);
    let feeder = feeder(&torrent, &[(1, &second)]).await;
    let mut client = Client::greet(feeder.addr(), &torrent).unwrap();
    // Bytes 100,000 to 400,000: pieces 1 and 6 hold neighbours' bytes.
    assert_eq!(client.read().unwrap(), [&[5][..], &[0b0011_1100, 0]].concat());
    client.say(&[2]);
    assert_eq!(client.read().unwrap(), [1], "it may ask now");
    client.ask(2, 0, 16 << 10);
    let block = client.read().unwrap();
    let start = 2 * (64 << 10) - 100_000;
    assert_eq!(block[..9], [7, 0, 0, 0, 2, 0, 0, 0, 0]);
    assert!(block[9..] == torrent.files[1].1[start..start + (16 << 10)]);
    // One more file is told of as it comes.
    let fourth = Shelf::of(&torrent.files[3].1);
    assert!(feeder.attach(3, fourth.feed()));
    for piece in [7, 8, 9, 10] {
        assert_eq!(client.read().unwrap(), [4, 0, 0, 0, piece]);
    }
    let third = Shelf::of(&torrent.files[2].1);
    assert!(!feeder.attach(2, third.feed()), "no piece is its own");
    client.ask(1, 0, 16 << 10);
    assert!(client.is_left());
}

/// Two episodes of a pack, the second opened while the first is live; the pieces they share with
/// their neighbours come from a peer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_further_file_of_a_torrent_is_fed_as_well() {
    let torrent = pack([100_000, 5_000_000, 40_000, 5_000_000]);
    let tracker = Tracker::start();
    let Some(peer) = libtorrent(&torrent, 300_000) else { return skip(NO_PYTHON) };
    tracker.add(torrent.info_hash, peer.addr);
    let library = tempfile::tempdir().unwrap();
    let swarm = swarm(options(library.path(), &tracker));
    let magnet = torrent.magnet(&tracker);
    for index in [1_u32, 3] {
        let source = &torrent.files[index as usize].1;
        let shelf = Shelf::of(source);
        let file = swarm.open_fed(&magnet, index, shelf.feed()).await.unwrap();
        assert!(read(&file, 0..source.len()).await.unwrap() == *source, "{index}");
        assert!(shelf.read() > 2 * MIB, "{index}: {} bytes", shelf.read());
    }
    swarm.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libtorrent_downloads_from_it_as_from_any_peer() {
    if !python().is_file() {
        return skip(NO_PYTHON);
    }
    let torrent = Torrent::single("film.mkv", 5 * MIB + 777, 128 << 10);
    let shelf = Shelf::of(&torrent.files[0].1);
    let feeder = feeder(&torrent, &[(0, &shelf)]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("film.torrent");
    std::fs::write(&file, &torrent.bytes).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/leech.py");
    let mut command = Command::new(python());
    command.arg(script).arg(&file).arg(folder.path()).arg(feeder.addr().to_string());
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "whole");
    assert!(std::fs::read(folder.path().join("film.mkv")).unwrap() == torrent.files[0].1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_talks_nonsense_is_left_and_nobody_else_is() {
    let torrent = Torrent::single("film.mkv", MIB, 64 << 10);
    let shelf = Shelf::of(&torrent.files[0].1);
    let feeder = feeder(&torrent, &[(0, &shelf)]).await;
    let mut good = Client::greet(feeder.addr(), &torrent).unwrap();
    assert_eq!(good.read().unwrap(), [5, 0xff, 0xff]);
    good.say(&[2]);
    assert_eq!(good.read().unwrap(), [1]);

    let other = Torrent::single("other.mkv", MIB, 64 << 10);
    assert!(Client::greet(feeder.addr(), &other).is_err(), "another torrent's handshake");
    let mut stranger = TcpStream::connect(feeder.addr()).unwrap();
    stranger.write_all(&[b"GET / HTTP/1.1\r\n".as_slice(), &[b'x'; 60]].concat()).unwrap();
    assert!(matches!(stranger.read(&mut [0]), Ok(0) | Err(_)), "no handshake at all");
    let request = |piece: u32, begin: u32, length: u32| {
        [&[6][..], &[piece, begin, length].map(u32::to_be_bytes).concat()].concat()
    };
    for hostile in [
        request(16, 0, 100),            // no such piece
        request(u32::MAX, 0, 100),      //
        request(0, 0, 0),               // nothing
        request(0, 0, (16 << 10) + 1),  // more than a block
        request(0, 0, u32::MAX),        //
        request(0, (64 << 10) - 1, 2),  // past the piece's end
        request(0, u32::MAX, u32::MAX), // past all numbers
        vec![7; 20],                    // a block that nobody asked for
        vec![20; 5],                    // an extension
        vec![6, 0],                     // half a request
        vec![5; 10_000],                // a bitfield of another torrent's length
    ] {
        let mut client = Client::greet(feeder.addr(), &torrent).unwrap();
        client.read().unwrap();
        client.say(&[2]);
        assert_eq!(client.read().unwrap(), [1]);
        client.say(&hostile);
        assert!(client.is_left(), "{:?}", &hostile[..2]);
    }
    let mut client = Client::greet(feeder.addr(), &torrent).unwrap();
    client.read().unwrap();
    client.0.write_all(&[0xff; 4]).unwrap();
    assert!(client.is_left(), "a message of 4 GiB");

    assert_eq!(shelf.read(), 0, "none of this was worth a byte of the source");
    good.ask(15, (48 << 10) + 1, (16 << 10) - 1);
    assert!(good.read().unwrap()[9..] == torrent.files[0].1[MIB - (16 << 10) + 1..]);
    assert_eq!(shelf.read(), 64 << 10);
    assert_eq!(feeder.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_this_machine_reaches_it_and_it_ends_with_its_owner() {
    let torrent = Torrent::single("film.mkv", MIB, 64 << 10);
    let shelf = Shelf::of(&torrent.files[0].1);
    let feeder = feeder(&torrent, &[(0, &shelf)]).await;
    let addr = feeder.addr();
    assert_eq!(addr.ip(), Ipv4Addr::LOCALHOST);
    let ours = if_addrs::get_if_addrs().unwrap().into_iter().map(|interface| interface.ip());
    let others = ours.filter(|ip| *ip != Ipv4Addr::LOCALHOST);
    for ip in others.chain([Ipv4Addr::new(127, 0, 0, 2).into()]) {
        let reached = TcpStream::connect_timeout(&(ip, addr.port()).into(), Duration::from_secs(2));
        assert!(reached.is_err(), "{ip} answers");
    }
    let mut client = Client::greet(addr, &torrent).unwrap();
    client.read().unwrap();
    drop(feeder);
    assert!(client.is_left());
    until("the listener's end", Duration::from_secs(5), || TcpStream::connect(addr).is_err()).await;
}

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

    /// Reads the whole film, and says whether peers alone were the way to it.
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

/// A peer that the test speaks for.
struct Client(TcpStream);

impl Client {
    fn greet(addr: SocketAddr, torrent: &Torrent) -> std::io::Result<Self> {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let hash = torrent.info_hash;
        let name = b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0";
        stream.write_all(&[&name[..], hash.as_bytes(), b"-XX0000-of-this-test"].concat())?;
        let mut answer = [0; 68];
        stream.read_exact(&mut answer)?;
        assert_eq!((&answer[..28], &answer[28..48]), (&name[..], &hash.as_bytes()[..]));
        Ok(Self(stream))
    }

    fn say(&mut self, message: &[u8]) {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length, message].concat()).unwrap();
    }

    fn ask(&mut self, piece: u32, begin: u32, length: u32) {
        self.say(&[&[6][..], &[piece, begin, length].map(u32::to_be_bytes).concat()].concat());
    }

    /// The next message that is more than a sign of life.
    fn read(&mut self) -> std::io::Result<Vec<u8>> {
        loop {
            let mut length = [0; 4];
            self.0.read_exact(&mut length)?;
            let mut message = vec![0; u32::from_be_bytes(length) as usize];
            self.0.read_exact(&mut message)?;
            if !message.is_empty() {
                return Ok(message);
            }
        }
    }

    /// Whether the other side has hung up.
    fn is_left(&mut self) -> bool {
        let ended = self.read().err().map(|error| error.kind());
        ended.is_some_and(|kind| {
            !matches!(kind, std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        })
    }
}
