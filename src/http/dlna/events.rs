//! Subscriptions to what changes (UDA 1.0, section 4.1).

use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;
use crate::http::visitor::Visitor;
use crate::lan::content_directory::Service;
use crate::lan::events::{LASTS, Refused};

/// `SUBSCRIBE` and `UNSUBSCRIBE` at `/dlna/events/{service}`. Answered at once; the first event comes
/// from elsewhere.
pub(super) async fn events(
    visitor: Visitor,
    Path(path): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let server = super::server(&visitor)?;
    let service = Service::at(&path).ok_or_else(ApiError::not_found)?;
    let (subscriptions, peer) = (&server.subscriptions, visitor.address());
    let header = |name: &'static str| text(request.headers(), name);
    let sid = header("sid");
    let answer = match (request.method().as_str(), sid, header("callback")) {
        // A name and what only a new subscription has: UDA 1.0, 4.1.2 has 400 for it.
        ("SUBSCRIBE", Some(_), Some(_)) => return Ok(bare(StatusCode::BAD_REQUEST)),
        ("SUBSCRIBE", Some(sid), None) => {
            subscriptions.renew(service, peer, sid).map(|()| sid.to_owned())
        }
        ("SUBSCRIBE", None, Some(callback)) if header("nt") == Some("upnp:event") => {
            visitor.rooms.sets.note(peer, &visitor.headers, &format!("subscribe to {path}"));
            subscriptions.subscribe(service, peer, callback)
        }
        ("UNSUBSCRIBE", Some(sid), None) => {
            return Ok(match subscriptions.unsubscribe(service, peer, sid) {
                Ok(()) => bare(StatusCode::OK),
                Err(refused) => bare(status_of(refused)),
            });
        }
        ("SUBSCRIBE" | "UNSUBSCRIBE", ..) => Err(Refused::NoCallback),
        _ => return Err(ApiError::method_not_allowed()),
    };
    Ok(match answer {
        Ok(sid) => granted(&sid, &server.device.server()),
        Err(refused) => bare(status_of(refused)),
    })
}

fn granted(sid: &str, server: &str) -> Response {
    let headers = [
        (HeaderName::from_static("sid"), sid.to_owned()),
        (HeaderName::from_static("timeout"), format!("Second-{}", LASTS.as_secs())),
        (HeaderName::from_static("server"), server.to_owned()),
        (HeaderName::from_static("content-length"), "0".to_owned()),
    ];
    (StatusCode::OK, headers).into_response()
}

fn status_of(refused: Refused) -> StatusCode {
    match refused {
        Refused::NoCallback | Refused::Unknown => StatusCode::PRECONDITION_FAILED,
        Refused::Full => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn bare(status: StatusCode) -> Response {
    (status, [("content-length", "0")]).into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}
