//! The Stremio add-on: catalogues, titles and streams in the words of Stremio's add-on protocol
//! (stremio-addon-sdk, docs/protocol.md), under `/stremio/{key}/`.
//!
//! The key in the address is an id of the owner's making and nothing else. Every answer is open to
//! pages of any origin, as the protocol demands; refusals too are JSON that an app understands
//! (`{"err":…}`), with our own error beside it.

mod asked;
mod base;
mod catalogues;
mod manifest;
mod streams;
mod titles;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::any;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::error::ApiError;
use super::rooms::Rooms;
use asked::{Asked, Resource};
pub(super) use base::Base;

/// What an app may ask.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// Every address of the add-on.
pub(super) fn routes(rooms: Rooms) -> Router {
    Router::new()
        .route("/stremio/{key}/{*rest}", any(answer))
        .with_state(rooms)
        .layer(middleware::from_fn(open_to_all))
}

/// A JSON object, and for how many seconds an app may keep it; 0: not at all.
struct Answer {
    body: Value,
    max_age_s: u32,
}

impl Answer {
    fn kept(body: Value, max_age_s: u32) -> Self {
        Self { body, max_age_s }
    }

    fn not_kept(body: Value) -> Self {
        Self { body, max_age_s: 0 }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let cache = match self.max_age_s {
            0 => "no-store".to_owned(),
            // The key is one device's, so what it was told is nobody else's.
            age => format!("private, max-age={age}"),
        };
        ([(header::CACHE_CONTROL, cache)], Json(self.body)).into_response()
    }
}

/// `GET /stremio/{key}/…`. The path is read as it was sent: in it `&` and `=` stand between arguments,
/// and those within one are escaped.
async fn answer(State(rooms): State<Rooms>, request: Request<Body>) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    if ![Method::GET, Method::HEAD].contains(&method) {
        let refusal = refused(ApiError::method_not_allowed());
        return ([(header::ALLOW, METHODS)], refusal).into_response();
    }
    let path = request.uri().path().to_owned();
    let rest = path.strip_prefix("/stremio/").and_then(|rest| rest.split_once('/'));
    let Some((key, rest)) = rest else { return refused(ApiError::not_found()) };
    if !rooms.stremio.keys.opens(key) {
        return refused(wrong_key());
    }
    let base = Base::of(&rooms, &headers, key);
    served(&rooms, &base, rest).await.unwrap_or_else(refused)
}

async fn served(rooms: &Rooms, base: &Base, rest: &str) -> Result<Response, ApiError> {
    if rest == "manifest.json" {
        return Ok(manifest::manifest(rooms).into_response());
    }
    if rest == "configure" {
        return Ok(Redirect::to(&base.page("/setup#stremio")).into_response());
    }
    if let Some(picture) = rest.strip_prefix("image/") {
        return titles::picture(rooms, picture).await;
    }
    let asked = Asked::read(rest).ok_or_else(ApiError::not_found)?;
    let answer = match asked.resource {
        Resource::Catalogue => catalogues::catalogue(rooms, base, &asked).await?,
        Resource::Meta => titles::title(rooms, base, &asked).await?,
        Resource::Stream => streams::streams(rooms, base, &asked).await?,
        Resource::Subtitles => streams::subtitles(rooms, base, &asked).await?,
    };
    Ok(answer.into_response())
}

fn wrong_key() -> ApiError {
    let message = "this add-on's key is not known here, or was revoked: make a new one on the \
                   set-up page and install the add-on again";
    ApiError::new(StatusCode::FORBIDDEN, "bad_addon_key", message)
}

/// A refusal in the form that the protocol's own router gives, with ours beside it.
fn refused(error: ApiError) -> Response {
    let ApiError { status, code, message, detail } = error;
    let body = json!({
        "err": message,
        "error": {"code": code, "message": message, "detail": detail},
    });
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Middleware: pages of any origin may read every answer (protocol.md: "must have CORS headers").
async fn open_to_all(request: Request<Body>, next: Next) -> Response {
    let asks_first = request.method() == Method::OPTIONS;
    let mut answer =
        if asks_first { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The address is a right: it shall not stand in the log of a picture's server.
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
