//! A title with all that the indexes need to be asked for it.

use super::{AnimeBase, Episode, ImdbId, StremioId};

/// What a film or series is called.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
    /// The same at Kitsu, with the episode as that entry counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kitsu: Option<AnimePlace>,
    /// The same at AniDB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anidb: Option<AnimePlace>,
    /// The asked episode's number in a count through all seasons, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute: Option<u32>,
    /// How long it runs, in minutes; of a series, an episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_min: Option<u32>,
    /// Whether it is anime, whose releases are often counted without seasons.
    #[serde(default)]
    pub is_anime: bool,
}

/// An entry of an anime catalogue, and an episode of it; a film has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AnimePlace {
    pub id: u32,
    pub episode: Option<u32>,
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

    /// The id at Kitsu, where it is known: for add-ons that know anime by it.
    #[must_use]
    pub fn kitsu(&self) -> Option<StremioId> {
        self.anime(AnimeBase::Kitsu, |title| title.kitsu)
    }

    /// The id at AniDB, where it is known.
    #[must_use]
    pub fn anidb(&self) -> Option<StremioId> {
        self.anime(AnimeBase::AniDb, |title| title.anidb)
    }

    /// Whether it is anime.
    #[must_use]
    pub fn is_anime(&self) -> bool {
        let told = self.title.as_ref().is_some_and(|title| title.is_anime);
        told || matches!(self.id, StremioId::Anime { .. })
    }

    /// What to search for where a place knows names alone: the name, then the others.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let title = self.title.iter();
        let names = title.flat_map(|title| std::iter::once(&title.name).chain(&title.aliases));
        names.map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The numbers by which releases may count the asked episode without a season: within its own
    /// entry first, then through all seasons.
    #[must_use]
    pub fn numbers(&self) -> Vec<u32> {
        let own = match self.wanted() {
            Wanted::Absolute { number, .. } => Some(number),
            Wanted::Episode(_) | Wanted::Film => None,
        };
        let title = self.title.as_ref();
        let entry = title.and_then(|title| title.kitsu.or(title.anidb)?.episode);
        let mut numbers = Vec::new();
        for number in [own, entry, title.and_then(|title| title.absolute)].into_iter().flatten() {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers
    }

    fn anime(
        &self,
        base: AnimeBase,
        known: impl Fn(&Title) -> Option<AnimePlace>,
    ) -> Option<StremioId> {
        if matches!(self.id, StremioId::Anime { base: asked, .. } if asked == base) {
            return Some(self.id);
        }
        let AnimePlace { id, episode } = known(self.title.as_ref()?)?;
        Some(StremioId::Anime { base, id, episode })
    }
}
