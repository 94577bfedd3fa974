//! WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format").

use std::fmt::Write as _;

use super::super::cue::{Cue, Cues};
use super::clock;
use super::markup::{self, Flavour};
use super::srt::times;

/// Reads all cues; settings of place, notes, styles and regions are left out.
pub(super) fn read(text: &str, cues: &mut Cues) {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if cues.is_full() {
            return;
        }
        let Some((start, end)) = times(line) else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        cues.push(start, end, markup::read(&body.join("\n"), Flavour::WebVtt));
    }
}

/// Writes all cues.
pub(in super::super) fn write(cues: &[Cue]) -> String {
    let mut text = "WEBVTT\n\n".to_owned();
    for cue in cues {
        let _ = writeln!(text, "{} --> {}", clock(cue.start_ms, '.'), clock(cue.end_ms, '.'));
        markup::write(cue, &mut text, escaped);
        text.push_str("\n\n");
    }
    text
}

fn escaped(plain: &str, into: &mut String) {
    for c in plain.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            c => into.push(c),
        }
    }
}
