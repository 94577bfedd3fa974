//! One file of a torrent, as a representation.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Error;
use super::feeder::Feed;
use super::known::Known;
use super::live::Live;
use super::place::Spot;
use super::reader::{Reader, warm_up};
use super::storage::name_on_disk;
use super::torrents::{Torrents, lock};
use crate::representation::{ByteStream, Representation, media_type_of};
use crate::torrent::entity_tag;

/// What players read first: the head has the codecs, and the index of most containers.
const HEAD: u64 = 4 << 20;
/// The end: the index of an MP4 that was not made for the web, the cues of a Matroska file.
const TAIL: u64 = 8 << 20;
/// How long after the last write it is looked whether the file is whole: the hash comes after it.
const SETTLES: Duration = Duration::from_millis(250);
/// How often what comes in is flushed, so that a fault of the disk is heard of before the kernel may
/// have forgotten the bytes.
const FLUSHED: Duration = Duration::from_secs(5);
/// How often a file is fetched again that its disk did not keep.
pub(super) const TRIES: u32 = 3;

/// A file of a torrent. It stays readable when its torrent is set aside: the next reader opens it
/// again.
pub struct SwarmFile {
    open: Arc<Open>,
    /// Ends the work in the background when the file and its readers are gone.
    warm: Arc<DropGuard>,
}

/// What the file, its readers and the work in the background share.
pub(super) struct Open {
    pub(super) torrents: Arc<Torrents>,
    pub(super) known: Arc<Known>,
    pub(super) index: u32,
    /// Where it lies as a whole, beside its peers.
    pub(super) feed: Option<Arc<dyn Feed>>,
    pub(super) path: PathBuf,
    pub(super) spot: Spot,
    len: u64,
    entity_tag: String,
    media_type: &'static str,
    since: SystemTime,
    complete: AtomicBool,
    /// Whose writes are watched.
    watched: Mutex<Weak<Live>>,
    /// How often the disk did not keep it.
    pub(super) unkept: AtomicU32,
    /// A flush has failed of which it is not known what it lost.
    pub(super) is_doubted: AtomicBool,
}

impl Open {
    pub(super) fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    /// Looks whether the file is whole. If so it is flushed to the disk, and read from there from now
    /// on, without the engine.
    pub(super) async fn settle(self: &Arc<Self>, live: &Arc<Live>) -> bool {
        if self.is_complete() {
            return true;
        }
        let had = live.bytes_have(self.index);
        if had != Some(self.len) || self.unkept.load(Ordering::SeqCst) > TRIES {
            return false;
        }
        let flushed = self.flush(live).await;
        self.complete.store(flushed, Ordering::Release);
        flushed
    }

    /// Settles the file when it becomes whole.
    async fn watch(self: Arc<Self>, live: Arc<Live>) {
        let mut writes = live.progress.writes.subscribe();
        let watching = async {
            let (mut flushed, mut wrote) = (Instant::now(), false);
            while !self.settle(&live).await {
                // A quiet swarm costs nothing; a busy one is looked at four times a second. The
                // last look comes after the last write, however late its hash is.
                if tokio::time::timeout(SETTLES * 20, writes.changed()).await.is_ok() {
                    tokio::time::sleep(SETTLES).await;
                    wrote = true;
                }
                let is_due = wrote || self.is_doubted.load(Ordering::SeqCst);
                if is_due && flushed.elapsed() > FLUSHED {
                    self.flush(&live).await;
                    (flushed, wrote) = (Instant::now(), false);
                }
            }
        };
        live.gone.run_until_cancelled(watching).await;
    }

    /// After a read of the whole file has failed: has the torrent hashed again, so that what cannot be
    /// read is fetched again. Says whether that is worth waiting for.
    pub(super) async fn is_hashed_again(&self, why: &io::Error) -> bool {
        if self.unkept.fetch_add(1, Ordering::SeqCst) >= TRIES || self.has_moved() {
            return false;
        }
        tracing::warn!(%why, "a whole film cannot be read from the disk");
        self.complete.store(false, Ordering::Release);
        let live = lock(&self.torrents.live).get(&self.known.metainfo.info_hash).cloned();
        match live {
            Some(live) => self.renew(&live).await.is_ok(),
            None => true,
        }
    }

    fn has_moved(&self) -> bool {
        self.torrents.engine.options.library != self.spot
    }

    pub(super) async fn renew(&self, live: &Arc<Live>) -> Result<(), Error> {
        self.torrents.renew(&self.known, self.index, self.feed.as_ref(), live).await
    }

    /// Whether the torrent was added anew since; it is so now, where some of what is to be read next
    /// was given up.
    pub(super) async fn is_renewed(&self, live: &Arc<Live>, next: &Range<u64>) -> bool {
        if live.progress.ring.is_gone(self.index as usize, next)
            && let Err(error) = self.renew(live).await
        {
            tracing::warn!(%error, "what was given up cannot be fetched again");
            return false;
        }
        live.renewed.load(Ordering::SeqCst)
    }

    /// Watches the writes of a torrent that was added anew since.
    pub(super) fn keep_watch(self: &Arc<Self>, live: &Arc<Live>) {
        let mut watched = lock(&self.watched);
        if watched.as_ptr() != Arc::as_ptr(live) {
            *watched = Arc::downgrade(live);
            self.torrents.tasks.spawn(self.clone().watching(live.clone()));
        }
    }

    /// [`Self::watch`], of a type that does not hold itself: it may begin the next one.
    fn watching(self: Arc<Self>, live: Arc<Live>) -> BoxFuture<'static, ()> {
        self.watch(live).boxed()
    }
}

impl SwarmFile {
    pub(super) async fn open(
        torrents: &Arc<Torrents>,
        known: Arc<Known>,
        index: u32,
        feed: Option<Arc<dyn Feed>>,
    ) -> Result<Self, Error> {
        let file = known.metainfo.file(index).ok_or(Error::NoFile(index))?.clone();
        let reading = torrents.live(&known, index, feed.as_ref()).await?;
        let spot = reading.0.spot.clone();
        let folder = spot.folder.join(known.metainfo.info_hash.to_string());
        let open = Arc::new(Open {
            torrents: torrents.clone(),
            index,
            feed,
            path: folder.join(name_on_disk(&file)),
            spot,
            len: file.size_bytes.unwrap_or(0),
            entity_tag: entity_tag(&known.metainfo.info_hash, &file),
            media_type: media_type_of(&file.name),
            since: since(&folder),
            complete: AtomicBool::new(false),
            watched: Mutex::new(Arc::downgrade(&reading.0)),
            unkept: AtomicU32::new(0),
            is_doubted: AtomicBool::new(false),
            known,
        });
        let warm = CancellationToken::new();
        open.begin(&reading.0, &warm);
        Ok(Self { open, warm: Arc::new(warm.drop_guard()) })
    }

    /// Whether every byte of it is here, hashed, and flushed to the disk.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.open.is_complete()
    }

    /// Whether data now goes elsewhere than where this file was opened: its disk was pulled, or has
    /// come. It must be opened again.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.open.has_moved()
    }

    /// Where it lies, once it is complete. The name is ours, not the torrent's.
    #[must_use]
    pub fn complete_path(&self) -> Option<&Path> {
        self.is_complete().then_some(self.open.path.as_path())
    }
}

impl Open {
    /// Asks for the head and the tail, and waits for the whole, until `warm` is cancelled.
    fn begin(self: &Arc<Self>, live: &Arc<Live>, warm: &CancellationToken) {
        let tail = TAIL.max(self.known.metainfo.piece_length.into());
        let (head, tail) = (0..self.len.min(HEAD), self.len.saturating_sub(tail)..self.len);
        let (open, live_too) = (self.clone(), live.clone());
        let ends = async move {
            // The first piece before all: side by side, a piece of the tail would often go before it,
            // and a player that waits for its first byte would wait for both.
            warm_up(open.clone(), live_too.clone(), 0..head.end.min(1)).await;
            let tail = warm_up(open.clone(), live_too.clone(), tail);
            tokio::join!(warm_up(open, live_too, head), tail);
        };
        self.torrents.tasks.spawn(warm.clone().run_until_cancelled_owned(ends));
        let watch = self.clone().watch(live.clone());
        self.torrents.tasks.spawn(warm.clone().run_until_cancelled_owned(watch));
    }
}

/// When the torrent's folder was made; now, where that is not known.
fn since(folder: &Path) -> SystemTime {
    let made = std::fs::metadata(folder).and_then(|metadata| metadata.created());
    made.unwrap_or_else(|_| SystemTime::now())
}

impl Representation for SwarmFile {
    fn len(&self) -> u64 {
        self.open.len
    }

    fn media_type(&self) -> &str {
        self.open.media_type
    }

    fn entity_tag(&self) -> &str {
        &self.open.entity_tag
    }

    fn last_modified(&self) -> SystemTime {
        self.open.since
    }

    fn may_stall(&self) -> bool {
        !self.is_complete()
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        let reader = Reader::new(self.open.clone(), range, self.warm.clone());
        stream::try_unfold(reader, async |mut reader| {
            Ok(reader.next().await?.map(|bytes| (bytes, reader)))
        })
        .boxed()
    }
}
