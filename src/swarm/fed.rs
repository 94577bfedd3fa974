//! One file of a torrent that lies somewhere as a whole: read from there piece by piece, and no piece
//! passed on whose hash is wrong.
//!
//! The engine checks each piece as well. Checking it here first has two reasons: a piece that the
//! engine takes from us over to another peer keeps the blocks it has, and that peer would be blamed
//! for ours; and only who checks knows that a source has other bytes, and can leave it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::feeder::Feed;
use crate::representation::Representation;
use crate::torrent::metainfo::Pieces;

/// How often a piece is read before its bytes count as wrong: once more, since a transfer may spoil
/// what lies there sound.
const READINGS: usize = 2;
/// How long the next bytes of a source are waited for. Peers may have the piece.
const PATIENCE: Duration = Duration::from_secs(10);
/// For how long a source that failed is not tried; doubled each time, to [`LONGEST_REST`].
const REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(600);

/// The file, and where its bytes come from.
pub(super) struct Fed {
    pub(super) index: u32,
    pub(super) pieces: Pieces,
    len: u64,
    feed: Mutex<Arc<dyn Feed>>,
    source: tokio::sync::Mutex<Option<Arc<dyn Representation>>>,
    health: Mutex<Health>,
}

#[derive(Default)]
struct Health {
    rests_until: Option<Instant>,
    failures: u32,
    /// It has other bytes: it is not asked again.
    has_other_bytes: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fed {
    pub(super) fn new(index: u32, pieces: Pieces, len: u64, feed: Arc<dyn Feed>) -> Self {
        let feed = Mutex::new(feed);
        Self {
            index,
            pieces,
            len,
            feed,
            source: tokio::sync::Mutex::default(),
            health: Mutex::default(),
        }
    }

    /// Opens by this from now on; what is open stays so.
    pub(super) fn renew(&self, feed: Arc<dyn Feed>) {
        *lock(&self.feed) = feed;
    }

    /// Whether it is worth asking now.
    pub(super) fn is_up(&self) -> bool {
        let health = lock(&self.health);
        !health.has_other_bytes && health.rests_until.is_none_or(|until| until <= Instant::now())
    }

    /// Its source, opened at the first call.
    pub(super) async fn open(&self) -> io::Result<Arc<dyn Representation>> {
        let mut source = self.source.lock().await;
        if !self.is_up() {
            return Err(io::Error::other("it has failed just now"));
        }
        if let Some(source) = &*source {
            return Ok(source.clone());
        }
        let opening = lock(&self.feed).open();
        let opened = opening.await.and_then(|opened| {
            let same = opened.len() == self.len;
            same.then_some(opened).ok_or_else(|| "its file has another length".to_owned())
        });
        match opened {
            Ok(opened) => Ok(source.insert(opened).clone()),
            Err(why) => {
                self.rest();
                Err(io::Error::other(why))
            }
        }
    }

    /// The bytes of a piece. They are the torrent's: their hash is right.
    pub(super) async fn piece(self: Arc<Self>, piece: u32) -> io::Result<Bytes> {
        let source = self.open().await?;
        for _ in 0..READINGS {
            let bytes = match self.read(&*source, piece).await {
                Ok(bytes) => bytes,
                Err(error) => {
                    // The next one is opened anew.
                    self.source.lock().await.take();
                    self.rest();
                    return Err(error);
                }
            };
            // A piece may have 32 MiB.
            let (fed, hashed) = (self.clone(), bytes.clone());
            let checked = spawn_blocking(move || fed.pieces.are_right(piece, &hashed)).await;
            if checked.is_ok_and(|right| right) {
                let mut health = lock(&self.health);
                (health.rests_until, health.failures) = (None, 0);
                return Ok(bytes);
            }
        }
        lock(&self.health).has_other_bytes = true;
        tracing::warn!(piece, "a source has other bytes than the torrent says, and is left");
        Err(io::Error::new(io::ErrorKind::InvalidData, "it has other bytes than the torrent"))
    }

    async fn read(&self, source: &dyn Representation, piece: u32) -> io::Result<Bytes> {
        let range = self.pieces.bytes_of(piece).ok_or(io::ErrorKind::NotFound)?;
        let size = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        let whole = self.pieces.len_of(piece) as usize;
        let mut bytes = Vec::with_capacity(whole);
        let mut body = source.read(range);
        while bytes.len() < size {
            let Some(chunk) = timeout(PATIENCE, body.next()).await? else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            let chunk = chunk?;
            bytes.extend_from_slice(&chunk[..chunk.len().min(size - bytes.len())]);
        }
        // Padding, BEP 47.
        bytes.resize(whole, 0);
        Ok(bytes.into())
    }

    fn rest(&self) {
        let mut health = lock(&self.health);
        let rest = REST.saturating_mul(1 << health.failures.min(10)).min(LONGEST_REST);
        health.rests_until = Some(Instant::now() + rest);
        health.failures += 1;
    }
}
