//! Builds the house from the ground up, owns every task, and takes it down again in the reverse
//! order. No decision about titles or bytes is taken here.

mod care;
mod error;
mod ledger;
mod rescue;
mod reset;
mod side_door;
mod story;
mod stremio;
mod television;
mod whereabouts;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{Access, HostList, Ledger, LocalKey, MediaKeys, RunningServer};
use crate::appliance::{self, Appliance};
use crate::config::Config;
use crate::durable::State;
use crate::host_name::host_label;
use crate::http::following::Following;
use crate::http::host::HostRule;
use crate::http::limits::{Caps, Limits};
use crate::http::probes::Probes;
use crate::http::rooms::{Rooms, Whereabouts};
use crate::http::sets::Sets;
use crate::http::traffic::Traffic;
use crate::http::{router, server, streaming_server};
use crate::lan::renderer::Renderers;
use crate::lan::ssdp::Ssdp;
use crate::lan::{Advertisement, Links, Offer};
use crate::media::StremioId;
use crate::playback::Playback;
use side_door::side_door;
use story::{make_folder, story_on};
use whereabouts::{Hosts, Place, own_addresses, tell_front_door};

pub use error::Error;
pub use story::{Story, story};

/// How long the drain may take.
const DRAIN: Duration = Duration::from_secs(6);

/// The state of the data folder; on a box also where what lay there was damaged.
fn open_state(data: &Path, options: &mut appliance::Options) -> Result<Arc<State>, Error> {
    make_folder(data)?;
    if !options.is_box() {
        return Ok(Arc::new(State::open(&data.join("state.redb"))?));
    }
    let (state, notice) = rescue::state(data)?;
    options.notices.extend(notice);
    Ok(state)
}

/// The whole house, serving.
pub struct App {
    playback: Arc<Playback>,
    rooms: Rooms,
    place: Arc<Place>,
    running: RunningServer,
    advertisement: Option<Advertisement>,
    ssdp: Option<Ssdp>,
    data: PathBuf,
    tasks: TaskTracker,
    serving: Vec<JoinHandle<()>>,
    shutdown: CancellationToken,
}

impl App {
    /// Builds and starts everything; when it returns, the addresses answer.
    pub async fn start(config: Config, data: &Path) -> Result<Self, Error> {
        Self::start_as(config, data, appliance::Options::default()).await
    }

    /// The same where this may be a box.
    pub async fn start_as(
        config: Config,
        data: &Path,
        options: appliance::Options,
    ) -> Result<Self, Error> {
        // The port first: a second server must not touch the first one's stores.
        let listener = server::listen(config.listen).await?;
        Self::start_on(listener, config, data, options).await
    }

    /// The same, on any free port where the usual one is taken: for a command that serves one film.
    pub async fn start_beside(config: Config, data: &Path, any_port: bool) -> Result<Self, Error> {
        let listener = match server::listen(config.listen).await {
            Err(_) if any_port => server::listen(SocketAddr::new(config.listen.ip(), 0)).await?,
            listened => listened?,
        };
        Self::start_on(listener, config, data, appliance::Options::default()).await
    }

    async fn start_on(
        listener: server::Listener,
        mut config: Config,
        data: &Path,
        mut options: appliance::Options,
    ) -> Result<Self, Error> {
        let address = listener.address();
        let (near, side_door) = side_door(address).await?;
        if options.is_box() {
            options.notices = rescue::leave_out(&mut config);
        }
        let state = open_state(data, &mut options)?;
        reset::owner_if_asked(data, &state)?;
        let config = &config;
        let Story { playback, state, client, mirrors, library, tasks, anime_map } =
            story_on(config, data, state)?;
        let ledger: Arc<dyn Ledger> = Arc::new(ledger::StateLedger(Arc::clone(&state)));
        let access = Arc::new(Access::open(Arc::clone(&ledger), config.claim_code.clone())?);
        let stremio = stremio::door(config, &ledger)?;
        let media_keys = Arc::new(MediaKeys::open(ledger)?);
        let local_key = LocalKey::read_or_make(data)
            .map_err(|error| Error::Data { folder: data.to_owned(), error })?;
        let shutdown = CancellationToken::new();
        let links = Links::new(config.lan.subnets.clone()).listening_on(address.ip());
        let running = (&tasks, &shutdown);
        let media_server = television::media_server(config, &state, &playback, &links, running)?;
        let parts = appliance::Parts {
            playback: Arc::clone(&playback),
            state,
            media_keys: Arc::clone(&media_keys),
            client: client.clone(),
            near,
            library: Arc::new(move || library.folder()),
            data: data.to_owned(),
            update_url: config.update_url.clone(),
            tasks: tasks.clone(),
            shutdown: shutdown.clone(),
        };
        let appliance = Appliance::new(parts, options);
        let hosts = Arc::new(hosts(config, Arc::clone(&appliance)));
        let advertisement = advertise(config, address, &tasks);
        let media_server = television::named(media_server, advertisement.as_ref());
        let place = Arc::new(Place {
            listen: address,
            hosts: Arc::clone(&hosts),
            asked: host_label(&config.lan.name),
            announced: advertisement.is_some(),
        });
        tell_front_door(&playback, &place);
        let rooms = Rooms {
            playback: Arc::clone(&playback),
            mirrors: mirrors.clone(),
            access,
            media_keys: Arc::clone(&media_keys),
            stremio,
            public_url: config.public_url.as_ref().map(ToString::to_string),
            local_key: Arc::new(local_key),
            appliance: Arc::clone(&appliance),
            whereabouts: Arc::clone(&place) as Arc<dyn Whereabouts>,
            tasks: tasks.clone(),
            limits: Limits::new(caps(config)),
            media_server,
            sets: Sets::default(),
            probes: Probes::default(),
            renderers: Renderers::new(client, links.clone()),
            following: Following::default(),
            links: links.clone(),
            traffic: Traffic::default(),
            auth_required: config.auth_required,
            name: config.lan.name.clone(),
        };
        let rule: Arc<dyn HostRule> =
            Arc::new(Hosts { list: Arc::clone(&hosts), appliance: Arc::clone(&appliance) });
        let router = router::whole(rooms.clone(), Arc::clone(&rule));
        let serve = |listener| {
            let served = server::serve(listener, router.clone(), tasks.clone(), shutdown.clone());
            tasks.spawn(served)
        };
        let mut serving: Vec<_> = side_door.into_iter().chain([listener]).map(serve).collect();
        let apps = streaming_server::serve_while_on(rooms.clone(), rule, shutdown.clone());
        serving.push(tasks.spawn(apps));
        let cared_for =
            care::House { playback: Arc::clone(&playback), media_keys, mirrors, anime_map };
        care::begin(cared_for, &tasks, &shutdown);
        let running = RunningServer { address: near, pid: std::process::id() };
        running.write(data).map_err(|error| Error::Data { folder: data.to_owned(), error })?;
        appliance.start();
        let ssdp = rooms.media_server.as_ref();
        let ssdp = ssdp.and_then(|server| television::announce(server, address, &links, &tasks));
        if let Some(advertisement) = &advertisement {
            tasks.spawn(care::follow_name(advertisement.names(), hosts, shutdown.clone()));
        }
        Ok(Self {
            playback,
            rooms,
            place,
            running,
            advertisement,
            ssdp,
            data: data.to_owned(),
            tasks,
            serving,
            shutdown,
        })
    }

    /// Where it answers: each address of this machine, if it listens on all of them.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.place.addresses()
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
            .map_or_else(|| self.place.listen.to_string(), SocketAddr::to_string);
        Ok(self.rooms.play_answer(&play, |path| format!("http://{host}{path}")))
    }

    /// Drains: no new connection, readers get a moment, peers go, the caches are flushed last.
    pub async fn stop(mut self) {
        if let Err(error) = self.running.remove(&self.data) {
            tracing::warn!(%error, "server.json could not be removed");
        }
        if let Some(ssdp) = self.ssdp.take() {
            ssdp.stop().await;
        }
        if let Some(advertisement) = self.advertisement.take() {
            advertisement.stop().await;
        }
        self.shutdown.cancel();
        // The readers first: the server gives them its own time. What peers still do for films that
        // nobody reads ends with the story.
        if tokio::time::timeout(DRAIN, join_all(&mut self.serving)).await.is_err() {
            tracing::warn!("some readers were cut off at the end of the drain");
        }
        if tokio::time::timeout(DRAIN, self.playback.stop()).await.is_err() {
            tracing::warn!("the stores were not flushed in time");
        }
        self.tasks.close();
        if tokio::time::timeout(Duration::from_secs(1), self.tasks.wait()).await.is_err() {
            tracing::debug!("some tasks were cut off");
        }
    }
}

/// The Host names that are ours.
fn hosts(config: &Config, guest: Arc<Appliance>) -> HostList {
    HostList::new(&host_label(&config.lan.name), stremio::names(config), move || {
        let portal = guest.access_point().map(|access_point| access_point.address);
        own_addresses().into_iter().chain(portal).collect()
    })
}

fn caps(config: &Config) -> Caps {
    let limits = &config.limits;
    Caps {
        streams_per_device: limits.streams_per_device,
        streams_total: limits.streams_total,
        requests_per_second: limits.requests_per_second,
    }
}

fn advertise(config: &Config, address: SocketAddr, tasks: &TaskTracker) -> Option<Advertisement> {
    if !config.lan.mdns || address.ip().is_loopback() {
        return None;
    }
    let offers = [
        Offer { kind: "_http._tcp", txt: &[("path", "/")] },
        // Kodi lists it, and opens the folder that is told.
        Offer { kind: "_webdav._tcp", txt: &[("path", "/dav/")] },
        Offer {
            kind: "_credenza._tcp",
            txt: &[("path", "/"), ("version", env!("CARGO_PKG_VERSION"))],
        },
    ];
    match Advertisement::start(&config.lan.name, address, &offers, tasks) {
        Ok(advertisement) => Some(advertisement),
        Err(error) => {
            tracing::warn!(%error, "the name is not announced in the local network");
            None
        }
    }
}
