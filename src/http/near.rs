//! The household alone: films, lists and control of sets are answered to who is reached without a
//! router, and to the subnets that the owner adds. A port that somebody forwarded by mistake then
//! gives a stranger nothing to play (dangers of UPnP behind such ports are old: CVE-2020-12695).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::server::Peer;
use crate::lan::Links;

/// Middleware: turns away who is not of the household, by the socket's address; what a header says of
/// it does not count. A request without a socket (a test of one route) is let through.
pub async fn only_near(State(links): State<Links>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|Peer(address)| address.ip());
    match peer {
        Some(peer) if !links.is_near(peer) => far(peer).into_response(),
        _ => next.run(request).await,
    }
}

fn far(peer: std::net::IpAddr) -> ApiError {
    let peer = peer.to_canonical();
    let sentence = format!(
        "{peer} is not in the network of this box, which plays for its own household alone; if it \
         is yours, add its subnet to lan.subnets"
    );
    ApiError::new(StatusCode::FORBIDDEN, "not_near", sentence)
}
