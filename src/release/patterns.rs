//! Patterns that are looked for in one name: each is tried only where a piece of it stands there.
//!
//! Whatever a pattern matches holds one of a few pieces of text (see [`super::pieces`]). One scan of
//! the name finds the pieces of all; few patterns are then tried in an ordinary name. One automaton of
//! all the patterns themselves would be built as names come, which takes longer for thousands of names
//! than to try them one by one.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex::{Captures, Regex};
use regex_syntax::hir::{Hir, HirKind};

use super::pieces::{Piece, in_ascii, pieces, without_odd_cases};

/// Patterns by their place in a list, which has 64 at most.
pub(super) struct Patterns {
    each: Vec<Pattern>,
    pieces: AhoCorasick,
    /// Of each piece, in the automaton's order.
    marks: Vec<Mark>,
    /// The places of those that are tried in every name in ASCII, and in every other one: they have no
    /// pieces that are rare enough. A bit each.
    tried: [u64; 2],
}

struct Pattern {
    text: &'static str,
    /// Made when it is first tried: most names need few.
    compiled: OnceLock<Regex>,
}

/// What a piece tells where it is seen.
struct Mark {
    /// The places of the patterns that may stand there. A bit each.
    places: u64,
    /// No letter may stand before it.
    begins: bool,
}

impl Patterns {
    /// # Panics
    ///
    /// Where one of them is no pattern, or there are too many: they are constants.
    pub(super) fn new(patterns: &[&'static str]) -> Self {
        let (mut texts, mut marks, mut tried) = (Vec::new(), Vec::<Mark>::new(), [0; 2]);
        let each = patterns.iter().map(|text| Pattern { text, compiled: OnceLock::new() });
        for (place, text) in (0_u32..).zip(patterns) {
            let pattern = regex_syntax::parse(text).expect("a constant pattern");
            let bit = 1_u64.checked_shl(place).expect("64 patterns at most");
            let (plain, any) =
                (of_branches(&in_ascii(&pattern)), of_branches(&without_odd_cases(&pattern)));
            for (tried, found) in tried.iter_mut().zip([&plain, &any]) {
                *tried |= if found.is_none() { bit } else { 0 };
            }
            // What holds for any name holds for one in ASCII.
            for Piece { text, begins, .. } in any.or(plain).unwrap_or_default() {
                marks.push(Mark { places: bit, begins });
                texts.push(text);
            }
        }
        let pieces = AhoCorasick::builder().ascii_case_insensitive(true).build(&texts);
        Self { each: each.collect(), pieces: pieces.expect("constant pieces"), marks, tried }
    }

    pub(super) fn of<'a>(&'a self, name: &'a str) -> Seen<'a> {
        Seen { name, may_stand: self.may_stand(name), patterns: self }
    }

    /// The places of those of which something stands in `name`. A bit each.
    fn may_stand(&self, name: &str) -> u64 {
        let plain = name.is_ascii();
        // The long s and the sign of the kelvin are letters of ASCII in another case.
        if !plain && name.contains(['\u{17f}', '\u{212a}']) {
            return u64::MAX;
        }
        let bytes = name.as_bytes();
        let mut found = self.tried[usize::from(!plain)];
        for seen in self.pieces.find_overlapping_iter(bytes) {
            let mark = &self.marks[seen.pattern().as_usize()];
            let before = seen.start().checked_sub(1).map(|at| bytes[at]);
            if !(mark.begins && before.is_some_and(|byte| byte.is_ascii_alphabetic())) {
                found |= mark.places;
            }
        }
        found
    }

    fn regex(&self, place: usize) -> &Regex {
        let Pattern { text, compiled } = &self.each[place];
        compiled.get_or_init(|| Regex::new(text).expect("a constant pattern"))
    }
}

/// The pieces of which one stands in whatever a branch of `pattern` matches, each branch having its own
/// beginning.
fn of_branches(pattern: &Hir) -> Option<Vec<Piece>> {
    match pattern.kind() {
        HirKind::Alternation(branches) => {
            let all: Option<Vec<_>> = branches.iter().map(|one| pieces(one, false)).collect();
            all.map(|all| all.concat())
        }
        _ => pieces(pattern, false),
    }
}

/// Which patterns stand in a name.
pub(super) struct Seen<'a> {
    name: &'a str,
    may_stand: u64,
    patterns: &'a Patterns,
}

impl<'a> Seen<'a> {
    pub(super) fn has(&self, place: usize) -> bool {
        self.may_have(place) && self.regex(place).is_match(self.name)
    }

    /// What the pattern caught where it stands first.
    pub(super) fn captures(&self, place: usize) -> Option<Captures<'a>> {
        if self.may_have(place) { self.regex(place).captures(self.name) } else { None }
    }

    /// The places of those that stand in it, ascending.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        (0..self.patterns.each.len()).filter(|place| self.has(*place))
    }

    pub(super) fn regex(&self, place: usize) -> &'a Regex {
        self.patterns.regex(place)
    }

    fn may_have(&self, place: usize) -> bool {
        self.may_stand & (1 << place) != 0
    }
}

/// A list of patterns, each with a name that is its place.
macro_rules! patterns {
    ($($name:ident = $pattern:literal;)+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "constants' names")]
        #[repr(usize)]
        enum Place { $($name),+ }
        $(const $name: usize = Place::$name as usize;)+
        pub(super) static PATTERNS: std::sync::LazyLock<super::patterns::Patterns> =
            std::sync::LazyLock::new(|| super::patterns::Patterns::new(&[$($pattern),+]));
    };
}

/// One pattern, made when it is first needed.
macro_rules! compiled {
    ($pattern:literal) => {
        std::sync::LazyLock::new(|| regex::Regex::new($pattern).expect("a constant pattern"))
    };
}

pub(super) use {compiled, patterns};

#[cfg(test)]
#[path = "patterns_tests.rs"]
mod tests;
