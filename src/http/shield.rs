//! What stands round every handler but media: limits on the body, headers for browsers, and a net
//! under a panic.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};

use crate::http::error::ApiError;

/// Largest body that a form, a setting or a magnet needs, with room.
pub const BODY_BYTES: usize = 64 << 10;
/// A body that takes longer is no body but a way to hold a connection.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A page may load only what this server serves, and stands in no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    img-src 'self' data:; media-src 'self'; connect-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// Middleware: reads the whole body before the handler runs, within 64 KiB and 10 s.
pub async fn limit_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match read_whole(body, BODY_BYTES).await {
        Ok(body) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The body, if it is at most `limit` bytes and comes within 10 s.
pub(super) async fn read_whole(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let too_large = || {
        let message = format!("the body is larger than {limit} bytes: send less");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let read = async {
        let mut chunks = body.into_data_stream();
        let mut whole = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk =
                chunk.map_err(|_| ApiError::bad_request("the body broke off: send it again"))?;
            if whole.len() + chunk.len() > limit {
                return Err(too_large());
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    };
    tokio::time::timeout(BODY_TIME, read).await.unwrap_or_else(|_| {
        let message = "the body took longer than 10 s: send it again, faster";
        Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", message))
    })
}

/// Middleware: what browsers are told on every answer, and on pages besides.
pub async fn tell_browsers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add_headers(response.headers_mut());
    response
}

fn add_headers(headers: &mut HeaderMap) {
    let page = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"text/html"));
    if page {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    // Nothing of an address leaves this server either way. But a page under `no-referrer` sends its
    // own forms with `Origin: null` (Fetch, "append a request Origin header"), which the guard
    // against other sites must refuse, and setting up without script would end there.
    let referrer = if page { "same-origin" } else { "no-referrer" };
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, referrer),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Middleware: a panic in a handler is that request's 500, with an id that the log has too.
pub async fn catch_panic(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let id = incident();
            let said = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned());
            tracing::error!(id, panic = said.unwrap_or_default(), "a handler panicked");
            let message = format!("this server made a mistake: look for {id} in its log");
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
                .with_detail(serde_json::json!({ "id": id }))
                .into_response()
        }
    }
}

/// Eight hex digits that tell one incident from another.
fn incident() -> String {
    let mut id = [0; 4];
    // Without randomness the id is zeros; the answer must go out all the same.
    let _ = getrandom::fill(&mut id);
    data_encoding::HEXLOWER.encode(&id)
}
