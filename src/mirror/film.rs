//! A file at several sources as one [`Representation`]: any of them may die at any byte.
//!
//! A reader reads at one source. Where that breaks off, refuses, or falls silent, it goes on at the
//! same byte at another: the sources are asked one after another, the next as soon as one has failed
//! or is slow to answer, and the first that has the right bytes is read on. Three things are looked at
//! before a byte of another source is passed on: the length that it tells, the place that its answer
//! begins at, and that the last bytes that were passed on are the same there. So bytes of two files
//! are never put behind each other. The reading ends with an error when no source is left that could
//! be asked again.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::error::Error;
use super::health::Health;
use super::probe::{self, Fault};
use super::{Patience, race};
use crate::fetch::Client;
use crate::representation::{ByteStream, Representation};

/// Tries of one source in a row that may bring nothing.
const TRIES: u32 = 3;
/// Bytes after which a try has brought something: fewer could go on for ever, a byte a connection.
const PROGRESS: u64 = 64 * 1024;
/// How many of the last bytes have to be the same at another source.
const OVERLAP: usize = 4 * 1024;

/// A source that has the file, or may have it.
pub(super) struct Way {
    /// For people: the owner's name of it, or its host.
    pub(super) name: String,
    /// For the health.
    pub(super) key: String,
    pub(super) url: Url,
    /// Whether its sample was the right one.
    pub(super) proven: AtomicBool,
    /// Whether it turned out to have another file.
    pub(super) other: AtomicBool,
}

/// All sources of one file, the best first.
pub(super) struct Ways {
    pub(super) client: Client,
    pub(super) health: Arc<Health>,
    pub(super) patience: Patience,
    /// For messages.
    pub(super) file: String,
    pub(super) len: u64,
    /// Bytes of the middle, which every source has to have.
    pub(super) sample: Bytes,
    pub(super) all: Vec<Way>,
    /// Which one was read last: the next reader begins with it.
    pub(super) current: AtomicUsize,
}

pub(super) struct Film {
    pub(super) ways: Arc<Ways>,
    pub(super) media_type: &'static str,
    pub(super) entity_tag: String,
    pub(super) known_since: SystemTime,
}

impl Representation for Film {
    fn len(&self) -> u64 {
        self.ways.len
    }

    fn media_type(&self) -> &str {
        self.media_type
    }

    fn entity_tag(&self) -> &str {
        &self.entity_tag
    }

    fn last_modified(&self) -> SystemTime {
        self.known_since
    }

    fn may_stall(&self) -> bool {
        true
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        let ways = Arc::clone(&self.ways);
        let faults = vec![0; ways.all.len()];
        let reader =
            Reader { ways, left: range, before: Bytes::new(), body: None, faults, why: None };
        stream::try_unfold(reader, Reader::next).boxed()
    }
}

impl Ways {
    /// Asks the source `index` for `range`, behind `before`.
    async fn open(
        &self,
        index: usize,
        range: Range<u64>,
        before: Bytes,
    ) -> Result<(usize, ByteStream), (usize, Fault)> {
        let way = &self.all[index];
        let opened = async {
            if !way.proven.load(Ordering::Relaxed) {
                let proof =
                    probe::test(&self.client, &way.url, self.len, self.patience.test).await?;
                if proof.sample != self.sample {
                    return Err(Fault::OtherContent);
                }
                way.proven.store(true, Ordering::Relaxed);
                self.health.success(&way.key, proof.latency);
            }
            let start = range.start - before.len() as u64;
            let (client, stall) = (&self.client, self.patience.stall);
            let body = probe::open_at(client, &way.url, start..range.end, self.len, stall).await?;
            probe::behind(body, &before).await
        };
        let opened = timeout(self.patience.test, opened).await.unwrap_or(Err(Fault::Slow));
        opened.map(|body| (index, body)).map_err(|fault| (index, fault))
    }
}

/// One reading of one range.
struct Reader {
    ways: Arc<Ways>,
    left: Range<u64>,
    /// The last bytes that were passed on.
    before: Bytes,
    body: Option<Body>,
    /// How often each source failed since it last brought something.
    faults: Vec<u32>,
    /// Why the last one failed.
    why: Option<String>,
}

/// What is being read.
struct Body {
    ways: Arc<Ways>,
    way: usize,
    bytes: ByteStream,
    /// Bytes that came since it last had brought something, and how long they were waited for.
    gained: u64,
    waited: Duration,
    /// How long they may be waited for.
    patience: Duration,
    given: u64,
}

impl Drop for Body {
    fn drop(&mut self) {
        self.ways.health.gave(&self.ways.all[self.way].key, self.given);
    }
}

impl Reader {
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        while !self.left.is_empty() {
            let Some(body) = &mut self.body else {
                self.reach().await?;
                continue;
            };
            let begun = Instant::now();
            let patience = body.patience.saturating_sub(body.waited);
            let fault = match timeout(patience, body.bytes.next()).await {
                Ok(Some(Ok(bytes))) => {
                    body.waited += begun.elapsed();
                    if bytes.is_empty() {
                        continue;
                    }
                    return Ok(Some((self.take(bytes), self)));
                }
                Ok(Some(Err(error))) => Fault::Broken(error.to_string()),
                Ok(None) => Fault::BrokeOff,
                Err(_) => Fault::Stalled,
            };
            let way = body.way;
            self.body = None;
            self.blame(way, &fault);
        }
        Ok(None)
    }

    /// Counts `bytes`, cut to what is left.
    fn take(&mut self, mut bytes: Bytes) -> Bytes {
        bytes.truncate(usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX));
        let count = bytes.len() as u64;
        self.left.start += count;
        if let Some(body) = &mut self.body {
            body.given += count;
            body.gained += count;
            if body.gained >= PROGRESS {
                (body.gained, body.waited) = (0, Duration::ZERO);
                self.faults[body.way] = 0;
            }
        }
        self.before = last_of(&self.before, &bytes);
        bytes
    }

    /// Opens the next source that can be read on at.
    async fn reach(&mut self) -> io::Result<()> {
        loop {
            let order = self.order();
            let Some(least) = order.iter().map(|way| self.faults[*way]).min() else {
                let (file, why) = (self.ways.file.clone(), self.why.take().unwrap_or_default());
                return Err(io::Error::other(Error::AllDead { file, why }));
            };
            if least > 0 {
                sleep(self.ways.patience.breath * (1 << (least - 1))).await;
            }
            let ways = Arc::clone(&self.ways);
            let tries =
                order.into_iter().map(|way| ways.open(way, self.left.clone(), self.before.clone()));
            let mut failed = Vec::new();
            let won = race::first(tries, ways.patience.turn, |fault| failed.push(fault)).await;
            for (way, fault) in failed {
                self.blame(way, &fault);
            }
            if let Some((way, bytes)) = won {
                let before = ways.current.swap(way, Ordering::Relaxed);
                if before != way {
                    let (from, to) = (&ways.all[before].name, &ways.all[way].name);
                    tracing::info!(from, to, byte = self.left.start, "another mirror is read on");
                }
                let (gained, waited, given) = (0, Duration::ZERO, 0);
                let patience = self.patience_with(way);
                self.body = Some(Body { ways, way, bytes, gained, waited, patience, given });
                return Ok(());
            }
        }
    }

    /// How long this source may keep a reader waiting.
    fn patience_with(&self, way: usize) -> Duration {
        let Patience { stall, leave, .. } = self.ways.patience;
        let is_only = self.order().iter().all(|other| *other == way);
        if is_only { stall } else { stall.min(leave) }
    }

    /// The sources that may be asked, in order: those that did not fail here, the one that others read
    /// at, the better ones.
    fn order(&self) -> Vec<usize> {
        let current = self.ways.current.load(Ordering::Relaxed);
        let may = |way: &usize| {
            self.faults[*way] < TRIES && !self.ways.all[*way].other.load(Ordering::Relaxed)
        };
        let mut order: Vec<usize> = (0..self.ways.all.len()).filter(may).collect();
        order.sort_by_key(|way| (self.faults[*way], *way != current, *way));
        order
    }

    /// Remembers that a source failed.
    fn blame(&mut self, index: usize, fault: &Fault) {
        let way = &self.ways.all[index];
        self.faults[index] = if fault.is_final() { TRIES } else { self.faults[index] + 1 };
        if fault.is_other_file() {
            way.other.store(true, Ordering::Relaxed);
        }
        let why = format!("{}: {fault}", way.name);
        tracing::debug!(mirror = way.name, byte = self.left.start, %fault, "a mirror failed");
        self.ways.health.failure(&way.key, &why);
        if *fault == Fault::Stalled {
            self.ways.health.fell_silent(&way.key);
        }
        self.why = Some(why);
    }
}

/// The last bytes of what was passed on, after `bytes` were.
fn last_of(before: &Bytes, bytes: &Bytes) -> Bytes {
    if bytes.len() >= OVERLAP {
        // A copy: a part of it would hold the whole in memory.
        return Bytes::copy_from_slice(&bytes[bytes.len() - OVERLAP..]);
    }
    let kept = before.len().min(OVERLAP - bytes.len());
    let mut last = BytesMut::with_capacity(kept + bytes.len());
    last.extend_from_slice(&before[before.len() - kept..]);
    last.extend_from_slice(bytes);
    last.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_last_bytes_are_those_that_were_passed_on(
            sizes in proptest::collection::vec(0_usize..6_000, 1..8)
        ) {
            let (mut all, mut last) = (Vec::new(), Bytes::new());
            for (number, size) in sizes.iter().enumerate() {
                let piece: Vec<u8> = (0..*size)
                    .map(|at| u8::try_from((at * 7 + number) % 251).unwrap())
                    .collect();
                all.extend_from_slice(&piece);
                last = last_of(&last, &Bytes::from(piece));
            }
            proptest::prop_assert_eq!(&last[..], &all[all.len().saturating_sub(OVERLAP)..]);
        }
    }
}
