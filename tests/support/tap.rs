//! A tap in the line between a player and the program: passes everything on, notes what was asked
//! and answered, and compares every byte of the film that goes by with the source. It can hang up on
//! the player in the middle of a body, as a bad line does.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub method: String,
    /// Names in lower case.
    pub asked: Vec<(String, String)>,
    /// 0 until the answer has begun.
    pub status: u16,
    /// The first byte of the film in the body, and how many have gone by.
    pub first: u64,
    pub bytes: u64,
    pub began: Instant,
    /// When the last byte went by.
    pub last: Instant,
    /// Where a byte was another than the source's.
    pub wrong: Option<u64>,
    /// The program hung up before the body's end.
    pub broken: bool,
}

impl Exchange {
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.asked.iter().find(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}

struct Line {
    server: SocketAddr,
    source: Arc<Vec<u8>>,
    exchanges: Mutex<Vec<Exchange>>,
    /// After so many bytes of one body the player is hung up on, once for each number.
    cuts: Mutex<Vec<u64>>,
}

/// The tap; passes on until the test's process ends.
pub struct Tap {
    address: SocketAddr,
    line: Arc<Line>,
}

impl Tap {
    /// A tap before the server of `url`, whose film is `source`.
    pub fn before(url: &str, source: &[u8]) -> Self {
        Self::cutting(url, source, &[])
    }

    /// The same, which hangs up after so many bytes of a body: once for each of `cuts`.
    pub fn cutting(url: &str, source: &[u8], cuts: &[u64]) -> Self {
        let host = url.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let server = host.parse().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (exchanges, cuts) = (Mutex::default(), Mutex::new(cuts.to_vec()));
        let line = Arc::new(Line { server, source: Arc::new(source.to_vec()), exchanges, cuts });
        let passing = Arc::clone(&line);
        std::thread::spawn(move || {
            for player in listener.incoming().flatten() {
                let line = Arc::clone(&passing);
                // That either side goes away is their business.
                std::thread::spawn(move || line.pass(player).unwrap_or_default());
            }
        });
        Self { address, line }
    }

    /// The same address through the tap.
    pub fn url(&self, url: &str) -> String {
        url.replacen(&self.line.server.to_string(), &self.address.to_string(), 1)
    }

    pub fn exchanges(&self) -> Vec<Exchange> {
        self.line.exchanges.lock().unwrap().clone()
    }

    /// All that went by was of the source, no body broke off, and nothing was refused but what lies
    /// past the end.
    pub fn is_sound(&self) {
        for exchange in self.exchanges() {
            assert_eq!(exchange.wrong, None, "another byte than the source's: {exchange:?}");
            let past_the_end = exchange.status == 416
                && exchange.header("range")
                    == Some(format!("bytes={}-", self.line.source.len()).as_str());
            assert!(matches!(exchange.status, 0 | 200 | 206) || past_the_end, "{exchange:?}");
            assert!(!exchange.broken, "a body broke off: {exchange:?}");
        }
        assert!(self.bytes() > 0, "nothing went by");
    }

    /// Bytes of the film that have gone by.
    pub fn bytes(&self) -> u64 {
        self.exchanges().iter().map(|exchange| exchange.bytes).sum()
    }

    /// A line an exchange.
    pub fn describe(&self) -> String {
        let lines: Vec<String> = self
            .exchanges()
            .iter()
            .map(|one| {
                let took: Duration = one.last - one.began;
                format!(
                    "{} {:?} -> {} {}+{} in {took:?}",
                    one.method,
                    one.header("range").unwrap_or("-"),
                    one.status,
                    one.first,
                    one.bytes
                )
            })
            .collect();
        lines.join("\n")
    }
}

impl Line {
    /// One connection, request after request.
    fn pass(&self, mut player: TcpStream) -> std::io::Result<()> {
        let mut server = TcpStream::connect(self.server)?;
        player.set_nodelay(true)?;
        loop {
            let asked = head(&mut player)?;
            server.write_all(&asked)?;
            let at = self.note(&asked);
            let answer = head(&mut server)?;
            player.write_all(&answer)?;
            let (status, answer) = (status_of(&answer), fields(&answer));
            let value = |name: &str| {
                let named = answer.iter().find(|(known, _)| known == name);
                named.map(|(_, value)| value.as_str())
            };
            let range = value("content-range").and_then(|range| range.strip_prefix("bytes "));
            let first = range.and_then(|range| range.split('-').next()?.parse().ok()).unwrap_or(0);
            let length = value("content-length").and_then(|length| length.parse().ok());
            let is_head = self.change(at, |exchange| {
                (exchange.status, exchange.first) = (status, first);
                exchange.method == "HEAD"
            });
            if !is_head {
                self.body(&mut server, &mut player, at, length.unwrap_or(0))?;
            }
            if value("connection") == Some("close") {
                return Ok(());
            }
        }
    }

    fn body(
        &self,
        server: &mut TcpStream,
        player: &mut TcpStream,
        at: usize,
        length: u64,
    ) -> std::io::Result<()> {
        let (mut left, mut chunk) = (length, vec![0; 64 << 10]);
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
            let size = server.read(&mut chunk[..most])?;
            if size == 0 {
                self.change(at, |exchange| exchange.broken = true);
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            left -= size as u64;
            let bytes = self.change(at, |exchange| {
                if matches!(exchange.status, 200 | 206) {
                    let from = usize::try_from(exchange.first + exchange.bytes).unwrap();
                    if self.source.get(from..from + size) != Some(&chunk[..size]) {
                        exchange.wrong.get_or_insert(from as u64);
                    }
                    exchange.bytes += size as u64;
                    exchange.last = Instant::now();
                }
                exchange.bytes
            });
            player.write_all(&chunk[..size])?;
            let mut cuts = self.cuts.lock().unwrap();
            if let Some(which) = cuts.iter().position(|cut| bytes >= *cut) {
                cuts.remove(which);
                end_by_reset(player);
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
        }
        Ok(())
    }

    fn note(&self, asked: &[u8]) -> usize {
        let (method, now) = (String::from_utf8_lossy(asked), Instant::now());
        let method = method.split(' ').next().unwrap_or_default().to_owned();
        let mut exchanges = self.exchanges.lock().unwrap();
        exchanges.push(Exchange {
            method,
            asked: fields(asked),
            status: 0,
            first: 0,
            bytes: 0,
            began: now,
            last: now,
            wrong: None,
            broken: false,
        });
        exchanges.len() - 1
    }

    fn change<T>(&self, at: usize, change: impl FnOnce(&mut Exchange) -> T) -> T {
        change(&mut self.exchanges.lock().unwrap()[at])
    }
}

/// Lets a connection end by a reset, as players end it that leave.
pub fn end_by_reset(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

fn head(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

fn status_of(head: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(head);
    text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn fields(head: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect()
}
