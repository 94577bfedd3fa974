//! Catalogues: what is popular, what a search finds, what lies on this box
//! (stremio-addon-sdk, docs/api/responses/meta.md, "Meta Preview Object").

use serde_json::{Value, json};

use super::asked::Asked;
use super::manifest::{HERE, POPULAR};
use super::{Answer, Base, playback};
use crate::http::api::{poster_path, title_id};
use crate::http::error::ApiError;
use crate::http::rooms::Rooms;
use crate::media::StremioId;
use crate::playback::ShelfRow;
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
        Some(text) => playback(rooms).search(text).await?,
        None => {
            let genre = asked.extra.genre.clone();
            playback(rooms).popular(&List { kind, genre, skip: asked.extra.skip }).await?
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
    let shelf = playback(rooms).shelf()?;
    let mut seen = std::collections::HashSet::new();
    let of_kind =
        |row: &&ShelfRow| row.id.is_some_and(|id| (id.kind() == "movie") == (kind == Kind::Movie));
    let rows = shelf.titles.iter().filter(of_kind).filter_map(|row| {
        let id = without_episode(row.id?);
        // A series stands there once, however many of its episodes lie here.
        seen.insert(id).then_some((id, row))
    });
    let metas = rows.skip(asked.extra.skip as usize).take(PAGE).map(|(id, row)| {
        json!({
            "id": title_id(&id),
            "type": kind.as_str(),
            "name": row.title,
            "poster": poster(base, &id, None),
            "posterShape": "poster",
        })
    });
    let metas: Vec<Value> = metas.collect();
    let body = json!({"metas": metas, "cacheMaxAge": HERE_KEPT_S});
    Ok(Answer::kept(body, HERE_KEPT_S))
}

/// The title that an episode is of.
fn without_episode(id: StremioId) -> StremioId {
    match id {
        StremioId::Imdb { id, .. } => StremioId::Imdb { id, episode: None },
        StremioId::Anime { base, id, .. } => StremioId::Anime { base, id, episode: None },
        other => other,
    }
}
