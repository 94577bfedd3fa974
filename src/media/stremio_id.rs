//! Stremio ids: how a viewer names a film or an episode.

use std::fmt;
use std::str::FromStr;

/// A title at IMDb, such as `tt0944947`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImdbId(u64);

/// A season and the number of an episode in it. Season 0 is that of specials.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Episode {
    pub season: u32,
    pub number: u32,
}

/// A catalogue that counts anime by itself, without seasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "proper names")]
pub enum AnimeBase {
    Kitsu,
    AniDb,
    MyAnimeList,
}

/// What a viewer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StremioId {
    /// `tt1254207`, `tt0944947:1:1`.
    Imdb {
        /// The film or series.
        id: ImdbId,
        /// `None`: a film.
        episode: Option<Episode>,
    },
    /// `kitsu:12345:1`, `anidb:69:1`, `mal:21:1`; without an episode, a film.
    Anime {
        /// Whose number it is.
        base: AnimeBase,
        /// The number.
        id: u32,
        /// Counted from the start of this entry.
        episode: Option<u32>,
    },
    /// `tmdb:movie:27205`.
    TmdbMovie(u32),
    /// `tmdb:tv:1399:1:1`.
    TmdbTv {
        /// The series.
        id: u32,
        /// The episode.
        episode: Episode,
    },
}

/// A text that is no Stremio id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no id that is understood here; ids look like tt1254207 (a film), tt0944947:1:1 \
     (series:season:episode), kitsu:12345:1, anidb:69:1, mal:21:1, tmdb:movie:27205 or \
     tmdb:tv:1399:1:1"
)]
pub struct BadId(String);

impl AnimeBase {
    const ALL: [Self; 3] = [Self::Kitsu, Self::AniDb, Self::MyAnimeList];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Kitsu => "kitsu",
            Self::AniDb => "anidb",
            Self::MyAnimeList => "mal",
        }
    }
}

impl StremioId {
    /// The type in a Stremio path: `movie` or `series`. An anime with an episode is a series.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Imdb { episode: None, .. }
            | Self::Anime { episode: None, .. }
            | Self::TmdbMovie(_) => "movie",
            _ => "series",
        }
    }

    /// The id of a title as a whole: as everywhere, or `tmdb:tv:N` without an episode.
    pub fn of_title(text: &str) -> Result<Self, BadId> {
        let series = text.starts_with("tmdb:tv:") && text.split(':').count() == 3;
        if series { format!("{text}:1:1").parse() } else { text.parse() }
    }

    /// The same as it is printed: without an episode.
    #[must_use]
    pub fn title_text(&self) -> String {
        match *self {
            Self::Imdb { id, .. } => id.to_string(),
            Self::Anime { base, id, .. } => Self::Anime { base, id, episode: None }.to_string(),
            Self::TmdbMovie(_) => self.to_string(),
            Self::TmdbTv { id, .. } => format!("tmdb:tv:{id}"),
        }
    }

    /// The season and number that it names. An anime's own count is season 1.
    #[must_use]
    pub fn episode(&self) -> Option<Episode> {
        match *self {
            Self::Imdb { episode, .. } => episode,
            Self::Anime { episode, .. } => episode.map(|number| Episode { season: 1, number }),
            Self::TmdbTv { episode, .. } => Some(episode),
            Self::TmdbMovie(_) => None,
        }
    }

    /// The same title's episode; a film stays what it is.
    #[must_use]
    pub fn with_episode(&self, episode: Episode) -> Self {
        match *self {
            Self::Imdb { id, .. } => Self::Imdb { id, episode: Some(episode) },
            Self::Anime { base, id, .. } => Self::Anime { base, id, episode: Some(episode.number) },
            Self::TmdbTv { id, .. } => Self::TmdbTv { id, episode },
            film @ Self::TmdbMovie(_) => film,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        if let [base, rest @ ..] = parts.as_slice()
            && let Some(base) = AnimeBase::ALL.into_iter().find(|known| known.prefix() == *base)
        {
            return match rest {
                [id] => Some(Self::Anime { base, id: number(id)?, episode: None }),
                [id, episode] => {
                    Some(Self::Anime { base, id: number(id)?, episode: Some(number(episode)?) })
                }
                _ => None,
            };
        }
        match parts.as_slice() {
            ["tmdb", "movie", id] => Some(Self::TmdbMovie(number(id)?)),
            ["tmdb", "tv", id, season, episode] => {
                Some(Self::TmdbTv { id: number(id)?, episode: Episode::read(season, episode)? })
            }
            [id] => Some(Self::Imdb { id: id.parse().ok()?, episode: None }),
            [id, season, episode] => Some(Self::Imdb {
                id: id.parse().ok()?,
                episode: Some(Episode::read(season, episode)?),
            }),
            _ => None,
        }
    }
}

impl Episode {
    fn read(season: &str, number_: &str) -> Option<Self> {
        // Season 0 holds the specials.
        let season = if season == "0" { 0 } else { number(season)? };
        Some(Self { season, number: number(number_)? })
    }
}

/// 1 to 99,999,999, in plain digits: `+5`, ` 5` and `0` are none.
fn number(digits: &str) -> Option<u32> {
    let sound = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|number| sound && *number > 0)
}

impl FromStr for ImdbId {
    type Err = BadId;

    /// `tt` and 7 to 10 digits, as IMDb pads them.
    fn from_str(text: &str) -> Result<Self, BadId> {
        let digits = text.strip_prefix("tt").filter(|digits| {
            (7..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        });
        let id = digits.and_then(|digits| digits.parse().ok()).map(Self);
        id.ok_or_else(|| BadId(text.chars().take(60).collect()))
    }
}

impl FromStr for StremioId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        Self::read(text.trim()).ok_or_else(|| BadId(text.chars().take(60).collect()))
    }
}

impl fmt::Display for ImdbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tt{:07}", self.0)
    }
}

impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.season, self.number)
    }
}

impl fmt::Display for StremioId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Imdb { id, episode: None } => write!(f, "{id}"),
            Self::Imdb { id, episode: Some(episode) } => write!(f, "{id}:{episode}"),
            Self::Anime { base, id, episode: None } => write!(f, "{}:{id}", base.prefix()),
            Self::Anime { base, id, episode: Some(episode) } => {
                write!(f, "{}:{id}:{episode}", base.prefix())
            }
            Self::TmdbMovie(id) => write!(f, "tmdb:movie:{id}"),
            Self::TmdbTv { id, episode } => write!(f, "tmdb:tv:{id}:{episode}"),
        }
    }
}

macro_rules! as_text {
    ($($word:ty),*) => {$(
        impl serde::Serialize for $word {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $word {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(ImdbId, StremioId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_form_prints_back_as_it_was_read() {
        for (text, kind) in [
            ("tt1254207", "movie"),
            ("tt0944947:1:1", "series"),
            ("tt0944947:0:12", "series"),
            ("tt10872600", "movie"),
            ("kitsu:12345:1", "series"),
            ("kitsu:12345", "movie"),
            ("anidb:69:1", "series"),
            ("mal:21:1", "series"),
            ("tmdb:movie:27205", "movie"),
            ("tmdb:tv:1399:1:1", "series"),
        ] {
            let id: StremioId = text.parse().unwrap();
            assert_eq!((id.to_string().as_str(), id.kind()), (text, kind));
        }
    }

    #[test]
    fn a_title_is_named_without_its_episode() {
        for (id, title, next) in [
            ("tt1254207", "tt1254207", "tt1254207:2:5"),
            ("tt0944947:1:1", "tt0944947", "tt0944947:2:5"),
            ("kitsu:12345:1", "kitsu:12345", "kitsu:12345:5"),
            ("tmdb:movie:27205", "tmdb:movie:27205", "tmdb:movie:27205"),
            ("tmdb:tv:1399:1:1", "tmdb:tv:1399", "tmdb:tv:1399:2:5"),
        ] {
            let id: StremioId = id.parse().unwrap();
            assert_eq!(id.title_text(), title);
            assert_eq!(StremioId::of_title(title).unwrap().title_text(), title);
            assert_eq!(id.with_episode(Episode { season: 2, number: 5 }).to_string(), next);
        }
        assert!(StremioId::of_title("tmdb:tv:x").is_err());
    }

    #[test]
    fn other_forms_are_refused_in_one_sentence_that_shows_the_right_ones() {
        for text in [
            "",
            "tt",
            "tt12",
            "tt12345678901",
            "TT1254207",
            "1254207",
            "tt1254207:1",
            "tt1254207:1:",
            "tt1254207:1:0",
            "tt1254207:-1:2",
            "tt1254207:+1:2",
            "tt1254207:1:1:1",
            "kitsu:",
            "kitsu:x",
            "kitsu:1:2:3",
            "imdb:1",
            "tmdb:27205",
            "tmdb:tv:1399",
            "tt1254207/..",
            "anidb:999999999",
        ] {
            let refused = text.parse::<StremioId>().unwrap_err().to_string();
            assert!(refused.contains("tt1254207 (a film)"), "{text}: {refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_prints_back_or_is_refused(text in "[a-z0-9:]{0,24}") {
            if let Ok(id) = text.parse::<StremioId>() {
                proptest::prop_assert_eq!(id.to_string().parse::<StremioId>().unwrap(), id);
            }
        }
    }
}
