//! A copy of what a store sends, filled as it is read: a sparse file, and a map of which bytes of it
//! are here. Whoever reads, a player or the copying itself, reads what is here from the disk and the
//! rest from the source, and what came from the source is here from then on.
//!
//! Nothing in it was verified against the torrent: it is what the store sent, under the entity tag
//! and the length of what was asked for. So it has a name of its own, beside the swarm's file and
//! never in it. The map is kept by whoever owns the copy, and only what was flushed to the disk is in
//! it ([`Copy::flush`]).

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::Ranges;
use super::disk::read_at;
use crate::representation::{ByteStream, Representation};

/// A copy that is being made.
#[derive(Debug)]
pub struct Copy {
    file: Arc<File>,
    path: PathBuf,
    len: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    here: Ranges,
    /// The first fault of the disk; nothing is written after it.
    fault: Option<io::ErrorKind>,
}

/// A source with its copy.
struct Copied {
    copy: Arc<Copy>,
    source: Arc<dyn Representation>,
}

impl Copy {
    /// Opens the copy at `path`, of which `noted` was flushed before, or begins one. Its torrent's
    /// folder is made; the folder above that is not.
    pub fn open(path: &Path, len: u64, noted: &Ranges) -> io::Result<Self> {
        if let Some(folder) = path.parent()
            && !folder.is_dir()
        {
            std::fs::create_dir(folder)?;
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        let whole = file.metadata()?.len() == len;
        if !whole {
            file.set_len(len)?;
        }
        // A file of another length is not the one that was noted.
        let here = if whole { noted.within(len) } else { Ranges::default() };
        let state = Mutex::new(State { here, fault: None });
        Ok(Self { file: Arc::new(file), path: path.to_owned(), len, state })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it has once it is whole.
    #[must_use]
    pub fn whole_bytes(&self) -> u64 {
        self.len
    }

    /// How many bytes are here.
    #[must_use]
    pub fn bytes_have(&self) -> u64 {
        self.state().here.bytes()
    }

    /// The first part that is not here; `None` where all are.
    #[must_use]
    pub fn first_gap(&self) -> Option<Range<u64>> {
        self.state().here.first_gap(self.len)
    }

    /// Why the disk takes no more, if it does not.
    #[must_use]
    pub fn fault(&self) -> Option<io::ErrorKind> {
        self.state().fault
    }

    /// Flushes what is here to the disk; what may be noted as being there. Blocks.
    ///
    /// The kernel tells once of what the disk did not keep, and takes it for sound at the next flush:
    /// after one that failed nothing that is here is believed, and no other one is asked for.
    pub fn flush(&self) -> io::Result<Ranges> {
        // What comes in meanwhile is not promised.
        let (here, fault) = {
            let state = self.state();
            (state.here.clone(), state.fault)
        };
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        self.file.sync_data().inspect_err(|error| self.give_up(error))?;
        Ok(here)
    }

    /// `source`, read through this copy; as it is where it is of another length.
    #[must_use]
    pub fn over(self: &Arc<Self>, source: Arc<dyn Representation>) -> Arc<dyn Representation> {
        if source.len() == self.len {
            Arc::new(Copied { copy: Arc::clone(self), source })
        } else {
            source
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what came for `at`. A fault of the disk ends the copying, never the playing.
    fn take_in(&self, at: u64, bytes: &[u8]) {
        if self.state().fault.is_some() {
            return;
        }
        match self.file.write_all_at(bytes, at) {
            Ok(()) => self.state().here.add(at..at + bytes.len() as u64),
            Err(error) => self.state().fault = Some(error.kind()),
        }
    }

    /// Nothing of it is believed any more.
    fn give_up(&self, error: &io::Error) {
        let mut state = self.state();
        (state.here, state.fault) = (Ranges::default(), Some(error.kind()));
    }
}

/// Runs what waits for the disk where it holds up nobody.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => work(),
        _ => tokio::task::block_in_place(work),
    }
}

/// One reader's way through both.
struct Reader {
    copy: Arc<Copy>,
    source: Arc<dyn Representation>,
    range: Range<u64>,
    /// The source's bytes from `range.start` on, to the next that are here.
    gap: Option<ByteStream>,
}

impl Reader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let at = self.range.start;
            if self.range.is_empty() {
                return Ok(None);
            }
            if let Some(gap) = &mut self.gap {
                match gap.next().await.transpose()? {
                    None => self.gap = None,
                    Some(bytes) if bytes.is_empty() => {}
                    Some(bytes) => {
                        blocking(|| self.copy.take_in(at, &bytes));
                        self.range.start += bytes.len() as u64;
                        return Ok(Some(bytes));
                    }
                }
                continue;
            }
            let until = self.copy.state().here.here_until(at, self.range.end);
            if until > at {
                match read_at(&self.copy.file, until - at, at).await {
                    Ok(bytes) => {
                        self.range.start += bytes.len() as u64;
                        return Ok(Some(bytes));
                    }
                    // The disk was pulled, say: the source has it all the same.
                    Err(error) => self.copy.give_up(&error),
                }
                continue;
            }
            let until = self.copy.state().here.gap_until(at, self.range.end);
            self.gap = Some(self.source.read(at..until));
        }
    }
}

impl Representation for Copied {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn media_type(&self) -> &str {
        self.source.media_type()
    }

    fn entity_tag(&self) -> &str {
        self.source.entity_tag()
    }

    fn last_modified(&self) -> SystemTime {
        self.source.last_modified()
    }

    fn may_stall(&self) -> bool {
        self.copy.first_gap().is_some() && self.source.may_stall()
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        let (copy, source) = (Arc::clone(&self.copy), Arc::clone(&self.source));
        let reader = Reader { copy, source, range, gap: None };
        stream::try_unfold(reader, async |mut reader| {
            Ok(reader.next().await?.map(|bytes| (bytes, reader)))
        })
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Bytes that break off after so many, and how many were asked for.
    struct Source {
        bytes: Bytes,
        breaks_at: u64,
        sent: AtomicU64,
    }

    impl Representation for Source {
        fn len(&self) -> u64 {
            self.bytes.len() as u64
        }
        fn media_type(&self) -> &'static str {
            "video/mp4"
        }
        fn entity_tag(&self) -> &'static str {
            "tag"
        }
        fn last_modified(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
        fn may_stall(&self) -> bool {
            true
        }
        fn read(&self, range: Range<u64>) -> ByteStream {
            let end = range.end.min(self.breaks_at.max(range.start));
            self.sent.fetch_add(end - range.start, Ordering::SeqCst);
            let part = |at: u64| usize::try_from(at).unwrap();
            let bytes = self.bytes.slice(part(range.start)..part(end));
            let chunks: Vec<_> =
                bytes.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
            let broken = (end < range.end).then(|| Err(io::ErrorKind::ConnectionReset.into()));
            stream::iter(chunks.into_iter().chain(broken)).boxed()
        }
    }

    fn source(breaks_at: u64) -> Arc<Source> {
        let bytes = (0..50_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>().into();
        Arc::new(Source { bytes, breaks_at, sent: AtomicU64::new(0) })
    }

    async fn read(from: &Arc<dyn Representation>, range: Range<u64>) -> (Vec<u8>, bool) {
        let mut stream = from.read(range);
        let mut got = Vec::new();
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => got.extend_from_slice(&chunk),
                Err(_) => return (got, false),
            }
        }
        (got, true)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_read_once_is_not_asked_for_again_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hash/00112233445566778899.mp4");
        let good = source(u64::MAX);
        let len = good.len();
        let open = |noted: &Ranges| Arc::new(Copy::open(&path, len, noted).unwrap());
        let copy = open(&Ranges::default());
        let film = copy.over(good.clone());
        assert!(film.may_stall() && film.entity_tag() == "tag");
        // The end first, then across what is here.
        assert_eq!(read(&film, len - 5000..len).await.0, good.bytes[195_000..]);
        assert_eq!(read(&film, 190_000..197_000).await.0, good.bytes[190_000..197_000]);
        assert_eq!(good.sent.load(Ordering::SeqCst), 10_000);
        let noted = copy.flush().unwrap();
        assert_eq!(noted.bytes(), 10_000);
        drop((film, copy));

        // The source breaks off in the middle.
        let copy = open(&noted);
        let bad = source(100_000);
        let (got, whole) = read(&copy.over(bad), 0..len).await;
        assert!(!whole && got == good.bytes[..100_000]);
        assert_eq!(copy.first_gap(), Some(100_000..190_000));
        // What was not flushed is not believed.
        drop(copy);
        let copy = open(&noted);
        assert_eq!((copy.bytes_have(), copy.first_gap()), (10_000, Some(0..190_000)));
        let film = copy.over(good.clone());
        let (got, whole) = read(&film, 0..len).await;
        assert!(whole && got == good.bytes);
        assert_eq!(copy.first_gap(), None);
        assert!(!film.may_stall());
        assert!(std::fs::read(&path).unwrap() == good.bytes);

        // A file of another length is begun anew, and a source of another length is not copied.
        std::fs::write(&path, b"short").unwrap();
        assert_eq!(open(&copy.flush().unwrap()).bytes_have(), 0);
        let other = Arc::new(Copy::open(&path, 3, &Ranges::default()).unwrap());
        let film = other.over(good.clone());
        assert_eq!(read(&film, 0..10).await.0, good.bytes[..10]);
        assert_eq!(other.bytes_have(), 0);
    }
}
