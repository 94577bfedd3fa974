//! Candidates, picture.

use std::time::Duration;

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::titles::about;
use super::{filled, frame, page, subtitles, trouble, watching};
use crate::http::api::{self, id_of};
use crate::http::error::ApiError;
use crate::http::sets;
use crate::http::visitor::Visitor;
use crate::media::StremioId;
use crate::playback::{self, Findings, IndexLine, Look, Step};
use crate::select::{Candidate, SetLimits};
use crate::torrent::{Availability, IndexName, InfoHash};
use crate::web::{self, CandidateRow, plain, size};

/// How long the candidates wait for what is told of a title.
const ABOUT_PATIENCE: Duration = Duration::from_secs(1);
/// The same where they are shown as they come: no longer than it takes to look into the cache.
const AT_ONCE: Duration = Duration::from_millis(40);
/// How many candidates the page shows: a television's browser is slow.
const SHOWN: usize = 40;

/// How the candidates are shown.
#[derive(Deserialize)]
pub(super) struct How {
    /// As they come, by a script; without a script nobody comes here.
    live: Option<String>,
    /// Not those that were found before.
    anew: Option<String>,
}

/// `GET /watch/{id}`.
pub(super) async fn candidates(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(how): Query<How>,
) -> Response {
    if let Err(door) = watching(&visitor, &format!("/watch/{id}")) {
        return door;
    }
    let frame = frame(&visitor);
    let id = match id_of(&id) {
        Ok(id) => id,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    if how.live.is_some() {
        let about = about(&visitor, &id, AT_ONCE).await;
        return page(&web::Live { frame, id: id.to_string(), anew: how.anew.is_some(), about });
    }
    let mut nobody = |_: &IndexLine| {};
    let found = visitor.rooms.playback.find_as(&id, look(&how), &mut nobody);
    let (found, about) = tokio::join!(found, about(&visitor, &id, ABOUT_PATIENCE));
    visitor.rooms.playback.is_looked_at(id);
    let found = found.in_order_for(limits(&visitor));
    let title = title_of(&found, name_of(about.as_ref()));
    page(&web::Watch { frame, title, about, found: shown(&found) })
}

/// What the set plays whose browser asks, where a set's does.
fn limits(visitor: &Visitor) -> Option<&'static SetLimits> {
    sets::known(&visitor.headers).map(|set| &set.plays)
}

fn look(how: &How) -> Look {
    if how.anew.is_some() { Look::Anew } else { Look::Usual }
}

/// `GET /watch/{id}/events`: the same as it comes, each event a piece of the page.
pub(super) async fn events(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(how): Query<How>,
) -> Result<Response, ApiError> {
    visitor.may_watch()?;
    let id = id_of(&id)?;
    let about = about(&visitor, &id, AT_ONCE).await;
    let following = visitor.rooms.playback.follow(&id, look(&how));
    visitor.rooms.playback.is_looked_at(id);
    let piece = move |found: &Findings| piece(found, name_of(about.as_ref()));
    let set = limits(&visitor);
    Ok(api::events(following, move |step| match step.in_order_for(set) {
        Step::Index(line) => event("index", &plain(&progress(&line))),
        Step::Candidates(found) => event("found", &piece(&found)),
        Step::Done(found) => event("found", &piece(&found)) + &event("done", &found.health),
    }))
}

fn progress(line: &IndexLine) -> String {
    let words = line.message.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
    format!("{} lists {}{words}", line.index, line.torrents)
}

fn name_of(about: Option<&web::About>) -> Option<&str> {
    about.map(|about| about.name.as_str())
}

fn piece(found: &Findings, name: Option<&str>) -> String {
    let piece = web::FoundPiece { title: title_of(found, name), found: shown(found) };
    web::Page::html(&piece).unwrap_or_else(|sentence| sentence)
}

/// An event of several lines (WHATWG HTML, 9.2).
fn event(name: &str, text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| format!("data: {line}")).collect();
    format!("event: {name}\n{}\n\n", lines.join("\n"))
}

/// Each index that failed has a line of its own.
fn why_nobody(error: &playback::Error) -> String {
    match error {
        playback::Error::NoIndex { .. } => {
            "No index answered, so nobody knows where it is. Check the network, then try again."
                .to_owned()
        }
        other => web::sentence(&other.to_string()),
    }
}

fn shown(findings: &Findings) -> web::Found {
    let candidates: Vec<_> = findings.candidates.iter().take(SHOWN).map(row).collect();
    web::Found {
        id: findings.id.to_string(),
        age: findings.found_before_s.map(web::age),
        health: web::sentence(&findings.health),
        troubles: troubles(findings),
        nobody_answered: findings.nobody_answered().as_ref().map(why_nobody),
        plays_the_best: findings.candidates.first().is_some_and(|one| one.put_aside().is_none()),
        more: findings.candidates.len() - candidates.len(),
        partial: findings.partial,
        candidates,
    }
}

/// What is asked for, by its name; a series without an episode is no film of that id, so only the
/// page knows its name.
fn title_of(findings: &Findings, name: Option<&str>) -> String {
    let Some(title) = &findings.title else {
        return name.map_or_else(|| findings.id.to_string(), str::to_owned);
    };
    let year = title.year.map(|year| format!(" ({year})")).unwrap_or_default();
    let episode = episode_words(&findings.id);
    format!("{}{year}{episode}", plain(&title.name))
}

/// Which episode it is, to be put behind a title; nothing for a film.
pub(super) fn episode_words(id: &StremioId) -> String {
    match id {
        StremioId::Imdb { episode: Some(episode), .. } | StremioId::TmdbTv { episode, .. } => {
            format!(" · season {}, episode {}", episode.season, episode.number)
        }
        StremioId::Anime { episode: Some(number), .. } => format!(" · episode {number}"),
        _ => String::new(),
    }
}

fn troubles(findings: &Findings) -> Vec<String> {
    use crate::index::State::{Empty, Off, Ok, UnsupportedId};
    // That an index of anime knows no films is no trouble; where nobody knows such ids, one sentence
    // says so (`nobody_answered`).
    let well = |state| matches!(state, Ok | Empty | Off | UnsupportedId);
    let lines = findings.indexes.iter().filter(|line| !well(line.state));
    let lines = lines.filter_map(|line| line.message.clone());
    let store = findings.store.iter().filter_map(|store| store.message.clone());
    lines.chain(store).collect()
}

fn row(candidate: &Candidate) -> CandidateRow {
    let (torrent, release) = (&candidate.torrent, &candidate.release);
    let quality: Vec<&str> = [&release.resolution, &release.quality, &release.codec]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let found_by: Vec<&str> = torrent.found_by.iter().map(IndexName::as_str).collect();
    let cached =
        candidate.availability.iter().map(|(store, state)| at_store(store.label(), *state));
    CandidateRow {
        info_hash: torrent.info_hash.to_string(),
        name: plain(&torrent.name),
        quality: if quality.is_empty() { "quality unknown".to_owned() } else { quality.join(" ") },
        size: torrent.size_bytes.map_or_else(|| "size unknown".to_owned(), size),
        seeders: torrent.seeders.map_or_else(String::new, seeders),
        source: found_by.join(", "),
        cached: cached.collect::<Vec<_>>().join(", "),
        reason: candidate.why(),
    }
}

fn seeders(count: u32) -> String {
    format!("{count} seeder{}", if count == 1 { "" } else { "s" })
}

fn at_store(store: &str, state: Availability) -> String {
    match state {
        Availability::Cached => format!("at {store} at once"),
        Availability::NotCached => format!("not at {store} yet"),
        Availability::Refused => format!("refused by {store}"),
        Availability::Unknown => String::new(),
    }
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    info_hash: Option<InfoHash>,
}

/// `POST /watch/{id}`: opens the best candidate, or the chosen one, and leads to its picture.
pub(super) async fn play(
    visitor: Visitor,
    Path(id): Path<String>,
    chosen: Result<Form<Chosen>, FormRejection>,
) -> Response {
    if let Err(door) = watching(&visitor, &format!("/watch/{id}")) {
        return door;
    }
    let chosen = match filled(&visitor, chosen, &format!("/watch/{id}")) {
        Ok(chosen) => chosen,
        Err(answer) => return answer,
    };
    let id = match id_of(&id) {
        Ok(id) => id,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    let play = visitor.rooms.playback.play_for(&id, chosen.info_hash, limits(&visitor)).await;
    match play {
        Ok(play) => {
            Redirect::to(&format!("/play/{}", visitor.rooms.media_path(&play))).into_response()
        }
        Err(error) => trouble(&visitor, error, &format!("/watch/{id}")),
    }
}

/// A position is sound: it was looked at when it was noted.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sound, and rounded")]
fn whole_seconds(seconds: f64) -> u64 {
    seconds.max(0.0) as u64
}

/// `GET /play/{key}/{name}`: the signed link is the right to see it, as for the bytes themselves.
pub(super) async fn player(
    visitor: Visitor,
    Path((key, name)): Path<(String, String)>,
) -> Response {
    let mut frame = frame(&visitor);
    let media_id = visitor.rooms.media_keys.verify(&key, &name);
    let told = media_id
        .ok_or(crate::playback::Error::UnknownMedia)
        .and_then(|id| visitor.rooms.playback.describe(&id));
    let told = match told {
        Ok(told) => told,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    let note = visitor.rooms.playback.note_on(&told.media_id);
    frame.warnings.extend(note.map(|note| web::sentence(&note)));
    let signed = format!("{key}/{name}");
    let path = format!("/v/{signed}");
    let (tracks, subtitles) = subtitles::of(&visitor, &told.media_id).await;
    page(&web::Player {
        frame,
        title: plain(&told.title),
        file: plain(&told.file),
        url: visitor.link(&path),
        media_type: told.media_type,
        media_id: told.media_id,
        position_s: told.position_s.filter(|at| *at >= 1.0).map(whole_seconds),
        detail: told.detail.iter().map(|line| plain(line)).collect(),
        back: told.id.map_or_else(|| "/".to_owned(), |id| format!("/watch/{id}")),
        path,
        tracks,
        subtitles,
        signed,
    })
}
