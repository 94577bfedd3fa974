//! Subtitles of a film: those that lie beside it in its torrent, fetched by the ways that the film
//! comes by, those that `OpenSubtitles` has, and what is told of each.

mod files;
mod line;
mod listed;
mod online;
mod texts;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::timeout;

pub use line::{SubtitleLine, SubtitleSource};

use super::by_hash::ByHash;
use super::catalogue::asked;
use super::playable::Playable;
use super::{Error, Playback, lock};
use crate::media::StremioId;
use crate::subtitle::{Beside, Subtitle};
use files::Learning;
use line::{FROM_ONLINE, FROM_TORRENT};
use listed::Listed;
use texts::Texts;

/// How long a list waits for those who are asked.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many of a film's are fetched before somebody asks for them: from peers they are some pieces,
/// from a store each costs the owner's account a request or two.
const FIRST_FROM_PEERS: usize = 40;
const FIRST_FROM_STORE: usize = 4;
/// Most films that are remembered to have been begun.
const MOST_BEGUN: usize = 1_000;

/// What is kept of subtitles while the server runs.
#[derive(Default)]
pub(super) struct Subtitles {
    texts: Texts,
    learning: Learning,
    /// What lies beside a film, by its media id.
    beside: Mutex<HashMap<String, Arc<Vec<Beside>>>>,
    begun: Mutex<HashSet<String>>,
    listed: Listed,
}

/// Whether somebody asks for a text, or it is only fetched ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Asked,
    /// Then nothing of a store's film is fetched from peers: what they send lies on the disk, and
    /// nobody asked for that.
    Ahead,
}

/// What subtitles are wanted for: a chosen file, or a title of which none is chosen yet.
#[derive(Clone)]
struct Whose {
    playable: Option<Playable>,
    id: Option<StremioId>,
}

impl Playback {
    /// The subtitles of a film, those in the household's languages first: what is known is told at
    /// once, else who may know is asked, for at most 3 s.
    pub async fn subtitles(self: &Arc<Self>, media_id: &str) -> Result<Vec<SubtitleLine>, Error> {
        self.subtitles_within(media_id, PATIENCE).await
    }

    /// The same with another patience. What is learnt later is told next time.
    pub async fn subtitles_within(
        self: &Arc<Self>,
        media_id: &str,
        patience: Duration,
    ) -> Result<Vec<SubtitleLine>, Error> {
        let whose = self.whose(media_id)?;
        let files = async {
            if let Some(playable) = &whose.playable {
                self.files_learnt(playable).await;
            }
        };
        let all = async { tokio::join!(files, self.offers_learnt(media_id, &whose)) };
        let _ = timeout(patience, all).await;
        Ok(self.subtitles_known(media_id))
    }

    /// Those that are known. Asks nobody.
    #[must_use]
    pub fn subtitles_known(&self, media_id: &str) -> Vec<SubtitleLine> {
        let Ok(whose) = self.whose(media_id) else { return Vec::new() };
        let languages = self.preferences().languages_to_read();
        let beside = whose.playable.as_ref().and_then(|playable| self.beside(playable));
        let beside = beside.unwrap_or_default();
        let mut lines: Vec<SubtitleLine> =
            beside.iter().map(|one| SubtitleLine::beside(media_id, one)).collect();
        let offers = self.offers_known(media_id, &whose);
        let online = offers.iter().map(|offer| SubtitleLine::online(media_id, offer));
        lines.extend(online.filter(|line| line.rank(&languages).is_some()));
        line::sorted(lines, &languages)
    }

    /// The subtitles that a line's `key` names, fetched where they are not here.
    pub async fn subtitle(self: &Arc<Self>, key: &str) -> Result<Arc<Subtitle>, Error> {
        self.subtitle_for(key, Wish::Asked).await
    }

    async fn subtitle_for(self: &Arc<Self>, key: &str, wish: Wish) -> Result<Arc<Subtitle>, Error> {
        if let Some(text) = self.subtitles.texts.kept(&self.parts.cache, key) {
            return Ok(text);
        }
        let (media_id, which) = key.rsplit_once(':').ok_or(Error::NoSubtitle)?;
        let whose = self.whose(media_id)?;
        if let Some(id) = which.strip_prefix(FROM_ONLINE) {
            return self.fetched_online(key, &whose, id).await;
        }
        let playable = whose.playable.filter(|_| which.starts_with(FROM_TORRENT));
        let playable = playable.ok_or(Error::NoSubtitle)?;
        self.files_learnt(&playable).await;
        let beside = self.beside(&playable).unwrap_or_default();
        let is_meant = |one: &&Beside| SubtitleLine::beside(media_id, one).key == key;
        let one = beside.iter().find(is_meant).ok_or(Error::NoSubtitle)?.clone();
        self.fetched(key, &playable, one, wish).await
    }

    /// Begins to fetch what lies beside a film, once: it is small, and wanted when the film begins.
    /// What others offer is only listed.
    pub(super) fn fetch_subtitles_first(self: &Arc<Self>, media_id: &str) {
        {
            let mut begun = lock(&self.subtitles.begun);
            if begun.len() >= MOST_BEGUN {
                begun.clear();
            }
            if !begun.insert(media_id.to_owned()) {
                return;
            }
        }
        let (playback, media_id) = (Arc::clone(self), media_id.to_owned());
        let fetching = async move { playback.fetch_beside(&media_id).await };
        let ending = self.desk.ending.clone();
        self.parts.tasks.spawn(ending.run_until_cancelled_owned(fetching));
    }

    async fn fetch_beside(self: &Arc<Self>, media_id: &str) {
        let Ok(whose) = self.whose(media_id) else { return };
        let Some(playable) = &whose.playable else { return };
        self.files_learnt(playable).await;
        let by_peers = playable.comes_by_peers();
        let most = if by_peers { FIRST_FROM_PEERS } else { FIRST_FROM_STORE };
        let languages = self.preferences().languages_to_read();
        let lines = self.subtitles_known(media_id);
        let beside = lines.iter().filter(|line| line.source == SubtitleSource::Torrent);
        let wanted = beside
            .filter(|line| by_peers || line.language.is_none() || line.rank(&languages).is_some());
        for line in wanted.take(most) {
            if let Err(error) = self.subtitle_for(&line.key, Wish::Ahead).await {
                tracing::info!(%error, "subtitles beside a film are not here yet");
            }
        }
        // By now the film is mostly open, and its file can be told from others.
        self.offers_learnt(media_id, &whose).await;
    }

    fn whose(&self, media_id: &str) -> Result<Whose, Error> {
        let Some(chosen) = self.chosen(media_id, None) else {
            let by_hash = ByHash::read(media_id).map(|asked| asked.id);
            let id = by_hash.or_else(|| asked(media_id)).ok_or(Error::UnknownMedia)?;
            return Ok(Whose { playable: None, id: Some(id) });
        };
        // Lists ask this of each of their films: none of them is opened for it.
        let open = lock(&self.sessions).get(&chosen).map(|session| session.playable.clone());
        let playable = match open.filter(|playable| !playable.is_own()) {
            Some(playable) => playable,
            None => self.known(&chosen)?,
        };
        let id = playable.id;
        Ok(Whose { playable: Some(playable), id })
    }
}
