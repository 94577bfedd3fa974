//! `/sub/{key}.{srt,vtt}`: subtitles, as players want them. The key is signed like a film's, and the
//! page of any origin that holds it may show them.
//!
//! `.bom.srt` is the same `SubRip` with the mark of UTF-8 before it: televisions of Samsung and older
//! ones of LG take a file without one for Latin-1. It stands in the path, since sets cut queries off.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use super::media::{self, Manners};
use super::rooms::Rooms;
use crate::playback::SubtitleLine;
use crate::representation::{ByteStream, Representation};
use crate::subtitle::Subtitle;

/// What is signed with a key of subtitles: the name of no film, since none has `/` in a link.
const SIGNED: &str = "sub/";

/// A form in which they are sent: the end of the path, the media type.
const FORMS: [(&str, &str); 3] = [
    (".bom.srt", "text/srt; charset=utf-8"),
    (".srt", "application/x-subrip; charset=utf-8"),
    (".vtt", "text/vtt; charset=utf-8"),
];

/// Most tracks that a player is offered.
const MOST_TRACKS: usize = 8;

/// One track a language, of what is told of a film, for players that let their viewer choose; and
/// whether it is shown at once, which the first is where the owner named its language for subtitles.
pub(super) fn tracks<'a>(
    lines: &'a [SubtitleLine],
    named: &[String],
) -> Vec<(&'a SubtitleLine, bool)> {
    let mut tracks: Vec<(&SubtitleLine, bool)> = Vec::new();
    for line in lines.iter().filter(|line| !line.forced) {
        let known = tracks.iter().any(|(track, _)| track.tag() == line.tag());
        if !known && tracks.len() < MOST_TRACKS {
            let code = line.tag().split('-').next();
            let is_named = named.iter().any(|named| code == Some(named.as_str()));
            tracks.push((line, is_named && tracks.is_empty()));
        }
    }
    tracks
}

pub(super) fn routes(rooms: Rooms) -> Router {
    Router::new().route("/sub/{file}", any(subtitle)).with_state(rooms)
}

impl Rooms {
    /// The path of a film's subtitles in a form: `srt`, `bom.srt` or `vtt`.
    #[must_use]
    pub fn subtitle_path(&self, line: &SubtitleLine, form: &str) -> String {
        format!("/sub/{}.{form}", self.media_keys.sign(&line.key, SIGNED))
    }
}

async fn subtitle(
    State(rooms): State<Rooms>,
    Path(file): Path<String>,
    request: Request,
) -> Response {
    if let Some(answer) = media::answer_without_bytes(request.method()) {
        return answer;
    }
    match find(&rooms, &file).await {
        Ok(text) => {
            let manners = Manners::Subtitles;
            media::answer(&text, request.method(), request.headers(), manners)
        }
        Err(error) => ([(header::CACHE_CONTROL, "no-store")], error).into_response(),
    }
}

/// The same where a list of files leads to them.
pub(super) async fn answer(
    rooms: &Rooms,
    line: &SubtitleLine,
    method: &Method,
    asked: &HeaderMap,
) -> Response {
    let [_, (ending, media_type), _] = FORMS;
    match rooms.playback.subtitle(&line.key).await {
        Ok(subtitle) => {
            let text: Arc<dyn Representation> = Arc::new(Text::new(&subtitle, ending, media_type));
            media::answer(&text, method, asked, Manners::Plain)
        }
        Err(error) => {
            ([(header::CACHE_CONTROL, "no-store")], ApiError::from(error)).into_response()
        }
    }
}

/// The text of `{key}.{form}`.
pub(super) async fn find(rooms: &Rooms, file: &str) -> Result<Arc<dyn Representation>, ApiError> {
    let split = |(ending, media_type): (&'static str, &'static str)| {
        Some((file.strip_suffix(ending)?, ending, media_type))
    };
    let form = FORMS.into_iter().find_map(split);
    let (key, ending, media_type) = form.ok_or_else(ApiError::not_found)?;
    let key = rooms.media_keys.verify(key, SIGNED).ok_or_else(|| {
        let sentence =
            "this link is not signed by this box, or has expired; open the film's page again";
        ApiError::new(StatusCode::FORBIDDEN, "bad_media_key", sentence)
    })?;
    let subtitle = rooms.playback.subtitle(&key).await?;
    Ok(Arc::new(Text::new(&subtitle, ending, media_type)))
}

/// Text that is whole in memory.
struct Text {
    bytes: Bytes,
    media_type: &'static str,
    entity_tag: String,
}

impl Text {
    fn new(subtitle: &Subtitle, ending: &str, media_type: &'static str) -> Self {
        let text = match ending {
            ".vtt" => subtitle.vtt(),
            ".bom.srt" => format!("\u{feff}{}", subtitle.srt()),
            _ => subtitle.srt(),
        };
        let tag = Sha256::digest(text.as_bytes());
        let entity_tag = data_encoding::HEXLOWER.encode(&tag[..12]);
        Self { bytes: Bytes::from(text), media_type, entity_tag }
    }
}

impl Representation for Text {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn media_type(&self) -> &str {
        self.media_type
    }

    fn entity_tag(&self) -> &str {
        &self.entity_tag
    }

    /// Nobody knows; the tag tells one text from another.
    fn last_modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1)
    }

    fn may_stall(&self) -> bool {
        false
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(self.bytes.len());
        let (start, end) = (place(range.start), place(range.end));
        let part = self.bytes.slice(start..end.max(start));
        stream::once(async move { io::Result::Ok(part) }).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_longest_ending_comes_first() {
        let header = |media_type: &str| HeaderValue::from_str(media_type).is_ok();
        assert!(FORMS.iter().all(|(ending, media_type)| {
            let first = FORMS.iter().find(|(other, _)| format!("key{ending}").ends_with(other));
            first.is_some_and(|first| first.0 == *ending) && header(media_type)
        }));
    }
}
