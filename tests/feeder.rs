//! Our own peer: what lies at an HTTP server comes into the swarm piece by piece, checked.
//!
//! Its source here counts what is read of it, so that a test says how much came this way.

mod conversation;
mod playing;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use credenza::representation::{ByteStream, Representation};
use credenza::swarm::{Feed, Options, State};
use credenza::torrent::{InfoHash, Magnet};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};

use crate::support::seeder::{Torrent, libtorrent, random};
use crate::support::skip;
use crate::support::tracker::Tracker;
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

/// Gives other bytes than the torrent's to whoever asks, under a sound handshake.
fn liar(torrent: &Torrent) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    let (hash, pieces) = (torrent.info_hash, torrent.files[0].1.len().div_ceil(64 << 10));
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || lie(stream, hash, pieces).unwrap_or_default());
        }
    });
    addr
}

fn lie(mut stream: TcpStream, hash: InfoHash, pieces: usize) -> std::io::Result<()> {
    let mut greeting = [0; 68];
    stream.read_exact(&mut greeting)?;
    let name = b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0";
    stream.write_all(&[&name[..], hash.as_bytes(), b"-XX0000-which-lies--"].concat())?;
    let length = u32::try_from(1 + pieces / 8).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], &[5], &vec![0xff; pieces / 8], &[0, 0, 0, 1, 1]].concat())?;
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut message)?;
        if message.first() == Some(&6) {
            let block = u32::from_be_bytes(message[9..].try_into().unwrap());
            let head = [&(9 + block).to_be_bytes()[..], &[7], &message[1..9]].concat();
            stream.write_all(&[head, random(block as usize)].concat())?;
        }
    }
}

/// The engine's own check, which stands behind ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_peer_lies_is_never_served_either() {
    let torrent = Torrent::single("film.mkv", 2 * MIB, 64 << 10);
    let tracker = Tracker::start();
    tracker.add(torrent.info_hash, liar(&torrent));
    let library = tempfile::tempdir().unwrap();
    let options = Options { patience: Duration::from_secs(2), ..options(library.path(), &tracker) };
    let swarm = swarm(options);
    swarm.add_metainfo(&torrent.bytes).unwrap();
    let file = swarm.open(&torrent.magnet(&tracker), 0).await.unwrap();
    assert!(read(&file, 0..1).await.is_err());
    assert_eq!(swarm.status(&torrent.info_hash).unwrap().bytes_have, 0);
    swarm.stop().await;

    // What it has written is in nobody's way.
    let again = crate::swarm::swarm(crate::swarm::options(library.path(), &tracker));
    again.add_metainfo(&torrent.bytes).unwrap();
    let shelf = Shelf::of(&torrent.files[0].1);
    let file = again.open_fed(&torrent.magnet(&tracker), 0, shelf.feed()).await.unwrap();
    assert!(read(&file, 0..2 * MIB).await.unwrap() == torrent.files[0].1);
    again.stop().await;
}
