//! Which bytes of a file are here.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Ranges of bytes, in order, none touching the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds a range.
    pub fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        // All that meet it become one with it.
        let from = self.0.partition_point(|(_, end)| *end < range.start);
        let to = self.0.partition_point(|(start, _)| *start <= range.end);
        let met = &self.0[from..to];
        let start = met.first().map_or(range.start, |first| first.0.min(range.start));
        let end = met.last().map_or(range.end, |last| last.1.max(range.end));
        self.0.splice(from..to, [(start, end)]);
    }

    /// How many bytes they are.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|(start, end)| end - start).sum()
    }

    /// How far the bytes from `at` on are here without a gap, at most to `end`; `at` where they are
    /// not.
    #[must_use]
    pub fn here_until(&self, at: u64, end: u64) -> u64 {
        let next = self.0.partition_point(|(_, until)| *until <= at);
        match self.0.get(next) {
            Some((start, until)) if *start <= at => (*until).min(end),
            _ => at,
        }
    }

    /// Where the gap at `at` ends, at most at `end`.
    #[must_use]
    pub fn gap_until(&self, at: u64, end: u64) -> u64 {
        let next = self.0.partition_point(|(_, until)| *until <= at);
        self.0.get(next).map_or(end, |(start, _)| (*start).clamp(at, end))
    }

    /// The first gap below `len`.
    #[must_use]
    pub fn first_gap(&self, len: u64) -> Option<Range<u64>> {
        let start = self.here_until(0, len);
        (start < len).then(|| start..self.gap_until(start, len))
    }

    /// Each of them, cut at `len`.
    #[must_use]
    pub fn list(&self, len: u64) -> Vec<Range<u64>> {
        self.within(len).0.into_iter().map(|(start, end)| start..end).collect()
    }

    /// The same cut at `len`.
    #[must_use]
    pub fn within(&self, len: u64) -> Self {
        let cut = self.0.iter().map(|(start, end)| (*start, (*end).min(len)));
        Self(cut.filter(|(start, end)| start < end).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_meet_become_one() {
        let mut ranges = Ranges::default();
        for (add, expected) in [
            (10..20, vec![(10, 20)]),
            (5..5, vec![(10, 20)]),
            (30..40, vec![(10, 20), (30, 40)]),
            (20..25, vec![(10, 25), (30, 40)]),
            (0..1, vec![(0, 1), (10, 25), (30, 40)]),
            (24..31, vec![(0, 1), (10, 40)]),
            (12..13, vec![(0, 1), (10, 40)]),
            (0..50, vec![(0, 50)]),
        ] {
            ranges.add(add.clone());
            assert_eq!(ranges.0, expected, "{add:?}");
        }
        assert_eq!(ranges.bytes(), 50);
    }

    #[test]
    fn gaps_are_found() {
        let ranges = Ranges(vec![(10, 20), (30, 40)]);
        for (at, here, gap) in
            [(0, 0, 10), (10, 20, 10), (15, 20, 15), (20, 20, 30), (39, 40, 39), (40, 40, 100)]
        {
            assert_eq!(ranges.here_until(at, 100), here, "{at}");
            if here == at {
                assert_eq!(ranges.gap_until(at, 100), gap, "{at}");
            }
        }
        assert_eq!(ranges.here_until(10, 15), 15);
        assert_eq!(ranges.gap_until(0, 5), 5);
        assert_eq!(ranges.first_gap(100), Some(0..10));
        assert_eq!(Ranges(vec![(0, 10)]).first_gap(10), None);
        assert_eq!(Ranges(vec![(0, 10), (15, 20)]).first_gap(17), Some(10..15));
        assert_eq!(ranges.within(35), Ranges(vec![(10, 20), (30, 35)]));
        assert_eq!(ranges.within(30), Ranges(vec![(10, 20)]));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_added_is_here_and_nothing_else(
            added in proptest::collection::vec((0_u64..200, 0_u64..30), 0..20),
        ) {
            let mut ranges = Ranges::default();
            let mut bytes = [false; 240];
            for (start, len) in added {
                ranges.add(start..start + len);
                for byte in start..start + len {
                    bytes[usize::try_from(byte).unwrap()] = true;
                }
            }
            for (at, here) in bytes.iter().enumerate() {
                let at = at as u64;
                proptest::prop_assert_eq!(ranges.here_until(at, 240) > at, *here);
            }
            proptest::prop_assert_eq!(ranges.bytes(), bytes.iter().filter(|b| **b).count() as u64);
        }
    }
}
