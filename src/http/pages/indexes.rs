//! The indexes on the set-up page: switched on and off, added, removed. Each is a form of its own.

use std::collections::BTreeMap;

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{at_the_door, filled, trouble};
use crate::http::rooms::Visitor;
use crate::playback::{Error, IndexChange, IndexSettings};
use crate::torrent::IndexName;
use crate::web::IndexRow;

type Filled<T> = Result<Form<T>, FormRejection>;

/// The rows of the page's list.
pub(super) fn rows(indexes: BTreeMap<IndexName, IndexSettings>) -> Vec<IndexRow> {
    let row = |(name, settings): (IndexName, IndexSettings)| IndexRow {
        name: name.to_string(),
        address: settings.url,
        enabled: settings.enabled,
        added: settings.added,
    };
    indexes.into_iter().map(row).collect()
}

#[derive(Deserialize)]
pub(super) struct Added {
    name: String,
    address: String,
}

/// `POST /setup/indexes/add`.
pub(super) async fn add(visitor: Visitor, form: Filled<Added>) -> Response {
    changed(&visitor, form, "index-added", |form| {
        let name = form.name.trim().to_ascii_lowercase();
        visitor.rooms.playback.add_index(&name, &form.address).map(|_| ())
    })
}

#[derive(Deserialize)]
pub(super) struct Switched {
    name: String,
    enabled: bool,
}

/// `POST /setup/indexes/switch`.
pub(super) async fn switch(visitor: Visitor, form: Filled<Switched>) -> Response {
    changed(&visitor, form, "indexes", |form| {
        let change = IndexChange { enabled: Some(form.enabled), ..IndexChange::default() };
        visitor.rooms.playback.change_indexes(&BTreeMap::from([(form.name, Some(change))]))
    })
}

#[derive(Deserialize)]
pub(super) struct Removed {
    name: String,
}

/// `POST /setup/indexes/remove`.
pub(super) async fn remove(visitor: Visitor, form: Filled<Removed>) -> Response {
    changed(&visitor, form, "indexes", |form| {
        visitor.rooms.playback.change_indexes(&BTreeMap::from([(form.name, None)]))
    })
}

/// Does what the owner's form says, and goes back to the page.
fn changed<T>(
    visitor: &Visitor,
    form: Filled<T>,
    said: &str,
    change: impl FnOnce(T) -> Result<(), Error>,
) -> Response {
    let form = match filled(visitor, form, "/setup") {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    if visitor.owner_only().is_err() {
        return at_the_door(visitor, "/setup");
    }
    match change(form) {
        Ok(()) => Redirect::to(&format!("/setup?said={said}#indexes")).into_response(),
        Err(error) => trouble(visitor, error, "/setup"),
    }
}
