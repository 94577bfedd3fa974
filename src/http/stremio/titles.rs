//! A title with its episodes (stremio-addon-sdk, docs/api/responses/meta.md), and its pictures.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::asked::Asked;
use super::catalogues::poster;
use super::{Answer, Base};
use crate::http::api::{episode_id, title_id, title_of};
use crate::http::error::ApiError;
use crate::http::rooms::Rooms;
use crate::title::{Details, EpisodeDetails, Picture};

/// How long an app may keep what is told of a title, in seconds.
const KEPT_S: u32 = 3_600;

pub(super) async fn title(rooms: &Rooms, base: &Base, asked: &Asked) -> Result<Answer, ApiError> {
    let id = title_of(&asked.id).map_err(|_| ApiError::not_found())?;
    let told = rooms.playback.details(&id).await?;
    let kept = if told.age.is_some() { 60 } else { KEPT_S };
    let meta = meta(base, &asked.kind, &told.value);
    Ok(Answer::kept(json!({"meta": meta, "cacheMaxAge": kept}), kept))
}

fn meta(base: &Base, kind: &str, details: &Details) -> Value {
    let id = title_id(&details.id);
    let wide = details.background.as_ref();
    let wide = wide.map(|_| base.of_addon(&format!("image/background/{id}")));
    let trailers: Vec<Value> =
        details.trailers.iter().map(|id| json!({"source": id, "type": "Trailer"})).collect();
    let videos: Vec<Value> = details.episodes.iter().map(|row| video(base, details, row)).collect();
    let mut meta = json!({
        "id": id,
        "type": kind,
        "name": details.name,
        "poster": poster(base, &details.id, details.poster.as_deref()),
        "posterShape": "poster",
        "background": wide,
        "description": details.plot,
        "releaseInfo": details.year.map(|year| year.to_string()),
        "runtime": details.runtime_min.map(|minutes| format!("{minutes} min")),
        "genres": details.genres,
        "cast": details.cast,
        "imdbRating": details.rating.map(|rating| format!("{rating:.1}")),
        "trailers": trailers,
        "videos": videos,
    });
    if details.episodes.is_empty() {
        // What plays when somebody presses play on the title itself.
        meta["behaviorHints"] = json!({"defaultVideoId": id});
    }
    without_nothing(meta)
}

fn video(base: &Base, details: &Details, row: &EpisodeDetails) -> Value {
    let id = episode_id(details, row);
    let name = if row.name.is_empty() {
        format!("Episode {}", row.episode.number)
    } else {
        row.name.clone()
    };
    let picture = row.thumbnail.as_ref();
    without_nothing(json!({
        "id": id,
        "title": name,
        "season": row.episode.season,
        "episode": row.episode.number,
        "released": row.air_date.as_ref().map(|day| format!("{day}T00:00:00.000Z")),
        "overview": row.plot,
        "thumbnail": picture.map(|_| base.of_addon(&format!("image/thumbnail/{id}"))),
    }))
}

/// Leaves out what nobody told: apps take a key that is there for a text.
fn without_nothing(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// `image/{which}/{id}`: a picture that was told of a title, never an address out of a request.
pub(super) async fn picture(rooms: &Rooms, path: &str) -> Result<Response, ApiError> {
    let (which, id) = path.split_once('/').ok_or_else(ApiError::not_found)?;
    let which = match which {
        "poster" => Picture::Poster,
        "background" => Picture::Background,
        "thumbnail" => Picture::Thumbnail,
        _ => return Err(ApiError::not_found()),
    };
    let id = percent_decode_str(id).decode_utf8_lossy();
    let id = title_of(&id).map_err(|_| ApiError::not_found())?;
    let image = rooms.playback.image(which, &id).await.ok_or_else(|| {
        let message = "there is no such picture, or nobody gives it now";
        ApiError::new(StatusCode::NOT_FOUND, "no_picture", message)
    })?;
    let head = [
        (header::CONTENT_TYPE, image.media_type.to_string()),
        (header::CACHE_CONTROL, "private, max-age=604800".to_owned()),
    ];
    Ok((head, image.bytes).into_response())
}
