//! What plain HTTP has: the web seeds that a torrent names (BEP 19), the owner's own addresses with
//! places to fill, and `.torrent` caches for descriptions.
//!
//! A torrent's file at an HTTP server is the file itself, so it can be read from any point: a mirror is
//! one more [`Representation`]. Nobody vouches for what a server has, so each is asked for some bytes
//! of the middle before it is read: it has to answer with 206, at the right place, of a file of exactly
//! the right length, and all that are read have to agree in these bytes; where the torrent's description
//! is known, the best one has to give a whole piece of the right hash ([`choice`]). All are asked at
//! once ([`search`]); the best and three more are kept, and a reader goes on at the same byte at the
//! next when one dies ([`film`]).
//!
//! Every address passes the guard of [`fetch`](crate::fetch): no private one, unless
//! `network.allow_private` lists exactly it.

mod cache;
mod choice;
mod error;
mod film;
mod health;
mod known;
mod plan;
mod probe;
mod race;
mod search;
mod services;
mod source;
mod template;
mod view;
mod web_seed;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::durable::{self, State};
use crate::fetch::Client;
use crate::representation::{Representation, media_type_of};
use crate::torrent::metainfo::Pieces;
use crate::torrent::{InfoHash, TorrentFile, entity_tag};

pub use error::{BadSource, Error};
pub use health::{LastFailure, Standing};
pub use source::{Change, MOST_SOURCES};
pub use template::BadTemplate;
pub use view::{CacheLine, Excluded, Kind, SourceLine, Sources, Stats, Tested, Verdict};

use film::Film;
use health::Health;
use search::Search;
use source::Source;
use template::Template;

/// What the configuration says of mirrors.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether they are used at all.
    pub enabled: bool,
    /// How long one source may take to prove that it has a file.
    pub test_timeout: Duration,
    /// Where `.torrent` files are by info hash: addresses with `{infoHash}` or `{INFOHASH}`, or the
    /// folder in which they are `INFOHASH.torrent`.
    pub torrent_caches: Vec<String>,
}

/// How long is waited, for what is not said by the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For one source to prove that it has a file.
    pub test: Duration,
    /// For the next bytes of one that is read.
    pub stall: Duration,
    /// For the same where another one may be asked: less than a reader bears who has other ways, so
    /// that the film stays here, where its last bytes are compared before it goes on.
    pub leave: Duration,
    /// For one backup to answer, before the next one is asked beside it.
    pub turn: Duration,
    /// Before a source that broke off is asked again; doubled each time.
    pub breath: Duration,
    /// For backups, once one source has the file.
    pub grace: Duration,
}

/// The file that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its torrent.
    pub info_hash: InfoHash,
    /// Its path in the torrent, and its length.
    pub file: TorrentFile,
    /// The torrent's own name: a web seed's folder.
    pub torrent_name: Option<String>,
    /// Whether the torrent is of this one file and of no folder.
    pub single_file: bool,
    /// What its magnet (`ws=`) and its description (`url-list`) name.
    pub web_seeds: Vec<String>,
    /// What its pieces hash to, where its torrent's description is known.
    pub pieces: Option<Arc<Pieces>>,
    /// What was passed on of it already from elsewhere, where something was.
    pub given: Option<Given>,
}

/// Some bytes of a file.
#[derive(Debug, Clone)]
pub struct Given {
    /// Where they stand.
    pub at: u64,
    /// At least one.
    pub bytes: Bytes,
}

/// All mirrors. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Mirrors(Arc<Inner>, Patience);

struct Inner {
    client: Client,
    state: Arc<State>,
    enabled: bool,
    caches: Vec<Template>,
    health: Arc<Health>,
    looked: choice::Looked,
    sources: Mutex<Vec<Source>>,
    /// Held while the owner changes them.
    changing: tokio::sync::Mutex<()>,
}

/// Whether each of these is the address of a torrent cache.
pub fn check_caches(caches: &[String]) -> Result<(), Error> {
    read_caches(caches).map(drop)
}

fn read_caches(caches: &[String]) -> Result<Vec<Template>, Error> {
    let read = |cache: &String| {
        Template::read_cache(cache).map_err(|why| Error::BadCache { cache: shown(cache), why })
    };
    caches.iter().map(read).collect()
}

impl Mirrors {
    /// Reads what the owner has added. A torrent cache that is no address is an error.
    pub fn new(client: Client, state: Arc<State>, options: Options) -> Result<Self, Error> {
        let Options { enabled, test_timeout, torrent_caches } = options;
        let caches = read_caches(&torrent_caches)?;
        let sources = state.get(source::KEY)?.unwrap_or_default();
        let patience = Patience {
            test: test_timeout,
            stall: Duration::from_secs(20),
            leave: Duration::from_secs(6),
            turn: Duration::from_millis(400),
            breath: Duration::from_millis(250),
            grace: test_timeout.min(Duration::from_secs(1)),
        };
        let inner = Inner {
            client,
            health: Arc::new(Health::open(Arc::clone(&state))),
            state,
            enabled,
            caches,
            looked: choice::Looked::default(),
            sources: Mutex::new(sources),
            changing: tokio::sync::Mutex::default(),
        };
        Ok(Self(Arc::new(inner), patience))
    }

    /// The same with other waits.
    #[must_use]
    pub fn with_patience(&self, patience: Patience) -> Self {
        Self(Arc::clone(&self.0), patience)
    }

    /// How long is waited.
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.1
    }

    /// Takes out what the owner has added, before [`Mirrors::new`]: there may be keys in it.
    pub fn erase(state: &State) -> Result<(), Error> {
        Ok(state.remove(source::KEY)?)
    }

    /// Whether anything is there to be asked for this file: a web seed, or a source of the owner's.
    #[must_use]
    pub fn has_any(&self, wanted: &Wanted) -> bool {
        let seeds = || wanted.web_seeds.iter().any(|seed| web_seed::origin(seed).is_some());
        self.0.enabled && (self.own_sources().iter().any(|source| source.enabled) || seeds())
    }

    /// Whether a source of the owner's is there to be asked.
    #[must_use]
    pub fn has_own(&self) -> bool {
        self.0.enabled && self.own_sources().iter().any(|source| source.enabled)
    }

    /// The bytes of a file, from the mirrors that have it: all are tested at once, the best is read,
    /// three more stand by. What needs the torrent's description waits for it; where nothing that is
    /// known has the file, the web seeds that a cached description names are tried as well.
    pub async fn open(&self, wanted: &Wanted) -> Result<Arc<dyn Representation>, Error> {
        self.open_as_of(wanted, SystemTime::now()).await
    }

    /// The same, with the time since when these bytes are known here.
    pub async fn open_as_of(
        &self,
        wanted: &Wanted,
        known_since: SystemTime,
    ) -> Result<Arc<dyn Representation>, Error> {
        if !self.0.enabled {
            return Err(Error::Off);
        }
        let found = Search::new(self, wanted).run(true).await;
        for (name, why) in &found.skipped {
            tracing::debug!(mirror = name, why, "a mirror is skipped");
        }
        for name in &found.waiting {
            tracing::debug!(
                mirror = name,
                "a mirror is skipped: the torrent's description is not known"
            );
        }
        let ways = found.ways(self, wanted).await?;
        let size_bytes = Some(ways.len);
        let entity_tag =
            entity_tag(&wanted.info_hash, &TorrentFile { size_bytes, ..wanted.file.clone() });
        let proven = ways.all.iter().filter(|way| way.proven.load(Ordering::Relaxed)).count();
        tracing::info!(
            info_hash = %wanted.info_hash, mirror = ways.all[0].name, backups = proven - 1,
            "a mirror has the file"
        );
        let media_type = media_type_of(wanted.file.base_name());
        Ok(Arc::new(Film { ways: Arc::new(ways), media_type, entity_tag, known_since }))
    }

    /// A `.torrent` from the caches, as it was sent; its info dictionary has this very hash, and is
    /// sound. What else stands in it is a stranger's word.
    pub async fn metainfo(&self, info_hash: &InfoHash) -> Result<Vec<u8>, Error> {
        if !self.0.enabled {
            return Err(Error::Off);
        }
        self.described(info_hash).await.map(|(bytes, _)| bytes)
    }

    /// Adds or changes a source of the owner's; says whether it is new. It counts from the next film
    /// on.
    pub async fn set(&self, name: &str, change: Change) -> Result<bool, Error> {
        let name = name.to_owned();
        self.change(move |sources| source::change(sources, &name, &change)).await
    }

    /// Takes a source away, and what was learnt of it.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let named = name.trim().to_owned();
        let key = self.change(move |sources| {
            if let Some((name, reason)) = services::reason(&named) {
                return Err(BadSource::Known { name: name.to_owned(), reason });
            }
            let at = sources.iter().position(|source| source.is(&named));
            let at = at.ok_or(BadSource::NotThere(named))?;
            Ok(sources.remove(at).key())
        });
        let key = key.await?;
        self.0.health.forget(&key);
        Ok(())
    }

    /// Writes what was learnt of the sources' health. It waits for the disk.
    pub fn keep(&self) -> Result<(), Error> {
        Ok(self.0.health.keep()?)
    }

    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Vec<Source>) -> Result<T, BadSource> + Send + 'static,
    ) -> Result<T, Error> {
        let _one_at_a_time = self.0.changing.lock().await;
        let mut sources = self.own_sources();
        let before = sources.clone();
        let answer = change(&mut sources)?;
        let (state, kept) = (Arc::clone(&self.0.state), sources.clone());
        let written = spawn_blocking(move || state.put(source::KEY, &kept)).await;
        written.unwrap_or_else(|_| {
            let why = "the write was cut off".to_owned();
            Err(durable::Error::Disk { file: "state.redb".to_owned(), why })
        })?;
        // At another address it begins anew.
        for source in &before {
            if sources.iter().any(|now| now.name == source.name && now.url != source.url) {
                self.0.health.forget(&source.key());
            }
        }
        *self.0.sources.lock().unwrap_or_else(PoisonError::into_inner) = sources;
        Ok(answer)
    }

    /// The same with this source of the owner's alone.
    fn with_only(&self, source: Source) -> Self {
        let inner = Inner {
            client: self.0.client.clone(),
            state: Arc::clone(&self.0.state),
            enabled: self.0.enabled,
            caches: self.0.caches.clone(),
            health: Arc::clone(&self.0.health),
            looked: choice::Looked::default(),
            sources: Mutex::new(vec![source]),
            changing: tokio::sync::Mutex::default(),
        };
        Self(Arc::new(inner), self.1)
    }

    fn own_sources(&self) -> Vec<Source> {
        self.0.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The host of an address, for a sentence about it.
fn shown(address: &str) -> String {
    web_seed::origin(address).unwrap_or_else(|| "an entry".to_owned())
}
