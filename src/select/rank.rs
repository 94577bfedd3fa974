//! The order in which torrents are tried.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::called;
use super::candidate::Candidate;
use super::judge::Judge;
use super::preferences::Preferences;
use crate::media::Query;
use crate::release::{self, Release};
use crate::torrent::{Availability, InfoHash, Store, Unique};

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
    let picked = picked(&torrents, &releases);
    let mut candidates = Vec::with_capacity(torrents.len());
    for ((torrent, release), picked) in torrents.into_iter().zip(releases).zip(picked) {
        let stores = availability.get(&torrent.info_hash).cloned().unwrap_or_default();
        candidates.push(judge.candidate(torrent, stores, release, picked.as_deref()));
    }
    candidates.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then_with(|| a.torrent.info_hash.cmp(&b.torrent.info_hash))
    });
    candidates
}

/// What the name of the file says that an index picked, where the torrent's own tells no episode.
fn picked(torrents: &[Unique], releases: &[Arc<Release>]) -> Vec<Option<Arc<Release>>> {
    let silent = |torrent: &Unique, release: &Release| {
        torrent.file_name.is_some() && release.episodes.is_empty()
    };
    let mut places = Vec::new();
    let mut names = Vec::new();
    for (at, (torrent, release)) in torrents.iter().zip(releases).enumerate() {
        if let Some(name) = torrent.file_name.as_deref().filter(|_| silent(torrent, release)) {
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
