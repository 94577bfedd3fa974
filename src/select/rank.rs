//! The order in which torrents are tried.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::called;
use super::candidate::Candidate;
use super::judge::Judge;
use super::preferences::Preferences;
use crate::media::{Query, Wanted};
use crate::release::{self, Release};
use crate::torrent::{Availability, InfoHash, Store, Torrent, Unique};

/// Puts torrents in the order in which they should be tried. None is left out: those that may not
/// be played stand last, with the reason.
#[must_use]
pub fn rank<S: std::hash::BuildHasher>(
    torrents: Vec<Unique>,
    availability: &HashMap<InfoHash, BTreeMap<Store, Availability>, S>,
    query: &Query,
    preferences: &Preferences,
) -> Vec<Candidate> {
    in_order(judged(torrents, availability, query, preferences))
}

/// Each torrent by the best of its names, with what speaks for it and against it; in their order. No
/// torrent is judged by another: parts of a list may be judged each by itself, on a core of its own.
#[must_use]
pub fn judged<S: std::hash::BuildHasher>(
    mut torrents: Vec<Unique>,
    availability: &HashMap<InfoHash, BTreeMap<Store, Availability>, S>,
    query: &Query,
    preferences: &Preferences,
) -> Vec<Candidate> {
    let names: Vec<&str> = torrents.iter().map(|torrent| torrent.name.as_str()).collect();
    let mut releases = release::parse_all(&names);
    let mut judge = Judge::new(query, preferences);
    called::choose(&mut torrents, &mut releases, &mut judge);
    let picked = picked(&torrents, &releases, query);
    let mut candidates = Vec::with_capacity(torrents.len());
    for ((torrent, release), picked) in torrents.into_iter().zip(releases).zip(picked) {
        let stores = availability.get(&torrent.info_hash).cloned().unwrap_or_default();
        candidates.push(judge.candidate(torrent, stores, release, picked.as_deref()));
    }
    candidates
}

/// The best of those that were [`judged`] first. Candidates are large, so their places are sorted and
/// each is moved once.
#[must_use]
pub fn in_order(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let key = |one: &Candidate| (one.tier(), one.score, one.torrent.info_hash);
    let mut order: Vec<_> = candidates.iter().map(key).zip(0..).collect();
    order.sort_unstable_by(
        |((tier, score, hash), _), ((other_tier, other_score, other_hash), _)| {
            let by_score = || other_score.total_cmp(score);
            tier.cmp(other_tier).then_with(by_score).then_with(|| hash.cmp(other_hash))
        },
    );
    let mut candidates: Vec<Option<Candidate>> = candidates.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(candidates.len());
    sorted.extend(order.into_iter().filter_map(|(_, at): (_, usize)| candidates[at].take()));
    sorted
}

/// Reads the names that [`rank`] will read of these rows; the reader remembers them. Blocks meanwhile.
pub fn read_ahead(rows: &[Torrent], query: &Query) {
    let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let releases = release::parse_all(&names);
    let files = rows.iter().zip(&releases).filter_map(|(row, release)| {
        row.file_name.as_deref().filter(|_| may_speak(release, query)).map(base_name)
    });
    let _ = release::parse_all(&files.collect::<Vec<_>>());
}

/// Whether the file that an index picked may speak for a torrent of this name: where an episode is
/// wanted, and the name tells none, nor that there are several.
fn may_speak(release: &Release, query: &Query) -> bool {
    let silent = release.episodes.is_empty() && release.date.is_none();
    let pack = !release.seasons.is_empty() || release.batch;
    silent && !pack && query.wanted() != Wanted::Film
}

/// What the name of the file says that an index picked, where it may speak for the torrent.
fn picked(
    torrents: &[Unique],
    releases: &[Arc<Release>],
    query: &Query,
) -> Vec<Option<Arc<Release>>> {
    let mut places = Vec::new();
    let mut names = Vec::new();
    for (at, (torrent, release)) in torrents.iter().zip(releases).enumerate() {
        let file = torrent.file_name.as_deref();
        if let Some(name) = file.filter(|_| may_speak(release, query)) {
            places.push(at);
            names.push(base_name(name));
        }
    }
    let mut picked = vec![None; torrents.len()];
    for (at, release) in places.into_iter().zip(release::parse_all(&names)) {
        picked[at] = Some(release);
    }
    picked
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Title;
    use crate::torrent::IndexName;

    fn torrent(number: u16) -> Unique {
        let mut hash = [0; 20];
        hash[..2].copy_from_slice(&number.wrapping_mul(40_503).to_be_bytes());
        let title = ["A Show", "Another Show", "A Show The Movie"][usize::from(number % 3)];
        let other = format!("{title} - 02 [{}]", number % 5);
        Unique {
            info_hash: InfoHash::from_bytes(hash),
            name: format!("{title} S01E{:02} {}p", number % 13, 360 * (1 + number % 4)),
            other_names: if number.is_multiple_of(7) { vec![other] } else { Vec::new() },
            size_bytes: Some(u64::from(number) << 20),
            seeders: Some(u32::from(number % 90)),
            file_index: None,
            file_name: None,
            trackers: Vec::new(),
            indexer: None,
            files: [].into(),
            found_by: vec![IndexName::StremThru],
        }
    }

    #[test]
    fn parts_that_are_judged_by_themselves_stand_in_the_order_of_the_whole() {
        let title = Title { name: "A Show".to_owned(), ..Title::default() };
        let query = Query { id: "tt9900001:1:2".parse().unwrap(), title: Some(title) };
        let (none, preferences) = (HashMap::new(), Preferences::default());
        let mut torrents: Vec<Unique> = (0..1_301).map(torrent).collect();
        let whole = rank(torrents.clone(), &none, &query, &preferences);
        assert_eq!(whole.len(), torrents.len());
        let rest = torrents.split_off(700);
        let parts = [torrents, rest].map(|part| judged(part, &none, &query, &preferences));
        assert_eq!(in_order(parts.concat()), whole);
    }
}
