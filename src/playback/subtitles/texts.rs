//! The subtitles themselves: fetched once, kept as text.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::super::playable::{Playable, Via};
use super::super::{Error, Playback, lock};
use super::Wish;
use crate::cache::Cache;
use crate::representation::Representation;
use crate::subtitle::{Beside, Hints, MOST_BYTES, Subtitle};
use crate::torrent::TorrentFile;

/// How long one way may take to give all of a file.
const PATIENCE: Duration = Duration::from_secs(45);
/// Most subtitles that are kept in memory: some 150 kB each.
const MOST: usize = 24;

/// Subtitles that were read lately, and those that are just being fetched.
#[derive(Default)]
pub(super) struct Texts {
    kept: Mutex<VecDeque<(String, Arc<Subtitle>)>>,
    turns: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl Texts {
    /// What is here under this name: in memory, else in the cache.
    pub(super) fn kept(&self, cache: &Cache, key: &str) -> Option<Arc<Subtitle>> {
        let remembered = {
            let mut kept = lock(&self.kept);
            let place = kept.iter().position(|(known, _)| known == key);
            let one = place.and_then(|place| kept.remove(place));
            one.inspect(|one| kept.push_back(one.clone()))
        };
        if let Some((_, text)) = remembered {
            return Some(text);
        }
        let text = Subtitle::read(cache.subtitle(key)?.as_bytes(), Hints::default()).ok()?;
        Some(self.remember(key, text))
    }

    pub(super) fn keep(&self, cache: &Cache, key: &str, text: Subtitle) -> Arc<Subtitle> {
        cache.put_subtitle(key, &text.srt());
        self.remember(key, text)
    }

    fn remember(&self, key: &str, text: Subtitle) -> Arc<Subtitle> {
        let text = Arc::new(text);
        let mut kept = lock(&self.kept);
        kept.retain(|(known, _)| known != key);
        kept.push_back((key.to_owned(), Arc::clone(&text)));
        while kept.len() > MOST {
            kept.pop_front();
        }
        text
    }

    /// Who asks for the same waits for the one who fetches it.
    pub(super) fn turn(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = lock(&self.turns);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = turns.get(key).and_then(Weak::upgrade).unwrap_or_default();
        turns.insert(key.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

impl Playback {
    /// Fetches a file beside a film by the ways that the film may come, and reads it.
    pub(super) async fn fetched(
        self: &Arc<Self>,
        key: &str,
        film: &Playable,
        one: Beside,
        wish: Wish,
    ) -> Result<Arc<Subtitle>, Error> {
        let turn = self.subtitles.texts.turn(key);
        let _turn = turn.lock().await;
        if let Some(text) = self.subtitles.texts.kept(&self.parts.cache, key) {
            return Ok(text);
        }
        let bytes = self.bytes_beside(film, &one.file, wish).await?;
        let hints = Hints { language: one.named.language, ..Hints::default() };
        let reading = move || Subtitle::read(&bytes, hints);
        let read = tokio::task::spawn_blocking(reading).await;
        let text = read.map_err(|_| Error::NoSubtitle)??;
        tracing::info!(info_hash = %film.info_hash, file = one.file.base_name(), cues = text.cues(), "subtitles: read beside the film");
        Ok(self.subtitles.texts.keep(&self.parts.cache, key, text))
    }

    async fn bytes_beside(
        &self,
        film: &Playable,
        wanted: &TorrentFile,
        wish: Wish,
    ) -> Result<Vec<u8>, Error> {
        let name = wanted.base_name().to_owned();
        let beside = Playable { file: wanted.clone(), finished: None, ..film.clone() };
        let mut why = "there is no way to its bytes now".to_owned();
        let leaves_peers = wish == Wish::Ahead && !film.comes_by_peers();
        for way in self.ways_of(&beside) {
            if way == Via::Swarm && leaves_peers {
                continue;
            }
            let read = async {
                let bytes = self.reopen_by(way, &beside).await?.representation();
                whole(bytes.as_ref(), &name).await
            };
            match timeout(PATIENCE, read).await {
                Ok(Ok(bytes)) => return Ok(bytes),
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => "it did not come in time".clone_into(&mut why),
            }
        }
        Err(Error::Gone { name, why })
    }
}

async fn whole(from: &dyn Representation, name: &str) -> Result<Vec<u8>, Error> {
    let gone = |why: String| Error::Gone { name: name.to_owned(), why };
    let len = from.len().min(MOST_BYTES);
    let (mut stream, mut bytes) = (from.read(0..len), Vec::new());
    while let Some(part) = stream.next().await {
        bytes.extend_from_slice(&part.map_err(|error| gone(error.to_string()))?);
    }
    if bytes.len() as u64 == len { Ok(bytes) } else { Err(gone("it broke off".to_owned())) }
}
