//! The streaming server that Stremio's apps expect beside them, so that an app may use this box as
//! its own: torrents by info hash, on a port of its own.
//!
//! Its API has no key and no password (stremio-features#1542), so it is off until the owner turns it
//! on, answers the household alone, takes no setting from an app, and keeps only so many torrents. The
//! shapes are those that apps read (stremio-core `types/streaming_server`, stremio-video
//! `withStreamingServer`) and that a running server gave; what apps were not seen to need is absent:
//! conversion (`/hlsv2`), archives, casting, and a proxy for any address.

mod apps;
mod create;
mod own;
mod port;
mod settings;
mod stats;
mod torrents;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use axum::{Router, middleware};

pub use port::serve_while_on;

use super::error::ApiError;
use super::host::{self, HostRule};
use super::rooms::Rooms;
use super::{limits, near, shield, traffic};

/// Everything that is served at the port of its own.
pub fn router(rooms: Rooms, hosts: Arc<dyn HostRule>) -> Router {
    let (traffic, links) = (rooms.traffic.clone(), rooms.links.clone());
    let (limits, origins) = (rooms.limits.clone(), apps::Origins::with(&rooms.stremio.origins));
    // The last layer added is the first to run.
    routes()
        .with_state(rooms)
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(shield::catch_panic))
        .layer(middleware::from_fn_with_state(limits, limits::keep))
        .layer(middleware::from_fn_with_state(origins, apps::only_apps))
        .layer(middleware::from_fn_with_state(links, near::only_near))
        .layer(middleware::from_fn_with_state(hosts, host::only_ours))
        .layer(middleware::from_fn_with_state(traffic, traffic::count))
}

fn routes() -> Router<Rooms> {
    Router::new()
        // What an app asks when it begins.
        .route("/settings", get(settings::settings).post(settings::refuse))
        .route("/network-info", get(settings::network_info))
        .route("/device-info", get(settings::device_info))
        .route("/heartbeat", get(settings::heartbeat))
        // No set is cast to from here: an empty list.
        .route("/casting", get(settings::casting))
        .route("/casting/", get(settings::casting))
        // Torrents.
        .route("/create", post(torrents::create_by_file))
        .route("/stats.json", get(torrents::all_stats))
        .route("/removeAll", get(torrents::remove_all))
        .route("/{hash}/create", post(torrents::create))
        .route("/{hash}/remove", get(torrents::remove).post(torrents::remove))
        .route("/{hash}/stats.json", get(torrents::stats))
        .route("/{hash}/{file}/stats.json", get(torrents::file_stats))
        .route("/{hash}/{file}", any(torrents::bytes))
        .route("/{hash}/{file}/{*name}", any(torrents::named_bytes))
        // Of films and subtitles that this box itself serves, and of nothing else.
        .route("/opensubHash", get(own::video_hash))
        .route("/subtitles.vtt", get(own::subtitles))
}
