//! Films that are opened when somebody plays them: a link to a candidate that nobody has chosen yet.
//!
//! A list of candidates is made of many such links, and most are never followed; so the link says what
//! was asked and which torrent it shall be (`ask:tt0944947:1:1@` and its info hash), and the first
//! request for its bytes opens it. Others that come meanwhile (a player that has lost its patience, a
//! second range) wait for the same.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::{Error, Playback, lock};
use crate::media::StremioId;
use crate::torrent::InfoHash;

/// What the media id of a film begins with that is asked for by its title, whether a torrent is named
/// or is yet to be chosen.
pub(super) const ASKED: &str = "ask:";
/// Most that are remembered.
const MOST: usize = 256;

/// What is to be played, and by which torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByHash {
    pub(super) id: StremioId,
    pub(super) info_hash: InfoHash,
}

/// The media ids that they led to of late; empty while one is being opened.
pub(super) type Opened = Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<String>>>>>;

impl ByHash {
    /// Reads a media id of this kind.
    pub(super) fn read(media_id: &str) -> Option<Self> {
        let (id, info_hash) = media_id.strip_prefix(ASKED)?.split_once('@')?;
        Some(Self { id: id.parse().ok()?, info_hash: info_hash.parse().ok()? })
    }
}

impl fmt::Display for ByHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ASKED}{}@{}", self.id, self.info_hash)
    }
}

impl Playback {
    /// What `asked` led to of late, without opening anything.
    pub(super) fn opened_before(&self, asked: ByHash) -> Option<String> {
        let place = lock(&self.opened_by_hash).get(&asked.to_string()).map(Arc::clone)?;
        let opened = place.try_lock().ok()?;
        opened.clone().filter(|media_id| self.known(media_id).is_ok())
    }

    /// The media id of the film that `asked` leads to: opened before, or now.
    pub(super) async fn opened_by_hash(self: &Arc<Self>, asked: ByHash) -> Result<String, Error> {
        let place = {
            let mut opened = lock(&self.opened_by_hash);
            if opened.len() >= MOST {
                // What is being waited for has another holder.
                opened.retain(|_, place| Arc::strong_count(place) > 1);
            }
            Arc::clone(opened.entry(asked.to_string()).or_default())
        };
        let playback = Arc::clone(self);
        // A task's work: a player that goes away must not take it back.
        let opening = self.parts.tasks.spawn(async move {
            let mut opened = place.lock().await;
            if let Some(media_id) = opened.as_ref().filter(|id| playback.session(id).is_ok()) {
                return Ok(media_id.clone());
            }
            let play = playback.play(&asked.id, Some(asked.info_hash)).await?;
            Ok(opened.insert(play.media_id).clone())
        });
        opening.await.unwrap_or_else(|_| {
            let (name, why) = (asked.id.to_string(), "the server is stopping".to_owned());
            Err(Error::Gone { name, why })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_and_printed() {
        let hash = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";
        for text in [&format!("ask:kitsu:12:3@{hash}"), &format!("ask:tt1254207@{hash}")] {
            let read = ByHash::read(text).map(|asked| asked.to_string());
            assert_eq!(read.as_ref(), Some(text));
        }
        for text in ["", "ask:", "ask:tt1254207", "tt1254207", "ask:tt1254207@", "ask:@"] {
            assert_eq!(ByHash::read(text), None, "{text}");
        }
        assert_eq!(ByHash::read(&format!("ask:nonsense@{hash}")), None);
    }
}
