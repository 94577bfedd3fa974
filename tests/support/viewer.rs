//! Somebody who watches a film: one request, read at a player's pace or as fast as it comes, with a
//! note of when its bytes came.

use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, park_timeout};
use std::time::{Duration, Instant};

use super::until;

/// What came, and when, counted from the first byte.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    pub bytes: Vec<u8>,
    /// So many bytes were there by then.
    came: Vec<(Duration, usize)>,
}

/// The viewer.
pub struct Viewer {
    watched: Arc<Mutex<Watched>>,
    reading: JoinHandle<()>,
}

impl Viewer {
    /// Reads `url` from byte `at` on, `pace` bytes a second; 0 is as fast as it comes.
    pub fn of(url: &str, at: usize, pace: usize) -> Self {
        let rest = url.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes={at}-\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&head));
        Self::reading(stream, pace)
    }

    /// Reads what another program prints.
    pub fn reading(mut from: impl Read + Send + 'static, pace: usize) -> Self {
        let watched = Arc::<Mutex<Watched>>::default();
        let noted = Arc::clone(&watched);
        let reading = std::thread::spawn(move || {
            let mut chunk = vec![0; 64 << 10];
            let mut first = None;
            while let Ok(size @ 1..) = from.read(&mut chunk) {
                let since = first.get_or_insert_with(Instant::now).elapsed();
                let mut watched = noted.lock().unwrap();
                watched.bytes.extend_from_slice(&chunk[..size]);
                let count = watched.bytes.len();
                watched.came.push((since, count));
                drop(watched);
                if pace > 0 {
                    let due = time_of(count, pace);
                    park_timeout(due.saturating_sub(since));
                }
            }
        });
        Self { watched, reading }
    }

    pub fn count(&self) -> usize {
        self.watched.lock().unwrap().bytes.len()
    }

    pub fn has_ended(&self) -> bool {
        self.reading.is_finished()
    }

    /// Waits until so many bytes have come.
    pub fn has(&self, bytes: usize, limit: Duration) {
        until(&format!("{bytes} bytes of a film"), limit, || {
            (self.count() >= bytes || self.has_ended()).then_some(())
        });
        assert!(self.count() >= bytes, "the film ended after {} bytes", self.count());
    }

    /// All that came, once it has ended.
    pub fn ends(self, limit: Duration) -> Watched {
        until("the end of a film", limit, || self.has_ended().then_some(()));
        self.reading.join().unwrap();
        std::mem::take(&mut self.watched.lock().unwrap())
    }
}

impl Watched {
    /// The longest time without a byte.
    pub fn longest_gap(&self) -> Duration {
        let gap = |two: &[(Duration, usize)]| two[1].0.saturating_sub(two[0].0);
        self.came.windows(2).map(gap).max().unwrap_or_default()
    }

    /// How long the picture stood still, in all, for a film of `rate` bytes a second and a player
    /// that begins when it has `buffer` of it.
    pub fn stood_still(&self, rate: usize, buffer: Duration) -> Duration {
        let lasts = |bytes: usize| time_of(bytes, rate);
        let begun = self.came.iter().position(|(_, count)| lasts(*count) >= buffer);
        let Some(begun) = begun else { return Duration::ZERO };
        let mut stood = Duration::ZERO;
        for two in self.came[begun..].windows(2) {
            let runs_dry = self.came[begun].0 + stood + lasts(two[0].1);
            stood += two[1].0.saturating_sub(runs_dry);
        }
        stood
    }
}

/// How long so many bytes take at so many a second.
#[expect(clippy::cast_precision_loss, reason = "bytes of a film")]
fn time_of(bytes: usize, rate: usize) -> Duration {
    Duration::from_secs_f64(bytes as f64 / rate as f64)
}
