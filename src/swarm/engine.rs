//! The one session of librqbit: made late, with its traps closed.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use librqbit::limits::LimitsConfig;
use librqbit::{
    ConnectionOptions, DhtSessionConfig, ListenerMode, ListenerOptions, PeerConnectionOptions,
    Session, SessionOptions,
};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::task::TaskTracker;

use super::tracker_relay::{TrackerRelay, is_by_http};
use super::{Error, Options, PERMITS, STREAMS};
use crate::fetch::{Client, Roots};

/// Blocks of 16 KiB asked of one peer at a time. They are answered before a block that a seek made
/// urgent: the engine's 128 are 2 MiB, 16 s at 1 Mbit/s. Fewer make a seek quicker and a single fast
/// peer slower: on loopback 32 gave 0.4 to 0.6 of the throughput of the engine's own server and 96
/// gave 0.85 to 1.0, and after a seek still the first byte in four fifths of its time.
const REQUEST_WINDOW: usize = 96;
/// Most trackers that are asked for one torrent.
const MOST_TRACKERS: usize = 30;
/// How long the name of a tracker may take to resolve.
const LOOK_UP: Duration = Duration::from_secs(5);

/// The session, where there is one.
pub(super) struct Engine {
    pub(super) options: Options,
    pub(super) streams: Arc<Semaphore>,
    allowed: AtomicBool,
    stopped: AtomicBool,
    session: Mutex<Option<Arc<Session>>>,
    /// Asks HTTP trackers for it; there from the first that is named on.
    relay: Mutex<Option<TrackerRelay>>,
    tasks: TaskTracker,
}

impl Engine {
    pub(super) fn new(options: Options, tasks: TaskTracker) -> Self {
        Self {
            options,
            streams: Arc::new(Semaphore::new(STREAMS)),
            allowed: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            session: Mutex::new(None),
            relay: Mutex::new(None),
            tasks,
        }
    }

    pub(super) fn allow(&self, allowed: bool) {
        self.allowed.store(allowed, Ordering::SeqCst);
    }

    pub(super) fn allowed(&self) -> bool {
        self.allowed.load(Ordering::SeqCst)
    }

    /// Whether a session may be used now.
    pub(super) fn permitted(&self) -> Result<(), Error> {
        if self.stopped.load(Ordering::SeqCst) {
            Err(Error::Stopped)
        } else if self.allowed() {
            Ok(())
        } else {
            Err(Error::NotAllowed)
        }
    }

    /// The session, started at the first call.
    pub(super) async fn session(&self) -> Result<Arc<Session>, Error> {
        self.permitted()?;
        let mut place = self.session.lock().await;
        // Again, under the lock: `leave` may have been faster.
        self.permitted()?;
        if let Some(session) = &*place {
            return Ok(session.clone());
        }
        let session = start(&self.options).await?;
        *place = Some(session.clone());
        Ok(session)
    }

    /// Leaves every peer and closes every socket. The next torrent makes a new session, if allowed.
    pub(super) async fn leave(&self) {
        let session = self.session.lock().await.take();
        if let Some(session) = session {
            session.stop().await;
        }
        self.relay.lock().await.take();
    }

    /// [`Engine::leave`], for good.
    pub(super) async fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.leave().await;
    }

    /// Of these trackers and, unless `private`, our own, those that may be asked. The engine itself
    /// would ask any address, and go wherever an HTTP tracker sends it: of those it is told one of ours,
    /// which asks them.
    pub(super) async fn permitted_trackers(&self, own: &[String], private: bool) -> Vec<String> {
        let ours = if private { &[][..] } else { &self.options.trackers };
        let mut seen = HashSet::new();
        let all = own.iter().chain(ours).filter(|tracker| seen.insert(tracker.as_str()));
        let judged = all.take(MOST_TRACKERS).map(|tracker| async move {
            let permitted = self.options.policy.permits_url(tracker);
            let permitted = tokio::time::timeout(LOOK_UP, permitted).await;
            permitted.unwrap_or(false).then(|| tracker.clone())
        });
        let permitted = join_all(judged).await.into_iter().flatten().collect();
        self.behind_the_relay(permitted).await
    }

    async fn start_relay(&self) -> io::Result<TrackerRelay> {
        let own = || Client::new(self.options.policy.clone(), Roots::System);
        let client = self.options.client.clone().map_or_else(own, Ok).map_err(io::Error::other)?;
        TrackerRelay::start(client, &self.tasks).await
    }

    async fn behind_the_relay(&self, trackers: Vec<String>) -> Vec<String> {
        if !trackers.iter().any(|tracker| is_by_http(tracker)) {
            return trackers;
        }
        let mut relay = self.relay.lock().await;
        if relay.is_none() {
            let note = |error: &io::Error| {
                tracing::warn!(%error, "HTTP trackers cannot be asked");
            };
            *relay = self.start_relay().await.inspect_err(note).ok();
        }
        let told = |tracker: String| match &*relay {
            Some(relay) => relay.instead_of(&tracker),
            None => Some(tracker).filter(|tracker| !is_by_http(tracker)),
        };
        trackers.into_iter().filter_map(told).collect()
    }
}

async fn start(options: &Options) -> Result<Arc<Session>, Error> {
    let first = Session::new_with_opts(options.library.always().to_owned(), session(options)).await;
    let taken = options.listen_port.is_some_and(|port| port != 0);
    match first {
        Ok(session) => Ok(session),
        // Another programme has the port: peers that we call are enough to play.
        Err(error) if taken && format!("{error:#}").contains("listener") => {
            tracing::warn!(
                port = options.listen_port,
                "the port for peers is in use, taking another"
            );
            let other = Options { listen_port: Some(0), ..options.clone() };
            let again =
                Session::new_with_opts(options.library.always().to_owned(), session(&other)).await;
            again.map_err(|error| Error::engine(&error))
        }
        Err(error) => Err(Error::engine(&error)),
    }
}

fn session(options: &Options) -> SessionOptions {
    let ipv4_only = options.bind.is_some_and(|bind| bind.is_ipv4());
    let ip = options.bind.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    SessionOptions {
        dht: options.dht.then_some(DhtSessionConfig {
            bootstrap_addrs: None,
            port: None,
            persistence: None,
        }),
        disable_local_service_discovery: !options.local_discovery,
        listen: options.listen_port.map(|port| ListenerOptions {
            mode: ListenerMode::TcpAndUtp,
            listen_addr: SocketAddr::new(ip, port),
            enable_upnp_port_forwarding: options.port_forwarding,
            ipv4_only,
            ..ListenerOptions::default()
        }),
        ..closed(options.download_limit, options.upload_limit, options.max_peers, ipv4_only)
    }
}

/// A session that finds nobody, hears nobody and remembers nothing.
pub(super) fn closed(
    download_bps: Option<std::num::NonZeroU32>,
    upload_bps: Option<std::num::NonZeroU32>,
    max_peers: usize,
    ipv4_only: bool,
) -> SessionOptions {
    let peer_opts = PeerConnectionOptions {
        max_request_window: Some(REQUEST_WINDOW),
        ..PeerConnectionOptions::default()
    };
    SessionOptions {
        dht: None,
        disable_local_service_discovery: true,
        listen: None,
        persistence: None,
        fastresume: false,
        runtime_worker_threads: Some(PERMITS),
        peer_limit: Some(max_peers),
        ratelimits: LimitsConfig { upload_bps, download_bps },
        connect: Some(ConnectionOptions { peer_opts: Some(peer_opts), ..Default::default() }),
        ipv4_only,
        ..SessionOptions::default()
    }
}
