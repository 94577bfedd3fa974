//! Numbers and names as strangers state them.

use serde_json::{Number, Value};

use super::Told;

/// A value that a stranger stated, in either of the forms in which JSON is read.
pub trait Stated {
    /// The number, where it is one.
    fn number(&self) -> Option<&Number>;
    /// The text, where it is one.
    fn text(&self) -> Option<&str>;
}

impl Stated for Value {
    fn number(&self) -> Option<&Number> {
        self.as_number()
    }

    fn text(&self) -> Option<&str> {
        self.as_str()
    }
}

impl Stated for Told<'_> {
    fn number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    fn text(&self) -> Option<&str> {
        self.as_str()
    }
}

/// A whole number that may come as a number, as text, as null or not at all. Below zero (StremThru
/// writes -1 for what it does not know) is `None`; whether 0 is one is for the caller to say.
#[must_use]
pub fn stated_number(value: &impl Stated) -> Option<u64> {
    match value.number() {
        Some(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        None => value.text()?.trim().parse().ok(),
    }
}

/// A size in bytes, stated likewise; no file of interest is empty, so 0 is not known.
#[must_use]
pub fn stated_size(value: &impl Stated) -> Option<u64> {
    stated_number(value).filter(|bytes| *bytes > 0)
}

/// A name, stated likewise: one line without control characters and without those that turn the
/// direction of writing (a name that shows as `gpj.exe` may be one of `exe.jpg`), cut to `longest`
/// bytes.
#[must_use]
pub fn stated_name(text: &str, longest: usize) -> String {
    if text.len() <= longest && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.trim().to_owned();
    }
    let mut name: String = text.chars().filter(|c| !c.is_control() && !is_unseen(*c)).collect();
    while name.len() > longest {
        name.pop();
    }
    name.trim().to_owned()
}

/// Marks, embeddings, overrides and isolates of direction (Unicode UAX #9, 2); the separators of
/// lines and paragraphs; the space without width and the mark of byte order.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{061C}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{FEFF}'
    )
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range is checked")]
fn whole(number: f64) -> Option<u64> {
    // 2^53: above it a float names no single whole number.
    (0.0..9_007_199_254_740_992.0).contains(&number).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_is_one_line_cut_between_characters() {
        for (text, wanted) in [
            (" a\tb\r\nc ", "abc"),
            ("12345678", "12345678"),
            ("123456789", "12345678"),
            ("1234567é", "1234567"),
            ("ééééé", "éééé"),
            ("a\u{202E}gpj", "agpj"),
            ("\u{2066}a\u{2069}\u{2028}b", "ab"),
            ("\u{FEFF}\u{200F}", ""),
            ("\u{1b}[2Ja", "[2Ja"),
            // Joiners are part of Persian and of emoji.
            ("می\u{200C}خ", "می\u{200C}"),
            ("", ""),
        ] {
            assert_eq!(stated_name(text, 8), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_number_is_read_in_every_form_that_strangers_use() {
        for (value, number, size) in [
            (json!(1_610_612_736_u64), Some(1_610_612_736), Some(1_610_612_736)),
            (json!("1610612736"), Some(1_610_612_736), Some(1_610_612_736)),
            (json!(" 7 "), Some(7), Some(7)),
            (json!(7.0), Some(7), Some(7)),
            (json!(0), Some(0), None),
            (json!("0"), Some(0), None),
            (json!(-1), None, None),
            (json!(-1.5), None, None),
            (json!(1e300), None, None),
            (json!("-1"), None, None),
            (json!(""), None, None),
            (json!("1.5 GB"), None, None),
            (json!(null), None, None),
            (json!([1]), None, None),
            (json!({"size": 1}), None, None),
            (json!(true), None, None),
        ] {
            assert_eq!((stated_number(&value), stated_size(&value)), (number, size), "{value}");
        }
    }
}
