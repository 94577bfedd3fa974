//! Whether a file is the episode that is wanted.

use super::reading::{Reading, Whole};
use super::reason::Reason;
use super::target::Target;
use crate::media::{Episode, Wanted};

/// The reason for or against the file that says `reading`.
pub(super) fn judge(reading: &Reading, whole: &Whole, target: &Target) -> Reason {
    if let (Some(date), Some(aired)) = (&reading.release.date, &target.air_date)
        && date == aired
    {
        return Reason::AirDate;
    }
    match target.wanted {
        Wanted::Episode(wanted) => in_seasons(reading, whole, wanted, &target.numbers),
        Wanted::Absolute { number, also } => {
            let mut numbers = vec![number];
            numbers.extend(target.numbers.iter().filter(|other| **other != number));
            absolute(reading, whole, &numbers, also)
        }
        Wanted::Film => Reason::NoEpisode,
    }
}

/// `numbers`: how the same is counted without seasons, where that is known.
fn in_seasons(reading: &Reading, whole: &Whole, wanted: Episode, numbers: &[u32]) -> Reason {
    let fits = reading.episodes.contains(&wanted.number);
    let told = !reading.seasons.is_empty();
    let counted_on = || {
        let beyond = |number: &u32| *number > wanted.number && reading.episodes.contains(number);
        numbers.iter().any(beyond)
    };
    if told && !reading.seasons.contains(&wanted.season) {
        // Counted on through all seasons, all may be filed under the first.
        let under_first = reading.seasons == [1] && wanted.season > 1 && counted_on();
        let against = Reason::SeasonContradicts;
        return if under_first { counted(reading, Reason::AbsoluteEpisode) } else { against };
    }
    if wanted.season > 0 && counted_on() && !(told && fits) {
        return counted(reading, Reason::AbsoluteEpisode);
    }
    // Where a count through all seasons is known, number 10 is none of the tenth season's.
    let of_first = wanted.season > 1 && !numbers.is_empty() && !numbers.contains(&wanted.number);
    if !fits || (!told && of_first) {
        return Reason::NoEpisode;
    }
    match told {
        // Who says no season is of a regular one: specials are counted apart.
        false if wanted.season == 0 => Reason::SeasonContradicts,
        false if whole.many_seasons => Reason::EpisodeOnly,
        _ => counted(reading, Reason::ExactEpisode),
    }
}

/// `numbers` count from the start of its own entry or of the first, `also` as `IMDb` does. Which of the two a file
/// means is told by its season, where it tells one.
fn absolute(reading: &Reading, whole: &Whole, numbers: &[u32], also: Option<Episode>) -> Reason {
    let has = |number: u32| reading.episodes.contains(&number);
    let fits = numbers.iter().any(|number| has(*number));
    let told = !reading.seasons.is_empty();
    let Some(also) = also else {
        let special = reading.seasons == [0];
        return match fits {
            false => Reason::NoEpisode,
            true if special => Reason::SeasonContradicts,
            true if told || whole.many_seasons => Reason::EpisodeOnly,
            true => counted(reading, Reason::AbsoluteEpisode),
        };
    };
    if told {
        let season = reading.seasons.contains(&also.season);
        // Counted on through all seasons, and filed under the first or under its own.
        let beyond = |number: &u32| *number > also.number && has(*number);
        let counted_on = numbers.iter().any(beyond) && (season || reading.seasons == [1]);
        return match () {
            () if season && has(also.number) => counted(reading, Reason::ExactEpisode),
            () if counted_on => counted(reading, Reason::AbsoluteEpisode),
            () if season => Reason::NoEpisode,
            () => Reason::SeasonContradicts,
        };
    }
    match () {
        // Without seasons the first is meant; so number 13 is, where the second half counts anew.
        () if also.season == 1 && has(also.number) => counted(reading, Reason::ExactEpisode),
        () if fits && whole.many_seasons => Reason::EpisodeOnly,
        () if fits => counted(reading, Reason::AbsoluteEpisode),
        () => Reason::NoEpisode,
    }
}

fn counted(reading: &Reading, single: Reason) -> Reason {
    if reading.episodes.len() > 1 { Reason::MultiEpisode } else { single }
}

/// Names of three digits: `Show.103` is episode 3 of season 1, where no file of the torrent fits as
/// it stands and none counts below 100. Gives the places of those that fit so.
pub(super) fn three_digits(readings: &[Reading], wanted: Wanted) -> Vec<usize> {
    let Wanted::Episode(wanted) = wanted else { return Vec::new() };
    let number = |reading: &Reading| match reading.episodes.as_slice() {
        [number] if reading.bare => Some(*number),
        _ => None,
    };
    if wanted.season == 0 || readings.iter().filter_map(number).any(|number| number < 100) {
        return Vec::new();
    }
    let fits = |reading: &Reading| {
        let season = reading.seasons.is_empty() || reading.seasons.contains(&wanted.season);
        let split = number(reading).map(|number| (number / 100, number % 100));
        season && split == Some((wanted.season, wanted.number))
    };
    (0..readings.len()).filter(|at| fits(&readings[*at])).collect()
}
