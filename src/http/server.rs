//! The sockets: an accept loop of our own, since the ready-made one has no time limit on headers
//! and lets each connection buffer 400 KiB of them, which a thousand bad clients turn into the
//! whole memory of a small board.
//!
//! HTTP/1.1 and 1.0 only: no television speaks more without TLS, and less is less to attack.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, Request, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::http::accept::Accept;
use crate::http::error::ApiError;
use crate::http::line::{Line, Watch};

/// Who is connected, by the socket: a request extension. What a header says of it is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// To which of our addresses they are connected: a request extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local(pub SocketAddr);

/// How much strangers may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once: a household's players open two or three each.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_ip: usize,
    /// Time for a request's header, and for a kept connection's next request.
    pub header_time: Duration,
    /// Time for answers under way at the end.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_per_ip: 48,
            header_time: Duration::from_secs(10),
            drain: Duration::from_secs(5),
        }
    }
}

/// Header lines of a request; browsers send about twenty.
const HEADERS: usize = 64;
/// Bytes of a request's header, and of what waits to be written (hyper takes no less than 8 KiB).
const BUFFER_BYTES: usize = 16 << 10;
/// Connections of this machine itself that find a place when all others are taken.
const OWN_PLACES: u32 = 4;
/// How soon the kernel asks after a silent peer: a set that was switched off leaves no FIN.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// What whoever comes beyond the limits is told.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n\
    Connection: close\r\n\r\n";

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program has the port.
    #[error(
        "port {} is in use by another program: stop it, or choose another with --listen {}:PORT",
        .0.port(), .0.ip()
    )]
    InUse(SocketAddr),
    /// A port that only root may open.
    #[error(
        "port {0} needs rights that this user lacks: choose one above 1023 with --listen 0.0.0.0:PORT"
    )]
    NotAllowed(u16),
    /// No interface has the address.
    #[error("{0} is no address of this machine: choose one of its own with --listen, or 0.0.0.0")]
    NotOurs(IpAddr),
    /// Anything else the system says.
    #[error("cannot listen on {0}: {1}; choose another address with --listen 0.0.0.0:PORT")]
    Other(SocketAddr, io::Error),
}

/// An open port.
#[derive(Debug)]
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

impl Listener {
    /// The address, with the port that was given for port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same port with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}

/// Opens a port; connections wait in it until [`serve`].
pub async fn listen(address: SocketAddr) -> Result<Listener, Error> {
    let open = async {
        let inner = TcpListener::bind(address).await?;
        let address = inner.local_addr()?;
        Ok(Listener { inner, address, limits: Limits::default() })
    };
    open.await.map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => Error::InUse(address),
        io::ErrorKind::PermissionDenied => Error::NotAllowed(address.port()),
        io::ErrorKind::AddrNotAvailable => Error::NotOurs(address.ip()),
        _ => Error::Other(address, error),
    })
}

/// Serves `router` until `shutdown`; then takes no more, lets answers under way end within the
/// drain's limit, cuts the rest, and returns.
pub async fn serve(
    listener: Listener,
    router: Router,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    let Listener { inner, limits, .. } = listener;
    let door = Arc::new(Door::new(limits));
    let cut = CancellationToken::new();
    let mut accept = Accept::new(inner);
    loop {
        let (stream, peer) = tokio::select! {
            () = shutdown.cancelled() => break,
            next = accept.next() => next,
        };
        let Some(place) = door.enter(peer.ip()) else {
            refuse(stream);
            continue;
        };
        let connection =
            converse(stream, peer, router.clone(), limits, shutdown.clone(), cut.clone());
        tasks.spawn(async move {
            connection.await;
            drop(place);
        });
    }
    drop(accept);
    if tokio::time::timeout(limits.drain, door.empty()).await.is_err() {
        cut.cancel();
        door.empty().await;
    }
}

/// The life of one connection.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    shutdown: CancellationToken,
    cut: CancellationToken,
) {
    // Neither is worth a word: without them the connection is slower to send, or to be missed.
    let _ = stream.set_nodelay(true);
    let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    let _ = socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive);

    let watch = Watch::default();
    let local = stream.local_addr().ok().map(Local);
    let line = Line::new(stream, watch.clone());
    let ends = (Peer(peer), local);
    let service = service_fn(move |request| answer(request, ends, watch.clone(), router.clone()));
    // No half-close: a player that goes away mid-film must stop the work for it at once.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(BUFFER_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(line), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = cut.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection broke off");
    }
}

/// One request: what is wrong before any route is looked for, then the router.
async fn answer(
    request: Request<Incoming>,
    (peer, local): (Peer, Option<Local>),
    watch: Watch,
    router: Router,
) -> Result<Response, Infallible> {
    let length_seen = watch.begin_request();
    if length_seen && request.headers().contains_key(header::TRANSFER_ENCODING) {
        let message = "the request has both Content-Length and Transfer-Encoding: send one";
        let refusal = ApiError::bad_request(message);
        return Ok(([(header::CONNECTION, "close")], refusal).into_response());
    }
    let mut request = request.map(Body::new);
    forget_forwarding(&mut request);
    request.extensions_mut().insert(peer);
    local.map(|local| request.extensions_mut().insert(local));
    request.extensions_mut().insert(watch);
    router.oneshot(request).await
}

/// There is no proxy before us, so whoever says so lies; nobody shall be tempted to read it.
fn forget_forwarding(request: &mut Request<Body>) {
    let headers = request.headers_mut();
    let told = |name: &HeaderName| {
        let name = name.as_str();
        name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip"
    };
    let lies: Vec<HeaderName> = headers.keys().filter(|name| told(name)).cloned().collect();
    for name in lies {
        headers.remove(name);
    }
}

/// Tells a connection beyond the limits to come again, in one write that cannot block.
pub(super) fn refuse(stream: TcpStream) {
    // If even that fails the connection is closed all the same.
    let _ = stream.into_std().and_then(|mut stream| stream.write(FULL));
}

/// Counts who is inside.
struct Door {
    limits: Limits,
    places: Arc<Semaphore>,
    own_places: Arc<Semaphore>,
    by_ip: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection's right to be here, given back when dropped.
struct Place {
    ip: IpAddr,
    by_ip: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Door {
    fn new(limits: Limits) -> Self {
        let places = Arc::new(Semaphore::new(limits.connections));
        let own_places = Arc::new(Semaphore::new(OWN_PLACES as usize));
        Self { limits, places, own_places, by_ip: Arc::default() }
    }

    fn enter(&self, ip: IpAddr) -> Option<Place> {
        let ip = ip.to_canonical();
        let own = ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST;
        let permit = Arc::clone(&self.places).try_acquire_owned().ok().or_else(|| {
            // However many strangers are inside, the watchdog's question to ourselves is answered.
            own.then(|| Arc::clone(&self.own_places).try_acquire_owned().ok()).flatten()
        })?;
        let mut by_ip = self.by_ip.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_ip.entry(ip).or_insert(0);
        // From this machine itself come the owner's own programs, and a whole household through a proxy.
        if !own && *count >= self.limits.connections_per_ip {
            return None;
        }
        *count += 1;
        drop(by_ip);
        Some(Place { ip, by_ip: Arc::clone(&self.by_ip), _permit: permit })
    }

    /// Waits until nobody is inside.
    async fn empty(&self) {
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        let _ = self.places.acquire_many(all).await;
        let _ = self.own_places.acquire_many(OWN_PLACES).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_ip = self.by_ip.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_ip.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                by_ip.remove(&self.ip);
            }
        }
    }
}
