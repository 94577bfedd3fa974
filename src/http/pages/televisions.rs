//! "Play on a television" from the phone: the sets that were found, and the remote control of one.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{filled, frame, page, trouble, watching};
use crate::http::api;
use crate::http::error::ApiError;
use crate::http::visitor::Visitor;
use crate::lan::renderer::{Command, Standing, State};
use crate::media::Clock;
use crate::playback::Error;
use crate::web::{self, plain};

type Filled<T> = Result<Form<T>, FormRejection>;

/// How often the remote control shows the position anew, in seconds.
const REFRESH_S: u32 = 10;
/// How far the buttons jump, in seconds.
const JUMP_S: i64 = 30;

/// `GET /televisions/{key}/{name}`: the sets on which a film can be shown.
pub(super) async fn list(visitor: Visitor, Path((key, name)): Path<(String, String)>) -> Response {
    let path = format!("{key}/{name}");
    if let Err(door) = watching(&visitor, &format!("/televisions/{path}")) {
        return door;
    }
    let media_id = visitor.rooms.media_keys.verify(&key, &name);
    let told =
        media_id.ok_or(Error::UnknownMedia).and_then(|id| visitor.rooms.playback.describe(&id));
    let told = match told {
        Ok(told) => told,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    let renderers = visitor.rooms.renderers.look().await;
    let row = |one: crate::lan::renderer::Renderer| web::TelevisionRow {
        name: plain(&one.name),
        model: plain(&one.model),
        id: one.id,
    };
    page(&web::Televisions {
        frame: frame(&visitor),
        title: plain(&told.title),
        rows: renderers.into_iter().map(row).collect(),
        resumes_at: told.position_s.filter(|at| *at >= 1.0).map(clock),
        path,
    })
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    renderer: String,
    from: Option<String>,
}

/// `POST /televisions/{key}/{name}`: shows it there, and leads to the remote control.
pub(super) async fn show(
    visitor: Visitor,
    Path((key, name)): Path<(String, String)>,
    form: Filled<Chosen>,
) -> Response {
    let back = format!("/televisions/{key}/{name}");
    if let Err(door) = watching(&visitor, &back) {
        return door;
    }
    let chosen = match filled(&visitor, form, &back) {
        Ok(chosen) => chosen,
        Err(answer) => return answer,
    };
    let Some(media_id) = visitor.rooms.media_keys.verify(&key, &name) else {
        return trouble(&visitor, Error::UnknownMedia, "/");
    };
    match send(&visitor, &chosen, media_id).await {
        Ok(()) => remote(&chosen.renderer),
        Err(error) => trouble(&visitor, error, &back),
    }
}

async fn send(visitor: &Visitor, chosen: &Chosen, media_id: String) -> Result<(), ApiError> {
    // In another release the film is gone on with at the same second.
    let stopped = api::stopped_at(visitor, &media_id)?;
    let fitting = api::fitting(visitor, &chosen.renderer, media_id).await?;
    let from_s = match chosen.from.as_deref() {
        Some("the-beginning") => None,
        _ => stopped.or(api::stopped_at(visitor, &fitting)?),
    };
    api::show(visitor, &chosen.renderer, &fitting, from_s).await
}

fn remote(id: &str) -> Response {
    Redirect::to(&format!("/television/{id}")).into_response()
}

/// `GET /television/{id}`: its remote control.
pub(super) async fn television(visitor: Visitor, Path(id): Path<String>) -> Response {
    if let Err(door) = watching(&visitor, &format!("/television/{id}")) {
        return door;
    }
    let renderers = &visitor.rooms.renderers;
    let told = match renderers.get(&id) {
        Ok(renderer) => renderers.standing(&id).await.map(|standing| (renderer, standing)),
        Err(error) => Err(error),
    };
    let (renderer, standing) = match told {
        Ok(told) => told,
        Err(error) => return trouble(&visitor, error, "/"),
    };
    let mut frame = frame(&visitor);
    frame.refresh = Some(REFRESH_S);
    let media_id = media_id(&visitor, &standing);
    let playback = &visitor.rooms.playback;
    let note = media_id.as_deref().and_then(|id| playback.note_on(id));
    frame.warnings.extend(note.map(|note| web::sentence(&note)));
    let shown = media_id.and_then(|id| playback.describe(&id).ok());
    page(&web::Television {
        frame,
        id,
        name: plain(&renderer.name),
        shown: shown.map(|told| plain(&told.title)),
        state: words(standing.state),
        pauses: matches!(standing.state, State::Playing | State::Waiting),
        position: standing.position_s.map(clock),
        duration: standing.duration_s.map(clock),
        part: part(&standing),
        volume: standing.volume,
    })
}

/// What it shows, where that is ours.
fn media_id(visitor: &Visitor, standing: &Standing) -> Option<String> {
    let (_, path) = standing.url.as_deref()?.split_once("/v/")?;
    let (key, name) = path.split_once('/')?;
    visitor.rooms.media_keys.verify(key, name)
}

const fn words(state: State) -> &'static str {
    match state {
        State::Playing => "playing",
        State::Paused => "paused",
        State::Stopped => "stopped",
        State::Waiting => "loading",
        State::Nothing => "showing nothing of ours",
    }
}

/// Of a hundred.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "of 0 to 100")]
fn part(standing: &Standing) -> Option<u8> {
    let whole = standing.duration_s.filter(|whole| *whole > 0.0)?;
    Some((standing.position_s? / whole * 100.0).clamp(0.0, 100.0) as u8)
}

/// For people.
fn clock(seconds: f64) -> String {
    Clock::of(seconds).short()
}

#[derive(Deserialize)]
pub(super) struct Pressed {
    press: String,
    percent: Option<u8>,
}

/// `POST /television/{id}`: a button of the remote control.
pub(super) async fn press(
    visitor: Visitor,
    Path(id): Path<String>,
    form: Filled<Pressed>,
) -> Response {
    let back = format!("/television/{id}");
    if let Err(door) = watching(&visitor, &back) {
        return door;
    }
    let pressed = match filled(&visitor, form, &back) {
        Ok(pressed) => pressed,
        Err(answer) => return answer,
    };
    let command = match pressed.press.as_str() {
        "pause" => Some(Command::Pause),
        "stop" => Some(Command::Stop),
        "volume" => pressed.percent.map(Command::Volume),
        "back" => jump(&visitor, &id, -JUMP_S).await,
        "on" => jump(&visitor, &id, JUMP_S).await,
        _ => Some(Command::Play),
    };
    let Some(command) = command else { return remote(&id) };
    match visitor.rooms.renderers.tell(&id, command).await {
        Ok(()) => remote(&id),
        Err(error) => trouble(&visitor, error, &back),
    }
}

/// From where it stands; nothing where it does not tell.
#[expect(clippy::cast_possible_truncation, reason = "a position of a film")]
async fn jump(visitor: &Visitor, id: &str, by: i64) -> Option<Command> {
    let standing = visitor.rooms.renderers.standing(id).await.ok()?;
    let to = (standing.position_s? as i64).saturating_add(by).max(0);
    u64::try_from(to).ok().map(Command::Seek)
}
