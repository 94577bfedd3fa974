//! The box itself, for whom it has no rights: what is asked of the steward, and when.
//!
//! On a desktop there is no steward, and everything here says so in one sentence. On a box four
//! things run beside the server: the watchdog is fed while the server proves that it lives
//! ([`watchdog`]), the box's own Wi-Fi network is opened while there is no other ([`network`]), a
//! version that was started on trial is kept or given up ([`trial`]), and once a day the owner's
//! address is asked for a newer one ([`update`]).

mod door;
mod error;
mod gave_up;
mod network;
mod offer;
mod own;
mod trial;
mod update;
mod watchdog;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use error::Error;
pub use network::Interfaces;
pub use update::{Phase, Progress, Status};

use crate::access::MediaKeys;
use crate::durable::State;
use crate::fetch::Client;
use crate::playback::Playback;
use crate::secret::Secret;
use crate::steward::words::{AccessPoint, Disk, Facts, Network, Refusal, Verb};
use door::Door;
use network::Joining;

/// Where it is kept that the owner told the box of a Wi-Fi network.
const KNOWS_WIFI: &str = "box/knows_wifi";
/// How long an answer of the steward to "how does it stand" serves several parts of one page.
const FRESH: Duration = Duration::from_secs(2);
/// How long it serves a screen that nobody may be looking at.
const LATELY: Duration = Duration::from_secs(30);

/// Where things are on this machine, and how long they take; a test brings its own.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder below which the box's files lie; `None`: this is no box.
    pub root: Option<PathBuf>,
    /// Whether systemd started us and waits for our word.
    pub supervised: bool,
    /// The network interfaces.
    pub interfaces: Interfaces,
    /// How long to wait for what.
    pub timing: Timing,
    /// What the start had to do without, for the owner.
    pub notices: Vec<Refusal>,
}

impl Options {
    /// Whether this is a box.
    #[must_use]
    pub fn is_box(&self) -> bool {
        Door::new(self.root.as_deref()).is_there()
    }
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Without a network for so long, the box opens one.
    pub link_lost: Duration,
    /// With a network for so long, it closes its own.
    pub link_holds: Duration,
    /// A network of its own that nobody uses is closed after so long, to look for the household's:
    /// after a power cut the router takes longer than the box.
    pub unused: Duration,
    /// How often the interfaces are looked at.
    pub look: Duration,
    /// Pause between two proofs of health of a version on trial.
    pub trial_pause: Duration,
    /// A version on trial that has not proved its health by then is given up.
    pub trial_limit: Duration,
    /// For so long after its last byte a film still counts as being watched.
    pub watched: Duration,
    /// So long an update that is being written waits for a film to end; then it is broken off.
    pub held: Duration,
    /// So long a version that is given up waits for a film to end. The system itself waits less long
    /// for a trial (`credenza-trial.service`, five minutes after the start).
    pub last_film: Duration,
    /// So long after the start the owner's address is first asked for a newer version.
    pub check_first: Duration,
    /// How often it is asked after that.
    pub check: Duration,
    /// The same after it could not be reached.
    pub check_again: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            link_lost: s(60),
            link_holds: s(10),
            unused: s(600),
            look: s(5),
            trial_pause: s(5),
            trial_limit: s(120),
            watched: s(60),
            held: s(600),
            last_film: s(600),
            check_first: s(180),
            check: s(24 * 3600),
            check_again: s(3600),
        }
    }
}

/// The rooms below, and what is the server's own.
#[expect(missing_docs, reason = "each is the room of its name")]
pub struct Parts {
    pub playback: Arc<Playback>,
    pub state: Arc<State>,
    pub media_keys: Arc<MediaKeys>,
    /// The way out, for updates.
    pub client: Client,
    /// Where this server answers on loopback.
    pub near: SocketAddr,
    /// Where films lie now.
    pub library: Arc<dyn Fn() -> PathBuf + Send + Sync>,
    /// The data folder.
    pub data: PathBuf,
    /// `update.url`
    pub update_url: Option<String>,
    pub tasks: TaskTracker,
    pub shutdown: CancellationToken,
}

/// The box.
pub struct Appliance {
    door: Door,
    root: Option<PathBuf>,
    supervised: bool,
    parts: Parts,
    interfaces: Interfaces,
    timing: Timing,
    notices: Vec<Refusal>,
    known: Mutex<Option<(Facts, Instant)>>,
    joining: Mutex<Joining>,
    update: update::Desk,
}

impl Appliance {
    /// The box; nothing runs yet.
    #[must_use]
    pub fn new(parts: Parts, options: Options) -> Arc<Self> {
        let told = parts.state.get(KNOWS_WIFI).ok().flatten().unwrap_or(false);
        // What the steward joins: it was told on the card, or in the browser before.
        let joins = |root: &PathBuf| root.join("run/credenza/wifi.conf").exists();
        let joining = Mutex::new(Joining::new(told || options.root.as_ref().is_some_and(joins)));
        Arc::new(Self {
            door: Door::new(options.root.as_deref()),
            root: options.root,
            supervised: options.supervised,
            parts,
            interfaces: options.interfaces,
            timing: options.timing,
            notices: options.notices,
            known: Mutex::default(),
            joining,
            update: update::Desk::default(),
        })
    }

    /// Starts what runs beside the server, once its addresses answer. Each ends by the shutdown.
    pub fn start(self: &Arc<Self>) {
        if self.supervised {
            self.beside(Self::feed_watchdog);
        }
        if self.is_here() {
            self.beside(Self::watch_network);
            self.beside(Self::try_and_look_for_updates);
        }
    }

    /// Runs `work` until the shutdown.
    fn beside<W: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> W,
    ) {
        let (work, shutdown) = (work(Arc::clone(self)), self.parts.shutdown.clone());
        self.parts.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// Whether this is a box.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.door.is_there()
    }

    /// What this box is and how it stands.
    pub async fn facts(&self) -> Result<Facts, Error> {
        self.facts_within(FRESH).await
    }

    /// Has what [`notices`](Self::notices) and [`access_point`](Self::access_point) tell be not much
    /// older than half a minute.
    pub async fn keep_up(&self) {
        // Where it cannot be known, what was known stays.
        let _ = self.facts_within(LATELY).await;
    }

    async fn facts_within(&self, age: Duration) -> Result<Facts, Error> {
        if let Some((facts, asked)) = &*lock(&self.known)
            && asked.elapsed() < age
        {
            return Ok(facts.clone());
        }
        self.facts_anew().await
    }

    /// The same, after something was changed.
    async fn facts_anew(&self) -> Result<Facts, Error> {
        let mut facts: Facts = self.door.ask(&Verb::Facts).await?;
        facts.notices.splice(0..0, self.notices.iter().cloned());
        *lock(&self.known) = Some((facts.clone(), Instant::now()));
        Ok(facts)
    }

    /// What the owner should know, as far as it is known without asking.
    #[must_use]
    pub fn notices(&self) -> Vec<Refusal> {
        let known = lock(&self.known).as_ref().map(|(facts, _)| facts.notices.clone());
        let mut notices = known.unwrap_or_else(|| self.notices.clone());
        notices.extend(lock(&self.joining).notice());
        notices
    }

    /// The box's own Wi-Fi network, while it is open.
    #[must_use]
    pub fn access_point(&self) -> Option<AccessPoint> {
        lock(&self.known).as_ref().and_then(|(facts, _)| facts.access_point.clone())
    }

    /// The address of the box's own Wi-Fi network, for a request that came in at it: whoever is
    /// there has no other network, and is to be led to the set-up page.
    #[must_use]
    pub fn portal_at(&self, local: IpAddr) -> Option<IpAddr> {
        let address = self.access_point()?.address;
        (address == local.to_canonical()).then_some(address)
    }

    /// Somebody who came by the box's own Wi-Fi network uses a page. A phone that only probes for the
    /// internet does not count: it would keep the network open for ever.
    pub fn visited(&self) {
        lock(&self.joining).visited();
    }

    /// Disks that could keep films.
    pub async fn disks(&self) -> Result<Vec<Disk>, Error> {
        self.door.ask(&Verb::Disks).await
    }

    /// Makes a disk one for films. All that was on it is lost.
    pub async fn format(&self, disk: String, consent: String) -> Result<(), Error> {
        self.do_it(&Verb::Format { disk, consent }).await
    }

    /// Wi-Fi networks in reach.
    pub async fn networks(&self) -> Result<Vec<Network>, Error> {
        self.door.ask(&Verb::Networks).await
    }

    /// Joins a Wi-Fi network, now and after each start.
    pub async fn join_wifi(
        &self,
        ssid: String,
        password: Secret,
        country: String,
    ) -> Result<(), Error> {
        let join = Verb::JoinWifi { ssid: ssid.clone(), password, country };
        lock(&self.joining).begins(&ssid);
        if let Err(error) = self.do_it(&join).await {
            lock(&self.joining).refused(&error);
            return Err(error);
        }
        Ok(durably(|| self.parts.state.put(KNOWS_WIFI, &true))?)
    }

    /// Starts the box anew.
    pub async fn reboot(&self) -> Result<(), Error> {
        self.do_it(&Verb::Reboot).await
    }

    /// Switches the box off.
    pub async fn power_off(&self) -> Result<(), Error> {
        self.do_it(&Verb::PowerOff).await
    }

    /// Asks for what has no answer worth reading.
    async fn do_it(&self, verb: &Verb) -> Result<(), Error> {
        let _: serde_json::Value = self.door.ask(verb).await?;
        // What is known may have changed by it.
        let _ = self.facts_anew().await;
        Ok(())
    }
}

impl std::fmt::Debug for Appliance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Appliance").field("door", &self.door).finish_non_exhaustive()
    }
}

/// The lock's content, also after a panic elsewhere: what is kept under these locks is replaced
/// whole, never left half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a write that waits for the disk where it holds up nobody.
fn durably<T>(write: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(write)
}
