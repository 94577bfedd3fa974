//! What lies on the disks and belongs to no title. What this state has begun goes by itself; what was
//! found, the films of an earlier state or of another box, goes when the owner says so.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde::Serialize;

use super::lying::{Lie, Lying, Title};
use super::shelf::{LIBRARY, PERMANENT};
use super::{Error, Playback, durably};
use crate::library::{File, Root};
use crate::torrent::InfoHash;

/// How much was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The torrents: a film each, or more of one.
    pub films: usize,
    /// What all of it takes.
    pub bytes: u64,
}

impl Playback {
    /// Whether a file of no title was found in a library. What lies in a folder of the owner's is none
    /// of this: another server may keep its films there for good.
    pub(super) fn is_found(&self, root: &Root, file: &File) -> bool {
        match root.name.as_str() {
            LIBRARY => !self.has_begun(&file.info_hash, root),
            name => name == PERMANENT,
        }
    }

    /// How much of what belongs to no title was found.
    pub(super) fn found(&self, others: &[Lying], roots: &[Root]) -> Found {
        let found = others.iter().filter(|(root, file)| self.is_found(&roots[*root], file));
        let (mut films, mut bytes) = (HashSet::new(), 0);
        for (_, file) in found {
            films.insert(file.info_hash);
            bytes += file.bytes;
        }
        Found { films: films.len(), bytes }
    }

    /// Removes what was found; what it took. Nothing is removed, and `None` answered, where it takes
    /// something else than was `shown`. A torrent of which somebody reads another file stays.
    pub async fn remove_found(&self, shown: Option<u64>) -> Result<Option<u64>, Error> {
        let _alone = self.shelf.changing.lock().await;
        self.sign_what_came();
        let Lie { roots, titles, others } = self.walk()?;
        if shown.is_some_and(|shown| shown != self.found(&others, &roots).bytes) {
            return Ok(None);
        }
        let read = self.torrents_read(&titles);
        let mut found: BTreeMap<InfoHash, Vec<&Lying>> = BTreeMap::new();
        for lying in others.iter().filter(|(root, file)| self.is_found(&roots[*root], file)) {
            found.entry(lying.1.info_hash).or_default().push(lying);
        }
        let (mut freed, mut failed) = (0, None);
        for (info_hash, files) in found {
            // The engine lets go first: it would take what is gone for there.
            if read.contains(&info_hash) || !self.parts.swarm.forget(&info_hash).await? {
                continue;
            }
            for (root, file) in files {
                match durably(|| roots[*root].remove(&file.path)) {
                    Ok(()) => freed += file.bytes,
                    Err(error) => failed = Some(error),
                }
            }
        }
        tracing::info!(bytes = freed, "what was found in the library was removed");
        match failed {
            Some(error) => Err(Error::Disk { why: error.kind().to_string() }),
            None => Ok(Some(freed)),
        }
    }

    /// Removes what belongs to no title: what a piece across two files left in the neighbour, once
    /// nothing of its torrent is wanted. Only in the library, and only of torrents that this state has
    /// begun there: what else has a name of ours is the film of somebody.
    pub(super) fn remove_others(
        &self,
        others: &[Lying],
        titles: &[Title],
        roots: &[Root],
        idle: Duration,
    ) -> u64 {
        let wanted: HashSet<InfoHash> = titles
            .iter()
            .filter(|title| title.files.iter().any(|(_, file)| file.path.is_file()))
            .map(|title| title.playable.info_hash)
            .collect();
        let is_open = |hash: &InfoHash| {
            let status = self.parts.swarm.status(hash);
            status.is_some_and(|status| status.state != crate::swarm::State::Paused)
        };
        let mut freed = 0;
        for (root, file) in others {
            let root = &roots[*root];
            let ours = root.name == LIBRARY && self.has_begun(&file.info_hash, root);
            let stays = !ours || wanted.contains(&file.info_hash) || is_open(&file.info_hash);
            // Time while the server was off does not count.
            if stays || file.age.min(self.shelf.started.elapsed()) < idle {
                continue;
            }
            match durably(|| root.remove(&file.path)) {
                Ok(()) => {
                    freed += file.bytes;
                    self.forget_begun(&file.info_hash, root);
                }
                Err(error) => tracing::warn!(%error, "a file could not be removed"),
            }
        }
        freed
    }
}
