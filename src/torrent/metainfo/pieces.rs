//! The pieces that one file fills alone (BEP 3): where their bytes lie in it, and what they hash to.

use std::ops::Range;

use sha1::{Digest as _, Sha1};

use super::Metainfo;
use super::bencode::{self, Value};

/// The pieces that hold bytes of one file and of no other. A piece at its edge that a neighbour shares
/// is none of them; one that padding (BEP 47) fills up is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces {
    /// Where the file lies in the torrent.
    file: Range<u64>,
    own: Range<u32>,
    /// SHA-1 of each of `own`.
    hashes: Vec<u8>,
    piece_length: u64,
    /// All bytes of the torrent, padding included.
    total: u64,
}

impl Pieces {
    /// Which pieces these are, by their place in the torrent.
    #[must_use]
    pub fn own(&self) -> Range<u32> {
        self.own.clone()
    }

    /// Length of a piece in bytes: of the torrent's last one it may be less than of the others.
    #[must_use]
    pub fn len_of(&self, piece: u32) -> u32 {
        let (start, end) = self.span(piece);
        u32::try_from(end.saturating_sub(start)).unwrap_or(0)
    }

    /// The file's bytes that a piece begins with; what follows them in it is zeros. `None` where the
    /// piece is not the file's own.
    #[must_use]
    pub fn bytes_of(&self, piece: u32) -> Option<Range<u64>> {
        let (start, end) = self.span(piece);
        self.own
            .contains(&piece)
            .then(|| start - self.file.start..end.min(self.file.end) - self.file.start)
    }

    /// The piece in which a byte of the file lies, whoever's it is.
    #[must_use]
    pub fn piece_at(&self, byte: u64) -> u32 {
        let piece = self.file.start.saturating_add(byte) / self.piece_length.max(1);
        u32::try_from(piece).unwrap_or(u32::MAX)
    }

    /// Whether these are the bytes of a piece of the file's own.
    #[must_use]
    pub fn are_right(&self, piece: u32, bytes: &[u8]) -> bool {
        let at = piece.checked_sub(self.own.start).map(|nth| nth as usize * 20);
        let hash = at.and_then(|at| self.hashes.get(at..at + 20));
        hash.is_some_and(|hash| Sha1::digest(bytes).as_slice() == hash)
    }

    /// A look at one piece of the file's own, whose bytes come bit by bit.
    #[must_use]
    pub fn look_at(&self, piece: u32) -> Option<PieceLook> {
        let bytes = self.bytes_of(piece)?;
        let at = piece.checked_sub(self.own.start)? as usize * 20;
        let hash = self.hashes.get(at..at + 20)?.try_into().ok()?;
        let padding = u64::from(self.len_of(piece)) - (bytes.end - bytes.start);
        Some(PieceLook { hash, padding, seen: Sha1::new() })
    }

    fn span(&self, piece: u32) -> (u64, u64) {
        let start = u64::from(piece) * self.piece_length;
        (start, (start + self.piece_length).min(self.total))
    }
}

/// One piece, hashed as its bytes come.
#[derive(Debug, Clone)]
pub struct PieceLook {
    hash: [u8; 20],
    /// Zeros that follow the file's bytes in it.
    padding: u64,
    seen: Sha1,
}

impl PieceLook {
    /// The next of the file's bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        self.seen.update(bytes);
    }

    /// Whether these were all bytes of the piece.
    #[must_use]
    pub fn is_right(mut self) -> bool {
        const ZEROS: [u8; 4096] = [0; 4096];
        while self.padding > 0 {
            let some = self.padding.min(ZEROS.len() as u64);
            self.seen.update(&ZEROS[..usize::try_from(some).unwrap_or(ZEROS.len())]);
            self.padding -= some;
        }
        self.seen.finalize().as_slice() == self.hash
    }
}

impl Metainfo {
    /// How many pieces the torrent has.
    #[must_use]
    pub fn total_pieces(&self) -> u32 {
        self.pieces
    }

    /// The pieces that a file fills alone; `None` where there is no such file.
    #[must_use]
    pub fn pieces_of(&self, index: u32) -> Option<Pieces> {
        self.file(index)?;
        let info = bencode::read(&self.info).ok()?;
        let hashes = info.get("pieces")?.bytes()?;
        let rows = info.get("files").and_then(|files| files.list());
        let rows = rows.unwrap_or(std::slice::from_ref(&info));
        let (mut file, mut filled, mut total) = (0..0, 0, 0_u64);
        for (row, nth) in rows.iter().zip(0..) {
            let start = total;
            total = start.checked_add(u64::try_from(row.get("length")?.integer()?).ok()?)?;
            let attributes = row.get("attr").and_then(Value::bytes).unwrap_or_default();
            if nth == index {
                file = start..total;
                filled = total;
            } else if nth > index && filled == start && attributes.contains(&b'p') {
                filled = total;
            }
        }
        let piece_length = u64::from(self.piece_length);
        let whole = if filled == total { u64::MAX } else { filled / piece_length };
        let first = file.start.div_ceil(piece_length);
        let end = file.end.div_ceil(piece_length).min(whole).max(first);
        let own = u32::try_from(first).ok()?..u32::try_from(end).ok()?;
        let hashes = hashes.get(own.start as usize * 20..own.end as usize * 20)?.to_vec();
        Some(Pieces { file, own, hashes, piece_length, total })
    }
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::*;

    const PIECE: usize = 16 << 10;

    fn bytes(length: usize, salt: u8) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 251).unwrap() ^ salt).collect()
    }

    #[test]
    fn a_piece_that_a_neighbour_shares_is_nobodys_own() {
        let files = [
            ("a", bytes(PIECE + 5, 1)),     // piece 0, and 5 bytes of piece 1
            ("b", bytes(PIECE * 2, 2)),     // the rest of piece 1, piece 2, 5 bytes of piece 3
            ("c", bytes(10, 3)),            // in piece 3 alone
            ("d", bytes(PIECE * 2 - 9, 4)), // the rest of 3, piece 4, and the torrent's end
        ];
        let metainfo = Metainfo::read(&build("Pack", &files, 16_384, &[])).unwrap();
        let all: Vec<u8> = files.iter().flat_map(|file| file.1.clone()).collect();
        for (index, own) in [(0, 0..1), (1, 2..3), (2, 4..4), (3, 4..6)] {
            let pieces = metainfo.pieces_of(index).unwrap();
            assert_eq!((pieces.own(), metainfo.total_pieces()), (own.clone(), 6), "{index}");
            let file = &files[index as usize].1;
            for piece in 0..7 {
                let range = pieces.bytes_of(piece);
                assert_eq!(range.is_some(), own.contains(&piece), "{index}: {piece}");
                let Some(range) = range else {
                    assert!(!pieces.are_right(piece, &all));
                    continue;
                };
                let (start, end) = (range.start.try_into().unwrap(), range.end.try_into().unwrap());
                let got: &[u8] = &file[start..end];
                assert_eq!(got.len(), pieces.len_of(piece) as usize);
                assert!(pieces.are_right(piece, got), "{index}: {piece}");
                let ends = [range.start, range.end - 1].map(|byte| pieces.piece_at(byte));
                assert_eq!(ends, [piece; 2]);
                assert!(!pieces.are_right(piece, &got[1..]));
                let mut look = pieces.look_at(piece).unwrap();
                got.chunks(1000).for_each(|part| look.take(part));
                assert!(look.clone().is_right());
                look.take(&[0]);
                assert!(!look.is_right());
            }
        }
        assert_eq!(metainfo.pieces_of(4), None);
    }

    #[test]
    fn a_piece_that_padding_fills_up_is_the_files_own() {
        let padding = vec![0; PIECE - 100];
        let files = [("a", bytes(PIECE + 100, 1)), ("pad", padding), ("b", bytes(200, 2))];
        let torrent = build("Pack", &files, 16_384, &[]);
        // The second file becomes padding.
        let (plain, padded) = (b"d6:lengthi16284e".as_slice(), b"d4:attr1:p6:lengthi16284e");
        let at = torrent.windows(plain.len()).position(|part| part == plain).unwrap();
        let torrent = [&torrent[..at], padded, &torrent[at + plain.len()..]].concat();
        let metainfo = Metainfo::read(&torrent).unwrap();
        assert_eq!(metainfo.files.len(), 2);
        let first = metainfo.pieces_of(0).unwrap();
        assert_eq!((first.own(), first.bytes_of(1)), (0..2, Some(16_384..16_484)));
        assert_eq!(first.len_of(1), 16_384);
        let mut look = first.look_at(1).unwrap();
        look.take(&files[0].1[16_384..]);
        assert!(look.is_right());
        assert_eq!(metainfo.pieces_of(1), None, "padding is no file");
        assert_eq!(metainfo.pieces_of(2).unwrap().own(), 2..3);
    }
}
