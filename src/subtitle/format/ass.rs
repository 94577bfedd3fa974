//! Advanced `SubStation` Alpha and its forerunner SSA: lines of events with their fields by name.

use super::super::cue::{Cues, Text, time};

/// Most fields of an event.
const MOST_FIELDS: usize = 40;
/// The fields where none are named (ASS 4.00+).
const USUAL: &[&str] =
    &["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"];

/// Whether it is one: by its first section.
pub(super) fn is_ass(text: &str) -> bool {
    let head = text.lines().take(200).take_while(|line| !line.contains("-->"));
    head.map(str::trim_start).any(|line| {
        let line = line.get(..13).unwrap_or(line).to_ascii_lowercase();
        line.starts_with("[script info]") || line.starts_with("[events]")
    })
}

/// Reads all cues.
pub(super) fn read(text: &str, cues: &mut Cues) {
    let mut fields: Vec<String> = USUAL.iter().map(ToString::to_string).collect();
    let mut in_events = false;
    for line in text.lines() {
        if cues.is_full() {
            return;
        }
        let line = line.trim_start();
        if line.starts_with('[') {
            in_events = line.to_ascii_lowercase().starts_with("[events]");
        } else if let Some((kind, rest)) = line.split_once(':').filter(|_| in_events) {
            if kind.eq_ignore_ascii_case("format") {
                let named = rest.split(',').map(|field| field.trim().to_ascii_lowercase());
                fields = named.take(MOST_FIELDS).collect();
            } else if kind.eq_ignore_ascii_case("dialogue") {
                let _ = event(rest, &fields, cues);
            }
        }
    }
}

/// The last field, the text, may hold commas.
fn event(line: &str, fields: &[String], cues: &mut Cues) -> Option<()> {
    let values: Vec<&str> = line.splitn(fields.len(), ',').collect();
    let value = |name: &str| {
        let place = fields.iter().position(|field| field == name)?;
        values.get(place).copied()
    };
    let (start, end) = (time(value("start")?)?, time(value("end")?)?);
    cues.push(start, end, words(value("text")?));
    Some(())
}

/// The text without its overrides, of which bold, italic and underlined are kept; what is drawn, not
/// written, is left out.
fn words(text: &str) -> Text {
    let mut read = Text::default();
    let mut draws = false;
    // Looked for once: a line of nothing but `{` would be read to its end for each of them.
    let last_close = text.rfind('}').unwrap_or(0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' if at < last_close => {
                let inside = chars.by_ref().map(|(_, c)| c).take_while(|c| *c != '}');
                let inside: String = inside.collect();
                inside.split('\\').skip(1).for_each(|code| apply(code, &mut read, &mut draws));
            }
            '\\' if matches!(chars.peek(), Some((_, 'N' | 'n' | 'h'))) => {
                let break_line = chars.next().is_some_and(|(_, c)| c != 'h');
                if !draws {
                    read.push(if break_line { '\n' } else { '\u{a0}' });
                }
            }
            _ if draws => {}
            c => read.push(c),
        }
    }
    read
}

fn apply(code: &str, text: &mut Text, draws: &mut bool) {
    let code = code.trim();
    let on = |rest: &str| match rest {
        "" | "0" => Some(false),
        weight if weight.bytes().all(|b| b.is_ascii_digit()) => Some(true),
        _ => None,
    };
    let mut chars = code.chars();
    let (name, rest) = (chars.next(), chars.as_str());
    match (name, on(rest)) {
        (Some('b'), Some(is_on)) => text.style.bold = is_on,
        (Some('i'), Some(is_on)) => text.style.italic = is_on,
        (Some('u'), Some(is_on)) => text.style.underline = is_on,
        (Some('p'), Some(is_on)) => *draws = is_on,
        // Back to the line's style, which is not known here.
        (Some('r'), _) => text.style = super::super::cue::Style::default(),
        _ => {}
    }
}
