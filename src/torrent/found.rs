//! A torrent as an index lists it, and the same once it is known from all of them.

use std::borrow::Borrow;
use std::iter;
use std::sync::Arc;

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

use super::{IndexName, InfoHash, Magnet, TorrentFile};

/// How many more names of a torrent are kept.
const MOST_OTHER_NAMES: usize = 2;
/// How many trackers of a torrent are kept, however many rows name some.
const MOST_TRACKERS: usize = 128;

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
    /// What other indexes call it that say something else: some give the name of the file they picked,
    /// or a sentence for people. Who can read names chooses among these and `name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_names: Vec<String>,
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
        self.call(&other.name);
        // A pack's size counts, not the size of the one file that an add-on picked from it.
        self.size_bytes = self.size_bytes.max(other.size_bytes);
        self.seeders = self.seeders.max(other.seeders);
        self.point(other.file_index, other.file_name.as_ref());
        self.indexer = self.indexer.take().or_else(|| other.indexer.clone());
        self.list(&other.files);
        self.announce(&other.trackers);
        self.credit(other.index);
    }

    /// Takes up what `before` says of the same torrent, as `silent` indexes told it that have said
    /// nothing this time. What is told now stays where only one can be true.
    pub fn recall(&mut self, before: &Self, silent: impl Fn(&IndexName) -> bool) {
        for name in iter::once(&before.name).chain(&before.other_names) {
            self.call(name);
        }
        self.size_bytes = self.size_bytes.max(before.size_bytes);
        self.seeders = self.seeders.or(before.seeders);
        self.point(before.file_index, before.file_name.as_ref());
        self.indexer = self.indexer.take().or_else(|| before.indexer.clone());
        self.list(&before.files);
        self.announce(&before.trackers);
        for index in before.found_by.iter().filter(|index| silent(index)) {
            self.credit(*index);
        }
    }

    /// Takes another name. Of two that say the same the longer stays: indexes shorten names.
    fn call(&mut self, name: &str) {
        if name.is_empty() {
            return;
        }
        if self.name.is_empty() {
            return name.clone_into(&mut self.name);
        }
        let mut known = iter::once(&mut self.name).chain(&mut self.other_names);
        if let Some(known) = known.find(|known| say_the_same(known, name)) {
            if known.chars().count() < name.chars().count() {
                name.clone_into(known);
            }
        } else if self.other_names.len() < MOST_OTHER_NAMES {
            self.other_names.push(name.to_owned());
        }
    }

    /// Takes the picked file's place and name, both of one row: two indexes may have picked two files.
    fn point(&mut self, index: Option<u32>, name: Option<&String>) {
        if self.file_index.is_none() && index.is_some() {
            (self.file_index, self.file_name) = (index, name.cloned());
        } else if self.file_index == index && self.file_name.is_none() {
            self.file_name = name.cloned();
        }
    }

    /// Takes the longer list of files; of two as long the one that says which episode each is.
    fn list(&mut self, files: &Arc<[TorrentFile]>) {
        let verified = |file: &TorrentFile| file.sid.is_some() || file.asid.is_some();
        let rich = |files: &[TorrentFile]| (files.len(), files.iter().any(verified));
        if self.files.len() <= files.len() && rich(&self.files) < rich(files) {
            self.files = Arc::clone(files);
        }
    }

    fn announce(&mut self, trackers: &[String]) {
        for tracker in trackers {
            if self.trackers.len() < MOST_TRACKERS && !self.trackers.contains(tracker) {
                self.trackers.push(tracker.clone());
            }
        }
    }

    fn credit(&mut self, index: IndexName) {
        if !self.found_by.contains(&index) {
            self.found_by.push(index);
            self.found_by.sort_unstable();
        }
    }
}

/// Whether two names have the same words, but that one goes on where the other ends.
fn say_the_same(one: &str, other: &str) -> bool {
    fn words(name: &str) -> impl Iterator<Item = &str> {
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
    }
    let small = |word: &str| word.chars().flat_map(char::to_lowercase).collect::<String>();
    let alike = |(one, other): (&str, &str)| {
        let plain = one.is_ascii() && other.is_ascii();
        one.eq_ignore_ascii_case(other) || (!plain && small(one) == small(other))
    };
    one == other || words(one).zip(words(other)).all(alike)
}

impl From<&Torrent> for Unique {
    fn from(torrent: &Torrent) -> Self {
        Self {
            info_hash: torrent.info_hash,
            name: torrent.name.clone(),
            other_names: Vec::new(),
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
    let mut rows: Vec<T> = torrents.into_iter().collect();
    // Rows of one hash stay in their order.
    rows.sort_by_key(|row| row.borrow().info_hash);
    let mut all: Vec<Unique> = Vec::with_capacity(rows.len());
    for row in rows.iter().map(Borrow::borrow) {
        match all.last_mut() {
            Some(last) if last.info_hash == row.info_hash => last.add(row),
            _ => all.push(row.into()),
        }
    }
    all
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
    fn names_that_say_the_same_are_one_and_others_are_kept() {
        for (one, other, same) in [
            ("A Film 2020", "A.Film.2020.1080p.WEB-DL", true),
            ("a film 2020", "A.FILM.2020", true),
            ("Über Alles", "über.alles", true),
            ("Show.S01", "Show.S01E02.mkv", false),
            ("Show.S01.1080p", "Show.S01.720p", false),
            ("Une Série", "A Series", false),
        ] {
            assert_eq!(say_the_same(one, other), same, "{one}: {other}");
            assert_eq!(say_the_same(other, one), same, "{other}: {one}");
        }
        let names = ["Show.S01E02.mkv", "Show S01", "Show.S01.1080p", "Die Reihe", "La Serie"];
        let all = unique(names.map(|name| torrent(IndexName::Zilean, name)));
        assert_eq!((all[0].name.as_str(), all[0].other_names.len()), (names[0], MOST_OTHER_NAMES));
        assert_eq!(all[0].other_names, ["Show.S01.1080p", "Die Reihe"]);
    }

    #[test]
    fn of_many_rows_trackers_so_many_are_kept() {
        let row = |from: usize| Torrent {
            trackers: (from..from + 64).map(|n| format!("udp://{n}.example:1")).collect(),
            ..torrent(IndexName::Zilean, "A Film 2020")
        };
        let all = unique([row(0), row(32), row(64), row(96)]);
        assert_eq!(all[0].trackers.len(), MOST_TRACKERS);
        assert_eq!(all[0].trackers[127], "udp://127.example:1");
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
