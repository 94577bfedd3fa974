//! Subtitles that lie beside no film: `OpenSubtitles`, asked by the title's id at `IMDb` and by what is
//! known of the film's file.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::super::{Error, Playback};
use super::Whose;
use crate::media::Query;
use crate::subtitle::{Hints, Offer, Subtitle, Wanted};

/// How long a list waits for the file's hash: without it there are subtitles of the title, and
/// perhaps of another cut.
const HASH_PATIENCE: Duration = Duration::from_millis(1500);

impl Playback {
    /// What is known to be offered for a film, without asking anybody.
    pub(super) fn offers_known(&self, media_id: &str, whose: &Whose) -> Vec<Offer> {
        if !self.preferences().opensubtitles {
            return Vec::new();
        }
        self.offers_if_known(media_id, whose).unwrap_or_default()
    }

    pub(super) fn offers_if_known(&self, media_id: &str, whose: &Whose) -> Option<Vec<Offer>> {
        let with_hash = self.offers_by_hash_if_known(media_id, whose);
        with_hash.or_else(|| self.parts.opensubtitles.known(&self.wanted_of(whose, None)?))
    }

    fn offers_by_hash_if_known(&self, media_id: &str, whose: &Whose) -> Option<Vec<Offer>> {
        let hash = self.video_hash_known(media_id)?;
        self.parts.opensubtitles.known(&self.wanted_of(whose, Some(hash))?)
    }

    /// Whether a question may bring more than is known: without the file's hash, where it can be had.
    fn may_learn_more(&self, media_id: &str, whose: &Whose) -> bool {
        let is_open = || self.session(media_id).is_ok_and(|session| session.is_open());
        self.preferences().opensubtitles
            && self.offers_by_hash_if_known(media_id, whose).is_none()
            && (self.offers_if_known(media_id, whose).is_none() || is_open())
    }

    /// Asks what is offered for a film, where that is not known. The work is a task's.
    pub(super) async fn offers_learnt(self: &Arc<Self>, media_id: &str, whose: &Whose) {
        if !self.may_learn_more(media_id, whose) {
            return;
        }
        let (playback, whose, media_id) = (Arc::clone(self), whose.clone(), media_id.to_owned());
        let asking = async move {
            let hash = timeout(HASH_PATIENCE, playback.video_hash_at_once(&media_id)).await;
            let Some(wanted) = playback.wanted_of(&whose, hash.ok().flatten()) else { return };
            if let Err(error) = playback.parts.opensubtitles.offers(&wanted).await {
                tracing::info!(%error, "no list of subtitles");
            }
        };
        let ending = self.desk.ending.clone();
        let _ = self.parts.tasks.spawn(ending.run_until_cancelled_owned(asking)).await;
    }

    /// Fetches what was offered.
    pub(super) async fn fetched_online(
        self: &Arc<Self>,
        key: &str,
        whose: &Whose,
        id: &str,
    ) -> Result<Arc<Subtitle>, Error> {
        let (media_id, _) = key.rsplit_once(':').ok_or(Error::NoSubtitle)?;
        self.offers_learnt(media_id, whose).await;
        let offers = self.offers_known(media_id, whose);
        let offer = offers.into_iter().find(|offer| offer.id == id).ok_or(Error::NoSubtitle)?;
        let turn = self.subtitles.texts.turn(key);
        let _turn = turn.lock().await;
        if let Some(text) = self.subtitles.texts.kept(&self.parts.cache, key) {
            return Ok(text);
        }
        let bytes = self.parts.opensubtitles.fetch(&offer).await?;
        let (language, frames_s) = (offer.language(), offer.frames_s);
        let reading = move || {
            let hints = Hints { language, encoding: offer.encoding.as_deref(), frames_s };
            Subtitle::read(&bytes, hints)
        };
        let read = tokio::task::spawn_blocking(reading).await;
        let text = read.map_err(|_| Error::NoSubtitle)??;
        tracing::info!(cues = text.cues(), "subtitles: read from OpenSubtitles");
        Ok(self.subtitles.texts.keep(&self.parts.cache, key, text))
    }

    /// What to ask for; `None` where the title's place at `IMDb` is not known.
    pub(super) fn wanted_of(&self, whose: &Whose, hash: Option<String>) -> Option<Wanted> {
        let id = whose.id?;
        let title = self.parts.cache.title(&id).map(|(title, _)| title);
        let id = Query { id, title }.imdb()?;
        let file = whose.playable.as_ref().map(|playable| &playable.file);
        Some(Wanted {
            id,
            hash,
            size_bytes: file.and_then(|file| file.size_bytes),
            file_name: file.map(|file| file.base_name().to_owned()),
        })
    }
}
