//! One file of a torrent, as an index, a debrid store or the metainfo lists it.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

/// A file of a torrent. What is not known is `None`, never 0 or -1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TorrentFile {
    /// Its place in the torrent, from 0. Some stores do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Its path in the torrent, `/` between the parts, without one at the start.
    pub name: String,
    /// Length, in bytes.
    #[serde(rename = "size", default)]
    pub size_bytes: Option<u64>,
    /// The store's own, opaque name of it: given back verbatim to get a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The Stremio id (`tt…:S:E`) that the crowd of StremThru has verified for this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The same as `AniDB:E`, such as `69:1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asid: Option<String>,
    /// What tells it from others of its torrent that have its base name and its length (see
    /// [`mark_twins`]); `None` where there is no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
}

impl TorrentFile {
    /// The last part of its path.
    #[must_use]
    pub fn base_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name)
    }
}

/// Tells those of a torrent's `files` apart that have the same base name and length, as
/// `DVD1/VIDEO_TS/VTS_01_1.VOB` and `DVD2/VIDEO_TS/VTS_01_1.VOB`: each is given what of its path no
/// other has. The folders that all of them lie in do not count, since a store may put the torrent's
/// own name in front; how many there are does, so that a list that lacks one is of other files.
pub fn mark_twins(files: &mut [TorrentFile]) {
    if !has_twins(files) {
        return files.iter_mut().for_each(|file| file.twin = None);
    }
    let mut alike: HashMap<(String, Option<u64>), Vec<usize>> = HashMap::new();
    for (at, file) in files.iter().enumerate() {
        alike.entry((file.base_name().to_owned(), file.size_bytes)).or_default().push(at);
    }
    for twins in alike.into_values() {
        let marks = if twins.len() > 1 { marks(&twins, files) } else { vec![None] };
        for (at, mark) in twins.into_iter().zip(marks) {
            files[at].twin = mark;
        }
    }
}

/// Whether any two have the same base name and length. Few lists have such, and a search reads many.
fn has_twins(files: &[TorrentFile]) -> bool {
    let mut all: Vec<_> = files.iter().map(|file| (file.size_bytes, file.base_name())).collect();
    all.sort_unstable();
    all.windows(2).any(|pair| pair[0] == pair[1])
}

fn marks(twins: &[usize], files: &[TorrentFile]) -> Vec<Option<String>> {
    let folders: Vec<Vec<&str>> = twins.iter().map(|at| folders(&files[*at])).collect();
    let shared = |depth: &usize| {
        let first = folders[0].get(*depth);
        folders.iter().all(|one| one.get(*depth) == first)
    };
    let shared = (0..folders[0].len()).take_while(shared).count();
    let own: Vec<String> = folders.iter().map(|one| one[shared..].join("/")).collect();
    let count = twins.len();
    if own.iter().collect::<HashSet<_>>().len() == count {
        return own.into_iter().map(|own| Some(format!("{count}:{own}"))).collect();
    }
    // A list of bare names: its own numbers, else its order. Nobody else's list agrees with that.
    let numbers: HashSet<u32> = twins.iter().filter_map(|at| files[*at].index).collect();
    let numbered = numbers.len() == count;
    let number = |(order, at): (usize, &usize)| match files[*at].index.filter(|_| numbered) {
        Some(index) => Some(format!("{count}#{index}")),
        None => Some(format!("{count}#{order}")),
    };
    twins.iter().enumerate().map(number).collect()
}

fn folders(file: &TorrentFile) -> Vec<&str> {
    let mut parts: Vec<&str> =
        file.name.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    parts.pop();
    parts
}

/// The entity tag of a torrent's file (RFC 9110, 8.8.3), without quotes. It is of the bytes alone
/// (info hash, name, what tells it from a twin, size), whichever way they come, and a store's file
/// index may be unknown: so a reader may change from a link to the swarm and its `If-Match` still
/// holds.
#[must_use]
pub fn entity_tag(info_hash: &super::InfoHash, file: &TorrentFile) -> String {
    use sha1::{Digest as _, Sha1};
    let mut path = Sha1::new();
    path.update(file.base_name());
    if let Some(twin) = &file.twin {
        path.update([0]);
        path.update(twin);
    }
    let short = data_encoding::HEXLOWER.encode(&path.finalize()[..4]);
    format!("{info_hash}-{short}-{}", file.size_bytes.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torrent::InfoHash;

    fn marked(names: &[&str]) -> Vec<TorrentFile> {
        let file = |name: &&str| TorrentFile {
            name: (*name).to_owned(),
            size_bytes: Some(7),
            ..TorrentFile::default()
        };
        let mut files: Vec<_> = names.iter().map(file).collect();
        mark_twins(&mut files);
        files
    }

    fn tags(names: &[&str]) -> Vec<String> {
        let hash = InfoHash::from_bytes([1; 20]);
        marked(names).iter().map(|file| entity_tag(&hash, file)).collect()
    }

    #[test]
    fn twins_are_told_apart_the_same_way_by_torrent_and_store() {
        let torrent = tags(&["D1/TS/a.vob", "D2/TS/a.vob", "D2/TS/b.vob"]);
        assert!(torrent[0] != torrent[1]);
        for store in [
            ["Discs/D1/TS/a.vob", "Discs/D2/TS/a.vob", "Discs/D2/TS/b.vob"],
            ["/x/Discs/D1/TS/a.vob", "/x/Discs/D2/TS/a.vob", "b.vob"],
        ] {
            assert_eq!(tags(&store), torrent, "{store:?}");
        }
        assert_eq!(tags(&["Top/a.vob", "Top/D2/a.vob"]), tags(&["a.vob", "D2/a.vob"]));
    }

    #[test]
    fn a_list_that_tells_them_apart_otherwise_is_of_other_files() {
        let torrent = tags(&["1/a", "P/1/a", "P/2/a"]);
        for other in [&["P/1/a", "P/2/a"][..], &["a", "a", "a"], &["a"]] {
            let other = tags(other);
            assert!(other.iter().all(|tag| !torrent.contains(tag)), "{other:?}");
        }
        let bare = tags(&["a", "a"]);
        assert!(bare[0] != bare[1]);
    }

    #[test]
    fn what_has_no_twin_keeps_the_tag_that_it_always_had() {
        let files = marked(&["Top/a.mkv", "Top/b.mkv"]);
        assert!(files.iter().all(|file| file.twin.is_none()));
        let tag = entity_tag(&InfoHash::from_bytes([1; 20]), &files[0]);
        // SHA-1 of `a.mkv`, its first four bytes.
        let short = "feb97699";
        assert_eq!(tag, format!("{}-{short}-7", "01".repeat(20)));
    }
}
