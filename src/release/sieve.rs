//! Which of many rules may match in a name, found in one scan of it.
//!
//! Whatever a rule matches holds one of a few pieces of text, which are read off its pattern: `season`
//! or `sezon`. One automaton looks for the pieces of all rules, and where it sees one, the rule's own
//! pattern is tried. One pattern of all of them was tried before this: its automaton is built as names
//! come, some 40 microseconds a name for the first thousands of them, in 4 MB for every thread.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};

/// What is looked for: a pattern in ASCII that matches wherever a rule does.
#[derive(Clone)]
pub(super) struct Sought {
    pattern: String,
    pieces: Option<Vec<Piece>>,
}

impl Sought {
    /// With `any_case` a letter stands for the large and the small one; with `stands_alone` no letter
    /// may stand before it, nor behind.
    pub(super) fn new(pattern: &Hir, any_case: bool, stands_alone: bool) -> Self {
        let case = if any_case { "i-u" } else { "-u" };
        let mut whole = format!("(?{case}:{pattern})");
        if stands_alone {
            whole = format!("(?:^|[^a-zA-Z]){whole}(?:$|[^a-zA-Z])");
        }
        Self { pattern: whole, pieces: pieces(pattern, stands_alone) }
    }
}

/// Rules, and the pieces by which they are found.
pub(super) struct Sieve {
    pieces: AhoCorasick,
    /// Of each piece, in the automaton's order.
    places: Vec<Place>,
    rules: Vec<Rule>,
    /// Those that have no such pieces, mostly of numbers: all of them together.
    others: Option<Regex>,
}

struct Rule {
    pattern: String,
    /// Made where one of its pieces is seen first.
    compiled: OnceLock<Option<Regex>>,
}

/// Where a piece stands in its rule.
#[derive(Clone, Copy)]
struct Place {
    rule: usize,
    /// No letter may stand before it.
    begins: bool,
    /// It is the whole of what is sought, and no letter may stand behind it.
    whole: bool,
}

impl Sieve {
    pub(super) fn of(sought: &[Sought]) -> Option<Self> {
        let (mut texts, mut places, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, one) in sought.iter().enumerate() {
            for Piece { text, begins, whole } in one.pieces.iter().flatten() {
                places.push(Place { rule, begins: *begins, whole: *whole });
                texts.push(text);
            }
            if one.pieces.is_none() {
                others.push(format!("(?:{})", one.pattern));
            }
        }
        let others = others.join("|");
        let others = if others.is_empty() { None } else { Some(Regex::new(&others).ok()?) };
        let pieces = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&texts)
            .ok()?;
        let rules = sought
            .iter()
            .map(|one| Rule { pattern: one.pattern.clone(), compiled: OnceLock::new() });
        Some(Self { pieces, places, rules: rules.collect(), others })
    }

    /// Whether a rule may match in `name`, which is in ASCII.
    pub(super) fn may_match(&self, name: &str) -> bool {
        let bytes = name.as_bytes();
        let letter = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphabetic)
        };
        let mut tried = Vec::new();
        let mut seen = self.pieces.find_overlapping_iter(bytes);
        let sieved = seen.any(|seen| {
            let place = self.places[seen.pattern().as_usize()];
            if place.begins && letter(seen.start().checked_sub(1)) {
                return false;
            }
            if place.whole {
                return !letter(Some(seen.end()));
            }
            if tried.contains(&place.rule) {
                return false;
            }
            tried.push(place.rule);
            self.rules[place.rule].may_match(name)
        });
        sieved || self.others.as_ref().is_some_and(|others| others.is_match(name))
    }
}

impl Rule {
    fn may_match(&self, name: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.pattern).ok());
        compiled.as_ref().is_none_or(|pattern| pattern.is_match(name))
    }
}

/// A piece of text, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    text: Vec<u8>,
    begins: bool,
    whole: bool,
}

/// The pieces of which one stands in whatever `pattern` matches; `None` where they are so short that
/// they would be seen in most names.
fn pieces(pattern: &Hir, stands_alone: bool) -> Option<Vec<Piece>> {
    let pattern = in_lower_case(pattern);
    let parts = match pattern.kind() {
        HirKind::Concat(parts) => parts.as_slice(),
        _ => std::slice::from_ref(&pattern),
    };
    let is_end = |part: Option<&Hir>| {
        let kind = part.map(Hir::kind);
        stands_alone || matches!(kind, Some(HirKind::Look(Look::WordAscii)))
    };
    let (begins, ends) = (is_end(parts.first()), is_end(parts.last()));
    let mut found = beginnings(&pattern);
    for piece in found.iter_mut().flatten() {
        let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        piece.begins = begins && word(piece.text.first());
        piece.whole &= ends && word(piece.text.last());
    }
    let found = better(found, within(&pattern))?;
    let long = |piece: &Piece| piece.text.len() > 2 || (piece.text.len() == 2 && piece.begins);
    found.iter().all(long).then_some(found)
}

/// What every match of `pattern` begins with.
fn beginnings(pattern: &Hir) -> Option<Vec<Piece>> {
    let found = Extractor::new().limit_literal_len(8).extract(pattern);
    let piece = |literal: &regex_syntax::hir::literal::Literal| Piece {
        text: literal.as_bytes().to_vec(),
        begins: false,
        whole: literal.is_exact(),
    };
    let found: Vec<Piece> = found.literals()?.iter().map(piece).collect();
    (!found.iter().any(|piece| piece.text.is_empty())).then_some(found)
}

/// What stands somewhere in every match of `pattern`.
fn within(pattern: &Hir) -> Option<Vec<Piece>> {
    let first = |part: &Hir| {
        let mut found = beginnings(part);
        found.iter_mut().flatten().for_each(|piece| piece.whole = false);
        found
    };
    let inner = |part: &Hir| better(first(part), within(part));
    match pattern.kind() {
        HirKind::Concat(parts) => {
            let rests = (1..parts.len()).map(|from| first(&Hir::concat(parts[from..].to_vec())));
            parts.iter().map(inner).chain(rests).fold(None, better)
        }
        HirKind::Alternation(parts) => {
            let all: Option<Vec<_>> = parts.iter().map(inner).collect();
            all.map(|all| all.concat())
        }
        HirKind::Repetition(repeated) if repeated.min > 0 => inner(&repeated.sub),
        _ => None,
    }
}

/// Those that are seen in fewer names: longer ones, then fewer of them.
fn better(one: Option<Vec<Piece>>, other: Option<Vec<Piece>>) -> Option<Vec<Piece>> {
    let worth = |pieces: &Vec<Piece>| {
        let shortest = pieces.iter().map(|piece| piece.text.len()).min().unwrap_or(0);
        (shortest.min(4), std::cmp::Reverse(pieces.len()))
    };
    match (one, other) {
        (Some(one), Some(other)) => Some(if worth(&other) > worth(&one) { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// `pattern` with small letters for large ones: what it matches, in lower case, and more.
fn in_lower_case(pattern: &Hir) -> Hir {
    let all = |parts: &[Hir]| parts.iter().map(in_lower_case).collect();
    match pattern.kind() {
        HirKind::Literal(literal) => Hir::literal(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Unicode(class)) => {
            let chars = class.iter().flat_map(|range| range.start()..=range.end());
            let small = chars.map(|c| c.to_ascii_lowercase());
            let ranges = small.map(|c| ClassUnicodeRange::new(c, c));
            Hir::class(Class::Unicode(ClassUnicode::new(ranges)))
        }
        HirKind::Repetition(repeated) => Hir::repetition(Repetition {
            sub: Box::new(in_lower_case(&repeated.sub)),
            ..repeated.clone()
        }),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)),
        HirKind::Capture(capture) => in_lower_case(&capture.sub),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) => pattern.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(pattern: &str, stands_alone: bool) -> Sought {
        Sought::new(&regex_syntax::parse(pattern).unwrap(), true, stands_alone)
    }

    #[test]
    fn a_rule_is_found_where_it_matches_and_hardly_elsewhere() {
        for (pattern, stands_alone, names, others) in [
            (r"(?-u:\b)danish(?-u:\b)", false, &["A DANiSH film", "danish"][..], &["danishes"][..]),
            ("it", true, &["A.it.2019", "iT", "2it3"], &["Kitchen", "bit", "its"]),
            (r"([0-9]{1,2})[. ]?sezon", false, &["A 2.Sezon"], &["A sezon", "2. saison"]),
            (r"[cs]aison|se(?:i|r)ie", false, &["saison", "a serie"], &["season", "sere"]),
            (r"x(?:abc|def)+", false, &["xabcdef", "XDEF"], &["abc", "x", "xab"]),
            (r"[0-9]{2}-[0-9]{2}", false, &["01-12"], &["1-2", "0112"]),
        ] {
            let sieve = Sieve::of(&[sought(pattern, stands_alone)]).unwrap();
            for name in names {
                assert!(sieve.may_match(name), "{pattern}: {name}");
            }
            for name in others {
                assert!(!sieve.may_match(name), "{pattern}: {name}");
            }
        }
    }

    #[test]
    fn pieces_are_read_off_a_pattern_and_are_long_enough() {
        let told = |pattern: &str, stands_alone| {
            let pieces = sought(pattern, stands_alone).pieces?;
            let text = |piece: Piece| String::from_utf8(piece.text).unwrap();
            Some(pieces.into_iter().map(text).collect::<Vec<_>>())
        };
        for (pattern, stands_alone, pieces) in [
            ("Season", false, Some(&["season"][..])),
            (r"[0-9]+ ?(?:abc|defg)", false, Some(&["abc", "defg"])),
            ("it", true, Some(&["it"])),
            ("it", false, None),
            (r"[0-9]{3}", false, None),
            ("(?:abc)?d", false, None),
        ] {
            let pieces = pieces.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(told(pattern, stands_alone), pieces, "{pattern}");
        }
    }
}
