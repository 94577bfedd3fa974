//! Requests, counted by what they are for and how they were answered; `/metrics`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::server::Peer;

/// The beginnings of our addresses. Of another nothing is told: it may be anything.
const FIRST: [&str; 21] = [
    "api",
    "dav",
    "dlna",
    "files",
    "health",
    "image",
    "library",
    "login",
    "logout",
    "metrics",
    "play",
    "series",
    "setup",
    "stream",
    "stremio",
    "sub",
    "television",
    "televisions",
    "torrentio",
    "v",
    "watch",
];

/// The counts. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Mutex<BTreeMap<(&'static str, &'static str), u64>>>);

impl Traffic {
    /// What requests were for, the class of the answer's status, how many.
    #[must_use]
    pub fn rows(&self) -> Vec<(&'static str, &'static str, u64)> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|((area, class), count)| (*area, *class, *count)).collect()
    }
}

/// Middleware round everything.
pub async fn count(State(traffic): State<Traffic>, request: Request, next: Next) -> Response {
    let area = area(request.uri().path());
    let line = tracing::enabled!(tracing::Level::DEBUG).then(|| Line::of(&request));
    let answer = next.run(request).await;
    if let Some(Line { peer, method, first, from }) = line {
        let status = answer.status().as_u16();
        tracing::debug!(peer, %method, first, from, status, "answered");
    }
    let class = match answer.status().as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    let mut rows = traffic.0.lock().unwrap_or_else(PoisonError::into_inner);
    *rows.entry((area, class)).or_default() += 1;
    answer
}

/// What the log tells of a request where it tells much: words of ours and numbers, no part of an address
/// that could be a key.
struct Line {
    peer: Option<String>,
    method: Method,
    first: &'static str,
    /// The first byte that is asked for.
    from: Option<u64>,
}

impl Line {
    fn of(request: &Request) -> Self {
        let part = request.uri().path().split('/').nth(1).unwrap_or_default();
        let range = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
        let from = range.and_then(|range| range.strip_prefix("bytes=")?.split('-').next());
        Self {
            peer: request.extensions().get::<Peer>().map(|Peer(peer)| peer.ip().to_string()),
            method: request.method().clone(),
            first: FIRST.into_iter().find(|first| *first == part).unwrap_or_default(),
            from: from.and_then(|from| from.parse().ok()),
        }
    }
}

/// A word of ours, never a part of the address.
fn area(path: &str) -> &'static str {
    match path.split('/').nth(1).unwrap_or_default() {
        "v" | "hls" | "sub" | "stream" => "media",
        "api" if path.starts_with("/api/stream/") => "media",
        "api" | "torrentio" => "api",
        "image" => "image",
        "dlna" => "set",
        "stremio" => "stremio",
        "health" | "metrics" => "operator",
        _ => "page",
    }
}
