//! Bencode of a torrent (BEP 3), until `torrent::metainfo` builds one.

use sha1::{Digest as _, Sha1};

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(format!("{}:", bytes.len()).as_bytes());
    out.extend_from_slice(bytes);
}

/// The `.torrent`, and its info dictionary alone.
pub(super) fn build(
    name: &str,
    files: &[(String, &[u8])],
    piece_length: u32,
    trackers: &[String],
) -> (Vec<u8>, Vec<u8>) {
    let mut info = b"d5:filesl".to_vec();
    for (path, bytes) in files {
        info.extend_from_slice(format!("d6:lengthi{}e4:pathl", bytes.len()).as_bytes());
        path.split('/').for_each(|part| text(&mut info, part.as_bytes()));
        info.extend_from_slice(b"ee");
    }
    info.extend_from_slice(b"e4:name");
    text(&mut info, name.as_bytes());
    info.extend_from_slice(format!("12:piece lengthi{piece_length}e6:pieces").as_bytes());
    let all: Vec<u8> = files.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    let pieces: Vec<u8> = all.chunks(piece_length as usize).flat_map(Sha1::digest).collect();
    text(&mut info, &pieces);
    info.push(b'e');
    let mut out = b"d".to_vec();
    if let Some(first) = trackers.first() {
        out.extend_from_slice(b"8:announce");
        text(&mut out, first.as_bytes());
    }
    out.extend_from_slice(b"4:info");
    out.extend_from_slice(&info);
    out.push(b'e');
    (out, info)
}
