//! What the map knows of one anime.

use crate::media::{AnimeBase, Episode, ImdbId};

/// An anime's numbers in the catalogues, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entry {
    /// At AniDB.
    pub anidb: Option<u32>,
    /// At Kitsu.
    pub kitsu: Option<u32>,
    /// At MyAnimeList.
    pub mal: Option<u32>,
    /// At IMDb, of the whole series where it is a season of one.
    pub imdb: Option<ImdbId>,
    /// At TMDB, likewise.
    pub tmdb: Option<TmdbId>,
    /// Whether it is a film.
    pub film: bool,
    /// Where its first episode stands in IMDb's count.
    pub imdb_first: Option<Episode>,
    /// Where its first episode stands in TMDB's count.
    pub tmdb_first: Option<Episode>,
    /// Whether it repeats the row before it with a further id at IMDb or TMDB.
    pub(in crate::title) also: bool,
}

/// A number at TMDB, where films and series are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TmdbId {
    /// Whether it is a film's.
    pub film: bool,
    /// The number.
    pub id: u32,
}

impl Entry {
    /// Its number in one of the catalogues of anime.
    #[must_use]
    pub const fn id_at(&self, base: AnimeBase) -> Option<u32> {
        match base {
            AnimeBase::Kitsu => self.kitsu,
            AnimeBase::AniDb => self.anidb,
            AnimeBase::MyAnimeList => self.mal,
        }
    }

    /// How many catalogues know it by a number. One alone translates nothing.
    pub(super) fn known_ids(&self) -> usize {
        let numbers = [self.anidb, self.kitsu, self.mal].into_iter().flatten().count();
        numbers + usize::from(self.imdb.is_some()) + usize::from(self.tmdb.is_some())
    }

    /// The same with what `other`, which is the same anime, knows besides.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            anidb: self.anidb.or(other.anidb),
            kitsu: self.kitsu.or(other.kitsu),
            mal: self.mal.or(other.mal),
            imdb: self.imdb.or(other.imdb),
            // A place counts in the series that it was told with.
            imdb_first: if self.imdb.is_some() { self.imdb_first } else { other.imdb_first },
            tmdb: self.tmdb.or(other.tmdb),
            tmdb_first: if self.tmdb.is_some() { self.tmdb_first } else { other.tmdb_first },
            film: self.film || other.film,
            also: self.also,
        }
    }
}

/// IMDb's number without its letters; those that do not fit 32 bits are not given out yet.
pub(super) fn imdb_number(id: ImdbId) -> Option<u32> {
    id.to_string().strip_prefix("tt")?.parse().ok()
}

pub(super) fn imdb_of(number: u32) -> Option<ImdbId> {
    format!("tt{number:07}").parse().ok()
}
