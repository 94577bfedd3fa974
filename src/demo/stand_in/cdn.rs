//! The debrid service's file server: bytes with ranges, at addresses that say nothing and expire.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use data_encoding::BASE32_NOPAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::{Digest as _, Sha1};

use super::{reply, segments, with};
use crate::demo::household::Entry;
use crate::http::plain::{Ask, Reply};

/// How unfriendly the server is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// Answers that a link gives before it expires; `None`: it does not by itself.
    pub answers_per_link: Option<u32>,
    /// The longest body of one answer, in bytes: of a longer range the start alone is sent
    /// (RFC 9110, 15.3.7, lets a server do so).
    pub longest_body: Option<u64>,
}

struct Link {
    file: &'static Entry,
    answered: u32,
}

#[derive(Default)]
struct Open {
    terms: Terms,
    links: HashMap<String, Link>,
    made: u64,
}

/// The file server.
pub struct Cdn {
    /// `http://ADDRESS`, without a slash at the end.
    base: String,
    open: Mutex<Open>,
}

impl Cdn {
    /// A server whose links begin with `base`.
    #[must_use]
    pub fn new(base: &str, terms: Terms) -> Self {
        let open = Open { terms, ..Open::default() };
        Self { base: base.to_owned(), open: Mutex::new(open) }
    }

    /// A fresh link to a file.
    pub fn link(&self, file: &'static Entry) -> String {
        let mut open = self.open();
        open.made += 1;
        // Opaque, not secret: what it guards is in every checkout.
        let token = Sha1::digest(format!("{} {}", self.base, open.made));
        let token = BASE32_NOPAD.encode(&token[..15]);
        let name = utf8_percent_encode(file.base_name(), NON_ALPHANUMERIC);
        let link = format!("{}/d/{token}/{name}", self.base);
        open.links.insert(token, Link { file, answered: 0 });
        link
    }

    /// From here on, these terms; links that are out keep their count.
    pub fn set_terms(&self, terms: Terms) {
        self.open().terms = terms;
    }

    /// Ends every link that is out.
    pub fn expire_links(&self) {
        self.open().links.clear();
    }

    /// How many links were made so far.
    #[must_use]
    pub fn links_made(&self) -> u64 {
        self.open().made
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        if !matches!(ask.method.as_str(), "GET" | "HEAD") {
            return reply(405, "text/html", "<h1>405 Not Allowed</h1>");
        }
        let parts = segments(ask);
        let [folder, token, name] = parts.as_slice() else { return gone() };
        if folder != "d" {
            return gone();
        }
        let Some((file, longest)) = self.take(token, name) else { return gone() };
        // Of an answer to HEAD the server sends the header alone.
        whole_or_part(ask, file, longest)
    }

    /// The file of a link that still lives, with the longest body it may have.
    fn take(&self, token: &str, name: &str) -> Option<(&'static Entry, u64)> {
        let mut open = self.open();
        let terms = open.terms;
        let link = open.links.get_mut(token)?;
        let spent = terms.answers_per_link.is_some_and(|most| link.answered >= most);
        if spent || link.file.base_name() != name {
            return None;
        }
        link.answered += 1;
        Some((link.file, terms.longest_body.unwrap_or(u64::MAX)))
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone() -> Reply {
    reply(404, "text/html", "<html><body><h1>404 Not Found</h1></body></html>")
}

/// A file, or the part of it that is asked for, `longest` bytes of it at most.
pub(super) fn whole_or_part(ask: &Ask, file: &'static Entry, longest: u64) -> Reply {
    let size = file.size();
    let range = ask.header("range").and_then(|value| value.strip_prefix("bytes="));
    let (status, part) = match range.and_then(|range| part(range, size)) {
        None => (200, 0..size),
        Some(part) if part.is_empty() => {
            let answer = reply(416, "text/html", "<h1>416 Range Not Satisfiable</h1>");
            return with(answer, "content-range", &format!("bytes */{size}"));
        }
        Some(part) => (206, part.start..part.end.min(part.start.saturating_add(longest))),
    };
    let bytes = cut(file.bytes, &part);
    let mut answer = reply(status, "application/octet-stream", Bytes::from_static(bytes));
    answer = with(answer, "accept-ranges", "bytes");
    answer = with(answer, "etag", &format!("\"{size:x}-demo\""));
    if status == 206 {
        let range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        answer = with(answer, "content-range", &range);
    }
    answer
}

fn cut(bytes: &'static [u8], part: &Range<u64>) -> &'static [u8] {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    bytes.get(place(part.start)..place(part.end)).unwrap_or_default()
}

/// `FIRST-LAST`, `FIRST-`, `-LENGTH`; `None` for what is none, empty for what is past the end.
fn part(range: &str, size: u64) -> Option<Range<u64>> {
    match range.split_once('-')? {
        ("", length) => Some(size.saturating_sub(length.parse().ok()?)..size),
        (first, "") => Some(first.parse().ok()?..size),
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then(|| first..size.min(last.saturating_add(1)))
        }
    }
}
