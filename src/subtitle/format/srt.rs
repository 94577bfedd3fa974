//! SubRip, for which there is no document: a number, two times, lines of text, an empty line. Files are
//! found without numbers, without empty lines, with empty lines inside the text, and with points for
//! commas; so the times alone say where a cue begins.

use std::fmt::Write as _;

use super::super::cue::{Cue, Cues, time};
use super::clock;
use super::markup::{self, Flavour};

/// Reads all cues.
pub(super) fn read(text: &str, cues: &mut Cues) {
    let mut open: Option<((u64, u64), Vec<&str>)> = None;
    for line in text.lines() {
        if cues.is_full() {
            return;
        }
        if let Some(times) = times(line) {
            if let Some((before, mut lines)) = open.take() {
                // The number of the cue that begins here.
                if lines.last().is_some_and(|last| is_number(last)) {
                    lines.pop();
                }
                push(before, &lines, cues);
            }
            open = Some((times, Vec::new()));
        } else if let Some((_, lines)) = &mut open {
            lines.push(line);
        }
    }
    if let Some((times, lines)) = open {
        push(times, &lines, cues);
    }
}

fn push((start, end): (u64, u64), lines: &[&str], cues: &mut Cues) {
    cues.push(start, end, markup::read(&lines.join("\n"), Flavour::SubRip));
}

/// The two times of a line; what follows them (a place on the screen) is not read.
pub(super) fn times(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.trim_start().split([' ', '\t']).next()?;
    Some((time(start)?, time(end)?))
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.len() <= 6 && line.bytes().all(|b| b.is_ascii_digit())
}

/// Writes all cues, lines parted by CR and LF as the program that made the format did.
pub(in super::super) fn write(cues: &[Cue]) -> String {
    let mut text = String::new();
    for (place, cue) in cues.iter().enumerate() {
        let (start, end) = (clock(cue.start_ms, ','), clock(cue.end_ms, ','));
        let _ = write!(text, "{}\r\n{start} --> {end}\r\n", place + 1);
        markup::write(cue, &mut text, |plain, into| into.push_str(&plain.replace('\n', "\r\n")));
        text.push_str("\r\n\r\n");
    }
    text
}
