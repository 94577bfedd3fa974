//! What is in a torrent: its description, from memory, from peers (BEP 9) or from whoever else has it.
//! Nothing need be open for that, and whoever waits for one is told as soon as anybody has learnt it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use librqbit::{AddTorrent, AddTorrentOptions, AddTorrentResponse, ListOnlyResponse, Session};
use tokio::time::{sleep, timeout};

use super::Error;
use super::known::Known;
use super::torrents::{Torrents, lock};
use crate::torrent::metainfo::{Bad, Metainfo};
use crate::torrent::{InfoHash, Magnet};

/// How long one round of asking for a description takes.
const ROUND: Duration = Duration::from_secs(12);

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

impl Torrents {
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
}
