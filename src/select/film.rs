//! Which video of a torrent is the film.

use super::naming::{Fit, Names, identity};
use super::reading::Reading;

/// Below this share of the largest, a file is no film with an equal claim: sites add clips.
const CLIP: u64 = 10;

/// Whether a film's file names another film, so that it must not be played for this one. Only a name
/// that tells as much as a release does is believed: scene files are often called `grp-abc.mkv`.
pub(super) fn is_another(
    reading: &Reading,
    torrent: &Reading,
    names: &Names,
    year: Option<u16>,
) -> bool {
    let release = &reading.release;
    if !release.seasons.is_empty() && !release.episodes.is_empty() {
        return true;
    }
    let informed = release.year.is_some();
    if !informed || names.fit(release.title.as_deref()) != Some(Fit::Differs) {
        return false;
    }
    let years_differ =
        |a: Option<u16>, b: Option<u16>| a.zip(b).is_some_and(|(a, b)| a.abs_diff(b) > 1);
    if years_differ(release.year, year) {
        return true;
    }
    // Torrent and file that agree on a name we do not know speak another language. Where the torrent
    // is called as the film is and its file is not, an index has put a name on another's hash.
    names.fit(torrent.release.title.as_deref()) != Some(Fit::Differs)
        && !names.within(&release.name)
}

/// Of files with equal points, whether two are different films; then neither may be chosen.
pub(super) fn two_films(claims: &[(&Reading, Option<u64>)]) -> Option<(String, String)> {
    let largest = claims.iter().filter_map(|(_, size)| *size).max().unwrap_or(0);
    let films = claims.iter().filter(|(_, size)| size.is_none_or(|size| size >= largest / CLIP));
    let mut films = films.map(|(reading, _)| (identity(&reading.release), &reading.release.name));
    let (first, name) = films.next()?;
    let (_, other) = films.find(|(other, _)| *other != first)?;
    Some((name.clone(), other.clone()))
}
