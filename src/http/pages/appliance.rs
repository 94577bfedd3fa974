//! The box on the set-up page: its disk, its updates, its network. Every step is a form and a page.

#![expect(clippy::result_large_err, reason = "the answer is sent at once, not kept")]

use std::sync::Arc;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequestParts, Multipart, Query};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{at_the_door, filled, frame, page, trouble, view};
use crate::appliance::{Appliance, Error, Phase};
use crate::http::error::ApiError;
use crate::http::rooms::Rooms;
use crate::http::upload;
use crate::http::visitor::Visitor;
use crate::secret::Secret;
use crate::web;

type Filled<T> = Result<Form<T>, FormRejection>;
/// A page, or the page that says why not.
type Answer = Result<Response, Response>;

/// How soon a page about something under way is asked for again, in seconds.
const SOON: u32 = 3;
/// The same while the box starts anew: a page that is asked for too early is an error of the
/// browser's, which asks no more.
const AFTER_START: u32 = 90;

/// The box's owner, at a box. Everybody else is sent to the door.
pub(super) struct Owner {
    visitor: Visitor,
    appliance: Arc<Appliance>,
}

impl FromRequestParts<Rooms> for Owner {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, rooms: &Rooms) -> Result<Self, Response> {
        let Ok(visitor) = Visitor::from_request_parts(parts, rooms).await;
        if visitor.owner_only().is_err() {
            return Err(at_the_door(&visitor, "/setup"));
        }
        let appliance = Arc::clone(&rooms.appliance);
        if !appliance.is_here() {
            return Err(trouble(&visitor, Error::NotABox, "/setup"));
        }
        Ok(Self { visitor, appliance })
    }
}

impl Owner {
    fn trouble(&self, error: impl Into<ApiError>, back: &str) -> Response {
        trouble(&self.visitor, error, back)
    }

    fn filled<T>(&self, form: Filled<T>) -> Result<T, Response> {
        filled(&self.visitor, form, "/setup")
    }

    /// On to `to`, or the sentence about what went wrong.
    fn outcome<T>(&self, done: Result<T, Error>, to: &str) -> Answer {
        done.map_err(|error| self.trouble(error, "/setup"))?;
        Ok(Redirect::to(to).into_response())
    }

    /// A few words, after which the box goes away.
    fn farewell(&self, done: Result<(), Error>, title: &str, text: String) -> Answer {
        done.map_err(|error| self.trouble(error, "/setup"))?;
        Ok(page(&web::Words { frame: frame(&self.visitor), title: title.to_owned(), text }))
    }

    fn address(&self) -> String {
        let whereabouts = &self.visitor.rooms.whereabouts;
        whereabouts
            .named()
            .or_else(|| whereabouts.addresses().into_iter().next())
            .unwrap_or_else(|| "its address".to_owned())
    }
}

#[derive(Deserialize)]
pub(super) struct WhichDisk {
    disk: String,
}

/// `GET /setup/disk?disk=`: names the disk, and what will be lost.
pub(super) async fn confirm_format(owner: Owner, Query(which): Query<WhichDisk>) -> Answer {
    let disks = owner.appliance.disks().await;
    let disks = disks.map_err(|error| owner.trouble(error, "/setup"))?;
    let gone = || {
        let sentence = "that disk is not plugged in any more; plug it in and try again";
        owner.trouble(ApiError::bad_request(sentence), "/setup")
    };
    let disk = disks.into_iter().find(|disk| disk.id == which.disk).ok_or_else(gone)?;
    Ok(page(&web::Format { frame: frame(&owner.visitor), disk: view::disk(disk) }))
}

#[derive(Deserialize)]
pub(super) struct FormatForm {
    disk: String,
    consent: String,
}

/// `POST /setup/disk`.
pub(super) async fn format(owner: Owner, form: Filled<FormatForm>) -> Answer {
    let form = owner.filled(form)?;
    let done = owner.appliance.format(form.disk, form.consent).await;
    owner.outcome(done, "/setup?said=formatted#disk")
}

/// `GET /setup/wifi`: looking for networks takes some seconds, so they have a page of their own.
pub(super) async fn wifi_page(owner: Owner) -> Response {
    let (networks, trouble) = match owner.appliance.networks().await {
        Ok(networks) => (view::networks(networks), None),
        // A name can be typed all the same.
        Err(error) => (Vec::new(), Some(web::sentence(&error.to_string()))),
    };
    page(&web::Wifi { frame: frame(&owner.visitor), networks, trouble })
}

#[derive(Deserialize)]
pub(super) struct WifiForm {
    /// One that was seen.
    #[serde(default)]
    ssid: String,
    /// One that hides; it wins.
    #[serde(default)]
    other: String,
    password: Secret,
    country: String,
}

/// `POST /setup/wifi`.
pub(super) async fn wifi(owner: Owner, form: Filled<WifiForm>) -> Answer {
    let form = owner.filled(form)?;
    let ssid = if form.other.is_empty() { form.ssid } else { form.other };
    if ssid.is_empty() {
        let sentence = "choose a network from the list, or type the name of one";
        return Err(owner.trouble(ApiError::bad_request(sentence), "/setup/wifi"));
    }
    let country = form.country.trim().to_ascii_uppercase();
    let joined = owner.visitor.join_wifi(ssid.clone(), form.password, country).await;
    if joined.map_err(|error| owner.trouble(error, "/setup/wifi"))? {
        return Ok(Redirect::to("/setup?said=wifi#wifi").into_response());
    }
    let text = format!(
        "The box leaves this network now and joins {ssid}. Have your phone or computer join {ssid} as \
         well, then open {}. If the box cannot join it, its own network opens again after a minute or \
         two: join that one and try again.",
        owner.address()
    );
    owner.farewell(Ok(()), "One moment", text)
}

/// `GET /setup/update`: what is under way, asked for again by itself.
pub(super) async fn update_page(owner: Owner) -> Response {
    let facts = owner.appliance.facts().await.ok();
    let status = owner.appliance.update_status();
    let mut frame = frame(&owner.visitor);
    frame.refresh = match status.state {
        Phase::Checking | Phase::Receiving => Some(SOON),
        Phase::Restarting if status.waiting => Some(SOON),
        Phase::Restarting => Some(AFTER_START),
        _ => None,
    };
    page(&web::Update { frame, update: view::update(&status, facts.as_ref(), &[]) })
}

/// `POST /setup/update/check`.
pub(super) async fn check(owner: Owner) -> Answer {
    let done = owner.appliance.check_for_update().await;
    owner.outcome(done, "/setup?said=checked#update")
}

#[derive(Deserialize)]
pub(super) struct InstallForm {
    disk: Option<String>,
    name: Option<String>,
}

/// `POST /setup/update/install`: from a disk, or what the check has found. The box starts it, too:
/// whoever says "install" wants the new version.
pub(super) async fn install(owner: Owner, form: Filled<InstallForm>) -> Answer {
    let form = owner.filled(form)?;
    let begun = match (form.disk, form.name) {
        (Some(disk), Some(name)) => owner.appliance.install_from_disk(disk, name, true).await,
        _ => owner.appliance.install_offer(true).await,
    };
    owner.outcome(begun, "/setup/update")
}

/// `POST /setup/update/file`: a bundle from whoever looks at the page.
pub(super) async fn upload(owner: Owner, mut form: Multipart) -> Answer {
    let bad = |sentence: String| owner.trouble(ApiError::bad_request(sentence), "/setup");
    let file = form.next_field().await.map_err(|error| bad(error.to_string()))?;
    let file = file.filter(|file| file.file_name().is_some_and(|name| !name.is_empty()));
    let nothing = "choose a file first; its name ends in .bundle";
    let mut file = file.ok_or_else(|| bad(nothing.to_owned()))?;
    let received = owner.appliance.receive_update(upload::pieces(&mut file)).await;
    if received.is_err() {
        upload::swallow(file).await;
    }
    owner.outcome(received, "/setup/update")
}

/// `POST /setup/update/restart`.
pub(super) async fn restart(owner: Owner) -> Answer {
    let begun = owner.appliance.restart_into_update().await;
    owner.outcome(begun, "/setup/update")
}

/// `POST /setup/update/back`.
pub(super) async fn back(owner: Owner) -> Answer {
    let begun = owner.appliance.go_back().await;
    owner.outcome(begun, "/setup/update")
}

#[derive(Deserialize)]
pub(super) struct UrlForm {
    url: String,
}

/// `POST /setup/update/url`: an empty one is none.
pub(super) async fn set_url(owner: Owner, form: Filled<UrlForm>) -> Answer {
    let form = owner.filled(form)?;
    let url = Some(form.url.trim()).filter(|url| !url.is_empty());
    owner.outcome(owner.appliance.set_update_url(url), "/setup?said=url#update")
}

/// `POST /setup/reboot`.
pub(super) async fn reboot(owner: Owner) -> Answer {
    let text = format!(
        "The box starts anew. In a minute it answers again at {}; whatever was playing can go on then.",
        owner.address()
    );
    owner.farewell(owner.appliance.reboot().await, "See you in a minute", text)
}

/// `POST /setup/off`.
pub(super) async fn off(owner: Owner) -> Answer {
    let text = "The box switches itself off. Wait until its lamp has stopped blinking before you pull \
                the plug; to switch it on, plug it in again.";
    owner.farewell(owner.appliance.power_off().await, "Good night", text.to_owned())
}
