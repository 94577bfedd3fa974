//! The few words of an ext4 file system that say how large it is (Documentation/filesystems/ext4).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Where it lies, from the start of the file system.
const AT: u64 = 1024;
const MAGIC: u16 = 0xEF53;
/// `s_feature_incompat`: block numbers have 64 bits.
const IS_64_BIT: u32 = 0x80;
/// `s_feature_incompat`: the journal has not been played back.
const RECOVER: u32 = 0x4;

/// What we ask of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Superblock {
    pub(super) blocks: u64,
    pub(super) block_bytes: u64,
    /// Blocks that only root may fill (the lower 32 bits; we never reserve more).
    pub(super) reserved: u32,
    /// It was not unmounted: some of it is in its journal only.
    pub(super) waits_in_journal: bool,
}

impl Superblock {
    /// Reads it from a partition; `None` where no ext4 is.
    pub(super) fn read(device: &Path) -> io::Result<Option<Self>> {
        let mut bytes = [0; 1024];
        match File::open(device)?.read_exact_at(&mut bytes, AT) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            done => done.map(|()| Self::parse(&bytes)),
        }
    }

    fn parse(bytes: &[u8; 1024]) -> Option<Self> {
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
        let high = if word(0x60) & IS_64_BIT == 0 { 0 } else { word(0x150) };
        let shift = word(0x18);
        let sound = u16::from_le_bytes([bytes[0x38], bytes[0x39]]) == MAGIC && shift <= 6;
        sound.then(|| Self {
            blocks: u64::from(high) << 32 | u64::from(word(0x4)),
            block_bytes: 1024 << shift,
            reserved: word(0x8),
            waits_in_journal: word(0x60) & RECOVER != 0,
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.blocks.saturating_mul(self.block_bytes)
    }
}
