//! A file at a store as a [`Representation`]: a link that may die at any byte.
//!
//! A reader asks upstream for its range. Where the link refuses or breaks off, it goes on at the
//! same byte, first by the same link, then by a fresh one for the same file; after three tries that
//! bring nothing it ends with an error. Bytes of a file whose length has changed are never put
//! behind those of the old one.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use super::source::Source;
use super::{Debrid, Error};
use crate::fetch::{Opened, Request};
use crate::representation::{ByteStream, Representation, media_type_of};
use crate::torrent::{Magnet, TorrentFile, entity_tag};

/// Tries in a row that may bring nothing.
const TRIES: u32 = 3;
/// Bytes after which a try has brought something: fewer could go on for ever, a byte a connection.
const PROGRESS: u64 = 64 * 1024;

pub(super) struct Link {
    source: Arc<Source>,
    len: u64,
    media_type: &'static str,
    entity_tag: String,
    known_since: SystemTime,
}

impl Link {
    /// Gets a link and asks it for one byte, which tells how many there are.
    pub(super) async fn open(
        debrid: Debrid,
        magnet: Magnet,
        file: TorrentFile,
        known_since: SystemTime,
    ) -> Result<Self, Error> {
        let (info_hash, store) = (magnet.info_hash, debrid.store);
        let source = Arc::new(Source::new(debrid, magnet, file.clone()).await?);
        let (_, len, _) = reach(&source, 0..1, None, &mut 0).await?;
        // An archive or a notice in the file's place is another file.
        if let Some(before) = file.size_bytes.filter(|stated| *stated != len) {
            return Err(Error::Changed { store, before, now: len });
        }
        let entity_tag =
            entity_tag(&info_hash, &TorrentFile { size_bytes: Some(len), ..file.clone() });
        let media_type = media_type_of(file.base_name());
        Ok(Self { source, len, media_type, entity_tag, known_since })
    }
}

impl Representation for Link {
    fn len(&self) -> u64 {
        self.len
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
        let (source, len) = (self.source.clone(), self.len);
        let reader = Reader { source, len, left: range, body: None, tries: 0, gained: 0 };
        stream::try_unfold(reader, Reader::next).boxed()
    }
}

/// One reading of one range.
struct Reader {
    source: Arc<Source>,
    len: u64,
    left: Range<u64>,
    /// What is being read, and the generation of its link.
    body: Option<(ByteStream, u64)>,
    tries: u32,
    gained: u64,
}

impl Reader {
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        while !self.left.is_empty() {
            let Some((body, generation)) = &mut self.body else {
                let range = self.left.clone();
                let reached = reach(&self.source, range, Some(self.len), &mut self.tries).await;
                let (body, _, generation) = reached.map_err(io::Error::other)?;
                (self.body, self.gained) = (Some((body, generation)), 0);
                continue;
            };
            let broken = match body.next().await {
                Some(Ok(bytes)) if bytes.is_empty() => continue,
                Some(Ok(bytes)) => return Ok(Some((self.take(bytes), self))),
                Some(Err(error)) => error.to_string(),
                None => "it broke off".to_owned(),
            };
            let generation = *generation;
            self.body = None;
            let error = Error::Unreadable { store: self.source.debrid().store, why: broken };
            let tried = mend(&self.source, generation, error, &mut self.tries).await;
            tried.map_err(io::Error::other)?;
        }
        Ok(None)
    }

    /// Counts `bytes`, cut to what is left: a link that ignores the range's end sends more.
    fn take(&mut self, mut bytes: Bytes) -> Bytes {
        let left = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX);
        bytes.truncate(left);
        self.left.start += bytes.len() as u64;
        self.gained += bytes.len() as u64;
        if self.gained >= PROGRESS {
            self.tries = 0;
        }
        bytes
    }
}

/// Opens the link, or those after it, at `range`. Gives the bytes, the length of the whole, which is
/// `len` where that is known, and the link's generation.
async fn reach(
    source: &Source,
    range: Range<u64>,
    len: Option<u64>,
    tries: &mut u32,
) -> Result<(ByteStream, u64, u64), Error> {
    loop {
        let link = source.link().await;
        let mut request = Request::get(link.url);
        request.headers.push(("range", format!("bytes={}-{}", range.start, range.end - 1)));
        let store = source.debrid().store;
        let opened = source.debrid().client.open(request).await;
        let opened = opened.map_err(|why| Error::Unreadable { store, why: why.to_string() });
        match opened.and_then(|opened| judge(source.debrid(), opened, range.start, len)) {
            Ok((body, total)) => {
                source.prove(link.generation).await;
                return Ok((body, total, link.generation));
            }
            Err(error) => mend(source, link.generation, error, tries).await?,
        }
    }
}

/// After `error` with a link: waits, gets a fresh one where that may help, or gives up.
async fn mend(source: &Source, dead: u64, error: Error, tries: &mut u32) -> Result<(), Error> {
    *tries += 1;
    if error.is_final() || *tries > TRIES {
        return Err(error);
    }
    // A connection breaks more often than a link dies: that one is tried again as it is first.
    if *tries == 1 && matches!(error, Error::Unreadable { .. }) {
        return Ok(());
    }
    if *tries > 1 {
        sleep(source.debrid().patience.breath * (1 << (*tries - 2))).await;
    }
    // Throttling says nothing against the link.
    if matches!(error, Error::DeadLink { status: 429, .. }) {
        return Ok(());
    }
    match source.renew(dead).await {
        Err(error) if error.is_final() => Err(error),
        _ => Ok(()),
    }
}

/// Whether an answer holds the bytes from `start` of a file of `len` bytes.
fn judge(
    debrid: &Debrid,
    opened: Opened,
    start: u64,
    len: Option<u64>,
) -> Result<(ByteStream, u64), Error> {
    let store = debrid.store;
    let total = match (opened.status, opened.content_range, opened.length) {
        (206, Some((first, total)), _) if first == start => total,
        // The whole instead of its beginning will do; a page of an error in its place will not.
        (200, _, Some(total)) if start == 0 && len == Some(total) => total,
        (200 | 206, ..) => return Err(Error::NoRanges { store }),
        (status, ..) => return Err(Error::DeadLink { store, status }),
    };
    match len {
        Some(before) if before != total => Err(Error::Changed { store, before, now: total }),
        _ => Ok((opened.body, total)),
    }
}
