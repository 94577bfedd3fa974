//! HTTP trackers, asked by us. The engine's own client follows any redirect and resolves a name anew
//! each time, so that a stranger's tracker could lead it to any address of the house. So it is told a
//! tracker on loopback instead, which is this: what it asks there is asked of the real one through
//! [`fetch`](crate::fetch), whose guard judges each hop, and the answer is handed back as it came.
//!
//! A tracker by UDP needs none of this: it cannot redirect.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha1::{Digest as _, Sha1};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use url::Url;

use crate::fetch::{Client, Request};

/// Most announces at one time; the others wait. More than the dead trackers of a few magnets: the
/// live one of a film that is being opened must not wait for them.
const AT_ONCE: usize = 256;
/// How long a tracker has to answer, as the engine's own client gives it.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest head of a request of the engine, in bytes.
const LONGEST_HEAD: usize = 16 << 10;
/// How long the engine has for it.
const HEAD: Duration = Duration::from_secs(10);
/// Most trackers that are known; then the one that was named and asked longest ago is forgotten.
const MOST_TRACKERS: usize = 4096;

/// The one tracker that the engine asks by HTTP. It ends when it is dropped.
pub(super) struct TrackerRelay {
    shared: Arc<Shared>,
    addr: SocketAddr,
    _end: DropGuard,
}

struct Shared {
    client: Client,
    trackers: Mutex<Trackers>,
}

/// The real trackers, each with the time (a count) at which it was named or asked last.
#[derive(Default)]
struct Trackers {
    known: HashMap<String, (u64, Url)>,
    time: u64,
}

impl Trackers {
    fn put(&mut self, key: &str, url: Url) {
        self.time += 1;
        if self.known.len() >= MOST_TRACKERS && !self.known.contains_key(key) {
            let oldest = self.known.iter().min_by_key(|(_, (time, _))| *time);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.known.remove(&oldest);
            }
        }
        self.known.insert(key.to_owned(), (self.time, url));
    }

    fn get(&mut self, key: &str) -> Option<Url> {
        self.time += 1;
        let (time, url) = self.known.get_mut(key)?;
        *time = self.time;
        Some(url.clone())
    }
}

/// What the engine asks.
struct Asked {
    key: String,
    query: String,
    agent: Option<String>,
}

impl TrackerRelay {
    /// Listens on a free port of 127.0.0.1.
    pub(super) async fn start(client: Client, tasks: &TaskTracker) -> io::Result<Self> {
        let client = client.waiting(Duration::ZERO);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared { client, trackers: Mutex::default() });
        let end = CancellationToken::new();
        let listening = listen(Arc::clone(&shared), listener, tasks.clone(), end.clone());
        tasks.spawn(end.clone().run_until_cancelled_owned(listening));
        Ok(Self { shared, addr, _end: end.drop_guard() })
    }

    /// What the engine is to be told instead of a tracker; the tracker itself where that is not asked
    /// by HTTP.
    pub(super) fn instead_of(&self, tracker: &str) -> Option<String> {
        let url: Url = tracker.parse().ok()?;
        if !is_http(&url) {
            return Some(tracker.to_owned());
        }
        // Nobody guesses it who does not know the address.
        let key = data_encoding::HEXLOWER.encode(&Sha1::digest(url.as_str()));
        self.shared.trackers().put(&key, url);
        Some(format!("http://{}/{key}", self.addr))
    }
}

/// Whether a tracker is asked by HTTP.
pub(super) fn is_by_http(tracker: &str) -> bool {
    tracker.parse().is_ok_and(|url| is_http(&url))
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

async fn listen(
    shared: Arc<Shared>,
    listener: TcpListener,
    tasks: TaskTracker,
    end: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptor is free.
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        let answering = async move {
            if let Err(error) = shared.serve(stream).await {
                tracing::debug!(%error, "the engine did not wait for a tracker");
            }
            drop(place);
        };
        tasks.spawn(end.clone().run_until_cancelled_owned(answering));
    }
}

impl Shared {
    fn trackers(&self) -> MutexGuard<'_, Trackers> {
        self.trackers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let asked = timeout(HEAD, read_head(&mut stream)).await??;
        let (status, body) = match self.ask(asked).await {
            Ok((status, body)) => (status, body),
            Err(why) => (502, why.into_bytes().into()),
        };
        let head = format!(
            "HTTP/1.1 {status} Tracker\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await
    }

    async fn ask(&self, asked: Asked) -> Result<(u16, bytes::Bytes), String> {
        let mut url = self.trackers().get(&asked.key).ok_or("no such tracker")?;
        // The engine's parameters first, as it would write them itself: some trackers go by order.
        let query = match url.query() {
            Some(own) if !own.is_empty() => format!("{}&{own}", asked.query),
            _ => asked.query,
        };
        url.set_query(Some(&query));
        let mut request = Request::get(url).within(ANSWER);
        if let Some(agent) = asked.agent {
            request.headers.push(("user-agent", agent));
        }
        let answer = self.client.send(request).await.map_err(|error| {
            tracing::debug!(%error, "a tracker was not reached");
            error.to_string()
        })?;
        Ok((answer.status, answer.body))
    }
}

/// The engine's request: its first line, and its name.
async fn read_head(stream: &mut TcpStream) -> io::Result<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    let head = String::from_utf8_lossy(&head);
    asked(&head).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn asked(head: &str) -> Option<Asked> {
    let mut lines = head.split("\r\n");
    let target = lines.next()?.strip_prefix("GET /")?.split(' ').next()?;
    let (key, query) = target.split_once('?').unwrap_or((target, ""));
    let agent = lines.filter_map(|line| line.split_once(':'));
    let agent = agent.filter(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
    let agent = agent.map(|(_, value)| value.trim().to_owned()).next();
    Some(Asked { key: key.to_owned(), query: query.to_owned(), agent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_request_is_read_as_it_is_written() {
        let head = "GET /k3y?info_hash=%12a%ff&port=1 HTTP/1.1\r\nUser-Agent: engine 1\r\n\r\n";
        let read = asked(head).unwrap();
        assert_eq!((read.key.as_str(), read.query.as_str()), ("k3y", "info_hash=%12a%ff&port=1"));
        assert_eq!(read.agent.as_deref(), Some("engine 1"));
        assert!(asked("POST /k3y HTTP/1.1\r\n\r\n").is_none());
        assert!(asked("").is_none());
    }

    #[test]
    fn of_too_many_trackers_those_that_are_asked_stay() {
        let mut trackers = Trackers::default();
        let url = |number: usize| format!("http://{number}.example/announce").parse().unwrap();
        for number in 0..MOST_TRACKERS {
            trackers.put(&number.to_string(), url(number));
        }
        assert_eq!(trackers.get("0"), Some(url(0)));
        trackers.put("new", url(MOST_TRACKERS));
        assert!(trackers.get("0").is_some() && trackers.get("new").is_some());
        assert!(trackers.get("1").is_none());
        assert_eq!(trackers.known.len(), MOST_TRACKERS);
    }
}
