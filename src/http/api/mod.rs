//! The JSON surface: for the command line, for programs, and for pages that want more than HTML.

mod appliance;
mod find;
mod library;
mod magnet_players;
mod metrics;
mod openapi;
mod owner;
mod relay;
mod renderers;
mod sets;
mod sources;
mod story;
mod stream;
mod stremio;
mod subtitles;
mod titles;
mod torrents;

pub(super) use find::events;
pub(super) use renderers::{fitting, show, stopped_at};
pub(super) use story::id_of;
pub(super) use titles::{
    Part, Size, episode_id, list_of, next_skip, picture_of, poster_path, title_id, title_of,
};

use axum::Router;
use axum::routing::{delete, get, post, put};

use super::rooms::Rooms;

/// Every route under `/api`, grouped by who calls.
pub(super) fn routes() -> Router<Rooms> {
    Router::new()
        // Before and at the door.
        .route("/api/claim", post(owner::claim))
        .route("/api/login", post(owner::login))
        .route("/api/logout", post(owner::logout))
        // The owner.
        .route("/api/settings", get(owner::settings).put(owner::change_settings))
        .route("/api/sources", get(sources::list).post(sources::set).delete(sources::remove_named))
        .route("/api/sources/stats", get(sources::stats))
        .route("/api/sources/test", post(sources::test))
        .route("/api/sources/{name}", delete(sources::remove))
        .route("/api/stremio/keys", get(stremio::keys).post(stremio::make))
        .route("/api/stremio/keys/{id}", delete(stremio::revoke))
        .route("/api/stremio/server", get(stremio::server).put(stremio::turn))
        // The owner of a box.
        .route("/api/box", get(appliance::standing))
        .route("/api/box/disks", get(appliance::disks))
        .route("/api/box/disks/format", post(appliance::format))
        .route("/api/box/networks", get(appliance::networks))
        .route("/api/box/wifi", post(appliance::wifi))
        .route("/api/box/update/check", post(appliance::check))
        .route("/api/box/update/install", post(appliance::install))
        .route("/api/box/update/restart", post(appliance::restart))
        .route("/api/box/update/back", post(appliance::back))
        .route("/api/box/reboot", post(appliance::reboot))
        .route("/api/box/off", post(appliance::off))
        // The box's own screen.
        .route("/api/box/screen", get(appliance::screen))
        // Who may watch.
        .route("/api/find/{id}", get(find::find))
        .route("/api/play/{id}", get(story::play).post(story::play))
        .route("/api/title/{id}", get(titles::title))
        .route("/api/search", get(titles::search))
        .route("/api/catalogue/{kind}", get(titles::catalogue))
        .route("/image/{which}/{id}", get(titles::image))
        .route("/api/library", get(library::shelf))
        .route("/api/library/others", delete(library::remove_others))
        .route(
            "/api/library/{id}",
            get(library::title).put(library::change).delete(library::remove),
        )
        .route("/api/subtitles/{id}", get(subtitles::list))
        .route("/api/cleanup", post(library::clean_up))
        .route("/api/status", get(story::status))
        .route("/torrentio/{*path}", get(relay::torrentio))
        .route("/api/sets", get(sets::sets))
        // Whoever watches the box.
        .route("/metrics", get(metrics::metrics))
        .route("/api/openapi.json", get(openapi::description))
        // Programs that name a torrent.
        .route("/api/torrents", get(torrents::list))
        .route("/api/torrents/{hash}", delete(torrents::forget))
        .route("/api/torrents/{hash}/info", get(torrents::info))
        .route("/api/torrents/{hash}/torrent", get(torrents::file))
        .route("/api/stream/{hash}/status", get(stream::status))
        .route("/api/stream/{hash}/seek", post(stream::seek))
        .route("/api/stream/{hash}/pause", post(stream::pause))
        .route("/api/stream/{hash}/resume", post(stream::resume))
}

/// Films, and the control of televisions: for the household alone ([`super::near`]).
pub(super) fn household() -> Router<Rooms> {
    Router::new()
        .route("/api/stream/{hash}", get(stream::bytes).delete(stream::stop))
        .route("/stream/proxy/{hash}", get(stream::proxy))
        .route("/api/renderers", get(renderers::list))
        .route("/api/renderers/{id}", get(renderers::standing))
        .route("/api/renderers/{id}/play", post(renderers::play))
        .route("/api/renderers/{id}/pause", post(renderers::pause))
        .route("/api/renderers/{id}/resume", post(renderers::resume))
        .route("/api/renderers/{id}/stop", post(renderers::stop))
        .route("/api/renderers/{id}/seek", post(renderers::seek))
        .route("/api/renderers/{id}/volume", post(renderers::volume))
}

/// Routes whose body is large, and is passed on as it comes.
pub(super) fn uploads() -> Router<Rooms> {
    Router::new()
        .route("/api/box/update", put(appliance::receive))
        // A `.torrent` may have 8 MiB.
        .route("/api/torrents", post(torrents::add))
        .route("/api/torrents/parse", post(torrents::parse))
        .route("/api/torrents/convert", post(torrents::convert))
}
