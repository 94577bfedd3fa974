//! The JSON surface: for the command line, for programs, and for pages that want more than HTML.

mod owner;
mod story;

pub(super) use story::id_of;

use axum::Router;
use axum::routing::{get, post};

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
        // Who may watch.
        .route("/api/find/{id}", get(story::find))
        .route("/api/play/{id}", get(story::play).post(story::play))
        .route("/api/status", get(story::status))
}
