//! The pages. Every one is a URL, so that a television's Back key works, and whole without script.

mod appliance;
mod indexes;
mod library;
mod mirrors;
mod preferences;
mod setup;
mod stremio;
mod subtitles;
mod televisions;
mod titles;
mod view;
mod watch;

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Query};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

pub(super) use titles::genres;

use super::error::ApiError;
use super::rooms::Rooms;
use super::visitor::Visitor;
use crate::web::{self, Frame};

/// Every page, grouped by who looks at it.
pub(super) fn routes() -> Router<Rooms> {
    Router::new()
        // Everybody.
        .route(
            "/assets/style.css",
            get(async |asked| asset(&asked, "text/css; charset=utf-8", web::STYLE)),
        )
        .route(
            "/assets/page.js",
            get(async |asked| asset(&asked, "text/javascript; charset=utf-8", web::SCRIPT)),
        )
        .route("/login", get(setup::login_page).post(setup::login))
        .route("/logout", post(setup::logout))
        // Who may watch.
        .route("/", get(titles::home))
        .route("/catalogue/{kind}", get(titles::catalogue))
        .route("/series/{id}", get(titles::series))
        .route("/watch/{id}", get(watch::candidates).post(watch::play))
        .route("/watch/{id}/events", get(watch::events))
        .route("/play/{key}/{name}", get(watch::player))
        .route("/library", get(library::shelf).post(library::clean_up))
        .route("/library/others", post(library::remove_others))
        .route("/library/{id}", post(library::act))
        // The owner.
        .route("/setup", get(setup::setup_page))
        .route("/setup/claim", post(setup::claim))
        .route("/setup/debrid", post(setup::debrid))
        .route("/setup/debrid/remove", post(setup::remove_debrid))
        .route("/setup/indexes/add", post(indexes::add))
        .route("/setup/indexes/switch", post(indexes::switch))
        .route("/setup/indexes/remove", post(indexes::remove))
        .route("/setup/mirrors/add", post(mirrors::add))
        .route("/setup/mirrors/switch", post(mirrors::switch))
        .route("/setup/mirrors/remove", post(mirrors::remove))
        .route("/setup/preferences", post(preferences::change))
        .route("/setup/swarm", post(setup::swarm))
        .route("/setup/stremio", post(stremio::make))
        .route("/setup/stremio/revoke", post(stremio::revoke))
        .route("/setup/stremio/server", post(stremio::server))
        .route("/setup/tmdb", post(setup::tmdb))
        .route("/setup/tmdb/remove", post(setup::remove_tmdb))
        // The owner of a box.
        .route("/setup/disk", get(appliance::confirm_format).post(appliance::format))
        .route("/setup/wifi", get(appliance::wifi_page).post(appliance::wifi))
        .route("/setup/update", get(appliance::update_page))
        .route("/setup/update/check", post(appliance::check))
        .route("/setup/update/install", post(appliance::install))
        .route("/setup/update/restart", post(appliance::restart))
        .route("/setup/update/back", post(appliance::back))
        .route("/setup/update/url", post(appliance::set_url))
        .route("/setup/reboot", post(appliance::reboot))
        .route("/setup/off", post(appliance::off))
}

/// The control of televisions: for the household alone ([`super::near`]).
pub(super) fn household() -> Router<Rooms> {
    Router::new()
        .route("/televisions/{key}/{name}", get(televisions::list).post(televisions::show))
        .route("/television/{id}", get(televisions::television).post(televisions::press))
}

/// Pages' forms that carry a large file.
pub(super) fn uploads() -> Router<Rooms> {
    Router::new().route("/setup/update/file", post(appliance::upload))
}

/// What a page asks for with an asset.
#[derive(Deserialize)]
struct Asset {
    v: Option<String>,
}

/// A file that is kept for good (RFC 8246) by who asks for it by what it holds ([`web::ASSETS`]), and
/// by nobody else: a page from before an update asks for another one.
fn asset(asked: &Query<Asset>, media_type: &'static str, text: &'static str) -> Response {
    let by_content = asked.v.as_deref() == Some(web::ASSETS.as_str());
    let age = if by_content { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, age)], text).into_response()
}

/// A page, or a plain sentence where it cannot be made.
fn page(page: &impl web::Page) -> Response {
    match page.html() {
        Ok(html) => Html(html).into_response(),
        Err(sentence) => (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response(),
    }
}

/// What every page has.
fn frame(visitor: &Visitor) -> Frame {
    let name = visitor.rooms.name.clone();
    let signed_in = visitor.is_owner();
    let notices = if signed_in { visitor.rooms.notices() } else { Vec::new() };
    let warnings = notices.iter().map(|notice| web::sentence(&notice.message)).collect();
    Frame { name, signed_in, notice: None, warnings, refresh: None }
}

/// One sentence with a way back.
fn trouble(visitor: &Visitor, error: impl Into<ApiError>, back: &str) -> Response {
    let error = error.into();
    let (frame, back) = (frame(visitor), back.to_owned());
    let mut answer = page(&web::Trouble { frame, sentence: error.message, back });
    *answer.status_mut() = error.status;
    answer
}

/// What a form holds, or the sentence about it.
#[expect(clippy::result_large_err, reason = "the answer is sent at once, not kept")]
fn filled<T>(
    visitor: &Visitor,
    form: Result<Form<T>, FormRejection>,
    back: &str,
) -> Result<T, Response> {
    form.map(|Form(form)| form).map_err(|error| trouble(visitor, error, back))
}

/// What the owner's form on the set-up page holds; the door for anybody else, or the sentence about
/// the form.
#[expect(clippy::result_large_err, reason = "the answer is sent at once, not kept")]
fn of_owner<T>(visitor: &Visitor, form: Result<Form<T>, FormRejection>) -> Result<T, Response> {
    visitor.owner_only().map_err(|_| at_the_door(visitor, "/setup"))?;
    filled(visitor, form, "/setup")
}

/// Back to the set-up page, which says what was done (`said`), or the sentence about what went wrong.
fn set_up(visitor: &Visitor, done: Result<(), impl Into<ApiError>>, said: &str) -> Response {
    match done {
        Ok(()) => Redirect::to(&format!("/setup?said={said}")).into_response(),
        Err(error) => trouble(visitor, error, "/setup"),
    }
}

/// Sends a viewer to where the right to watch is had, or lets pass.
#[expect(clippy::result_large_err, reason = "the answer is sent at once, not kept")]
fn watching(visitor: &Visitor, here: &str) -> Result<(), Response> {
    visitor.may_watch().map_err(|_| at_the_door(visitor, here))
}

fn at_the_door(visitor: &Visitor, here: &str) -> Response {
    if visitor.rooms.access.owner_exists() {
        let next = percent_encoding::utf8_percent_encode(here, percent_encoding::NON_ALPHANUMERIC);
        Redirect::to(&format!("/login?next={next}")).into_response()
    } else {
        Redirect::to("/setup").into_response()
    }
}
