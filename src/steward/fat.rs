//! Where a small file of a FAT file system lies, read from the raw partition. Only that: the one
//! sector of `autoboot.txt` is rewritten in place, so no file system driver, with its caches and
//! its several writes, comes between an update and its commit.

use std::io;
use std::os::unix::fs::FileExt;

/// A file that fits into one sector of 512 bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where its sector begins, in bytes from the partition's front.
    pub(super) offset: u64,
    /// How many of the sector's bytes are the file's.
    pub(super) bytes: usize,
}

/// Why it was not found, in words that may stand in a sentence.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("it is no FAT file system")]
    NoFat,
    #[error("there is no autoboot.txt on it")]
    Missing,
    #[error("its autoboot.txt has {0} bytes, and 1 to 512 are read at the start")]
    Size(u32),
    #[error("its autoboot.txt lies outside of it")]
    Outside,
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// A directory holds no more (FAT specification 1.03, section 6.1).
const ENTRIES_LIMIT: u64 = 65_536;
const ENTRY: usize = 32;
const SECTOR: usize = 512;

/// What the first sector says of the rest (FAT specification 1.03, section 3.1). In bytes.
struct Volume {
    end: u64,
    fat: u64,
    root: Root,
    clusters: u64,
    cluster: u64,
}

enum Root {
    /// FAT12 and FAT16: so many entries, from here on.
    Fixed { at: u64, entries: u64 },
    /// FAT32: a chain that begins with this cluster.
    Chain { first: u32 },
}

/// Finds `AUTOBOOT.TXT` in the first folder.
pub(super) fn find_autoboot(partition: &impl FileExt) -> Result<Found, Fault> {
    let volume = Volume::read(partition)?;
    let mut seen = 0;
    let mut long_name = false;
    let mut part = volume.first_part();
    while let Some((at, bytes, cluster)) = part {
        for sector in 0..bytes / SECTOR as u64 {
            let mut entries = [0; SECTOR];
            partition.read_exact_at(&mut entries, at + sector * SECTOR as u64)?;
            for entry in entries.chunks_exact(ENTRY) {
                seen += 1;
                if entry[0] == 0 || seen > ENTRIES_LIMIT {
                    return Err(Fault::Missing);
                }
                let is_long = entry[11] & 0x3f == 0x0f;
                // Neither a label (0x08) nor a folder (0x10), and not deleted.
                let is_file = entry[11] & 0x18 == 0 && entry[0] != 0xe5;
                if !is_long && is_file && (&entry[..11] == b"AUTOBOOTTXT" || long_name) {
                    return volume.place(entry);
                }
                long_name = is_long && spells_autoboot(entry);
            }
        }
        part = volume.next_part(partition, cluster)?;
    }
    Err(Fault::Missing)
}

/// Whether an entry is the whole long name `autoboot.txt`: a computer that finds the short name
/// taken, as by a deleted twin, gives the file another one.
fn spells_autoboot(entry: &[u8]) -> bool {
    const WHOLE: u8 = 0x41;
    let units =
        entry[1..11].chunks(2).chain(entry[14..26].chunks(2)).chain(entry[28..32].chunks(2));
    let name = b"autoboot.txt\0";
    entry[0] == WHOLE
        && units
            .zip(name)
            .all(|(unit, wanted)| unit[1] == 0 && unit[0].to_ascii_lowercase() == *wanted)
}

impl Volume {
    fn read(partition: &impl FileExt) -> Result<Self, Fault> {
        let mut boot = [0; SECTOR];
        partition.read_exact_at(&mut boot, 0)?;
        let byte = |at: usize| u64::from(boot[at]);
        let word = |at: usize| u64::from(u16::from_le_bytes([boot[at], boot[at + 1]]));
        let double = |at: usize| word(at) | word(at + 2) << 16;
        let either = |small: u64, large: u64| if small == 0 { large } else { small };

        let (sector, cluster, reserved, fats) = (word(11), byte(13), word(14), byte(16));
        let entries = word(17);
        let fat_sectors = either(word(22), double(36));
        let sectors = either(word(19), double(32));
        let sizes_fit = matches!(sector, 512 | 1024 | 2048 | 4096) && cluster.is_power_of_two();
        let marked = boot[510..] == [0x55, 0xaa];
        if !(marked && sizes_fit && reserved > 0 && fats > 0 && fat_sectors > 0) {
            return Err(Fault::NoFat);
        }
        let root = reserved + fats * fat_sectors;
        let clusters = root + (entries * ENTRY as u64).div_ceil(sector);
        let root = if word(22) == 0 {
            Root::Chain { first: u32::from_le_bytes([boot[44], boot[45], boot[46], boot[47]]) }
        } else {
            Root::Fixed { at: root * sector, entries }
        };
        Ok(Self {
            end: sectors * sector,
            fat: reserved * sector,
            root,
            clusters: clusters * sector,
            cluster: cluster * sector,
        })
    }

    /// Where a cluster begins, if it is one.
    fn at(&self, number: u32) -> Option<u64> {
        let number = u64::from(number).checked_sub(2)?;
        let at = self.clusters + number * self.cluster;
        (at + self.cluster <= self.end).then_some(at)
    }

    /// The first stretch of the first folder: its place, its length, and its cluster.
    fn first_part(&self) -> Option<(u64, u64, Option<u32>)> {
        match self.root {
            Root::Fixed { at, entries } => Some((at, entries * ENTRY as u64, None)),
            Root::Chain { first } => Some((self.at(first)?, self.cluster, Some(first))),
        }
    }

    fn next_part(
        &self,
        partition: &impl FileExt,
        cluster: Option<u32>,
    ) -> Result<Option<(u64, u64, Option<u32>)>, Fault> {
        let Some(cluster) = cluster else { return Ok(None) };
        let mut entry = [0; 4];
        partition.read_exact_at(&mut entry, self.fat + u64::from(cluster) * 4)?;
        let next = u32::from_le_bytes(entry) & 0x0fff_ffff;
        Ok(self.at(next).map(|at| (at, self.cluster, Some(next))))
    }

    fn place(&self, entry: &[u8]) -> Result<Found, Fault> {
        let bytes = u32::from_le_bytes([entry[28], entry[29], entry[30], entry[31]]);
        let fits = usize::try_from(bytes).ok().filter(|bytes| (1..=SECTOR).contains(bytes));
        let bytes = fits.ok_or(Fault::Size(bytes))?;
        let high = match self.root {
            Root::Chain { .. } => [entry[20], entry[21]],
            Root::Fixed { .. } => [0; 2],
        };
        let cluster = u32::from_le_bytes([entry[26], entry[27], high[0], high[1]]);
        Ok(Found { offset: self.at(cluster).ok_or(Fault::Outside)?, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A partition in memory.
    struct Bytes(Vec<u8>);

    impl FileExt for Bytes {
        fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
            let count = into.len().min(self.0.len() - from);
            into[..count].copy_from_slice(&self.0[from..from + count]);
            Ok(count)
        }

        fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
            unreachable!("the finder writes nothing")
        }
    }

    /// FAT16 in 40 sectors: one reserved, a table of one, a folder of 16 entries, clusters of one.
    fn fat16(entries: &[[u8; ENTRY]]) -> Vec<u8> {
        let mut bytes = vec![0; 40 * SECTOR];
        for (at, value) in
            [(11, 512u16), (13, 1), (14, 1), (16, 1), (17, 16), (19, 40), (22, 1), (510, 0xaa55)]
        {
            let value = value.to_le_bytes();
            bytes[at] = value[0];
            if !matches!(at, 13 | 16) {
                bytes[at + 1] = value[1];
            }
        }
        for (entry, place) in entries.iter().zip(bytes[2 * SECTOR..].chunks_exact_mut(ENTRY)) {
            place.copy_from_slice(entry);
        }
        bytes
    }

    fn entry(name: &[u8; 11], attributes: u8, cluster: u8, bytes: u16) -> [u8; ENTRY] {
        let mut entry = [0; ENTRY];
        entry[..11].copy_from_slice(name);
        entry[11] = attributes;
        entry[26] = cluster;
        entry[28..30].copy_from_slice(&bytes.to_le_bytes());
        entry
    }

    fn find(bytes: Vec<u8>) -> Result<Found, String> {
        find_autoboot(&Bytes(bytes)).map_err(|fault| fault.to_string())
    }

    #[test]
    fn the_file_is_found_past_all_that_is_no_file_of_its_name() {
        let file = entry(b"AUTOBOOTTXT", 0x20, 7, 512);
        let found = Ok(Found { offset: 8 * 512, bytes: 512 });
        let others = [
            entry(b"AUTOBOOTTXT", 0x08, 3, 512),
            entry(b"AUTOBOOTTXT", 0x10, 3, 512),
            entry(b"\xe5UTOBOOTTXT", 0x20, 3, 512),
            entry(b"AUTOBOOTTXT", 0x0f, 3, 512),
            entry(b"AUTOBOOTBAK", 0x20, 3, 512),
        ];
        assert_eq!(find(fat16(&[&others[..], &[file]].concat())), found);
        let no_file = find(fat16(&others)).unwrap_err();
        assert_eq!(no_file, "there is no autoboot.txt on it");
        for (cluster, bytes, part) in [
            (7, 0, "has 0 bytes"),
            (7, 513, "has 513 bytes"),
            (0, 512, "outside"),
            (1, 512, "outside"),
            (200, 512, "outside"),
        ] {
            let fault = find(fat16(&[entry(b"AUTOBOOTTXT", 0x20, cluster, bytes)])).unwrap_err();
            assert!(fault.contains(part), "{fault}");
        }
        assert!(find(vec![0; 9]).unwrap_err().starts_with("it cannot be read"));
        assert_eq!(find(vec![0; 1024]).unwrap_err(), "it is no FAT file system");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_run_on(
            boot in proptest::collection::vec((0usize..64, proptest::num::u8::ANY), 0..8),
            rest in proptest::collection::vec((512usize..40 * 512, proptest::num::u8::ANY), 0..200),
            noise: Vec<u8>,
        ) {
            let mut bytes = fat16(&[entry(b"AUTOBOOTBAK", 0x20, 3, 9), entry(b"AUTOBOOTTXT", 0x20, 7, 512)]);
            for (at, byte) in boot.into_iter().chain(rest) {
                bytes[at] = byte;
            }
            for bytes in [bytes, noise] {
                if let Ok(found) = find(bytes) {
                    assert!(found.offset % 512 == 0 && (1..=512).contains(&found.bytes));
                }
            }
        }
    }
}
