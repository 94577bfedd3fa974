//! Subtitles on the picture's page: tracks for the browser, links for players.

use std::time::Duration;

use crate::http::rooms::{Rooms, Visitor};
use crate::playback::SubtitleLine;
use crate::web::{SubtitleRow, Track, plain};

/// How long the page waits for who may know of subtitles.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most tracks that a browser is offered, one a language.
const MOST_TRACKS: usize = 8;

/// What the page shows of a film's subtitles.
pub(super) async fn of(visitor: &Visitor, media_id: &str) -> (Vec<Track>, Vec<SubtitleRow>) {
    let (rooms, playback) = (&visitor.rooms, &visitor.rooms.playback);
    let lines = playback.subtitles_within(media_id, PATIENCE).await.unwrap_or_default();
    let wanted = playback.preferences().subtitles.clone();
    let mut tracks: Vec<Track> = Vec::new();
    for line in lines.iter().filter(|line| !line.forced) {
        let known = tracks.iter().any(|track| track.language == line.tag());
        if !known && tracks.len() < MOST_TRACKS {
            let is_wanted =
                wanted.iter().any(|code| line.tag().split('-').next() == Some(code.as_str()));
            let is_first = tracks.is_empty();
            tracks.push(track(rooms, line, is_wanted && is_first));
        }
    }
    let rows = lines.iter().map(|line| row(rooms, line)).collect();
    (tracks, rows)
}

/// `shown`: at once, since the owner named languages of subtitles.
fn track(rooms: &Rooms, line: &SubtitleLine, shown: bool) -> Track {
    Track {
        path: rooms.subtitle_path(line, "vtt"),
        language: line.tag(),
        label: plain(&line.label),
        shown,
    }
}

fn row(rooms: &Rooms, line: &SubtitleLine) -> SubtitleRow {
    SubtitleRow {
        label: plain(&line.label),
        name: line.name.as_deref().map(plain),
        srt: rooms.subtitle_path(line, "srt"),
        vtt: rooms.subtitle_path(line, "vtt"),
    }
}
