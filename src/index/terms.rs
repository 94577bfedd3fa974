//! What to type into a site's search field.

use crate::media::Query;

/// A name as plain words. Signs mean something in search fields (`-` excludes, `|` is "or", `"` a
/// phrase), and releases write them as they please.
pub(super) fn plain(name: &str) -> String {
    let words = name.split(|c: char| !(c.is_alphanumeric() || c == '\'' || is_mark(c)));
    let words = words.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Vowel signs of Indic scripts and the like: part of a word, though no letters.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36F | 0x900..=0xDFF | 0xE31..=0xE4E | 0x3099..=0x309A)
}

/// Its names as plain words, each once, at most `most`.
pub(super) fn names(query: &Query, most: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in query.names().map(plain) {
        let seen = names.iter().any(|seen| seen.to_lowercase() == name.to_lowercase());
        if !name.is_empty() && !seen && names.len() < most {
            names.push(name);
        }
    }
    names
}

/// How releases write the episode's number: padded to two digits, for each of its numbers first,
/// then as it is.
pub(super) fn numbers(query: &Query) -> Vec<String> {
    let numbers = query.numbers();
    let bare = numbers.iter().filter(|number| **number < 10).map(ToString::to_string);
    padded(query).into_iter().chain(bare).collect()
}

/// The same, padded alone.
pub(super) fn padded(query: &Query) -> Vec<String> {
    query.numbers().iter().map(|number| format!("{number:02}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{AnimePlace, Title};

    #[test]
    fn signs_are_no_part_of_what_is_searched_for() {
        for (name, wanted) in [
            ("Re:Zero - Starting Life", "Re Zero Starting Life"),
            ("Howl's \"Moving\" Castle|x", "Howl's Moving Castle x"),
            ("'tis -not", "tis not"),
            ("時計の凧!", "時計の凧"),
            ("Café 2", "Café 2"),
            ("---", ""),
        ] {
            assert_eq!(plain(name), wanted, "{name}");
        }
    }

    #[test]
    fn numbers_come_padded_first_and_names_once() {
        let title = Title {
            name: "Clockwork Kite".to_owned(),
            aliases: vec!["CLOCKWORK: KITE".to_owned(), "Tokei no Tako".to_owned(), "X".to_owned()],
            kitsu: Some(AnimePlace { id: 5, episode: Some(2) }),
            absolute: Some(14),
            ..Title::default()
        };
        let query = Query { id: "tt9900002:2:2".parse().unwrap(), title: Some(title) };
        assert_eq!(numbers(&query), ["02", "14", "2"]);
        assert_eq!(names(&query, 2), ["Clockwork Kite", "Tokei no Tako"]);
    }
}
