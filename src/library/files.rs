//! The files of a library: found by their names, and by their names alone removed.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::LibraryId;
use crate::torrent::InfoHash;

/// A folder of titles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// What it is called to the owner.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Which library it is; `None` where nobody has said so yet, or where it is none.
    pub id: Option<LibraryId>,
}

/// What the name of a file says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// The swarm's: the file's place in the torrent.
    Piece(u32),
    /// A copy's: the media id.
    Copy(String),
}

/// A file with a name of ours.
#[derive(Debug, Clone)]
pub struct File {
    /// Its torrent.
    pub info_hash: InfoHash,
    /// What its name says.
    pub name: Name,
    /// Its extension, without the dot.
    pub extension: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its length, gaps included.
    pub len: u64,
    /// What it takes on the disk.
    pub bytes: u64,
    /// How long ago it was written to.
    pub age: Duration,
}

/// The name of a copy, in its torrent's folder.
#[must_use]
pub fn copy_name(media_id: &str, extension: &str) -> String {
    format!("{media_id}.{extension}")
}

/// Letters of a media id.
const MEDIA_ID: usize = 20;
/// Letters of a number of a file.
const NUMBER: usize = 7;

impl Name {
    fn read(stem: &str) -> Option<Self> {
        let digits = !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_digit());
        if digits && stem.len() <= NUMBER {
            return stem.parse().ok().map(Self::Piece);
        }
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (stem.len() == MEDIA_ID && stem.bytes().all(hex)).then(|| Self::Copy(stem.to_owned()))
    }
}

impl Root {
    /// Every file with a name of ours. A folder that is not there has none.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let folders = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        folders.filter_map(|entry| torrent_of(&entry)).flat_map(files_of).collect()
    }

    /// Those of one torrent.
    #[must_use]
    pub fn files_of(&self, info_hash: &InfoHash) -> Vec<File> {
        let folder = self.folder_of(info_hash);
        // Not through a link.
        let is_folder = fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir());
        if is_folder { files_of((*info_hash, folder)) } else { Vec::new() }
    }

    /// The folder of a torrent in it.
    #[must_use]
    pub fn folder_of(&self, info_hash: &InfoHash) -> PathBuf {
        self.folder.join(info_hash.to_string())
    }

    /// Removes one file, and its torrent's folder where it was the last in it. A path that is not of
    /// this root, or whose name is not ours, is refused; one that is gone already is no error. It is
    /// on the disk when this returns.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        let refused = || io::Error::new(io::ErrorKind::InvalidInput, "it has no name of ours");
        let folder = path.parent().ok_or_else(refused)?;
        let name = folder.file_name().and_then(|name| name.to_str()).ok_or_else(refused)?;
        let ours = folder.parent() == Some(&self.folder)
            && is_hash(name)
            && path.file_name().and_then(|name| name.to_str()).and_then(parts).is_some();
        if !ours {
            return Err(refused());
        }
        match fs::symlink_metadata(folder) {
            // A link instead of a folder would lead elsewhere.
            Ok(metadata) if !metadata.is_dir() => return Err(refused()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::File::open(folder)?.sync_all()?;
        // Refused by the system while anything is in it.
        if fs::remove_dir(folder).is_ok() {
            fs::File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }
}

fn is_hash(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn torrent_of(entry: &fs::DirEntry) -> Option<(InfoHash, PathBuf)> {
    let name = entry.file_name();
    let name = name.to_str().filter(|name| is_hash(name))?;
    // Not through a link.
    entry.file_type().ok()?.is_dir().then_some(())?;
    Some((name.parse().ok()?, entry.path()))
}

fn files_of((info_hash, folder): (InfoHash, PathBuf)) -> Vec<File> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| file_of(info_hash, &entry)).collect()
}

fn file_of(info_hash: InfoHash, entry: &fs::DirEntry) -> Option<File> {
    let name = entry.file_name();
    let (name, extension) = parts(name.to_str()?)?;
    let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
    let written = metadata.modified().ok()?;
    Some(File {
        info_hash,
        name,
        extension: extension.to_owned(),
        path: entry.path(),
        len: metadata.len(),
        bytes: metadata.blocks() * 512,
        age: SystemTime::now().duration_since(written).unwrap_or_default(),
    })
}

fn parts(name: &str) -> Option<(Name, &str)> {
    let (stem, extension) = name.split_once('.')?;
    let plain = !extension.is_empty() && extension.bytes().all(|b| b.is_ascii_alphanumeric());
    Some((Name::read(stem).filter(|_| plain)?, extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn only_names_of_ours_are_found_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (name, folder_of) = ("library".to_owned(), folder.path().to_owned());
        let root = Root { name, folder: folder_of, id: None };
        assert!(root.files().is_empty());
        let torrent = folder.path().join(HASH);
        fs::create_dir(&torrent).unwrap();
        let ours = ["0.mkv", "12.bin", "00112233445566778899.mp4"];
        let others = ["film.mkv", "0", "0.m-v", "-1.mkv", "0.mkv.part", "12345678.mkv", "A.mkv"];
        for name in ours.iter().chain(&others) {
            fs::write(torrent.join(name), b"bytes").unwrap();
        }
        let (elsewhere, link) = (folder.path().join("mine"), "f".repeat(40));
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("0.mkv"), b"mine").unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder.path().join(&link)).unwrap();

        let mut found: Vec<String> = root
            .files()
            .iter()
            .map(|file| file.path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        found.sort();
        assert_eq!(found, ["0.mkv", "00112233445566778899.mp4", "12.bin"]);

        let refused = [
            torrent.join("film.mkv"),
            elsewhere.join("0.mkv"),
            folder.path().join(&link).join("0.mkv"),
            folder.path().join("..").join(HASH).join("0.mkv"),
            torrent.join("../mine/0.mkv"),
            torrent.clone(),
        ];
        for path in refused {
            assert!(root.remove(&path).is_err(), "{}", path.display());
        }
        assert!(elsewhere.join("0.mkv").is_file());
        for name in ours {
            root.remove(&torrent.join(name)).unwrap();
            root.remove(&torrent.join(name)).unwrap();
        }
        assert_eq!(fs::read_dir(&torrent).unwrap().count(), others.len(), "the owner's own stay");
        for name in others {
            fs::remove_file(torrent.join(name)).unwrap();
        }
        fs::write(torrent.join("1.mkv"), b"").unwrap();
        root.remove(&torrent.join("1.mkv")).unwrap();
        assert!(!torrent.exists(), "an empty folder goes with its last file");
    }
}
