//! The hash by which catalogues of subtitles know a film's file: OpenSubtitles' own. It is the length
//! and the sums of the first and the last 64 KiB, read as little-endian numbers of eight bytes, modulo
//! 2^64; so that the file need not be here.

/// How much is read at each end.
pub const ENDS: usize = 64 << 10;

/// The hash of a file of `len` bytes of which these are the first and the last [`ENDS`] bytes; `None`
/// where the file is too short, or an end is not of that length.
#[must_use]
pub fn video_hash(len: u64, head: &[u8], tail: &[u8]) -> Option<String> {
    if len < 2 * ENDS as u64 || head.len() != ENDS || tail.len() != ENDS {
        return None;
    }
    Some(format!("{:016x}", len.wrapping_add(sum(head)).wrapping_add(sum(tail))))
}

fn sum(bytes: &[u8]) -> u64 {
    let numbers = bytes.chunks_exact(8).filter_map(|eight| eight.try_into().ok());
    numbers.map(u64::from_le_bytes).fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_length_and_both_ends() {
        let mut head = vec![0; ENDS];
        let tail = vec![0xff; ENDS];
        // 8192 times -1 is -8192.
        assert_eq!(video_hash(1 << 20, &head, &tail).as_deref(), Some("00000000000fe000"));
        head[..8].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(video_hash(1 << 20, &head, &tail).as_deref(), Some("00000000000fe001"));
        assert_eq!(video_hash(100, &head, &tail), None);
        assert_eq!(video_hash(1 << 20, &head[1..], &tail), None);
    }
}
