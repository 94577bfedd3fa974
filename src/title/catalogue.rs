//! Lists of titles: what a search finds, and what is popular.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::details::{Kind, Told};
use super::{Error, Titles, meta};
use crate::media::{AnimeBase, ImdbId, StremioId};

/// How long a catalogue is taken without asking again.
const FRESH: Duration = Duration::from_secs(6 * 3600);
/// The same of a search.
const FRESH_SEARCH: Duration = Duration::from_secs(3600);
/// Most rows of one list.
const MOST_ROWS: usize = 200;
/// Furthest that a catalogue is turned over.
const MOST_SKIPPED: u32 = 10_000;
const LONGEST_GENRE: usize = 40;
const LONGEST_SEARCH: usize = 200;

/// A title in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its id, without an episode.
    pub id: StremioId,
    /// Its name.
    pub name: String,
    /// First year.
    pub year: Option<u16>,
    /// What it is.
    pub kind: Kind,
    /// Whether it is a film, which an anime may be.
    pub film: bool,
    /// Its id at IMDb, where that is told.
    #[serde(default)]
    pub imdb: Option<ImdbId>,
    /// Its number at TMDB, where that is told.
    #[serde(default)]
    pub tmdb: Option<u32>,
    /// A picture, `http` or `https`.
    pub poster: Option<String>,
}

/// Which part of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Of what.
    pub kind: Kind,
    /// Of this genre alone, in the words of the place that has the catalogue.
    pub genre: Option<String>,
    /// How many rows to leave out.
    pub skip: u32,
}

/// Under what the cache has a search.
fn key_of_search(text: &str) -> String {
    format!("search/{}", text.to_lowercase())
}

/// The same of a part of a catalogue.
fn key_of(kind: Kind, extra: Option<&str>) -> String {
    format!("list/{}/{}", kind.as_str(), extra.unwrap_or_default())
}

/// Which part, as Stremio's protocol writes it; `None`: the first of all.
fn extra_of(genre: Option<&str>, skip: u32) -> Option<String> {
    let genre = genre.map(|genre| format!("genre={genre}"));
    let skip = (skip > 0).then(|| format!("skip={skip}"));
    let extra: Vec<String> = genre.into_iter().chain(skip).collect();
    (!extra.is_empty()).then(|| extra.join("&"))
}

impl Titles {
    /// Films, series and anime whose names fit `text`, the best of each first. One catalogue that
    /// gives no answer does not hide the others; where none does, what was found before is told.
    pub async fn search(&self, text: &str) -> Result<Told<Vec<Found>>, Error> {
        let text: String = text.trim().chars().take(LONGEST_SEARCH).collect();
        if text.is_empty() {
            return Ok(Told { value: Vec::new(), age: None });
        }
        let key = key_of_search(&text);
        let kept = match self.kept_rows(&key, FRESH_SEARCH) {
            Ok(fresh) => return Ok(Told { value: fresh, age: None }),
            Err(kept) => kept,
        };
        let extra = format!("search={text}.json");
        let found = tokio::join!(
            self.rows(Kind::Movie, "top", Some(&extra)),
            self.rows(Kind::Series, "top", Some(&extra)),
            self.rows(Kind::Anime, "kitsu-anime-list", Some(&extra)),
            self.found_by_tmdb(&text),
        );
        let whole = matches!(found, (Ok(_), Ok(_), Ok(_), _));
        let (lists, more) = match found {
            // Kitsu alone knows too little to stand for a search.
            (Err(error), Err(_), _, None) => return kept.ok_or(error),
            (films, series, anime, more) => {
                ([films, series, anime].map(Result::unwrap_or_default), more.unwrap_or_default())
            }
        };
        let mut rows = self.take_turns(lists);
        // TMDB knows names in more languages; what others have found too stands where they put it.
        for row in more {
            if !rows
                .iter()
                .any(|known| known.id == row.id || known.imdb == row.imdb && row.imdb.is_some())
            {
                self.learn(&row);
                rows.push(row);
            }
        }
        if whole {
            self.keep_rows(&key, &rows);
        }
        Ok(Told { value: rows, age: None })
    }

    /// What is popular, as many rows as the catalogue gives at once.
    pub async fn popular(&self, list: &List) -> Result<Told<Vec<Found>>, Error> {
        let genre = list.genre.as_deref().map(str::trim).filter(|genre| !genre.is_empty());
        let odd = |genre: &&str| {
            genre.len() > LONGEST_GENRE
                || !genre.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\''))
        };
        if list.skip > MOST_SKIPPED || genre.as_ref().is_some_and(odd) {
            return Ok(Told { value: Vec::new(), age: None });
        }
        let extra = extra_of(genre, list.skip);
        let key = key_of(list.kind, extra.as_deref());
        let kept = match self.kept_rows(&key, FRESH) {
            Ok(fresh) => return Ok(Told { value: fresh, age: None }),
            Err(kept) => kept,
        };
        let catalogue = match (list.kind, genre) {
            (Kind::Movie | Kind::Series, _) => "top",
            // What is in the trend is not sorted by genre.
            (Kind::Anime, Some(_)) => "kitsu-anime-popular",
            (Kind::Anime, None) => "kitsu-anime-trending",
        };
        let file = extra.map(|extra| format!("{extra}.json"));
        match self.rows(list.kind, catalogue, file.as_deref()).await {
            Ok(rows) if rows.is_empty() && kept.is_some() => {
                Ok(kept.unwrap_or(Told { value: rows, age: None }))
            }
            Ok(rows) => {
                self.keep_rows(&key, &rows);
                Ok(Told { value: rows, age: None })
            }
            Err(error) => kept.ok_or(error),
        }
    }

    /// What was found for `text` of late, however old; nobody is asked.
    #[must_use]
    pub fn search_known(&self, text: &str) -> Vec<Found> {
        let text: String = text.trim().chars().take(LONGEST_SEARCH).collect();
        self.rows_known(&key_of_search(&text))
    }

    /// What was told of late to be popular, the same.
    #[must_use]
    pub fn popular_known(&self, kind: Kind, skip: u32) -> Vec<Found> {
        self.rows_known(&key_of(kind, extra_of(None, skip).as_deref()))
    }

    fn rows_known(&self, key: &str) -> Vec<Found> {
        let kept = self.cache.as_ref().and_then(|cache| cache.answer(key));
        kept.map(|(rows, _)| rows).unwrap_or_default()
    }

    async fn rows(
        &self,
        kind: Kind,
        catalogue: &str,
        extra: Option<&str>,
    ) -> Result<Vec<Found>, Error> {
        let base = if kind == Kind::Anime { &self.kitsu } else { &self.cinemeta };
        let alone = format!("{catalogue}.json");
        let path = match extra {
            Some(extra) => vec!["catalog", kind.as_str(), catalogue, extra],
            None => vec!["catalog", kind.as_str(), &alone],
        };
        let body = self.ask(base, &path).await?.unwrap_or_default();
        let metas = body["metas"].as_array().into_iter().flatten();
        let rows: Vec<Found> =
            metas.filter_map(|row: &Value| meta::found(row, kind)).take(MOST_ROWS).collect();
        for row in &rows {
            self.learn(row);
        }
        Ok(rows)
    }

    /// Which id is which, and where the picture is.
    fn learn(&self, row: &Found) {
        if let (StremioId::Imdb { id, .. }, Some(tmdb)) = (row.id, row.tmdb) {
            let tmdb = super::anime_map::TmdbId { film: row.film, id: tmdb };
            self.put_link(&super::source::tmdb_key(tmdb), &id.to_string());
        }
        self.remember_picture(&row.id, row.poster.as_deref());
    }

    /// Each list is the best first, and nothing compares a film with a series: they take turns. What
    /// stands in two lists stands in the first.
    fn take_turns(&self, lists: [Vec<Found>; 3]) -> Vec<Found> {
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        let mut lists = lists.map(Vec::into_iter);
        let turns = (0..longest).flat_map(|_| lists.each_mut().map(Iterator::next)).flatten();
        let all: Vec<Found> = turns.collect();
        let at_imdb = |row: &Found| match row.id {
            StremioId::Anime { base: base @ AnimeBase::Kitsu, id, .. } => {
                row.imdb.or_else(|| self.map.anime(base, id)?.imdb)
            }
            _ => None,
        };
        let titles: Vec<StremioId> = all.iter().map(|row| row.id).collect();
        let twice = |row: &Found| {
            let imdb = at_imdb(row).map(|id| StremioId::Imdb { id, episode: None });
            imdb.is_some_and(|imdb| titles.contains(&imdb))
        };
        all.into_iter().filter(|row| !twice(row)).collect()
    }

    fn kept_rows(
        &self,
        key: &str,
        fresh: Duration,
    ) -> Result<Vec<Found>, Option<Told<Vec<Found>>>> {
        let kept = self.cache.as_ref().and_then(|cache| cache.answer::<Vec<Found>>(key));
        let (value, age) = kept.ok_or(None)?;
        if age < fresh { Ok(value) } else { Err(Some(Told { value, age: Some(age) })) }
    }

    fn keep_rows(&self, key: &str, rows: &Vec<Found>) {
        // A list of nothing is asked for again.
        if let Some(cache) = self.cache.as_ref().filter(|_| !rows.is_empty()) {
            cache.put_answer(key, rows);
        }
    }
}
