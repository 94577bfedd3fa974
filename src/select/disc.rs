//! Films that lie in parts: the folders of a disc, and two CDs.
//!
//! A player that is given one file plays one file. So of a film in parts the first part is played,
//! and of a disc the feature, which is its longest title.

use std::sync::LazyLock;

use regex::Regex;

use crate::torrent::TorrentFile;

/// A title set of a DVD: `VTS_01_2.VOB`. Part 0 is its menu.
static TITLE_SET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^VTS_(\d{2})_(\d)\.VOB$").expect("a constant pattern"));
static FOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[/\\])(?:BDMV|VIDEO_TS|HVDVD_TS)[/\\]").expect("a constant pattern")
});
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:VIDEO_TS|VTS_\d{2}_\d)\.VOB$|^\d{5}\.(?:m2ts|mts)$")
        .expect("a constant pattern")
});
/// `cd2`, `disc 2`, `part2of3`; not `part 2`, which is a sequel's name too.
static LATER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[ ._\-\[(/\\])(?:cd|dvd|dis[ck])[ ._-]?([1-9])(?:[ ._\-\])/\\]|of\d|$)|[ ._\-\[(]part[ ._-]?([1-9])[ ._-]?of[ ._-]?\d")
        .expect("a constant pattern")
});

/// Whether the file is a part of a disc.
pub(super) fn is_part(file: &TorrentFile) -> bool {
    FOLDER.is_match(&file.name) || NAMED.is_match(file.base_name())
}

/// Whether it holds a disc's menu.
pub(super) fn is_menu(file: &TorrentFile) -> bool {
    let base = file.base_name();
    base.eq_ignore_ascii_case("VIDEO_TS.VOB")
        || TITLE_SET.captures(base).is_some_and(|part| &part[2] == "0")
}

/// For each of `files`, whether the film begins in another of them. `files` are those that may be
/// the film.
pub(super) fn later_parts(files: &[&TorrentFile]) -> Vec<bool> {
    let feature = feature(files);
    let numbers: Vec<Option<(String, u32)>> = files.iter().map(|file| place(file)).collect();
    let begins = |(name, number): &(String, u32)| {
        let first = |other: &Option<(String, u32)>| {
            other.as_ref().is_some_and(|(theirs, earlier)| theirs == name && earlier < number)
        };
        numbers.iter().any(first)
    };
    files
        .iter()
        .zip(&numbers)
        .map(|(file, place)| match title_set(file) {
            Some((set, part)) => {
                feature.as_ref().is_some_and(|feature| *feature != set) || part > 1
            }
            None => place.as_ref().is_some_and(begins),
        })
        .collect()
}

/// The title set with the most bytes.
fn feature(files: &[&TorrentFile]) -> Option<String> {
    let mut sizes = std::collections::BTreeMap::<String, u64>::new();
    for file in files {
        if let Some((set, _)) = title_set(file) {
            let size = sizes.entry(set).or_default();
            *size = size.saturating_add(file.size_bytes.unwrap_or(0));
        }
    }
    sizes.into_iter().rev().max_by_key(|(_, size)| *size).map(|(set, _)| set)
}

/// The folder and number of the title set, and which part of it.
fn title_set(file: &TorrentFile) -> Option<(String, u32)> {
    let base = file.base_name();
    let part = TITLE_SET.captures(base)?;
    let folder = &file.name[..file.name.len() - base.len()];
    Some((format!("{folder}{}", &part[1]), part[2].parse().ok()?))
}

/// The name without the part's number, and that number.
fn place(file: &TorrentFile) -> Option<(String, u32)> {
    let stem = file.name.rsplit_once('.').map_or(file.name.as_str(), |(stem, _)| stem);
    let found = LATER.captures_iter(stem).last()?;
    let number = found.get(1).or_else(|| found.get(2))?;
    let rest = format!("{}#{}", &stem[..number.start()], &stem[number.end()..]);
    Some((rest.to_lowercase(), number.as_str().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_begins_in_its_first_part() {
        for (names, later) in [
            (&["Film.cd1.avi", "Film.cd2.avi"][..], &[false, true][..]),
            (&["Film CD2.avi", "Film CD1.avi"], &[true, false]),
            (&["CD1/film.avi", "CD2/film.avi"], &[false, true]),
            (&["Film.part1of2.mkv", "Film.part2of2.mkv"], &[false, true]),
            (&["Film.cd2.avi"], &[false]),
            (&["Film Part 1.mkv", "Film Part 2.mkv"], &[false, false]),
            (&["One.cd1.avi", "Two.cd2.avi"], &[false, false]),
            (&["VIDEO_TS/VTS_01_1.VOB", "VIDEO_TS/VTS_01_2.VOB"], &[false, true]),
        ] {
            let files: Vec<TorrentFile> = names
                .iter()
                .map(|name| TorrentFile { name: (*name).to_owned(), ..TorrentFile::default() })
                .collect();
            let files: Vec<&TorrentFile> = files.iter().collect();
            assert_eq!(later_parts(&files), later, "{names:?}");
        }
    }
}
