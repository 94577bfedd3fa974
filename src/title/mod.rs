//! What it is called: names, years and episodes from Cinemeta (IMDb's ids) and the Kitsu add-on.
//!
//! Both speak Stremio's meta protocol, and both are read leniently: a part that has another shape
//! than it should is a part that is not known, and what they do not know at all is `None`.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use url::Url;

use crate::fetch::{self, Request};
use crate::media::{AnimeBase, Episode, ImdbId, StremioId, Title};

mod meta;

/// Longest wait for one answer; a title is asked for before anything else can be.
const LIMIT: Duration = Duration::from_secs(10);

/// The places that know titles.
#[derive(Clone)]
pub struct Titles {
    client: fetch::Client,
    cinemeta: Url,
    kitsu: Url,
}

/// A title that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its id at IMDb.
    pub id: ImdbId,
    /// Its name.
    pub name: String,
    /// First year.
    pub year: Option<u16>,
    /// `movie` or `series`.
    pub kind: &'static str,
    /// A picture, `http` or `https`.
    pub poster: Option<String>,
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

/// Why a title cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The place that knows it gives no answer.
    #[error("the title cannot be looked up: {0}")]
    Fetch(#[from] fetch::Error),
}

impl Titles {
    /// `cinemeta` and `kitsu` are the add-ons' addresses.
    #[must_use]
    pub fn new(client: fetch::Client, cinemeta: Url, kitsu: Url) -> Self {
        Self { client, cinemeta, kitsu }
    }

    /// What `id` is called; `None` where nobody knows, or for ids that nobody is asked for yet.
    pub async fn look_up(&self, id: &StremioId) -> Result<Option<Title>, Error> {
        match id {
            StremioId::Imdb { id: imdb, episode } => {
                let meta = self.meta(&self.cinemeta, id.kind(), &imdb.to_string()).await?;
                Ok(meta.and_then(|meta| meta::title(&meta, *imdb, *episode)))
            }
            StremioId::Anime { base: AnimeBase::Kitsu, id, episode } => {
                let meta = self.meta(&self.kitsu, "anime", &format!("kitsu:{id}")).await?;
                Ok(meta.and_then(|meta| meta::anime(&meta, *episode)))
            }
            _ => Ok(None),
        }
    }

    /// Films and series whose names fit `text`, the best of both first. One catalogue that gives no
    /// answer does not hide the other.
    pub async fn search(&self, text: &str) -> Result<Vec<Found>, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let (films, series) =
            tokio::join!(self.catalogue("movie", text), self.catalogue("series", text));
        let (films, series) = match (films, series) {
            (Err(error), Err(_)) => return Err(error),
            (films, series) => (films.unwrap_or_default(), series.unwrap_or_default()),
        };
        // Each list is the best first, and nothing compares a film with a series: take turns.
        let longest = films.len().max(series.len());
        let (mut films, mut series) = (films.into_iter(), series.into_iter());
        Ok((0..longest).flat_map(|_| [films.next(), series.next()]).flatten().collect())
    }

    /// The episodes of a series in order, those of season 0 (specials) last.
    pub async fn episodes(&self, id: ImdbId) -> Result<Vec<EpisodeRow>, Error> {
        let meta = self.meta(&self.cinemeta, "series", &id.to_string()).await?;
        Ok(meta.as_ref().map(meta::episodes).unwrap_or_default())
    }

    async fn catalogue(&self, kind: &'static str, text: &str) -> Result<Vec<Found>, Error> {
        let search = format!("search={text}.json");
        let url = fetch::at(&self.cinemeta, &["catalog", kind, "top", &search], &[]);
        let body = self.ask(url).await?.unwrap_or_default();
        let metas = body["metas"].as_array();
        Ok(metas.into_iter().flatten().filter_map(|row| meta::found(row, kind)).collect())
    }

    /// The `meta` of an answer; `None` where there is none, is null or has no name.
    async fn meta(&self, base: &Url, kind: &str, id: &str) -> Result<Option<Value>, Error> {
        let url = fetch::at(base, &["meta", kind, &format!("{id}.json")], &[]);
        let body = self.ask(url).await?;
        Ok(body.map(|mut body| body["meta"].take()).filter(Value::is_object))
    }

    /// An answer that is an object; 404 and other JSON are `None`.
    async fn ask(&self, url: Url) -> Result<Option<Value>, Error> {
        let answer = self.client.send(Request::get(url).within(LIMIT)).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        Ok(Some(answer.json::<Value>()?).filter(Value::is_object))
    }
}
