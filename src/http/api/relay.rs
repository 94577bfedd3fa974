//! `/torrentio/{path}`: the configured Torrentio, read-only.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;
use crate::http::visitor::Visitor;

/// `GET /torrentio/{path}` (and `HEAD`): its JSON. The query is dropped: an add-on takes none.
pub(super) async fn torrentio(
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    let body = visitor.rooms.playback.relay(&path?).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    Ok((headers, body).into_response())
}
