//! What is wanted of a torrent's files.

use crate::media::{ImdbId, Query, StremioId, Wanted};

/// What the file must be, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The film or the episode.
    pub wanted: Wanted,
    /// What the torrent is called; as its metainfo or the store says rather than an index.
    pub torrent_name: Option<String>,
    /// What the film or series is called.
    pub title: Option<String>,
    /// Other names of the same.
    pub aliases: Vec<String>,
    /// The year of a film.
    pub year: Option<u16>,
    /// The file that an index pointed at.
    pub file_index: Option<u32>,
    /// What was asked, to be compared with what the crowd has verified.
    pub stremio_id: Option<StremioId>,
    /// The same at `IMDb`, if that is known and is not what was asked.
    pub imdb: Option<ImdbId>,
    /// The same at `AniDB`, with the episode; a film has none.
    pub anidb: Option<(u32, Option<u32>)>,
    /// Numbers by which the episode may be counted without a season, besides `wanted`'s.
    pub numbers: Vec<u32>,
    /// When the episode was first shown, as `YYYY-MM-DD`.
    pub air_date: Option<String>,
}

impl Target {
    /// A film or episode of which nothing else is known.
    #[must_use]
    pub const fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            torrent_name: None,
            title: None,
            aliases: Vec::new(),
            year: None,
            file_index: None,
            stremio_id: None,
            imdb: None,
            anidb: None,
            numbers: Vec::new(),
            air_date: None,
        }
    }

    /// What `query` asks of a torrent that is called `torrent_name`.
    #[must_use]
    pub fn of(query: &Query, torrent_name: Option<&str>, file_index: Option<u32>) -> Self {
        let title = query.title.as_ref();
        Self {
            torrent_name: torrent_name.map(str::to_owned),
            title: title.map(|title| title.name.clone()),
            aliases: title.map(|title| title.aliases.clone()).unwrap_or_default(),
            year: title.and_then(|title| title.year),
            file_index,
            stremio_id: Some(query.id),
            imdb: title.and_then(|title| title.imdb),
            anidb: title.and_then(|title| title.anidb).map(|place| (place.id, place.episode)),
            numbers: query.numbers(),
            air_date: title.and_then(|title| title.air_date.clone()),
            ..Self::new(query.wanted())
        }
    }
}
