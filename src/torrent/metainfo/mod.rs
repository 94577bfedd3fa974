//! Metainfo: what is in a torrent (BEP 3), read from a `.torrent` or from a peer's metadata (BEP 9).
//!
//! Strangers write it, so it is judged here before the engine sees it: bounds on depth, size, number
//! and names. It opens nothing. A torrent without a video is sound; that nothing in it plays is for
//! the selection to say.

mod bad;
mod bencode;
mod build;
mod name;
mod pieces;

use std::collections::HashSet;

use sha1::{Digest as _, Sha1};

use super::{InfoHash, TorrentFile, mark_twins};
use bencode::Value;

pub use bad::{Bad, NameFault};
pub use build::build;
pub use pieces::{PieceLook, Pieces};

/// Longest description that is read, in bytes.
pub const LONGEST: usize = 8 << 20;
/// Most files.
const MOST_FILES: usize = 10_000;
/// Most trackers, and as many web seeds, that are kept: the rest of such lists is dead.
const MOST_URLS: usize = 50;
/// Longest URL that is kept, in bytes.
const LONGEST_URL: usize = 1_024;

/// What is in a torrent. Only a sound description becomes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metainfo {
    /// SHA-1 of the info dictionary as it was written.
    pub info_hash: InfoHash,
    /// The torrent's name: text to show, never a name on disk.
    pub name: String,
    /// Its files. Padding (BEP 47) and symbolic links are left out, but counted in `index`.
    pub files: Vec<TorrentFile>,
    /// Whether it is of one file and of no folder.
    pub single_file: bool,
    /// Length of a piece, in bytes.
    pub piece_length: u32,
    /// Whether only its own trackers may be asked for peers (BEP 27).
    pub private: bool,
    /// Announce URLs, in order, without repeats.
    pub trackers: Vec<String>,
    /// HTTP servers that have it (BEP 19).
    pub web_seeds: Vec<String>,
    /// How many pieces it has.
    pieces: u32,
    info: Vec<u8>,
}

impl Metainfo {
    /// Reads a `.torrent`.
    pub fn read(bytes: &[u8]) -> Result<Self, Bad> {
        if bytes.len() > LONGEST {
            return Err(Bad::TooLong { bytes: bytes.len() });
        }
        let root = bencode::read(bytes)?;
        let raw = root.raw("info").ok_or(Bad::Missing("info"))?;
        let info = root.get("info").ok_or(Bad::Missing("info"))?;
        let mut metainfo = from_info(info, raw)?;
        metainfo.trackers = urls(root.get("announce-list").into_iter().chain(root.get("announce")));
        metainfo.web_seeds = urls(root.get("url-list").into_iter());
        Ok(metainfo)
    }

    /// Length of all files that are listed, in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.size_bytes).sum()
    }

    /// The file at this place in the torrent, unless it is padding or there is none.
    #[must_use]
    pub fn file(&self, index: u32) -> Option<&TorrentFile> {
        self.files.iter().find(|file| file.index == Some(index))
    }

    /// A `.torrent` of the same info dictionary, byte for byte, with these trackers and no other key.
    #[must_use]
    pub fn torrent_bytes(&self, trackers: &[String]) -> Vec<u8> {
        build::around(&self.info, trackers, &[])
    }

    /// The same, with these web seeds as well (BEP 19).
    #[must_use]
    pub fn torrent_bytes_with(&self, trackers: &[String], web_seeds: &[String]) -> Vec<u8> {
        build::around(&self.info, trackers, web_seeds)
    }
}

fn hash_of(info: &[u8]) -> InfoHash {
    InfoHash::from_bytes(Sha1::digest(info).into())
}

fn from_info(info: &Value<'_>, raw: &[u8]) -> Result<Metainfo, Bad> {
    if !matches!(info, Value::Dict(_)) {
        return Err(Bad::Missing("info"));
    }
    let Some(pieces) = info.get("pieces").and_then(Value::bytes) else {
        let v2 = info.get("meta version").is_some() || info.get("file tree").is_some();
        return Err(if v2 { Bad::OnlyV2 } else { Bad::Missing("pieces") });
    };
    let name = info.get("name.utf-8").or_else(|| info.get("name")).and_then(Value::bytes);
    let name = name::part(name.ok_or(Bad::Missing("name"))?)?;
    let piece_length = piece_length(info)?;
    let (files, total) = files(info, &name)?;
    let wants = total.div_ceil(u64::from(piece_length));
    let has = pieces.len() as u64 / 20;
    if !pieces.len().is_multiple_of(20) || has != wants {
        return Err(Bad::PieceCount { has, wants });
    }
    Ok(Metainfo {
        info_hash: hash_of(raw),
        name,
        files,
        single_file: info.get("files").is_none(),
        piece_length,
        private: info.get("private").and_then(Value::integer) == Some(1),
        trackers: Vec::new(),
        web_seeds: Vec::new(),
        pieces: u32::try_from(has).unwrap_or(u32::MAX),
        info: raw.to_vec(),
    })
}

fn piece_length(info: &Value<'_>) -> Result<u32, Bad> {
    let length = info.get("piece length").and_then(Value::integer);
    let length = length.ok_or(Bad::Missing("piece length"))?;
    u32::try_from(length)
        .ok()
        .filter(|length| (16 << 10..=32 << 20).contains(length))
        .ok_or(Bad::PieceLength(length))
}

/// The files that are listed, and the length of all, padding included.
fn files(info: &Value<'_>, name: &str) -> Result<(Vec<TorrentFile>, u64), Bad> {
    let mut listed = Vec::new();
    let mut total = 0_u64;
    let mut paths = HashSet::new();
    let several = info.get("files");
    if several.is_some() == info.get("length").is_some() {
        return Err(Bad::Missing("length or files"));
    }
    let several = several.map(|files| files.list().ok_or(Bad::Missing("files"))).transpose()?;
    let rows = several.unwrap_or(std::slice::from_ref(info));
    if rows.len() > MOST_FILES {
        return Err(Bad::TooManyFiles(rows.len()));
    }
    for (row, index) in rows.iter().zip(0..) {
        let length = row.get("length").and_then(Value::integer).ok_or(Bad::Missing("length"))?;
        let length = u64::try_from(length).map_err(|_| Bad::Lengths)?;
        total = total.checked_add(length).ok_or(Bad::Lengths)?;
        // BEP 47: `p` padding, `l` a symbolic link; neither is a file to us.
        let attributes = row.get("attr").and_then(Value::bytes).unwrap_or_default();
        if attributes.iter().any(|attribute| matches!(attribute, b'p' | b'l')) {
            continue;
        }
        let path = if several.is_some() { path_of(row)? } else { name.to_owned() };
        if !paths.insert(path.to_lowercase()) {
            return Err(Bad::Duplicate(path.chars().take(40).collect()));
        }
        let size_bytes = Some(length);
        listed.push(TorrentFile {
            index: Some(index),
            name: path,
            size_bytes,
            ..Default::default()
        });
    }
    if listed.iter().all(|file| file.size_bytes == Some(0)) {
        return Err(Bad::Empty);
    }
    mark_twins(&mut listed);
    // What file systems and players count in.
    if i64::try_from(total).is_err() { Err(Bad::Lengths) } else { Ok((listed, total)) }
}

fn path_of(row: &Value<'_>) -> Result<String, Bad> {
    // The engine goes by `path` alone, so that is judged even where `path.utf-8` is shown.
    let read = |key| {
        let parts = row.get(key).and_then(Value::list);
        parts.map(|parts| name::path(parts.iter().map(Value::bytes)))
    };
    let path = read("path").ok_or(Bad::Missing("path"))??;
    read("path.utf-8").unwrap_or(Ok(path))
}

/// The URLs in these values, each a string or a list of lists of them.
fn urls<'a>(values: impl Iterator<Item = &'a Value<'a>>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut waiting: Vec<&Value<'_>> = values.collect();
    waiting.reverse();
    while let Some(value) = waiting.pop() {
        if let Some(list) = value.list() {
            waiting.extend(list.iter().rev());
        }
        let text = value.bytes().filter(|bytes| (1..=LONGEST_URL).contains(&bytes.len()));
        if let Some(url) = text.and_then(|bytes| std::str::from_utf8(bytes).ok())
            && found.len() < MOST_URLS
            && !found.iter().any(|known| known == url)
        {
            found.push(url.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_builds() {
        let film = vec![7_u8; 40_000];
        let trackers = vec!["http://127.0.0.1:1/announce".to_owned()];
        let one = Metainfo::read(&build("film.mkv", &[("film.mkv", &film)], 16_384, &trackers));
        let one = one.unwrap();
        assert_eq!(
            (one.name.as_str(), one.files.len(), one.total_bytes()),
            ("film.mkv", 1, 40_000)
        );
        assert_eq!(one.trackers, trackers);
        let files = [("S01/E01.mkv", &film[..]), ("S01/E02.mkv", &film[1..])];
        let bytes = build("Pack", &files, 16_384, &[]);
        let pack = Metainfo::read(&bytes).unwrap();
        assert_eq!(pack.file(1).unwrap().name, "S01/E02.mkv");
        assert_eq!(pack.torrent_bytes(&[]), bytes);
    }

    #[test]
    fn padding_and_links_are_counted_but_not_listed() {
        let info =
            b"d5:filesld6:lengthi1e4:pathl1:aeed4:attr1:p6:lengthi16383e4:pathl4:.pad5:16383ee\
            d4:attr1:l6:lengthi0e4:pathl1:le12:symlink pathl2:..6:passwdeed6:lengthi1e4:pathl1:beee\
            4:name1:n12:piece lengthi16384e6:pieces40:0123456789012345678901234567890123456789e";
        let read = from_info(&bencode::read(info).unwrap(), info).unwrap();
        let listed: Vec<_> =
            read.files.iter().map(|file| (file.index, file.name.as_str())).collect();
        assert_eq!(listed, [(Some(0), "a"), (Some(3), "b")]);
    }

    /// A sound torrent with this value as its `url-list`.
    fn with_url_list(value: &[u8]) -> Metainfo {
        let mut bytes = build("a", &[("a", [1_u8; 5])], 16_384, &[]);
        bytes.pop();
        bytes.extend_from_slice(b"8:url-list");
        bytes.extend_from_slice(value);
        bytes.push(b'e');
        Metainfo::read(&bytes).unwrap()
    }

    #[test]
    fn a_url_list_is_one_text_or_a_list_and_what_is_none_costs_itself_alone() {
        for (value, seeds) in [
            ("17:https://a.example", vec!["https://a.example"]),
            (
                "l17:https://a.example17:https://b.examplee",
                vec!["https://a.example", "https://b.example"],
            ),
            ("ll17:https://a.exampleee", vec!["https://a.example"]),
            ("l17:https://a.example17:https://a.examplee", vec!["https://a.example"]),
            ("li5e0:d1:ai1ee17:https://a.examplee", vec!["https://a.example"]),
            ("0:", vec![]),
            ("le", vec![]),
            ("i5e", vec![]),
            ("de", vec![]),
        ] {
            let read = with_url_list(value.as_bytes());
            assert_eq!(read.web_seeds, seeds, "{value}");
            assert!(read.single_file);
        }
        let torrent = with_url_list(b"17:https://a.example");
        let again = Metainfo::read(&torrent.torrent_bytes_with(&[], &torrent.web_seeds)).unwrap();
        assert_eq!(again, torrent);
    }

    proptest::proptest! {
        #[test]
        fn every_list_of_urls_is_read_back_within_its_bounds(
            urls in proptest::collection::vec(".{0,40}", 0..80)
        ) {
            let mut value = Vec::from(*b"l");
            for url in &urls {
                bencode::put_bytes(&mut value, url.as_bytes());
            }
            value.push(b'e');
            let mut wanted: Vec<String> = Vec::new();
            for url in urls.into_iter().filter(|url| !url.is_empty()) {
                if !wanted.contains(&url) {
                    wanted.push(url);
                }
            }
            wanted.truncate(MOST_URLS);
            proptest::prop_assert_eq!(with_url_list(&value).web_seeds, wanted);
        }

        #[test]
        fn never_panics_on_a_strangers_bytes(bytes: Vec<u8>, text in "[dile0-9:a-z -]{0,200}") {
            let _ = Metainfo::read(&bytes);
            let _ = Metainfo::read(text.as_bytes());
            let info = format!("d4:infod4:name1:a6:pieces0:{text}ee");
            let _ = Metainfo::read(info.as_bytes());
        }

        #[test]
        fn never_panics_on_a_torrent_with_bytes_changed(at: proptest::sample::Index, byte: u8) {
            let mut bytes = build("n", &[("a/b", vec![1_u8; 20_000])], 16_384, &[]);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = Metainfo::read(&bytes);
        }
    }
}
