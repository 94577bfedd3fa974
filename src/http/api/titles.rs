//! What is told of titles, as JSON: details, search, catalogues. And their pictures.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::story::id_of;
use crate::http::error::ApiError;
use crate::http::visitor::Visitor;
use crate::media::{AnimeBase, StremioId};
use crate::title::{Details, EpisodeDetails, Found, Kind, List, Picture, Told};

/// Pictures change seldom; a missing one may come.
const PICTURE_AGE: &str = "private, max-age=604800";
const NO_PICTURE_AGE: &str = "private, max-age=600";

/// `GET /api/title/{id}`: all that is told of a title. An episode in the id does not matter.
pub(super) async fn title(
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let told = visitor.rooms.playback.details(&title_of(&id?)?).await?;
    Ok(Json(title_json(&told)))
}

#[derive(Deserialize)]
pub(super) struct Asked {
    q: Option<String>,
}

/// `GET /api/search?q=`.
pub(super) async fn search(
    visitor: Visitor,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let text = asked?.0.q.unwrap_or_default();
    let told = visitor.rooms.playback.search(&text).await?;
    Ok(Json(json!({"q": text, "titles": rows(&told.value), "age_s": seconds(told.age)})))
}

/// Which part of a catalogue.
#[derive(Deserialize)]
pub(in crate::http) struct Part {
    pub(in crate::http) genre: Option<String>,
    pub(in crate::http) skip: Option<u32>,
}

/// `GET /api/catalogue/{kind}?genre=&skip=`: what is popular.
pub(super) async fn catalogue(
    visitor: Visitor,
    kind: Result<Path<String>, PathRejection>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let list = list_of(&kind?, part?.0)?;
    let told = visitor.rooms.playback.popular(&list).await?;
    Ok(Json(json!({
        "kind": list.kind,
        "genre": list.genre,
        "skip": list.skip,
        "titles": rows(&told.value),
        "next_skip": next_skip(&list, told.value.len()),
        "age_s": seconds(told.age),
    })))
}

/// Where the next part begins; `None` after the last.
pub(in crate::http) fn next_skip(list: &List, rows: usize) -> Option<u32> {
    let rows = u32::try_from(rows).ok().filter(|rows| *rows > 0)?;
    list.skip.checked_add(rows)
}

/// The part of a catalogue that an address names.
pub(in crate::http) fn list_of(kind: &str, part: Part) -> Result<List, ApiError> {
    let kinds = [Kind::Movie, Kind::Series, Kind::Anime];
    let kind = kinds.into_iter().find(|known| known.as_str() == kind).ok_or_else(|| {
        let message = "the catalogues are movie, series and anime";
        ApiError::new(StatusCode::NOT_FOUND, "no_catalogue", message)
    })?;
    let genre = part.genre.filter(|genre| !genre.trim().is_empty());
    Ok(List { kind, genre, skip: part.skip.unwrap_or(0) })
}

/// `GET /image/{which}/{id}`: a picture that was told of a title, never an address out of a request.
pub(in crate::http) async fn image(
    visitor: Visitor,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    let Path((which, id)) = path?;
    picture_of(&visitor, &which, &id, Size::Whole).await
}

/// How large a picture is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Size {
    /// As the catalogues have it.
    Whole,
    /// A JPEG of at most 160 pixels a side.
    Small,
}

/// The picture of a title, for whoever may have it.
pub(in crate::http) async fn picture_of(
    visitor: &Visitor,
    which: &str,
    id: &str,
    size: Size,
) -> Result<Response, ApiError> {
    let which = match which {
        "poster" => Picture::Poster,
        "background" => Picture::Background,
        "thumbnail" => Picture::Thumbnail,
        _ => return Err(ApiError::not_found()),
    };
    let id = title_of(id)?;
    let playback = &visitor.rooms.playback;
    let image = match size {
        Size::Whole => playback.image(which, &id).await,
        Size::Small => playback.thumbnail(which, &id).await,
    };
    let Some(image) = image else {
        let message = "there is no such picture, or nobody gives it now";
        let refusal = ApiError::new(StatusCode::NOT_FOUND, "no_picture", message);
        return Ok(([(header::CACHE_CONTROL, NO_PICTURE_AGE)], refusal).into_response());
    };
    let head = [(header::CONTENT_TYPE, image.media_type), (header::CACHE_CONTROL, PICTURE_AGE)];
    Ok((head, image.bytes).into_response())
}

/// A title's id: as everywhere, or `tmdb:tv:N` without an episode.
pub(in crate::http) fn title_of(text: &str) -> Result<StremioId, ApiError> {
    let series = text.starts_with("tmdb:tv:") && text.split(':').count() == 3;
    if series { id_of(&format!("{text}:1:1")) } else { id_of(text) }
}

/// A title's id as it is printed: without an episode.
pub(in crate::http) fn title_id(id: &StremioId) -> String {
    id.title_text()
}

/// The id under which an episode of a title is found and played.
pub(in crate::http) fn episode_id(details: &Details, row: &EpisodeDetails) -> StremioId {
    details.id.with_episode(row.episode)
}

/// Where the box has a title's poster. IMDb's ids have one that needs no telling.
pub(in crate::http) fn poster_path(id: &StremioId, told: Option<&str>) -> Option<String> {
    let known = told.is_some() || matches!(id, StremioId::Imdb { .. });
    known.then(|| format!("/image/poster/{}", title_id(id)))
}

fn title_json(told: &Told<Details>) -> Value {
    let details = &told.value;
    let kitsu = match details.id {
        StremioId::Anime { base: AnimeBase::Kitsu, id, .. } => Some(id),
        _ => details.kitsu,
    };
    let imdb = match details.id {
        StremioId::Imdb { id, .. } => Some(id),
        _ => details.imdb,
    };
    let mut seasons: Vec<Value> = Vec::new();
    for row in &details.episodes {
        let id = episode_id(details, row);
        let picture = row.thumbnail.as_ref().map(|_| format!("/image/thumbnail/{id}"));
        let episode = json!({
            "id": id,
            "number": row.episode.number,
            "name": row.name,
            "air_date": row.air_date,
            "plot": row.plot,
            "thumbnail": picture,
        });
        match seasons.last_mut().filter(|last| last["season"] == row.episode.season) {
            Some(Value::Object(season)) => {
                if let Some(Value::Array(rows)) = season.get_mut("episodes") {
                    rows.push(episode);
                }
            }
            _ => seasons.push(json!({"season": row.episode.season, "episodes": [episode]})),
        }
    }
    let id = title_id(&details.id);
    json!({
        "id": id,
        "kind": details.kind,
        "name": details.name,
        "aliases": details.aliases,
        "year": details.year,
        "runtime_min": details.runtime_min,
        "plot": details.plot,
        "genres": details.genres,
        "cast": details.cast,
        "rating": details.rating,
        "trailers": details.trailers,
        "imdb": imdb,
        "tmdb": details.tmdb,
        "kitsu": kitsu,
        "poster": poster_path(&details.id, details.poster.as_deref()),
        "background": details.background.as_ref().map(|_| format!("/image/background/{id}")),
        "seasons": seasons,
        "age_s": seconds(told.age),
    })
}

fn rows(found: &[Found]) -> Vec<Value> {
    let row = |row: &Found| {
        json!({
            "id": title_id(&row.id),
            "kind": row.kind,
            "film": row.film,
            "name": row.name,
            "year": row.year,
            "poster": poster_path(&row.id, row.poster.as_deref()),
        })
    };
    found.iter().map(row).collect()
}

fn seconds(age: Option<Duration>) -> Option<u64> {
    age.map(|age| age.as_secs())
}
