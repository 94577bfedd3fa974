//! Catalogues: what is popular, what a search finds, what lies on this box
//! (stremio-addon-sdk, docs/api/responses/meta.md, "Meta Preview Object").

use serde_json::{Value, json};

use super::asked::Asked;
use super::manifest::{HERE, POPULAR};
use super::{Answer, Base};
use crate::http::api::{poster_path, title_id};
use crate::http::error::ApiError;
use crate::http::rooms::Rooms;
use crate::media::StremioId;
use crate::title::{Found, Kind, List};

/// How long an app may keep a catalogue, in seconds; the titles' own room asks no oftener.
const KEPT_S: u32 = 3_600;
/// The same of what lies here, which changes with every film.
const HERE_KEPT_S: u32 = 30;
/// Rows of one page: as many as apps skip at a time (docs/api/requests/defineCatalogHandler.md).
const PAGE: usize = 100;

pub(super) async fn catalogue(
    rooms: &Rooms,
    base: &Base,
    asked: &Asked,
) -> Result<Answer, ApiError> {
    let kinds = [Kind::Movie, Kind::Series, Kind::Anime];
    let kind = kinds.into_iter().find(|kind| kind.as_str() == asked.kind);
    let kind = kind.ok_or_else(ApiError::not_found)?;
    match asked.id.as_str() {
        POPULAR => popular(rooms, base, kind, asked).await,
        HERE => here(rooms, base, kind, asked),
        _ => Err(ApiError::not_found()),
    }
}

async fn popular(
    rooms: &Rooms,
    base: &Base,
    kind: Kind,
    asked: &Asked,
) -> Result<Answer, ApiError> {
    let told = match &asked.extra.search {
        // Stremio asks each catalogue for itself; what is found is of all kinds, and of one page.
        Some(_) if asked.extra.skip > 0 => return Ok(Answer::kept(json!({"metas": []}), KEPT_S)),
        Some(text) => rooms.playback.search(text).await?,
        None => {
            let genre = asked.extra.genre.clone();
            rooms.playback.popular(&List { kind, genre, skip: asked.extra.skip }).await?
        }
    };
    let of_kind = told.value.iter().filter(|row| row.kind == kind);
    let metas: Vec<Value> = of_kind.map(|row| preview(base, row)).collect();
    // A list that only stands in for one that nobody gives now is asked for again soon.
    let kept = if told.age.is_some() || metas.is_empty() { 60 } else { KEPT_S };
    Ok(Answer::kept(json!({"metas": metas, "cacheMaxAge": kept}), kept))
}

fn preview(base: &Base, row: &Found) -> Value {
    json!({
        "id": title_id(&row.id),
        "type": if row.film { "movie" } else { "series" },
        "name": row.name,
        "poster": poster(base, &row.id, row.poster.as_deref()),
        "posterShape": "poster",
        "releaseInfo": row.year.map(|year| year.to_string()),
    })
}

/// A picture comes through the box: no stranger learns who looks at what.
pub(super) fn poster(base: &Base, id: &StremioId, told: Option<&str>) -> Option<String> {
    let path = poster_path(id, told)?;
    Some(base.of_addon(path.trim_start_matches('/')))
}

fn here(rooms: &Rooms, base: &Base, kind: Kind, asked: &Asked) -> Result<Answer, ApiError> {
    let titles = rooms.playback.titles_here()?;
    let of_kind =
        titles.into_iter().filter(|(id, _)| (id.kind() == "movie") == (kind == Kind::Movie));
    let metas = of_kind.skip(asked.extra.skip as usize).take(PAGE).map(|(id, name)| {
        json!({
            "id": title_id(&id),
            "type": kind.as_str(),
            "name": name,
            "poster": poster(base, &id, None),
            "posterShape": "poster",
        })
    });
    let metas: Vec<Value> = metas.collect();
    let body = json!({"metas": metas, "cacheMaxAge": HERE_KEPT_S});
    Ok(Answer::kept(body, HERE_KEPT_S))
}
