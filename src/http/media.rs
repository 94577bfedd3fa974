//! The answer to a request for media: RFC 9110's ranges and preconditions over any
//! [`Representation`], as televisions and players were seen to need them.
//!
//! The bytes are opened last, once, and for `GET` alone: a television sends many a `HEAD` and many
//! a range that comes to nothing, and a swarm must not stir for those.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};

use crate::http::dlna::headers as dlna;
use crate::http::drip::{self, Drip};
use crate::http::precondition::{self, Validators, Verdict};
use crate::http::range::ByteRange;
use crate::http::sets;
use crate::representation::Representation;
use crate::select::Profile;

/// What a set may ask of media.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// To whom the answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Any player of the household: with DLNA headers, each maker's media type, and CORS.
    Player,
    /// A player that was given no right for pages elsewhere: the same without CORS.
    Set,
    /// A player that shows them beside a film: with CORS, without DLNA.
    Subtitles,
    /// A program: RFC 9110 and nothing more.
    Plain,
}

/// The answer to `OPTIONS`, and to a method that media has not. `None` for `GET` and `HEAD`.
#[must_use]
pub fn answer_without_bytes(method: &Method) -> Option<Response> {
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    if method != Method::OPTIONS {
        let refusal = bare(StatusCode::METHOD_NOT_ALLOWED);
        return Some(([(header::ALLOW, METHODS)], refusal).into_response());
    }
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let headers = answer.headers_mut();
    add_cors(headers);
    headers.insert(header::ALLOW, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Range"));
    Some(answer)
}

/// Answers `method` with the headers `asked` from `representation`; which set asks, those say.
pub fn answer(
    representation: &Arc<dyn Representation>,
    method: &Method,
    asked: &HeaderMap,
    manners: Manners,
) -> Response {
    answer_to(sets::known(asked), representation, method, asked, manners)
}

/// The same to a set that may be known otherwise than by the headers; `None`: nobody knows it.
pub fn answer_to(
    set: Option<&'static Profile>,
    representation: &Arc<dyn Representation>,
    method: &Method,
    asked: &HeaderMap,
    manners: Manners,
) -> Response {
    if let Some(answer) = answer_without_bytes(method) {
        return answer;
    }
    if matches!(manners, Manners::Player | Manners::Set)
        && let Some(status) = dlna::refusal(asked)
    {
        return bare(status);
    }
    let known = Validators {
        entity_tag: representation.entity_tag(),
        last_modified: representation.last_modified(),
    };
    let mut answer = match precondition::evaluate(asked, known) {
        Verdict::Failed => bare(StatusCode::PRECONDITION_FAILED),
        Verdict::NotModified => StatusCode::NOT_MODIFIED.into_response(),
        // RFC 9110, 14.2: ranges are defined for GET alone.
        Verdict::Proceed { range_counts } if range_counts && method == Method::GET => {
            ranged(representation, asked)
        }
        Verdict::Proceed { .. } => whole(representation, method),
    };
    let set = set.unwrap_or_else(Profile::unknown);
    describe(answer.headers_mut(), representation.as_ref(), asked, (set, manners));
    answer
}

/// The answer to `HEAD` about a film of which it is not known yet which bytes it will be: what can be said
/// all the same, and no length, which would have to be true later.
pub(super) fn likely(
    set: Option<&'static Profile>,
    media_type: &'static str,
    asked: &HeaderMap,
) -> Response {
    if let Some(status) = dlna::refusal(asked) {
        return bare(status);
    }
    // Of a body that is known to be empty the length would be told: 0.
    let unknown = stream::empty::<std::io::Result<Bytes>>();
    let mut answer = Response::new(Body::from_stream(unknown));
    let headers = answer.headers_mut();
    let spelled = set.unwrap_or_else(Profile::unknown).spelled(media_type);
    if let Ok(spelled) = HeaderValue::from_str(spelled) {
        headers.insert(header::CONTENT_TYPE, spelled);
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    add_cors(headers);
    dlna::add(headers, asked);
    answer
}

/// A `GET` whose `Range` counts.
fn ranged(representation: &Arc<dyn Representation>, asked: &HeaderMap) -> Response {
    let len = representation.len();
    let mut values = asked.get_all(header::RANGE).iter();
    let range = match (values.next().map(HeaderValue::to_str), values.next()) {
        (Some(Ok(value)), None) => ByteRange::resolve(value, len),
        // Absent, unreadable, or two headers, which are one list of several ranges.
        _ => Ok(ByteRange::Whole),
    };
    match range {
        Ok(ByteRange::Whole) => whole(representation, &Method::GET),
        Ok(ByteRange::Part(part)) => {
            let content_range = format!("bytes {}-{}/{len}", part.start, part.end - 1);
            let bytes = part.end - part.start;
            let headers = [
                (header::CONTENT_RANGE, content_range),
                (header::CONTENT_LENGTH, bytes.to_string()),
            ];
            let body = body(representation, part);
            (StatusCode::PARTIAL_CONTENT, headers, body).into_response()
        }
        Err(outside) => {
            let content_range = format!("bytes */{}", outside.len);
            let refusal = bare(StatusCode::RANGE_NOT_SATISFIABLE);
            ([(header::CONTENT_RANGE, content_range)], refusal).into_response()
        }
    }
}

/// All of it; for `HEAD` its headers, and nothing is opened.
fn whole(representation: &Arc<dyn Representation>, method: &Method) -> Response {
    let len = representation.len();
    let body = if method == Method::HEAD || len == 0 {
        Body::empty()
    } else {
        body(representation, 0..len)
    };
    ([(header::CONTENT_LENGTH, len.to_string())], body).into_response()
}

/// An answer of no bytes that says so.
fn bare(status: StatusCode) -> Response {
    (status, [(header::CONTENT_LENGTH, "0")]).into_response()
}

fn body(representation: &Arc<dyn Representation>, part: Range<u64>) -> Body {
    let wanted = part.end - part.start;
    let bytes = representation.read(part);
    let note = |error: &std::io::Error| {
        tracing::warn!(%error, "the bytes broke off; the connection is closed, the player asks again");
    };
    if representation.may_stall() {
        Body::from_stream(Drip::new(bytes, wanted, drip::Limits::default()).inspect_err(note))
    } else {
        Body::from_stream(bytes.inspect_err(note))
    }
}

/// The headers that every answer about these bytes has, whatever its status.
fn describe(
    headers: &mut HeaderMap,
    representation: &dyn Representation,
    asked: &HeaderMap,
    (set, manners): (&'static Profile, Manners),
) {
    let tag = format!("\"{}\"", representation.entity_tag());
    let modified = httpdate::fmt_http_date(representation.last_modified());
    for (name, value) in [(header::ETAG, tag), (header::LAST_MODIFIED, modified)] {
        // A tag that is no header value cannot be sent; the bytes still can.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-transform"));
    let media_type = match manners {
        Manners::Player | Manners::Set => set.spelled(representation.media_type()),
        Manners::Plain | Manners::Subtitles => representation.media_type(),
    };
    let media_type = HeaderValue::from_str(media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
    if manners != Manners::Plain {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
        if matches!(manners, Manners::Player | Manners::Subtitles) {
            add_cors(headers);
        }
        if manners != Manners::Subtitles {
            dlna::add(headers, asked);
        }
    }
}

/// A page of any origin may play what it holds a signed key for; nothing but media has this.
fn add_cors(headers: &mut HeaderMap) {
    const EXPOSED: &str = "Content-Range, Content-Length, Accept-Ranges";
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}
