//! Replacing a whole file so that a power cut leaves the old one or the new one.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::opening::folder_of;

/// Puts `bytes` into the file at `path`, with the permission bits `mode` (such as `0o600`). The
/// order makes it safe: the new bytes reach the disk under another name, take the name, and the
/// folder reaches the disk. At every moment the name leads to the whole old file or the whole new
/// one. Blocks until the disk has it all.
pub fn replace_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = folder_of(path);
    // Made with mode 0600 and taken away again if a step fails.
    let mut file = tempfile::Builder::new().prefix(".unfinished-").tempfile_in(&folder)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|refused| refused.error)?;
    File::open(&folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_file_has_the_new_bytes_and_mode_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for (bytes, mode) in [(&b"one"[..], 0o644), (b"", 0o600), (b"three", 0o600)] {
            replace_file(&path, bytes, mode).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_and_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone").join("a.json");
        assert_eq!(replace_file(&path, b"x", 0o600).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
