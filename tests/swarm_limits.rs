//! What the owner allows the peers, each limit through the real program: how many of them, and how
//! many bytes a second in and out.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use credenza::torrent::InfoHash;

use crate::support::seeder::{self, Torrent};
use crate::support::server::Server;
use crate::support::viewer::Viewer;
use crate::support::world::World;
use crate::support::{skip, until};

const NAME: &str = "Quiet.Harbour.2008.1080p.WEB-DL.x264-KITE.mkv";
const LIMIT: Duration = Duration::from_secs(60);
const BLOCK: u32 = 16 << 10;
const NO_PYTHON: &str = "needs Python with libtorrent (tests/run makes it)";

/// The program with this limit, and the path of the film that is not asked for yet.
fn program(world: &World, torrent: &Torrent, limit: &str) -> (Server, String) {
    let peers = format!("[swarm]\nenabled = true\ndht = false\n{limit}\n");
    let server = Server::serve(&world.configuration(&peers));
    let trackers = [world.tracker.url()];
    let bytes =
        credenza::torrent::metainfo::build(&torrent.name, &torrent.files, 256 << 10, &trackers);
    let ask = server.owner("POST", "/api/torrents");
    let added = ask.bytes("application/x-bittorrent", &bytes).send();
    assert_eq!(added.status, 202, "{}", added.text());
    (server, format!("/api/stream/{}?file=0", torrent.info_hash))
}

fn watches(server: &Server, path: &str) -> Viewer {
    Viewer::of(&format!("{}{path}", server.base), 0, 0)
}

/// The film's bytes that came from peers, as the program counts them.
fn served(server: &Server) -> usize {
    let page = server.owner("GET", "/metrics").send().text();
    let row = "credenza_served_bytes_total{via=\"swarm\"} ";
    page.lines().find_map(|line| line.strip_prefix(row)?.parse().ok()).unwrap_or(0)
}

/// How long a film of these bytes takes from a peer that is as fast as loopback.
fn takes(torrent: &Torrent, limit: &str) -> Option<Duration> {
    let world = World::of("Quiet Harbour");
    let peer = seeder::libtorrent(torrent, 0)?;
    world.seeded_at(torrent, peer.addr);
    let (server, path) = program(&world, torrent, limit);
    let (began, film) = (Instant::now(), &torrent.files[0].1);
    let viewer = watches(&server, &path);
    until("the whole film", 2 * LIMIT, || (served(&server) >= film.len()).then_some(()));
    let took = began.elapsed();
    assert!(viewer.ends(LIMIT).bytes == *film, "other bytes than the source's");
    Some(took)
}

/// A second of it may come at once.
#[test]
fn from_peers_comes_no_more_than_the_limit_allows() {
    let torrent = Torrent::single(NAME, 12 << 20, 256 << 10);
    let Some(limited) = takes(&torrent, "download_limit = 2000000") else {
        return skip(NO_PYTHON);
    };
    let free = takes(&torrent, "").unwrap();
    println!("12 MiB at 2 MB/s: {limited:?}; without a limit: {free:?}");
    // 12.6 MB, of which 2 at once: 5.3 s.
    assert!(limited > Duration::from_millis(4800), "{limited:?}");
    assert!(limited < Duration::from_secs(25), "{limited:?}");
    assert!(free < limited / 2, "{free:?} without a limit, {limited:?} with it");
}

/// A peer that has nothing, and asks for the same megabytes again and again.
fn leech(hash: InfoHash) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, got) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let counted = Arc::clone(&got);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || drop(asks(stream, hash, &counted)));
        }
    });
    (address, got)
}

fn asks(mut stream: TcpStream, hash: InfoHash, got: &AtomicUsize) -> std::io::Result<()> {
    greets(&mut stream, hash)?;
    // The engine tells of its new pieces only who has said which it has, be it none.
    has(&mut stream, 96, 0)?;
    stream.write_all(&[0, 0, 0, 1, 2])?; // interested
    let (mut piece, mut unchoked, mut asked) = (None, false, false);
    loop {
        let message = hears(&mut stream)?;
        match message.first() {
            Some(1) => unchoked = true,
            Some(4) => piece = piece.or(Some(message[1..5].to_vec())),
            Some(7) => {
                got.fetch_add(message.len() - 9, Ordering::SeqCst);
                requests(&mut stream, &message[1..5], &message[5..9])?;
            }
            _ => {}
        }
        if let Some(piece) = piece.as_ref().filter(|_| unchoked && !asked) {
            asked = true;
            for block in 0..8 {
                requests(&mut stream, piece, &(block * BLOCK).to_be_bytes())?;
            }
        }
    }
}

fn requests(stream: &mut TcpStream, piece: &[u8], begin: &[u8]) -> std::io::Result<()> {
    stream.write_all(&[&[0, 0, 0, 13, 6], piece, begin, &BLOCK.to_be_bytes()].concat())
}

fn greets(stream: &mut TcpStream, hash: InfoHash) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 68])?;
    stream.write_all(b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0")?;
    stream.write_all(hash.as_bytes())?;
    stream.write_all(b"-XX0000-of-this-test")
}

/// Says that it has so many of these pieces, the first ones.
fn has(stream: &mut TcpStream, pieces: usize, of_them: usize) -> std::io::Result<()> {
    let mut bits = vec![0_u8; pieces.div_ceil(8)];
    for piece in 0..of_them {
        bits[piece / 8] |= 0x80 >> (piece % 8);
    }
    let length = u32::try_from(bits.len() + 1).unwrap();
    stream.write_all(&[&length.to_be_bytes()[..], &[5], &bits].concat())
}

fn hears(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut message)?;
    Ok(message)
}

/// How long it takes until a peer that asks has had 2 MB.
fn gives(torrent: &Torrent, limit: &str) -> Option<Duration> {
    let world = World::of("Quiet Harbour");
    // Slow enough that the film is on its way for as long as the peer asks.
    let peer = seeder::libtorrent(torrent, 500_000)?;
    let (leech, got) = leech(torrent.info_hash);
    world.seeded_at(torrent, leech).seeded_at(torrent, peer.addr);
    let (server, path) = program(&world, torrent, limit);
    let _viewer = watches(&server, &path);
    let came = |bytes: usize| {
        until("what a peer asks for", LIMIT, || {
            (got.load(Ordering::SeqCst) >= bytes).then_some(())
        });
    };
    came(1);
    let began = Instant::now();
    came(2_000_000);
    Some(began.elapsed())
}

#[test]
fn to_peers_goes_no_more_than_the_limit_allows() {
    let torrent = Torrent::single(NAME, 24 << 20, 256 << 10);
    let Some(limited) = gives(&torrent, "upload_limit = 400000") else {
        return skip(NO_PYTHON);
    };
    let free = gives(&torrent, "").unwrap();
    println!("2 MB at 0.4 MB/s: {limited:?}; without a limit: {free:?}");
    // Of 2 MB 0.4 at once: 4 s.
    assert!(limited > Duration::from_millis(3500), "{limited:?}");
    assert!(limited < Duration::from_secs(25), "{limited:?}");
    assert!(free < limited / 2, "{free:?} without a limit, {limited:?} with it");
}

/// Peers that are connected now, and the most that ever were.
#[derive(Default)]
struct Crowd {
    here: AtomicUsize,
    most: AtomicUsize,
}

/// Peers that have the film and send nothing of it.
fn crowd(world: &World, torrent: &Torrent, count: usize) -> Arc<Crowd> {
    let crowd = Arc::<Crowd>::default();
    let (hash, pieces) = (torrent.info_hash, torrent.files[0].1.len().div_ceil(256 << 10));
    for _ in 0..count {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        world.seeded_at(torrent, listener.local_addr().unwrap());
        let crowd = Arc::clone(&crowd);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let here = crowd.here.fetch_add(1, Ordering::SeqCst) + 1;
                crowd.most.fetch_max(here, Ordering::SeqCst);
                drop(stays(&mut stream, hash, pieces));
                crowd.here.fetch_sub(1, Ordering::SeqCst);
            }
        });
    }
    crowd
}

/// Until the other end hangs up.
fn stays(stream: &mut TcpStream, hash: InfoHash, pieces: usize) -> std::io::Result<()> {
    greets(stream, hash)?;
    has(stream, pieces, pieces)?;
    loop {
        hears(stream)?;
    }
}

#[test]
fn of_many_peers_no_more_are_connected_than_the_limit_allows() {
    let torrent = Torrent::single(NAME, 4 << 20, 256 << 10);
    for (limit, most) in [("", 12), ("max_peers = 3", 3)] {
        let world = World::of("Quiet Harbour");
        let crowd = crowd(&world, &torrent, 12);
        let (server, path) = program(&world, &torrent, limit);
        // It waits for its first byte, which never comes.
        let mut reader = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).unwrap();
        write!(reader, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        until(&format!("{most} peers"), LIMIT, || {
            (crowd.here.load(Ordering::SeqCst) >= most).then_some(())
        });
        if !limit.is_empty() {
            // Time in which the others came above, and more.
            std::thread::park_timeout(Duration::from_secs(5));
        }
        assert_eq!(crowd.most.load(Ordering::SeqCst), most, "{limit}");
    }
}
