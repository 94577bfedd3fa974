//! "Play on TV": the household's televisions, and what they are told.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::following::Showing;
use crate::http::visitor::Visitor;
use crate::lan::content_directory::CONTENT_FEATURES;
use crate::lan::renderer::{Command, Film};
use crate::media::StremioId;
use crate::select::Profile;
use crate::torrent::InfoHash;

type Form<T> = Result<Json<T>, JsonRejection>;
type Named = Result<Path<String>, PathRejection>;

/// `GET /api/renderers`: looks for televisions, which takes about two seconds.
pub(super) async fn list(visitor: Visitor) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    Ok(Json(json!({"renderers": visitor.rooms.renderers.look().await})))
}

/// `GET /api/renderers/{id}`: what it is doing.
pub(super) async fn standing(visitor: Visitor, id: Named) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let (id, renderers) = (id?.0, &visitor.rooms.renderers);
    let mut told = serde_json::to_value(renderers.standing(&id).await?).unwrap_or_default();
    told["renderer"] = serde_json::to_value(renderers.get(&id)?).unwrap_or_default();
    Ok(Json(told))
}

/// A film, by its title or by what was chosen before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    id: Option<StremioId>,
    info_hash: Option<InfoHash>,
    media_id: Option<String>,
    #[serde(default)]
    from_the_beginning: bool,
}

/// `POST /api/renderers/{id}/play`: `{"id":"tt…"}` with or without `info_hash`, or `{"media_id":…}`.
pub(super) async fn play(
    visitor: Visitor,
    id: Named,
    form: Form<Wanted>,
) -> Result<Json<Value>, ApiError> {
    visitor.may_watch()?;
    let (id, Json(wanted)) = (id?.0, form?);
    let set = set_of(&visitor, &id)?.map(|set| &set.plays);
    let playback = &visitor.rooms.playback;
    let media_id = match (&wanted.media_id, &wanted.id) {
        (Some(media_id), None) => media_id.clone(),
        (None, Some(title)) => playback.play_for(title, wanted.info_hash, set).await?.media_id,
        _ => {
            let sentence = "say either the id of a title or a media_id";
            return Err(ApiError::bad_request(sentence));
        }
    };
    let from_s = if wanted.from_the_beginning { None } else { stopped_at(&visitor, &media_id)? };
    show(&visitor, &id, &media_id, from_s).await?;
    Ok(Json(json!({"media_id": media_id})))
}

/// What is known of a television: by what it says of itself, else by how it browsed.
fn set_of(visitor: &Visitor, id: &str) -> Result<Option<&'static Profile>, ApiError> {
    let (rooms, said) = (&visitor.rooms, visitor.rooms.renderers.said(id)?);
    let known = Profile::of(&said.each_ref().map(String::as_str));
    Ok(known.or(rooms.sets.of(rooms.renderers.get(id)?.address)))
}

/// What a television is to show of what was chosen on a phone: that, or where it cannot play that, the
/// release of the same title that it can.
pub(in crate::http) async fn fitting(
    visitor: &Visitor,
    id: &str,
    media_id: String,
) -> Result<String, ApiError> {
    let (playback, set) = (&visitor.rooms.playback, set_of(visitor, id)?);
    let (Some(set), Some(title)) = (set, playback.describe(&media_id)?.id) else {
        return Ok(media_id);
    };
    if playback.suits(&media_id, &set.plays)? {
        return Ok(media_id);
    }
    // Where there is no other, it is shown what was chosen.
    let other = playback.play_on(&title, &set.plays).await.ok().map(|play| play.media_id);
    let suits = |other: &String| playback.suits(other, &set.plays).is_ok_and(|suits| suits);
    Ok(other.filter(suits).unwrap_or(media_id))
}

/// Where somebody stopped in a film, in seconds; `None`: nobody has begun it.
pub(in crate::http) fn stopped_at(
    visitor: &Visitor,
    media_id: &str,
) -> Result<Option<f64>, ApiError> {
    Ok(visitor.rooms.playback.describe(media_id)?.position_s)
}

/// Has a television show what was chosen, from this second or from the beginning, and notes how far it
/// comes.
pub(in crate::http) async fn show(
    visitor: &Visitor,
    id: &str,
    media_id: &str,
    from_s: Option<f64>,
) -> Result<(), ApiError> {
    let rooms = &visitor.rooms;
    let told = rooms.playback.describe(media_id)?;
    let row = rooms.playback.shelf_row(media_id)?;
    let own = rooms.renderers.own_address_for(id)?;
    let (key, name) = (rooms.media_keys.sign(media_id, &row.link_name), &row.link_name);
    let base = format!("http://{own}:{}", rooms.whereabouts.port());
    let film = Film {
        url: format!("{base}/v/{key}/{name}"),
        title: told.title,
        media_type: told.media_type,
        features: CONTENT_FEATURES,
        size_bytes: row.size_bytes,
        duration_s: row.duration_s,
        captions: None,
        tracks: Vec::new(),
        begin_s: from_s.map(whole),
    };
    let (renderer, media_id) = (id.to_owned(), media_id.to_owned());
    Showing { renderer, media_id, base, film }.begin(rooms).await
}

/// A position is sound: it was looked at when it was noted.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sound, and rounded")]
fn whole(seconds: f64) -> u64 {
    seconds.max(0.0) as u64
}

/// `POST /api/renderers/{id}/pause`.
pub(super) async fn pause(visitor: Visitor, id: Named) -> Result<StatusCode, ApiError> {
    tell(&visitor, id, Command::Pause).await
}

/// `POST /api/renderers/{id}/resume`.
pub(super) async fn resume(visitor: Visitor, id: Named) -> Result<StatusCode, ApiError> {
    tell(&visitor, id, Command::Play).await
}

/// `POST /api/renderers/{id}/stop`.
pub(super) async fn stop(visitor: Visitor, id: Named) -> Result<StatusCode, ApiError> {
    tell(&visitor, id, Command::Stop).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct To {
    seconds: u32,
}

/// `POST /api/renderers/{id}/seek`: `{"seconds":…}` from the beginning.
pub(super) async fn seek(
    visitor: Visitor,
    id: Named,
    form: Form<To>,
) -> Result<StatusCode, ApiError> {
    let Json(to) = form?;
    tell(&visitor, id, Command::Seek(to.seconds.into())).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Loud {
    percent: u8,
}

/// `POST /api/renderers/{id}/volume`: `{"percent":…}`.
pub(super) async fn volume(
    visitor: Visitor,
    id: Named,
    form: Form<Loud>,
) -> Result<StatusCode, ApiError> {
    let Json(loud) = form?;
    tell(&visitor, id, Command::Volume(loud.percent.min(100))).await
}

async fn tell(visitor: &Visitor, id: Named, command: Command) -> Result<StatusCode, ApiError> {
    visitor.may_watch()?;
    visitor.rooms.renderers.tell(&id?.0, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
