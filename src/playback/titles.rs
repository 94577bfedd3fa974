//! Titles for people to read, search and choose from.

use super::{Error, Playback, durably};
use crate::durable::State;
use crate::media::{ImdbId, StremioId};
use crate::secret::Secret;
use crate::title::{self, Details, EpisodeRow, Found, Image, List, Picture, Told};

const TMDB_KEY: &str = "settings/tmdb";

impl Playback {
    /// Titles by name, for people who know no ids; sets that cannot type find the search again.
    pub async fn search(&self, text: &str) -> Result<Told<Vec<Found>>, Error> {
        let told = self.parts.titles.search(text).await?;
        if !told.value.is_empty() {
            self.note_search(text);
        }
        Ok(told)
    }

    /// What is popular.
    pub async fn popular(&self, list: &List) -> Result<Told<Vec<Found>>, Error> {
        Ok(self.parts.titles.popular(list).await?)
    }

    /// All that is told of a title; an episode in the id does not matter.
    pub async fn details(&self, id: &StremioId) -> Result<Told<Details>, Error> {
        let told = self.parts.titles.details(id).await?;
        told.ok_or(Error::UnknownTitle { id: *id })
    }

    /// The episodes of a series.
    pub async fn episodes(&self, id: ImdbId) -> Result<Vec<EpisodeRow>, Error> {
        Ok(self.parts.titles.episodes(id).await?)
    }

    /// What a title is called, with its year, where a search has learnt it.
    pub(super) fn shown_title(&self, id: &StremioId) -> Option<String> {
        let (title, _) = self.parts.cache.title(id)?;
        let year = title.year.map(|year| format!(" ({year})")).unwrap_or_default();
        Some(format!("{}{year}", title.name))
    }

    /// A picture of a title, if there is one.
    pub async fn image(&self, which: Picture, id: &StremioId) -> Option<Image> {
        self.parts.titles.image(which, id).await
    }

    /// The same as a JPEG of at most 160 pixels a side.
    pub async fn thumbnail(&self, which: Picture, id: &StremioId) -> Option<Image> {
        self.parts.titles.thumbnail(which, id).await
    }

    /// Asks TMDB whether it takes a key; keeps it only if it does.
    pub async fn set_tmdb_key(&self, key: Secret) -> Result<(), Error> {
        self.parts.titles.check_tmdb_key(&key).await?;
        durably(|| self.parts.state.put(TMDB_KEY, &Some(&key)))?;
        self.parts.titles.use_tmdb_key(Some(key));
        tracing::info!("a TMDB key was set");
        Ok(())
    }

    /// Forgets the key.
    pub fn remove_tmdb_key(&self) -> Result<(), Error> {
        // Not merely nothing: the configuration's key must not come back at the next start.
        durably(|| self.parts.state.put(TMDB_KEY, &None::<Secret>))?;
        self.parts.titles.use_tmdb_key(None);
        Ok(())
    }

    /// The key that the owner set, over the configuration's.
    pub(super) fn take_up_tmdb_key(&self) -> Result<(), Error> {
        if let Some(kept) = self.parts.state.get::<Option<Secret>>(TMDB_KEY)? {
            self.parts.titles.use_tmdb_key(kept);
        }
        Ok(())
    }

    /// Takes the key out of the state, before [`Playback::new`].
    pub(super) fn erase_tmdb_key(state: &State) -> Result<(), Error> {
        Ok(state.remove(TMDB_KEY)?)
    }
}

impl From<&title::Titles> for super::settings::TitleSettings {
    fn from(titles: &title::Titles) -> Self {
        let key = titles.tmdb_key();
        let ends = key.as_ref().map(Secret::ends).unwrap_or_default();
        Self { tmdb_key: super::settings::KeySettings { set: key.is_some(), ends } }
    }
}
