//! The search: one answer, or what is found as it comes.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::id_of;
use crate::http::error::ApiError;
use crate::http::sets;
use crate::http::visitor::Visitor;
use crate::playback::{Findings, Following, Look, Step};
use crate::select::Candidate;

/// How many candidates a ranking has that is replaced within a second. The last one has all.
const BEST: usize = 50;
/// What a candidate takes as JSON, in bytes; most take a little less.
const EACH_BYTES: usize = 1 << 10;

/// `?anew=true`: not what was found before.
#[derive(Deserialize)]
pub(super) struct How {
    #[serde(default)]
    anew: bool,
}

/// `GET /api/find/{id}`: JSON, or server-sent events where those are asked for.
pub(super) async fn find(
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
    how: Result<Query<How>, QueryRejection>,
) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    let playback = &visitor.rooms.playback;
    let id = id_of(&id?)?;
    let set = sets::known(&visitor.headers).map(|set| &set.plays);
    let look = if how?.anew { Look::Anew } else { Look::Usual };
    let accept = visitor.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/event-stream")) {
        let following = playback.follow(&id, look);
        playback.is_looked_at(id);
        return Ok(events(following, move |step| step_of(&step.in_order_for(set))));
    }
    let findings = playback.find_as(&id, look, &mut |_| {}).await;
    playback.is_looked_at(id);
    Ok(whole_json(&findings.in_order_for(set)))
}

/// The whole answer: megabytes in short pieces, for which there is room from the beginning.
fn whole_json(findings: &Findings) -> Response {
    let mut text = Vec::with_capacity(EACH_BYTES * (1 + findings.candidates.len()));
    if serde_json::to_writer(&mut text, findings).is_err() {
        return Json(findings).into_response();
    }
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Events `index` (one an index, as it answers), `candidates` (what is found so far, ranked; the last
/// is the whole answer), `done` (with what a person is told besides).
fn step_of(step: &Step) -> String {
    match step {
        Step::Index(line) => event("index", line),
        Step::Candidates(findings) => event("candidates", &findings.best(BEST)),
        Step::Done(findings) => whole(findings),
    }
}

fn whole(findings: &Arc<Findings>) -> String {
    let why = findings.candidates.first().map(Candidate::why);
    let done = json!({"elapsed_ms": findings.elapsed_ms, "health": findings.health, "why": why});
    event("candidates", &**findings) + &event("done", &done)
}

fn event(name: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

/// What a follower hears, each step as `words` puts it (WHATWG HTML, 9.2). It is made as the client
/// reads it: one that is slow or goes away holds up nothing and keeps nothing.
pub(in crate::http) fn events(
    following: Following,
    words: impl Fn(Step) -> String + Send + Sync + 'static,
) -> Response {
    let events = stream::unfold((following, words), |(mut following, words)| async move {
        let step = following.next().await?;
        let text = Bytes::from(words(step));
        Some((Ok::<_, std::convert::Infallible>(text), (following, words)))
    });
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(events)).into_response()
}
