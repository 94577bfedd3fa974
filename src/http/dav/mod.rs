//! WebDAV, to be read alone (RFC 4918, class 1): Kodi, Infuse and file managers mount the catalogue.
//!
//! A file is the same bytes, under the same entity tag, as its `/v/` address. Where something is, is
//! found by names for people, so that a player that looks for `folder.jpg` beside a film is told 404.

mod door;
mod multistatus;
mod tree;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};

pub(super) use door::may_enter;
pub(super) use tree::{Entry, entries, find, looked_through, segments};

use super::error::ApiError;
use super::files;
use super::line::Watch;
use super::media::{self, Manners};
use super::rooms::Rooms;
use super::router::Asks;
use super::visitor::Visitor;
use super::{sets, shield, subtitle};
use multistatus::Asked;

/// What may be done here.
const METHODS: &str = "OPTIONS, GET, HEAD, PROPFIND";
const PREFIX: &str = "/dav";
/// A request for properties names a few dozen.
const LONGEST_BODY: usize = 64 << 10;

/// `/dav/…`.
pub(super) fn routes() -> Router<Rooms> {
    Router::new()
        .route("/dav", any(answer))
        .route("/dav/", any(answer))
        .route("/dav/{*path}", any(answer))
}

async fn answer(visitor: Visitor, watch: Option<Extension<Watch>>, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return options();
    }
    if let Err(door) = may_enter(&visitor).await {
        return door;
    }
    let method = request.method().clone();
    visitor.note(&format!("WebDAV: {method}"));
    if method.as_str() == "PROPFIND" {
        let listed = Box::pin(propfind(&visitor, request)).await;
        return listed.unwrap_or_else(IntoResponse::into_response);
    }
    if method != Method::GET && method != Method::HEAD {
        let refusal = ApiError::method_not_allowed();
        return ([(header::ALLOW, METHODS)], refusal).into_response();
    }
    let path = request.uri().path().to_owned();
    match entry_at(&visitor, PREFIX, &path).await {
        Ok(Some(entry)) if entry.is_folder() => match with_slash(&path) {
            Some(folder) => moved(&folder),
            None => files::index(&visitor, &entry).await,
        },
        Ok(Some(entry)) => bytes(&visitor, &entry, watch, &method).await,
        Ok(None) => ApiError::not_found().into_response(),
        Err(error) => error.into_response(),
    }
}

/// What stands at a path behind `prefix`.
pub(super) async fn entry_at(
    visitor: &Visitor,
    prefix: &str,
    path: &str,
) -> Result<Option<Entry>, ApiError> {
    match segments(path.strip_prefix(prefix).unwrap_or(path)) {
        Some(names) => Ok(find(&visitor.rooms.playback, visitor.set(), &names).await?),
        None => Ok(None),
    }
}

/// A folder's address as its links need it; `None` where it is so already.
pub(super) fn with_slash(path: &str) -> Option<String> {
    (!path.ends_with('/')).then(|| format!("{path}/"))
}

/// Leads to a folder's address with its slash; players know this status longest.
pub(super) fn moved(to: &str) -> Response {
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, to)]).into_response()
}

/// A film's bytes, or subtitles.
pub(super) async fn bytes(
    visitor: &Visitor,
    entry: &Entry,
    watch: Option<Extension<Watch>>,
    method: &Method,
) -> Response {
    if let Some(line) = &entry.subtitles {
        return Box::pin(subtitle::answer(&visitor.rooms, line, method, &visitor.headers)).await;
    }
    let Some(video) = entry.video() else { return ApiError::not_found().into_response() };
    let set = visitor.set();
    visitor.note(&sets::words(method, &entry.name, &visitor.headers));
    let asks = Asks { head: method == Method::HEAD, set, peer: Some(visitor.address()) };
    match visitor.rooms.media(asks, &video.media_id).await {
        Ok(representation) => {
            if let Some(Extension(watch)) = watch {
                watch.allow_pause();
            }
            media::answer_to(set, &representation, method, &visitor.headers, Manners::Set)
        }
        Err(error) => {
            let error = ApiError::from(error);
            ([(header::CACHE_CONTROL, "no-store")], error).into_response()
        }
    }
}

fn options() -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let headers = answer.headers_mut();
    headers.insert("dav", HeaderValue::from_static("1"));
    // Windows looks for this before it speaks WebDAV.
    headers.insert("ms-author-via", HeaderValue::from_static("DAV"));
    headers.insert(header::ALLOW, HeaderValue::from_static(METHODS));
    answer
}

/// RFC 4918, 9.1. What stands below the children is not told: a tree of catalogues has no end.
async fn propfind(visitor: &Visitor, request: Request) -> Result<Response, ApiError> {
    let depth =
        request.headers().get("depth").map(|depth| depth.as_bytes().trim_ascii().to_owned());
    let children = match depth.as_deref() {
        Some(b"0") => false,
        Some(b"1") => true,
        None => return Ok(multistatus::no_infinity()),
        Some(depth) if depth.eq_ignore_ascii_case(b"infinity") => {
            return Ok(multistatus::no_infinity());
        }
        Some(_) => return Err(ApiError::bad_request("Depth is 0 or 1: send one of them")),
    };
    let path = request.uri().path().to_owned();
    let body = shield::read_whole(request.into_body(), LONGEST_BODY).await?;
    let asked = Asked::read(&body)?;
    let entry = entry_at(visitor, PREFIX, &path).await?.ok_or_else(ApiError::not_found)?;
    let playback = &visitor.rooms.playback;
    // As it was asked for: a client knows the folder itself among its children by its very letters.
    let own = if entry.is_folder() { with_slash(&path).unwrap_or(path) } else { path };
    let mut rows = vec![(own.clone(), Arc::new(entry))];
    if children && rows[0].1.is_folder() {
        let children = looked_through(playback, visitor.set(), &rows[0].1.node.id).await?;
        for child in children {
            rows.push((format!("{own}{}", child.link()), Arc::new(child)));
        }
    }
    Ok(multistatus::answer(playback, visitor.set(), &asked, &rows))
}
