//! A mirror on loopback: one film at every path, and a manner that a test may change at any time.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a mirror does.
#[derive(Debug, Clone, PartialEq)]
pub enum Day {
    Sound,
    /// Waits before it answers.
    Slow(Duration),
    /// Sends up to this byte and closes; what is asked from there on is answered with this status.
    DiesAt(u64, u16),
    /// Sends up to this byte and resets the connection, and every later one.
    ResetsAt(u64),
    /// Sends up to this byte and then nothing, on an open connection, and so ever after.
    SilentAt(u64),
    /// Sends this many bytes a second time and again, and closes: it always comes back.
    Shaky(u64),
    /// Sends a byte in a while, from this one on.
    TricklesAt(u64),
    Status(u16),
    /// 200 with the whole, whatever range is asked for.
    Whole,
    /// 200 with a page.
    Page,
    /// 206 that begins one byte too early.
    WrongRange,
    /// Another file, so many bytes longer.
    Longer(u64),
    /// A file of the same length with other bytes from this one on.
    Other(u64),
    /// Takes the connection and says nothing.
    Silent,
    Redirect(String),
}

pub struct Mirror {
    pub addr: SocketAddr,
    day: Arc<Mutex<Day>>,
    heads: Arc<Mutex<Vec<String>>>,
}

/// A film in which no two places are alike: 7 bytes of a counter and a mark.
pub fn film(eights: u64) -> Arc<Vec<u8>> {
    Arc::new((0..eights).flat_map(|n| (n << 8 | 0xA5).to_be_bytes()).collect())
}

impl Mirror {
    pub fn start(film: &Arc<Vec<u8>>, day: Day) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let (day, heads) = (Arc::new(Mutex::new(day)), Arc::new(Mutex::new(Vec::new())));
        let mirror = Self { addr, day: Arc::clone(&day), heads: Arc::clone(&heads) };
        let film = Arc::clone(film);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (film, day, heads) = (Arc::clone(&film), Arc::clone(&day), Arc::clone(&heads));
                std::thread::spawn(move || serve(stream, &film, &day, &heads).unwrap_or_default());
            }
        });
        mirror
    }

    pub fn turns(&self, day: Day) {
        *self.day.lock().unwrap() = day;
    }

    /// Heads of all requests, as they were sent.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.heads.lock().unwrap().clear();
    }

    /// The paths that were asked for.
    pub fn paths(&self) -> Vec<String> {
        let path = |head: &String| head.split(' ').nth(1).unwrap().to_owned();
        self.heads().iter().map(path).collect()
    }

    /// Where the last request began.
    pub fn last_start(&self) -> Option<u64> {
        let heads = self.heads();
        let range = heads.last()?.lines().find_map(|line| line.strip_prefix("range: bytes="))?;
        range.split('-').next()?.parse().ok()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

fn serve(
    mut stream: TcpStream,
    film: &[u8],
    day: &Mutex<Day>,
    heads: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let day = day.lock().unwrap().clone();
    heads.lock().unwrap().push(head.clone());
    let len = film.len() as u64;
    let range = head.lines().find_map(|line| line.strip_prefix("range: bytes="));
    let (first, last) = range.and_then(|range| range.split_once('-')).unwrap_or(("0", ""));
    let first: u64 = first.parse().unwrap();
    let last: u64 = last.parse().unwrap_or(len - 1);
    let end = (last + 1).min(len);
    let mut total = len;
    let mut stop = end;
    match &day {
        Day::Sound | Day::Other(_) => {}
        Day::Slow(pause) => std::thread::park_timeout(*pause),
        Day::DiesAt(at, status) if first + 4_096 >= *at && first > 0 => {
            return refuse(&mut stream, *status);
        }
        Day::ResetsAt(at) if first + 4_096 >= *at && first > 0 => return reset(&stream),
        Day::DiesAt(at, _) | Day::ResetsAt(at) | Day::SilentAt(at) | Day::TricklesAt(at) => {
            stop = end.min(*at).max(first);
        }
        Day::Shaky(each) => stop = end.min(first + each),
        Day::Status(status) => return refuse(&mut stream, *status),
        Day::Whole => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n"
            )?;
            return stream.write_all(film);
        }
        Day::Page => {
            let page = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<ht>";
            return stream.write_all(page.as_bytes());
        }
        Day::WrongRange => {
            let early = first.saturating_sub(1);
            write!(
                stream,
                "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-length: {}\r\ncontent-range: bytes {early}-{}/{len}\r\n\r\n",
                end - early,
                end - 1
            )?;
            return stream.write_all(&film[at(early)..at(end)]);
        }
        Day::Longer(more) => total = len + more,
        Day::Silent => {
            std::thread::park_timeout(Duration::from_secs(60));
            return Ok(());
        }
        Day::Redirect(to) => {
            return write!(
                stream,
                "HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
            );
        }
    }
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-range: bytes {first}-{}/{total}\r\n\r\n",
        end - first,
        end - 1
    )?;
    let mut bytes = film[at(first)..at(stop)].to_vec();
    if let Day::Other(from) = day {
        for (byte, place) in bytes.iter_mut().zip(first..) {
            if place >= from {
                *byte ^= 0xFF;
            }
        }
    }
    stream.write_all(&bytes)?;
    match day {
        Day::ResetsAt(_) if stop < end => reset(&stream),
        Day::SilentAt(_) if stop < end => {
            std::thread::park_timeout(Duration::from_secs(60));
            Ok(())
        }
        Day::TricklesAt(_) => {
            for byte in &film[at(stop)..at(end)] {
                stream.write_all(&[*byte])?;
                std::thread::park_timeout(Duration::from_millis(20));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn at(place: u64) -> usize {
    usize::try_from(place).unwrap()
}

fn refuse(stream: &mut TcpStream, status: u16) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
}

/// Closes with RST, as a machine that was switched off and on answers.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
