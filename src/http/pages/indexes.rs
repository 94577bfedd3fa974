//! The indexes on the set-up page: switched on and off, added, removed. Each is a form of its own.

use std::collections::BTreeMap;

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use serde::Deserialize;

use super::{of_owner, set_up};
use crate::http::visitor::Visitor;
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
    match of_owner(visitor, form) {
        Ok(form) => set_up(visitor, change(form), &format!("{said}#indexes")),
        Err(answer) => answer,
    }
}
