//! Why the state cannot be opened or written: a sentence each, with what to do.

use std::io;
use std::path::{Path, PathBuf};

/// A fault of the state. Those of opening name the whole path, since the owner must find the file;
/// those of use name the file alone, since they may be shown in a browser. None shows a value.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum Error {
    #[error(
        "another credenza runs on this data folder ({} is in use); stop it, or give this one \
         another folder with --data",
        path.display()
    )]
    Locked { path: PathBuf },
    #[error(
        "the state file {} is damaged and was left as it is; put back a copy of it, or move it away \
         to start anew (owner, token and settings must then be set again)",
        path.display()
    )]
    Damaged { path: PathBuf },
    #[error(
        "the state file {} was written by a newer credenza (layout {found}, this one knows {known}); \
         run the newer version, or move the file away to start anew",
        path.display()
    )]
    Newer { path: PathBuf, found: String, known: u32 },
    #[error("the state file {} cannot be opened: {why}; make the folder writable for this user, or give another one with --data", path.display())]
    NotOpened { path: PathBuf, why: io::Error },
    #[error("the disk that holds {file} is full: nothing was saved; free some space and try again")]
    DiskFull { file: String },
    #[error("the disk that holds {file} does not work ({why}): nothing was saved; check the disk")]
    Disk { file: String, why: String },
    #[error("the entry {key:?} of {file} is not understood; set it again")]
    NotUnderstood { file: String, key: String },
    #[error("the entry {key:?} cannot be written as JSON; this is a fault of credenza, report it")]
    NotJson { key: String },
}

impl Error {
    /// A fault while opening.
    pub(super) fn of_opening(path: &Path, fault: redb::Error) -> Self {
        let path = path.to_owned();
        match fault {
            redb::Error::DatabaseAlreadyOpen => Self::Locked { path },
            redb::Error::Io(why) if is_full(&why) => Self::DiskFull { file: name_of(&path) },
            redb::Error::Io(why) if !is_damage(&why) => Self::NotOpened { path, why },
            redb::Error::UpgradeRequired(found) => {
                Self::Newer { path, found: format!("redb {found}"), known: super::SCHEMA }
            }
            _ => Self::Damaged { path },
        }
    }

    /// A fault of a read or a write.
    pub(super) fn of_use(path: &Path, fault: redb::Error) -> Self {
        match fault {
            redb::Error::Io(why) if is_full(&why) => Self::DiskFull { file: name_of(path) },
            redb::Error::Io(why) if !is_damage(&why) => {
                Self::Disk { file: name_of(path), why: why.to_string() }
            }
            redb::Error::Io(_) | redb::Error::Corrupted(_) => {
                Self::Damaged { path: path.to_owned() }
            }
            other => Self::Disk { file: name_of(path), why: other.to_string() },
        }
    }
}

/// The file's name, without the folders: for a sentence that may be shown in a browser.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn is_full(why: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(why.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// redb reports a file that is none of its own, or ends too early, as one of these.
fn is_damage(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}
