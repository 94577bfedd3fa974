//! A peer of our own. librqbit takes pieces from peers alone, so what lies at an HTTP server comes into
//! the swarm as one: it listens on loopback, is among the torrent's first peers, and gives the pieces
//! of files that a [`Feed`] leads to.
//!
//! It claims only pieces that hold one such file's bytes and no other's, asks nobody for a source
//! before the engine wants pieces, and gives none whose hash is wrong.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::fed::Fed;
use super::feeding::talk;
use crate::representation::Representation;
use crate::torrent::InfoHash;
use crate::torrent::metainfo::Metainfo;

/// Most connections at one time: the engine's, and one of before that has not noticed its end yet.
const CONNECTIONS: usize = 4;

/// Where a file of a torrent lies as a whole, beside its peers.
pub trait Feed: Send + Sync {
    /// Opens it. Asked when pieces are wanted, and again after a failure; the error is one sentence
    /// without a secret.
    fn open(&self) -> BoxFuture<'static, Result<Arc<dyn Representation>, String>>;
}

/// The peer of one torrent. It ends when it is dropped.
pub struct Feeder {
    shared: Arc<Shared>,
    addr: SocketAddr,
    _end: DropGuard,
}

/// What the peer and its connections share.
pub(super) struct Shared {
    pub(super) metainfo: Arc<Metainfo>,
    pub(super) tasks: TaskTracker,
    /// How many files there are, for who waits for one more.
    pub(super) added: watch::Sender<usize>,
    files: Mutex<Vec<Arc<Fed>>>,
    connections: AtomicUsize,
}

impl Feeder {
    /// Listens on a free port of 127.0.0.1, until `end` or until it is dropped.
    pub async fn start(
        metainfo: Arc<Metainfo>,
        tasks: &TaskTracker,
        end: &CancellationToken,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            metainfo,
            tasks: tasks.clone(),
            added: watch::Sender::new(0),
            files: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let end = end.child_token();
        let listening = listen(shared.clone(), listener, end.clone());
        tasks.spawn(end.clone().run_until_cancelled_owned(listening));
        Ok(Self { shared, addr, _end: end.drop_guard() })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Gives a file's pieces from now on. Of a file that it gives already, the next source is opened
    /// by this feed. Says whether the file has pieces of its own.
    pub fn attach(&self, index: u32, feed: Arc<dyn Feed>) -> bool {
        if let Some(file) = self.shared.files().iter().find(|file| file.index == index) {
            file.renew(feed);
            return true;
        }
        let metainfo = &self.shared.metainfo;
        let len = metainfo.file(index).and_then(|file| file.size_bytes);
        let (Some(pieces), Some(len)) = (metainfo.pieces_of(index), len) else { return false };
        if pieces.own().is_empty() {
            return false;
        }
        let file = Arc::new(Fed::new(index, pieces, len, feed));
        self.shared.files.lock().unwrap_or_else(PoisonError::into_inner).push(file);
        self.shared.added.send_modify(|count| *count += 1);
        true
    }

    /// How many are connected: the engine counts them among its peers.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// The files, in the order in which they were added.
    pub(super) fn files(&self) -> Vec<Arc<Fed>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn info_hash(&self) -> InfoHash {
        self.metainfo.info_hash
    }

    /// Counts a connection, until the guard is dropped.
    pub(super) fn count(&self) -> Counted<'_> {
        self.connections.fetch_add(1, Ordering::SeqCst);
        Counted(self)
    }
}

pub(super) struct Counted<'a>(&'a Shared);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn listen(shared: Arc<Shared>, listener: TcpListener, end: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            // No descriptor is free.
            sleep(Duration::from_millis(200)).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let talked = shared.clone();
        let talking = async move {
            if let Err(why) = talk(&talked, stream).await {
                let info_hash = talked.info_hash();
                tracing::debug!(%info_hash, %from, %why, "a connection to our own peer has ended");
            }
            drop(place);
        };
        shared.tasks.spawn(end.clone().run_until_cancelled_owned(talking));
    }
}
