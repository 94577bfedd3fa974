//! Calls of a service: SOAP in, SOAP out, faults as UPnP has them.

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::actions;
use crate::http::error::ApiError;
use crate::http::sets;
use crate::http::visitor::Visitor;
use crate::lan::content_directory::{Call, Fault, Service};

/// `POST /dlna/control/{service}`. The body has at most 64 KiB, as every one.
pub(super) async fn control(
    visitor: Visitor,
    Path(path): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let server = super::server(&visitor)?;
    let service = Service::at(&path).ok_or_else(ApiError::not_found)?;
    let action = visitor.headers.get("soapaction").and_then(|value| value.to_str().ok());
    let answered = match Call::read(service, action, &body) {
        Ok(call) => {
            visitor.rooms.sets.note(visitor.address(), &visitor.headers, &words(&call));
            let set = sets::profile_of(&visitor.headers);
            let values = actions::answer(&visitor, server, set, &call).await;
            values.map(|values| call.answer(&values))
        }
        Err(fault) => {
            let asked = format!("{}: {} ({})", path, action.unwrap_or("no action"), fault.code());
            visitor.rooms.sets.note(visitor.address(), &visitor.headers, &asked);
            Err(fault)
        }
    };
    Ok(envelope(&server.device.server(), answered))
}

/// What is asked, for the list of sets.
fn words(call: &Call) -> String {
    let name = call.action.name;
    let more =
        ["SearchCriteria", "SortCriteria"].into_iter().filter_map(|argument| call.text(argument));
    let more: Vec<&str> = more.filter(|text| !text.is_empty()).collect();
    if more.is_empty() { name.to_owned() } else { format!("{name}: {}", more.join("; ")) }
}

fn envelope(server: &str, answered: Result<String, Fault>) -> Response {
    let (status, text) = match answered {
        Ok(text) => (StatusCode::OK, text),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, fault.envelope()),
    };
    let mut answer = (status, super::xml(text)).into_response();
    let headers = answer.headers_mut();
    headers.insert(HeaderName::from_static("ext"), HeaderValue::from_static(""));
    if let Ok(server) = HeaderValue::from_str(server) {
        headers.insert(header::SERVER, server);
    }
    answer
}
