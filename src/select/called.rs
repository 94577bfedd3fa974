//! What a torrent is called, where indexes call it differently.
//!
//! Some give the name of the file that they picked, so that a pack would pass for one episode; some
//! write a sentence for people, in their own language. In this order counts: which name fits the
//! title, which is none of a file, and which says more.

use std::cmp::Reverse;
use std::sync::Arc;

use super::judge::Judge;
use super::naming::Fit;
use crate::release::{self, Release};
use crate::torrent::Unique;

/// Gives each of `torrents` the best of its names, and `releases` what that one says.
pub(super) fn choose(
    torrents: &mut [Unique],
    releases: &mut [Arc<Release>],
    judge: &mut Judge<'_>,
) {
    let named_twice = |torrent: &Unique| !torrent.other_names.is_empty();
    let places: Vec<usize> = (0..torrents.len()).filter(|at| named_twice(&torrents[*at])).collect();
    let others: Vec<&str> =
        places.iter().flat_map(|at| torrents[*at].other_names.iter().map(String::as_str)).collect();
    let mut read = release::parse_all(&others).into_iter();
    for at in places {
        let torrent = &mut torrents[at];
        for other in &mut torrent.other_names {
            let Some(release) = read.next() else { return };
            if worth(other, &release, judge) > worth(&torrent.name, &releases[at], judge) {
                std::mem::swap(&mut torrent.name, other);
                releases[at] = release;
            }
        }
    }
}

/// The more, the better a name is. Of equal ones the first index's stays.
fn worth(name: &str, release: &Release, judge: &mut Judge<'_>) -> (Reverse<u8>, bool, usize) {
    let fit = match judge.fit(release) {
        Some(Fit::Title) => 0,
        Some(Fit::Alias) => 1,
        Some(Fit::Partial) => 2,
        None => 3,
        Some(Fit::Differs) => 4,
    };
    (Reverse(fit), !release::is_video(name), name.chars().count())
}
