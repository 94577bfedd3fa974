//! The torrents that are known, and those that are open in the engine.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use librqbit::api::TorrentIdOrHash;
use librqbit::dht::Id20;
use librqbit::{AddTorrent, AddTorrentOptions, Session};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engine::Engine;
use super::feeder::{Feed, Feeder};
use super::known::{Known, Shelf};
use super::live::{Live, Reading};
use super::room::Room;
use super::storage::{Folder, Progress};
use super::{Error, Options, State, Status};
use crate::torrent::InfoHash;

/// All of them.
pub(super) struct Torrents {
    pub(super) engine: Engine,
    pub(super) tasks: TaskTracker,
    pub(super) shelf: Mutex<Shelf>,
    /// A description has become known.
    pub(super) learnt: Notify,
    pub(super) live: Mutex<HashMap<InfoHash, Arc<Live>>>,
    /// One torrent is added or set aside at a time.
    pub(super) changing: tokio::sync::Mutex<()>,
    clock: AtomicU64,
    pub(super) room: OnceLock<Arc<dyn Room>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn id_of(info_hash: InfoHash) -> TorrentIdOrHash {
    TorrentIdOrHash::Hash(Id20::new(*info_hash.as_bytes()))
}

/// From the first time that the disk is full, only what readers come to next is fetched.
async fn narrow(session: Arc<Session>, live: Arc<Live>) {
    let mut is_narrow = live.progress.ring.is_narrow.subscribe();
    let narrowed = async {
        is_narrow.wait_for(|narrow| *narrow).await?;
        let info_hash = live.handle.info_hash();
        tracing::warn!(
            ?info_hash,
            "the disk is full: a film plays on in the room behind its reader"
        );
        session.update_only_files(&live.handle, &HashSet::new()).await
    };
    if let Some(Err(error)) = live.gone.run_until_cancelled(narrowed).await {
        tracing::warn!(error = %format!("{error:#}"), "the engine goes on filling the disk");
    }
}

impl Torrents {
    pub(super) fn new(options: Options, tasks: TaskTracker) -> Self {
        Self {
            engine: Engine::new(options, tasks.clone()),
            tasks,
            shelf: Mutex::default(),
            learnt: Notify::new(),
            live: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            clock: AtomicU64::new(0),
            room: OnceLock::new(),
        }
    }

    pub(super) fn allow(self: &Arc<Self>, allowed: bool) {
        let before = self.engine.allowed();
        self.engine.allow(allowed);
        if before && !allowed {
            let this = self.clone();
            self.tasks.spawn(async move {
                this.set_all_aside().await;
                this.engine.leave().await;
            });
        }
    }

    pub(super) async fn stop(&self) {
        self.set_all_aside().await;
        self.engine.stop().await;
    }

    async fn set_all_aside(&self) {
        let _alone = self.changing.lock().await;
        for (_, live) in lock(&self.live).drain() {
            live.gone.cancel();
        }
    }

    /// The torrent, open in the engine with this file among the wanted ones. One that failed is tried
    /// again: somebody may have made room on the disk.
    pub(super) async fn live(
        self: &Arc<Self>,
        known: &Known,
        index: u32,
        feed: Option<&Arc<dyn Feed>>,
    ) -> Result<Reading, Error> {
        self.room_for(known, index).await?;
        let session = self.engine.session().await?;
        let _alone = self.changing.lock().await;
        self.engine.permitted()?;
        let info_hash = known.metainfo.info_hash;
        let open = lock(&self.live).get(&info_hash).cloned();
        let open = self.unless_spoilt(&session, open).await?;
        let live = if let Some(live) = open {
            if live.has_failed() {
                live.progress.trouble.send_replace(None);
                session.unpause(&live.handle).await.map_err(|error| Error::engine(&error))?;
            } else if live.resting.swap(false, Ordering::SeqCst) && live.handle.is_paused() {
                // Whoever reads it wants it.
                session.unpause(&live.handle).await.map_err(|error| Error::engine(&error))?;
            }
            if live.gives_way.send_replace(false) {
                self.want_again(&session, &live);
            }
            if let (Some(feeder), Some(feed)) = (&live.feeder, feed) {
                feeder.attach(index, feed.clone());
            }
            live
        } else {
            self.make_room(&session).await?;
            self.begin(&session, known, index, feed).await?
        };
        live.used.store(self.clock.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
        live.readers.fetch_add(1, Ordering::SeqCst);
        self.want(&session, &live, index as usize);
        Ok(Reading(live))
    }

    /// Adds a torrent, and what goes on beside it.
    pub(super) async fn begin(
        self: &Arc<Self>,
        session: &Arc<Session>,
        known: &Known,
        index: u32,
        feed: Option<&Arc<dyn Feed>>,
    ) -> Result<Arc<Live>, Error> {
        let live = Arc::new(self.add(session, known, index, feed).await?);
        lock(&self.live).insert(known.metainfo.info_hash, live.clone());
        self.tasks.spawn(self.clone().keep_company(session.clone(), live.clone()));
        self.tasks.spawn(narrow(session.clone(), live.clone()));
        Ok(live)
    }

    async fn add(
        &self,
        session: &Arc<Session>,
        known: &Known,
        index: u32,
        feed: Option<&Arc<dyn Feed>>,
    ) -> Result<Live, Error> {
        let metainfo = &known.metainfo;
        let gone = CancellationToken::new();
        let feeder = self.feeder(known, &gone, feed.map(|feed| (index, feed))).await;
        let own = feeder.as_ref().map(Feeder::addr);
        let trackers = self.engine.permitted_trackers(&known.trackers, metainfo.private).await;
        let progress = Arc::new(Progress::default());
        let spot = self.engine.options.library.now();
        let library = &spot.folder;
        let place = self.engine.options.library.clone();
        let room = self.room.get().cloned();
        let folder = Folder::new(place, spot.clone(), metainfo, progress.clone(), room);
        let options = AddTorrentOptions {
            only_files: Some(vec![index as usize]),
            overwrite: true,
            output_folder: Some(library.to_string_lossy().into_owned()),
            // Only here, never among the peers that are known: it goes with the torrent.
            initial_peers: Some(own.into_iter().chain(known.peers.iter().copied()).collect()),
            storage_factory: Some(folder.factory()),
            ..AddTorrentOptions::default()
        };
        let bytes = AddTorrent::from_bytes(metainfo.torrent_bytes(&trackers));
        let added = session.add_torrent(bytes, Some(options)).await;
        let handle = added.map_err(|error| Error::refused(&error))?.into_handle();
        Ok(Live {
            handle: handle.ok_or_else(|| Error::Engine("it did not add the torrent".to_owned()))?,
            spot,
            progress,
            gone,
            renewed: AtomicBool::new(false),
            unsound: OnceLock::new(),
            doubted: tokio::sync::Mutex::default(),
            readers: AtomicUsize::new(0),
            used: AtomicU64::new(0),
            resting: AtomicBool::new(false),
            gives_way: watch::Sender::new(false),
            wanted: Mutex::new(HashSet::from([index as usize])),
            feeder,
        })
    }

    /// Our own peer; without it the others have to do.
    async fn feeder(
        &self,
        known: &Known,
        gone: &CancellationToken,
        file: Option<(u32, &Arc<dyn Feed>)>,
    ) -> Option<Feeder> {
        let (index, feed) = file?;
        let started = Feeder::start(known.metainfo.clone(), &self.tasks, gone).await;
        let note = |error: &io::Error| tracing::warn!(%error, "pieces come from other peers alone");
        let feeder = started.inspect_err(note).ok()?;
        feeder.attach(index, feed.clone());
        Some(feeder)
    }

    /// Sets torrents aside until one more may be open: those without readers, the unused first.
    async fn make_room(&self, session: &Arc<Session>) -> Result<(), Error> {
        let most = self.engine.options.max_torrents.max(1);
        loop {
            let oldest = {
                let mut live = lock(&self.live);
                if live.len() < most {
                    return Ok(());
                }
                let idle = live.iter().filter(|row| row.1.readers.load(Ordering::SeqCst) == 0);
                let oldest = idle.min_by_key(|row| row.1.used.load(Ordering::SeqCst));
                let oldest = oldest.map(|row| *row.0).ok_or(Error::TooMany(most))?;
                live.remove(&oldest).map(|live| (oldest, live))
            };
            if let Some((info_hash, live)) = oldest {
                live.gone.cancel();
                // `false`: its files stay.
                let left = session.delete(id_of(info_hash), false).await;
                left.map_err(|error| Error::engine(&error))?;
            }
        }
    }

    /// Adds a file to the wanted ones. The engine cannot be told while it hashes what is on the disk,
    /// so that is waited for elsewhere; a reader gets its pieces meanwhile all the same.
    fn want(self: &Arc<Self>, session: &Arc<Session>, live: &Arc<Live>, index: usize) {
        if lock(&live.wanted).insert(index) && !*live.progress.ring.is_narrow.borrow() {
            self.want_again(session, live);
        }
    }

    pub(super) fn status(&self, info_hash: &InfoHash) -> Option<Status> {
        let live = lock(&self.live).get(info_hash).cloned();
        let Some(live) = live else {
            let known = lock(&self.shelf).get(*info_hash)?;
            let bytes_total = known.metainfo.total_bytes();
            let state = State::Paused;
            return Some(Status {
                state,
                bytes_have: 0,
                bytes_total,
                down_bytes_s: 0,
                peers: 0,
                error: None,
            });
        };
        Some(live.status())
    }
}
