//! The box: its disks, its network, its updates. The owner's alone, but for what the screen shows.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::appliance::{Appliance, Error, Status};
use crate::http::error::ApiError;
use crate::http::upload;
use crate::http::visitor::Visitor;
use crate::secret::Secret;
use crate::steward::words::{Disk, Network, SlotFacts};

type Form<T> = Result<Json<T>, JsonRejection>;

/// The box, for its owner.
fn owned(visitor: &Visitor) -> Result<&std::sync::Arc<Appliance>, ApiError> {
    visitor.owner_only()?;
    let appliance = &visitor.rooms.appliance;
    if appliance.is_here() { Ok(appliance) } else { Err(Error::NotABox.into()) }
}

/// `GET /api/box`: what it is and how it stands.
pub(super) async fn standing(visitor: Visitor) -> Result<Json<Value>, ApiError> {
    visitor.owner_only()?;
    let appliance = &visitor.rooms.appliance;
    let here = appliance.is_here();
    let (facts, trouble) = match appliance.facts().await {
        Ok(facts) => (Some(facts), None),
        Err(Error::NotABox) => (None, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let network = json!({
        "addresses": visitor.rooms.whereabouts.addresses(),
        "access_point": appliance.access_point(),
    });
    let update = here.then(|| appliance.update_status());
    Ok(Json(json!({
        "here": here, "facts": facts, "trouble": trouble, "update": update, "network": network,
    })))
}

/// `GET /api/box/screen`: what a television that hangs on the box shows. The claim code is in it, so
/// only a program of this machine may ask.
pub(super) async fn screen(visitor: Visitor) -> Result<Json<Value>, ApiError> {
    if !visitor.is_of_this_machine() {
        let sentence =
            "only a program of this machine may ask this, with the key of the data folder";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "not_this_machine", sentence));
    }
    let rooms = &visitor.rooms;
    rooms.appliance.keep_up().await;
    Ok(Json(json!({
        "name": rooms.name,
        "version": env!("CARGO_PKG_VERSION"),
        "here": rooms.appliance.is_here(),
        "addresses": rooms.whereabouts.addresses(),
        "named": rooms.whereabouts.named(),
        "claim_code": rooms.access.claim_code(),
        "access_point": rooms.appliance.access_point(),
        "notices": rooms.notices(),
    })))
}

/// `GET /api/box/disks`.
pub(super) async fn disks(visitor: Visitor) -> Result<Json<Vec<Disk>>, ApiError> {
    Ok(Json(owned(&visitor)?.disks().await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormatForm {
    disk: String,
    consent: String,
}

/// `POST /api/box/disks/format`: all that is on the disk is lost. `consent` stands for the disk as
/// it was listed, and for nothing else.
pub(super) async fn format(
    visitor: Visitor,
    form: Form<FormatForm>,
) -> Result<StatusCode, ApiError> {
    let appliance = owned(&visitor)?;
    let Json(form) = form?;
    appliance.format(form.disk, form.consent).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/box/networks`.
pub(super) async fn networks(visitor: Visitor) -> Result<Json<Vec<Network>>, ApiError> {
    Ok(Json(owned(&visitor)?.networks().await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WifiForm {
    ssid: String,
    #[serde(default = "no_password")]
    password: Secret,
    /// Two letters, as each country has rules of its own for radios; without it, a sentence says so.
    #[serde(default)]
    country: String,
}

fn no_password() -> Secret {
    Secret::new("")
}

/// `POST /api/box/wifi`: 204 once it is told; 202 where the asker came by the box's own network,
/// which ends by it, so that the answer must go out first.
pub(super) async fn wifi(visitor: Visitor, form: Form<WifiForm>) -> Result<StatusCode, ApiError> {
    owned(&visitor)?;
    let Json(form) = form?;
    if visitor.join_wifi(form.ssid, form.password, form.country).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Ok(StatusCode::ACCEPTED)
    }
}

/// `PUT /api/box/update`: the body is a bundle, which is written as it comes.
pub(super) async fn receive(visitor: Visitor, body: Body) -> Result<Json<SlotFacts>, ApiError> {
    let appliance = owned(&visitor)?;
    let mut bundle = body.into_data_stream();
    let received = appliance.receive_update(upload::pieces(&mut bundle)).await;
    if received.is_err() {
        upload::swallow(bundle).await;
    }
    Ok(Json(received?))
}

/// `POST /api/box/update/check`.
pub(super) async fn check(visitor: Visitor) -> Result<Json<Status>, ApiError> {
    Ok(Json(owned(&visitor)?.check_for_update().await?))
}

/// Which bundle: one on a disk, else the one that a check has found.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct InstallForm {
    disk: Option<String>,
    name: Option<String>,
    /// Whether it is to be started as well.
    restart: bool,
}

/// `POST /api/box/update/install`: 202; what comes of it is told by `GET /api/box`.
pub(super) async fn install(
    visitor: Visitor,
    form: Form<InstallForm>,
) -> Result<Response, ApiError> {
    let appliance = owned(&visitor)?;
    let form = match form {
        Ok(Json(form)) => form,
        // No body at all is the offer.
        Err(JsonRejection::MissingJsonContentType(_)) => InstallForm::default(),
        Err(rejection) => return Err(rejection.into()),
    };
    match (form.disk, form.name) {
        (Some(disk), Some(name)) => appliance.install_from_disk(disk, name, form.restart).await?,
        (None, None) => appliance.install_offer(form.restart).await?,
        _ => return Err(ApiError::bad_request("a bundle on a disk has both a disk and a name")),
    }
    Ok(begun(appliance))
}

/// `POST /api/box/update/restart`: 202; once nobody watches, the version that is ready is started.
pub(super) async fn restart(visitor: Visitor) -> Result<Response, ApiError> {
    let appliance = owned(&visitor)?;
    appliance.restart_into_update().await?;
    Ok(begun(appliance))
}

/// `POST /api/box/update/back`: 202; once nobody watches, the other slot is started as it is.
pub(super) async fn back(visitor: Visitor) -> Result<Response, ApiError> {
    let appliance = owned(&visitor)?;
    appliance.go_back().await?;
    Ok(begun(appliance))
}

/// `POST /api/box/reboot`.
pub(super) async fn reboot(visitor: Visitor) -> Result<StatusCode, ApiError> {
    owned(&visitor)?.reboot().await?;
    Ok(StatusCode::ACCEPTED)
}

/// `POST /api/box/off`.
pub(super) async fn off(visitor: Visitor) -> Result<StatusCode, ApiError> {
    owned(&visitor)?.power_off().await?;
    Ok(StatusCode::ACCEPTED)
}

fn begun(appliance: &Appliance) -> Response {
    (StatusCode::ACCEPTED, Json(appliance.update_status())).into_response()
}
