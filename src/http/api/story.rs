//! Play, and how things are.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::magnet_players::takes_magnets;
use crate::http::error::ApiError;
use crate::http::sets;
use crate::http::visitor::Visitor;
use crate::media::StremioId;
use crate::torrent::InfoHash;

/// `?info_hash=`: this candidate, not the best. `?magnet=1`: its magnet, and it is not opened; a
/// player that is known to take magnets is given one unless it says `magnet=0`.
#[derive(Deserialize)]
pub(super) struct Which {
    info_hash: Option<InfoHash>,
    magnet: Option<u8>,
}

/// `/api/play/{id}`: as `play --json`.
pub(super) async fn play(
    method: Method,
    visitor: Visitor,
    id: Result<Path<String>, PathRejection>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let (id, which) = (id_of(&id?)?, which?.0);
    let magnet = which.magnet.map_or_else(|| takes_magnets(&visitor.headers), |one| one != 0);
    if magnet {
        let handed = visitor.rooms.playback.hand_over(&id, which.info_hash).await?;
        let magnet = handed.magnet.to_string();
        return Ok(Json(json!({"id": id, "magnet": magnet, "candidate": handed.candidate})));
    }
    if method != Method::POST && !visitor.is_owner() {
        // A page elsewhere can make a browser GET anything (an image), and this changes something.
        let sentence = "opening a film changes something: send POST, or sign in";
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "use_post", sentence));
    }
    let rooms = &visitor.rooms;
    let play = {
        let set = sets::known(&visitor.headers).map(|set| &set.plays);
        rooms.playback.play_for(&id, which.info_hash, set).await?
    };
    Ok(Json(rooms.play_answer(&play, |path| visitor.link(path))))
}

/// `/api/status`: what a page or a program may know without being the owner; how the indexes are is for
/// those who may watch.
pub(super) async fn status(visitor: Visitor) -> Json<Value> {
    let rooms = &visitor.rooms;
    let settings = rooms.playback.settings();
    let mut status = json!({
        "name": rooms.name,
        "version": env!("CARGO_PKG_VERSION"),
        "owner": rooms.access.owner_exists(),
        "debrid": settings.debrid.set,
        "swarm": settings.swarm.enabled,
    });
    if visitor.may_watch().is_ok() {
        status["indexes"] = json!(rooms.playback.index_standing());
        status["health"] = rooms.playback.index_health().into();
        status["streams"] = json!(rooms.limits.open());
        status["readers"] = json!(rooms.playback.readers());
        let of_devices = rooms.limits.notices().into_iter().map(|notice| json!(notice));
        let of_torrents = rooms.playback.notices().into_iter().map(|notice| json!(notice));
        let mut of_machine = Vec::new();
        if visitor.is_owner() {
            of_machine = rooms.notices();
            let row = |(device, streams)| json!({"device": device, "streams": streams});
            status["devices"] = rooms.limits.devices().into_iter().map(row).collect();
        }
        let of_machine = of_machine.into_iter().map(|notice| json!(notice));
        status["notices"] = of_machine.chain(of_devices).chain(of_torrents).collect();
    }
    Json(status)
}

/// The id in a path, or 400 with a sentence that shows the forms.
pub(in crate::http) fn id_of(text: &str) -> Result<StremioId, ApiError> {
    let bad = |error: crate::media::BadId| {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_id", error.to_string())
    };
    text.parse().map_err(bad)
}
