//! A file of this machine's disk as a [`Representation`].

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::{StreamExt, stream};

use super::disk::read_at;
use crate::representation::{ByteStream, Representation};

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
        let way = (Arc::clone(&self.file), range);
        stream::try_unfold(way, |(file, mut range)| async move {
            if range.is_empty() {
                return Ok(None);
            }
            let chunk = read_at(&file, range.end - range.start, range.start).await?;
            range.start += chunk.len() as u64;
            Ok(Some((chunk, (file, range))))
        })
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

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

        // Let go one by one, they lie in the same memory again; other tests may take some of it.
        let mut places = std::collections::BTreeSet::new();
        let (mut stream, mut chunks) = (file.read(0..1_000_000), 0);
        while let Some(chunk) = stream.next().await {
            places.insert(chunk.unwrap().as_ptr());
            chunks += 1;
        }
        assert!(places.len() < chunks, "{chunks} chunks at {places:?}");
        assert_eq!(file.read(5..5).count().await, 0);
    }

    #[test]
    fn a_folder_is_no_film() {
        let folder = tempfile::tempdir().unwrap();
        let opened = DiskFile::open(folder.path(), "t", "video/mp4", SystemTime::UNIX_EPOCH);
        assert_eq!(opened.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
