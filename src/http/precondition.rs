//! Preconditions: whether a request still means the bytes that the client knows (RFC 9110, 13).
//!
//! VLC sends the entity tag back as `If-Match` on every reconnection, browsers send `If-Range`; both
//! keep the bytes of two different files from being joined. Nothing here opens or sends anything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::header::{
    HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE,
};

/// What identifies the bytes that would be sent.
#[derive(Debug, Clone, Copy)]
pub struct Validators<'a> {
    /// Strong entity tag, without the quotes.
    pub entity_tag: &'a str,
    /// When the bytes came to be known; compared in whole seconds, as HTTP dates have no more.
    pub last_modified: SystemTime,
}

/// What the preconditions of a `GET` or `HEAD` lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on; a `Range` header counts only if `range_counts`.
    Proceed {
        /// Whether `If-Range` is absent or equal.
        range_counts: bool,
    },
    /// `304 Not Modified`: the client has these bytes.
    NotModified,
    /// `412 Precondition Failed`: the client knows other bytes.
    Failed,
}

/// Evaluates the headers in the order of RFC 9110, 13.2.2.
#[must_use]
pub fn evaluate(headers: &HeaderMap, known: Validators<'_>) -> Verdict {
    let modified = whole_seconds(known.last_modified);
    if headers.contains_key(IF_MATCH) {
        if !lists(headers, &IF_MATCH, known.entity_tag, Comparison::Strong) {
            return Verdict::Failed;
        }
    } else if date(headers, &IF_UNMODIFIED_SINCE).is_some_and(|since| modified > since) {
        return Verdict::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if lists(headers, &IF_NONE_MATCH, known.entity_tag, Comparison::Weak) {
            return Verdict::NotModified;
        }
    } else if date(headers, &IF_MODIFIED_SINCE).is_some_and(|since| modified <= since) {
        return Verdict::NotModified;
    }
    Verdict::Proceed { range_counts: range_counts(headers, known, modified) }
}

/// `If-Range` (13.1.5): an entity tag compared strongly, or the exact date. What is neither is
/// unequal, so the whole is sent: too much is harmless, the wrong part is not.
fn range_counts(headers: &HeaderMap, known: Validators<'_>, modified: SystemTime) -> bool {
    let mut values = headers.get_all(IF_RANGE).iter();
    let Some(first) = values.next() else { return true };
    let (Ok(value), None) = (first.to_str(), values.next()) else { return false };
    match tag(value.trim()) {
        Some((tag, rest)) => !tag.weak && tag.opaque == known.entity_tag && rest.is_empty(),
        None => httpdate::parse_http_date(value).is_ok_and(|date| date == modified),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Comparison {
    /// Equal and neither weak (8.8.3.2).
    Strong,
    /// Equal, weak or not.
    Weak,
}

/// Whether the list in `name` is `*` or holds our tag. A malformed rest of a list holds nothing.
fn lists(headers: &HeaderMap, name: &HeaderName, ours: &str, how: Comparison) -> bool {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        let mut rest = value.trim();
        if rest == "*" {
            return true;
        }
        while let Some((tag, after)) = tag(rest) {
            if tag.opaque == ours && (how == Comparison::Weak || !tag.weak) {
                return true;
            }
            rest = after.trim_start_matches([' ', '\t', ',']);
        }
        false
    })
}

struct Tag<'a> {
    weak: bool,
    opaque: &'a str,
}

/// Reads one entity tag, `[W/]"opaque"`, and gives what stands after it.
fn tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let (weak, quoted) = text.strip_prefix("W/").map_or((false, text), |rest| (true, rest));
    let (opaque, rest) = quoted.strip_prefix('"')?.split_once('"')?;
    Some((Tag { weak, opaque }, rest))
}

/// A date header; one that is repeated or malformed is ignored (13.1.3, 13.1.4).
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let mut values = headers.get_all(name).iter();
    let only = values.next()?;
    if values.next().is_some() {
        return None;
    }
    httpdate::parse_http_date(only.to_str().ok()?).ok()
}

fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: Verdict = Verdict::Proceed { range_counts: true };
    const WHOLE: Verdict = Verdict::Proceed { range_counts: false };
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn known() -> Validators<'static> {
        let at = UNIX_EPOCH + Duration::from_millis(784_111_777_900);
        Validators { entity_tag: "ab-0-9", last_modified: at }
    }

    fn verdict(lines: &[(&str, &str)]) -> Verdict {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, value.parse().unwrap());
        }
        evaluate(&headers, known())
    }

    #[test]
    fn judges_as_rfc_9110_section_13_says() {
        for (lines, expected) in [
            (&[][..], ALL),
            (&[("if-match", "\"ab-0-9\"")], ALL),
            (&[("if-match", "*")], ALL),
            (&[("if-match", "\"x\", \"ab-0-9\"")], ALL),
            (&[("if-match", "\"x\""), ("if-match", "\"ab-0-9\"")], ALL),
            (&[("if-match", "\"x, y\",\"ab-0-9\"")], ALL), // a comma inside the quotes
            (&[("if-match", "\"x\"")], Verdict::Failed),
            (&[("if-match", "W/\"ab-0-9\"")], Verdict::Failed), // strong comparison
            (&[("if-match", "ab-0-9")], Verdict::Failed),
            (&[("if-match", "\"ab-0-9")], Verdict::Failed),
            (&[("if-none-match", "\"ab-0-9\"")], Verdict::NotModified),
            (&[("if-none-match", "W/\"ab-0-9\"")], Verdict::NotModified), // weak comparison
            (&[("if-none-match", "*")], Verdict::NotModified),
            (&[("if-none-match", "\"x\"")], ALL),
            (&[("if-match", "\"x\""), ("if-none-match", "*")], Verdict::Failed), // 13.2.2: order
            (&[("if-modified-since", SAME)], Verdict::NotModified),
            (&[("if-modified-since", AFTER)], Verdict::NotModified),
            (&[("if-modified-since", BEFORE)], ALL),
            (&[("if-modified-since", "yesterday")], ALL),
            (&[("if-modified-since", SAME), ("if-modified-since", SAME)], ALL),
            // If-None-Match outweighs the date.
            (&[("if-none-match", "\"x\""), ("if-modified-since", SAME)], ALL),
            (&[("if-unmodified-since", SAME)], ALL),
            (&[("if-unmodified-since", AFTER)], ALL),
            (&[("if-unmodified-since", BEFORE)], Verdict::Failed),
            (&[("if-unmodified-since", "0")], ALL),
            (&[("if-match", "*"), ("if-unmodified-since", BEFORE)], ALL),
            (&[("if-range", "\"ab-0-9\"")], ALL),
            (&[("if-range", "\"x\"")], WHOLE),
            (&[("if-range", "W/\"ab-0-9\"")], WHOLE),
            (&[("if-range", "\"ab-0-9\", \"x\"")], WHOLE), // no list here
            (&[("if-range", SAME)], ALL),
            (&[("if-range", BEFORE)], WHOLE),
            (&[("if-range", AFTER)], WHOLE), // equal, not "not later"
            (&[("if-range", "garbage")], WHOLE),
            (&[("if-range", "\"ab-0-9\""), ("if-range", "\"ab-0-9\"")], WHOLE),
        ] {
            assert_eq!(verdict(lines), expected, "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_of_a_stranger_panic(value in "[ -~]{0,40}") {
            for name in ["if-match", "if-none-match", "if-range", "if-modified-since"] {
                verdict(&[(name, &value)]);
            }
        }
    }
}
