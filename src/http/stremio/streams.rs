//! Streams: what can be played of a title, in words that read on a television, each with a link of
//! this box's own that opens it when it is played
//! (stremio-addon-sdk, docs/api/responses/stream.md).

use std::time::Duration;

use serde_json::{Value, json};

use super::asked::Asked;
use super::{Answer, Base};
use crate::http::error::ApiError;
use crate::http::rooms::Rooms;
use crate::media::StremioId;
use crate::playback::{Offer, SubtitleLine};
use crate::release::Release;
use crate::representation::media_type_of;
use crate::torrent::Availability;
use crate::web::{plain, size};

/// Most streams of one title: more are not read on a television.
const MOST: usize = 40;
/// How long a search may take; it ends by itself before that.
const PATIENCE: Duration = Duration::from_secs(6);
/// How long an app may keep the list, in seconds. The links in it hold half a day at least.
const KEPT_S: u32 = 300;
/// The same of subtitles.
const SUBTITLES_KEPT_S: u32 = 60;

pub(super) async fn streams(rooms: &Rooms, base: &Base, asked: &Asked) -> Result<Answer, ApiError> {
    let Ok(id) = asked.id.parse::<StremioId>() else {
        return Ok(Answer::not_kept(json!({"streams": []})));
    };
    let offers = tokio::time::timeout(PATIENCE, rooms.playback.offers(&id, MOST)).await;
    let Ok(offers) = offers else { return Ok(Answer::not_kept(json!({"streams": []}))) };
    let offers = offers?;
    if let Some(trouble) = &offers.trouble {
        // An empty list says nothing; a row that leads to the set-up page does.
        let row = json!({
            "name": rooms.name,
            "title": trouble,
            "description": trouble,
            "externalUrl": base.page("/setup"),
        });
        return Ok(Answer::not_kept(json!({"streams": [row]})));
    }
    let mut streams = Vec::new();
    for (at, offer) in offers.offers.iter().enumerate() {
        let hash = rooms.playback.video_hash_here(&offer.media_id).await;
        streams.push(stream(rooms, base, offer, at == 0, hash.map(|(hash, _)| hash)));
    }
    if streams.is_empty() {
        return Ok(Answer::not_kept(json!({"streams": []})));
    }
    let body = json!({
        "streams": streams,
        "cacheMaxAge": KEPT_S,
        "staleRevalidate": KEPT_S,
        "staleError": 3_600,
    });
    Ok(Answer::kept(body, KEPT_S))
}

fn stream(
    rooms: &Rooms,
    base: &Base,
    offer: &Offer,
    first: bool,
    video_hash: Option<String>,
) -> Value {
    let key = rooms.media_keys.sign(&offer.media_id, &offer.link_name);
    let words = words(offer, first);
    let mut hints = json!({
        "notWebReady": !is_web_ready(base, offer),
        "bingeGroup": binge_group(offer),
        "filename": offer.file_name().unwrap_or(&offer.candidate.torrent.name),
    });
    // The file's own length or none: a torrent's is not what a player or a catalogue compares.
    if let Some(bytes) = offer.file.as_ref().and_then(|file| file.size_bytes) {
        hints["videoSize"] = bytes.into();
    }
    if let Some(hash) = video_hash {
        hints["videoHash"] = hash.into();
    }
    // Those that are known: nobody is asked for a film that nobody may play.
    let known = rooms.playback.subtitles_known(&offer.media_id);
    let known: Vec<Value> = known.iter().map(|line| subtitle(rooms, base, line)).collect();
    json!({
        "name": name(&rooms.name, offer),
        // Older apps read `title`, newer ones `description`.
        "title": words,
        "description": words,
        "url": base.page(&format!("/v/{key}/{}", offer.link_name)),
        "subtitles": known,
        "behaviorHints": hints,
    })
}

/// Stremio's word for what every one of its players takes: MP4 by HTTPS.
fn is_web_ready(base: &Base, offer: &Offer) -> bool {
    let told = offer.file_name().is_some_and(|name| media_type_of(name) == "video/mp4");
    base.is_secure() && told
}

/// Streams of one group follow each other from episode to episode without a question: those of one
/// pack, else those of one maker and one picture.
fn binge_group(offer: &Offer) -> String {
    let Release { resolution, quality, codec, group, batch, .. } = offer.candidate.release.as_ref();
    if *batch {
        return format!("credenza|{}", offer.candidate.torrent.info_hash);
    }
    let parts = [resolution, quality, codec, group].map(|part| part.as_deref().unwrap_or("-"));
    format!("credenza|{}", parts.join("|"))
}

/// The narrow column of the list: the box, the picture, how it comes.
fn name(box_name: &str, offer: &Offer) -> String {
    let picture = offer.candidate.release.resolution.as_deref().unwrap_or("?");
    format!("{box_name}\n{picture} {}", way(offer))
}

fn way(offer: &Offer) -> String {
    if offer.here {
        return "on this box".to_owned();
    }
    let mut states = offer.candidate.availability.values();
    let cached = states.any(|state| *state == Availability::Cached);
    match (cached, offer.candidate.torrent.seeders) {
        (true, _) => "at once".to_owned(),
        (false, Some(1)) => "1 seeder".to_owned(),
        (false, Some(seeders)) => format!("{seeders} seeders"),
        (false, None) => "to be fetched".to_owned(),
    }
}

/// The wide column: what it is, what is in it, where it comes from, and why it stands there.
fn words(offer: &Offer, first: bool) -> String {
    let torrent = &offer.candidate.torrent;
    let mut lines = vec![plain(&torrent.name)];
    let file = offer.file.as_ref().map(|file| plain(file.base_name()));
    lines.extend(file.filter(|file| !torrent.name.starts_with(file.as_str())));
    let facts = facts(&offer.candidate.release);
    lines.extend((!facts.is_empty()).then(|| facts.join(" · ")));
    lines.push(source(offer));
    let why = if offer.here {
        "Lies on this box: nobody is asked for it.".to_owned()
    } else {
        offer.candidate.why()
    };
    lines.push(if first { format!("First because: {why}") } else { why });
    lines.join("\n")
}

fn facts(release: &Release) -> Vec<String> {
    let one = [&release.resolution, &release.quality, &release.codec];
    let one = one.into_iter().flatten().cloned();
    let many = [&release.hdr, &release.audio, &release.channels, &release.languages];
    let many = many.into_iter().filter(|list| !list.is_empty()).map(|list| list.join(" "));
    one.chain(many).collect()
}

fn source(offer: &Offer) -> String {
    let torrent = &offer.candidate.torrent;
    let file = offer.file.as_ref().and_then(|file| file.size_bytes);
    let bytes = file.or(torrent.size_bytes).map(size);
    let cached = offer.candidate.availability.iter();
    let cached = cached.filter(|(_, state)| **state == Availability::Cached);
    let cached = cached.map(|(store, _)| format!("at once from {}", store.label()));
    let seeders = torrent.seeders.map(|seeders| match seeders {
        1 => "1 seeder".to_owned(),
        many => format!("{many} seeders"),
    });
    let indexes: Vec<String> = torrent.found_by.iter().map(ToString::to_string).collect();
    let by = (!indexes.is_empty()).then(|| format!("by {}", indexes.join(", ")));
    let place = torrent.indexer.as_deref().map(plain);
    let parts = bytes.into_iter().chain(cached).chain(seeders).chain(by).chain(place);
    parts.collect::<Vec<_>>().join(" · ")
}

/// Subtitles of what is being played: an app tells its file's length and name, and where it does not,
/// the title alone counts.
pub(super) async fn subtitles(
    rooms: &Rooms,
    base: &Base,
    asked: &Asked,
) -> Result<Answer, ApiError> {
    let Ok(id) = asked.id.parse::<StremioId>() else {
        return Ok(Answer::not_kept(json!({"subtitles": []})));
    };
    let (size, name) = (asked.extra.video_size, asked.extra.file_name.as_deref());
    let media_id = rooms.playback.played_as(&id, size, name)?;
    let lines = rooms.playback.subtitles(&media_id).await?;
    let rows: Vec<Value> = lines.iter().map(|line| subtitle(rooms, base, line)).collect();
    // More may be learnt of a film that has just begun.
    Ok(Answer::kept(json!({"subtitles": rows}), SUBTITLES_KEPT_S))
}

/// `{id, url, lang}`, the language in ISO 639-2 (docs/api/responses/subtitles.md).
fn subtitle(rooms: &Rooms, base: &Base, line: &SubtitleLine) -> Value {
    json!({
        "id": line.key,
        "url": base.page(&rooms.subtitle_path(line, "srt")),
        "lang": line.language.as_deref().unwrap_or("und"),
    })
}
