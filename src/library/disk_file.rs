//! A file of this machine's disk as a [`Representation`].

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use rustix::io::ReadWriteFlags;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::representation::{ByteStream, Representation};

/// Bytes of one read. Measured beside 64 KiB and 1 MiB with 1, 8 and 64 clients: as fast as the
/// best within the noise, and the only memory a client costs.
const CHUNK_BYTES: usize = 256 << 10;

/// A file on disk, opened once and read by any number of clients at once.
#[derive(Debug)]
pub struct DiskFile {
    file: Arc<File>,
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
    len: u64,
    entity_tag: String,
    media_type: String,
    modified: SystemTime,
}

impl DiskFile {
    /// Opens a regular file, of the length it has now. It blocks for as long as the disk does.
    pub fn open(
        path: &Path,
        entity_tag: impl Into<String>,
        media_type: impl Into<String>,
        modified: SystemTime,
    ) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        Ok(Self {
            file: Arc::new(file),
            path: path.to_owned(),
            identity: identity(&metadata),
            len: metadata.len(),
            entity_tag: entity_tag.into(),
            media_type: media_type.into(),
            modified,
        })
    }

    /// Whether its name still leads to it. After a disk was pulled it does not, and after it was
    /// plugged in again it leads to another file, while this one stays dead.
    #[must_use]
    pub fn is_there(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|metadata| identity(&metadata) == self.identity)
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl Representation for DiskFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn media_type(&self) -> &str {
        &self.media_type
    }

    fn entity_tag(&self) -> &str {
        &self.entity_tag
    }

    fn last_modified(&self) -> SystemTime {
        self.modified
    }

    fn may_stall(&self) -> bool {
        false
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        let reader = Reader { file: Arc::clone(&self.file), range, last: Bytes::new() };
        stream::try_unfold(reader, |mut reader| async move {
            if reader.range.is_empty() {
                return Ok(None);
            }
            let chunk = reader.next().await?;
            Ok(Some((chunk, reader)))
        })
        .boxed()
    }
}

/// One client's way through the file.
struct Reader {
    file: Arc<File>,
    range: Range<u64>,
    /// The chunk sent last: once the socket has let go of it, its memory takes the next one.
    last: Bytes,
}

impl Reader {
    /// Reads the next chunk.
    ///
    /// What the page cache has is read where we stand (`RWF_NOWAIT`): it costs a copy and no more. The
    /// rest blocks, for milliseconds on a cold disk. Of the ways to do that, measured: inline holds
    /// up a worker, `spawn_blocking` costs about 1.8 times the processor time a byte, and
    /// `block_in_place` costs a tenth more than inline and hands the worker's other tasks on. It
    /// needs the multi-threaded runtime, which `main` has; on another (a test's) the read goes to
    /// the blocking pool.
    async fn next(&mut self) -> io::Result<Bytes> {
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(CHUNK_BYTES);
        let (wanted, at) = (left.min(CHUNK_BYTES), self.range.start);
        let mut buffer = match std::mem::take(&mut self.last).try_into_mut() {
            Ok(mut buffer) if buffer.len() >= wanted => {
                buffer.truncate(wanted);
                buffer
            }
            _ => BytesMut::zeroed(wanted),
        };
        let chunk = if let Some(size) = cached(&self.file, &mut buffer, at) {
            buffer.truncate(size);
            buffer.freeze()
        } else if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
            tokio::task::block_in_place(|| fill(&self.file, buffer, at))?
        } else {
            let file = Arc::clone(&self.file);
            let read = tokio::task::spawn_blocking(move || fill(&file, buffer, at));
            read.await.map_err(io::Error::other)??
        };
        self.range.start += chunk.len() as u64;
        self.last = chunk.clone();
        Ok(chunk)
    }
}

/// Reads what the page cache has at `at`, at most a buffer. `None` where it has nothing, or the file
/// system cannot say.
fn cached(file: &File, buffer: &mut [u8], at: u64) -> Option<usize> {
    let buffers = &mut [io::IoSliceMut::new(buffer)];
    rustix::io::preadv2(file, buffers, at, ReadWriteFlags::NOWAIT).ok().filter(|size| *size > 0)
}

/// Reads what the file has at `at`, at most a buffer. A file that has become shorter is an error.
fn fill(file: &File, mut buffer: BytesMut, at: u64) -> io::Result<Bytes> {
    loop {
        match file.read_at(&mut buffer, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(size) => {
                buffer.truncate(size);
                return Ok(buffer.freeze());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn chunks_that_are_kept_are_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film");
        let content: Vec<u8> =
            (0..1_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
        std::fs::write(&path, &content).unwrap();
        let file = DiskFile::open(&path, "t", "video/mp4", SystemTime::UNIX_EPOCH).unwrap();
        let kept: Vec<Bytes> = file.read(0..1_000_000).map(|chunk| chunk.unwrap()).collect().await;
        assert_eq!(kept.concat(), content);

        // Let go one by one, the same memory serves them all.
        let mut places = std::collections::BTreeSet::new();
        let mut stream = file.read(0..1_000_000);
        while let Some(chunk) = stream.next().await {
            places.insert(chunk.unwrap().as_ptr());
        }
        assert_eq!(places.len(), 1);
        assert_eq!(file.read(5..5).count().await, 0);
    }

    #[test]
    fn a_folder_is_no_film() {
        let folder = tempfile::tempdir().unwrap();
        let opened = DiskFile::open(folder.path(), "t", "video/mp4", SystemTime::UNIX_EPOCH);
        assert_eq!(opened.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
