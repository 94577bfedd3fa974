//! Names for people, and the order of lists.

use crate::media::Episode;

/// What stands for all that begins with neither letter nor digit; after `z`, so that it stands last.
const OTHER: char = '~';
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// By what a title is sorted: under its letter, before case and accents, then seasons and episodes
/// by number, then whatever tells two of the same name apart, so that the order is always the same.
pub(super) fn order(name: &str, episode: Option<Episode>, id: &str) -> String {
    let name = name.trim_start();
    let plain: String = name.chars().flat_map(char::to_lowercase).map(plain).collect();
    let letter = match plain.chars().next() {
        Some(c) if c.is_ascii_lowercase() => c,
        Some(c) if c.is_ascii_digit() => '0',
        _ => OTHER,
    };
    let Episode { season, number } = episode.unwrap_or(Episode { season: 0, number: 0 });
    // Specials stand last.
    let season = if season == 0 && episode.is_some() { u32::MAX } else { season };
    format!("{letter}{plain}\u{1}{season:010}{number:010}\u{1}{id}")
}

/// Under which letter a title of this order is found: `A` to `Z`, `0-9`, or `Other`.
pub(super) fn letter(order: &str) -> &'static str {
    match order.bytes().next() {
        Some(b'0') => "0-9",
        Some(c) if c.is_ascii_lowercase() => {
            let at = usize::from(c - b'a');
            &LETTERS[at..=at]
        }
        _ => "Other",
    }
}

/// Small letters without the accents of Latin-1 and its first extension.
const PLAIN: &[(&str, char)] = &[
    ("àáâãäåāăąæ", 'a'),
    ("çćĉċč", 'c'),
    ("ďđð", 'd'),
    ("èéêëēĕėęě", 'e'),
    ("ĝğġģ", 'g'),
    ("ĥħ", 'h'),
    ("ìíîïĩīĭįı", 'i'),
    ("ĵ", 'j'),
    ("ķ", 'k'),
    ("ĺļľŀł", 'l'),
    ("ñńņňŉ", 'n'),
    ("òóôõöøōŏőœ", 'o'),
    ("ŕŗř", 'r'),
    ("śŝşšß", 's'),
    ("ţťŧþ", 't'),
    ("ùúûüũūŭůűų", 'u'),
    ("ŵ", 'w'),
    ("ýÿŷ", 'y'),
    ("źżž", 'z'),
];

fn plain(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    PLAIN.iter().find(|(letters, _)| letters.contains(c)).map_or(c, |(_, letter)| *letter)
}

/// `S01E02 Name`; without a name, `S01E02`.
pub(super) fn of_episode(episode: Episode, name: &str) -> String {
    let Episode { season, number } = episode;
    let name = name.trim();
    let numbers = format!("S{season:02}E{number:02}");
    if name.is_empty() { numbers } else { format!("{numbers} {name}") }
}

/// A season's folder.
pub(super) fn of_season(season: u32) -> String {
    if season == 0 { "Specials".to_owned() } else { format!("Season {season}") }
}

/// A film or series in a list.
pub(super) fn of_title(name: &str, year: Option<u16>) -> String {
    year.map_or_else(|| name.to_owned(), |year| format!("{name} ({year})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_as_people_read() {
        let episode = |season, number| Some(Episode { season, number });
        let rows = [
            ("Été", None),
            ("etude", None),
            ("Harbour", episode(1, 2)),
            ("Harbour", episode(1, 10)),
            ("Harbour", episode(2, 1)),
            ("Harbour", episode(0, 1)),
            ("Zorn", None),
        ];
        let keys: Vec<String> =
            rows.iter().map(|(name, episode)| order(name, *episode, "id")).collect();
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(keys, sorted);
    }

    #[test]
    fn a_title_stands_under_its_first_letter() {
        for (name, expected) in [
            ("Éxodus", "E"),
            (" the lamp", "T"),
            ("Žena", "Z"),
            ("300", "0-9"),
            ("日本", "Other"),
            ("", "Other"),
            ("\"q\"", "Other"),
        ] {
            assert_eq!(letter(&order(name, None, "id")), expected);
        }
    }

    #[test]
    fn an_episode_is_called_by_its_numbers() {
        let episode = Episode { season: 1, number: 2 };
        assert_eq!(of_episode(episode, "Small Hours"), "S01E02 Small Hours");
        assert_eq!(of_episode(episode, " "), "S01E02");
    }
}
