//! Claim, login, settings.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::rooms::Rooms;
use crate::http::visitor::{Visitor, no_cookie, session_cookie};
use crate::playback::{IndexChange, Settings};
use crate::secret::Secret;
use crate::torrent::Store;

#[derive(Deserialize)]
pub(super) struct ClaimForm {
    code: String,
    password: String,
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    password: String,
}

/// `POST /api/claim`: 201, with the session's cookie.
pub(super) async fn claim(
    State(rooms): State<Rooms>,
    form: Result<Json<ClaimForm>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(form) = form?;
    let token = rooms.access.claim(&form.code, &form.password).await?;
    // The claim code was a title for televisions.
    rooms.playback.catalogue_changed();
    Ok((
        StatusCode::CREATED,
        [(header::SET_COOKIE, session_cookie(token.expose()))],
        Json(json!({"owner": true})),
    )
        .into_response())
}

/// `POST /api/login`: 200, with the session's cookie.
pub(super) async fn login(
    visitor: Visitor,
    form: Result<Json<LoginForm>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(form) = form?;
    let token = visitor.rooms.access.login(&form.password, visitor.address()).await?;
    Ok(([(header::SET_COOKIE, session_cookie(token.expose()))], Json(json!({"owner": true})))
        .into_response())
}

/// `POST /api/logout`.
pub(super) async fn logout(visitor: Visitor) -> Result<Response, ApiError> {
    if let Some(token) = visitor.session() {
        visitor.rooms.access.logout(&token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, no_cookie())]).into_response())
}

/// `GET /api/settings`.
pub(super) async fn settings(visitor: Visitor) -> Result<Json<AllSettings>, ApiError> {
    visitor.owner_only()?;
    Ok(Json(AllSettings::of(&visitor.rooms)))
}

/// What the owner may see of the settings.
#[derive(Serialize)]
pub(super) struct AllSettings {
    #[serde(flatten)]
    playback: Settings,
    /// On a box alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    update: Option<UpdateSettings>,
}

#[derive(Serialize)]
struct UpdateSettings {
    url: Option<String>,
}

impl AllSettings {
    fn of(rooms: &Rooms) -> Self {
        let appliance = &rooms.appliance;
        let update = appliance.is_here().then(|| UpdateSettings { url: appliance.update_url() });
        Self { playback: rooms.playback.settings(), update }
    }
}

/// What may be changed. Anything else is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    debrid: Option<DebridChange>,
    /// By name; `null` ends what the owner has said of it.
    indexes: Option<BTreeMap<String, Option<IndexChanges>>>,
    preferences: Option<serde_json::Map<String, Value>>,
    swarm: Option<SwarmChange>,
    title: Option<TitleChange>,
    update: Option<UpdateChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DebridChange {
    store: Option<Store>,
    /// `null` removes it; absent leaves it, and then there is nothing to change.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent and null are two things")]
    token: Option<Option<Secret>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexChanges {
    /// `null`: where the configuration says.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent and null are two things")]
    url: Option<Option<String>>,
    enabled: Option<bool>,
}

impl From<IndexChanges> for IndexChange {
    fn from(IndexChanges { url, enabled }: IndexChanges) -> Self {
        Self { address: url, enabled }
    }
}

/// Tells `null` from absent.
#[expect(clippy::option_option, reason = "absent and null are two things")]
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwarmChange {
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TitleChange {
    /// `null` removes it; absent leaves it.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent and null are two things")]
    tmdb_key: Option<Option<Secret>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateChange {
    /// `null`: updates are looked for nowhere.
    url: Option<String>,
}

/// `PUT /api/settings`: a token is checked with its store before it is kept.
pub(super) async fn change_settings(
    visitor: Visitor,
    changes: Result<Json<Value>, JsonRejection>,
) -> Result<Json<AllSettings>, ApiError> {
    visitor.owner_only()?;
    let playback = &visitor.rooms.playback;
    let Json(changes) = changes?;
    let changes: Changes = serde_json::from_value(changes).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_settings",
            format!("these settings cannot be taken: {error}"),
        )
    })?;
    if let Some(debrid) = changes.debrid {
        let sentence = "a store is set together with its token; send both, or null as the token";
        let no_token = || ApiError::new(StatusCode::BAD_REQUEST, "bad_settings", sentence);
        match debrid.token.ok_or_else(no_token)? {
            Some(token) => {
                let store = debrid.store.or(playback.settings().debrid.store);
                playback.set_debrid(store.unwrap_or(Store::RealDebrid), token).await?;
            }
            None => playback.remove_debrid()?,
        }
    }
    if let Some(indexes) = changes.indexes {
        let named = indexes.into_iter();
        let named = named.map(|(name, change)| (name, change.map(IndexChange::from)));
        playback.change_indexes(&named.collect())?;
    }
    if let Some(preferences) = changes.preferences {
        playback.prefer(&preferences)?;
    }
    if let Some(swarm) = changes.swarm {
        playback.allow_swarm(swarm.enabled)?;
    }
    if let Some(title) = changes.title {
        match title.tmdb_key {
            Some(Some(key)) => playback.set_tmdb_key(key).await?,
            Some(None) => playback.remove_tmdb_key()?,
            None => {}
        }
    }
    if let Some(update) = changes.update {
        visitor.rooms.appliance.set_update_url(update.url.as_deref())?;
    }
    Ok(Json(AllSettings::of(&visitor.rooms)))
}
