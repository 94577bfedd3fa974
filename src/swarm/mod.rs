//! What comes piece by piece: a file of a torrent as a [`Representation`] that can be read before it
//! is here. librqbit is known to this room alone.
//!
//! Nothing is started until the first torrent is asked for, and then only where the owner allows it:
//! before that there is no peer, no DHT, no socket. What the engine does by default and must not do
//! here (`tests/engine.rs` keeps each of them as a test):
//!
//! 1. Every open stream holds one permit of a semaphore that writing needs too, eight by default; eight
//!    stalled readers would stop the whole session. It has [`PERMITS`], and readers at most
//!    [`STREAMS`] of them.
//! 2. All files of a torrent are opened and made, under the torrent's names: [`storage`] does not.
//! 3. A missing piece is waited for without end: [`reader`] has patience with a limit.
//! 4. Trackers are asked wherever they lie, a router's page included: only those that the
//!    [`AddressPolicy`] permits are passed on.
//! 5. Its list of torrents is not written durably: it is not used. A torrent added again is hashed
//!    again, so no piece is believed that is not on the disk; what a reader comes to is looked at first
//!    ([`meanwhile`]).
//!
//! It takes pieces from peers alone. What lies at an HTTP server as a whole comes in by a peer of our
//! own, [`feeder`].

mod control;
mod description;
mod engine;
mod error;
mod fed;
mod feeder;
mod feeding;
mod file;
mod giving_way;
mod kept;
mod known;
mod live;
mod lost_peers;
mod meanwhile;
mod place;
mod reader;
mod renewing;
mod ring;
mod room;
mod seeder;
mod storage;
mod torrents;
mod tracker_relay;
mod wire;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use crate::fetch::{AddressPolicy, Client};
use crate::torrent::metainfo::Metainfo;
use crate::torrent::{InfoHash, Magnet};

pub use control::{FileProgress, Totals, Yield};
pub use error::Error;
pub use feeder::{Feed, Feeder};
pub use file::SwarmFile;
pub use place::Place;
pub use room::Room;
pub use seeder::{Content, Seeder};
pub use storage::name_on_disk;
pub use wire::messages;

/// Permits of the engine: readers, writers and hash checks share them.
const PERMITS: usize = 72;
/// Most readers that wait for pieces at one time.
const STREAMS: usize = 64;
const _: () = assert!(STREAMS + 8 <= PERMITS, "writers need permits of their own");

/// What the swarm needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where piece data lies: a folder for each info hash.
    pub library: Place,
    /// TCP and UDP port for peers that come to us; 0 takes any, `None` listens nowhere.
    pub listen_port: Option<u16>,
    /// The address to listen on; every address by default.
    pub bind: Option<IpAddr>,
    /// Whether to ask the DHT (BEP 5) for peers.
    pub dht: bool,
    /// Whether to ask the local network (BEP 14) for peers.
    pub local_discovery: bool,
    /// Whether to ask the router (`UPnP`) to pass peers on.
    pub port_forwarding: bool,
    /// Most torrents that are open at one time; the one unread the longest is set aside, its files
    /// stay.
    pub max_torrents: usize,
    /// Most peers of one torrent.
    pub max_peers: usize,
    /// Bytes a second.
    pub download_limit: Option<NonZeroU32>,
    /// Bytes a second.
    pub upload_limit: Option<NonZeroU32>,
    /// Trackers that are asked for every torrent that is not private.
    pub trackers: Vec<String>,
    /// Which addresses trackers may have.
    pub policy: AddressPolicy,
    /// What HTTP trackers are asked with; its policy is `policy`. Without one it is made.
    pub client: Option<Client>,
    /// How long a magnet's description is waited for.
    pub metadata_timeout: Duration,
    /// How long a reader waits for the next piece.
    pub patience: Duration,
}

impl Options {
    /// No listener, no DHT, no discovery; limits that suit a Raspberry Pi.
    #[must_use]
    pub fn new(library: PathBuf) -> Self {
        Self {
            library: library.into(),
            listen_port: None,
            bind: None,
            dht: false,
            local_discovery: false,
            port_forwarding: false,
            max_torrents: 8,
            max_peers: 60,
            download_limit: None,
            upload_limit: None,
            trackers: Vec::new(),
            policy: AddressPolicy::default(),
            client: None,
            metadata_timeout: Duration::from_secs(60),
            patience: Duration::from_secs(60),
        }
    }
}

/// What a torrent is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// What lies on the disk is being hashed.
    Checking,
    /// Pieces are wanted.
    Downloading,
    /// All that is wanted is here.
    Complete,
    /// Known, but not open.
    Paused,
    /// Nothing is wanted of it while somebody watches another: [`Swarm::give_way`].
    GivesWay,
    /// See [`Status::error`].
    Failed,
}

/// How far a torrent is. Bytes count the files that were asked for.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Status {
    /// What it is doing.
    pub state: State,
    /// Bytes that are here and whose hash is right.
    pub bytes_have: u64,
    /// Bytes that are wanted.
    pub bytes_total: u64,
    /// Bytes a second that come in.
    pub down_bytes_s: u64,
    /// Peers that are connected.
    pub peers: u32,
    /// One sentence, where it failed.
    pub error: Option<String>,
}

/// The swarm. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Swarm(Arc<torrents::Torrents>);

impl Swarm {
    /// Starts nothing.
    #[must_use]
    pub fn new(options: Options, tasks: TaskTracker) -> Self {
        Self(Arc::new(torrents::Torrents::new(options, tasks)))
    }

    /// The owner's word. Taking it back ends the session: every peer is left, every reader gets an
    /// error.
    pub fn allow(&self, allowed: bool) {
        self.0.allow(allowed);
    }

    /// Whether the owner said yes.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.0.engine.allowed()
    }

    /// What is in the torrent: from memory, else from peers (BEP 9), at most
    /// [`Options::metadata_timeout`].
    pub async fn resolve(&self, magnet: &Magnet) -> Result<Arc<Metainfo>, Error> {
        Ok(self.0.resolve(magnet).await?.metainfo.clone())
    }

    /// What is in a torrent that was asked for lately. Asks nobody.
    #[must_use]
    pub fn known(&self, info_hash: &InfoHash) -> Option<Arc<Metainfo>> {
        self.0.known(info_hash)
    }

    /// Makes a `.torrent` known, so that it need not come from peers. Asks nobody.
    pub fn add_metainfo(&self, torrent_bytes: &[u8]) -> Result<Arc<Metainfo>, Error> {
        Ok(self.0.know(Metainfo::read(torrent_bytes)?, &[], Vec::new()).metainfo.clone())
    }

    /// Opens a file by its place in the torrent, and begins with its first 4 MiB and its end, where
    /// players look first.
    pub async fn open(&self, magnet: &Magnet, file_index: u32) -> Result<SwarmFile, Error> {
        let known = self.0.resolve(magnet).await?;
        SwarmFile::open(&self.0, known, file_index, None).await
    }

    /// The same, where the file lies elsewhere as a whole, too: its pieces come from there and from
    /// peers, whoever is faster, and all of them are checked. A torrent that is open already without
    /// such a source gets one when it is opened anew.
    pub async fn open_fed(
        &self,
        magnet: &Magnet,
        file_index: u32,
        feed: Arc<dyn Feed>,
    ) -> Result<SwarmFile, Error> {
        let known = self.0.resolve(magnet).await?;
        SwarmFile::open(&self.0, known, file_index, Some(feed)).await
    }

    /// How far a torrent is; `None` where it was never asked for.
    #[must_use]
    pub fn status(&self, info_hash: &InfoHash) -> Option<Status> {
        self.0.status(info_hash)
    }

    /// Bytes of one file that are here and whose hash is right; `None` where its torrent is not open.
    #[must_use]
    pub fn bytes_have(&self, info_hash: &InfoHash, file_index: u32) -> Option<u64> {
        self.0.bytes_have(info_hash, file_index)
    }

    /// Takes a torrent out of the engine; its files stay, and the next reader adds it again. `false`
    /// where somebody reads it, and then nothing is done.
    pub async fn forget(&self, info_hash: &InfoHash) -> Result<bool, Error> {
        self.0.forget(info_hash).await
    }

    /// Whom to ask before a file is begun. Set once, before the first torrent.
    pub fn ask_for_room(&self, room: Arc<dyn Room>) {
        self.0.ask_for_room(room);
    }

    /// Ends the session and everything that hangs on it. Nothing can be opened after it.
    pub async fn stop(&self) {
        self.0.stop().await;
    }
}
