//! Torrents whose description is known.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::torrent::metainfo::Metainfo;
use crate::torrent::{InfoHash, Magnet};

/// Most descriptions that are remembered; a large one takes 8 MiB.
const MOST: usize = 128;
/// Most trackers that are remembered of one, however many magnets name some; fewer are asked.
const MOST_TRACKERS: usize = 128;

/// A torrent whose description is known, and who may have it.
pub(super) struct Known {
    pub(super) metainfo: Arc<Metainfo>,
    /// Its own trackers, not judged yet.
    pub(super) trackers: Vec<String>,
    /// Peers that were met while the description was fetched.
    pub(super) peers: Vec<SocketAddr>,
}

impl Known {
    pub(super) fn new(metainfo: Metainfo, trackers: &[String], peers: Vec<SocketAddr>) -> Self {
        let trackers = most(union(&metainfo.trackers, trackers));
        Self { metainfo: Arc::new(metainfo), trackers, peers }
    }

    fn with(&self, trackers: &[String], peers: &[SocketAddr]) -> Self {
        let trackers = most(union(&self.trackers, trackers));
        let peers = union(&self.peers, peers);
        Self { metainfo: self.metainfo.clone(), trackers, peers }
    }
}

fn most(mut trackers: Vec<String>) -> Vec<String> {
    trackers.truncate(MOST_TRACKERS);
    trackers
}

fn union<T: Clone + PartialEq>(known: &[T], more: &[T]) -> Vec<T> {
    let mut all = known.to_vec();
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
    all
}

/// What is known, the least used forgotten first.
#[derive(Default)]
pub(super) struct Shelf {
    rows: HashMap<InfoHash, (u64, Arc<Known>)>,
    clock: u64,
}

impl Shelf {
    pub(super) fn get(&mut self, info_hash: InfoHash) -> Option<Arc<Known>> {
        self.clock += 1;
        let row = self.rows.get_mut(&info_hash)?;
        row.0 = self.clock;
        Some(row.1.clone())
    }

    /// The torrent of a magnet, with the trackers that this magnet adds.
    pub(super) fn named(&mut self, magnet: &Magnet) -> Option<Arc<Known>> {
        let known = self.get(magnet.info_hash)?;
        if magnet.trackers.iter().all(|tracker| known.trackers.contains(tracker)) {
            return Some(known);
        }
        Some(self.put(known.with(&magnet.trackers, &[])))
    }

    /// Remembers it; what was known of the same torrent before is kept too.
    pub(super) fn put(&mut self, known: Known) -> Arc<Known> {
        self.clock += 1;
        let info_hash = known.metainfo.info_hash;
        let before = self.rows.get(&info_hash).map(|row| row.1.clone());
        let known = Arc::new(match before {
            Some(before) => before.with(&known.trackers, &known.peers),
            None => known,
        });
        self.rows.insert(info_hash, (self.clock, known.clone()));
        if self.rows.len() > MOST {
            let oldest = self.rows.iter().min_by_key(|row| row.1.0).map(|row| *row.0);
            oldest.and_then(|oldest| self.rows.remove(&oldest));
        }
        known
    }
}
