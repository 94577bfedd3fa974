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
    let Some(theirs) = release.year else { return false };
    let fit = names.fit(release.title.as_deref());
    if year.is_some_and(|year| year.abs_diff(theirs) > 1) {
        // A number in the title may be taken for the year.
        return !names.any(|name| name.split(' ').any(|word| word == theirs.to_string()));
    }
    // Torrent and file that agree on a name we do not know speak another language. Where the torrent
    // is called as the film is and its file is not, an index has put a name on another's hash.
    let torrent_fits = names.fit(torrent.release.title.as_deref()) != Some(Fit::Differs);
    fit == Some(Fit::Differs) && torrent_fits && !names.within(&release.name)
}

/// Whether a file of `size` bytes is too short to be what the largest of its kind is: a sample that
/// is not called one. An episode in low resolution may be a tenth of a film, but is not this small.
pub(super) fn is_piece(size: Option<u64>, largest: u64) -> bool {
    const LARGEST_PIECE: u64 = 400 << 20;
    size.is_some_and(|size| size < largest / CLIP && size < LARGEST_PIECE)
}

/// Of files with equal points, whether two are different films; then neither may be chosen.
pub(super) fn two_films(claims: &[(&Reading, Option<u64>)]) -> Option<(String, String)> {
    let largest = claims.iter().filter_map(|(_, size)| *size).max().unwrap_or(0);
    let films = claims.iter().filter(|(_, size)| size.is_none_or(|size| size >= largest / CLIP));
    let of_disc = (String::new(), None, Vec::new(), Vec::new());
    let identity = |reading: &Reading| {
        if reading.on_disc { of_disc.clone() } else { identity(&reading.release) }
    };
    let mut films = films.map(|(reading, _)| (identity(reading), &reading.release.name));
    let (first, name) = films.next()?;
    let (_, other) = films.find(|(other, _)| *other != first)?;
    Some((name.clone(), other.clone()))
}
