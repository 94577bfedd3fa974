//! `MicroDVD`: `{25}{75}Text|in two lines`, in frames.

use super::super::cue::{Cues, Text};
use super::markup::{self, Flavour};

/// Frames a second of most films, where nobody says.
const USUAL: f64 = 24_000.0 / 1_001.0;

/// Whether it is one: by its first line.
pub(super) fn is_microdvd(text: &str) -> bool {
    let mut head = text.lines().take(5).take_while(|line| !line.contains("-->"));
    head.any(|line| frames(line).is_some())
}

/// Reads all cues. A first cue whose text is a number says how many frames a second has.
pub(super) fn read(text: &str, stated: Option<f64>, cues: &mut Cues) {
    let sound = |frames: &f64| (5.0..=240.0).contains(frames);
    let mut frames_s = stated.filter(sound).unwrap_or(USUAL);
    let mut first = true;
    for line in text.lines() {
        if cues.is_full() {
            return;
        }
        let Some((start, end, text)) = frames(line) else { continue };
        let told = text.trim().replace(',', ".").parse().ok().filter(sound);
        if let (true, true, Some(told)) = (first, start <= 1, told) {
            frames_s = told;
        } else {
            cues.push(ms(start, frames_s), end.map_or(0, |end| ms(end, frames_s)), words(text));
        }
        first = false;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seven digits at most")]
fn ms(frame: u32, frames_s: f64) -> u64 {
    (f64::from(frame) * 1000.0 / frames_s).round() as u64
}

/// The frames of a line, and its text. The end may be left out.
fn frames(line: &str) -> Option<(u32, Option<u32>, &str)> {
    let number = |text: &str| text.parse().ok().filter(|_| text.len() <= 7);
    let (start, rest) = line.trim_start().strip_prefix('{')?.split_once('}')?;
    let (end, text) = rest.strip_prefix('{')?.split_once('}')?;
    let end = if end.is_empty() { None } else { Some(number(end)?) };
    Some((number(start)?, end, text))
}

/// `|` parts lines; `{Y:i}` sets the whole, `{y:i}` and `/` one line.
fn words(text: &str) -> Text {
    let mut whole = Text::default();
    for (place, line) in text.split('|').enumerate() {
        if place > 0 {
            whole.push('\n');
        }
        let codes = line.to_ascii_lowercase();
        let slanted = line.starts_with('/') || codes.contains("{y:i");
        let before = whole.style;
        whole.style.italic |= slanted;
        if line.contains("{Y:i") {
            whole.style.italic = true;
        }
        let line = line.strip_prefix('/').unwrap_or(line);
        markup::read_into(&mut whole, line, Flavour::SubRip);
        if !line.contains("{Y:i") {
            whole.style = before;
        }
    }
    whole
}
