//! Requests, counted by what they are for and how they were answered; `/metrics`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

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
    let answer = next.run(request).await;
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
