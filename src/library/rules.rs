//! Which titles go, and in which order. Pure: no disk, no clock.

use std::time::Duration;

/// How often a title must have been watched to be spared.
const POPULAR: u32 = 10;

/// The household's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Nothing is ever removed but by hand.
    pub permanent: bool,
    /// How long a title that nobody reads stays; `None`: until its room is needed.
    pub idle: Option<Duration>,
    /// Most bytes of all titles; `None`: as many as the disk takes.
    pub max_bytes: Option<u64>,
    /// What stays free, in bytes; `None`: what suits the file system.
    pub reserve_bytes: Option<u64>,
}

/// Why a title is not removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spared {
    /// Somebody reads it, or a file of the same torrent.
    Read,
    /// The owner said so.
    Pinned,
    /// It was moved to a place where things stay.
    Permanent,
    /// A copy is being made of it, or has been, because somebody asked for it.
    Kept,
    /// It lay there before this state knew of it, so that somebody else may want it.
    Found,
    /// It was watched ten times or more.
    Popular,
    /// The library is permanent as a whole.
    PermanentMode,
}

/// Why a title is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nobody has read it for long.
    Idle,
    /// The titles take more than they may.
    Quota,
    /// Its room is needed.
    Room,
    /// Somebody said so.
    Asked,
}

/// A title, as far as the rules look at it.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a reason of its own")]
pub struct Item {
    /// What it takes on the disk.
    pub bytes: u64,
    /// How long nobody has read it.
    pub idle: Duration,
    /// When it was watched last, in milliseconds since 1970; `None`: never.
    pub last_watched_ms: Option<u64>,
    /// How often.
    pub watched: u32,
    /// See [`Spared::Read`].
    pub read: bool,
    /// See [`Spared::Pinned`].
    pub pinned: bool,
    /// See [`Spared::Permanent`].
    pub permanent: bool,
    /// See [`Spared::Kept`].
    pub kept: bool,
    /// See [`Spared::Found`].
    pub found: bool,
}

impl Rules {
    /// Why it stays whatever comes, if so.
    #[must_use]
    pub fn spared(&self, item: &Item) -> Option<Spared> {
        let reasons = [
            (item.read, Spared::Read),
            (item.pinned, Spared::Pinned),
            (item.permanent, Spared::Permanent),
            (item.kept, Spared::Kept),
            (item.found, Spared::Found),
            (item.watched >= POPULAR, Spared::Popular),
            (self.permanent, Spared::PermanentMode),
        ];
        reasons.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
    }

    /// Those that nobody has read for `idle` or longer, by their place in `items`.
    #[must_use]
    pub fn idle(&self, items: &[Item], idle: Duration) -> Vec<usize> {
        let due = |item: &Item| item.idle >= idle && self.spared(item).is_none();
        (0..items.len()).filter(|at| due(&items[*at])).collect()
    }

    /// Those that go to free `bytes`: the one that was watched longest ago first. Empty where all of
    /// them together would not be enough, since then none need go.
    #[must_use]
    pub fn to_free(&self, items: &[Item], bytes: u64) -> Vec<usize> {
        let mut able: Vec<usize> =
            (0..items.len()).filter(|at| self.spared(&items[*at]).is_none()).collect();
        able.sort_by_key(|at| (items[*at].last_watched_ms, std::cmp::Reverse(items[*at].idle)));
        let mut freed = 0;
        let mut go = Vec::new();
        for at in able {
            if freed >= bytes {
                break;
            }
            freed += items[at].bytes;
            go.push(at);
        }
        if freed >= bytes { go } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules =
        Rules { permanent: false, idle: None, max_bytes: None, reserve_bytes: None };

    fn item(bytes: u64, watched: u64) -> Item {
        Item { bytes, last_watched_ms: Some(watched), ..Item::default() }
    }

    #[test]
    fn what_anybody_wants_is_spared() {
        let plain = item(1, 1);
        for (item, reason) in [
            (plain.clone(), None),
            (Item { read: true, pinned: true, ..plain.clone() }, Some(Spared::Read)),
            (Item { pinned: true, ..plain.clone() }, Some(Spared::Pinned)),
            (Item { permanent: true, ..plain.clone() }, Some(Spared::Permanent)),
            (Item { kept: true, ..plain.clone() }, Some(Spared::Kept)),
            (Item { found: true, ..plain.clone() }, Some(Spared::Found)),
            (Item { watched: 9, ..plain.clone() }, None),
            (Item { watched: 10, ..plain.clone() }, Some(Spared::Popular)),
        ] {
            assert_eq!(RULES.spared(&item), reason, "{item:?}");
        }
        let permanent = Rules { permanent: true, ..RULES };
        assert_eq!(permanent.spared(&plain), Some(Spared::PermanentMode));
    }

    #[test]
    fn the_one_that_was_watched_longest_ago_goes_first() {
        let never = Item { last_watched_ms: None, ..item(10, 0) };
        let pinned = Item { pinned: true, ..item(100, 1) };
        let items = [item(10, 30), pinned, item(10, 20), never, item(10, 40)];
        for (bytes, expected) in [
            (0, vec![]),
            (1, vec![3]),
            (10, vec![3]),
            (11, vec![3, 2]),
            (40, vec![3, 2, 0, 4]),
            (41, vec![]), // it would not do, so nothing is lost for it
        ] {
            assert_eq!(RULES.to_free(&items, bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn what_nobody_reads_for_long_goes() {
        let waits = |minutes: u64| Item { idle: Duration::from_secs(60 * minutes), ..item(1, 1) };
        let pinned = Item { pinned: true, ..waits(99) };
        let items = [waits(29), waits(30), pinned, waits(31)];
        assert_eq!(RULES.idle(&items, Duration::from_secs(1800)), [1, 3]);
        assert_eq!(RULES.idle(&items, Duration::ZERO), [0, 1, 3]);
    }
}
