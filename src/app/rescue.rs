//! A box whose start fails has nobody who reads why: the sentence stands in a log, and the page, the
//! one place where its owner looks, never comes. So a box starts without what cannot be used, and says
//! so there. Anywhere else the start is refused with the sentence.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::story::{debrid_token, preferences};
use super::{Error, State};
use crate::config::Config;
use crate::durable;
use crate::mirror;
use crate::select::Preferences;
use crate::steward::words::Refusal;

/// How many damaged states are kept for whoever wants to look; the newest takes the place of the last.
const KEPT: usize = 3;

/// Takes out of the configuration what the start would fail of.
pub(super) fn leave_out(config: &mut Config) -> Vec<Refusal> {
    let mut left_out = Vec::new();
    let mut tell = |what: &str, error: Error| {
        let message = format!(
            "{error}; the box has started without {what}: mend credenza.toml on the card, and start \
             it again"
        );
        left_out.push(Refusal::new("left_out", message));
    };
    let usual = Preferences::default();
    config.prefer.retain(|field, value| {
        let alone = [(field.clone(), value.clone())].into_iter().collect();
        let read = usual.with(&alone, &usual).map_err(Error::Prefer);
        read.map_err(|error| tell("this preference", error)).is_ok()
    });
    // Should they be wrong together only.
    if let Err(error) = preferences(config) {
        tell("these preferences", error);
        config.prefer.clear();
    }
    config.mirror.torrent_caches.retain(|cache| {
        let read = mirror::check_caches(std::slice::from_ref(cache));
        read.map_err(|error| tell("this torrent cache", error.into())).is_ok()
    });
    if let Err(error) = debrid_token(config) {
        tell("this store", error);
        config.debrid = None;
    }
    left_out
}

/// Opens the state. A damaged one is put aside, and the box begins anew.
pub(super) fn state(data: &Path) -> Result<(Arc<State>, Option<Refusal>), Error> {
    let path = data.join("state.redb");
    match State::open(&path) {
        Err(durable::Error::Damaged { .. }) => {}
        opened => return Ok((Arc::new(opened?), None)),
    }
    let aside = put_aside(&path).map_err(|error| Error::Data { folder: data.to_owned(), error })?;
    let message = format!(
        "what the box knew of its owner, its store and its settings was damaged, so it has begun \
         anew: claim it and set it up again; the films are still there, and the damaged file is kept \
         as {}",
        aside.display()
    );
    Ok((Arc::new(State::open(&path)?), Some(Refusal::new("state_damaged", message))))
}

fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let place = |number| path.with_extension(format!("damaged-{number}"));
    let free = (1..KEPT).map(place).find(|place| !place.exists());
    let aside = free.unwrap_or_else(|| place(KEPT));
    fs::rename(path, &aside)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(aside)
}
