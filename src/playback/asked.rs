//! Films that are opened when somebody plays them: a link to a candidate that nobody has chosen yet.
//!
//! A list of candidates is made of many such links, and most are never followed; so the link says what
//! was asked (`ask:tt0944947:1:1`) and which torrent it shall be (`@` and its info hash), and the first
//! request for its bytes makes the choice. Others that come meanwhile (a player that has lost its
//! patience, a second range) wait for the same.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::{Error, Playback, lock};
use crate::media::StremioId;
use crate::torrent::InfoHash;

/// What the media id of such a film begins with.
const PREFIX: &str = "ask:";
/// Most choices that are remembered.
const MOST: usize = 256;

/// What is to be played, and by which torrent, where that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) id: StremioId,
    pub(super) info_hash: Option<InfoHash>,
}

/// The choices of late, by what was asked: empty while it is being made.
pub(super) type Choices = Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<String>>>>>;

impl Asked {
    /// Reads a media id of this kind.
    pub(super) fn read(media_id: &str) -> Option<Self> {
        let asked = media_id.strip_prefix(PREFIX)?;
        let (id, info_hash) = match asked.split_once('@') {
            Some((id, hash)) => (id, Some(hash.parse().ok()?)),
            None => (asked, None),
        };
        Some(Self { id: id.parse().ok()?, info_hash })
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.id)?;
        self.info_hash.map_or(Ok(()), |hash| write!(f, "@{hash}"))
    }
}

impl Playback {
    /// The media id of the film that `asked` leads to: chosen before, or now.
    pub(super) async fn chosen(self: &Arc<Self>, asked: Asked) -> Result<String, Error> {
        let choice = {
            let mut choices = lock(&self.choices);
            if choices.len() >= MOST {
                // What is being waited for has another holder.
                choices.retain(|_, choice| Arc::strong_count(choice) > 1);
            }
            Arc::clone(choices.entry(asked.to_string()).or_default())
        };
        let playback = Arc::clone(self);
        // A task's work: a player that goes away must not take it back.
        let choosing = self.parts.tasks.spawn(async move {
            let mut chosen = choice.lock().await;
            if let Some(media_id) = chosen.as_ref().filter(|id| playback.session(id).is_ok()) {
                return Ok(media_id.clone());
            }
            let play = playback.play(&asked.id, asked.info_hash).await?;
            Ok(chosen.insert(play.media_id).clone())
        });
        let stopping =
            || Error::Gone { name: asked.id.to_string(), why: "the server is stopping".to_owned() };
        choosing.await.unwrap_or_else(|_| Err(stopping()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_and_printed() {
        let hash = "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c";
        for text in [
            "ask:tt1254207",
            "ask:tt0944947:1:1",
            &format!("ask:kitsu:12:3@{hash}"),
            &format!("ask:tt1254207@{hash}"),
        ] {
            assert_eq!(Asked::read(text).map(|asked| asked.to_string()).as_deref(), Some(text));
        }
        for text in ["", "ask:", "tt1254207", "ask:tt1254207@", "ask:tt1254207@xyz", "ask:@"] {
            assert_eq!(Asked::read(text), None, "{text}");
        }
    }
}
