//! A title with all that the indexes need to be asked for it.

use super::{AnimeBase, Episode, ImdbId, StremioId};

/// What a film or series is called.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Title {
    /// Its name.
    pub name: String,
    /// First year.
    pub year: Option<u16>,
    /// Its id at IMDb.
    pub imdb: Option<ImdbId>,
    /// Other names of the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Where the asked episode stands in IMDb's count, for ids that count otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imdb_episode: Option<Episode>,
    /// When the asked episode was first shown, as `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub air_date: Option<String>,
}

/// What must be in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A film.
    Film,
    /// An episode of a season.
    Episode(Episode),
    /// An episode counted without seasons, and where it stands in a count with them, if known.
    Absolute {
        /// Its number in its own entry.
        number: u32,
        /// The same in IMDb's count.
        also: Option<Episode>,
    },
}

/// A search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What was asked.
    pub id: StremioId,
    /// What it is called; `None` where nobody could say.
    pub title: Option<Title>,
}

impl Query {
    /// What must be in the file.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let also = self.title.as_ref().and_then(|title| title.imdb_episode);
        match self.id {
            StremioId::Imdb { episode: Some(episode), .. } | StremioId::TmdbTv { episode, .. } => {
                Wanted::Episode(episode)
            }
            StremioId::Anime { episode: Some(number), .. } => Wanted::Absolute { number, also },
            _ => Wanted::Film,
        }
    }

    /// The same in IMDb's ids, where they are known: for indexes that know no others.
    #[must_use]
    pub fn imdb(&self) -> Option<StremioId> {
        if let StremioId::Imdb { .. } = self.id {
            return Some(self.id);
        }
        let title = self.title.as_ref()?;
        let id = title.imdb?;
        match (self.id.kind(), title.imdb_episode) {
            ("movie", _) => Some(StremioId::Imdb { id, episode: None }),
            (_, Some(episode)) => Some(StremioId::Imdb { id, episode: Some(episode) }),
            _ => None,
        }
    }

    /// The id at Kitsu, if that is what was asked.
    #[must_use]
    pub fn kitsu(&self) -> Option<StremioId> {
        matches!(self.id, StremioId::Anime { base: AnimeBase::Kitsu, .. }).then_some(self.id)
    }
}
