//! Tags in text, as SubRip and WebVTT have them: `b`, `i` and `u` are kept, all others are not shown.

use std::fmt::Write as _;

use super::super::cue::{Cue, Style, Text};

/// Longest tag, in bytes: behind a `<` without an end stands text.
const LONGEST_TAG: usize = 200;

/// What differs between the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// There are no entities.
    SubRip,
    /// `&lt;` stands for `<`.
    WebVtt,
}

/// Reads the text of a cue.
pub(super) fn read(text: &str, flavour: Flavour) -> Text {
    let mut read = Text::default();
    read_into(&mut read, text, flavour);
    read
}

/// The same behind what `read` holds already.
pub(super) fn read_into(read: &mut Text, text: &str, flavour: Flavour) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '<' if flavour == Flavour::WebVtt => {
                moment(rest).or_else(|| tag(rest, &mut read.style))
            }
            '<' => tag(rest, &mut read.style),
            '{' => override_of(rest),
            '&' if flavour == Flavour::WebVtt => entity(rest).map(|(c, len)| {
                read.push(c);
                len
            }),
            _ => None,
        };
        let len = skipped.unwrap_or_else(|| {
            read.push(c);
            c.len_utf8()
        });
        rest = &rest[len..];
    }
}

/// The length of a tag at the start of `rest`, whose meaning is put into `style`.
fn tag(rest: &str, style: &mut Style) -> Option<usize> {
    let end = rest.bytes().take(LONGEST_TAG).position(|b| b == b'>')?;
    let inside = &rest[1..end];
    let (closes, name) = match inside.strip_prefix('/') {
        Some(name) => (true, name),
        None => (false, inside),
    };
    // `<3` is a heart.
    let first = name.chars().next()?;
    if !first.is_ascii_alphabetic() && (first != '!' || closes) {
        return None;
    }
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "b" | "strong" => style.bold = !closes,
        "i" | "em" => style.italic = !closes,
        "u" => style.underline = !closes,
        _ => {}
    }
    Some(end + 1)
}

/// The length of a time within a cue, such as `<00:01.500>`.
fn moment(rest: &str) -> Option<usize> {
    let end = rest.bytes().take(LONGEST_TAG).position(|b| b == b'>')?;
    let inside = &rest.as_bytes()[1..end];
    let is_time = inside.contains(&b':')
        && inside.iter().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'));
    is_time.then_some(end + 1)
}

/// The length of `{\an8}`, which other programs left in the text.
fn override_of(rest: &str) -> Option<usize> {
    let end = rest.bytes().take(LONGEST_TAG).position(|b| b == b'}')?;
    let inside = &rest[1..end];
    // Also MicroDVD's: `{y:i}`, `{C:$0000FF}`.
    let micro = matches!(inside.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    (inside.starts_with('\\') || micro).then_some(end + 1)
}

fn entity(rest: &str) -> Option<(char, usize)> {
    const ENTITIES: &[(&str, char)] = &[
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&amp;", '&'),
        ("&nbsp;", '\u{a0}'),
        ("&quot;", '"'),
        ("&#39;", '\''),
        ("&apos;", '\''),
        ("&lrm;", '\u{200e}'),
        ("&rlm;", '\u{200f}'),
    ];
    let (name, c) = ENTITIES.iter().find(|(name, _)| rest.starts_with(name))?;
    Some((*c, name.len()))
}

/// The text of a cue with its tags, each closed where the style ends; `plain` writes the text itself.
pub(super) fn write(cue: &Cue, into: &mut String, plain: impl Fn(&str, &mut String)) {
    for span in &cue.spans {
        let Style { bold, italic, underline } = span.style;
        let tags = [(bold, "b"), (italic, "i"), (underline, "u")];
        for (_, tag) in tags.iter().filter(|tag| tag.0) {
            let _ = write!(into, "<{tag}>");
        }
        plain(&span.text, into);
        for (_, tag) in tags.iter().rev().filter(|tag| tag.0) {
            let _ = write!(into, "</{tag}>");
        }
    }
}
