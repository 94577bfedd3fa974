//! The subtitles of a film, for programs.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::rooms::Rooms;
use crate::http::visitor::Visitor;
use crate::playback::SubtitleLine;

/// `GET /api/subtitles/{media id}`: who may know is asked, for at most 3 s.
pub(super) async fn list(
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let lines = visitor.rooms.playback.subtitles(&id?.0).await?;
    let rows: Vec<Value> = lines.iter().map(|line| row(&visitor.rooms, line)).collect();
    Ok(Json(json!({"subtitles": rows})))
}

fn row(rooms: &Rooms, line: &SubtitleLine) -> Value {
    let mut row = serde_json::to_value(line).unwrap_or_default();
    for form in ["srt", "vtt"] {
        row[form] = rooms.subtitle_path(line, form).into();
    }
    row
}
