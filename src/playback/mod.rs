//! The story: what a viewer asks for is looked up, found, ranked and opened.
//!
//! This room knows the stations and their order, not their wires: no URL, no JSON, no piece. Each
//! station has one noun (`Query`, `Unique`, `Candidate`, `Pick`, `Representation`), and a value is
//! never sent back to an earlier station to be filled in.

mod ahead;
mod begun;
mod by_hash;
mod bytes_by_way;
mod carry;
mod catalogue;
mod check;
mod choose;
mod chosen;
mod claim_code;
mod content;
mod describe_first;
mod description;
mod desk;
mod error;
mod feeds;
mod figures;
mod film;
mod find;
mod findings;
mod finished;
mod following;
mod for_set;
mod found;
mod given;
mod hand_over;
mod held_up;
mod indexes;
mod lying;
mod making_room;
mod mirrors;
mod noticed;
mod offers;
mod offline;
mod open_first;
mod opening;
mod own_file;
mod places;
mod playable;
mod preferences;
mod readers;
mod records;
mod relay;
mod riding;
mod round;
mod session;
mod settings;
mod sharing;
mod shelf;
mod signing;
mod streams;
mod strikes;
mod subtitles;
mod thin_line;
mod tidy;
mod titles;
mod torrents;
mod unusual;
mod video_hash;
mod ways;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio_util::task::TaskTracker;

pub use catalogue::{Children, Facts, Node, NodeId, NodeKind, Page, Video};
pub use choose::{Passed, Play};
pub use description::Description;
pub use error::{Error, not_understood};
pub use figures::Figures;
pub use find::Look;
pub use findings::{Findings, IndexLine, StoreLine, TitleLine};
pub use following::{Following, Step};
pub use found::Found;
pub use hand_over::HandOver;
pub use indexes::{BadIndex, IndexChange, IndexPlace, IndexSettings};
pub use offers::{Offer, Offers};
pub use own_file::OwnFile;
pub use places::ShelfChange;
pub use playable::Via;
pub use settings::{DebridSettings, KeySettings, Settings, TitleSettings};
pub use shelf::{PlaceRow, ShelfOptions, ShelfRow, ShelfView};
pub use subtitles::{SubtitleLine, SubtitleSource};
pub use tidy::{Gone, JUST_READ, Left, Swept};
pub use torrents::{
    KnownTorrent, Seek, TorrentError, TorrentMedia, TorrentState, Transfer, TransferState,
};
pub use unusual::Notice;

use crate::cache::Cache;
use crate::clip::Clips;
use crate::debrid::Debrid;
use crate::durable::State;
use crate::fetch::Client;
use crate::mirror::Mirrors;
use crate::select::Preferences;
use crate::stremthru::Calls;
use crate::subtitle::OpenSubtitles;
use crate::swarm::Swarm;
use crate::title::Titles;
use crate::torrent::IndexName;
use catalogue::{Asked, Lists, Prepared};
use chosen::Chosen;
use content::Vouched;
use describe_first::Describing;
use desk::Desk;
use noticed::MadeRoom;
use open_first::OpenedFirst;
use readers::Readers;
use session::Session;
use shelf::Shelf;
use streams::Served;
use subtitles::Subtitles;
use torrents::Torrents;
use unusual::Shunned;
use url::Url;

/// The rooms below, built by `app`.
#[expect(missing_docs, reason = "each is the room of its name")]
pub struct Parts {
    pub client: Client,
    pub titles: Titles,
    pub opensubtitles: OpenSubtitles,
    /// Where the configuration says the indexes are.
    pub indexes: BTreeMap<IndexName, IndexPlace>,
    pub cache: Cache,
    pub state: Arc<State>,
    pub swarm: Arc<Swarm>,
    pub mirrors: Mirrors,
    /// How long peers have to begin, and to go on, before the next way is tried.
    pub p2p_timeout: Duration,
    pub tasks: TaskTracker,
    /// Where StremThru is.
    pub stremthru: Url,
    /// How long a search waits for its indexes and the store.
    pub patience: Duration,
    /// What the configuration prefers; what the owner sets wins over it.
    pub preferences: Preferences,
    /// Whether the configuration, not the owner, decides on peer-to-peer.
    pub swarm_fixed: bool,
    /// Whether the best of what was found is opened while people still read the list.
    pub open_first: bool,
    /// Whether peers are asked what is in it, at least.
    pub describe_first: bool,
    /// Where films lie, and for how long.
    pub shelf: ShelfOptions,
}

/// The story.
pub struct Playback {
    parts: Arc<Parts>,
    account: desk::Account,
    desk: Arc<Desk>,
    changing_indexes: Mutex<()>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    readers: Arc<Readers>,
    served: Served,
    torrents: Torrents,
    vouched: Vouched,
    shunned: Shunned,
    made_room: MadeRoom,
    opened_first: OpenedFirst,
    describing: Describing,
    calls: Arc<Calls>,
    chosen: Chosen,
    shelf: Shelf,
    lists: Arc<Lists>,
    asked: Asked,
    prepared: Prepared,
    clips: Clips,
    /// Where people find this server, as `app` knows.
    front_door: OnceLock<FrontDoor>,
    changing_searches: Mutex<()>,
    subtitles: Subtitles,
    opened_by_hash: by_hash::Opened,
}

type FrontDoor = Box<dyn Fn() -> String + Send + Sync>;

impl Playback {
    /// Builds the story on its rooms; the owner's token and consent are read from the state.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        let (parts, account) = (Arc::new(parts), Arc::default());
        let desk = Desk::new(Arc::clone(&parts), Arc::clone(&account));
        let lists = Arc::new(Lists::default());
        let chosen = Chosen::new(Arc::clone(&parts.state));
        let shelf = Shelf::new(Arc::clone(&parts.state), Arc::clone(&lists));
        let playback = Self {
            parts,
            account,
            desk: Arc::new(desk),
            changing_indexes: Mutex::default(),
            sessions: Mutex::default(),
            readers: Arc::default(),
            served: Served::default(),
            torrents: Torrents::default(),
            vouched: Vouched::default(),
            shunned: Shunned::default(),
            made_room: MadeRoom::default(),
            opened_first: OpenedFirst::default(),
            describing: Describing::default(),
            calls: Arc::default(),
            chosen,
            shelf,
            lists,
            asked: Asked::default(),
            prepared: Prepared::default(),
            clips: Clips::default(),
            front_door: OnceLock::new(),
            changing_searches: Mutex::default(),
            subtitles: Subtitles::default(),
            opened_by_hash: by_hash::Opened::default(),
        };
        playback.take_up_settings()?;
        playback.take_up_indexes()?;
        Ok(playback)
    }

    /// Notes what has become whole, and keeps what is only kept for speed small; to be called about
    /// once a minute.
    pub async fn tend(&self) {
        self.settle_all();
        self.shelf.records.flush();
        self.parts.cache.tend().await;
    }

    /// Writes what is only kept for speed, and lets the peers go.
    pub async fn stop(&self) {
        self.desk.end();
        self.settle_all();
        self.close_shelf().await;
        self.parts.swarm.stop().await;
        self.parts.cache.flush().await;
    }

    fn debrid(&self) -> Option<Arc<Debrid>> {
        self.desk.debrid()
    }
}

/// Runs a write that waits for the disk (a commit is synced twice) where it holds up nobody: the
/// runtime moves its other work to another thread meanwhile.
fn durably<T>(write: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(write)
}

/// The lock's content, also after a panic elsewhere: what is kept under these locks is replaced
/// whole, never left half changed.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
