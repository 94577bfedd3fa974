//! What plain HTTP has of a film: mirrors of its bytes, and caches of torrents' descriptions.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::playable::Playable;
use super::{Error, Playback, lock};
use crate::mirror::{Given, Wanted};
use crate::representation::Representation;
use crate::swarm;
use crate::torrent::metainfo::{Metainfo, Pieces};
use crate::torrent::{Magnet, TorrentFile, entity_tag};

/// How long peers are asked for a description before a cache is: most have it sooner, and a cache
/// learns what is looked at.
const PEERS_FIRST: Duration = Duration::from_secs(3);

/// Who told what is in a torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Teller {
    Peers,
    /// No peer has said anything for a while.
    Cache,
}

impl Playback {
    /// Whether there is anything to be asked for a mirror of it.
    pub(super) fn is_mirrored(&self, playable: &Playable) -> bool {
        self.parts.mirrors.has_any(&self.wanted(playable))
    }

    /// Its bytes from the mirrors that have it.
    pub(super) async fn mirror_of(
        &self,
        playable: &Playable,
    ) -> Result<Arc<dyn Representation>, Error> {
        let wanted = self.wanted(playable);
        Ok(self.parts.mirrors.open_as_of(&wanted, playable.modified()).await?)
    }

    /// What was passed on of it from a store.
    fn given_of(&self, playable: &Playable) -> Option<Given> {
        lock(&self.sessions).get(&playable.media_id())?.given.last()
    }

    /// The web seeds of a torrent: those that its magnet named (`ws=`, BEP 9), and those of its
    /// description (`url-list`, BEP 19).
    pub(super) fn web_seeds(&self, metainfo: &Metainfo) -> Vec<String> {
        let mut seeds = self.web_seeds_named(&metainfo.info_hash);
        let new = metainfo.web_seeds.iter().filter(|seed| !seeds.contains(seed));
        let new: Vec<String> = new.cloned().collect();
        seeds.extend(new);
        seeds
    }

    /// What is asked of mirrors: where the torrent's description is known, the file by its path in it.
    fn wanted(&self, playable: &Playable) -> Wanted {
        let info_hash = playable.info_hash;
        let alone = || Wanted {
            info_hash,
            file: playable.file.clone(),
            torrent_name: Some(playable.release.clone()),
            single_file: false,
            web_seeds: self.web_seeds_named(&info_hash),
            pieces: None,
            given: self.given_of(playable),
        };
        let known = self.parts.swarm.known(&info_hash);
        let wanted = known.and_then(|known| {
            let wanted = described(&known, playable)?;
            Some(Wanted { web_seeds: self.web_seeds(&known), ..wanted })
        });
        wanted.unwrap_or_else(alone)
    }

    /// What is in a torrent: from peers; where they are slow, from a cache. Says which.
    pub(super) async fn description(
        &self,
        magnet: &Magnet,
    ) -> Result<(Arc<Metainfo>, Teller), swarm::Error> {
        let mut peers = pin!(self.parts.swarm.resolve(magnet));
        let mut cache = pin!(async {
            sleep(PEERS_FIRST).await;
            let bytes = self.parts.mirrors.metainfo(&magnet.info_hash).await.ok()?;
            self.parts.swarm.add_metainfo(&bytes).ok()
        });
        tokio::select! {
            found = &mut peers => match found {
                Ok(metainfo) => Ok((metainfo, Teller::Peers)),
                Err(error) => cache.await.map(|metainfo| (metainfo, Teller::Cache)).ok_or(error),
            },
            found = &mut cache => match found {
                Some(metainfo) => Ok((metainfo, Teller::Cache)),
                None => Ok((peers.await?, Teller::Peers)),
            },
        }
    }
}

/// What a file's pieces hash to: a mirror whose bytes are other ones is none.
pub(super) fn pieces_of(metainfo: &Metainfo, file: &TorrentFile) -> Option<Arc<Pieces>> {
    metainfo.pieces_of(file.index?).map(Arc::new)
}

/// The file as the torrent's description has it.
fn described(metainfo: &Metainfo, playable: &Playable) -> Option<Wanted> {
    let wanted = entity_tag(&playable.info_hash, &playable.file);
    let same = |file: &&TorrentFile| entity_tag(&playable.info_hash, file) == wanted;
    let mut files = metainfo.files.iter().filter(same);
    let file = files.next().filter(|_| files.next().is_none())?;
    Some(Wanted {
        info_hash: playable.info_hash,
        file: file.clone(),
        torrent_name: Some(metainfo.name.clone()),
        single_file: metainfo.single_file,
        web_seeds: Vec::new(),
        pieces: pieces_of(metainfo, file),
        given: None,
    })
}
