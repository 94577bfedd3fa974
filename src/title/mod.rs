//! What it is called, and which id is which: Cinemeta (IMDb's ids), the Kitsu add-on (anime), TMDB
//! where the owner has a key, and a map of anime ids that lies in the program.
//!
//! Cinemeta and Kitsu speak Stremio's meta protocol; all are read leniently: a part that has another
//! shape than it should is a part that is not known, and what they do not know at all is `None`. What
//! they said is kept in the cache with its age. It is asked for again when it is old, and stands where
//! nobody answers: stale is better than nothing.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::cache::Cache;
use crate::fetch::{self, Request};
use crate::secret::Secret;

pub mod anime_map;
mod catalogue;
mod details;
mod images;
mod links;
mod meta;
mod names;
mod resolve;
mod source;
mod thumbnail;
mod tmdb;

pub use anime_map::AnimeMap;
pub use catalogue::{Found, List};
pub use details::{Details, EpisodeDetails, EpisodeRow, Kind, Told};
pub use images::{Image, Picture};

/// Longest wait for one answer; a title is asked for before anything else can be.
const LIMIT: Duration = Duration::from_secs(10);

/// The places that know titles. Cheap to clone.
#[derive(Clone)]
pub struct Titles {
    client: fetch::Client,
    cinemeta: Url,
    kitsu: Url,
    tmdb: Option<Url>,
    key: Arc<RwLock<Option<Secret>>>,
    images: images::Store,
    cache: Option<Cache>,
    map: AnimeMap,
}

/// Why a title cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The place that knows it gives no answer.
    #[error("the title cannot be looked up: {0}")]
    Fetch(#[from] fetch::Error),
    /// TMDB refuses the key.
    #[error(
        "TMDB does not accept this key; copy it again from the API page of your account's settings \
         there (the API key or the read access token)"
    )]
    BadKey,
    /// It cannot be a key.
    #[error(
        "a TMDB key is 32 hex digits, or a read access token that begins with eyJ; copy it again"
    )]
    NoKey,
}

impl Titles {
    /// `cinemeta` and `kitsu` are the add-ons' addresses.
    #[must_use]
    pub fn new(client: fetch::Client, cinemeta: Url, kitsu: Url) -> Self {
        Self {
            client,
            cinemeta,
            kitsu,
            tmdb: None,
            key: Arc::default(),
            images: images::Store::default(),
            cache: None,
            map: AnimeMap::default(),
        }
    }

    /// The same, keeping what was said.
    #[must_use]
    pub fn with_cache(self, cache: Cache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The same with a map of anime ids that others refresh.
    #[must_use]
    pub fn with_map(self, map: AnimeMap) -> Self {
        Self { map, ..self }
    }

    /// The same with TMDB at `url`, which is asked once there is a key, and pictures at `images`.
    #[must_use]
    pub fn with_tmdb_and_images(self, url: Url, images: Url) -> Self {
        Self { tmdb: Some(url), images: images::Store::at(images), ..self }
    }

    /// Whether a map knows this as anime, without asking anybody.
    #[must_use]
    pub fn is_anime(&self, id: &crate::media::StremioId) -> bool {
        use crate::media::StremioId;
        use anime_map::TmdbId;
        let of_tmdb = |film, id| !self.map.of_tmdb(TmdbId { film, id }).is_empty();
        match id {
            StremioId::Anime { .. } => true,
            StremioId::Imdb { id, .. } => !self.map.of_imdb(*id).is_empty(),
            StremioId::TmdbMovie(id) => of_tmdb(true, *id),
            StremioId::TmdbTv { id, .. } => of_tmdb(false, *id),
        }
    }

    /// TMDB's key, as the owner or the configuration gave it.
    #[must_use]
    pub fn tmdb_key(&self) -> Option<Secret> {
        self.key.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// By what a title is told now: of which day the map of anime ids is, and whether TMDB is asked. What
    /// was told by others may be told better.
    #[must_use]
    pub fn edition(&self) -> String {
        let tmdb = if self.tmdb_key().is_some() { " tmdb" } else { "" };
        format!("{}{tmdb}", self.map.day())
    }

    /// Uses this key, or none, from now on. Whether TMDB takes it is asked by
    /// [`Titles::check_tmdb_key`].
    pub fn use_tmdb_key(&self, key: Option<Secret>) {
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// What an add-on has at `segments`: an object; 404 and other JSON are `None`.
    async fn ask(&self, base: &Url, segments: &[&str]) -> Result<Option<Value>, Error> {
        let url = fetch::at(base, segments, &[]);
        let answer = self.client.send(Request::get(url).within(LIMIT)).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        Ok(Some(answer.json::<Value>()?).filter(Value::is_object))
    }

    /// The `meta` of an answer; `None` where there is none or it is null.
    async fn meta(&self, base: &Url, kind: &str, id: &str) -> Result<Option<Value>, Error> {
        let body = self.ask(base, &["meta", kind, &format!("{id}.json")]).await?;
        Ok(body.map(|mut body| body["meta"].take()).filter(Value::is_object))
    }
}
