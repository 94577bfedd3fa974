//! Seasons and episodes: the parser's numbers, mended where it is known to err.
//!
//! Ranges in brackets, and such as are joined by a word, are read besides. Three faults are met. A
//! title with two numbers reads as a range of hundreds of episodes (`Show - 12 - 200 Words`). A
//! frame reads as season and episode (`1920x1080`). A number that stands bare (`Show 1024.mkv`) is
//! not read at all: rightly, for alone it may belong to the title; [`bare`] gives it to those who
//! know more, such as the sibling files.

use std::sync::LazyLock;

use parse_torrent_title::ParsedTitle;
use regex::{Captures, Regex};

use super::patterns::{Seen, compiled, patterns};

patterns! {
    MARKED = r"(?i)(?:^|[^\p{L}])(?:s\d+[ ._-]?)?(?:e|ep|eps|episodes?|сери[ияй]|folgen?)[ ._:(\[]*\d";
    SPACED = r"(\d+)\s+[-–~]\s+(\d+)";
    FRAME = r"(?i)(?:^|\D)(\d{3,4})[x×](\d{3,4})(?:\D|$)";
    BATCH = r"(?i)\b(?:batch|all episodes?|complete series)\b";
    BRACKETED = r"[\[(（]\s*(?:TV\s*)?(\d{1,4})\s*[-~–]\s*(\d{2,4})\s*(?:TV|END|Fin)?\s*(?:[+&,][^\])）]*)?[\])）]";
    JOINED = r"(?i)\bE(?:p\.?\s*)?(\d{1,4})\s*(?:à|to|bis|thru|al?)\s*E(?:p\.?\s*)?(\d{1,4})\b";
    ORDINALS = r"(?i)\b(\d{1,2})[ªºa]?\s+(?:a|à|al|e|y)\s+(?:la\s+)?(\d{1,2})[ªºa]?\s+(?:temporadas?|stagion[ei]|saisons?)\b";
    VERSIONED = r"(?i)(?:^|[ ._\-\[(])(\d{1,4})v\d(?:$|[ ._\-\])])";
}

static BARE: LazyLock<Regex> =
    compiled!(r"(?i)(?:^|[ ._\-\[(#~])(\d{1,4})(?:v\d)?(?:$|[ ._\-\])~])");
static TECHNICAL: LazyLock<Regex> = compiled!(
    r"(?i)(?:^|[^\p{L}\p{N}])(?:\d{3,4}[pi]|4k|\d{3,4}x\d{3,4}|[hx][ ._-]?26[45]|hevc|avc|xvid|divx|(?:web|bd|br|hd|dvd|tv)[ ._-]?(?:dl|rip|tv)|web|blu-?ray|bd|dvd|vostfr|multi|aac|ac-?3|flac|dts|ddp?\d|dual|10[ ._-]?bits?|[0-9a-f]{8})(?:$|[^\p{L}\p{N}])"
);

/// Longest range that a name without an episode's mark may mean.
const PLAUSIBLE_RANGE: usize = 100;

/// Longest range at all: no series has more.
const LONGEST_RANGE: u32 = 3000;

/// Seasons and episodes, ascending.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) seasons: Vec<u32>,
    pub(super) episodes: Vec<u32>,
    /// The number that was taken though it stands bare.
    pub(super) bare: Option<u32>,
    /// A word says that there is more than one episode.
    pub(super) says_batch: bool,
}

/// The parser's numbers without those that cannot be.
pub(super) fn mended(name: &str, parsed: &ParsedTitle) -> Counted {
    let seen = PATTERNS.of(name);
    let mut counted = Counted {
        seasons: plain(parsed.seasons().unwrap_or_default()),
        episodes: plain(parsed.episodes().unwrap_or_default()),
        bare: None,
        says_batch: seen.has(BATCH),
    };
    drop_what_is_none(&mut counted, &seen);
    add_ranges(&mut counted, &seen);
    let silent = counted.seasons.is_empty() && counted.episodes.is_empty();
    if silent && parsed.date().is_none() && parsed.year().is_none() {
        let versioned = || seen.captures(VERSIONED)?[1].parse().ok();
        counted.bare = if is_fansub_episode(name) { bare(name) } else { versioned() };
        counted.episodes.extend(counted.bare);
    }
    counted
}

fn drop_what_is_none(counted: &mut Counted, seen: &Seen) {
    if let Some(frame) = seen.captures(FRAME) {
        drop_frame(counted, &frame[1], &frame[2]);
    }
    if counted.episodes.len() > PLAUSIBLE_RANGE && !seen.has(MARKED) {
        // "116 - 360" with spaces is an episode and the start of its title; "001-220" is a range.
        if let Some(pair) = seen.captures(SPACED) {
            counted.episodes = pair[1].parse().into_iter().collect();
        }
    }
}

fn add_ranges(counted: &mut Counted, seen: &Seen) {
    if counted.episodes.len() < 2
        && let Some(all) = range(seen.captures(JOINED))
    {
        counted.episodes = all;
    }
    if counted.seasons.len() < 2
        && let Some(all) = range(seen.captures(ORDINALS)).filter(|all| all.len() < 40)
    {
        counted.seasons = all;
    }
    if counted.episodes.is_empty()
        && let Some(all) = range(seen.captures(BRACKETED))
    {
        counted.episodes = all;
    }
}

/// From the first to the second number that was caught.
fn range(caught: Option<Captures>) -> Option<Vec<u32>> {
    let caught = caught?;
    let (from, to): (u32, u32) = (caught[1].parse().ok()?, caught[2].parse().ok()?);
    let years = |number| (1900..2100).contains(&number);
    let sound = from < to && to - from <= LONGEST_RANGE && !(years(from) && years(to));
    sound.then(|| (from..=to).collect())
}

fn plain(numbers: &[i64]) -> Vec<u32> {
    let mut numbers: Vec<u32> = numbers.iter().filter_map(|n| u32::try_from(*n).ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// `1920x1080` is neither season 20 nor episode 1080.
fn drop_frame(counted: &mut Counted, width: &str, height: &str) {
    let number = |text: &str| text.parse::<u32>().ok();
    let (wide, high) = (number(width), number(height));
    let of_width =
        |season: &u32| wide == Some(*season) || wide.map(|wide| wide % 100) == Some(*season);
    if counted.episodes.iter().any(|episode| Some(*episode) == high) {
        counted.seasons.retain(|season| !of_width(season));
        counted.episodes.retain(|episode| Some(*episode) != high);
    }
}

/// One file of a fansub group, whose names hold group, title, number, and marks in brackets.
fn is_fansub_episode(name: &str) -> bool {
    name.starts_with(['[', '【']) && super::is_video(name)
}

/// The last number of the title part that stands by itself, such as 1024 of `Show 1024.mkv`. `None`
/// where it is likelier a year, or where there is none. It may be part of the title.
#[must_use]
pub fn bare(name: &str) -> Option<u32> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = if super::extension(base).is_some() {
        base.rsplit_once('.').map_or(base, |(stem, _)| stem)
    } else {
        base
    };
    let end = TECHNICAL.find(stem).map_or(stem.len(), |mark| mark.start() + 1);
    let title = stem.get(..end).unwrap_or(stem);
    let mut from = 0;
    let mut last = None;
    while let Some(found) = BARE.captures_at(title, from) {
        let Some(digits) = found.get(1) else { break };
        from = digits.end();
        let is_year = digits.len() == 4
            && matches!(digits.as_str().as_bytes(), [b'1', b'9', ..] | [b'2', b'0', ..]);
        // A single digit is a sequel's number, but where nothing else stands in the name.
        let alone = title.trim() == digits.as_str();
        if !is_year && (digits.len() > 1 || alone) {
            last = digits.as_str().parse().ok();
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_the_last_of_the_title_and_no_year() {
        for (name, expected) in [
            ("Show.001.mkv", Some(1)),
            ("Show 1024.mkv", Some(1024)),
            ("[G] Show 1098 VOSTFR FHD (1920x1080).mp4", Some(1098)),
            ("[G]_Show_264_[012073FE].avi", Some(264)),
            ("05.mkv", Some(5)),
            ("5.mkv", Some(5)),
            ("Show.Two.103.avi", Some(103)),
            ("Show.12v2.mkv", Some(12)),
            ("Film.2019.mkv", None),
            ("Film.2019.1080p.x264.mkv", None),
            ("Film 2.mkv", None),
            ("Film.1920x1080.mkv", None),
            ("Film.720p.mkv", None),
            ("Film.x264.mkv", None),
            ("Film.H.264.mkv", None),
            ("Film.mkv", None),
            ("", None),
        ] {
            assert_eq!(bare(name), expected, "{name}");
        }
    }
}
