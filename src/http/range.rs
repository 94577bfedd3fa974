//! Byte ranges: which part of a representation a client asks for.
//!
//! A television seeks by sending `Range: bytes=FIRST-LAST`. Here that header becomes bytes of a
//! representation whose length is known; nothing is opened and nothing is sent. The rules are those
//! of RFC 9110, 14.1.2 and 14.2, with one departure that 14.2 permits: of a list of several ranges
//! none is served and the whole is sent, because no player asks for a list and televisions choke on
//! `multipart/byteranges`.

use std::ops::Range;

/// What to send in answer to a `GET`. (14.2 has us ignore the header on every other method.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByteRange {
    /// All of it: `200 OK`.
    Whole,
    /// These bytes, end exclusive: `206 Partial Content`. Never empty, never past the end.
    Part(Range<u64>),
}

/// No byte of the range exists: `416`, with `Content-Range: bytes */{len}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the range lies outside a representation of {len} bytes: ask for bytes before its end")]
pub struct NotSatisfiable {
    /// Length of the representation, in bytes.
    pub len: u64,
}

impl ByteRange {
    /// Resolves the header's value against a representation of `len` bytes.
    ///
    /// A value that is malformed, inverted, a list, or in another unit counts as absent.
    pub fn resolve(value: &str, len: u64) -> Result<Self, NotSatisfiable> {
        match requested(value, len) {
            None => Ok(Self::Whole),
            Some(part) if part.is_empty() => Err(NotSatisfiable { len }),
            Some(part) => Ok(Self::Part(part)),
        }
    }
}

/// The bytes that `value` names, cut at `len`; `None` where the header is to be ignored. A start
/// past the end gives an empty range.
fn requested(value: &str, len: u64) -> Option<Range<u64>> {
    let (unit, set) = value.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    match only_member(set)?.split_once('-')? {
        ("", suffix) => Some(len.saturating_sub(number(suffix)?)..len),
        (first, "") => Some(number(first)?..len),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first..len.min(last.saturating_add(1)))
        }
    }
}

/// The one member of a list (RFC 9110, 5.6.1.2: empty members are skipped); `None` for several.
fn only_member(list: &str) -> Option<&str> {
    let mut members =
        list.split(',').map(|m| m.trim_matches([' ', '\t'])).filter(|m| !m.is_empty());
    let only = members.next()?;
    members.next().is_none().then_some(only)
}

/// Reads `1*DIGIT`. What is too big for `u64` lies past every end, as `u64::MAX` does.
fn number(digits: &str) -> Option<u64> {
    let sound = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    sound.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ByteRange::{Part, Whole};
    use super::*;

    const OUTSIDE: Result<ByteRange, NotSatisfiable> = Err(NotSatisfiable { len: 100 });

    #[test]
    fn resolves_as_rfc_9110_section_14_1_2_says() {
        for (value, expected) in [
            ("bytes=0-", Ok(Part(0..100))),
            ("bytes=0-0", Ok(Part(0..1))),
            ("bytes=10-19", Ok(Part(10..20))),
            ("bytes=99-", Ok(Part(99..100))),
            ("bytes=0-99", Ok(Part(0..100))),
            ("bytes=0-999", Ok(Part(0..100))), // a last position past the end is cut
            ("bytes=0-18446744073709551615", Ok(Part(0..100))),
            ("bytes=0-99999999999999999999999", Ok(Part(0..100))),
            ("bytes=-10", Ok(Part(90..100))),
            ("bytes=-100", Ok(Part(0..100))),
            ("bytes=-500", Ok(Part(0..100))), // a suffix longer than the whole is the whole
            ("bytes=-99999999999999999999999", Ok(Part(0..100))),
            ("Bytes=5-5", Ok(Part(5..6))), // units are case-insensitive
            ("bytes= 5-5", Ok(Part(5..6))),
            ("bytes=5-5 ,", Ok(Part(5..6))), // an empty member of a list is none
            ("bytes=007-009", Ok(Part(7..10))),
            ("bytes=100-", OUTSIDE), // VLC really asks for the byte after the last
            ("bytes=100-200", OUTSIDE),
            ("bytes=18446744073709551615-", OUTSIDE),
            ("bytes=99999999999999999999999-", OUTSIDE),
            ("bytes=-0", OUTSIDE),
            ("bytes=5-3", Ok(Whole)),
            ("bytes=500-300", Ok(Whole)), // inverted is malformed wherever it lies
        ] {
            assert_eq!(ByteRange::resolve(value, 100), expected, "{value}");
        }
    }

    #[test]
    fn what_is_no_single_byte_range_is_ignored() {
        let thousand = format!("bytes={}", vec!["0-0"; 1000].join(","));
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=,",
            "bytes=a-b",
            "bytes=1",
            "bytes=1-2-3",
            "bytes=--5",
            "bytes=+1-2",
            "bytes=0x1-0x2",
            "bytes=1.5-2",
            "bytes 0-1",
            "bytes =0-1",
            "bytes=0 - 1",
            "bytes=\u{0661}-\u{0662}",
            "seconds=0-9",
            "npt=0-",
            "=0-1",
            "bytes=0-1,5-9",
            "bytes=0-,-500",
            "bytes=100-,0-1",
            &thousand,
        ] {
            assert_eq!(ByteRange::resolve(value, 100), Ok(Whole), "{value}");
        }
    }

    #[test]
    fn of_nothing_no_range_is_satisfiable() {
        for value in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"] {
            assert_eq!(ByteRange::resolve(value, 0), Err(NotSatisfiable { len: 0 }), "{value}");
        }
        assert_eq!(ByteRange::resolve("seconds=0-", 0), Ok(Whole));
    }

    /// The definition, byte by byte: which positions of a small whole does the range name?
    fn named(first: Option<u64>, last: Option<u64>, len: u64) -> Vec<u64> {
        (0..len)
            .filter(|&at| match (first, last) {
                (Some(first), Some(last)) => first <= at && at <= last,
                (Some(first), None) => first <= at,
                (None, Some(suffix)) => len - at <= suffix,
                (None, None) => true,
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn agrees_with_the_definition_byte_by_byte(
            len in 0_u64..64, first in proptest::option::of(0_u64..80), last in proptest::option::of(0_u64..80),
        ) {
            let text = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
            let value = format!("bytes={}-{}", text(first), text(last));
            let ignored = first.is_none() && last.is_none()
                || matches!((first, last), (Some(first), Some(last)) if first > last);
            let got = ByteRange::resolve(&value, len);
            if ignored {
                prop_assert_eq!(got, Ok(Whole));
            } else {
                let expected = named(first, last, len);
                let got = got.map(|range| match range {
                    Whole => (0..len).collect::<Vec<_>>(),
                    Part(part) => part.collect(),
                });
                prop_assert_eq!(got.unwrap_or_default(), expected);
            }
        }

        #[test]
        fn a_strangers_bytes_never_lead_outside(value in "(bytes=)?[-0-9, a-z=]{0,60}|.{0,60}", len: u64) {
            if let Ok(Part(part)) = ByteRange::resolve(&value, len) {
                prop_assert!(part.start < part.end && part.end <= len);
            }
        }
    }
}
