//! What is shown when: the one form that every format is read into and written from.

/// Longest time that is kept: 99:59:59.999, in milliseconds.
const LATEST_MS: u32 = 359_999_999;
/// What is shown so long where its end is none, in milliseconds.
const USUAL_MS: u32 = 2_000;
/// Most cues of one file: a karaoke has tens of thousands.
const MOST_CUES: usize = 50_000;
/// Longest text of one cue, in bytes, and most changes of style in it.
const LONGEST_CUE: usize = 4_096;
const MOST_SPANS: usize = 100;
/// Most bytes of text in all: what is written of it stays below a few times that.
const MOST_TEXT: usize = 2 << 20;

/// How text is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) bold: bool,
    pub(super) italic: bool,
    pub(super) underline: bool,
}

/// Text of one style. Lines are parted by `\n`; none is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) style: Style,
}

/// Something that is shown for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cue {
    pub(super) start_ms: u32,
    pub(super) end_ms: u32,
    pub(super) spans: Vec<Span>,
}

/// Cues while they are read.
#[derive(Default)]
pub(super) struct Cues {
    cues: Vec<Cue>,
    bytes: usize,
}

impl Cues {
    /// Takes a cue in. `end_ms` before `start_ms` is none. What shows nothing is left out.
    pub(super) fn push(&mut self, start_ms: u64, end_ms: u64, text: Text) {
        let spans = text.finish();
        let bytes: usize = spans.iter().map(|span| span.text.len()).sum();
        if spans.is_empty() || self.is_full() {
            return;
        }
        self.bytes += bytes;
        let within = |ms: u64| u32::try_from(ms).unwrap_or(LATEST_MS).min(LATEST_MS);
        let start_ms = within(start_ms);
        let end_ms = match within(end_ms) {
            end if end > start_ms => end,
            _ => start_ms.saturating_add(USUAL_MS).min(LATEST_MS),
        };
        self.cues.push(Cue { start_ms, end_ms, spans });
    }

    /// Whether no more is taken in.
    pub(super) fn is_full(&self) -> bool {
        self.cues.len() >= MOST_CUES || self.bytes >= MOST_TEXT
    }

    /// In the order of time; what says the same at the same time (a shadow's layer) once.
    pub(super) fn finish(mut self) -> Vec<Cue> {
        self.cues.sort_by_key(|cue| cue.start_ms);
        self.cues.dedup();
        self.cues
    }
}

/// The text of a cue while it is read.
#[derive(Default)]
pub(super) struct Text {
    spans: Vec<Span>,
    bytes: usize,
    pub(super) style: Style,
}

impl Text {
    /// One more character; `\n` ends a line.
    pub(super) fn push(&mut self, c: char) {
        if self.bytes + c.len_utf8() > LONGEST_CUE {
            return;
        }
        let full = self.spans.len() >= MOST_SPANS;
        let style = self.style;
        match self.spans.last_mut() {
            Some(span) if span.style == style || full || c.is_whitespace() => span.text.push(c),
            _ => self.spans.push(Span { text: c.to_string(), style }),
        }
        self.bytes += c.len_utf8();
    }

    /// Without empty lines and what stands round lines, and without what would be read as a tag or a
    /// time once it is written.
    fn finish(self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        // What parts the next character from those before.
        let mut gap = "";
        for Span { text, style } in self.spans {
            for c in text.replace("-->", "→").chars() {
                match c {
                    '\n' => gap = "\n",
                    c if is_space(c) && gap.is_empty() => gap = " ",
                    c if is_space(c) => {}
                    c => {
                        append(&mut spans, gap, c, style);
                        gap = "";
                    }
                }
            }
        }
        for span in &mut spans {
            span.text = harmless(&span.text);
        }
        spans
    }
}

/// Space that is kept is meant: it does not break, or is as wide as a letter.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}' | '\u{3000}')
}

/// A gap belongs to the plain one of two spans.
fn append(spans: &mut Vec<Span>, gap: &str, c: char, style: Style) {
    match spans.last_mut() {
        Some(last) if last.style == style => {
            last.text.push_str(gap);
            last.text.push(c);
        }
        Some(_) if style == Style::default() => {
            spans.push(Span { text: format!("{gap}{c}"), style });
        }
        Some(last) => {
            last.text.push_str(gap);
            spans.push(Span { text: c.to_string(), style });
        }
        None => spans.push(Span { text: c.to_string(), style }),
    }
}

/// Text that looks like a tag, as may be left when a tag inside it is taken out, or as WebVTT can
/// spell: its first sign is changed.
fn harmless(text: &str) -> String {
    let sign = |(place, c): (usize, char)| {
        let next = &text.as_bytes()[place + c.len_utf8()..];
        match (c, next) {
            ('<', [next, ..]) if next.is_ascii_alphabetic() || matches!(next, b'/' | b'!') => '‹',
            ('{', [b'\\', ..]) => '(',
            ('{', [letter, b':', ..]) if letter.is_ascii_alphabetic() => '(',
            (c, _) => c,
        }
    };
    text.char_indices().map(sign).collect()
}

/// A moment in hours, minutes and seconds with a fraction behind a comma or a point, in milliseconds.
/// Hours may be left out. `None`: it is no time.
pub(super) fn time(text: &str) -> Option<u64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, ""));
    let mut units = whole.split(':').rev().map(|unit| number(unit.trim()));
    let (seconds, minutes) = (units.next()??, units.next()??);
    let hours = units.next().unwrap_or(Some(0))?;
    if units.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    let digits: String = fraction.trim().chars().take(3).collect();
    let thousandths = match digits.len() {
        0 => 0,
        count => number(&digits)? * [100, 10, 1][count - 1],
    };
    Some((hours * 3600 + minutes * 60 + seconds) * 1000 + thousandths)
}

/// At most five digits, and nothing else.
fn number(text: &str) -> Option<u64> {
    let sound = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        for (text, wanted) in [
            ("00:00:01,500", Some(1_500)),
            ("1:02:03.04", Some(3_723_040)),
            ("02:03.4", Some(123_400)),
            (" 00:00:00,0005 ", Some(0)),
            ("00:00:10", Some(10_000)),
            ("123:00:00,000", Some(442_800_000)),
            ("00:60:00,000", None),
            ("00:00:-1,000", None),
            ("-00:00:01,000", None),
            ("99999999999:00:00,000", None),
            ("1:1:1:1,0", None),
            ("５:00", None),
            ("00:00:01,é", None),
            ("12", None),
            ("", None),
        ] {
            assert_eq!(time(text), wanted, "{text:?}");
        }
    }
}
