//! Who was asked: a request whose Host is not ours comes from a page that was rebound to our
//! address, and is turned away before any handler sees it (421, RFC 9110, 15.5.20).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;

/// Longest name of DNS, a colon and a port.
const LONGEST: usize = 253 + 6;

/// Decides which Host values are ours.
pub trait HostRule: Send + Sync {
    /// Whether `host` (`name`, `name:port`, `1.2.3.4:port` or `[v6]:port`, as it was sent) is ours.
    fn allows(&self, host: &str) -> bool;
}

impl<F: Fn(&str) -> bool + Send + Sync> HostRule for F {
    fn allows(&self, host: &str) -> bool {
        self(host)
    }
}

/// Middleware: lets through what was asked of us, and nothing else. The body is not read.
pub async fn only_ours(
    State(rule): State<Arc<dyn HostRule>>,
    request: Request,
    next: Next,
) -> Response {
    match judge(rule.as_ref(), &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// RFC 9112, 3.2: one Host, and one that could be a host. In absolute form (3.2.2) the URI's
/// authority counts; we demand that both be ours, since no honest client differs.
fn judge(rule: &dyn HostRule, request: &Request) -> Result<(), ApiError> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (host, more) = (hosts.next(), hosts.next());
    if more.is_some() {
        return Err(ApiError::bad_request("the request has two Host headers: send one"));
    }
    let authority = request.uri().authority().map(Authority::as_str);
    if host.is_none() && request.version() == Version::HTTP_11 {
        return Err(ApiError::bad_request("the request has no Host header: send one"));
    }
    let ours = |host: &str| sound(host) && rule.allows(host);
    let host_is_ours = match host.map(HeaderValue::to_str) {
        Some(Ok(host)) => ours(host),
        Some(Err(_)) => false,
        // HTTP/1.0 has no Host; only an absolute URI says who was asked.
        None => authority.is_some(),
    };
    if host_is_ours && authority.is_none_or(ours) {
        return Ok(());
    }
    let message =
        "this server does not go by that name: use its address, or add the name to server.names";
    Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", message))
}

/// Whether the value could name a host at all, so that a rule need not think of the rest.
fn sound(host: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    !host.is_empty() && host.len() <= LONGEST && host.bytes().all(letter)
}
