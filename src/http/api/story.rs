//! Find and play.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::http::error::ApiError;
use crate::http::rooms::{Rooms, Visitor};
use crate::media::StremioId;
use crate::playback::IndexLine;
use crate::torrent::InfoHash;

/// `GET /api/find/{id}`: JSON, or server-sent events where those are asked for.
pub(super) async fn find(
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    let rooms = &visitor.rooms;
    let id = id_of(&id?)?;
    let accept = visitor
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accept.contains("text/event-stream") {
        return Ok(events(rooms, id));
    }
    let findings = rooms.playback.find(&id, &mut |_| {}).await;
    Ok(Json(&*findings).into_response())
}

/// Events `index` (one an index, as it answers), `candidates` (the whole answer), `done`.
fn events(rooms: &Rooms, id: StremioId) -> Response {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Bytes>();
    let playback = std::sync::Arc::clone(&rooms.playback);
    rooms.tasks.spawn(async move {
        let mut on = |line: &IndexLine| {
            let _ = sender.send(event("index", line));
        };
        let findings = playback.find(&id, &mut on).await;
        let _ = sender.send(event("candidates", &*findings));
        let _ = sender.send(event("done", &json!({"elapsed_ms": findings.elapsed_ms})));
    });
    let stream = futures_util::stream::poll_fn(move |context| {
        receiver.poll_recv(context).map(|item| item.map(Ok::<_, std::convert::Infallible>))
    });
    (
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")],
        Body::from_stream(stream),
    )
        .into_response()
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

/// `?info_hash=`: this candidate, not the best.
#[derive(Deserialize)]
pub(super) struct Which {
    info_hash: Option<InfoHash>,
}

/// `/api/play/{id}`: as `play --json`.
pub(super) async fn play(
    method: Method,
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    if method != Method::POST && !visitor.is_owner() {
        // A page elsewhere can make a browser GET anything (an image), and this changes something.
        let sentence = "opening a film changes something: send POST, or sign in";
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "use_post", sentence));
    }
    let rooms = &visitor.rooms;
    let play = rooms.playback.play(&id_of(&id?)?, which?.info_hash).await?;
    Ok(Json(rooms.play_answer(&play, visitor.host())))
}

/// `/api/status`: what a page or a program may know without being the owner.
pub(super) async fn status(State(rooms): State<Rooms>) -> Json<Value> {
    let settings = rooms.playback.settings();
    Json(json!({
        "name": rooms.name,
        "version": env!("CARGO_PKG_VERSION"),
        "owner": rooms.access.owner_exists(),
        "debrid": settings.debrid.set,
        "swarm": settings.swarm.enabled,
    }))
}

/// The id in a path, or 400 with a sentence that shows the forms.
pub(in crate::http) fn id_of(text: &str) -> Result<StremioId, ApiError> {
    let bad = |error: crate::media::BadId| {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_id", error.to_string())
    };
    text.parse().map_err(bad)
}
