//! The bytes of a torrent's file, and what may be told their transfer.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::torrents::hash_of;
use crate::http::error::ApiError;
use crate::http::line::Watch;
use crate::http::media::{self, Manners};
use crate::http::router::Asks;
use crate::http::visitor::Visitor;
use crate::playback::{Seek, Transfer};
use crate::torrent::InfoHash;

/// `?file=`: by its number in the torrent; without it, the film in it. `&key=`: a signed right.
#[derive(Deserialize)]
pub(super) struct Which {
    file: Option<u32>,
    key: Option<String>,
}

type Hash = Result<Path<InfoHash>, PathRejection>;
type Asked = Result<Query<Which>, QueryRejection>;

/// `GET`, `HEAD` `/api/stream/{hash}`: for programs.
pub(super) async fn bytes(
    method: Method,
    visitor: Visitor,
    hash: Hash,
    which: Asked,
    watch: Option<Extension<Watch>>,
) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    let (hash, which) = (hash_of(hash)?, which?.0);
    // Where anybody may watch, a page elsewhere can make a browser ask for anything; only what was
    // added is opened by such a request.
    let may_add = visitor.is_owner();
    send(&method, &visitor, (hash, which.file, may_add), Manners::Plain, watch).await
}

/// `GET`, `HEAD` `/stream/proxy/{hash}`: for players. The signed form needs no cookie.
pub(super) async fn proxy(
    method: Method,
    visitor: Visitor,
    hash: Hash,
    which: Asked,
    watch: Option<Extension<Watch>>,
) -> Result<Response, ApiError> {
    let (hash, which) = (hash_of(hash)?, which?.0);
    let may_add = match &which.key {
        Some(key) if visitor.rooms.opens_proxy(key, &hash, which.file) => true,
        Some(_) => {
            let sentence = "this link is not signed by this box, or has expired; ask for a new one";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "bad_media_key", sentence));
        }
        None => {
            visitor.may_watch()?;
            visitor.is_owner()
        }
    };
    send(&method, &visitor, (hash, which.file, may_add), Manners::Set, watch).await
}

async fn send(
    method: &Method,
    visitor: &Visitor,
    (hash, file, may_add): (InfoHash, Option<u32>, bool),
    manners: Manners,
    watch: Option<Extension<Watch>>,
) -> Result<Response, ApiError> {
    let media = visitor.rooms.playback.torrent_media(hash, file, may_add).await?;
    let asks = Asks { head: method == Method::HEAD, set: None, peer: None };
    let representation = visitor.rooms.media(asks, &media.media_id).await?;
    if let Some(Extension(watch)) = watch {
        watch.allow_pause();
    }
    Ok(media::answer(&representation, method, &visitor.headers, manners))
}

/// `GET /api/stream/{hash}/status`.
pub(super) async fn status(
    visitor: Visitor,
    hash: Hash,
    which: Asked,
) -> Result<Json<Transfer>, ApiError> {
    visitor.may_watch()?;
    let transfer = visitor.rooms.playback.transfer(hash_of(hash)?, which?.0.file).await?;
    Ok(Json(transfer))
}

/// A place in the film: one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    byte: Option<u64>,
    seconds: Option<f64>,
}

/// `POST /api/stream/{hash}/seek`: 202; what stands there is fetched first.
pub(super) async fn seek(
    visitor: Visitor,
    hash: Hash,
    which: Asked,
    place: Result<Json<Place>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    visitor.may_watch()?;
    let (hash, file) = (hash_of(hash)?, which?.0.file);
    let Json(place) = place?;
    let place = match (place.byte, place.seconds) {
        (Some(byte), None) => Seek::Byte(byte),
        (None, Some(seconds)) if seconds.is_finite() && seconds >= 0.0 => Seek::Seconds(seconds),
        _ => {
            let message = "send one place: {\"byte\":…} or {\"seconds\":…}, neither below 0";
            return Err(ApiError::bad_request(message));
        }
    };
    let byte = visitor.rooms.playback.seek_torrent(hash, file, place).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"byte": byte}))))
}

/// `DELETE /api/stream/{hash}`: who reads it is sent away, its peers are left.
pub(super) async fn stop(visitor: Visitor, hash: Hash) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    visitor.rooms.playback.stop_torrent(hash_of(hash)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/stream/{hash}/pause`.
pub(super) async fn pause(visitor: Visitor, hash: Hash) -> Result<StatusCode, ApiError> {
    visitor.may_watch()?;
    visitor.rooms.playback.pause_torrent(hash_of(hash)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/stream/{hash}/resume`.
pub(super) async fn resume(visitor: Visitor, hash: Hash) -> Result<StatusCode, ApiError> {
    visitor.may_watch()?;
    visitor.rooms.playback.resume_torrent(hash_of(hash)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
