//! Reading an answer, with limits.

use std::io;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use reqwest::Response;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, RETRY_AFTER,
};
use tokio::time::timeout;
use url::Url;

use super::error::host_of;
use super::{Answer, Error, MOST_BYTES, Opened, retry};
use crate::representation::ByteStream;

/// Titles of the pages that bot walls send in place of the answer.
const WALLS: [&str; 4] = ["just a moment", "attention required", "ddos-guard", "access denied"];

/// Reads the whole body. The limit is on decoded bytes and is checked piece by piece, so that a
/// bomb costs its first 8 MiB and one buffer, whatever length it told.
pub(super) async fn whole(url: &Url, mut response: Response) -> Result<Answer, Error> {
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| Error::of(url, error))? {
        if body.len() + piece.len() > MOST_BYTES {
            return Err(Error::TooLarge { host: host_of(url) });
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer {
        host: host_of(url),
        status: response.status().as_u16(),
        media_type: media_type(&response),
        retry_after: header(&response, RETRY_AFTER)
            .and_then(|value| retry::after(value, SystemTime::now())),
        body: body.freeze(),
    })
}

/// Turns refusals into errors, but for those whose body is JSON (see [`super::Client::send`]).
pub(super) fn judge(answer: Answer) -> Result<Answer, Error> {
    if is_wall(&answer) {
        return Err(Error::Blocked { host: answer.host.clone(), status: answer.status });
    }
    if matches!(answer.first_byte(), Some(b'{' | b'[')) {
        return Ok(answer);
    }
    refusal(&answer).map_or(Ok(answer), Err)
}

/// What the status of an answer says that its host would not give: us, or just now.
pub(super) fn refusal(answer: &Answer) -> Option<Error> {
    let (host, status) = (answer.host.clone(), answer.status);
    match status {
        403 | 418 => Some(Error::Blocked { host, status }),
        429 => Some(Error::Limited { host, status, retry_after: answer.retry_after }),
        503 => answer.retry_after.map(|after| Error::Limited {
            host,
            status,
            retry_after: Some(after),
        }),
        _ => None,
    }
}

/// Whether this is the page of a bot wall: by its title, near its start, since a page that merely
/// speaks of one (a forum, a release name) is an answer.
fn is_wall(answer: &Answer) -> bool {
    if !answer.is_html() {
        return false;
    }
    let head = &answer.body[..answer.body.len().min(4096)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let title = head.split_once("<title").and_then(|(_, rest)| rest.split_once('>'));
    title.is_some_and(|(_, text)| WALLS.iter().any(|wall| text.trim_start().starts_with(wall)))
}

/// The head of an answer whose body is then read piece by piece, each within `idle`.
pub(super) fn opened(url: &Url, response: Response, idle: Duration) -> Result<Opened, Error> {
    // We asked for the bytes as they are. Packed ones would not be the bytes of the range.
    if header(&response, CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(Error::CutShort { host: host_of(url) });
    }
    Ok(Opened {
        status: response.status().as_u16(),
        length: header(&response, CONTENT_LENGTH).and_then(|value| value.parse().ok()),
        content_range: header(&response, CONTENT_RANGE).and_then(range),
        entity_tag: header(&response, ETAG).map(str::to_owned),
        media_type: media_type(&response),
        body: pieces(url.clone(), response, idle),
    })
}

/// The body, as it comes.
fn pieces(url: Url, response: Response, idle: Duration) -> ByteStream {
    stream::unfold(Some((url, response)), move |state| async move {
        let (url, mut response) = state?;
        let piece = match timeout(idle, response.chunk()).await {
            Ok(Ok(None)) => return None,
            Ok(Ok(Some(piece))) => return Some((Ok(piece), Some((url, response)))),
            Ok(Err(error)) => broken(Error::of(&url, error)),
            Err(_) => broken(Error::timed_out(&url)),
        };
        Some((piece, None))
    })
    .boxed()
}

fn broken(error: Error) -> io::Result<Bytes> {
    let kind =
        if error.is_timeout() { io::ErrorKind::TimedOut } else { io::ErrorKind::ConnectionAborted };
    Err(io::Error::new(kind, error))
}

/// Reads `bytes FIRST-LAST/COMPLETE` (RFC 9110, 14.4) as (first, complete).
fn range(value: &str) -> Option<(u64, u64)> {
    let (positions, complete) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = positions.trim().split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let complete = complete.trim().parse().ok()?;
    (first <= last && last < complete).then_some((first, complete))
}

fn media_type(response: &Response) -> String {
    let value = header(response, CONTENT_TYPE).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn header(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_content_range_as_rfc_9110_section_14_4_says() {
        for (value, expected) in [
            ("bytes 0-0/1234", Some((0, 1234))),
            ("bytes 5-9/10", Some((5, 10))),
            ("bytes 0-9/*", None), // the whole length is not known
            ("bytes */10", None),
            ("bytes 9-5/10", None),
            ("bytes 5-10/10", None),
            ("bytes -1-5/10", None),
            ("items 0-1/2", None),
            ("", None),
        ] {
            assert_eq!(range(value), expected, "{value}");
        }
    }

    #[test]
    fn a_bot_wall_is_known_by_its_title_alone() {
        for (body, wall) in [
            ("<!DOCTYPE html><html><head><title>Just a moment...</title>", true),
            ("<html><TITLE lang=en> Attention Required! | Cloudflare</title>", true),
            ("<html><title>Nyaa</title><td>Just a moment (2024)</td>", false),
            ("{\"title\":\"Just a moment\"}", false),
            ("", false),
        ] {
            let answer = Answer {
                host: "a.example".to_owned(),
                status: 200,
                media_type: String::new(),
                retry_after: None,
                body: Bytes::from_static(body.as_bytes()),
            };
            assert_eq!(is_wall(&answer), wall, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_content_range_is_read_back_as_it_was_printed(
            value in ".*", first: u32, more: u32, after in 1..u64::from(u32::MAX),
        ) {
            let _ = range(&value);
            let first = u64::from(first);
            let last = first + u64::from(more);
            let text = format!("bytes {first}-{last}/{}", last + after);
            proptest::prop_assert_eq!(range(&text), Some((first, last + after)));
        }
    }
}
