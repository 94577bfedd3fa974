//! What is searched for (ContentDirectory:1, 2.5.5). What is not understood is left out: a set that gets
//! more than it asked for shows it, and one that gets an error shows nothing.

mod reading;

use crate::playback::{Node, NodeKind};

/// What can be searched for.
pub const SEARCH_CAPABILITIES: &str = "dc:title,upnp:class";
/// The class of every film, in lower case.
const FILM: &str = "object.item.videoitem";

/// Which films are searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    Films,
    /// None: what is searched for is not here, such as music.
    Nothing,
    /// Those whose title has this relation to a text.
    Titled(Relation, String),
    /// Those that each of these takes.
    Each(Vec<Self>),
    /// Those that one of these takes.
    Either(Vec<Self>),
}

/// How a text has to stand to the one that is given; case does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Is,
    /// `!=`
    IsNot,
    /// `contains`
    Contains,
    /// `doesNotContain`
    Lacks,
    /// `derivedfrom`
    Derived,
}

impl Wanted {
    /// Reads search criteria.
    #[must_use]
    pub fn read(criteria: &str) -> Self {
        reading::read(criteria).unwrap_or(Self::Films)
    }

    /// Whether this is wanted.
    #[must_use]
    pub fn takes(&self, node: &Node) -> bool {
        matches!(node.kind, NodeKind::Video(_)) && self.takes_title(&node.title.to_lowercase())
    }

    /// Whether a film with this title is wanted; it is given in lower case.
    #[must_use]
    pub fn takes_title(&self, title: &str) -> bool {
        match self {
            Self::Films => true,
            Self::Nothing => false,
            Self::Titled(relation, value) => relation.holds(title, value),
            Self::Each(parts) => parts.iter().all(|part| part.takes_title(title)),
            Self::Either(parts) => parts.iter().any(|part| part.takes_title(title)),
        }
    }

    fn each(parts: Vec<Self>) -> Option<Self> {
        Self::joined(parts, &Self::Films, &Self::Nothing, Self::Each)
    }

    fn either_of(parts: Vec<Self>) -> Option<Self> {
        Self::joined(parts, &Self::Nothing, &Self::Films, Self::Either)
    }

    /// Parts without those that change nothing; `decides` alone where one of them is that.
    fn joined(
        mut parts: Vec<Self>,
        idle: &Self,
        decides: &Self,
        join: fn(Vec<Self>) -> Self,
    ) -> Option<Self> {
        if parts.is_empty() {
            return None;
        }
        if parts.contains(decides) {
            return Some(decides.clone());
        }
        parts.retain(|part| part != idle);
        match parts.len() {
            0 => Some(idle.clone()),
            1 => parts.pop(),
            _ => Some(join(parts)),
        }
    }
}

impl Relation {
    fn read(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "=" => Self::Is,
            "!=" => Self::IsNot,
            "contains" => Self::Contains,
            "doesnotcontain" => Self::Lacks,
            "derivedfrom" => Self::Derived,
            _ => return None,
        })
    }

    fn holds(self, text: &str, value: &str) -> bool {
        match self {
            Self::Is | Self::Derived => text == value,
            Self::IsNot => text != value,
            Self::Contains => text.contains(value),
            Self::Lacks => !text.contains(value),
        }
    }

    /// Whether the class of films has it to `value`. Our films have no class below that of videos; who
    /// asks for one, such as `.movie`, means them.
    fn holds_of_films(self, value: &str) -> bool {
        let below = value.strip_prefix(FILM).is_some_and(|rest| rest.starts_with('.'));
        let above = FILM.strip_prefix(value).is_some_and(|rest| rest.starts_with('.'));
        match self {
            Self::Is => value == FILM || below,
            Self::IsNot => value != FILM && !below,
            Self::Derived => value == FILM || below || above,
            Self::Contains | Self::Lacks => self.holds(FILM, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_for_films_or_for_nothing() {
        for (criteria, expected) in [
            ("*", Wanted::Films),
            ("", Wanted::Films),
            ("(upnp:class derivedfrom \"object.item.videoItem\")", Wanted::Films),
            ("upnp:class derivedfrom \"object.item\"", Wanted::Films),
            ("upnp:class = \"object.item.videoItem.movie\"", Wanted::Films),
            (
                "upnp:class derivedfrom \"object.item.videoItem\" and @refID exists false",
                Wanted::Films,
            ),
            ("upnp:class derivedfrom \"object.item.audioItem\"", Wanted::Nothing),
            ("upnp:class = \"object.container.person.musicArtist\"", Wanted::Nothing),
            ("upnp:class != \"object.item.videoItem\"", Wanted::Nothing),
            ("upnp:class doesNotContain \"audioItem\"", Wanted::Films),
            (
                "(upnp:class derivedfrom \"object.item.audioItem\") or (upnp:class derivedfrom \"object.item.videoItem\")",
                Wanted::Films,
            ),
            ("upnp:artist contains \"a\" and dc:date > \"2001\"", Wanted::Films),
            ("dc:title contains \"open", Wanted::Films),
            ("dc:title", Wanted::Films),
            (") and", Wanted::Films),
        ] {
            assert_eq!(Wanted::read(criteria), expected, "{criteria}");
        }
    }

    #[test]
    fn a_title_is_taken_as_the_criteria_say() {
        for (criteria, taken) in [
            ("dc:title contains \"ash\"", &["Ash", "Ash and Oak"][..]),
            ("dc:title=\"ASH\"", &["Ash"]),
            ("dc:title != \"Ash\"", &["Ash and Oak", "Birch \"b\" \\"]),
            ("dc:title doesNotContain \"Ash\"", &["Birch \"b\" \\"]),
            ("dc:title contains \"birch\" or dc:title = \"ash\"", &["Ash", "Birch \"b\" \\"]),
            ("dc:title contains \"ash\" and dc:title contains \"oak\"", &["Ash and Oak"]),
            // `and` binds closer than `or`, parentheses closer than both.
            (
                "dc:title = \"ash\" or dc:title contains \"oak\" and dc:title contains \"x\"",
                &["Ash"],
            ),
            (
                "(dc:title = \"ash\" or dc:title contains \"oak\") and dc:title contains \"a\" and \
                 upnp:class derivedfrom \"object.item.videoItem\"",
                &["Ash", "Ash and Oak"],
            ),
            ("dc:title contains \"b \\\"b\\\" \\\\\" and upnp:genre = \"x\"", &[]),
            ("dc:title contains \"\\\"b\\\" \\\\\" and upnp:genre = \"x\"", &["Birch \"b\" \\"]),
        ] {
            let wanted = Wanted::read(criteria);
            let mut titles = vec!["Ash", "Ash and Oak", "Birch \"b\" \\"];
            titles.retain(|title| wanted.takes_title(&title.to_lowercase()));
            assert_eq!(titles, taken, "{criteria}");
        }
    }

    #[test]
    fn a_flood_of_parentheses_is_read() {
        let deep = format!("{}dc:title = \"a\"{}", "(".repeat(60_000), ")".repeat(60_000));
        assert_eq!(Wanted::read(&deep), Wanted::Films);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(criteria in "(\\(|\\)|dc:title|upnp:class| and | or |=|\"a\"|\"|\\\\|exists|.){0,30}") {
            let _ = Wanted::read(&criteria);
        }
    }
}
