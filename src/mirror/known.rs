//! What is known of the file that is wanted, before and after its torrent's description is read.

use crate::torrent::metainfo::Metainfo;
use crate::torrent::{InfoHash, TorrentFile};

use super::Wanted;

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) info_hash: InfoHash,
    /// Its path in the torrent; empty where only the torrent is meant.
    pub(super) path: String,
    pub(super) index: Option<u32>,
    /// Its length, in bytes.
    pub(super) size: Option<u64>,
    pub(super) torrent_name: Option<String>,
    pub(super) single_file: bool,
}

impl Known {
    pub(super) fn of(wanted: &Wanted) -> Self {
        Self {
            info_hash: wanted.info_hash,
            path: wanted.file.name.trim_start_matches('/').to_owned(),
            index: wanted.file.index,
            size: wanted.file.size_bytes,
            torrent_name: wanted.torrent_name.clone(),
            single_file: wanted.single_file,
        }
    }

    /// A torrent of which nothing but the hash is known.
    pub(super) fn torrent(info_hash: InfoHash) -> Self {
        let (path, torrent_name) = (String::new(), None);
        Self { info_hash, path, index: None, size: None, torrent_name, single_file: false }
    }

    /// The last part of the path.
    pub(super) fn base_name(&self) -> Option<&str> {
        self.path.rsplit(['/', '\\']).next().filter(|name| !name.is_empty())
    }

    /// Whether all is known that a torrent's description tells.
    pub(super) fn is_whole(&self) -> bool {
        self.index.is_some()
            && self.size.is_some()
            && (self.single_file || self.torrent_name.is_some())
    }

    /// Takes over what the torrent's description says of the file. Nothing, where it has no such
    /// file, or several.
    pub(super) fn learn(&mut self, metainfo: &Metainfo) {
        let same_size = |file: &&TorrentFile| self.size.is_none() || self.size == file.size_bytes;
        let exact = metainfo.files.iter().filter(same_size).find(|file| file.name == self.path);
        let name = self.base_name().unwrap_or_default();
        let mut alike = metainfo.files.iter().filter(same_size).filter(|file| {
            let same_place = self.index.is_none_or(|index| file.index == Some(index));
            same_place && file.base_name() == name
        });
        let only = alike.next().filter(|_| alike.next().is_none());
        let Some(file) = exact.or(only) else { return };
        self.path.clone_from(&file.name);
        (self.index, self.size) = (file.index, file.size_bytes);
        self.torrent_name = Some(metainfo.name.clone());
        self.single_file = metainfo.single_file;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torrent::metainfo::build;

    fn known(path: &str, index: Option<u32>, size: Option<u64>) -> Known {
        let known = Known::torrent(InfoHash::from_bytes([1; 20]));
        Known { path: path.to_owned(), index, size, ..known }
    }

    #[test]
    fn a_file_is_found_in_its_torrents_description_or_nothing_is_learnt() {
        let files = [("A/x.mkv", &[1_u8; 5][..]), ("B/x.mkv", &[2; 5]), ("B/y.mkv", &[3; 7])];
        let pack = Metainfo::read(&build("Pack", &files, 16_384, &[])).unwrap();
        for (before, path, index) in [
            (known("B/x.mkv", None, Some(5)), "B/x.mkv", Some(1)),
            (known("y.mkv", None, None), "B/y.mkv", Some(2)),
            (known("x.mkv", Some(0), Some(5)), "A/x.mkv", Some(0)),
            (known("x.mkv", None, Some(5)), "x.mkv", None),
            (known("B/y.mkv", None, Some(8)), "B/y.mkv", None),
            (known("z.mkv", Some(1), Some(5)), "z.mkv", Some(1)),
        ] {
            let mut after = before.clone();
            after.learn(&pack);
            assert_eq!((after.path.as_str(), after.index), (path, index), "{before:?}");
            assert_eq!(after.is_whole(), after != before, "{before:?}");
        }
        let one = Metainfo::read(&build("x.mkv", &[("x.mkv", [1_u8; 5])], 16_384, &[])).unwrap();
        let mut file = known("x.mkv", None, Some(5));
        file.learn(&one);
        assert!(file.single_file && file.index == Some(0));
    }
}
