//! In which order a list is asked for (ContentDirectory:1, 2.5.7). What is not understood is left out: a
//! set that gets a list in another order shows it, and one that gets an error shows nothing.

use crate::playback::{Node, NodeKind};

/// What can be sorted by.
pub const SORT_CAPABILITIES: &str = "dc:title,dc:date";

/// An order of folders and films.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    by: By,
    descending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Title,
    Date,
}

impl Order {
    /// The first criterion that is understood; `None`: as the folder has it.
    #[must_use]
    pub fn read(criteria: &str) -> Option<Self> {
        criteria.split(',').find_map(|one| {
            let one = one.trim();
            let (descending, name) = match one.strip_prefix('-') {
                Some(name) => (true, name),
                None => (false, one.strip_prefix('+').unwrap_or(one)),
            };
            let by = match name {
                "dc:title" => By::Title,
                "dc:date" => By::Date,
                _ => return None,
            };
            Some(Self { by, descending })
        })
    }

    /// Puts them in order; folders stay before films.
    pub fn sort(self, nodes: &mut [Node]) {
        match self.by {
            By::Title => nodes.sort_by_cached_key(|node| by_number(&node.title)),
            By::Date => nodes.sort_by_key(|node| node.changed),
        }
        if self.descending {
            nodes.reverse();
        }
        nodes.sort_by_key(|node| matches!(node.kind, NodeKind::Video(_)));
    }
}

/// A title in an order in which episode 2 stands before episode 10.
fn by_number(title: &str) -> String {
    const DIGITS: usize = 12;
    let (mut key, mut run) = (String::new(), String::new());
    for c in title.to_lowercase().chars().chain(['\0']) {
        if c.is_ascii_digit() {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            key.extend(std::iter::repeat_n('0', DIGITS.saturating_sub(run.len())));
            key.push_str(&run);
            run.clear();
        }
        key.push(c);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_the_first_that_is_understood() {
        let title = |descending| Some(Order { by: By::Title, descending });
        for (criteria, expected) in [
            ("", None),
            ("+dc:title", title(false)),
            ("-dc:title", title(true)),
            ("dc:title", title(false)),
            ("+upnp:class,+dc:title", title(false)),
            ("+upnp:artist", None),
            ("-dc:date,+dc:title", Some(Order { by: By::Date, descending: true })),
        ] {
            assert_eq!(Order::read(criteria), expected, "{criteria}");
        }
    }

    #[test]
    fn numbers_in_titles_count_as_numbers() {
        let mut titles = ["10. Ten", "2. Two", "b", "1. One", "A 12", "A 3"];
        titles.sort_by_cached_key(|title| by_number(title));
        assert_eq!(titles, ["1. One", "2. Two", "10. Ten", "A 3", "A 12", "b"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(criteria in ".*") {
            let _ = Order::read(&criteria);
        }
    }
}
