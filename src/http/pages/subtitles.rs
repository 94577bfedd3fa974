//! Subtitles on the picture's page: tracks for the browser, links for players.

use std::time::Duration;

use crate::http::rooms::Rooms;
use crate::http::subtitle;
use crate::http::visitor::Visitor;
use crate::playback::SubtitleLine;
use crate::web::{SubtitleRow, Track, plain};

/// How long the page waits for who may know of subtitles.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the page shows of a film's subtitles.
pub(super) async fn of(visitor: &Visitor, media_id: &str) -> (Vec<Track>, Vec<SubtitleRow>) {
    let (rooms, playback) = (&visitor.rooms, &visitor.rooms.playback);
    let lines = playback.subtitles_within(media_id, PATIENCE).await.unwrap_or_default();
    let wanted = playback.preferences().subtitles.clone();
    let tracks = subtitle::tracks(&lines, &wanted).into_iter();
    let tracks = tracks.map(|(line, shown)| track(rooms, line, shown)).collect();
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
