//! A tracker on loopback (BEP 3, compact answers by BEP 23): how a magnet finds the test's peers.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use credenza::torrent::InfoHash;

#[derive(Default)]
struct Book {
    peers: Mutex<HashMap<InfoHash, Vec<SocketAddr>>>,
    asked: AtomicUsize,
}

pub struct Tracker {
    addr: SocketAddr,
    book: Arc<Book>,
}

impl Tracker {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let book = Arc::new(Book::default());
        let served = book.clone();
        // Ends with the process: a tracker that nobody asks costs nothing.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let book = served.clone();
                std::thread::spawn(move || drop(answer(stream, &book)));
            }
        });
        Self { addr, book }
    }

    /// The address, for `network.allow_private`.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn url(&self) -> String {
        format!("http://{}/announce", self.addr)
    }

    /// Names a peer of a torrent to everyone who asks from now on.
    pub fn add(&self, info_hash: InfoHash, peer: SocketAddr) {
        self.book.peers.lock().unwrap().entry(info_hash).or_default().push(peer);
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.book.asked.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, book: &Book) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let line = lines.next().transpose()?.unwrap_or_default();
    // The rest too: closing on unread bytes resets the connection.
    for header in lines {
        if header?.is_empty() {
            break;
        }
    }
    book.asked.fetch_add(1, Ordering::SeqCst);
    let hash = line
        .split_once("info_hash=")
        .and_then(|(_, rest)| rest.split(['&', ' ']).next())
        .map(|value| percent_encoding::percent_decode_str(value).collect::<Vec<u8>>())
        .and_then(|bytes| <[u8; 20]>::try_from(bytes).ok());
    let body = match hash {
        None => b"d14:failure reason12:no info_hashe".to_vec(),
        Some(hash) => {
            let peers = book.peers.lock().unwrap();
            let peers = peers.get(&InfoHash::from_bytes(hash)).cloned().unwrap_or_default();
            listing(&peers)
        }
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

fn listing(peers: &[SocketAddr]) -> Vec<u8> {
    let mut compact = Vec::new();
    for peer in peers {
        if let IpAddr::V4(ip) = peer.ip() {
            compact.extend_from_slice(&ip.octets());
            compact.extend_from_slice(&peer.port().to_be_bytes());
        }
    }
    let mut body = format!("d8:intervali2e5:peers{}:", compact.len()).into_bytes();
    body.extend_from_slice(&compact);
    body.push(b'e');
    body
}
