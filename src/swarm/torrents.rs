//! The torrents that are known, and those that are open in the engine.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use librqbit::api::TorrentIdOrHash;
use librqbit::dht::Id20;
use librqbit::{AddTorrent, AddTorrentOptions, AddTorrentResponse, ListOnlyResponse, Session};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engine::Engine;
use super::feeder::{Feed, Feeder};
use super::kept;
use super::known::{Known, Shelf};
use super::live::{Live, Reading};
use super::room::Room;
use super::storage::{Folder, Progress, name_on_disk};
use super::{Error, Options, State, Status};
use crate::torrent::metainfo::{Bad, Metainfo};
use crate::torrent::{InfoHash, Magnet};

/// How long one round of asking for a description takes.
const ROUND: Duration = Duration::from_secs(12);
/// Between two calls to peers that were all lost: trackers are asked anew with each, so no oftener.
const AGAIN: Duration = Duration::from_secs(20);

/// All of them.
pub(super) struct Torrents {
    pub(super) engine: Engine,
    pub(super) tasks: TaskTracker,
    pub(super) shelf: Mutex<Shelf>,
    /// A description has become known.
    learnt: Notify,
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

/// Asks peers for the description. The engine asks each peer once, so whoever was busy then, or had no
/// slot free, is asked again in a new round.
async fn list(session: &Arc<Session>, link: &str) -> Result<ListOnlyResponse, Error> {
    loop {
        let listing = AddTorrentOptions { list_only: true, ..AddTorrentOptions::default() };
        let answer = session.add_torrent(AddTorrent::from_url(link), Some(listing));
        match timeout(ROUND, answer).await {
            Ok(Ok(AddTorrentResponse::ListOnly(found))) => return Ok(found),
            Ok(Ok(_)) => return Err(Error::Engine("it added what it should list".to_owned())),
            // Every source of peers has ended.
            Ok(Err(error)) if format!("{error:#}").contains("input address stream") => {
                sleep(ROUND).await;
            }
            Ok(Err(error)) => return Err(Error::refused(&error)),
            Err(_) => {}
        }
    }
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

    pub(super) fn know(
        &self,
        metainfo: Metainfo,
        trackers: &[String],
        peers: Vec<SocketAddr>,
    ) -> Arc<Known> {
        let known = lock(&self.shelf).put(Known::new(metainfo, trackers, peers));
        self.learnt.notify_waiters();
        known
    }

    pub(super) fn known(&self, info_hash: &InfoHash) -> Option<Arc<Metainfo>> {
        Some(lock(&self.shelf).get(*info_hash)?.metainfo.clone())
    }

    /// The description, from memory or from peers.
    pub(super) async fn resolve(&self, magnet: &Magnet) -> Result<Arc<Known>, Error> {
        if let Some(known) = lock(&self.shelf).named(magnet) {
            return Ok(known);
        }
        // First: who leaves takes what asks the trackers along.
        let session = self.engine.session().await?;
        let trackers = self.engine.permitted_trackers(&magnet.trackers, false).await;
        let options = &self.engine.options;
        if trackers.is_empty() && !options.dht && !options.local_discovery {
            return Err(Error::NoWay);
        }
        let link = Magnet { trackers, ..Magnet::new(magnet.info_hash) }.to_string();
        let after = options.metadata_timeout;
        // Somebody else may have asked before, or a cache: whoever hears of it first.
        let found = tokio::select! {
            known = self.is_learnt(magnet) => return Ok(known),
            found = timeout(after, list(&session, &link)) => found,
        };
        let found = found.map_err(|_| Error::NoMetadata { after })??;
        let mut metainfo = Metainfo::read(&found.torrent_bytes)?;
        if metainfo.info_hash != magnet.info_hash {
            return Err(Bad::OtherHash.into());
        }
        // What peers sent has none: these are the engine's, and some of them only ours to ask by.
        metainfo.trackers.clear();
        Ok(self.know(metainfo, &magnet.trackers, found.seen_peers))
    }

    /// Ends when it is known what is in a torrent.
    async fn is_learnt(&self, magnet: &Magnet) -> Arc<Known> {
        loop {
            let learnt = self.learnt.notified();
            if let Some(known) = lock(&self.shelf).named(magnet) {
                return known;
            }
            learnt.await;
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
        let open = self.unless_moved(&session, open).await?;
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
    async fn begin(
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

    /// Takes a torrent out and adds it anew, so that what lies on the disk is hashed again; its readers
    /// go on with the new one. The work is a task's: who asks for it may end with the old one.
    pub(super) async fn renew(
        self: &Arc<Self>,
        known: &Arc<Known>,
        index: u32,
        feed: Option<&Arc<dyn Feed>>,
        old: &Arc<Live>,
    ) -> Result<(), Error> {
        let (this, known, feed, old) = (self.clone(), known.clone(), feed.cloned(), old.clone());
        let renewing = async move { this.renew_now(&known, index, feed.as_ref(), &old).await };
        self.tasks.spawn(renewing).await.unwrap_or(Err(Error::Stopped))
    }

    /// Once is enough for all who ask.
    async fn renew_now(
        self: &Arc<Self>,
        known: &Known,
        index: u32,
        feed: Option<&Arc<dyn Feed>>,
        old: &Arc<Live>,
    ) -> Result<(), Error> {
        let session = self.engine.session().await?;
        let _alone = self.changing.lock().await;
        let info_hash = known.metainfo.info_hash;
        if self.engine.options.library != old.spot {
            // Nobody has asked for room where data goes now: who reads on does.
            let why = "it is not where films go any more".to_owned();
            return Err(Error::Disk { folder: old.spot.folder.clone(), why });
        }
        {
            let mut all = lock(&self.live);
            if !all.get(&info_hash).is_some_and(|now| Arc::ptr_eq(now, old)) {
                return Ok(());
            }
            all.remove(&info_hash);
        }
        tracing::info!(%info_hash, "a torrent is hashed again");
        old.renewed.store(true, Ordering::SeqCst);
        old.gone.cancel();
        let left = session.delete(id_of(info_hash), false).await;
        left.map_err(|error| Error::engine(&error))?;
        if let Some(file) = known.metainfo.file(index) {
            // What was being read a moment ago is in memory still, whatever the disk has.
            let path = old.spot.folder.join(info_hash.to_string()).join(name_on_disk(file));
            let forgotten = tokio::task::spawn_blocking(move || kept::forget(&path)).await;
            tracing::debug!(?forgotten, "what was in memory of a file");
        }
        self.begin(&session, known, index, feed).await?;
        Ok(())
    }

    /// A torrent whose disk was pulled is set aside: what it had open is dead, also when the disk is
    /// back. It is added again where data goes now. So is one that failed after it had given up bytes:
    /// with room again they are to be had again, and all of its file is wanted. Its readers go on.
    async fn unless_moved(
        &self,
        session: &Arc<Session>,
        open: Option<Arc<Live>>,
    ) -> Result<Option<Arc<Live>>, Error> {
        let Some(live) = open else { return Ok(None) };
        let gave_up = live.has_failed() && *live.progress.ring.is_narrow.borrow();
        if self.engine.options.library == live.spot && !gave_up {
            return Ok(Some(live));
        }
        live.renewed.store(gave_up, Ordering::SeqCst);
        let info_hash = InfoHash::from_bytes(live.handle.info_hash().0);
        lock(&self.live).remove(&info_hash);
        live.gone.cancel();
        let left = session.delete(id_of(info_hash), false).await;
        left.map_err(|error| Error::engine(&error))?;
        Ok(None)
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
        let folder = Folder::new(place, spot.clone(), metainfo, progress.clone());
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

    /// Calls lost peers again: while the torrent is young, and as long as somebody reads it. The
    /// engine itself calls a lost peer after 10 to 20 s, then after a minute, then after six; a
    /// viewer does not wait so long. A young torrent's peers are lost when they hang up on the first
    /// call (one that still has our connection for the description does: Transmission), an older
    /// one's when the line was away for half a minute.
    async fn keep_company(self: Arc<Self>, session: Arc<Session>, live: Arc<Live>) {
        let calling = async {
            live.handle.wait_until_initialized().await?;
            let young = [1, 2, 4, 8, 16].map(|wait| (Duration::from_secs(wait), true));
            for (wait, is_young) in young.into_iter().chain(std::iter::repeat((AGAIN, false))) {
                sleep(wait).await;
                let _alone = self.changing.lock().await;
                let wanted = is_young || live.readers.load(Ordering::SeqCst) > 0;
                let resting = live.resting.load(Ordering::SeqCst);
                if wanted && live.is_lonely() && !live.gone.is_cancelled() && !resting {
                    tracing::debug!("every peer of a torrent is lost; they are called again");
                    // The engine forgets what it holds against a peer when it pauses.
                    session.pause(&live.handle).await?;
                    session.unpause(&live.handle).await?;
                }
            }
            Ok::<_, anyhow::Error>(())
        };
        if let Some(Err(error)) = live.gone.run_until_cancelled(calling).await {
            tracing::debug!(error = %format!("{error:#}"), "lost peers were not called again");
        }
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
