//! The pieces of text that are read off a pattern: whatever it matches holds one of them.

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};

/// A piece of text, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) text: Vec<u8>,
    /// No letter stands before it.
    pub(super) begins: bool,
    /// It is the whole of what is matched, and no letter stands behind it.
    pub(super) whole: bool,
}

/// The pieces of which one stands in whatever `pattern` matches; `None` where they are so short that
/// they would be seen in most names.
pub(super) fn pieces(pattern: &Hir, stands_alone: bool) -> Option<Vec<Piece>> {
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
        // Of so many no pieces are made.
        HirKind::Class(Class::Unicode(class)) if count(class) > 64 => pattern.clone(),
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

fn count(class: &ClassUnicode) -> usize {
    class.iter().map(ClassUnicodeRange::len).sum()
}

/// `pattern` without what no name in ASCII can match, which makes its automaton a tenth as large.
pub(super) fn in_ascii(pattern: &Hir) -> Hir {
    among(pattern, &[ClassUnicodeRange::new('\0', '\x7f')])
}

/// `pattern` without the two letters beyond ASCII that are letters of ASCII in another case: the long s
/// and the sign of the kelvin. For its pieces alone: the ends of words become those of ASCII.
pub(super) fn without_odd_cases(pattern: &Hir) -> Hir {
    let spans = [('\0', '\u{17e}'), ('\u{180}', '\u{2129}'), ('\u{212b}', char::MAX)];
    among(pattern, &spans.map(|(from, to)| ClassUnicodeRange::new(from, to)))
}

/// `pattern` without what is not made of `chars`.
fn among(pattern: &Hir, chars: &[ClassUnicodeRange]) -> Hir {
    let all = |parts: &[Hir]| parts.iter().map(|part| among(part, chars)).collect();
    let known = |c| chars.iter().any(|range| (range.start()..=range.end()).contains(&c));
    match pattern.kind() {
        HirKind::Literal(literal)
            if !str::from_utf8(&literal.0).is_ok_and(|text| text.chars().all(known)) =>
        {
            Hir::fail()
        }
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.intersect(&ClassUnicode::new(chars.iter().copied()));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Look(Look::WordUnicode) => Hir::look(Look::WordAscii),
        HirKind::Look(Look::WordUnicodeNegate) => Hir::look(Look::WordAsciiNegate),
        HirKind::Repetition(repeated) => Hir::repetition(Repetition {
            sub: Box::new(among(&repeated.sub, chars)),
            ..repeated.clone()
        }),
        HirKind::Capture(capture) => among(&capture.sub, chars),
        HirKind::Concat(parts) => Hir::concat(all(parts)),
        HirKind::Alternation(parts) => Hir::alternation(all(parts)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {
            pattern.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_off_a_pattern_and_are_long_enough() {
        let told = |pattern: &str, stands_alone| {
            let pieces = pieces(&regex_syntax::parse(pattern).unwrap(), stands_alone)?;
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
