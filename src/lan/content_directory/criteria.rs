//! What is asked of a list: its order, and what is searched for (ContentDirectory:1, 2.5.5 and 2.5.7).
//! What is not understood is left out: a set that gets a list in another order shows it, and one that
//! gets an error shows nothing.

use crate::playback::{Node, NodeKind};

/// What can be sorted by.
pub const SORT_CAPABILITIES: &str = "dc:title,dc:date";
/// What can be searched for.
pub const SEARCH_CAPABILITIES: &str = "dc:title,upnp:class";

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

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Words that the title holds, in lower case; all of them.
    words: Vec<String>,
    films: bool,
}

impl Wanted {
    /// Reads search criteria; `None` where nothing of ours can be meant, such as music.
    #[must_use]
    pub fn read(criteria: &str) -> Option<Self> {
        let criteria = criteria.trim();
        let (mut words, mut classes) = (Vec::new(), Vec::new());
        let mut rest = criteria;
        while let Some((before, value, after)) = quoted(rest) {
            let before = before.to_ascii_lowercase();
            let named = |name: &str| before.contains(name);
            if named("upnp:class") {
                // Films are all that is here: `!=` and `doesNotContain` leave no class of ours out
                // but videos.
                let other = named("!=") || named("doesnotcontain");
                classes.push((value.to_ascii_lowercase(), other));
            } else if named("dc:title") && (named("contains") || named("=")) {
                words.push(value.to_lowercase());
            }
            rest = after;
        }
        let ours = |class: &str| {
            "object.item.videoitem".starts_with(class) || class.starts_with("object.item.videoitem")
        };
        let films = classes.is_empty() || classes.iter().any(|(class, not)| ours(class) != *not);
        films.then_some(Self { words, films })
    }

    /// Whether this is wanted.
    #[must_use]
    pub fn takes(&self, node: &Node) -> bool {
        let film = matches!(node.kind, NodeKind::Video(_));
        let title = node.title.to_lowercase();
        film == self.films && self.words.iter().all(|word| title.contains(word.as_str()))
    }
}

/// What stands before the next text in quotation marks, the text with its escapes read, and the rest.
fn quoted(text: &str) -> Option<(&str, String, &str)> {
    let (before, inside) = text.split_once('"')?;
    let mut value = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            '"' => return Some((before, value, &inside[at + 1..])),
            c => value.push(c),
        }
    }
    None
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

    #[test]
    fn a_search_is_for_films_or_for_nothing() {
        let words = |words: &[&str]| {
            Some(Wanted {
                words: words.iter().map(|word| (*word).to_owned()).collect(),
                films: true,
            })
        };
        for (criteria, expected) in [
            ("*", words(&[])),
            ("", words(&[])),
            ("(upnp:class derivedfrom \"object.item.videoItem\")", words(&[])),
            (
                "upnp:class derivedfrom \"object.item.videoItem\" and dc:title contains \"Tom\"",
                words(&["tom"]),
            ),
            ("upnp:class derivedfrom \"object.item.audioItem\"", None),
            ("upnp:class = \"object.container.person.musicArtist\"", None),
            ("upnp:class derivedfrom \"object.item\"", words(&[])),
            ("dc:title contains \"a \\\"b\\\" \\\\c\"", words(&["a \"b\" \\c"])),
            ("dc:title contains \"open", words(&[])),
            (
                "(upnp:class derivedfrom \"object.item.audioItem\") or (upnp:class derivedfrom \"object.item.videoItem\")",
                words(&[]),
            ),
        ] {
            assert_eq!(Wanted::read(criteria), expected, "{criteria}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(criteria in ".*") {
            let _ = Wanted::read(&criteria);
            let _ = Order::read(&criteria);
        }
    }
}
