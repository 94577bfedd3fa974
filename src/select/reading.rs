//! What the files of one torrent say of their seasons and episodes, each read in the light of its
//! folder, of the torrent, and of its siblings.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::disc;
use crate::release::{self, Release};
use crate::torrent::TorrentFile;

/// What one file says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub(super) release: Release,
    /// Where it, its folder or its torrent tells one.
    pub(super) seasons: Vec<u32>,
    pub(super) episodes: Vec<u32>,
    /// The number stands bare, so `103` may be episode 3 of season 1.
    pub(super) bare: bool,
    /// It is a part of a disc (`BDMV`, `VIDEO_TS`), whose numbers count its parts.
    pub(super) on_disc: bool,
}

/// What the name of the torrent says.
#[derive(Debug, Clone, Default)]
pub(super) struct Whole {
    pub(super) release: Release,
    /// Files of more than one season are in it.
    pub(super) many_seasons: bool,
}

static FOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[^\p{L}])(?:season|series|saison|staffel|temporada|stagione|seizoen|сезон|s)[\s._-]*0*(\d{1,3})(?:[^\d]|$)")
        .expect("a constant pattern")
});
static SPECIALS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:specials?|ovas?|oads?|sp)\W*$").expect("a constant pattern")
});
static SPECIAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[\s._\-\[(])(?:OVA|OAD|SP|Specials?)[\s._-]{0,3}\d{0,2}(?:v\d)?(?:$|[\s._\-\[\])])")
        .expect("a constant pattern")
});
static CHECKSUM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\[(][0-9A-Fa-f]{8}[\])]").expect("a constant pattern"));
static DIGITS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d+").expect("a constant pattern"));

/// Reads `files`, whose names say `releases`, of the torrent that is called `torrent`; one reading
/// each, in their order.
pub(super) fn read(
    files: &[&TorrentFile],
    releases: Vec<Release>,
    torrent: Option<&str>,
) -> (Vec<Reading>, Whole) {
    let mut whole =
        Whole { release: torrent.map(release::parse).unwrap_or_default(), ..Whole::default() };
    let mut readings: Vec<Reading> = releases.into_iter().map(of_release).collect();
    for (file, reading) in files.iter().zip(&mut readings).filter(|(file, _)| disc::is_part(file)) {
        *reading = Reading { on_disc: true, ..Reading::default() };
        reading.release.name.clone_from(&file.name);
    }
    by_siblings(files, &mut readings);
    for (file, reading) in files.iter().zip(&mut readings).filter(|(_, r)| !r.on_disc) {
        by_itself(file.base_name(), reading);
    }
    by_folder(files, torrent, &mut readings);
    let told: HashSet<u32> = readings.iter().flat_map(|r| r.seasons.iter().copied()).collect();
    whole.many_seasons =
        whole.release.seasons.len() > 1 || told.iter().filter(|s| **s > 0).count() > 1;
    if let ([season], false) = (whole.release.seasons.as_slice(), whole.many_seasons) {
        let silent = |reading: &&mut Reading| reading.seasons.is_empty() && !reading.on_disc;
        for reading in readings.iter_mut().filter(silent) {
            reading.seasons.push(*season);
        }
    }
    (readings, whole)
}

fn of_release(release: Release) -> Reading {
    let seasons = release.seasons.clone();
    // A recap between two episodes is neither of them.
    let episodes = if release.half { Vec::new() } else { release.episodes.clone() };
    let bare = seasons.is_empty()
        && matches!(episodes.as_slice(), [number] if release::number::bare(&release.name) == Some(*number));
    Reading { release, seasons, episodes, bare, on_disc: false }
}

/// The number that varies among sibling files while the rest stays equal is the episode's:
/// `Show.001.mkv`, `Show.002.mkv`.
fn by_siblings(files: &[&TorrentFile], readings: &mut [Reading]) {
    let mut groups: HashMap<String, Vec<(usize, Vec<String>)>> = HashMap::new();
    for (at, file) in files.iter().enumerate().filter(|(at, _)| !readings[*at].on_disc) {
        let base = file.base_name();
        let folder = &file.name[..file.name.len() - base.len()];
        let name = CHECKSUM.replace_all(base, "");
        let numbers = DIGITS.find_iter(&name).map(|number| number.as_str().to_owned()).collect();
        let rest = DIGITS.replace_all(&name, "#");
        groups.entry(format!("{folder}{rest}")).or_default().push((at, numbers));
    }
    for group in groups.values().filter(|group| group.len() > 1) {
        let Some(place) = varying(group) else { continue };
        // Where the parser read numbers that differ, or seasons, it saw what varies.
        let first = &readings[group[0].0];
        let saw = |(at, _): &(usize, Vec<String>)| {
            let reading = &readings[*at];
            let differs = reading.episodes != first.episodes || reading.seasons != first.seasons;
            differs || reading.release.date.is_some() || reading.release.half
        };
        if group.iter().any(saw) {
            continue;
        }
        for (at, numbers) in group {
            if let Ok(number) = numbers[place].parse() {
                readings[*at].episodes = vec![number];
                readings[*at].bare = true;
            }
        }
    }
}

/// The one place in which the numbers of a group differ, unless it is that of the picture's lines.
fn varying(group: &[(usize, Vec<String>)]) -> Option<usize> {
    let (_, first) = group.first()?;
    let differs = |place: &usize| group.iter().any(|(_, numbers)| numbers[*place] != first[*place]);
    let mut places = (0..first.len()).filter(differs);
    let place = places.next().filter(|_| places.next().is_none())?;
    let lines =
        |number: &str| matches!(number, "480" | "576" | "720" | "1080" | "2160" | "264" | "265");
    let sound = |number: &String| number.len() <= 4 && !lines(number);
    group.iter().any(|(_, numbers)| sound(&numbers[place])).then_some(place)
}

/// A number that stands bare, where nothing else is said.
fn by_itself(base: &str, reading: &mut Reading) {
    let release = &reading.release;
    if reading.episodes.is_empty() && release.date.is_none() && !release.half {
        reading.episodes.extend(release::number::bare(base));
        reading.bare = !reading.episodes.is_empty();
    }
    // Specials count by themselves, whichever season they are told beside.
    if reading.seasons.is_empty() && SPECIAL.is_match(base) && !in_title(release) {
        reading.seasons.push(0);
    }
}

fn in_title(release: &Release) -> bool {
    release.title.as_deref().is_some_and(|title| SPECIAL.is_match(title) && title.contains(' '))
        && release.year.is_some()
}

/// `Season 2/05.mkv` is of season 2.
fn by_folder(files: &[&TorrentFile], torrent: Option<&str>, readings: &mut [Reading]) {
    let mut known: HashMap<&str, Option<u32>> = HashMap::new();
    let silent = |reading: &Reading| reading.seasons.is_empty() && !reading.on_disc;
    for (file, reading) in files.iter().zip(readings).filter(|(_, r)| silent(r)) {
        let mut folders =
            file.name.rsplit(['/', '\\']).skip(1).filter(|part| Some(*part) != torrent);
        let season =
            folders.find_map(|folder| *known.entry(folder).or_insert_with(|| season_of(folder)));
        reading.seasons.extend(season);
    }
}

fn season_of(folder: &str) -> Option<u32> {
    if SPECIALS.is_match(folder) {
        return Some(0);
    }
    let mut found = FOLDER.captures_iter(folder).filter_map(|season| season[1].parse().ok());
    match (found.next(), found.next()) {
        (Some(season), None) => Some(season),
        // Two of them are a range, or say nothing.
        (Some(_), Some(_)) => None,
        (None, _) => match release::parse(folder).seasons.as_slice() {
            [season] => Some(*season),
            _ => None,
        },
    }
}
