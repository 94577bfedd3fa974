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
/// be played stand last, with the reason. Reads the names on all cores and blocks meanwhile.
#[must_use]
pub fn rank<S: std::hash::BuildHasher>(
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
    in_order(candidates)
}

/// The best first. Candidates are large, so their places are sorted and each is moved once.
fn in_order(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let key = |one: &Candidate| (one.tier(), one.score, one.torrent.info_hash);
    let mut order: Vec<_> = candidates.iter().map(key).zip(0..).collect();
    order.sort_unstable_by(
        |((tier, score, hash), _), ((other_tier, other_score, other_hash), _)| {
            let by_score = || other_score.total_cmp(score);
            tier.cmp(other_tier).then_with(by_score).then_with(|| hash.cmp(other_hash))
        },
    );
    let mut candidates: Vec<Option<Candidate>> = candidates.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, at): (_, usize)| candidates[at].take()).collect()
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
