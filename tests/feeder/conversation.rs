//! The peer as a stranger on this machine meets it: what it claims, what it bears, and whom it hears.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use credenza::swarm::Feeder;
use credenza::torrent::metainfo::Metainfo;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{MIB, NO_PYTHON, Shelf, pack};
use crate::support::seeder::{Torrent, python};
use crate::support::skip;
use crate::swarm::until;

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
