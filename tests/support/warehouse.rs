//! A file server whose mood can be changed while it sends: it refuses, hangs up, goes silent or slow
//! in the middle of a body, and gets well again.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How it behaves, to those it is sending to as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mood {
    Sound,
    /// Hangs up on whoever it sends to, and answers with this status from then on.
    Refuses(u16),
    /// Hangs up on whoever it sends to, and on whoever comes, without a word.
    HangsUp,
    /// The same, and who is hung up on is sent a reset instead of an end.
    Resets,
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
    /// Counts the changes, the answers among them: each has a number of its own.
    changes: usize,
    /// The number of the last change of the mood.
    mood_since: usize,
    /// The answers that are being sent, by the number at which each began: who hangs up ends all of
    /// them then and there, and what the mood is a moment later makes no difference.
    sending: HashMap<usize, Sending>,
    /// Links that are dead for good, and what they answer.
    dead: HashMap<String, u16>,
    /// When each answer began to be sent.
    asked: Vec<Instant>,
}

struct Sending {
    path: String,
    stream: TcpStream,
}

impl State {
    /// Ends the answers to `path`, or all; how many of them somebody was still reading.
    fn breaks_off(&mut self, path: Option<&str>, by_a_reset: bool) -> usize {
        let chosen = |one: &Sending| path.is_none_or(|path| one.path == path);
        let broken = self.sending.extract_if(|_, one| chosen(one));
        let broken = broken.filter(|(_, one)| {
            let is_read = one.is_read();
            if by_a_reset {
                // Sent when the sender, which finds itself broken off, lets go of it too.
                socket2::SockRef::from(&one.stream).set_linger(Some(Duration::ZERO)).unwrap();
            } else {
                let _ = one.stream.shutdown(Shutdown::Both);
            }
            is_read
        });
        broken.count()
    }
}

impl Sending {
    /// Whether nobody has hung up at the other end. Nothing is sent from there, so that there is
    /// either nothing to read or an end.
    fn is_read(&self) -> bool {
        let heard = self.stream.peek(&mut [0]);
        heard.is_err_and(|why| matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }
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
        let state = Mutex::new(State {
            mood: Mood::Sound,
            changes: 0,
            mood_since: 0,
            sending: HashMap::new(),
            dead: HashMap::new(),
            asked: Vec::new(),
        });
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

    /// How many answers that were being read it has broken off by that: 0 where the mood does not hang
    /// up.
    pub fn is(&self, mood: Mood) -> usize {
        let mut state = self.shared.state.lock().unwrap();
        state.mood = mood;
        state.changes += 1;
        state.mood_since = state.changes;
        let cut = match mood {
            Mood::Refuses(_) | Mood::HangsUp => state.breaks_off(None, false),
            Mood::Resets => state.breaks_off(None, true),
            _ => 0,
        };
        self.shared.changed.notify_all();
        cut
    }

    /// When it was asked for bytes and began to send them, each time.
    pub fn asked(&self) -> Vec<Instant> {
        self.shared.state.lock().unwrap().asked.clone()
    }

    /// Breaks off what it sends under this path, and answers there with this status for ever. How many
    /// answers that were being read it has broken off.
    pub fn has_no_more(&self, path: &str, status: u16) -> usize {
        let mut state = self.shared.state.lock().unwrap();
        state.dead.insert(path.to_owned(), status);
        let cut = state.breaks_off(Some(path), false);
        self.shared.changed.notify_all();
        cut
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
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let head = head.to_lowercase();
        let mut state = self.state.lock().unwrap();
        let refused = match state.mood {
            Mood::HangsUp | Mood::Resets => return Ok(()),
            Mood::Refuses(status) => Some(status),
            _ => state.dead.get(&path).copied(),
        };
        if let Some(status) = refused {
            drop(state);
            return refuse(&mut stream, status);
        }
        state.changes += 1;
        state.asked.push(Instant::now());
        let began = state.changes;
        if !head.starts_with("head") {
            // For the look whether it is read: the end of it is there at once, or is not.
            stream.set_read_timeout(Some(Duration::from_millis(1)))?;
            state.sending.insert(began, Sending { path, stream: stream.try_clone()? });
        }
        drop(state);
        let sent = self.send(&mut stream, &head, began);
        self.state.lock().unwrap().sending.remove(&began);
        sent
    }

    fn send(&self, stream: &mut TcpStream, head: &str, began: usize) -> std::io::Result<()> {
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
        while !left.is_empty() {
            let Some(most) = self.portion(began, sent) else { return Ok(()) };
            let (portion, rest) = left.split_at(most.min(left.len()));
            stream.write_all(portion)?;
            sent += portion.len();
            left = rest;
        }
        Ok(())
    }

    /// Waits for the next portion's turn, and for as long as the server is silent. How long that
    /// portion is, `sent` bytes after the answer's beginning; `None`: it was broken off.
    fn portion(&self, began: usize, sent: usize) -> Option<usize> {
        let state = self.state.lock().unwrap();
        let (turn, most) = match state.mood {
            Mood::Crawls => (Duration::from_millis(500), 512),
            Mood::Brings(rate) => (Duration::from_millis(100), (rate / 10).max(1)),
            _ => (Duration::from_millis(20), (self.rate / 50).max(1)),
        };
        let goes_on = |state: &mut State| state.sending.contains_key(&began);
        let (state, _) = self.changed.wait_timeout_while(state, turn, goes_on).unwrap();
        let silent = |state: &mut State| {
            let silent = match state.mood {
                Mood::Silent => true,
                Mood::Forgets => state.mood_since > began,
                Mood::Stutters(most) => sent >= most,
                _ => false,
            };
            silent && goes_on(state)
        };
        let mut state = self.changed.wait_while(state, silent).unwrap();
        goes_on(&mut state).then_some(most)
    }
}

fn refuse(stream: &mut TcpStream, status: u16) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
}
