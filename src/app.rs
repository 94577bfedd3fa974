//! Builds the house from the ground up, owns every task, and takes it down again in the reverse
//! order. No decision about titles or bytes is taken here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{Access, HostList, Ledger, LocalKey, MediaKeys, RunningServer};
use crate::cache::Cache;
use crate::config::{BadConfig, Config, Consent};
use crate::durable::State;
use crate::fetch::{AddressPolicy, Client, Roots};
use crate::http::rooms::Rooms;
use crate::http::{router, server};
use crate::index;
use crate::lan::{Advertisement, Names, host_label};
use crate::media::StremioId;
use crate::playback;
use crate::playback::{Parts, Playback};
use crate::secret::Secret;
use crate::swarm::{self, Swarm};
use crate::title::Titles;

/// How long a search waits for its slowest index.
const SEARCH_PATIENCE: Duration = Duration::from_secs(6);
/// How long a magnet may take to become metadata: a torrent without peers must not hold up the next.
const METADATA_PATIENCE: Duration = Duration::from_secs(20);
/// How long a reader waits for a missing piece before its connection is closed.
const PIECE_PATIENCE: Duration = Duration::from_secs(300);
/// How long the drain may take.
const DRAIN: Duration = Duration::from_secs(5);
/// How often the cache is tended.
const CACHE_CARE: Duration = Duration::from_secs(60);
/// How often the key of media links changes; the one before it is still taken.
const KEY_LIFE: Duration = Duration::from_secs(12 * 3600);

/// Why the house cannot be built. Each is one sentence with what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each carries its room's sentence")]
pub enum Error {
    #[error(transparent)]
    Config(#[from] BadConfig),
    #[error("the data folder {folder} cannot be used: {error}; choose another with --data")]
    Data { folder: PathBuf, error: std::io::Error },
    #[error(transparent)]
    State(#[from] crate::durable::Error),
    #[error(transparent)]
    Fetch(#[from] crate::fetch::Error),
    #[error(transparent)]
    Playback(#[from] playback::Error),
    #[error(transparent)]
    Access(#[from] crate::access::Error),
    #[error(transparent)]
    Listen(#[from] server::Error),
    #[error("the token file {file} cannot be read: {error}; mend debrid.token_file")]
    TokenFile { file: PathBuf, error: std::io::Error },
}

/// The rooms up to the story: what a search needs.
pub struct Story {
    /// The story.
    pub playback: Arc<Playback>,
    state: Arc<State>,
    tasks: TaskTracker,
}

/// The whole house, serving.
pub struct App {
    playback: Arc<Playback>,
    rooms: Rooms,
    address: SocketAddr,
    running: RunningServer,
    advertisement: Option<Advertisement>,
    data: PathBuf,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// Builds the rooms up to the story on the data folder `data`.
pub fn story(config: &Config, data: &Path) -> Result<Story, Error> {
    make_folder(data)?;
    for key in &config.without_effect {
        tracing::warn!(key, "this key is known, but nothing in this version uses it yet");
    }
    let tasks = TaskTracker::new();
    let state = Arc::new(State::open(&data.join("state.redb"))?);
    let (cache, notice) = Cache::open(&data.join("cache"));
    if let Some(notice) = notice {
        tracing::warn!("{notice}");
    }
    let policy = AddressPolicy { allow_private: config.allow_private.clone() };
    let client = Client::new(policy.clone(), Roots::System)?;
    let indexes = config.indexes.iter().filter(|(_, place)| place.enabled);
    let sources =
        indexes.map(|(name, place)| index::build(*name, client.clone(), place.url.clone()));
    let swarm = Arc::new(Swarm::new(swarm_options(config, data, policy), tasks.clone()));
    swarm.allow(config.swarm.consent == Consent::Given);
    let playback = Playback::new(Parts {
        titles: Titles::new(client.clone(), config.cinemeta.clone(), config.kitsu.clone()),
        sources: sources.collect(),
        client,
        cache,
        state: Arc::clone(&state),
        swarm,
        tasks: tasks.clone(),
        stremthru: config.stremthru.clone(),
        patience: SEARCH_PATIENCE,
        swarm_fixed: config.swarm.consent != Consent::Ask,
    })?;
    if let Some((store, file)) = &config.debrid {
        let token = std::fs::read_to_string(file)
            .map_err(|error| Error::TokenFile { file: file.clone(), error })?;
        playback.default_debrid(*store, &Secret::new(&token));
    }
    Ok(Story { playback: Arc::new(playback), state, tasks })
}

fn make_folder(data: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|error| Error::Data { folder: data.to_owned(), error })
}

fn swarm_options(config: &Config, data: &Path, policy: AddressPolicy) -> swarm::Options {
    let swarm = &config.swarm;
    swarm::Options {
        library: config.library.clone().unwrap_or_else(|| data.join("library")),
        listen_port: swarm.port,
        bind: None,
        dht: swarm.dht,
        local_discovery: swarm.local_discovery,
        port_forwarding: swarm.port_forwarding,
        max_torrents: swarm.max_torrents,
        max_peers: swarm.max_peers,
        download_limit: swarm.download_limit,
        upload_limit: swarm.upload_limit,
        trackers: swarm.trackers.clone(),
        policy,
        metadata_timeout: METADATA_PATIENCE,
        patience: PIECE_PATIENCE,
    }
}

impl App {
    /// Builds and starts everything; when it returns, the addresses answer.
    pub async fn start(config: Config, data: &Path) -> Result<Self, Error> {
        // The port first: a second server must not touch the first one's stores.
        let listener = server::listen(config.listen).await?;
        Self::start_on(listener, &config, data)
    }

    /// The same, on any free port where the usual one is taken: for a command that serves one film.
    pub async fn start_beside(config: Config, data: &Path, any_port: bool) -> Result<Self, Error> {
        let listener = match server::listen(config.listen).await {
            Err(_) if any_port => server::listen(SocketAddr::new(config.listen.ip(), 0)).await?,
            listened => listened?,
        };
        Self::start_on(listener, &config, data)
    }

    fn start_on(listener: server::Listener, config: &Config, data: &Path) -> Result<Self, Error> {
        let address = listener.address();
        let Story { playback, state, tasks } = story(config, data)?;
        let ledger: Arc<dyn Ledger> = Arc::new(StateLedger(state));
        let access = Arc::new(Access::open(Arc::clone(&ledger), config.claim_code.clone())?);
        let media_keys = Arc::new(MediaKeys::open(ledger)?);
        let local_key = LocalKey::read_or_make(data)
            .map_err(|error| Error::Data { folder: data.to_owned(), error })?;
        let shutdown = CancellationToken::new();
        let rooms = Rooms {
            playback: Arc::clone(&playback),
            access,
            media_keys: Arc::clone(&media_keys),
            local_key: Arc::new(local_key),
            tasks: tasks.clone(),
            auth_required: config.auth_required,
            name: config.lan_name.clone(),
        };
        let hosts = Arc::new(HostList::new(
            &host_label(&config.lan_name),
            config.names.clone(),
            own_addresses,
        ));
        let rule = Arc::clone(&hosts);
        let router = router::whole(rooms.clone(), Arc::new(move |host: &str| rule.allows(host)));
        tasks.spawn(server::serve(listener, router, tasks.clone(), shutdown.clone()));
        tasks.spawn(rotate_keys(media_keys, shutdown.clone()));
        tasks.spawn(tend_cache(Arc::clone(&playback), shutdown.clone()));
        let running = RunningServer { address: reachable(address), pid: std::process::id() };
        running.write(data).map_err(|error| Error::Data { folder: data.to_owned(), error })?;
        let advertisement = advertise(config, address, &tasks);
        if let Some(advertisement) = &advertisement {
            tasks.spawn(follow_name(advertisement.names(), hosts, shutdown.clone()));
        }
        let data = data.to_owned();
        Ok(Self { playback, rooms, address, running, advertisement, data, tasks, shutdown })
    }

    /// Where it answers: each address of this machine, if it listens on all of them.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        if !self.address.ip().is_unspecified() {
            return vec![self.address];
        }
        let port = self.address.port();
        let v4 = own_addresses().into_iter().filter(IpAddr::is_ipv4);
        v4.map(|ip| SocketAddr::new(ip, port)).collect()
    }

    /// The code that makes an owner, while there is none.
    #[must_use]
    pub fn claim_code(&self) -> Option<String> {
        self.rooms.access.claim_code()
    }

    /// Finds and opens a title; the answer is that of `play --json`.
    pub async fn play(&self, id: &StremioId) -> Result<serde_json::Value, String> {
        let play = self.playback.play(id, None).await.map_err(|error| error.to_string())?;
        let host = self
            .addresses()
            .first()
            .map_or_else(|| self.address.to_string(), SocketAddr::to_string);
        Ok(self.rooms.play_answer(&play, &host))
    }

    /// Drains: no new connection, readers get a moment, peers go, the caches are flushed last.
    pub async fn stop(mut self) {
        if let Err(error) = self.running.remove(&self.data) {
            tracing::warn!(%error, "server.json could not be removed");
        }
        if let Some(advertisement) = self.advertisement.take() {
            advertisement.stop().await;
        }
        self.shutdown.cancel();
        self.tasks.close();
        if tokio::time::timeout(DRAIN, self.tasks.wait()).await.is_err() {
            tracing::warn!("some readers were cut off at the end of the drain");
        }
        if tokio::time::timeout(DRAIN, self.playback.stop()).await.is_err() {
            tracing::warn!("the stores were not flushed in time");
        }
    }
}

/// The key's age is counted in uptime: a box without a clock must not lose its links.
async fn rotate_keys(keys: Arc<MediaKeys>, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(KEY_LIFE);
    ticks.tick().await;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => if let Err(error) = keys.rotate() {
                tracing::warn!(%error, "the key of media links could not be changed");
            },
        }
    }
}

/// Keeps the cache small: the engine below it frees nothing by itself.
async fn tend_cache(playback: Arc<Playback>, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(CACHE_CARE);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => playback.tend().await,
        }
    }
}

/// Another machine may have had our name first; then we are asked by the one that we got.
async fn follow_name(
    mut names: watch::Receiver<Names>,
    hosts: Arc<HostList>,
    shutdown: CancellationToken,
) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = names.changed() => if changed.is_err() { return },
        }
        let name = names.borrow_and_update().host.clone();
        tracing::info!(name, "the name in the local network has changed");
        hosts.rename(&name);
    }
}

fn advertise(config: &Config, address: SocketAddr, tasks: &TaskTracker) -> Option<Advertisement> {
    if !config.mdns || address.ip().is_loopback() {
        return None;
    }
    match Advertisement::start(&config.lan_name, address.port(), &[("path", "/")], tasks) {
        Ok(advertisement) => Some(advertisement),
        Err(error) => {
            tracing::warn!(%error, "the name is not announced in the local network");
            None
        }
    }
}

/// Every address of this machine.
fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> = interfaces.iter().map(if_addrs::Interface::ip).collect();
    // What a person can type on a phone first.
    addresses.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
    addresses.dedup();
    addresses
}

/// An address at which this machine reaches itself.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
        }
        _ => address,
    }
}

/// The owner's book in the state store: `access` and `durable` are neighbours that do not know each
/// other.
struct StateLedger(Arc<State>);

impl Ledger for StateLedger {
    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.0.get_bytes(key).map_err(|error| error.to_string())
    }

    fn write(&self, key: &str, value: Vec<u8>) -> Result<(), String> {
        self.0.put_bytes(key, &value).map_err(|error| error.to_string())
    }

    fn remove(&self, key: &str) -> Result<(), String> {
        self.0.remove(key).map_err(|error| error.to_string())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, String> {
        self.0.keys(prefix).map_err(|error| error.to_string())
    }

    fn claim_once(&self, key: &str, value: Vec<u8>) -> Result<bool, String> {
        self.0.put_bytes_once(key, &value).map_err(|error| error.to_string())
    }
}
