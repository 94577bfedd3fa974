//! Claim, sign in, set up.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{
    at_the_door, filled, frame, indexes, mirrors, of_owner, page, set_up, stremio, trouble, view,
};
use crate::http::rooms::Rooms;
use crate::http::sets::Seen;
use crate::http::visitor::{Visitor, no_cookie, session_cookie};
use crate::index::Standing;
use crate::secret::Secret;
use crate::torrent::Store;
use crate::web;

/// `?said=`: what was just done, as a word of ours (a stranger's link can make the page say nothing
/// else).
#[derive(Deserialize)]
pub(super) struct Said {
    said: Option<String>,
}

async fn page_of(visitor: &Visitor, said: Option<&str>) -> Response {
    if !visitor.rooms.access.owner_exists() {
        return page(&web::Claim {
            frame: frame(visitor),
            at_box: visitor.rooms.appliance.is_here(),
        });
    }
    if visitor.owner_only().is_err() {
        return at_the_door(visitor, "/setup");
    }
    // Asked before the frame is made, which shows the notices that are known then.
    let the_box = view::whole(&visitor.rooms).await;
    let mut frame = frame(visitor);
    frame.notice = said.and_then(sentence_of).map(str::to_owned);
    let (of_devices, of_torrents) =
        (visitor.rooms.limits.notices(), visitor.rooms.playback.notices());
    let unusual = of_devices.into_iter().map(|notice| notice.message);
    let unusual = unusual.chain(of_torrents.into_iter().map(|notice| notice.message));
    frame.warnings.extend(unusual.map(|message| web::sentence(&message)));
    let settings = visitor.rooms.playback.settings();
    let chosen = settings.debrid.store.unwrap_or(Store::RealDebrid);
    page(&web::Setup {
        frame,
        stores: Store::ALL.map(|store| (store.as_str(), store.label(), store == chosen)).into(),
        indexes: indexes::rows(settings.indexes),
        mirrors: mirrors::view(&visitor.rooms),
        stremio: stremio::view(visitor),
        token_set: settings.debrid.set,
        token_ends: settings.debrid.ends,
        swarm_allowed: settings.swarm.enabled,
        swarm_fixed: settings.swarm.fixed,
        answered: web::sentence(&visitor.rooms.playback.index_health()),
        addresses: addresses(&visitor.rooms),
        health: visitor.rooms.playback.index_standing().iter().map(health).collect(),
        preferences: super::preferences::view(&settings.preferences),
        sets: visitor.rooms.sets.all().iter().map(set_row).collect(),
        tmdb: settings.title.tmdb_key.set.then_some(settings.title.tmdb_key.ends),
        the_box,
    })
}

/// Where others find this server, by name first.
fn addresses(rooms: &Rooms) -> Vec<String> {
    rooms.whereabouts.named().into_iter().chain(rooms.whereabouts.addresses()).collect()
}

/// A set that asked.
fn set_row(seen: &Seen) -> web::SetRow {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let asked: Vec<String> = seen.asked.iter().map(|one| web::plain(one)).collect();
    let said = [&seen.user_agent, &seen.client_info, &seen.friendly_name].map(String::as_str);
    web::SetRow {
        name: seen.profile.clone(),
        address: seen.address.to_string(),
        said: web::plain(said.join(" ").trim()),
        asked: asked.join(", "),
        last: web::age(now.saturating_sub(seen.last)),
    }
}

/// An index's last word.
fn health(standing: &Standing) -> web::HealthRow {
    use crate::index::State::{Empty, Ok};
    let well = matches!(standing.state, Some(Ok | Empty));
    let last = match (standing.asked_s_ago, standing.torrents, standing.elapsed_ms) {
        (Some(ago), Some(torrents), Some(ms)) if well => {
            format!("It listed {torrents} torrents in {ms} ms, {} ago.", web::age(ago))
        }
        (Some(ago), ..) => format!("It was asked {} ago.", web::age(ago)),
        _ => "It has not been asked yet.".to_owned(),
    };
    let words = standing.message.as_ref().map(|words| web::sentence(words));
    web::HealthRow {
        name: standing.index.to_string(),
        trouble: words.filter(|_| !well || standing.until.is_some()),
        last,
    }
}

fn sentence_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "claimed" => "This box is yours.",
        "token" => "The store takes the token; it is kept.",
        "removed" => "The token is removed.",
        "index-added" => "The index is added; the next search asks it.",
        "indexes" => "The indexes are changed.",
        "mirrors" => "The mirrors are changed; the next film goes by them.",
        "preferences" => "What you prefer is kept; the next search goes by it.",
        "stremio-revoked" => "The key is revoked: the add-on of that device has stopped.",
        "stremio-server" => "The server for Stremio's apps is changed.",
        "swarm" => "Peer-to-peer is changed.",
        "tmdb" => "TMDB takes the key; it is kept.",
        "tmdb-removed" => "The TMDB key is removed.",
        "formatted" => "The disk is ready: films are kept on it from now on.",
        "wifi" => "The box joins that Wi-Fi network, now and whenever it is started.",
        "checked" => "The address for updates has answered.",
        "url" => "The address for updates is changed.",
        _ => return None,
    })
}

/// `GET /setup`.
pub(super) async fn setup_page(visitor: Visitor, Query(said): Query<Said>) -> Response {
    page_of(&visitor, said.said.as_deref()).await
}

#[derive(Deserialize)]
pub(super) struct ClaimForm {
    code: String,
    password: String,
}

/// `POST /setup/claim`.
pub(super) async fn claim(
    visitor: Visitor,
    form: Result<Form<ClaimForm>, FormRejection>,
) -> Response {
    let form = match filled(&visitor, form, "/setup") {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    match visitor.rooms.access.claim(form.code.trim(), &form.password).await {
        Ok(token) => {
            // The claim code was a title for televisions.
            visitor.rooms.playback.catalogue_changed();
            signed_in(token.expose(), "/setup?said=claimed")
        }
        Err(error) => trouble(&visitor, error, "/setup"),
    }
}

fn signed_in(token: &str, to: &str) -> Response {
    ([(header::SET_COOKIE, session_cookie(token))], Redirect::to(to)).into_response()
}

#[derive(Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

/// `GET /login`.
pub(super) async fn login_page(visitor: Visitor, Query(next): Query<Next>) -> Response {
    if !visitor.rooms.access.owner_exists() {
        return Redirect::to("/setup").into_response();
    }
    page(&web::Login { frame: frame(&visitor), next: own_path(next.next) })
}

/// A path of ours: `//elsewhere` and `https://elsewhere` are not.
fn own_path(next: Option<String>) -> String {
    let ours = |path: &String| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains(|c: char| c == '\\' || c.is_control())
    };
    next.filter(ours).unwrap_or_else(|| "/".to_owned())
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    password: String,
    next: Option<String>,
}

/// `POST /login`.
pub(super) async fn login(
    visitor: Visitor,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    let form = match filled(&visitor, form, "/login") {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    match visitor.rooms.access.login(&form.password, visitor.address()).await {
        Ok(token) => signed_in(token.expose(), &own_path(form.next)),
        Err(error) => trouble(&visitor, error, "/login"),
    }
}

/// `POST /logout`.
pub(super) async fn logout(visitor: Visitor) -> Response {
    if let Some(token) = visitor.session()
        && let Err(error) = visitor.rooms.access.logout(&token).await
    {
        tracing::warn!(%error, "a session could not be ended");
    }
    ([(header::SET_COOKIE, no_cookie())], Redirect::to("/")).into_response()
}

#[derive(Deserialize)]
pub(super) struct DebridForm {
    store: Store,
    token: Secret,
}

/// `POST /setup/debrid`: the store is asked at once whether it takes the token.
pub(super) async fn debrid(
    visitor: Visitor,
    form: Result<Form<DebridForm>, FormRejection>,
) -> Response {
    let form = match of_owner(&visitor, form) {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let done = visitor.rooms.playback.set_debrid(form.store, form.token).await;
    set_up(&visitor, done.map(drop), "token")
}

/// `POST /setup/debrid/remove`.
pub(super) async fn remove_debrid(visitor: Visitor) -> Response {
    if visitor.owner_only().is_err() {
        return at_the_door(&visitor, "/setup");
    }
    set_up(&visitor, visitor.rooms.playback.remove_debrid(), "removed")
}

#[derive(Deserialize)]
pub(super) struct SwarmForm {
    allowed: bool,
}

/// `POST /setup/swarm`.
pub(super) async fn swarm(
    visitor: Visitor,
    form: Result<Form<SwarmForm>, FormRejection>,
) -> Response {
    match of_owner(&visitor, form) {
        Ok(form) => set_up(&visitor, visitor.rooms.playback.allow_swarm(form.allowed), "swarm"),
        Err(answer) => answer,
    }
}

#[derive(Deserialize)]
pub(super) struct TmdbForm {
    key: Secret,
}

/// `POST /setup/tmdb`: TMDB is asked at once whether it takes the key.
pub(super) async fn tmdb(
    visitor: Visitor,
    form: Result<Form<TmdbForm>, FormRejection>,
) -> Response {
    match of_owner(&visitor, form) {
        Ok(form) => set_up(&visitor, visitor.rooms.playback.set_tmdb_key(form.key).await, "tmdb"),
        Err(answer) => answer,
    }
}

/// `POST /setup/tmdb/remove`.
pub(super) async fn remove_tmdb(visitor: Visitor) -> Response {
    if visitor.owner_only().is_err() {
        return at_the_door(&visitor, "/setup");
    }
    set_up(&visitor, visitor.rooms.playback.remove_tmdb_key(), "tmdb-removed")
}
