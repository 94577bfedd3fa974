//! The story: what a viewer asks for is looked up, found, ranked and opened.
//!
//! This room knows the stations and their order, not their wires: no URL, no JSON, no piece. Each
//! station has one noun (`Query`, `Unique`, `Candidate`, `Pick`, `Representation`), and a value is
//! never sent back to an earlier station to be filled in.

mod ahead;
mod by_hash;
mod carry;
mod catalogue;
mod check;
mod choose;
mod claim_code;
mod content;
mod desk;
mod feeds;
mod figures;
mod film;
mod find;
mod findings;
mod following;
mod hand_over;
mod indexes;
mod making_room;
mod mirrors;
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
mod round;
mod session;
mod settings;
mod shelf;
mod streams;
mod subtitles;
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
pub use figures::Figures;
pub use find::Look;
pub use findings::{Findings, IndexLine, StoreLine, TitleLine};
pub use following::{Following, Step};
pub use hand_over::HandOver;
pub use indexes::{BadIndex, IndexChange, IndexPlace, IndexSettings};
pub use offers::{Offer, Offers};
pub use own_file::OwnFile;
pub use places::ShelfChange;
pub use playable::Via;
pub use session::Description;
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
use crate::debrid::{self, Debrid};
use crate::durable::{self, State};
use crate::fetch::Client;
use crate::media::StremioId;
use crate::mirror::{self, Mirrors};
use crate::select::{BadPreference, Preferences};
use crate::stremthru::Calls;
use crate::subtitle::{self, OpenSubtitles};
use crate::swarm::{self, Swarm};
use crate::title::{self, Titles};
use crate::torrent::IndexName;
use catalogue::{Asked, Lists, Prepared};
use content::Vouched;
use desk::Desk;
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
    opened_first: OpenedFirst,
    calls: Arc<Calls>,
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

/// Why nothing plays. One sentence each.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No index lists it.
    #[error("no index lists {id}; look at it again later, or try another title")]
    NothingFound {
        /// What was asked.
        id: StremioId,
    },
    /// No index answered.
    #[error("none of the indexes answered ({why}); check the network, then try again")]
    NoIndex {
        /// The first index's sentence.
        why: String,
    },
    /// There is neither a store nor consent for peers.
    #[error(
        "there is no way to get {id}: set a debrid token or allow peer-to-peer on the set-up page"
    )]
    NoWay {
        /// What was asked.
        id: StremioId,
    },
    /// Every candidate was tried or passed over.
    #[error("none of the {tried} candidates for {id} can be played; the best of them: {why}")]
    NoneLeft {
        /// What was asked.
        id: StremioId,
        /// How many were looked at.
        tried: usize,
        /// Why the first was passed over.
        why: String,
        /// All that was passed over.
        passed_over: Vec<Passed>,
    },
    /// The link names nothing that is known here.
    #[error("this link leads to nothing that is known here; choose the title again")]
    UnknownMedia,
    /// Its source does not give it any more.
    #[error("{name} cannot be opened again: {why}")]
    Gone {
        /// The file's name.
        name: String,
        /// The source's sentence.
        why: String,
    },
    /// The catalogue has no such folder or film.
    #[error("the catalogue has nothing called {id}; open its first page again")]
    NoSuchNode {
        /// What was asked.
        id: String,
    },
    /// Somebody reads what is to be removed or moved.
    #[error("{title} is being watched; try again when nobody watches it")]
    Watched {
        /// Its name.
        title: String,
    },
    /// No place is called so.
    #[error("no place is called {place}; it is library, permanent, or a name of library.places")]
    NoPlace {
        /// What was asked.
        place: String,
    },
    /// A place's folder is not there.
    #[error("the folder of {place} is not there; once its disk is, the title is moved by itself")]
    PlaceAway {
        /// Which.
        place: String,
    },
    /// A title that shall be here whole is not.
    #[error("it is not here whole yet: {why}; it is tried again by itself")]
    NotCopied {
        /// The first reason.
        why: String,
    },
    /// The library's disk does not do what it should.
    #[error("the library's disk does not work ({why}); check it, then try again")]
    Disk {
        /// What the system says.
        why: String,
    },
    /// The candidate that was asked for is not among those found.
    #[error("{info_hash} is not among the candidates of {id}; search again")]
    NotACandidate {
        /// What was asked.
        id: StremioId,
        /// The hash.
        info_hash: crate::torrent::InfoHash,
    },
    /// The path is none that is passed on.
    #[error(transparent)]
    NotRelayed(#[from] crate::index::NotRelayed),
    /// The index is switched off.
    #[error("{index} is switched off; set index.{index}.enabled to true")]
    IndexOff {
        /// Which.
        index: crate::torrent::IndexName,
    },
    /// The index has nothing there.
    #[error("{index} has nothing at this address: check it for a typing error")]
    IndexHasNot {
        /// Which.
        index: crate::torrent::IndexName,
    },
    /// The index does not answer.
    #[error("{why}")]
    IndexFailed {
        /// Its sentence.
        why: String,
    },
    /// The owner's word on peer-to-peer does not count here.
    #[error("peer-to-peer is decided by swarm.enabled in the configuration; change it there")]
    SwarmIsFixed,
    /// The indexes cannot be changed so.
    #[error(transparent)]
    Index(#[from] BadIndex),
    /// Nobody tells of it.
    #[error("nobody tells of a title {id}; check the id, or search by name")]
    UnknownTitle {
        /// What was asked.
        id: StremioId,
    },
    /// It cannot be a token.
    #[error("a token is letters, digits and signs without spaces or line breaks; paste it again")]
    NoToken,
    /// A preference that cannot be.
    #[error(transparent)]
    Preference(#[from] BadPreference),
    /// Nothing that peers send of it is right.
    #[error(
        "{info_hash} is not opened for a day: nothing that its peers sent was right; choose another release"
    )]
    NeverVerifies {
        /// Which.
        info_hash: crate::torrent::InfoHash,
    },
    /// A file is not what its name says.
    #[error(
        "{name} is not passed on: by its first bytes it is {what}, no film; choose another release"
    )]
    NotAFilm {
        /// The file's name.
        name: String,
        /// What it is.
        what: String,
    },
    /// A link to subtitles names none that are known.
    #[error("this link leads to no subtitles that are known here; open the film's page again")]
    NoSubtitle,
    /// Subtitles that cannot be read.
    #[error(transparent)]
    Subtitle(#[from] subtitle::Error),
    /// A torrent that a program names.
    #[error(transparent)]
    Torrent(#[from] TorrentError),
    /// The token is not as it should be.
    #[error(transparent)]
    Debrid(#[from] debrid::Error),
    /// Peers.
    #[error(transparent)]
    Swarm(#[from] swarm::Error),
    /// Mirrors.
    #[error(transparent)]
    Mirror(#[from] mirror::Error),
    /// Titles.
    #[error(transparent)]
    Title(#[from] title::Error),
    /// The state cannot be written or read.
    #[error(transparent)]
    State(#[from] durable::Error),
}

impl Error {
    /// The room's own error, where it only passes one on.
    fn told(&self) -> &(dyn std::error::Error + 'static) {
        match self {
            Self::Debrid(error) => error,
            Self::Swarm(error) => error,
            other => other,
        }
    }
}

impl Playback {
    /// Builds the story on its rooms; the owner's token and consent are read from the state.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        let (parts, account) = (Arc::new(parts), Arc::default());
        let desk = Desk::new(Arc::clone(&parts), Arc::clone(&account));
        let lists = Arc::new(Lists::default());
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
            opened_first: OpenedFirst::default(),
            calls: Arc::default(),
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
