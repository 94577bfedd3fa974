//! Reading a file whose pieces are on their way: in order, with patience, to its end.

use std::fs::File;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeek, AsyncSeekExt as _};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_util::sync::DropGuard;

use super::Error;
use super::file::Open;
use super::live::{Live, Reading};
use super::meanwhile::Meanwhile;
use crate::representation::{CHUNK_BYTES, Chunk};

/// The engine's stream of one file: where it stands, the engine wants the next 32 MiB.
trait Pieces: AsyncRead + AsyncSeek + Send + Unpin {}
impl<T: AsyncRead + AsyncSeek + Send + Unpin> Pieces for T {}

/// One reader of one range.
pub(super) struct Reader {
    open: Arc<Open>,
    next: u64,
    end: u64,
    source: Source,
    _warm: Arc<DropGuard>,
}

enum Source {
    Closed,
    Disk(Arc<File>),
    Meanwhile(Meanwhile),
    Swarm(Stream),
}

struct Stream {
    pieces: Box<dyn Pieces>,
    reading: Reading,
    /// Its number among the torrent's readers.
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.reading.0.progress.ring.ends(self.number);
    }
}

impl Reader {
    pub(super) fn new(open: Arc<Open>, range: Range<u64>, warm: Arc<DropGuard>) -> Self {
        let Range { start: next, end } = range;
        Self { open, next, end, source: Source::Closed, _warm: warm }
    }

    /// The next bytes; `None` after the last.
    pub(super) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let most = (CHUNK_BYTES as u64).min(self.end.saturating_sub(self.next));
        if most == 0 {
            return Ok(None);
        }
        if self.open.is_complete() && !matches!(self.source, Source::Disk(_)) {
            // Frees its place among the streams.
            self.source = Source::Disk(Arc::new(File::open(&self.open.path)?));
        }
        let patience = self.open.torrents.engine.options.patience;
        let read = loop {
            if matches!(self.source, Source::Closed) {
                self.source = self.attach().await?;
            }
            let read = match &mut self.source {
                Source::Disk(file) => read_disk(file, most, self.next),
                Source::Meanwhile(meanwhile) => {
                    let Some(end) = meanwhile.until(self.next).await else {
                        self.source = Source::Closed;
                        continue;
                    };
                    read_disk(&meanwhile.file, most.min(end - self.next), self.next)
                }
                Source::Swarm(stream) => stream.read(most, patience).await,
                Source::Closed => Err(io::ErrorKind::NotConnected.into()),
            };
            match read {
                Ok(read) => break read,
                Err(error) if !self.goes_on(&error, most).await => return Err(error),
                Err(_) => {}
            }
        };
        if read.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.next += read.len() as u64;
        if let Source::Swarm(stream) = &self.source {
            stream.reading.0.progress.ring.comes_to(stream.number, self.next);
        }
        Ok(Some(read))
    }

    /// After a failed read: whether the torrent was added anew since, or is now for the sake of what is
    /// to be read next.
    async fn goes_on(&mut self, why: &io::Error, most: u64) -> bool {
        match std::mem::replace(&mut self.source, Source::Closed) {
            Source::Swarm(stream) => {
                let live = stream.reading.0.clone();
                drop(stream);
                self.open.is_renewed(&live, &(self.next..self.next + most)).await
            }
            Source::Disk(_) => self.open.is_hashed_again(why).await,
            Source::Meanwhile(_) | Source::Closed => false,
        }
    }

    async fn attach(&mut self) -> io::Result<Source> {
        let engine = &self.open.torrents.engine;
        let permit = timeout(engine.options.patience, engine.streams.clone().acquire_owned()).await;
        let Ok(Ok(mut permit)) = permit else {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "too many players wait for pieces: stop one of them",
            ));
        };
        let open = &self.open;
        let (reading, mut pieces) = loop {
            let live = open.torrents.live(&open.known, open.index, open.feed.as_ref()).await;
            let lent = (live.map_err(io::Error::other)?, permit);
            let reading = match Meanwhile::at(self.next, open, lent).await {
                Ok(meanwhile) => return Ok(Source::Meanwhile(meanwhile)),
                Err((reading, given_back)) => {
                    permit = given_back;
                    reading
                }
            };
            let pieces = stream_of(open, &reading.0).await;
            if pieces.is_ok() && open.settle(&reading.0).await {
                return Ok(Source::Disk(Arc::new(File::open(&open.path)?)));
            }
            // Another reader had it hashed again, or this one: the disk has not kept all of it.
            if reading.0.renewed.load(Ordering::SeqCst) {
                continue;
            }
            if let Some(trouble) = reading.0.trouble() {
                return Err(io::Error::other(trouble));
            }
            break (reading, pieces?);
        };
        pieces.seek(SeekFrom::Start(self.next)).await?;
        self.open.keep_watch(&reading.0);
        let number = reading.0.progress.ring.begins(self.open.index as usize, self.next);
        Ok(Source::Swarm(Stream { pieces, reading, number, _permit: permit }))
    }
}

/// The engine's stream, after its initial check: hashing a large file takes minutes on a slow disk.
async fn stream_of(open: &Open, live: &Live) -> io::Result<Box<dyn Pieces>> {
    let stream = live.handle.clone().stream(open.index as usize);
    tokio::select! {
        stream = stream => match stream {
            Ok(stream) => {
                live.progress.was_hashed.store(true, Ordering::SeqCst);
                Ok(Box::new(stream))
            }
            Err(error) => Err(failed(live, &error)),
        },
        error = interrupted(live) => Err(error),
    }
}

/// Why the engine gave an error: the disk's sentence comes before its own.
fn failed(live: &Live, error: &anyhow::Error) -> io::Error {
    io::Error::other(live.trouble().unwrap_or_else(|| Error::engine(error)))
}

/// Ends when there is no use in waiting longer.
async fn interrupted(live: &Live) -> io::Error {
    let mut trouble = live.progress.trouble.subscribe();
    let gone = Error::Engine("the torrent was closed".to_owned());
    tokio::select! {
        () = live.gone.cancelled() => io::Error::other(gone),
        trouble = trouble.wait_for(Option::is_some) => {
            let trouble = trouble.ok().and_then(|trouble| trouble.clone());
            io::Error::other(trouble.unwrap_or(gone))
        }
    }
}

impl Stream {
    /// What is here next, at most so much; nothing at the file's end.
    async fn read(&mut self, most: u64, patience: Duration) -> io::Result<Bytes> {
        let live = &self.reading.0;
        let mut chunk = Chunk::take();
        let room = chunk.room(usize::try_from(most).unwrap_or(CHUNK_BYTES));
        tokio::select! {
            // What is here is read before trouble is looked at.
            biased;
            read = timeout(patience, self.pieces.read(room)) => match read {
                // Of the disk, or of what it has kept: which of the two, nobody can say.
                Ok(Ok(_)) if live.unsound.get().is_some() => Err(interrupted(live).await),
                Ok(Ok(read)) => Ok(chunk.filled(read)),
                Ok(Err(error)) => Err(failed(live, &error.into())),
                Err(_) => Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("no peer has sent the next piece for {} s: try another release", patience.as_secs()),
                )),
            },
            error = interrupted(live) => Err(error),
        }
    }
}

/// A positioned read, where blocking is allowed: a cold disk takes its time.
fn read_disk(file: &File, most: u64, at: u64) -> io::Result<Bytes> {
    let mut chunk = Chunk::take();
    let room = chunk.room(usize::try_from(most).unwrap_or(CHUNK_BYTES));
    let read = match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => file.read_at(room, at),
        _ => tokio::task::block_in_place(|| file.read_at(room, at)),
    }?;
    if read == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(chunk.filled(read)) }
}

/// Has the pieces of a part fetched, and forgets their bytes. It takes no place that a reader wants,
/// and an error is the readers' to tell.
pub(super) async fn warm_up(open: Arc<Open>, live: Arc<Live>, part: Range<u64>) {
    let Ok(_permit) = open.torrents.engine.streams.clone().try_acquire_owned() else {
        return;
    };
    let fetch = async {
        let mut pieces = stream_of(&open, &live).await?;
        pieces.seek(SeekFrom::Start(part.start)).await?;
        let mut part = pieces.take(part.end - part.start);
        tokio::io::copy(&mut part, &mut tokio::io::sink()).await
    };
    tokio::select! {
        _ = fetch => {}
        _ = interrupted(&live) => {}
        // What comes first of it is of no use while nobody reads it.
        () = live.is_to_give_way() => {}
    }
}
