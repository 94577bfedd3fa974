//! The ways to the bytes of a film that was chosen before: a store's link, peers, mirrors. All give the
//! same bytes, or none.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use super::bytes_by_way::Bytes;
use super::playable::{Playable, Via};
use super::session::Session;
use super::{Error, Playback, lock};
use crate::debrid::{self, Debrid};
use crate::representation::Representation;
use crate::torrent::{Magnet, TorrentFile, entity_tag};

/// How long a server may take to open a film that may come another way, too.
const ANSWERS: Duration = Duration::from_secs(20);

impl Playback {
    /// The ways by which a film may come, the best first: as it came before, then the others.
    pub(super) fn ways_of(&self, playable: &Playable) -> Vec<Via> {
        let ways = match playable.via {
            Via::Debrid => [Via::Debrid, Via::Swarm, Via::Mirror],
            Via::Swarm | Via::Mirror | Via::Disk => [Via::Swarm, Via::Mirror, Via::Debrid],
        };
        let is_there = |way: &Via| match way {
            Via::Debrid => self.debrid().is_some(),
            Via::Swarm => self.parts.swarm.allowed(),
            Via::Mirror => self.is_mirrored(playable),
            Via::Disk => false,
        };
        ways.into_iter().filter(is_there).collect()
    }

    /// Opens a file that was chosen before: from the disk if it is whole there, else by the first way
    /// that leads to it, those that failed just now left out. All give the same bytes under the same
    /// entity tag, so that a player's `If-Match` holds.
    pub(super) async fn reopen(&self, session: &Session) -> Result<Bytes, Error> {
        let playable = &session.playable;
        if let Some(disk) = self.believed_on_disk(session) {
            return Ok(disk);
        }
        let is_lost = playable.finished.as_ref().is_some_and(|path| self.is_lost(path));
        let doubted = session.doubted.load(Ordering::SeqCst) || is_lost;
        let ways = self.ways_of(playable);
        let worth_it = lock(&session.strikes).sort_out(&ways);
        let mut left = worth_it.len();
        for way in worth_it {
            left -= 1;
            let opening = self.reopen_by(way, playable);
            // Who has another way does not wait for a server that says nothing.
            let opened = match way {
                Via::Debrid | Via::Mirror if left > 0 => timeout(ANSWERS, opening).await,
                _ => Ok(opening.await),
            };
            let silent = || {
                let why = "its server does not answer".to_owned();
                Err(Error::Gone { name: playable.link_name(), why })
            };
            match opened.unwrap_or_else(|_| silent()) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => {
                    tracing::info!(via = %way, %error, "a way to a film is shut");
                    lock(&session.strikes).strike(way, error.told());
                }
            }
        }
        let none = || {
            if doubted {
                return "its file on the disk is damaged or gone, and nobody else has it now: play it again once peers or a store may be asked".to_owned();
            }
            "peer-to-peer is off, no debrid store is set, and no mirror".to_owned()
        };
        // The first way's sentence is the one that matters to who chose it.
        let why = lock(&session.strikes).why(&ways).unwrap_or_else(none);
        Err(Error::Gone { name: playable.link_name(), why })
    }

    pub(super) async fn reopen_by(&self, way: Via, playable: &Playable) -> Result<Bytes, Error> {
        let bytes = match (way, self.debrid()) {
            (Via::Debrid, Some(debrid)) => Bytes::Link(link_to(&debrid, playable).await?),
            (Via::Swarm, _) => self.peers_of(playable).await?,
            (Via::Mirror, _) => Bytes::Mirror(self.mirror_of(playable).await?),
            _ => return Err(other_bytes(playable)),
        };
        let representation = bytes.representation();
        // Bytes of two files are never joined, whatever was said of them.
        let same = Some(representation.len()) == playable.file.size_bytes
            && representation.entity_tag() == entity_tag(&playable.info_hash, &playable.file);
        if same { Ok(bytes) } else { Err(other_bytes(playable)) }
    }

    async fn peers_of(&self, playable: &Playable) -> Result<Bytes, Error> {
        let magnet = playable.magnet();
        self.is_not_shunned(&magnet.info_hash)?;
        let (metainfo, _) = self.description(&magnet).await?;
        let index = same_file(playable, &metainfo.files);
        let index = index.ok_or_else(|| other_bytes(playable))?;
        Ok(Bytes::Swarm(Arc::new(self.open_by_peers(&magnet, &metainfo, index).await?)))
    }
}

fn other_bytes(playable: &Playable) -> Error {
    let why = "what is there under its name has other bytes".to_owned();
    Error::Gone { name: playable.link_name(), why }
}

/// A store's link to the file. What was chosen from peers has none yet.
async fn link_to(
    debrid: &Debrid,
    playable: &Playable,
) -> Result<Arc<dyn Representation>, debrid::Error> {
    let magnet = playable.magnet();
    if playable.file.link.is_some() && playable.store == Some(debrid.store()) {
        return debrid.open(&magnet, &playable.file).await;
    }
    link_in_cache(debrid, &magnet, &playable.file).await
}

/// A store's link to a file of which only the torrent's own words are known.
pub(super) async fn link_in_cache(
    debrid: &Debrid,
    magnet: &Magnet,
    file: &TorrentFile,
) -> Result<Arc<dyn Representation>, debrid::Error> {
    let stored = debrid.add(magnet).await?;
    let wanted = entity_tag(&magnet.info_hash, file);
    let same = |file: &&TorrentFile| entity_tag(&magnet.info_hash, file) == wanted;
    let mut files = stored.files.iter().filter(same);
    match (files.next(), files.next()) {
        (Some(file), None) => debrid.open(magnet, file).await,
        _ => Err(debrid::Error::NoLink { store: debrid.store() }),
    }
}

/// The chosen file's place in the torrent. A store's index may be unknown or its own, so name and
/// size say which it is, and the index only where they leave a choice.
fn same_file(playable: &Playable, files: &[TorrentFile]) -> Option<u32> {
    let tag = |file: &TorrentFile| entity_tag(&playable.info_hash, file);
    let wanted = tag(&playable.file);
    let same: Vec<_> = files.iter().filter(|file| tag(file) == wanted).collect();
    let by_index = same.iter().find(|file| file.index == playable.file.index);
    by_index.or_else(|| same.first().filter(|_| same.len() == 1))?.index
}
