//! A scripted HTTP/1.1 server on loopback, for answers that real upstreams give on their bad days.
//!
//! ```ignore
//! let upstream = Upstream::start();
//! upstream.on("/list", Reply::json(r#"{"data":[]}"#));                  // always this
//! upstream.script("/add", [Reply::status(503), Reply::json("{}")]);     // one after another; the last stays
//! upstream.on("/film", Reply::ok("0123456789").cut_after(4));           // told 10 bytes, sends 4
//! let client = Client::new(upstream.policy(), Roots::Bundled)?;         // may reach it, and nothing else private
//! client.send(Request::get(upstream.url("/list?q=x"))).await?;
//! assert_eq!(upstream.requests()[0].header("user-agent"), Some("credenza/0.1.0"));
//! ```
//!
//! A path is matched without its query; one that is not scripted answers 404. Every answer closes
//! its connection, so connections and requests can be counted one by one. `Range` is not
//! understood: script `.status(206).header("Content-Range", …)` where it matters. Threads end with
//! the value.

#![allow(clippy::unwrap_used, clippy::format_push_string, reason = "a test may fail loudly")]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza::fetch::AddressPolicy;
use url::Url;

/// What is sent in answer to one request.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Arc<[u8]>,
    manner: Manner,
}

#[derive(Debug, Clone, PartialEq)]
enum Manner {
    /// Head and body at once.
    Whole,
    /// Chunked: so many bytes a time, with a pause between.
    Drip { bytes: usize, pause: Duration },
    /// The whole length is told, so many bytes are sent.
    CutAfter(usize),
    /// Chunked: the body again and again, until so many bytes are sent.
    Repeat(u64),
    /// Nothing is sent until the server ends.
    Hang,
    /// The connection is closed without a byte.
    Drop,
    /// The same with a reset (RST), as of a program that was killed.
    Reset,
}

impl Reply {
    /// 200 with `body`.
    pub fn ok(body: impl AsRef<[u8]>) -> Self {
        let body = Arc::from(body.as_ref());
        Self { status: 200, headers: Vec::new(), body, manner: Manner::Whole }
    }

    /// 200 with JSON.
    pub fn json(body: impl AsRef<[u8]>) -> Self {
        Self::ok(body).header("Content-Type", "application/json")
    }

    /// 200 with a web page.
    pub fn html(body: impl AsRef<[u8]>) -> Self {
        Self::ok(body).header("Content-Type", "text/html; charset=utf-8")
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self::ok("").with_status(status)
    }

    /// A redirect.
    pub fn redirect(status: u16, to: impl AsRef<str>) -> Self {
        Self::status(status).header("Location", to.as_ref())
    }

    /// No byte until the server ends.
    pub fn hang() -> Self {
        Self { manner: Manner::Hang, ..Self::ok("") }
    }

    /// The connection is closed without a byte.
    pub fn drop_connection() -> Self {
        Self { manner: Manner::Drop, ..Self::ok("") }
    }

    /// The connection is reset without a byte.
    pub fn reset_connection() -> Self {
        Self { manner: Manner::Reset, ..Self::ok("") }
    }

    /// The same with another status.
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same with one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The body packed by gzip.
    pub fn gzip(self) -> Self {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&self.body).unwrap();
        let body = packer.finish().unwrap().into();
        Self { body, ..self }.header("Content-Encoding", "gzip")
    }

    /// The body packed by gzip, of which the second half is missing; the length told is honest.
    pub fn truncated_gzip(self) -> Self {
        let packed = self.gzip();
        let body = packed.body[..packed.body.len() / 2].into();
        Self { body, ..packed }
    }

    /// Chunked: `bytes` a time, with `pause` between.
    pub fn drip(self, bytes: usize, pause: Duration) -> Self {
        Self { manner: Manner::Drip { bytes, pause }, ..self }
    }

    /// Tells the whole length, sends `bytes` bytes and closes.
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { manner: Manner::CutAfter(bytes), ..self }
    }

    /// Chunked: the body again and again until at least `total` bytes are sent.
    pub fn repeated(self, total: u64) -> Self {
        Self { manner: Manner::Repeat(total), ..self }
    }
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `GET` and so on.
    pub method: String,
    /// The path, as sent, without the query.
    pub path: String,
    /// The query, as sent, without the `?`.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Seen {
    /// The value of the first header of this (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

/// The server.
pub struct Upstream {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    scripts: Mutex<HashMap<String, Vec<Reply>>>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    sent_bytes: AtomicU64,
    stop: AtomicBool,
}

impl Upstream {
    /// Starts on a free port of 127.0.0.1.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let for_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if for_thread.stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                for_thread.connections.fetch_add(1, Ordering::SeqCst);
                let shared = Arc::clone(&for_thread);
                // A client that goes away is the client's business.
                std::thread::spawn(move || shared.serve(stream).unwrap_or_default());
            }
        });
        Self { addr, shared }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A URL on it; `path` begins with `/`.
    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.addr)).unwrap()
    }

    /// The policy that permits this server and nothing else private.
    pub fn policy(&self) -> AddressPolicy {
        AddressPolicy { allow_private: vec![self.addr] }
    }

    /// Answers `path` with `reply`, always.
    pub fn on(&self, path: &str, reply: Reply) -> &Self {
        self.script(path, [reply])
    }

    /// Answers `path` with these in turn; the last one stays.
    pub fn script(&self, path: &str, replies: impl IntoIterator<Item = Reply>) -> &Self {
        let replies = replies.into_iter().collect();
        self.shared.scripts.lock().unwrap().insert(path.to_owned(), replies);
        self
    }

    /// All requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many bytes of bodies went out (into the socket; the client may have read fewer).
    pub fn sent_bytes(&self) -> u64 {
        self.shared.sent_bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the accept loop.
        let _ = TcpStream::connect(self.addr);
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let Some(seen) = read_request(&mut stream)? else { return Ok(()) };
        let reply = self.next(&seen.path);
        self.seen.lock().unwrap().push(seen);
        let mut head = format!("HTTP/1.1 {} Scripted\r\nConnection: close\r\n", reply.status);
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match reply.manner {
            Manner::Drop => return Ok(()),
            Manner::Reset => {
                // With no time to linger, the end that follows is a reset.
                return socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            }
            Manner::Hang => {
                while !self.stop.load(Ordering::SeqCst) {
                    std::thread::park_timeout(Duration::from_millis(20));
                }
                return Ok(());
            }
            Manner::Whole | Manner::CutAfter(_) => {
                head.push_str(&format!("Content-Length: {}\r\n\r\n", reply.body.len()));
            }
            Manner::Drip { .. } | Manner::Repeat(_) => {
                head.push_str("Transfer-Encoding: chunked\r\n\r\n");
            }
        }
        stream.write_all(head.as_bytes())?;
        self.send_body(&mut stream, &reply)?;
        // Closing with unread input would reset the connection and may eat the answer.
        stream.shutdown(std::net::Shutdown::Write)?;
        let _ = stream.read(&mut [0; 1]);
        Ok(())
    }

    fn send_body(&self, stream: &mut TcpStream, reply: &Reply) -> std::io::Result<()> {
        match reply.manner {
            Manner::CutAfter(bytes) => self.send(stream, &reply.body[..bytes]),
            Manner::Drip { bytes, pause } => {
                for piece in reply.body.chunks(bytes) {
                    self.send_chunk(stream, piece)?;
                    if self.stop.load(Ordering::SeqCst) {
                        return Ok(());
                    }
                    std::thread::park_timeout(pause);
                }
                stream.write_all(b"0\r\n\r\n")
            }
            Manner::Repeat(total) => {
                let mut left = total;
                while left > 0 {
                    self.send_chunk(stream, &reply.body)?;
                    left = left.saturating_sub(reply.body.len() as u64);
                }
                stream.write_all(b"0\r\n\r\n")
            }
            _ => self.send(stream, &reply.body),
        }
    }

    fn send_chunk(&self, stream: &mut TcpStream, piece: &[u8]) -> std::io::Result<()> {
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
        self.send(stream, piece)?;
        stream.write_all(b"\r\n")
    }

    fn send(&self, stream: &mut TcpStream, piece: &[u8]) -> std::io::Result<()> {
        stream.write_all(piece)?;
        self.sent_bytes.fetch_add(piece.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    fn next(&self, path: &str) -> Reply {
        let mut scripts = self.scripts.lock().unwrap();
        match scripts.get_mut(path) {
            Some(replies) if replies.len() > 1 => replies.remove(0),
            Some(replies) if replies.len() == 1 => replies[0].clone(),
            _ => Reply::status(404),
        }
    }
}

/// Reads one request; `None` where the connection ends before it does.
fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&buffer[..count]);
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method = first.next().unwrap_or_default().to_owned();
    let target = first.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut seen =
        Seen { method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new() };
    let length = seen.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    seen.body = bytes.split_off(head_end + 4);
    while seen.body.len() < length {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(None);
        }
        seen.body.extend_from_slice(&buffer[..count]);
    }
    Ok(Some(seen))
}
