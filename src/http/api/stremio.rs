//! The Stremio add-on's keys, and the streaming server's switch: the owner's.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::stremio::Base;
use crate::http::visitor::Visitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turned {
    on: bool,
}

/// `GET /api/stremio/keys`: which devices have a key; never the keys.
pub(super) async fn keys(visitor: Visitor) -> Result<Json<Value>, ApiError> {
    visitor.owner_only()?;
    Ok(Json(json!({"keys": visitor.rooms.stremio.keys.list()})))
}

/// `POST /api/stremio/keys {name}`: the addresses to install, told this once.
pub(super) async fn make(
    visitor: Visitor,
    named: Result<Json<Named>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    visitor.owner_only()?;
    let Json(Named { name }) = named?;
    // It waits for the disk.
    let (row, key) = tokio::task::block_in_place(|| visitor.rooms.stremio.keys.make(&name))?;
    let base = Base::of(&visitor.rooms, &visitor.headers, key.expose());
    let made = json!({
        "id": row.id,
        "name": row.name,
        "manifest": base.manifest(),
        "install": base.install_link(),
    });
    Ok((StatusCode::CREATED, Json(made)))
}

/// `DELETE /api/stremio/keys/{id}`.
pub(super) async fn revoke(
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    visitor.owner_only()?;
    let Path(id) = id?;
    tokio::task::block_in_place(|| visitor.rooms.stremio.keys.revoke(&id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/stremio/server`: whether the streaming server is on.
pub(super) async fn server(visitor: Visitor) -> Result<Json<Value>, ApiError> {
    visitor.owner_only()?;
    Ok(Json(standing(&visitor)))
}

/// `PUT /api/stremio/server {on}`.
pub(super) async fn turn(
    visitor: Visitor,
    turned: Result<Json<Turned>, JsonRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.owner_only()?;
    let Json(Turned { on }) = turned?;
    tokio::task::block_in_place(|| visitor.rooms.stremio.server.turn(on))?;
    Ok(Json(standing(&visitor)))
}

fn standing(visitor: &Visitor) -> Value {
    let switch = &visitor.rooms.stremio.server;
    json!({
        "on": switch.is_on(),
        "fixed": switch.is_fixed(),
        "listen": visitor.rooms.stremio.server_listen,
    })
}
