//! The library: what lies on the disks, and forms for what its owner wants done with it.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::watch::episode_words;
use super::{at_the_door, filled, frame, page, trouble, watching};
use crate::http::visitor::Visitor;
use crate::library::Spared;
use crate::playback::{Found, JUST_READ, PlaceRow, ShelfChange, ShelfRow, ShelfView};
use crate::web::{self, LibraryRow, OthersRow, TitleCard, plain, size};

/// How many titles stand on the first page to be gone on with.
const ON_FIRST_PAGE: usize = 12;
/// Instead of removing what nobody has read of.
const CHANGED: &str = "What lies here has changed meanwhile, so nothing was removed. Look again.";

#[derive(Deserialize)]
pub(super) struct Said {
    freed: Option<u64>,
    /// What was to be removed is not what was shown.
    changed: Option<bool>,
}

/// `GET /library`.
pub(super) async fn shelf(visitor: Visitor, Query(said): Query<Said>) -> Response {
    if let Err(door) = watching(&visitor, "/library") {
        return door;
    }
    let shelf = match visitor.rooms.playback.shelf() {
        Ok(shelf) => shelf,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    let mut frame = frame(&visitor);
    frame.notice = match (said.freed, said.changed) {
        (Some(0), _) => Some("There was nothing to remove.".to_owned()),
        (Some(bytes), _) => Some(format!("{} are free again.", size(bytes))),
        (None, changed) => changed.map(|_| CHANGED.to_owned()),
    };
    let places: Vec<String> = places(&shelf);
    page(&web::Library {
        frame,
        stay: stay(&shelf),
        room: shelf.places.iter().filter(|place| place.there).filter_map(room).collect(),
        others: others(&shelf),
        rows: shelf.titles.iter().map(|row| in_words(&visitor, row, &places)).collect(),
        owner: visitor.is_owner(),
    })
}

/// `POST /library`: cleans up.
pub(super) async fn clean_up(visitor: Visitor) -> Response {
    if visitor.owner_only().is_err() {
        return at_the_door(&visitor, "/library");
    }
    match visitor.rooms.playback.clean_up(JUST_READ).await {
        Ok(swept) => Redirect::to(&format!("/library?freed={}", swept.freed_bytes)).into_response(),
        Err(error) => trouble(&visitor, error, "/library"),
    }
}

#[derive(Deserialize)]
pub(super) struct Shown {
    bytes: u64,
}

/// `POST /library/others`: removes what was found here, if it is what the owner has read of: a disk
/// may have been plugged in since.
pub(super) async fn remove_others(
    visitor: Visitor,
    form: Result<Form<Shown>, FormRejection>,
) -> Response {
    let shown = match filled(&visitor, form, "/library") {
        Ok(shown) => shown,
        Err(answer) => return answer,
    };
    if visitor.owner_only().is_err() {
        return at_the_door(&visitor, "/library");
    }
    match visitor.rooms.playback.remove_found(Some(shown.bytes)).await {
        Ok(Some(freed)) => Redirect::to(&format!("/library?freed={freed}")).into_response(),
        Ok(None) => Redirect::to("/library?changed=true").into_response(),
        Err(error) => trouble(&visitor, error, "/library"),
    }
}

#[derive(Deserialize)]
pub(super) struct Act {
    act: String,
    place: Option<String>,
}

/// `POST /library/{media id}`.
pub(super) async fn act(
    visitor: Visitor,
    Path(id): Path<String>,
    form: Result<Form<Act>, FormRejection>,
) -> Response {
    let form = match filled(&visitor, form, "/library") {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    if visitor.owner_only().is_err() {
        return at_the_door(&visitor, "/library");
    }
    let playback = &visitor.rooms.playback;
    if form.act == "remove" {
        return match playback.remove_title(&id).await {
            Ok(freed) => Redirect::to(&format!("/library?freed={freed}")).into_response(),
            Err(error) => trouble(&visitor, error, "/library"),
        };
    }
    let mut change = ShelfChange::default();
    match form.act.as_str() {
        "pin" | "unpin" => change.pinned = Some(form.act == "pin"),
        "keep" | "unkeep" => change.keep = Some(form.act == "keep"),
        _ => change.place = form.place,
    }
    match playback.change_title(&id, change).await {
        Ok(()) => Redirect::to(&format!("/library#t{id}")).into_response(),
        Err(error) => trouble(&visitor, error, "/library"),
    }
}

/// What was begun and not ended, for the first page.
pub(super) fn begun(visitor: &Visitor) -> Vec<TitleCard> {
    let Ok(shelf) = visitor.rooms.playback.shelf() else { return Vec::new() };
    let begun = shelf.titles.iter().filter_map(|row| {
        let (position, duration) = (row.position_s?, row.duration_s?);
        let part = position / duration;
        (0.01..0.95).contains(&part).then(|| TitleCard {
            link: link(visitor, row),
            name: title(row),
            detail: format!("{} left", minutes(duration - position)),
            poster: row.id.as_ref().and_then(|id| crate::http::api::poster_path(id, None)),
        })
    });
    begun.take(ON_FIRST_PAGE).collect()
}

fn title(row: &ShelfRow) -> String {
    plain(&row.title) + &row.id.as_ref().map(episode_words).unwrap_or_default()
}

fn link(visitor: &Visitor, row: &ShelfRow) -> String {
    let key = visitor.rooms.media_keys.sign(&row.media_id, &row.link_name);
    format!("/play/{key}/{}", row.link_name)
}

fn places(shelf: &ShelfView) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for place in &shelf.places {
        if !names.contains(&place.name) {
            names.push(place.name.clone());
        }
    }
    names
}

fn stay(shelf: &ShelfView) -> String {
    let most =
        shelf.max_bytes.map_or_else(String::new, |most| format!(" It may take {}.", size(most)));
    let used = size(shelf.used_bytes);
    match (shelf.mode, shelf.idle_minutes) {
        ("permanent", _) => {
            format!("Films stay until you remove them. All that is here takes {used}.{most}")
        }
        (_, 0) => format!(
            "Films stay until their room is needed; the one watched longest ago goes first. All \
             that is here takes {used}.{most}"
        ),
        (_, minutes) => format!(
            "A film that nobody watches goes after {}; what is pinned, kept or moved to a place of \
             its own stays. All that is here takes {used}.{most}",
            web::age(minutes * 60)
        ),
    }
}

fn others(shelf: &ShelfView) -> Option<OthersRow> {
    let Found { films, bytes } = shelf.others;
    let (films, them) = match films {
        0 => return None,
        1 => ("1 film".to_owned(), "it"),
        films => (format!("{films} films"), "them"),
    };
    let said = format!(
        "{films} of an earlier state or another box, {}: nothing removes {them} but you.",
        size(bytes)
    );
    Some(OthersRow { said, bytes })
}

fn room(place: &PlaceRow) -> Option<String> {
    let (space, reserve) = (place.space?, place.reserve_bytes?);
    let (free, total) = (size(space.free_bytes), size(space.total_bytes));
    let name = plain(&place.name);
    Some(format!("Room in “{name}”: {free} free of {total}, of which {} stay free.", size(reserve)))
}

fn in_words(visitor: &Visitor, row: &ShelfRow, places: &[String]) -> LibraryRow {
    let can_move = row.whole.then(|| places.iter());
    LibraryRow {
        media_id: row.media_id.clone(),
        title: title(row),
        link: link(visitor, row),
        file: plain(&row.file),
        proxy: row
            .file_index
            .map(|index| visitor.link(&visitor.rooms.proxy_path(&row.info_hash, Some(index)))),
        here: here(row),
        watched: watched(row),
        stays: row.spared.map(|spared| stays(spared).to_owned()),
        trouble: row.trouble.as_deref().map(web::sentence),
        pinned: row.pinned,
        kept: row.kept,
        whole: row.whole,
        here_at_all: row.bytes_on_disk > 0 || row.trouble.is_some(),
        places: can_move
            .into_iter()
            .flatten()
            .map(|name| (name.clone(), row.place.as_ref() == Some(name)))
            .collect(),
    }
}

fn here(row: &ShelfRow) -> String {
    let place = row.place.as_deref().unwrap_or("library");
    let rests = if row.gives_way { " The rest gives way to who watches." } else { "" };
    match (row.whole, row.bytes_have, row.size_bytes) {
        (true, _, Some(all)) => format!("All of it is here, {} ({place}).", size(all)),
        _ if row.bytes_on_disk == 0 => "Nothing of it is here.".to_owned(),
        (_, Some(have), Some(all)) if all > 0 => {
            format!("{} % of {} are here.{rests}", have.saturating_mul(100) / all, size(all))
        }
        _ => format!("Part of it is here, {}.{rests}", size(row.bytes_on_disk)),
    }
}

fn stays(spared: Spared) -> &'static str {
    match spared {
        Spared::Read => "Somebody is watching it.",
        Spared::Pinned => "It is pinned, and stays.",
        Spared::Permanent => "It stays where it is.",
        Spared::Kept => "It is kept for off-line.",
        Spared::Found => "It lay here before this box knew of it, and stays until you remove it.",
        Spared::Popular => "It is watched so often that it stays.",
        Spared::PermanentMode => "It stays.",
    }
}

fn watched(row: &ShelfRow) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let when = match row.last_watched {
        None => "Not watched yet".to_owned(),
        Some(then) => {
            let times = if row.times_watched == 1 { "once" } else { "times" };
            let count = if row.times_watched == 1 {
                times.to_owned()
            } else {
                format!("{} {times}", row.times_watched)
            };
            format!("Watched {count}, last {} ago", web::age(now.saturating_sub(then)))
        }
    };
    match (row.position_s, row.duration_s) {
        (Some(at), Some(all)) => format!("{when}, to {} of {}.", minutes(at), minutes(all)),
        _ => format!("{when}."),
    }
}

/// Seconds as whole minutes; they come from a player, and are sound.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sound, and rounded")]
fn minutes(seconds: f64) -> String {
    format!("{} min", (seconds.max(0.0) / 60.0).round() as u64)
}
