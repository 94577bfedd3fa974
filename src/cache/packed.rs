//! JSON in a quarter of its room.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Most bytes of an unpacked value: what lies on a disk may be damaged.
const MOST_BYTES: u64 = 4 << 20;

pub(super) fn write<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(value).ok()?;
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&json).ok()?;
    packer.finish().ok()
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut json = Vec::new();
    DeflateDecoder::new(bytes).take(MOST_BYTES).read_to_end(&mut json).ok()?;
    serde_json::from_slice(&json).ok()
}
