//! Which servers fill a torrent's pieces beside its peers.
//!
//! A film that comes by peers may lie whole at a server, too. It then comes from both at once, piece by
//! piece, whoever is faster, and every piece is checked ([`Feed`]). In this order:
//!
//! 1. The debrid store, where one is set and its cache had this very torrent when it was last asked. A
//!    store that would have to fetch it first is not made to: peers are there, and it is the owner's
//!    account.
//! 2. Mirrors, where one may have the file. Nobody vouches for what they have, so here, where each
//!    piece is checked, is where they serve best.
//!
//! Nobody is asked before the engine wants pieces. A link that merely plays is no matter of this file:
//! it is passed on as it comes, unchecked, and none of it is stored.

use std::sync::{Arc, Weak};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Playback;
use super::check::STALE;
use super::desk::Desk;
use super::opening::link_in_cache;
use crate::debrid::{self, Debrid};
use crate::mirror::{Mirrors, Wanted};
use crate::representation::Representation;
use crate::swarm::{self, Feed, SwarmFile};
use crate::torrent::metainfo::Metainfo;
use crate::torrent::{Availability, InfoHash, Magnet, Store, TorrentFile};

/// The servers of one file.
struct Feeds {
    magnet: Magnet,
    file: TorrentFile,
    servers: Vec<Server>,
}

#[derive(Clone)]
enum Server {
    /// The owner's account, as it is when it is asked. Weak: the desk knows the swarm, which keeps
    /// this.
    Store(Weak<Desk>),
    /// Whichever of them has the file.
    Mirrors(Mirrors, Box<Wanted>),
}

impl Playback {
    /// Opens a file that comes by peers, and by whatever server may help them.
    pub(super) async fn open_by_peers(
        &self,
        magnet: &Magnet,
        metainfo: &Metainfo,
        index: u32,
    ) -> Result<SwarmFile, swarm::Error> {
        let file = metainfo.file(index).ok_or(swarm::Error::NoFile(index))?;
        let servers = self.servers_of(magnet, metainfo, file);
        if servers.is_empty() {
            return self.parts.swarm.open(magnet, index).await;
        }
        let feeds = Feeds { magnet: magnet.clone(), file: file.clone(), servers };
        self.parts.swarm.open_fed(magnet, index, Arc::new(feeds)).await
    }

    fn servers_of(&self, magnet: &Magnet, metainfo: &Metainfo, file: &TorrentFile) -> Vec<Server> {
        let mut servers = Vec::new();
        if store_that_has(&self.desk, &magnet.info_hash).is_some() {
            servers.push(Server::Store(Arc::downgrade(&self.desk)));
        }
        let wanted = Wanted {
            info_hash: magnet.info_hash,
            file: file.clone(),
            torrent_name: Some(metainfo.name.clone()),
            single_file: metainfo.single_file,
            web_seeds: self.web_seeds(metainfo),
            // Each piece is looked at.
            pieces: None,
            given: None,
        };
        if self.parts.mirrors.has_any(&wanted) {
            servers.push(Server::Mirrors(self.parts.mirrors.clone(), Box::new(wanted)));
        }
        servers
    }
}

/// The store that is set, if its cache had the torrent when it was last asked.
fn store_that_has(desk: &Desk, info_hash: &InfoHash) -> Option<Arc<Debrid>> {
    let (debrid, cache) = (desk.debrid()?, &desk.parts.cache);
    let (state, age) = cache.availability(debrid.store(), info_hash)?;
    let has = state == Availability::Cached && age < STALE;
    (has && !cache.refused(debrid.store(), info_hash)).then_some(debrid)
}

/// Remembers what a refusal says of this torrent, so that it is not asked for again.
fn learn(desk: &Desk, store: Store, info_hash: InfoHash, error: &debrid::Error) {
    match error {
        debrid::Error::Refused { .. } => desk.parts.cache.put_refused(store, &info_hash),
        debrid::Error::NotReady { .. } => {
            let not_cached = [(info_hash, Availability::NotCached)];
            desk.parts.cache.put_availability(store, &not_cached);
        }
        _ => {}
    }
}

impl Feed for Feeds {
    fn open(&self) -> BoxFuture<'static, Result<Arc<dyn Representation>, String>> {
        let (magnet, file, servers) =
            (self.magnet.clone(), self.file.clone(), self.servers.clone());
        async move {
            let mut why = None;
            for server in servers {
                match server.open(&magnet, &file).await {
                    Ok(bytes) => {
                        let info_hash = magnet.info_hash;
                        tracing::info!(%info_hash, server = server.name(), "a server fills pieces beside the peers");
                        return Ok(bytes);
                    }
                    Err(error) => _ = why.get_or_insert(error),
                }
            }
            Err(why.unwrap_or_default())
        }
        .boxed()
    }
}

impl Server {
    fn name(&self) -> &'static str {
        match self {
            Self::Store(_) => "debrid",
            Self::Mirrors(..) => "mirror",
        }
    }

    async fn open(
        &self,
        magnet: &Magnet,
        file: &TorrentFile,
    ) -> Result<Arc<dyn Representation>, String> {
        match self {
            Self::Store(desk) => {
                let gone = || "no debrid store has it any more".to_owned();
                let desk = desk.upgrade().ok_or_else(gone)?;
                let debrid = store_that_has(&desk, &magnet.info_hash).ok_or_else(gone)?;
                link_in_cache(&debrid, magnet, file).await.map_err(|error| {
                    learn(&desk, debrid.store(), magnet.info_hash, &error);
                    error.to_string()
                })
            }
            Self::Mirrors(mirrors, wanted) => {
                mirrors.open(wanted).await.map_err(|error| error.to_string())
            }
        }
    }
}
