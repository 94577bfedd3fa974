//! Many torrents in few bytes. Names and trackers repeat, so that a list packs to a sixth.

use std::borrow::Borrow;
use std::io::{BufWriter, Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer as _};

use crate::torrent::Unique;

/// The most that is unpacked, in bytes: ours is less, and what is damaged may claim anything.
const MOST: u64 = 16 << 20;
/// What is packed at a time, in bytes.
const PIECE: usize = 64 << 10;
/// One above the quickest, which is said to pack worse; the two were not compared here.
const LEVEL: Compression = Compression::new(2);
/// How many times longer a list is than it is packed, at most as a rule.
const UNPACKED: usize = 8;

/// As many of the first `torrents` as fit into `longest` bytes; `None` where not even one does.
pub(super) fn pack<T: Borrow<Unique>>(torrents: &[T], longest: usize) -> Option<Vec<u8>> {
    let mut count = torrents.len();
    loop {
        // Packed as it is written: as text a search takes megabytes, beside the answer that is sent.
        let encoder = DeflateEncoder::new(Vec::new(), LEVEL);
        let mut text = BufWriter::with_capacity(PIECE, encoder);
        let mut to = serde_json::Serializer::new(&mut text);
        to.collect_seq(torrents[..count].iter().map(<T as Borrow<Unique>>::borrow)).ok()?;
        let encoder = text.into_inner().ok()?;
        let length = encoder.total_in();
        let packed = encoder.finish().ok()?;
        if packed.len() <= longest && length <= MOST {
            return Some(packed);
        }
        // The share that would have fitted, and a little less for sure.
        let share = count * longest / packed.len().max(1);
        count = share.min(count - count.div_ceil(8));
        if count == 0 {
            return None;
        }
    }
}

/// What was packed; `None` where it is damaged.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<Unique>> {
    // As text it is looked through once, and not each of its thousands of names by itself.
    let mut text = String::with_capacity(UNPACKED * packed.len());
    DeflateDecoder::new(packed).take(MOST).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Any value.
pub(super) fn write<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    let text = serde_json::to_vec(value).ok()?;
    let mut encoder = DeflateEncoder::new(Vec::new(), LEVEL);
    encoder.write_all(&text).ok()?;
    encoder.finish().ok()
}

/// What was written; `None` where it is damaged.
pub(super) fn read<T: DeserializeOwned>(packed: &[u8]) -> Option<T> {
    let mut text = Vec::new();
    DeflateDecoder::new(packed).take(MOST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torrent::{IndexName, InfoHash};

    fn torrents(count: u32) -> Vec<Unique> {
        let torrent = |number: u32| {
            let mut hash = [0; 20];
            hash[..4].copy_from_slice(&number.to_be_bytes());
            Unique {
                info_hash: InfoHash::from_bytes(hash),
                name: format!(
                    "A.Film.{number}.1080p.WEB-DL.x264-{}",
                    number.wrapping_mul(2_654_435_761)
                ),
                other_names: Vec::new(),
                size_bytes: Some(u64::from(number)),
                seeders: None,
                file_index: None,
                file_name: None,
                trackers: vec!["udp://tracker.example:1337/announce".to_owned(); 5],
                indexer: None,
                files: [].into(),
                found_by: vec![IndexName::Torrentio],
            }
        };
        (0..count).map(torrent).collect()
    }

    #[test]
    fn a_list_is_read_back_and_the_end_of_one_too_long_is_left_out() {
        let all = torrents(2_000);
        let packed = pack(&all, usize::MAX >> 16).unwrap();
        assert!(packed.len() * 6 < serde_json::to_vec(&all).unwrap().len());
        assert_eq!(unpack(&packed).unwrap(), all);
        for longest in [packed.len() - 1, packed.len() / 3, 1_000] {
            let less = unpack(&pack(&all, longest).unwrap()).unwrap();
            assert!(!less.is_empty() && less.len() < all.len());
            assert_eq!(less, all[..less.len()], "the first of them");
        }
        assert_eq!(pack(&all, 10), None);
        assert_eq!(unpack(&pack::<Unique>(&[], 100).unwrap()).unwrap(), []);
    }

    proptest::proptest! {
        #[test]
        fn what_is_damaged_is_nothing(bytes: Vec<u8>) {
            let _ = unpack(&bytes);
        }
    }
}
