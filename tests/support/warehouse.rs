//! A file server whose mood can be changed while it sends: it refuses, hangs up, goes silent or slow
//! in the middle of a body, and gets well again.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// How it behaves, to those it is sending to as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mood {
    Sound,
    /// Hangs up on whoever it sends to, and answers with this status from then on.
    Refuses(u16),
    /// Hangs up on whoever it sends to, and on whoever comes, without a word.
    HangsUp,
    /// Keeps every connection and sends nothing.
    Silent,
    /// The same to those it sends to; who comes anew is served well.
    Forgets,
    /// Sends 1 KiB a second.
    Crawls,
    /// Sends so many bytes a second.
    Brings(usize),
    /// Sends so many bytes of each answer, and then nothing.
    Stutters(usize),
}

struct State {
    mood: Mood,
    /// Counts the changes: who began under another mood breaks off where that one hangs up.
    changes: usize,
}

/// The server.
#[derive(Clone)]
pub struct Warehouse {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    bytes: Arc<Vec<u8>>,
    /// Bytes a second of one connection.
    rate: usize,
    state: Mutex<State>,
    changed: Condvar,
}

impl Warehouse {
    /// Serves `bytes` under any path, `rate` bytes a second to each who asks.
    pub fn start(bytes: Vec<u8>, rate: usize) -> Self {
        Self::of(Arc::new(bytes), rate)
    }

    /// Another server with the same bytes.
    pub fn twin(&self) -> Self {
        Self::of(Arc::clone(&self.shared.bytes), self.shared.rate)
    }

    fn of(bytes: Arc<Vec<u8>>, rate: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Mutex::new(State { mood: Mood::Sound, changes: 0 });
        let shared = Arc::new(Shared { bytes, rate, state, changed: Condvar::new() });
        let served = Arc::clone(&shared);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                // A client that goes away is the client's business.
                std::thread::spawn(move || shared.serve(stream).unwrap_or_default());
            }
        });
        Self { addr, shared }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub fn is(&self, mood: Mood) {
        let mut state = self.shared.state.lock().unwrap();
        state.mood = mood;
        state.changes += 1;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let began = match *self.state.lock().unwrap() {
            State { mood: Mood::HangsUp, .. } => return Ok(()),
            State { mood: Mood::Refuses(status), .. } => return refuse(&mut stream, status),
            State { changes, .. } => changes,
        };
        let len = self.bytes.len();
        let range = head.lines().find_map(|line| line.strip_prefix("range: bytes="));
        let (first, end) = match range.and_then(|range| range.split_once('-')) {
            None => (0, len),
            Some((first, "")) => (first.parse().unwrap(), len),
            Some((first, last)) => {
                (first.parse().unwrap(), len.min(last.parse::<usize>().unwrap() + 1))
            }
        };
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-length: {}\r\n\
             content-range: bytes {first}-{}/{len}\r\n\r\n",
            end - first,
            end - 1,
        )?;
        if head.starts_with("head") {
            return Ok(());
        }
        let mut left = &self.bytes[first..end];
        let mut sent = 0;
        while let Some(most) = self.portion(began, sent).filter(|_| !left.is_empty()) {
            let (portion, rest) = left.split_at(most.min(left.len()));
            stream.write_all(portion)?;
            sent += portion.len();
            left = rest;
        }
        Ok(())
    }

    /// Waits for the next portion's turn, and for as long as the server is silent. How long that
    /// portion is, `sent` bytes after the answer's beginning; `None`: it has hung up since this answer began.
    fn portion(&self, began: usize, sent: usize) -> Option<usize> {
        let state = self.state.lock().unwrap();
        let (turn, most) = match state.mood {
            Mood::Crawls => (Duration::from_millis(500), 512),
            Mood::Brings(rate) => (Duration::from_millis(100), (rate / 10).max(1)),
            _ => (Duration::from_millis(20), (self.rate / 50).max(1)),
        };
        let broken = |state: &State| {
            state.changes != began && matches!(state.mood, Mood::Refuses(_) | Mood::HangsUp)
        };
        let (state, _) =
            self.changed.wait_timeout_while(state, turn, |state| !broken(state)).unwrap();
        let silent = |state: &mut State| match state.mood {
            Mood::Silent => true,
            Mood::Forgets => state.changes != began,
            Mood::Stutters(most) => sent >= most,
            _ => false,
        };
        let state = self.changed.wait_while(state, silent).unwrap();
        (!broken(&state)).then_some(most)
    }
}

fn refuse(stream: &mut TcpStream, status: u16) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
}
