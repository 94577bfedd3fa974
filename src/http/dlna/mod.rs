//! The media server that televisions' own players look for: its descriptions, its services and its
//! pictures, to the household alone. The words are `lan::content_directory`'s; here they are asked for.

mod actions;
pub mod beside;
mod browse;
pub(in crate::http) mod claim;
mod control;
mod events;
pub(in crate::http) mod headers;
mod icons;
mod links;
mod picture;

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use tokio::sync::watch;

use super::error::ApiError;
use super::rooms::Rooms;
use super::visitor::Visitor;
use crate::lan::Names;
use crate::lan::content_directory::{Device, Service};
use crate::lan::events::Subscriptions;

/// Where the description lies; SSDP tells it.
pub const DESCRIPTION: &str = "/dlna/description.xml";

/// What the media server needs beside the rooms.
#[derive(Clone)]
pub struct MediaServer {
    /// Who it says it is.
    pub device: Device,
    /// Under which names it is announced, where it is: of two boxes of one name, the second is called
    /// otherwise.
    pub names: Option<watch::Receiver<Names>>,
    /// Who wants to be told of changes.
    pub subscriptions: Subscriptions,
}

/// Every path under `/dlna`.
pub(super) fn routes() -> Router<Rooms> {
    Router::new()
        .route(DESCRIPTION, get(description))
        .route("/dlna/{file}", get(file))
        .route("/dlna/control/{service}", post(control::control))
        .route("/dlna/events/{service}", any(events::events))
        .route("/dlna/picture/{which}/{id}", get(picture::picture))
        .route(&format!("/dlna/picture/{{which}}/{{id}}/{}", picture::SMALL), get(picture::small))
}

async fn description(visitor: Visitor) -> Result<Response, ApiError> {
    let server = server(&visitor)?;
    visitor.rooms.sets.note(visitor.address(), &visitor.headers, "description");
    let announced = server.names.as_ref().map(|names| names.borrow().instance.clone());
    let name = announced.unwrap_or_else(|| server.device.name.clone());
    Ok(xml(Device { name, ..server.device.clone() }.description()))
}

/// A service's description, or a picture of the device.
async fn file(visitor: Visitor, Path(file): Path<String>) -> Result<Response, ApiError> {
    server(&visitor)?;
    if let Some(icon) = icons::icon(&file) {
        return Ok(icon);
    }
    let service = file.strip_suffix(".xml").and_then(Service::at);
    Ok(xml(service.ok_or_else(ApiError::not_found)?.description()))
}

/// The media server, where it is switched on. Who comes by the box's own Wi-Fi network, which anybody
/// in its reach may join, is no household of its owner's.
fn server(visitor: &Visitor) -> Result<&MediaServer, ApiError> {
    let server = visitor.rooms.media_server.as_ref();
    server.filter(|_| !visitor.is_by_own_network()).ok_or_else(ApiError::not_found)
}

/// A document, as sets want it named: some refuse `application/xml`.
fn xml(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/xml; charset=\"utf-8\"")], text).into_response()
}
