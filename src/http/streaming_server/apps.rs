//! Whose pages may speak to the streaming server: Stremio's own, and those that the owner adds.
//!
//! The API has no key, so a page of a stranger that a browser of the household opens must not reach
//! it. What an app sends that is no page has no `Origin`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;

/// Where Stremio's web app is, which its desktop app shows as well.
const STREMIO: [&str; 2] = ["https://app.strem.io", "https://web.stremio.com"];
const METHODS: &str = "GET, HEAD, POST, OPTIONS";
const EXPOSED: &str = "Content-Range, Content-Length, Accept-Ranges";

/// The origins that may ask.
#[derive(Debug, Clone)]
pub(super) struct Origins(Arc<[String]>);

impl Origins {
    /// Stremio's, and `more`.
    pub(super) fn with(more: &[String]) -> Self {
        let own = STREMIO.map(str::to_owned).into_iter();
        let more = more.iter().map(|origin| origin.trim().trim_end_matches('/').to_owned());
        Self(own.chain(more).collect())
    }

    fn allow(&self, origin: &HeaderValue) -> bool {
        origin.to_str().is_ok_and(|origin| self.0.iter().any(|known| known == origin))
    }
}

/// Middleware: turns away other sites' pages; tells browsers that Stremio's may read the answers.
pub(super) async fn only_apps(
    State(origins): State<Origins>,
    request: Request,
    next: Next,
) -> Response {
    let mut asked_by = request.headers().get_all(header::ORIGIN).iter();
    let (origin, more) = (asked_by.next().cloned(), asked_by.next());
    if more.is_some() || origin.as_ref().is_some_and(|origin| !origins.allow(origin)) {
        let message = "a page of another site asks: use Stremio's own app, or add the page's \
                       origin to stremio.origins";
        return ApiError::new(StatusCode::FORBIDDEN, "cross_site", message).into_response();
    }
    let asks_first = request.method() == Method::OPTIONS;
    let mut answer =
        if asks_first { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = answer.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return answer };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type, Range"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        // A public page asks a private address (WICG Private Network Access, 3.2).
        (HeaderName::from_static("access-control-allow-private-network"), "true"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
