//! TMDB's API, version 3, for owners who have a key.
//!
//! A key is either the old one of 32 hex digits, which TMDB takes as a parameter alone, or a read
//! access token (a JWT), which goes into a header. The way out guards both alike.

use futures_util::future::join_all;
use serde_json::Value;

use super::anime_map::TmdbId;
use super::catalogue::Found;
use super::details::{Details, EpisodeDetails, Kind};
use super::source::{TmdbQuery, tmdb_key};
use super::{Error, LIMIT, Titles, meta};
use crate::fetch::{self, Request};
use crate::media::{Episode, ImdbId, StremioId};
use crate::secret::Secret;
use crate::torrent::{stated_name, stated_number};

/// Where its pictures are; the sizes are TMDB's own.
const PICTURES: &str = "https://image.tmdb.org/t/p";
/// Most seasons asked for at once: TMDB appends twenty answers to one.
const MOST_SEASONS: u32 = 18;
const MOST_LISTED: usize = 24;
/// Most rows of a search: for each its id at IMDb may have to be asked for.
const MOST_FOUND: usize = 10;
const LONGEST: usize = 2_000;

impl Titles {
    /// Asks TMDB whether it takes a key.
    pub async fn check_tmdb_key(&self, key: &Secret) -> Result<(), Error> {
        if !is_v3(key) && !key.expose().starts_with("eyJ") {
            return Err(Error::NoKey);
        }
        if !key.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::NoKey);
        }
        match self.ask_tmdb(key, &["authentication"], &[]).await? {
            Some(answer) if answer["success"] != Value::Bool(false) => Ok(()),
            _ => Err(Error::BadKey),
        }
    }

    /// The id at IMDb of a title at TMDB, as TMDB tells; `None` without a key.
    pub(super) async fn imdb_by_tmdb(&self, id: TmdbId) -> Result<Option<ImdbId>, Error> {
        let Some(key) = self.tmdb_key() else { return Ok(None) };
        let number = id.id.to_string();
        let path = [path_of(id.film), number.as_str(), "external_ids"];
        let ids = self.ask_tmdb(&key, &path, &[]).await?.unwrap_or_default();
        let imdb: Option<ImdbId> = ids["imdb_id"].as_str().and_then(|text| text.parse().ok());
        if let Some(imdb) = imdb {
            self.put_link(&tmdb_key(id), &imdb.to_string());
        }
        Ok(imdb)
    }

    /// What TMDB tells of a title that others tell of, or do not.
    pub(super) async fn more_by_tmdb(
        &self,
        query: TmdbQuery,
        known: Option<&Details>,
    ) -> Result<Option<Details>, Error> {
        let (TmdbQuery::Imdb(imdb), Some(_)) = (query, self.tmdb_key()) else { return Ok(None) };
        let told = known
            .and_then(|known| Some(TmdbId { film: known.kind == Kind::Movie, id: known.tmdb? }));
        let id = match told {
            Some(id) => Some(id),
            None => self.tmdb_of_imdb(imdb).await?,
        };
        let Some(id) = id else { return Ok(None) };
        let mut details = self.told_by_tmdb(id).await?;
        if let Some(details) = &mut details {
            details.id = StremioId::Imdb { id: imdb, episode: None };
            details.tmdb = Some(id.id);
        }
        Ok(details)
    }

    /// The number at TMDB of a title at IMDb.
    pub(super) async fn tmdb_of_imdb(&self, imdb: ImdbId) -> Result<Option<TmdbId>, Error> {
        let Some(key) = self.tmdb_key() else { return Ok(None) };
        let source = [("external_source", "imdb_id")];
        let found = self.ask_tmdb(&key, &["find", &imdb.to_string()], &source).await?;
        let found = found.unwrap_or_default();
        let first = |list: &str, film| Some(TmdbId { film, id: small(&found[list][0]["id"])? });
        Ok(first("movie_results", true).or_else(|| first("tv_results", false)))
    }

    /// What TMDB has at the address of a title, with `more`.
    pub(super) async fn ask_tmdb_for(
        &self,
        id: TmdbId,
        more: &[(&str, &str)],
    ) -> Result<Option<Value>, Error> {
        let Some(key) = self.tmdb_key() else { return Ok(None) };
        self.ask_tmdb(&key, &[path_of(id.film), &id.id.to_string()], more).await
    }

    /// What TMDB tells of a title of its own.
    pub(super) async fn told_by_tmdb(&self, id: TmdbId) -> Result<Option<Details>, Error> {
        let more = "external_ids,videos,credits,alternative_titles,translations";
        let more = [("append_to_response", more)];
        let Some(body) = self.ask_tmdb_for(id, &more).await? else { return Ok(None) };
        let Some(mut details) = details(&body, id) else { return Ok(None) };
        let seasons = small(&body["number_of_seasons"]).unwrap_or(0).min(MOST_SEASONS);
        if !id.film && seasons > 0 {
            let names: Vec<String> =
                (1..=seasons).map(|number| format!("season/{number}")).collect();
            let more = [("append_to_response", names.join(","))];
            let more = more.each_ref().map(|(name, value)| (*name, value.as_str()));
            let body = self.ask_tmdb_for(id, &more).await?.unwrap_or_default();
            details.episodes = names.iter().flat_map(|name| episodes(&body[name])).collect();
        }
        Ok(Some(details))
    }

    /// What TMDB finds by name, in its order: films and series, by their ids at IMDb where they have
    /// one; a film without one by its number. `None` without a key, or where TMDB does not answer.
    pub(super) async fn found_by_tmdb(&self, text: &str) -> Option<Vec<Found>> {
        let key = self.tmdb_key()?;
        let query = [("query", text), ("include_adult", "false")];
        let told = self.ask_tmdb(&key, &["search", "multi"], &query).await;
        let body =
            told.inspect_err(|error| tracing::warn!(%error, "TMDB finds nothing")).ok()??;
        let rows = body["results"].as_array().into_iter().flatten();
        let rows = rows.filter_map(found).take(MOST_FOUND);
        let known = rows.map(|(id, row)| async move {
            let imdb = self.imdb_of_tmdb(id).await.ok().flatten();
            match (imdb, id.film) {
                (Some(imdb), _) => {
                    let id = StremioId::Imdb { id: imdb, episode: None };
                    Some(Found { id, imdb: Some(imdb), ..row })
                }
                (None, true) => Some(row),
                // No list of episodes leads from a number to what the indexes know.
                (None, false) => None,
            }
        });
        Some(join_all(known).await.into_iter().flatten().collect())
    }

    /// An answer that is an object; `None` where TMDB does not know the thing (404).
    async fn ask_tmdb(
        &self,
        key: &Secret,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Option<Value>, Error> {
        let Some(base) = &self.tmdb else { return Ok(None) };
        let mut request = Request::get(fetch::at(base, path, query)).within(LIMIT);
        if is_v3(key) {
            request.secret_query = Some(("api_key", key.clone()));
        } else {
            request.secret = Some(("Authorization", "Bearer ", key.clone()));
        }
        let answer = self.client.send(request).await?;
        match answer.status {
            401 => Err(Error::BadKey),
            404 => Ok(None),
            _ => Ok(Some(answer.json::<Value>()?).filter(Value::is_object)),
        }
    }
}

fn is_v3(key: &Secret) -> bool {
    let key = key.expose();
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const fn path_of(film: bool) -> &'static str {
    if film { "movie" } else { "tv" }
}

fn details(body: &Value, id: TmdbId) -> Option<Details> {
    let name = text(&body["title"]).or_else(|| text(&body["name"]))?;
    let imdb = body["imdb_id"].as_str().or_else(|| body["external_ids"]["imdb_id"].as_str());
    let imdb: Option<ImdbId> = imdb.and_then(|text| text.parse().ok());
    let own = if id.film {
        StremioId::TmdbMovie(id.id)
    } else {
        StremioId::TmdbTv { id: id.id, episode: Episode { season: 1, number: 1 } }
    };
    let date = text(&body["release_date"]).or_else(|| text(&body["first_air_date"]));
    let runtime = small(&body["runtime"]).or_else(|| small(&body["episode_run_time"][0]));
    let japanese = body["original_language"] == "ja";
    let genres = names(&body["genres"]);
    Some(Details {
        id: imdb.map_or(own, |id| StremioId::Imdb { id, episode: None }),
        kind: if id.film { Kind::Movie } else { Kind::Series },
        aliases: aliases(body, &name),
        name,
        year: date.and_then(|date| date.get(..4)?.parse().ok()),
        runtime_min: runtime,
        plot: text(&body["overview"]),
        japanese_animation: japanese && genres.iter().any(|genre| genre == "Animation"),
        genres,
        cast: names(&body["credits"]["cast"]),
        rating: rating(body),
        trailers: trailers(&body["videos"]["results"]),
        episodes: Vec::new(),
        poster: picture("w342", &body["poster_path"]),
        background: picture("w1280", &body["backdrop_path"]),
        imdb,
        tmdb: Some(id.id),
        kitsu: None,
        completed: true,
        carries: false,
    })
}

/// A row of `search/multi`, which finds people as well.
fn found(row: &Value) -> Option<(TmdbId, Found)> {
    let film = match row["media_type"].as_str()? {
        "movie" => true,
        "tv" => false,
        _ => return None,
    };
    let id = TmdbId { film, id: small(&row["id"])? };
    let date = text(&row["release_date"]).or_else(|| text(&row["first_air_date"]));
    let found = Found {
        id: StremioId::TmdbMovie(id.id),
        name: text(&row["title"]).or_else(|| text(&row["name"]))?,
        year: date.and_then(|date| date.get(..4)?.parse().ok()),
        kind: if film { Kind::Movie } else { Kind::Series },
        film,
        imdb: None,
        tmdb: Some(id.id),
        poster: picture("w342", &row["poster_path"]),
    };
    Some((id, found))
}

/// The original name, the names in other countries, and the translations.
fn aliases(body: &Value, name: &str) -> Vec<String> {
    let own = [&body["original_title"], &body["original_name"]];
    let titles = &body["alternative_titles"];
    let lists = [&titles["titles"], &titles["results"]].into_iter();
    let others = lists.filter_map(Value::as_array).flatten().map(|one| &one["title"]);
    let translations = body["translations"]["translations"].as_array().into_iter().flatten();
    let others =
        others.chain(translations.flat_map(|one| [&one["data"]["title"], &one["data"]["name"]]));
    let mut aliases: Vec<String> = Vec::new();
    for alias in own.into_iter().chain(others).filter_map(text) {
        if alias != name && !aliases.contains(&alias) && aliases.len() < MOST_LISTED {
            aliases.push(alias);
        }
    }
    aliases
}

#[expect(clippy::cast_possible_truncation, reason = "a rating of ten with one place")]
fn rating(body: &Value) -> Option<f32> {
    let told = body["vote_average"].as_f64().filter(|told| (0.1..=10.0).contains(told))?;
    Some(((told * 10.0).round() / 10.0) as f32)
}

/// Trailers before teasers, official ones first.
fn trailers(results: &Value) -> Vec<String> {
    let videos = results.as_array().into_iter().flatten();
    let mut videos: Vec<(bool, bool, &str)> = videos
        .filter(|video| video["site"] == "YouTube")
        .filter(|video| video["type"] == "Trailer" || video["type"] == "Teaser")
        .filter_map(|video| {
            let id = video["key"].as_str().filter(|id| meta::is_youtube_id(id))?;
            Some((video["type"] != "Trailer", video["official"] != Value::Bool(true), id))
        })
        .collect();
    videos.sort_by_key(|(teaser, unofficial, _)| (*teaser, *unofficial));
    videos.into_iter().take(8).map(|(.., id)| id.to_owned()).collect()
}

fn episodes(season: &Value) -> impl Iterator<Item = EpisodeDetails> {
    let rows = season["episodes"].as_array().into_iter().flatten();
    rows.filter_map(|row| {
        let season = stated_number(&row["season_number"])?.try_into().ok()?;
        let number = small(&row["episode_number"])?;
        Some(EpisodeDetails {
            episode: Episode { season, number },
            name: text(&row["name"]).unwrap_or_default(),
            air_date: text(&row["air_date"]).filter(|date| date.len() == 10),
            plot: text(&row["overview"]).map(|plot| stated_name(&plot, 400)),
            thumbnail: picture("w300", &row["still_path"]),
            imdb: None,
        })
    })
}

/// The names of a list of things that have one.
fn names(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| text(&item["name"])).take(MOST_LISTED).collect()
}

fn picture(size: &str, path: &Value) -> Option<String> {
    let path = path.as_str().filter(|path| path.starts_with('/') && path.len() < 200)?;
    Some(format!("{PICTURES}/{size}{path}"))
}

pub(super) fn text(value: &Value) -> Option<String> {
    let text = stated_name(value.as_str()?, LONGEST);
    (!text.is_empty()).then_some(text)
}

fn small(value: &Value) -> Option<u32> {
    let number = stated_number(value).filter(|number| *number > 0)?;
    number.try_into().ok()
}
