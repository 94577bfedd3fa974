//! What is in a torrent: told by peers (where they are slow, by a cache), or by the store where it
//! has the torrent at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::{Kept, Outcome, TorrentError};
use crate::playback::{Error, Playback, durably, lock};
use crate::torrent::metainfo::Metainfo;
use crate::torrent::{Availability, InfoHash, Magnet, TorrentFile, entity_tag};

/// How long peers are still waited for once a store has answered: the torrent's own numbers of its
/// files are what programs know.
const GRACE: Duration = Duration::from_secs(3);
/// How long a store is waited for where peers may be asked as well.
const STORE_PATIENCE: Duration = Duration::from_secs(4);

/// A torrent's name and files.
pub(super) struct Described {
    name: String,
    files: Vec<TorrentFile>,
}

impl Described {
    pub(super) fn of(metainfo: &Metainfo) -> Self {
        Self { name: metainfo.name.clone(), files: metainfo.files.clone() }
    }

    /// A store's list. Where it does not number its files, or not each differently, their order does.
    fn by_store(name: String, mut files: Vec<TorrentFile>) -> Self {
        let numbers: std::collections::BTreeSet<_> =
            files.iter().filter_map(|file| file.index).collect();
        if numbers.len() != files.len() {
            for (file, index) in files.iter_mut().zip(0..) {
                file.index = Some(index);
            }
        }
        files.sort_by_key(|file| file.index);
        for file in &mut files {
            file.link = None;
        }
        Self { name, files }
    }
}

impl Playback {
    /// Describes a torrent on a task of its own; who asks while it is under way hears the same.
    pub(super) fn describing(self: &Arc<Self>, info_hash: InfoHash, magnet: &Magnet) -> Outcome {
        let mut under_way = lock(&self.torrents.under_way);
        let running = |hears: &&Outcome| hears.borrow().is_none() && hears.has_changed().is_ok();
        if let Some(hears) = under_way.get(&info_hash).filter(running) {
            return hears.clone();
        }
        let (tells, hears) = watch::channel(None);
        under_way.insert(info_hash, hears.clone());
        drop(under_way);
        let (playback, magnet) = (Arc::clone(self), magnet.clone());
        let ending = self.desk.ending.clone();
        self.parts.tasks.spawn(async move {
            let places = Arc::clone(&playback.torrents.places);
            let work = async {
                let _place = places.acquire_owned().await;
                playback.describe_torrent(&magnet).await
            };
            let Some(outcome) = ending.run_until_cancelled(work).await else { return };
            if let Err(error) = &outcome {
                tracing::info!(%info_hash, %error, "torrent: not described");
            }
            tells.send_replace(Some(outcome));
        });
        hears
    }

    async fn describe_torrent(&self, magnet: &Magnet) -> Result<(), TorrentError> {
        let info_hash = magnet.info_hash;
        let failed = |why: String| TorrentError::NotDescribed { info_hash, why };
        let described = self.ask_for_description(magnet).await?;
        let (name, files) = (described.name.clone(), described.files.len());
        self.keep_description(info_hash, described).map_err(|error| failed(error.to_string()))?;
        tracing::info!(%info_hash, name, files, "torrent: ready");
        Ok(())
    }

    async fn ask_for_description(&self, magnet: &Magnet) -> Result<Described, TorrentError> {
        let info_hash = magnet.info_hash;
        let failed = |why: String| TorrentError::NotDescribed { info_hash, why };
        let allowed = self.parts.swarm.allowed();
        if let Some(metainfo) = self.parts.swarm.known(&info_hash) {
            return Ok(Described::of(&metainfo));
        }
        let mirrored = self.parts.mirrors.has_own();
        if !allowed && self.debrid().is_none() && !mirrored {
            return Err(TorrentError::NoWay { info_hash });
        }
        let peers = async {
            let told = self.description(magnet).await;
            told.map(|(metainfo, _)| Described::of(&metainfo)).map_err(|e| failed(e.to_string()))
        };
        let store = self.describe_by_store(magnet);
        tokio::pin!(peers, store);
        if !allowed {
            return match store.await {
                Err(why) if mirrored => {
                    self.describe_by_cache(&info_hash).await.ok_or_else(|| failed(why))
                }
                by_store => by_store.map_err(failed),
            };
        }
        tokio::select! {
            by_peers = &mut peers => match by_peers {
                Ok(described) => Ok(described),
                Err(error) => store.await.map_err(|_| error),
            },
            by_store = &mut store => match by_store {
                Ok(described) => match timeout(GRACE, peers).await {
                    Ok(Ok(by_peers)) => Ok(by_peers),
                    _ => Ok(described),
                },
                Err(_) => peers.await,
            },
        }
    }

    /// What a torrent cache says is in it: enough for a mirror of the owner's to be read.
    async fn describe_by_cache(&self, info_hash: &InfoHash) -> Option<Described> {
        let bytes = self.parts.mirrors.metainfo(info_hash).await.ok()?;
        let metainfo = self.parts.swarm.add_metainfo(&bytes).ok()?;
        Some(Described::of(&metainfo))
    }

    /// What the store says is in it, where it has it at once: nobody has a store download a torrent
    /// to learn what is in it.
    async fn describe_by_store(&self, magnet: &Magnet) -> Result<Described, String> {
        let debrid = self.debrid().ok_or("no debrid store is set")?;
        let checked = debrid.check(&[magnet.info_hash], None).await;
        let checked = checked.map_err(|error| error.to_string())?;
        let cached = |state| state == Availability::Cached;
        if !checked.iter().any(|row| cached(row.availability)) {
            return Err(format!("{} does not have it at once", debrid.store()));
        }
        let stored = debrid.add(magnet).await.map_err(|error| error.to_string())?;
        if stored.files.is_empty() {
            return Err(format!("{} lists no file of it", debrid.store()));
        }
        Ok(Described::by_store(stored.name, stored.files))
    }

    /// The same file at the store, where it has the torrent at once.
    pub(super) async fn at_store(
        &self,
        magnet: &Magnet,
        file: &TorrentFile,
    ) -> Option<TorrentFile> {
        let asking = self.ask_store_for(magnet, file);
        if !self.parts.swarm.allowed() {
            return asking.await;
        }
        // A store that does not have it ready soon, although it said so: peers are there.
        timeout(STORE_PATIENCE, asking).await.ok().flatten()
    }

    async fn ask_store_for(&self, magnet: &Magnet, file: &TorrentFile) -> Option<TorrentFile> {
        let debrid = self.debrid()?;
        let checked = debrid.check(&[magnet.info_hash], None).await.ok()?;
        checked.iter().find(|row| row.availability == Availability::Cached)?;
        let stored = debrid.add(magnet).await.ok()?;
        let tag = |file: &TorrentFile| entity_tag(&magnet.info_hash, file);
        let wanted = tag(file);
        stored.files.into_iter().find(|one| one.link.is_some() && tag(one) == wanted)
    }

    /// Keeps a description, unless one is kept: the numbers of files never change.
    pub(super) fn keep_description(
        &self,
        info_hash: InfoHash,
        described: Described,
    ) -> Result<Kept, Error> {
        let key = Kept::key(&info_hash);
        let kept = self.parts.state.get::<Kept>(&key)?;
        let mut kept = kept.ok_or(TorrentError::Unknown { info_hash })?;
        if kept.files.is_empty() {
            let name = Some(described.name).filter(|name| !name.is_empty());
            kept = Kept { name: name.or(kept.name), files: described.files, ..kept };
            durably(|| self.parts.state.put(&key, &kept))?;
        }
        Ok(kept)
    }
}
