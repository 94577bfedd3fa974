//! A whole file moves to another place, so that after a power cut it is at one of them, whole.
//!
//! Who moves notes both places first. Then: on the same file system a rename; else the bytes go to
//! `<name>.part`, reach the disk, take the name, and the old file goes last. So a file that has the
//! new name is whole, and what was begun is ended by [`recover`].

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Moves the file at `from` to `to`, whose folder is made; the folder above that is not, since it may
/// be the mount point of a disk that is away. Blocks for as long as the disks need.
pub fn move_whole(from: &Path, to: &Path) -> io::Result<()> {
    let folder = folder_in_its_place(to)?;
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy_then_remove(from, to),
        moved => moved,
    }?;
    File::open(folder)?.sync_all()?;
    clear(from)
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

fn copy_then_remove(from: &Path, to: &Path) -> io::Result<()> {
    let part = part_of(to);
    let copied = (|| {
        let mut source = File::open(from)?;
        let mut copy = File::create(&part)?;
        let bytes = io::copy(&mut source, &mut copy)?;
        if bytes != source.metadata()?.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        copy.sync_all()?;
        fs::rename(&part, to)?;
        File::open(to.parent().ok_or(io::ErrorKind::InvalidInput)?)?.sync_all()
    })();
    if copied.is_err() {
        let _ = fs::remove_file(&part);
        return copied;
    }
    fs::remove_file(from)
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
        move_whole(&from, &to).unwrap();
        assert!(fs::read(&to).unwrap() == bytes && !from.exists());

        // The folder of a disk that is away is not made.
        begin();
        fs::remove_dir_all(folder.path().join("b")).unwrap();
        assert!(move_whole(&from, &to).is_err());
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
        move_whole(&from, &to).unwrap();
        assert!(fs::read(&to).unwrap() == bytes && !from.exists() && !part_of(&to).exists());
    }
}
