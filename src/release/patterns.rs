//! Patterns that are looked for together: a name is scanned once for all of them, and each is run by
//! itself only where it is known to stand.

use regex::{Captures, Regex, RegexSet, SetMatches};

/// Patterns by their place in a list.
pub(super) struct Patterns {
    together: RegexSet,
    each: Vec<Regex>,
}

impl Patterns {
    /// # Panics
    ///
    /// Where one of them is no pattern: they are constants.
    pub(super) fn new(patterns: &[&str]) -> Self {
        let each = patterns.iter().map(|one| Regex::new(one).expect("a constant pattern"));
        Self { together: RegexSet::new(patterns).expect("constant patterns"), each: each.collect() }
    }

    pub(super) fn of<'a>(&'a self, name: &'a str) -> Seen<'a> {
        Seen { name, found: self.together.matches(name), patterns: self }
    }
}

/// Which patterns stand in a name.
pub(super) struct Seen<'a> {
    name: &'a str,
    found: SetMatches,
    patterns: &'a Patterns,
}

impl<'a> Seen<'a> {
    pub(super) fn has(&self, place: usize) -> bool {
        self.found.matched(place)
    }

    /// What the pattern caught where it stands first.
    pub(super) fn captures(&self, place: usize) -> Option<Captures<'a>> {
        if self.has(place) { self.patterns.each[place].captures(self.name) } else { None }
    }

    /// The places of those that stand in it, ascending.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.found.iter()
    }

    pub(super) fn regex(&self, place: usize) -> &'a Regex {
        &self.patterns.each[place]
    }
}

/// A list of patterns, each with a name that is its place.
macro_rules! patterns {
    ($($name:ident = $pattern:literal;)+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "constants' names")]
        #[repr(usize)]
        enum Place { $($name),+ }
        $(const $name: usize = Place::$name as usize;)+
        static PATTERNS: std::sync::LazyLock<super::patterns::Patterns> =
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
