//! The owner's mirrors on the set-up page: added, switched on and off, removed.

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use serde::Deserialize;

use super::{of_owner, set_up};
use crate::http::rooms::Rooms;
use crate::http::visitor::Visitor;
use crate::mirror::{Change, Error, Kind, SourceLine, Standing};
use crate::web;

type Filled<T> = Result<Form<T>, FormRejection>;

/// What the page shows.
pub(super) fn view(rooms: &Rooms) -> web::Mirrors {
    let sources = rooms.mirrors.sources();
    let (own, services): (Vec<_>, Vec<_>) =
        sources.sources.into_iter().partition(|source| source.kind == Kind::Own);
    let reason = |source: SourceLine| (source.name, source.reason.unwrap_or_default().to_owned());
    web::Mirrors {
        enabled: sources.enabled,
        own: own.into_iter().map(row).collect(),
        services: services.into_iter().map(reason).collect(),
    }
}

fn row(source: SourceLine) -> web::MirrorRow {
    let health = source.health.unwrap_or_default();
    web::MirrorRow {
        name: source.name,
        address: source.url.unwrap_or_default(),
        enabled: source.enabled,
        note: source.note,
        last: last(&health),
        trouble: health
            .last_failure
            .filter(|_| health.shaky)
            .map(|failure| web::sentence(&failure.message)),
    }
}

fn last(health: &Standing) -> String {
    match (health.last_success_s_ago, health.latency_ms) {
        (Some(ago), Some(ms)) => {
            format!("It gave a film {} ago, after {ms} ms.", web::age(ago))
        }
        _ => "It has given no film yet.".to_owned(),
    }
}

#[derive(Deserialize)]
pub(super) struct Added {
    name: String,
    address: String,
}

/// `POST /setup/mirrors/add`.
pub(super) async fn add(visitor: Visitor, form: Filled<Added>) -> Response {
    let form = match of_owner(&visitor, form) {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let url = Some(form.address);
    let change = Change { url, enabled: Some(true), ..Change::default() };
    done(&visitor, visitor.rooms.mirrors.set(&form.name, change).await.map(|_| ()))
}

#[derive(Deserialize)]
pub(super) struct Switched {
    name: String,
    enabled: bool,
}

/// `POST /setup/mirrors/switch`.
pub(super) async fn switch(visitor: Visitor, form: Filled<Switched>) -> Response {
    let form = match of_owner(&visitor, form) {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    let change = Change { enabled: Some(form.enabled), ..Change::default() };
    done(&visitor, visitor.rooms.mirrors.set(&form.name, change).await.map(|_| ()))
}

#[derive(Deserialize)]
pub(super) struct Removed {
    name: String,
}

/// `POST /setup/mirrors/remove`.
pub(super) async fn remove(visitor: Visitor, form: Filled<Removed>) -> Response {
    let form = match of_owner(&visitor, form) {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    done(&visitor, visitor.rooms.mirrors.remove(&form.name).await)
}

fn done(visitor: &Visitor, outcome: Result<(), Error>) -> Response {
    set_up(visitor, outcome, "mirrors#mirrors")
}
