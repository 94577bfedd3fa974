//! The library: what lies on the disks, and what its owner wants done with it.

use std::time::Duration;

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::visitor::Visitor;
use crate::playback::{JUST_READ, ShelfChange, ShelfRow, ShelfView, Swept};

type Form<T> = Result<Json<T>, JsonRejection>;

/// `GET /api/library`.
pub(super) async fn shelf(visitor: Visitor) -> Result<Json<ShelfView>, ApiError> {
    visitor.may_watch()?;
    Ok(Json(visitor.rooms.playback.shelf()?))
}

/// `GET /api/library/{media id}`.
pub(super) async fn title(
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<ShelfRow>, ApiError> {
    visitor.may_watch()?;
    Ok(Json(visitor.rooms.playback.shelf_row(&id?)?))
}

/// `PUT /api/library/{media id}`: any of `pinned`, `permanent`, `place`, `keep`; and, by who may
/// watch, `position_s` with `duration_s`.
pub(super) async fn change(
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
    form: Form<ShelfChange>,
) -> Result<Json<ShelfRow>, ApiError> {
    let Json(change) = form?;
    if change.is_a_position() {
        visitor.may_watch()?;
    } else {
        visitor.owner_only()?;
    }
    let (id, playback) = (id?.0, &visitor.rooms.playback);
    playback.change_title(&id, change).await?;
    Ok(Json(playback.shelf_row(&id)?))
}

/// `DELETE /api/library/{media id}`: its files go; its link plays on, from wherever it comes then.
pub(super) async fn remove(
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.owner_only()?;
    let freed = visitor.rooms.playback.remove_title(&id?).await?;
    Ok(Json(json!({"freed_bytes": freed})))
}

/// `DELETE /api/library/others`: what lies here of an earlier state or of another box.
pub(super) async fn remove_others(visitor: Visitor) -> Result<Json<Value>, ApiError> {
    visitor.owner_only()?;
    let freed = visitor.rooms.playback.remove_found(None).await?;
    Ok(Json(json!({"freed_bytes": freed.unwrap_or_default()})))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct CleanUp {
    idle_s: Option<u64>,
}

/// `POST /api/cleanup`: what nobody has read for `idle_s` seconds (60 where it is not said) and
/// nothing spares.
pub(super) async fn clean_up(
    visitor: Visitor,
    form: Form<CleanUp>,
) -> Result<Json<Swept>, ApiError> {
    visitor.owner_only()?;
    let form = match form {
        Ok(Json(form)) => form,
        // No body at all is the usual one.
        Err(JsonRejection::MissingJsonContentType(_)) => CleanUp::default(),
        Err(rejection) => return Err(rejection.into()),
    };
    let idle = form.idle_s.map_or(JUST_READ, Duration::from_secs);
    Ok(Json(visitor.rooms.playback.clean_up(idle).await?))
}
