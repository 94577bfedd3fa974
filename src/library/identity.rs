//! Which library a folder is. Its path does not say: a disk of another box has the same one, and the
//! folder may be moved. So each has a random name of its own, in a file beside the films.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The file's name. Not hidden, so that it goes along when somebody moves what is in the folder.
const FILE: &str = "library.id";
/// Letters of the name.
const LETTERS: usize = 32;

/// The name of a library.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LibraryId(String);

impl LibraryId {
    /// One that no library has.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; LETTERS / 2];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(data_encoding::HEXLOWER.encode(&bytes)))
    }

    /// What a state has noted of one; `None` if it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == LETTERS && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// That of a folder; `None` where it has none. What cannot be read is an error: there may be one.
    pub fn of(folder: &Path) -> io::Result<Option<Self>> {
        let path = folder.join(FILE);
        match fs::symlink_metadata(&path) {
            // Neither a link nor a pipe of somebody else's is opened.
            Ok(metadata) if !metadata.is_file() => return Err(io::ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut text = String::new();
        File::open(path)?.take(2 * LETTERS as u64).read_to_string(&mut text)?;
        Ok(Self::read(text.trim()))
    }

    /// Makes it the folder's; it is on the disk when this returns. The folder is there already. Not
    /// with permissions of its own: a file system of a camera's card knows none.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let part = folder.join(format!("{FILE}.part"));
        let mut file = File::create(&part)?;
        file.write_all(self.0.as_bytes())?;
        file.sync_all()?;
        fs::rename(part, folder.join(FILE))?;
        File::open(folder)?.sync_all()
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_name_and_one_that_is_none_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, file) = (folder.path(), folder.path().join(FILE));
        assert_eq!(LibraryId::of(path).unwrap(), None);
        assert_eq!(LibraryId::of(&path.join("gone")).unwrap(), None);
        let id = LibraryId::random().unwrap();
        assert_ne!(id, LibraryId::random().unwrap());
        id.write(path).unwrap();
        assert_eq!(LibraryId::of(path).unwrap().as_ref(), Some(&id));
        assert_eq!(LibraryId::read(id.as_str()), Some(id));
        assert_eq!(fs::read_dir(path).unwrap().count(), 1);
        for bad in ["", "0123", &"g".repeat(32), &"A".repeat(32), &"0".repeat(9999)] {
            fs::write(&file, bad).unwrap();
            assert_eq!(LibraryId::of(path).unwrap(), None, "{bad}");
        }
        fs::write(&file, [0xff; 32]).unwrap();
        assert!(LibraryId::of(path).is_err());
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
        assert!(LibraryId::of(path).is_err());
    }
}
