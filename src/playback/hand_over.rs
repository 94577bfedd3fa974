//! For players that read torrents themselves: the magnet of the best candidate, which this box opens
//! for nobody.

use super::{Error, Playback};
use crate::media::StremioId;
use crate::select::Candidate;
use crate::torrent::{InfoHash, Magnet};

/// A candidate, and what a player of torrents needs of it.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// The link.
    pub magnet: Magnet,
    /// The torrent.
    pub candidate: Candidate,
}

impl Playback {
    /// The magnet of the best candidate for `id`, or of the one whose hash is `only`.
    pub async fn hand_over(
        &self,
        id: &StremioId,
        only: Option<InfoHash>,
    ) -> Result<HandOver, Error> {
        let findings = self.findings(id, only).await;
        let wanted = |one: &&Candidate| match only {
            Some(only) => one.torrent.info_hash == only,
            None => one.put_aside().is_none(),
        };
        let Some(candidate) = findings.candidates.iter().find(wanted) else {
            return Err(match (only, findings.nobody_answered()) {
                (Some(info_hash), _) => Error::NotACandidate { id: *id, info_hash },
                (None, Some(why)) => why,
                (None, None) => Error::NothingFound { id: *id },
            });
        };
        Ok(HandOver { magnet: candidate.torrent.magnet(), candidate: candidate.clone() })
    }
}
