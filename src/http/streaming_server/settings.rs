//! What an app asks when it begins: settings, networks, devices. All of it is read only: settings are
//! the owner's, on the set-up page.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::rooms::Rooms;

/// The version of the server whose answers these are shaped by, and ours behind it.
const VERSION: &str = concat!("4.20.8+credenza.", env!("CARGO_PKG_VERSION"));

/// `GET /settings`: `options`, `values` and `baseUrl`. Apps demand numbers where a server of theirs
/// has them; those of peers are its defaults and set nothing here. No path of the disk is told.
pub(super) async fn settings(headers: HeaderMap) -> Json<Value> {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    Json(json!({
        "options": [],
        "values": {
            "serverVersion": VERSION,
            "appPath": "",
            "cacheRoot": "",
            "cacheSize": null,
            "btMaxConnections": 55,
            "btHandshakeTimeout": 20_000,
            "btRequestTimeout": 4_000,
            "btDownloadSpeedSoftLimit": 0,
            "btDownloadSpeedHardLimit": 0,
            "btMinPeersForStable": 5,
            "remoteHttps": "",
            "localAddonEnabled": false,
            "transcodeHorsepower": 0,
            "transcodeMaxBitRate": 0,
            "transcodeConcurrency": 0,
            "transcodeTrackConcurrency": 0,
            "transcodeHardwareAccel": false,
            "transcodeProfile": null,
            "allTranscodeProfiles": [],
            "transcodeMaxWidth": 0,
            "proxyStreamsEnabled": false,
        },
        "baseUrl": format!("http://{}", host.unwrap_or_default()),
    }))
}

/// `POST /settings`.
pub(super) async fn refuse() -> ApiError {
    let message = "this server takes no settings from an app; its owner changes them on the \
                   set-up page";
    ApiError::new(StatusCode::FORBIDDEN, "read_only", message)
}

/// `GET /network-info`: our addresses in the household.
pub(super) async fn network_info(State(rooms): State<Rooms>) -> Json<Value> {
    let links = rooms.links.of_household();
    let v4 = links.iter().map(crate::lan::Link::address).filter(std::net::IpAddr::is_ipv4);
    let addresses: Vec<String> = v4.map(|address| address.to_string()).collect();
    Json(json!({"availableInterfaces": addresses}))
}

/// `GET /device-info`: nothing is converted here.
pub(super) async fn device_info() -> Json<Value> {
    Json(json!({"availableHardwareAccelerations": []}))
}

/// `GET /heartbeat`: that we are here. Its body was not recorded; apps read the status.
pub(super) async fn heartbeat() -> Json<Value> {
    Json(json!({"success": true}))
}

/// `GET /casting`: no set.
pub(super) async fn casting() -> Json<Value> {
    Json(json!([]))
}
