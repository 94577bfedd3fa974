//! The search: one answer, or what is found as it comes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
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
/// How many candidates of the whole answer are put into words at a time.
const PORTION: usize = 64;
/// What a candidate takes as JSON, in bytes; most take a little less.
const EACH_BYTES: usize = 1 << 10;
/// How an answer without candidates says so.
const NO_CANDIDATES: &str = r#""candidates":[]"#;

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
    Ok(whole_json(findings.in_order_for(set)))
}

/// The whole answer, which may be megabytes: a portion of the candidates at a time, as the client
/// reads them. What comes first is on its way while the rest is put into words, and there is no room
/// taken for all of it.
fn whole_json(findings: Arc<Findings>) -> Response {
    let frame = serde_json::to_string(&findings.without_candidates()).unwrap_or_default();
    // A quote within a string is escaped, so this stands nowhere else.
    let Some((head, tail)) = frame.split_once(NO_CANDIDATES) else {
        return Json(&*findings).into_response();
    };
    let head = Bytes::from(format!("{head}{}", NO_CANDIDATES.trim_end_matches(']')));
    let tail = Bytes::from(format!("]{tail}"));
    let portions = findings.candidates.len().div_ceil(PORTION);
    let candidates = stream::iter(0..portions).map(move |number| portion(&findings, number));
    let (head, tail) = (stream::iter([Ok(head)]), stream::iter([Ok(tail)]));
    let body = Body::from_stream(head.chain(candidates).chain(tail));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The portion of this number: its candidates, with a comma between any two of the list.
fn portion(findings: &Findings, number: usize) -> serde_json::Result<Bytes> {
    let mut text = Vec::with_capacity(EACH_BYTES * PORTION);
    let from = number * PORTION;
    for (at, candidate) in findings.candidates.iter().enumerate().skip(from).take(PORTION) {
        if at > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, candidate)?;
    }
    Ok(text.into())
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
        Some((Ok::<_, Infallible>(text), (following, words)))
    });
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::from_stream(events)).into_response()
}
