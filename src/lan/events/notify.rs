//! One `NOTIFY` to a subscriber (UDA 1.0, section 4.2).
//!
//! Not by the one HTTP client of the way out: (1) that one shall never reach a private address, and
//! this one nothing else; (2) a set wants these few lines as they stand, and its answer is one line;
//! (3) a set that is silent must cost nothing but a socket for three seconds.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// A set that hears takes some milliseconds.
const LIMIT: Duration = Duration::from_secs(3);
/// Most addresses of one subscription that are looked at.
const MOST: usize = 4;
/// The first line of an answer.
const ANSWER: usize = 64;

/// Where a subscriber wants to be told.
#[derive(Debug, Clone)]
pub(super) struct Callback {
    pub(super) address: SocketAddr,
    /// Path and query, as they are asked for.
    path: String,
}

impl Callback {
    /// The addresses of a header `CALLBACK`: `<http://IP:PORT/…>`, by number alone, so that no name
    /// can lead elsewhere later.
    pub(super) fn read(header: &str) -> impl Iterator<Item = Self> {
        let urls = header.split('<').skip(1).filter_map(|part| Some(part.split_once('>')?.0));
        urls.take(MOST).filter_map(Self::of_url)
    }

    fn of_url(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
        let ip = match url.host()? {
            url::Host::Ipv4(ip) => IpAddr::V4(ip),
            url::Host::Ipv6(ip) => IpAddr::V6(ip),
            url::Host::Domain(_) => return None,
        };
        let address = SocketAddr::new(ip, url.port_or_known_default()?);
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        plain.then(|| Self { address, path: format!("{}{query}", url.path()) })
    }

    /// Tells it. The error is that it was not taken.
    pub(super) async fn notify(&self, sid: &str, sequence: u32, body: &str) -> io::Result<()> {
        let text = format!(
            "NOTIFY {} HTTP/1.1\r\nHOST: {}\r\nCONTENT-TYPE: text/xml; charset=\"utf-8\"\r\n\
             CONTENT-LENGTH: {}\r\nNT: upnp:event\r\nNTS: upnp:propchange\r\nSID: {sid}\r\n\
             SEQ: {sequence}\r\nCONNECTION: close\r\n\r\n{body}",
            self.path,
            self.address,
            body.len()
        );
        timeout(LIMIT, self.send(&text))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn send(&self, text: &str) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = Vec::with_capacity(ANSWER);
        let mut head = stream.take(ANSWER as u64);
        while !answer.contains(&b'\n') && head.read_buf(&mut answer).await? > 0 {}
        // `HTTP/1.1 200 OK`
        let status = answer.split(|byte| *byte == b' ').nth(1);
        if status.is_some_and(|status| status.starts_with(b"2")) {
            return Ok(());
        }
        Err(io::Error::other("it did not take the event"))
    }
}
