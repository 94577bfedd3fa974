//! Who was asked: a request whose Host is not ours comes from a page that was rebound to our
//! address, and is turned away before any handler sees it (421, RFC 9110, 15.5.20). The one place
//! where a foreign Host is nobody's trick is the box's own Wi-Fi network, which answers every name.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;
use crate::http::server::Local;

/// Longest name of DNS, a colon and a port.
const LONGEST: usize = 253 + 6;

/// Decides which Host values are ours.
pub trait HostRule: Send + Sync {
    /// Whether `host` (`name`, `name:port`, `1.2.3.4:port` or `[v6]:port`, as it was sent) is ours.
    fn allows(&self, host: &str) -> bool;

    /// The box's own address, `http://…/`, for who came to `local` by the box's own Wi-Fi network,
    /// while that is open.
    fn portal(&self, local: SocketAddr) -> Option<String> {
        let _ = local;
        None
    }

    /// Who came by the box's own Wi-Fi network asks the box itself.
    fn visited(&self) {}
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
    let local = request.extensions().get::<Local>();
    let portal = local.and_then(|Local(address)| rule.portal(*address));
    match (judge(rule.as_ref(), &request), portal) {
        (Ok(()), portal) => {
            if portal.is_some() {
                rule.visited();
            }
            next.run(request).await
        }
        (Err(refusal), Some(portal)) if refusal.status == StatusCode::MISDIRECTED_REQUEST => {
            lead(&portal)
        }
        (Err(refusal), _) => refusal.into_response(),
    }
}

/// To the set-up page. A phone asks for a page of its maker's to see whether a network leads to the
/// internet; whatever else it gets, it shows. 302, which every one of them takes, and not to be kept:
/// the next network is another.
fn lead(portal: &str) -> Response {
    let headers = [
        (header::LOCATION, format!("{portal}setup")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (StatusCode::FOUND, headers).into_response()
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
        // HTTP/1.0 has no Host, and some old renderers speak it. No browser does: a page that was
        // rebound to our address always says by which name it asks.
        None => true,
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
