//! What is told of a title.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::anime_map::Order;
use crate::media::{Episode, ImdbId, StremioId};

/// A film, a series, or an anime, which has a catalogue of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Movie,
    Series,
    Anime,
}

/// What is told of a title. Empty and `None`: nobody told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// The title's id, without an episode.
    pub id: StremioId,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Other names.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// First year.
    pub year: Option<u16>,
    /// How long it takes, in minutes.
    pub runtime_min: Option<u32>,
    /// What happens in it.
    pub plot: Option<String>,
    /// Of the kinds that it belongs to.
    #[serde(default)]
    pub genres: Vec<String>,
    /// Who plays in it.
    #[serde(default)]
    pub cast: Vec<String>,
    /// What viewers gave it, of ten.
    pub rating: Option<f32>,
    /// Trailers, by their ids at YouTube.
    #[serde(default)]
    pub trailers: Vec<String>,
    /// The episodes in order, specials last.
    #[serde(default)]
    pub episodes: Vec<EpisodeDetails>,
    /// A picture, upright; `http` or `https`.
    pub poster: Option<String>,
    /// A wide one.
    pub background: Option<String>,
    /// Its id at IMDb, where `id` is another.
    pub imdb: Option<ImdbId>,
    /// Its number at TMDB.
    pub tmdb: Option<u32>,
    /// Its number at Kitsu.
    pub kitsu: Option<u32>,
    /// Whether it is animation from Japan.
    #[serde(default)]
    pub japanese_animation: bool,
    /// Whether TMDB was asked for what was missing.
    #[serde(default)]
    pub completed: bool,
    /// Whether it holds what TMDB told of an earlier answer: carried on until TMDB is asked again.
    #[serde(default)]
    pub carries: bool,
}

/// What is told of an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpisodeDetails {
    /// Its season and number; an anime's own count is season 1.
    #[serde(flatten)]
    pub episode: Episode,
    /// Its name; empty where it has none yet.
    pub name: String,
    /// When it was first shown, as `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub air_date: Option<String>,
    /// What happens in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plot: Option<String>,
    /// A picture of it; `http` or `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<String>,
    /// Where it stands at IMDb, where the title is counted otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imdb: Option<(ImdbId, Option<Episode>)>,
}

/// Something that was told, now or before.
#[derive(Debug, Clone, PartialEq)]
pub struct Told<T> {
    /// What.
    pub value: T,
    /// How long ago, where nobody can be asked now.
    pub age: Option<Duration>,
}

/// An episode of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EpisodeRow {
    /// Its season and number.
    pub episode: Episode,
    /// Its name; empty where it has none yet.
    pub name: String,
    /// When it was first shown, as `YYYY-MM-DD`.
    pub air_date: Option<String>,
}

impl Details {
    /// The episodes' order, for counting through seasons.
    #[must_use]
    pub fn order(&self) -> Order {
        Order::of(self.episodes.iter().map(|row| row.episode))
    }

    /// The episode, if it is listed.
    #[must_use]
    pub fn episode(&self, asked: Episode) -> Option<&EpisodeDetails> {
        self.episodes.iter().find(|row| row.episode == asked)
    }

    /// Whether it holds what TMDB told, now or of an earlier answer.
    pub(super) const fn holds_more(&self) -> bool {
        self.completed || self.carries
    }

    /// The same without what a long series has no room for.
    pub(super) fn shortened(mut self) -> Self {
        for row in &mut self.episodes {
            row.plot = None;
            row.thumbnail = None;
        }
        self
    }

    /// Takes from `other`, which tells of the same title, what is missing here.
    pub(super) fn complete(&mut self, other: Self) {
        let Self { name, aliases, episodes, .. } = other;
        for alias in std::iter::once(name).chain(aliases) {
            if alias != self.name && !self.aliases.contains(&alias) {
                self.aliases.push(alias);
            }
        }
        or(&mut self.year, other.year);
        or(&mut self.runtime_min, other.runtime_min);
        or(&mut self.plot, other.plot);
        or(&mut self.rating, other.rating);
        or(&mut self.poster, other.poster);
        or(&mut self.background, other.background);
        or(&mut self.imdb, other.imdb);
        or(&mut self.tmdb, other.tmdb);
        for (own, other) in [
            (&mut self.genres, other.genres),
            (&mut self.cast, other.cast),
            (&mut self.trailers, other.trailers),
        ] {
            if own.is_empty() {
                *own = other;
            }
        }
        if self.episodes.is_empty() {
            self.episodes = episodes;
        }
    }
}

fn or<T>(own: &mut Option<T>, other: Option<T>) {
    *own = own.take().or(other);
}

impl Kind {
    /// The word in Stremio's paths.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Series => "series",
            Self::Anime => "anime",
        }
    }
}
