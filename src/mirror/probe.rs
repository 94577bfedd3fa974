//! One source asked for bytes of the file, and its answer judged.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use std::ops::Range;
use tokio::time::{Instant, timeout};
use url::Url;

use super::Given;
use crate::fetch::{self, Client, Request};
use crate::representation::ByteStream;
use crate::torrent::metainfo::Pieces;

/// How many bytes of the middle of a file are compared between sources: two files of the same length
/// that agree there are the same.
const SAMPLE: u64 = 16 * 1024;
/// Longest piece that is read for its hash.
const LONGEST_PIECE: u64 = 16 << 20;
/// How long that may take.
const LOOK: Duration = Duration::from_secs(10);

/// Why a source does not give these bytes. None names more of its address than the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    #[error("it does not have the file ({0})")]
    Has(u16),
    #[error("it answered with an error ({0})")]
    Status(u16),
    #[error("it cannot be read from any point, which playing needs")]
    NoRanges,
    #[error("it answered with other bytes than it was asked for")]
    WrongRange,
    #[error("it has another file there ({now} bytes instead of {wanted})")]
    OtherLength { now: u64, wanted: u64 },
    #[error("it has a shorter file there")]
    Shorter,
    #[error("it has other bytes there than the other sources")]
    OtherContent,
    #[error("it has other bytes there than the film that is asked for")]
    WrongHash,
    #[error("it broke off ({0})")]
    Broken(String),
    #[error("it broke off")]
    BrokeOff,
    #[error("it fell silent")]
    Stalled,
    #[error("it did not answer in time")]
    Slow,
}

impl Fault {
    /// Whether asking again is of no use.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Has(_)
            | Self::NoRanges
            | Self::WrongRange
            | Self::OtherLength { .. }
            | Self::Shorter
            | Self::WrongHash
            | Self::OtherContent => true,
            Self::Fetch(error) => matches!(
                error,
                fetch::Error::PrivateAddress { .. }
                    | fetch::Error::BadUrl { .. }
                    | fetch::Error::Redirected { .. }
                    | fetch::Error::ClockWrong { .. }
                    | fetch::Error::NoRoots
            ),
            _ => false,
        }
    }

    /// Whether it holds another file, so that nobody may read on there.
    pub(super) fn is_other_file(&self) -> bool {
        matches!(
            self,
            Self::OtherLength { .. } | Self::Shorter | Self::WrongHash | Self::OtherContent
        )
    }
}

/// A source that has the file.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    /// Bytes of the file's middle.
    pub(super) sample: Bytes,
    /// How long they took.
    pub(super) latency: Duration,
}

/// Where the sample of a file of `len` bytes is.
fn sample_of(len: u64) -> Range<u64> {
    let start = (len / 2).min(len.saturating_sub(SAMPLE));
    start..len.min(start + SAMPLE)
}

/// Asks for some bytes of the middle of a file of `len` bytes, which shows at once whether it is
/// there, how long it is, and whether it can be read from any point.
pub(super) async fn test(
    client: &Client,
    url: &Url,
    len: u64,
    limit: Duration,
) -> Result<Proof, Fault> {
    let begun = Instant::now();
    let range = sample_of(len);
    let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let asked = async {
        let opened = match open_at(client, url, range.clone(), len, limit).await {
            // A connection of before, which the other side had ended meanwhile.
            Err(Fault::Fetch(fetch::Error::Dropped { .. })) => {
                open_at(client, url, range, len, limit).await
            }
            opened => opened,
        };
        let mut body = opened?;
        let mut sample = BytesMut::with_capacity(wanted);
        while sample.len() < wanted {
            sample.extend_from_slice(&next(&mut body).await?);
        }
        sample.truncate(wanted);
        Ok(sample.freeze())
    };
    let sample = timeout(limit, asked).await.unwrap_or(Err(Fault::Slow))?;
    Ok(Proof { sample, latency: begun.elapsed() })
}

/// Reads one whole piece of a file of `len` bytes, near its middle; whether its hash is right. `None`,
/// and nothing is read, of a file none of whose pieces is its own, or whose pieces are too long to be
/// waited for.
pub(super) async fn look(
    client: &Client,
    url: &Url,
    len: u64,
    pieces: &Pieces,
) -> Result<Option<bool>, Fault> {
    let own = pieces.own();
    let middle = own.start + (own.end - own.start) / 2;
    let (Some(range), Some(mut look)) = (pieces.bytes_of(middle), pieces.look_at(middle)) else {
        return Ok(None);
    };
    let mut left = range.end.saturating_sub(range.start);
    if left == 0 || left > LONGEST_PIECE || range.end > len {
        return Ok(None);
    }
    let asked = async {
        let mut body = open_at(client, url, range, len, LOOK).await?;
        while left > 0 {
            let mut bytes = next(&mut body).await?;
            bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= bytes.len() as u64;
            look.take(&bytes);
        }
        Ok(Some(look.is_right()))
    };
    timeout(LOOK, asked).await.unwrap_or(Err(Fault::Slow))
}

/// Whether it has at its place what was passed on of the file.
pub(super) async fn compare(
    client: &Client,
    url: &Url,
    len: u64,
    given: &Given,
) -> Result<bool, Fault> {
    let range = given.at..given.at + given.bytes.len() as u64;
    let asked = async {
        let body = open_at(client, url, range, len, LOOK).await?;
        match behind(body, &given.bytes).await {
            Ok(_) => Ok(true),
            Err(Fault::OtherContent) => Ok(false),
            Err(fault) => Err(fault),
        }
    };
    timeout(LOOK, asked).await.unwrap_or(Err(Fault::Slow))
}

/// The bytes of `range`, of a file that has `len`; each wait is limited to `idle`.
pub(super) async fn open_at(
    client: &Client,
    url: &Url,
    range: Range<u64>,
    len: u64,
    idle: Duration,
) -> Result<ByteStream, Fault> {
    let mut request = Request::get(url.clone()).within(idle);
    request.headers.push(("range", format!("bytes={}-{}", range.start, range.end - 1)));
    let opened = client.open(request).await?;
    match (opened.status, opened.content_range) {
        (206, Some((_, total))) if total != len => {
            Err(Fault::OtherLength { now: total, wanted: len })
        }
        (206, Some((first, _))) if first == range.start => {
            let told = opened.length.is_none_or(|told| told <= range.end - range.start);
            if told { Ok(opened.body) } else { Err(Fault::WrongRange) }
        }
        (206, _) => Err(Fault::WrongRange),
        // The whole instead of its beginning will do, where it is exactly as long.
        (200, _) if range.start == 0 && opened.length == Some(len) => Ok(opened.body),
        (200, _) => Err(Fault::NoRanges),
        // The range lies within what the file should have.
        (416, _) => Err(Fault::Shorter),
        (status @ (408 | 425 | 429), _) => Err(Fault::Status(status)),
        (status @ 400..500, _) => Err(Fault::Has(status)),
        (status, _) => Err(Fault::Status(status)),
    }
}

/// The rest of `body` behind `before`, with which it has to begin.
pub(super) async fn behind(mut body: ByteStream, before: &Bytes) -> Result<ByteStream, Fault> {
    let mut compared = 0;
    while compared < before.len() {
        let piece = next(&mut body).await?;
        let both = piece.len().min(before.len() - compared);
        if piece[..both] != before[compared..compared + both] {
            return Err(Fault::OtherContent);
        }
        compared += both;
        if both < piece.len() {
            let rest = piece.slice(both..);
            return Ok(stream::iter([Ok(rest)]).chain(body).boxed());
        }
    }
    Ok(body)
}

async fn next(body: &mut ByteStream) -> Result<Bytes, Fault> {
    match body.next().await {
        Some(Ok(bytes)) => Ok(bytes),
        Some(Err(error)) => Err(Fault::Broken(error.to_string())),
        None => Err(Fault::BrokeOff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_lies_in_the_file() {
        for (len, wanted) in [
            (1, 0..1),
            (SAMPLE, 0..SAMPLE),
            (SAMPLE + 1, 1..SAMPLE + 1),
            (1 << 30, 1 << 29..(1 << 29) + SAMPLE),
            (u64::MAX, u64::MAX / 2..u64::MAX / 2 + SAMPLE),
        ] {
            assert_eq!(sample_of(len), wanted, "{len}");
        }
    }

    #[tokio::test]
    async fn only_the_same_bytes_are_read_on_behind() {
        let pieces = |pieces: &[&'static str]| {
            let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from(*piece))).collect();
            stream::iter(pieces).boxed()
        };
        for (body, before, wanted) in [
            (pieces(&["abc", "def"]), "", Ok("abcdef")),
            (pieces(&["abc", "def"]), "ab", Ok("cdef")),
            (pieces(&["abc", "def"]), "abc", Ok("def")),
            (pieces(&["abc", "", "def"]), "abcd", Ok("ef")),
            (pieces(&["abc", "xef"]), "abcd", Err(Fault::OtherContent)),
            (pieces(&["abc"]), "abcd", Err(Fault::BrokeOff)),
        ] {
            let read = behind(body, &Bytes::from(before)).await;
            let read = match read {
                Ok(rest) => Ok(rest.map(|piece| piece.unwrap().to_vec()).concat().await),
                Err(fault) => Err(fault),
            };
            assert_eq!(read, wanted.map(|text: &str| text.as_bytes().to_vec()), "{before}");
        }
    }
}
