//! Piece data on disk: `<library>/<info hash>/<file index>.<extension>`.
//!
//! The engine's own storage opens every file of a torrent at once, under the torrent's names. This
//! one opens a file when its first byte is read or written, under names of ours, so a torrent of ten
//! thousand files takes one descriptor and no name of a stranger reaches the disk. Its calls are
//! synchronous: the engine makes them where blocking is allowed.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use librqbit::storage::{
    BoxStorageFactory, StorageFactory, StorageFactoryExt as _, TorrentStorage,
};
use librqbit::{ManagedTorrentShared, TorrentMetadata};
use rustix::fs::{FallocateFlags, fallocate};
use tokio::sync::watch;

use super::Error;
use super::place::{Place, Spot};
use super::ring::Ring;
use super::room::Room;
use crate::torrent::metainfo::Metainfo;
use crate::torrent::{InfoHash, TorrentFile};

/// Extensions that are kept on disk, so that a person finds the film; all others become `bin`.
const KEPT: [&str; 30] = [
    "mkv", "mp4", "m4v", "webm", "ts", "mpg", "mpeg", "vob", "m2ts", "mts", "avi", "divx", "mov",
    "wmv", "asf", "flv", "ogv", "ogm", "3gp", "srt", "ass", "ssa", "sub", "idx", "vtt", "smi",
    "sup", "txt", "nfo", "jpg",
];
/// Most files of one torrent that stay open.
const MOST_OPEN: usize = 64;

/// The name of a torrent's file on disk, within the torrent's folder.
#[must_use]
pub fn name_on_disk(file: &TorrentFile) -> String {
    let extension = file.base_name().rsplit_once('.').map_or("", |(_, extension)| extension);
    let extension = extension.to_ascii_lowercase();
    let kept = KEPT.into_iter().find(|kept| *kept == extension).unwrap_or("bin");
    format!("{}.{kept}", file.index.unwrap_or_default())
}

/// What happened to one torrent's data, told to whoever reads it.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The first error of the disk, until the torrent is tried again.
    pub(super) trouble: watch::Sender<Option<Error>>,
    /// How many writes there were.
    pub(super) writes: watch::Sender<u64>,
    /// What was given up for want of room.
    pub(super) ring: Ring,
    /// Whether what lies on the disk was hashed, so that its bytes may be read for others than that.
    pub(super) was_hashed: AtomicBool,
}

/// Makes the storage of one torrent.
#[derive(Clone)]
pub(super) struct Folder(Arc<Inner>);

struct Inner {
    /// The library, for the sentence about it.
    library: PathBuf,
    /// Where data goes, and where this torrent's went when it was added.
    place: Place,
    spot: Spot,
    folder: PathBuf,
    info_hash: InfoHash,
    /// By file index, with its length; padding and links are not in it.
    names: HashMap<usize, (String, u64)>,
    open: Mutex<HashMap<usize, Arc<File>>>,
    progress: Arc<Progress>,
    room: Option<Arc<dyn Room>>,
}

impl Folder {
    pub(super) fn new(
        place: Place,
        spot: Spot,
        metainfo: &Metainfo,
        progress: Arc<Progress>,
        room: Option<Arc<dyn Room>>,
    ) -> Self {
        let library = spot.folder.clone();
        let known = |file: &TorrentFile| (name_on_disk(file), file.size_bytes.unwrap_or(0));
        let named = |file: &TorrentFile| Some((file.index? as usize, known(file)));
        Self(Arc::new(Inner {
            folder: library.join(metainfo.info_hash.to_string()),
            library,
            place,
            spot,
            info_hash: metainfo.info_hash,
            names: metainfo.files.iter().filter_map(named).collect(),
            open: Mutex::default(),
            progress,
            room,
        }))
    }

    pub(super) fn factory(self) -> BoxStorageFactory {
        self.boxed()
    }

    pub(super) fn path(&self, index: usize) -> io::Result<PathBuf> {
        let (name, _) = self.0.names.get(&index).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.0.folder.join(name))
    }

    /// The file, opened at need; made at need where `create` says so.
    fn file(&self, index: usize, create: bool) -> io::Result<Arc<File>> {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&index) {
            return Ok(file.clone());
        }
        let path = self.path(index)?;
        if create && !self.0.folder.is_dir() {
            // The disk may have been pulled since: nothing is written to its empty mount point.
            if self.0.place != self.0.spot {
                return Err(io::Error::new(io::ErrorKind::NotFound, "its disk is away"));
            }
            std::fs::create_dir_all(&self.0.folder)?;
        }
        self.tell_unless_whole(index, &path, create)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(create).truncate(false);
        let file = Arc::new(options.open(path)?);
        if open.len() >= MOST_OPEN {
            open.clear();
        }
        open.insert(index, file.clone());
        Ok(file)
    }

    /// Says that a file which is not there, or is shorter, gets its whole length: from
    /// [`TorrentStorage::ensure_file_length`], or from its neighbour's last piece.
    fn tell_unless_whole(&self, index: usize, path: &Path, create: bool) -> io::Result<()> {
        let Some(room) = &self.0.room else { return Ok(()) };
        let whole = self.0.names.get(&index).map(|(_, len)| *len);
        let is_made = match std::fs::metadata(path) {
            Ok(metadata) => Some(metadata.len()) != whole,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create,
            Err(error) => return Err(error),
        };
        if !is_made {
            return Ok(());
        }
        room.is_made(&self.0.info_hash, path).map_err(io::Error::other)
    }

    /// Remembers the first error of the disk. The engine stops the torrent at a failed write and
    /// does not wake who waits for its pieces; this does.
    fn remember(&self, error: &io::Error) {
        let full = is_full(error);
        let library = self.0.library.clone();
        let trouble = if full {
            Error::DiskFull(library)
        } else {
            // Of our own errors the sentence, of the system's what kind it is.
            let ours = error.get_ref().map(ToString::to_string);
            Error::Disk { folder: library, why: ours.unwrap_or_else(|| error.kind().to_string()) }
        };
        self.0.progress.trouble.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(trouble);
            first
        });
    }

    /// Writes at these bytes; on a disk that has no room, or a bad block there, once more.
    fn write(
        &self,
        index: usize,
        at: Range<u64>,
        work: impl Fn(&File) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let written = self.file(index, true).and_then(|file| {
            loop {
                match work(&file) {
                    Err(error) if is_bad_block(&error) => {
                        give_back_bad(&file, &at)?;
                        return work(&file);
                    }
                    // Where the file system knows no holes, it is full.
                    Err(error) if is_full(&error) => {
                        if !self.0.progress.ring.make_room(index, &file).unwrap_or(false) {
                            return Err(error);
                        }
                    }
                    done => return done,
                }
            }
        });
        self.0.progress.writes.send_modify(|writes| *writes += 1);
        written.inspect_err(|error| self.remember(error)).map_err(Into::into)
    }
}

impl Progress {
    fn was_hashed(&self) -> bool {
        self.was_hashed.load(Ordering::SeqCst)
    }
}

fn is_bad_block(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Gives the pages of a part that cannot be read back to the file system. Who writes a part of a page
/// has the kernel read the rest of it first; of a hole it need not.
fn give_back_bad(file: &File, part: &Range<u64>) -> io::Result<()> {
    const PAGE: u64 = 4096;
    let mut page = vec![0; 4096];
    for at in (part.start / PAGE..part.end.div_ceil(PAGE)).map(|number| number * PAGE) {
        if file.read_at(&mut page, at).is_err_and(|error| is_bad_block(&error)) {
            let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            fallocate(file, how, at, PAGE)?;
        }
    }
    Ok(())
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl StorageFactory for Folder {
    type Storage = Self;

    fn create(&self, _: &ManagedTorrentShared, _: &TorrentMetadata) -> anyhow::Result<Self> {
        Ok(self.clone())
    }

    fn clone_box(&self) -> BoxStorageFactory {
        self.clone().boxed()
    }
}

impl TorrentStorage for Folder {
    fn init(&mut self, _: &ManagedTorrentShared, _: &TorrentMetadata) -> anyhow::Result<()> {
        Ok(())
    }

    // A piece that ends where a file begins makes the engine ask for 0 bytes of that file: no
    // reason to open it.
    fn pread_exact(&self, index: usize, offset: u64, buffer: &mut [u8]) -> anyhow::Result<()> {
        if buffer.is_empty() {
            return Ok(());
        }
        let end = offset + buffer.len() as u64;
        anyhow::ensure!(
            !self.0.progress.ring.is_gone(index, &(offset..end)),
            "these bytes were given up, since the disk is full"
        );
        // A file that is not there is a piece that is not there: the initial check takes it so.
        match self.file(index, false)?.read_exact_at(buffer, offset) {
            // A bad block. While it hashes what is here, the engine would take all that is behind it
            // for bad; zeros have another hash, and cost this piece alone.
            Err(error) if is_bad_block(&error) && !self.0.progress.was_hashed() => {
                buffer.fill(0);
                Ok(())
            }
            done => Ok(done?),
        }
    }

    fn pwrite_all(&self, index: usize, offset: u64, bytes: &[u8]) -> anyhow::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (at, ring) = (offset..offset + bytes.len() as u64, &self.0.progress.ring);
        ring.wrote(index, &at);
        self.write(index, at.clone(), |file| file.write_all_at(bytes, offset))?;
        ring.is_here_again(index, &at);
        Ok(())
    }

    /// Only asked for selected files. A sparse file of full length tells `df` nothing, but lets the
    /// next initial check see pieces behind the first gap.
    fn ensure_file_length(&self, index: usize, length: u64) -> anyhow::Result<()> {
        if !self.0.names.contains_key(&index) {
            return Ok(());
        }
        // What is in its way is in the first write's way too, and is told then: the engine goes on
        // without a word after this.
        self.file(index, true)?;
        self.write(index, 0..0, |file| {
            if file.metadata()?.len() == length { Ok(()) } else { file.set_len(length) }
        })
    }

    // Removing is the library's business, never the engine's.
    fn remove_file(&self, _: usize, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    fn remove_directory_if_empty(&self, _: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    fn take(&self) -> anyhow::Result<Box<dyn TorrentStorage>> {
        Ok(Box::new(self.clone()))
    }
}
