//! The formats: read into cues, each by its file, and written out as the two that players take.

mod ass;
mod markup;
mod microdvd;
mod srt;
mod vtt;

use super::cue::{Cue, Cues};

/// Reads text in whichever format its beginning says; SubRip where it says none. `frames_s`: frames a
/// second, for the one format that counts in frames and need not say how fast.
pub(super) fn read(text: &str, frames_s: Option<f64>) -> Vec<Cue> {
    let start = text.trim_start();
    let mut cues = Cues::default();
    if start.starts_with("WEBVTT") {
        vtt::read(start, &mut cues);
    } else if ass::is_ass(start) {
        ass::read(start, &mut cues);
    } else if microdvd::is_microdvd(start) {
        microdvd::read(start, frames_s, &mut cues);
    } else {
        srt::read(start, &mut cues);
    }
    cues.finish()
}

pub(super) use srt::write as write_srt;
pub(super) use vtt::write as write_vtt;

/// Hours, minutes, seconds and thousandths.
fn clock(ms: u32, point: char) -> String {
    let (s, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}{point}{ms:03}", s / 3600, s / 60 % 60, s % 60)
}
