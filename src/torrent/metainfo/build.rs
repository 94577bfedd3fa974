//! Writing metainfo: what the demonstration seeds, and what the swarm engine is given.

use sha1::{Digest as _, Sha1};

use super::bencode::{put_bytes, put_integer};

/// A `.torrent` (BEP 3) of `files`, each a path (`/` between its parts) and its bytes. One file whose
/// path is `name` makes a single-file torrent. `piece_length` in bytes.
#[must_use]
pub fn build<P: AsRef<str>, B: AsRef<[u8]>>(
    name: &str,
    files: &[(P, B)],
    piece_length: u32,
    trackers: &[String],
) -> Vec<u8> {
    let mut info = Vec::from(*b"d");
    let single = files.len() == 1 && files[0].0.as_ref() == name;
    if single {
        put_bytes(&mut info, b"length");
        put_integer(&mut info, files[0].1.as_ref().len() as u64);
    } else {
        put_bytes(&mut info, b"files");
        info.push(b'l');
        for (path, bytes) in files {
            put_file(&mut info, path.as_ref(), bytes.as_ref().len() as u64);
        }
        info.push(b'e');
    }
    put_bytes(&mut info, b"name");
    put_bytes(&mut info, name.as_bytes());
    put_bytes(&mut info, b"piece length");
    put_integer(&mut info, u64::from(piece_length));
    put_bytes(&mut info, b"pieces");
    put_bytes(&mut info, &piece_hashes(files.iter().map(|file| file.1.as_ref()), piece_length));
    info.push(b'e');
    around(&info, trackers, &[])
}

fn put_file(info: &mut Vec<u8>, path: &str, length: u64) {
    info.push(b'd');
    put_bytes(info, b"length");
    put_integer(info, length);
    put_bytes(info, b"path");
    info.push(b'l');
    for part in path.split('/') {
        put_bytes(info, part.as_bytes());
    }
    info.extend_from_slice(b"ee");
}

/// SHA-1 of every piece of the files laid end to end.
fn piece_hashes<'a>(files: impl Iterator<Item = &'a [u8]>, piece_length: u32) -> Vec<u8> {
    let piece_length = piece_length.max(1) as usize;
    let (mut hashes, mut piece, mut filled) = (Vec::new(), Sha1::new(), 0);
    for mut bytes in files {
        while !bytes.is_empty() {
            let (head, rest) = bytes.split_at(bytes.len().min(piece_length - filled));
            piece.update(head);
            (filled, bytes) = (filled + head.len(), rest);
            if filled == piece_length {
                hashes.extend_from_slice(&piece.finalize_reset());
                filled = 0;
            }
        }
    }
    if filled > 0 {
        hashes.extend_from_slice(&piece.finalize());
    }
    hashes
}

/// A `.torrent` around the raw bytes of an info dictionary, with these trackers (BEP 12), these web
/// seeds (BEP 19) and nothing else.
pub(super) fn around(info: &[u8], trackers: &[String], web_seeds: &[String]) -> Vec<u8> {
    let mut out = Vec::from(*b"d");
    if let Some(first) = trackers.first() {
        put_bytes(&mut out, b"announce");
        put_bytes(&mut out, first.as_bytes());
        put_bytes(&mut out, b"announce-list");
        out.push(b'l');
        for tracker in trackers {
            out.push(b'l');
            put_bytes(&mut out, tracker.as_bytes());
            out.push(b'e');
        }
        out.push(b'e');
    }
    put_bytes(&mut out, b"info");
    out.extend_from_slice(info);
    if !web_seeds.is_empty() {
        put_bytes(&mut out, b"url-list");
        out.push(b'l');
        for seed in web_seeds {
            put_bytes(&mut out, seed.as_bytes());
        }
        out.push(b'e');
    }
    out.push(b'e');
    out
}
