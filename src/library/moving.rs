//! A whole file moves to another place, so that after a power cut it is at one of them, whole.
//!
//! Who moves notes both places first. Then: on the same file system a rename; else the bytes go to
//! `<name>.part`, reach the disk, take the name, and the old file goes last. So a file that has the
//! new name is whole, and what was begun is ended by [`recover`].

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The long part of a move: makes the folder of `to`, and copies the bytes to `<to>.part` where `to` is
/// on another file system. The folder above that is not made, since it may be the mount point of a
/// disk that is away. The file at `from` must not change meanwhile. Blocks for as long as the disks
/// need.
pub fn prepare_move(from: &Path, to: &Path) -> io::Result<()> {
    let folder = folder_in_its_place(to)?;
    if fs::metadata(from)?.dev() == fs::metadata(folder)?.dev() {
        return Ok(());
    }
    let part = part_of(to);
    let copied = copy(from, &part);
    if copied.is_err() {
        let _ = fs::remove_file(&part);
    }
    copied
}

/// The short part: the file takes its new name, and the old one goes.
pub fn finish_move(from: &Path, to: &Path) -> io::Result<()> {
    let (part, folder) = (part_of(to), folder_in_its_place(to)?);
    let copied = part.is_file();
    fs::rename(if copied { &part } else { from }, to)?;
    File::open(folder)?.sync_all()?;
    if copied {
        fs::remove_file(from)?;
    }
    clear(from)
}

fn copy(from: &Path, part: &Path) -> io::Result<()> {
    let (mut source, mut copy) = (File::open(from)?, File::create(part)?);
    if io::copy(&mut source, &mut copy)? != source.metadata()?.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    copy.sync_all()
}

/// Ends what a power cut may have left of moving `from` to `to`; where the file is now.
pub fn recover(from: &Path, to: &Path) -> io::Result<PathBuf> {
    let _ = fs::remove_file(part_of(to));
    if to.is_file() {
        // It has the name, so it is whole.
        if from.is_file() {
            fs::remove_file(from)?;
        }
        clear(from)?;
        return Ok(to.to_owned());
    }
    Ok(from.to_owned())
}

fn folder_in_its_place(to: &Path) -> io::Result<PathBuf> {
    let folder = to.parent().ok_or(io::ErrorKind::InvalidInput)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if let Some(above) = folder.parent() {
        File::open(above)?.sync_all()?;
    }
    Ok(folder.to_owned())
}

fn part_of(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Makes it durable that the old file is gone, and removes its folder if nothing else is in it.
fn clear(from: &Path) -> io::Result<()> {
    let Some(folder) = from.parent().filter(|folder| folder.is_dir()) else { return Ok(()) };
    File::open(folder)?.sync_all()?;
    let _ = fs::remove_dir(folder);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_at_one_place_whenever_the_move_was_broken_off() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a/x/0.mkv"), folder.path().join("b/x/0.mkv"));
        let bytes = vec![7; 100_000];
        let begin = || {
            let _ = fs::remove_dir_all(folder.path().join("a"));
            let _ = fs::remove_dir_all(folder.path().join("b"));
            fs::create_dir_all(from.parent().unwrap()).unwrap();
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(&from, &bytes).unwrap();
        };
        // Before anything; in the copy; with the name but before the old one is gone; after.
        begin();
        assert_eq!(recover(&from, &to).unwrap(), from);
        fs::write(part_of(&to), &bytes[..500]).unwrap();
        assert_eq!(recover(&from, &to).unwrap(), from);
        assert!(!part_of(&to).exists());
        fs::write(&to, &bytes).unwrap();
        assert_eq!(recover(&from, &to).unwrap(), to);
        assert!(!from.exists() && !from.parent().unwrap().exists());
        assert_eq!(recover(&from, &to).unwrap(), to);
        assert!(fs::read(&to).unwrap() == bytes);

        begin();
        fs::remove_dir(to.parent().unwrap()).unwrap();
        prepare_move(&from, &to).unwrap();
        finish_move(&from, &to).unwrap();
        assert!(fs::read(&to).unwrap() == bytes && !from.exists());

        // The folder of a disk that is away is not made.
        begin();
        fs::remove_dir_all(folder.path().join("b")).unwrap();
        assert!(prepare_move(&from, &to).is_err());
        assert!(fs::read(&from).unwrap() == bytes);
        copy_to_another_file_system(&bytes);
    }

    /// `/dev/shm` is another file system wherever there is one.
    fn copy_to_another_file_system(bytes: &[u8]) {
        let Ok(other) = tempfile::tempdir_in("/dev/shm") else { return };
        let here = tempfile::tempdir().unwrap();
        let (from, to) = (here.path().join("x/0.mkv"), other.path().join("x/0.mkv"));
        fs::create_dir(from.parent().unwrap()).unwrap();
        fs::write(&from, bytes).unwrap();
        prepare_move(&from, &to).unwrap();
        finish_move(&from, &to).unwrap();
        assert!(fs::read(&to).unwrap() == bytes && !from.exists() && !part_of(&to).exists());
    }
}
