//! A store's download host on loopback: one film, and a behaviour a link.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use credenza::torrent::TorrentFile;

use crate::support::upstream::Reply;

/// What one link of the film's host does.
#[derive(Clone)]
pub enum Day {
    Sound,
    /// Breaks off at this byte, and answers with this status from then on.
    Dies(u64, u16),
    /// Breaks off every so many bytes, and always comes back.
    Shaky(u64),
    Status(u16),
    /// A page in the film's place.
    Page,
    /// Another file, so many bytes long.
    Other(usize),
}

/// A store's download host: serves ranges of one film, a behaviour a link.
pub struct Film {
    pub addr: SocketAddr,
    pub bytes: Arc<Vec<u8>>,
    /// Heads of all requests.
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl Film {
    pub fn start(days: Vec<Day>) -> Self {
        // No two places alike: 7 bytes of a counter and a mark.
        let bytes: Vec<u8> = (0..100_000_u64).flat_map(|n| (n << 8 | 0xA5).to_be_bytes()).collect();
        let bytes = Arc::new(bytes);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (addr, seen) = (listener.local_addr().unwrap(), Arc::default());
        let film = Self { addr, bytes: Arc::clone(&bytes), seen: Arc::clone(&seen) };
        let days = Arc::new(days);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (bytes, seen, days) =
                    (Arc::clone(&bytes), Arc::clone(&seen), Arc::clone(&days));
                std::thread::spawn(move || serve(stream, &bytes, &seen, &days).unwrap_or_default());
            }
        });
        film
    }

    /// The answer of `link/generate` with the link of this number.
    pub fn link(&self, number: usize) -> Reply {
        Reply::json(format!(r#"{{"data":{{"link":"http://{}/d/{number}/film.mkv"}}}}"#, self.addr))
    }

    pub fn file(&self) -> TorrentFile {
        TorrentFile {
            index: Some(0),
            name: "Harbour Lights/film.mkv".to_owned(),
            size_bytes: Some(self.bytes.len() as u64),
            link: Some("stremthru://store/realdebrid/opaque".to_owned()),
            ..TorrentFile::default()
        }
    }
}

fn serve(
    mut stream: TcpStream,
    bytes: &[u8],
    seen: &Mutex<Vec<String>>,
    days: &[Day],
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(head.clone());
    let number = head.split('/').nth(2).unwrap().parse::<usize>().unwrap();
    let range = head.lines().find_map(|line| line.strip_prefix("range: bytes=")).unwrap();
    let (first, last) = range.split_once('-').unwrap();
    let (first, last) = (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap());
    let (bytes, end) = match &days[number] {
        // RFC 9110, 15.5.17.
        Day::Other(len) if first >= *len => return refuse(&mut stream, 416),
        Day::Status(status) => return refuse(&mut stream, *status),
        Day::Dies(at, status) if first as u64 >= *at && first > 0 => {
            return refuse(&mut stream, *status);
        }
        Day::Page => {
            let page =
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<ht>";
            return stream.write_all(page.as_bytes());
        }
        Day::Sound => (bytes.to_vec(), last + 1),
        Day::Dies(at, _) => (bytes.to_vec(), (last + 1).min(usize::try_from(*at).unwrap())),
        Day::Shaky(each) => {
            (bytes.to_vec(), (last + 1).min(first + usize::try_from(*each).unwrap()))
        }
        Day::Other(len) => (vec![0xFF; *len], (last + 1).min(*len)),
    };
    let last = last.min(bytes.len() - 1);
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-range: bytes {first}-{last}/{}\r\n\r\n",
        last + 1 - first,
        bytes.len()
    )?;
    stream.write_all(&bytes[first..end.max(first)])
}

fn refuse(stream: &mut TcpStream, status: u16) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
}
