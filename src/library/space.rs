//! How much room a file system has, and how much of it stays free.

use std::io;
use std::path::Path;

/// What stays free, in bytes: with less, other programs fail in ways that nobody understands.
const RESERVE: u64 = 2 << 30;

/// The room of a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Space {
    /// In all.
    pub total_bytes: u64,
    /// What may still be written by a program without special rights.
    pub free_bytes: u64,
}

impl Space {
    /// Of the file system that `folder` is on, or is to be made on.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let there = folder.ancestors().find(|folder| folder.is_dir());
        let told = rustix::fs::statvfs(there.unwrap_or(Path::new("/")))?;
        Ok(Self {
            total_bytes: told.f_blocks.saturating_mul(told.f_frsize),
            free_bytes: told.f_bavail.saturating_mul(told.f_frsize),
        })
    }

    /// What stays free: as the owner said, else 2 GiB or a twentieth, whichever is more; but never
    /// more than a quarter, or a small card could hold no film at all.
    #[must_use]
    pub fn reserve(&self, said: Option<u64>) -> u64 {
        let usual = RESERVE.max(self.total_bytes / 20).min(self.total_bytes / 4);
        said.unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_free_suits_the_file_system() {
        const GIB: u64 = 1 << 30;
        for (total, said, reserve) in [
            (100 * GIB, None, 5 * GIB),
            (20 * GIB, None, 2 * GIB),
            (4 * GIB, None, GIB),
            (64 << 20, None, 16 << 20),
            (100 * GIB, Some(0), 0),
            (100 * GIB, Some(7), 7),
        ] {
            let space = Space { total_bytes: total, free_bytes: 0 };
            assert_eq!(space.reserve(said), reserve, "{total}");
        }
        let folder = tempfile::tempdir().unwrap();
        let space = Space::of(&folder.path().join("not/made/yet")).unwrap();
        assert!(space.total_bytes >= space.free_bytes && space.total_bytes > 0);
    }
}
