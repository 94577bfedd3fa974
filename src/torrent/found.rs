//! A torrent as an index lists it, and the same once it is known from all of them.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

use super::{IndexName, InfoHash, Magnet, TorrentFile};

/// One row of one index. What the index does not say is `None`, never 0 or -1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torrent {
    /// Its name in BitTorrent.
    pub info_hash: InfoHash,
    /// The release name; of a pack, the pack's.
    pub name: String,
    /// Of the torrent, or of the file the index picked; in bytes.
    pub size_bytes: Option<u64>,
    /// Peers that have all of it.
    pub seeders: Option<u32>,
    /// The file that the index picked, by its place in the torrent.
    pub file_index: Option<u32>,
    /// The same file's name.
    pub file_name: Option<String>,
    /// Announce URLs.
    pub trackers: Vec<String>,
    /// Where the index has it from, such as `Nyaa`.
    pub indexer: Option<String>,
    /// Files, where the index lists them; shared, since a pack has hundreds.
    pub files: Arc<[TorrentFile]>,
    /// The index.
    pub index: IndexName,
}

/// A torrent with all that any index said of it: one for each info hash.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "as in Torrent")]
pub struct Unique {
    pub info_hash: InfoHash,
    pub name: String,
    pub size_bytes: Option<u64>,
    pub seeders: Option<u32>,
    pub file_index: Option<u32>,
    pub file_name: Option<String>,
    pub trackers: Vec<String>,
    pub indexer: Option<String>,
    #[serde(serialize_with = "as_slice", deserialize_with = "from_list")]
    pub files: Arc<[TorrentFile]>,
    /// Every index that lists it, in the order of [`IndexName::ALL`].
    pub found_by: Vec<IndexName>,
}

impl Unique {
    /// The magnet that carries its name and trackers.
    #[must_use]
    pub fn magnet(&self) -> Magnet {
        Magnet {
            name: (!self.name.is_empty()).then(|| self.name.clone()),
            trackers: self.trackers.clone(),
            ..Magnet::new(self.info_hash)
        }
    }

    fn add(&mut self, other: &Torrent) {
        // The richer copy's name: two indexes shorten names differently, none lengthens them.
        if self.name.chars().count() < other.name.chars().count() {
            self.name.clone_from(&other.name);
        }
        // A pack's size counts, not the size of the one file that an add-on picked from it.
        self.size_bytes = self.size_bytes.max(other.size_bytes);
        self.seeders = self.seeders.max(other.seeders);
        if self.file_index.is_none() {
            self.file_index = other.file_index;
        }
        self.file_name = self.file_name.take().or_else(|| other.file_name.clone());
        self.indexer = self.indexer.take().or_else(|| other.indexer.clone());
        if self.files.len() < other.files.len() {
            self.files = Arc::clone(&other.files);
        }
        for tracker in &other.trackers {
            if !self.trackers.contains(tracker) {
                self.trackers.push(tracker.clone());
            }
        }
        if !self.found_by.contains(&other.index) {
            self.found_by.push(other.index);
            self.found_by.sort_unstable();
        }
    }
}

impl From<&Torrent> for Unique {
    fn from(torrent: &Torrent) -> Self {
        Self {
            info_hash: torrent.info_hash,
            name: torrent.name.clone(),
            size_bytes: torrent.size_bytes,
            seeders: torrent.seeders,
            file_index: torrent.file_index,
            file_name: torrent.file_name.clone(),
            trackers: torrent.trackers.clone(),
            indexer: torrent.indexer.clone(),
            files: Arc::clone(&torrent.files),
            found_by: vec![torrent.index],
        }
    }
}

fn as_slice<S: Serializer>(files: &Arc<[TorrentFile]>, to: S) -> Result<S::Ok, S::Error> {
    files.as_ref().serialize(to)
}

fn from_list<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<[TorrentFile]>, D::Error> {
    Vec::deserialize(from).map(Arc::from)
}

/// One for each info hash: of each field the richer copy, of trackers the union. Ordered by hash, so
/// that the result does not depend on which index answered first.
#[must_use]
pub fn unique<T: Borrow<Torrent>>(torrents: impl IntoIterator<Item = T>) -> Vec<Unique> {
    let mut by_hash: BTreeMap<InfoHash, Unique> = BTreeMap::new();
    for torrent in torrents {
        let torrent = torrent.borrow();
        match by_hash.entry(torrent.info_hash) {
            Entry::Vacant(place) => {
                place.insert(torrent.into());
            }
            Entry::Occupied(mut place) => place.get_mut().add(torrent),
        }
    }
    by_hash.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn torrent(index: IndexName, name: &str) -> Torrent {
        Torrent {
            info_hash: InfoHash::from_bytes([7; 20]),
            name: name.to_owned(),
            size_bytes: None,
            seeders: None,
            file_index: None,
            file_name: None,
            trackers: Vec::new(),
            indexer: None,
            files: Arc::default(),
            index,
        }
    }

    #[test]
    fn two_copies_become_the_richer_one_with_all_trackers() {
        let poor = Torrent {
            seeders: Some(3),
            trackers: vec!["udp://a".to_owned(), "udp://b".to_owned()],
            ..torrent(IndexName::Zilean, "A Film 2020")
        };
        let rich = Torrent {
            size_bytes: Some(9),
            seeders: Some(2),
            file_index: Some(1),
            trackers: vec!["udp://b".to_owned(), "udp://c".to_owned()],
            ..torrent(IndexName::StremThru, "A.Film.2020.1080p.WEB-DL")
        };
        for order in [[poor.clone(), rich.clone()], [rich, poor]] {
            let all = unique(order);
            assert_eq!(all.len(), 1);
            let one = &all[0];
            assert_eq!(one.name, "A.Film.2020.1080p.WEB-DL");
            assert_eq!((one.size_bytes, one.seeders, one.file_index), (Some(9), Some(3), Some(1)));
            assert_eq!(one.found_by, [IndexName::StremThru, IndexName::Zilean]);
            let mut trackers = one.trackers.clone();
            trackers.sort();
            assert_eq!(trackers, ["udp://a", "udp://b", "udp://c"]);
        }
    }
}
