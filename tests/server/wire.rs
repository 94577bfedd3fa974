//! A server under test, and a client that says bytes and hears bytes.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use credenza::http::server::{self, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// No answer takes longer than this on loopback.
pub const LONG: Duration = Duration::from_secs(20);

/// A server under test.
pub struct Served {
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
    pub done: JoinHandle<()>,
}

/// Serves `routes` on a port of loopback.
pub async fn serve(routes: Router, limits: Limits) -> Served {
    let listener = server::listen(([127, 0, 0, 1], 0).into()).await.unwrap().with_limits(limits);
    let address = listener.address();
    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let serving = server::serve(listener, routes, tasks.clone(), shutdown.clone());
    Served { address, shutdown, done: tasks.spawn(serving) }
}

/// What came back.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Heard {
    /// The value of a header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        line.unwrap_or_default()
    }
}

/// Splits what a connection said; `status` 0 where it said nothing.
pub fn heard(bytes: &[u8]) -> Heard {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    Heard { status, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
}

/// Sends `bytes` and hears until the server closes.
pub async fn say(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Heard {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have answered and closed before all is sent.
    let _ = stream.write_all(bytes.as_ref()).await;
    rest(stream).await
}

/// Hears until the server closes; a reset ends it too.
pub async fn rest(mut stream: TcpStream) -> Heard {
    let mut all = Vec::new();
    let _ = timeout(LONG, stream.read_to_end(&mut all)).await.expect("the server closes");
    heard(&all)
}
