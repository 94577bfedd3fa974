//! The way out: the one HTTP client, and all that an answer from outside may not do to us.
//!
//! Every call that leaves the box passes here, so the guards stand in one place:
//!
//! * **Where**: `http` and `https` only, no user name in the URL, no private address unless the
//!   owner listed it ([`AddressPolicy`]) or named it for one purpose ([`Client::to_named`]), no proxy
//!   from the environment. The check covers literal addresses, names, and each hop of a redirect
//!   ([`route`] argues why nothing can change between the check and the connection).
//! * **How much**: a whole answer has at most 8 MiB after decompression and takes at most 30 s.
//! * **Secrets**: one header, marked sensitive; never over plain `http` but to a listed private
//!   address; never after a redirect. An [`Error`] names the host and nothing more of the URL.
//! * **Manners**: our own name as `User-Agent`, no imitation of a browser; a 403 is believed;
//!   `Retry-After` is honoured.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::representation::ByteStream;
use crate::secret::Secret;

mod address;
mod body;
mod error;
mod locate;
mod resolve;
mod retry;
mod roots;
mod route;
mod sent;
mod unverified;

pub use address::AddressPolicy;
pub use error::Error;
pub use locate::at;
pub use roots::{Roots, bundled_roots_pem, system_roots_present};
pub use sent::Sent;
pub use unverified::Unverified;

use route::{Encoding, Routes};

/// The longest that a whole answer may take, whatever the request says.
pub const LONGEST: Duration = Duration::from_secs(30);

/// The most that a whole answer may hold after decompression, in bytes.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;

/// One call.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, `DELETE`.
    pub method: Method,
    /// Where. It never carries a secret.
    pub url: Url,
    /// Plain headers.
    pub headers: Vec<(&'static str, String)>,
    /// One header that carries a secret: `(name, scheme such as "Bearer ", secret)`.
    pub secret: Option<(&'static str, &'static str, Secret)>,
    /// A parameter that carries a secret, for an API that takes it nowhere else: `(name, secret)`. It
    /// joins the URL when the call is sent, under the same guards as a header's.
    pub secret_query: Option<(&'static str, Secret)>,
    /// A JSON body.
    pub json: Option<serde_json::Value>,
    /// A body of text, with its media type; where there is no JSON.
    pub text: Option<(&'static str, String)>,
    /// Limit for the whole call with its retries and redirects; more than 30 s counts as 30 s. For
    /// [`Client::open`] it limits each wait (for the head, then for the next bytes) instead.
    pub timeout: Duration,
}

/// The HTTP methods that upstreams want (RFC 9110, 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The only one that is repeated or redirected.
    Get,
    /// Sent once.
    Post,
    /// Sent once.
    Delete,
}

/// A whole answer, of any status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The host that was asked, for messages.
    pub host: String,
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, lower-case, without parameters.
    pub media_type: String,
    /// `Retry-After`, where the answer has one; a day at most.
    pub retry_after: Option<Duration>,
    /// Decoded, ≤ 8 MiB.
    pub body: Bytes,
}

/// The start of an answer whose body is read piece by piece (debrid links).
pub struct Opened {
    /// HTTP status.
    pub status: u16,
    /// `Content-Length`, in bytes.
    pub length: Option<u64>,
    /// `Content-Range: bytes a-b/N` as (a, N).
    pub content_range: Option<(u64, u64)>,
    /// `ETag`, as sent.
    pub entity_tag: Option<String>,
    /// `Content-Type`, lower-case, without parameters.
    pub media_type: String,
    /// The bytes. It ends with an error where the host breaks off or falls silent.
    pub body: ByteStream,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("status", &self.status)
            .field("length", &self.length)
            .field("content_range", &self.content_range)
            .finish_non_exhaustive()
    }
}

/// The client. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    routes: Routes,
    /// The longest `Retry-After` that is waited for within a call.
    longest_wait: Duration,
}

impl Request {
    /// A `GET` that may take 30 s.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: Vec::new(),
            secret: None,
            secret_query: None,
            json: None,
            text: None,
            timeout: LONGEST,
        }
    }

    /// Whether the call carries a secret.
    const fn is_secret(&self) -> bool {
        self.secret.is_some() || self.secret_query.is_some()
    }

    /// The same call with a limit of `timeout`.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl Client {
    /// Makes the client. [`Error::NoRoots`] where `roots` is [`Roots::System`] and the machine has
    /// no CA certificates; [`Roots::Bundled`] then does.
    pub fn new(policy: AddressPolicy, roots: Roots) -> Result<Self, Error> {
        Ok(Self { routes: Routes::new(policy, roots)?, longest_wait: retry::LONGEST_WAIT })
    }

    /// The same client, which waits for a `Retry-After` of `longest` at most within a call: for callers
    /// that have better to do than wait, and remember it.
    #[must_use]
    pub fn waiting(&self, longest: Duration) -> Self {
        Self { longest_wait: longest, ..self.clone() }
    }

    /// The same client for one place that the owner named: where the host of `url` is a private
    /// address, this client may reach it, with exactly that port, and no other client may. A name
    /// that leads to a private address stays refused: the owner cannot know where it leads tomorrow.
    pub fn to_named(&self, url: &Url) -> Result<Self, Error> {
        match locate::literal(url) {
            Some(address) if !self.routes.permits(address) => {
                Ok(Self { routes: self.routes.with(address)?, ..self.clone() })
            }
            _ => Ok(self.clone()),
        }
    }

    /// Asks and reads the whole answer. A `GET` is repeated at most twice, and only where it was
    /// refused with 429 or 503 and a `Retry-After` of 60 s at most, or where the connection broke
    /// before an answer, and only if that fits into [`Request::timeout`].
    ///
    /// Any status is an [`Answer`], but: 429, and 503 with `Retry-After`, are [`Error::Limited`]
    /// and 403 and 418 are [`Error::Blocked`] **unless the body is JSON**: then an API speaks, and
    /// its reader wants its code. A page titled "Just a moment…" is `Blocked` whatever its status.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let deadline = Instant::now() + request.timeout.min(LONGEST);
        self.ask_until(deadline, request).await
    }

    /// Asks our own server on this machine, which may take as long as it takes to try several
    /// torrents: `patience` instead of 30 s. Any other host than a loopback address is refused.
    pub async fn ask_own(&self, request: Request, patience: Duration) -> Result<Answer, Error> {
        only_own(&request)?;
        self.ask_until(Instant::now() + patience, request).await
    }

    async fn ask_until(&self, deadline: Instant, request: Request) -> Result<Answer, Error> {
        let mut tries_left = if request.method == Method::Get { retry::MOST } else { 0 };
        loop {
            let result = timeout_at(deadline, self.once(&request)).await;
            let result = result.unwrap_or_else(|_| Err(Error::timed_out(&request.url)));
            let Some(wait) = retry::wait(&result, self.longest_wait).filter(|_| tries_left > 0)
            else {
                return result.and_then(body::judge);
            };
            if Instant::now() + wait >= deadline {
                return result.and_then(body::judge);
            }
            tries_left -= 1;
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks for JSON: the decoded body of a 2xx answer, else an error of the kind that fits.
    pub async fn get_json<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        self.send(request).await?.json()
    }

    /// Asks for a body that is read piece by piece, as it is: no compression, no limit on its
    /// length or on the whole time. Of any status; never repeated. Each wait is limited to
    /// [`Request::timeout`], 30 s at most; connecting to 10 s.
    pub async fn open(&self, request: Request) -> Result<Opened, Error> {
        let idle = request.timeout.min(LONGEST);
        self.open_within(idle, request).await
    }

    /// The same of our own server on this machine, as [`ask_own`](Self::ask_own): each wait is
    /// limited to `patience`.
    pub async fn open_own(&self, request: Request, patience: Duration) -> Result<Opened, Error> {
        only_own(&request)?;
        self.open_within(patience, request).await
    }

    async fn open_within(&self, idle: Duration, request: Request) -> Result<Opened, Error> {
        let asked = timeout_at(Instant::now() + idle, self.routes.ask(&request, Encoding::Plain));
        let (url, response) =
            asked.await.unwrap_or_else(|_| Err(Error::timed_out(&request.url)))?;
        body::opened(&url, response, idle)
    }

    /// One try.
    async fn once(&self, request: &Request) -> Result<Answer, Error> {
        sent::note();
        let (url, response) = self.routes.ask(request, Encoding::Packed).await?;
        body::whole(&url, response).await
    }
}

/// Refuses any other host than a loopback address.
fn only_own(request: &Request) -> Result<(), Error> {
    if locate::is_loopback(&request.url) {
        return Ok(());
    }
    Err(Error::bad_url(&request.url, "it is not on this machine"))
}

impl Answer {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The decoded body of a 2xx answer, else an error of the kind that fits.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.success()?;
        self.body_json()
    }

    /// The body of a 2xx answer, else an error of the kind that fits.
    pub fn success(&self) -> Result<&Bytes, Error> {
        if self.is_success() {
            return Ok(&self.body);
        }
        let other = || Error::Status { host: self.host.clone(), status: self.status };
        Err(body::refusal(self).unwrap_or_else(other))
    }

    /// The decoded body, whatever the status (the error envelopes of APIs). Bytes that are not
    /// UTF-8 cost themselves alone.
    pub fn body_json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let body = self.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.body);
        serde_json::from_str(&String::from_utf8_lossy(body))
            .map_err(|_| Error::NotJson { host: self.host.clone(), html: self.is_html() })
    }

    /// Whether the body is a web page, by its type or its first character.
    #[must_use]
    pub fn is_html(&self) -> bool {
        self.media_type == "text/html" || self.first_byte() == Some(b'<')
    }

    /// The first byte that is neither white space nor a byte order mark.
    fn first_byte(&self) -> Option<u8> {
        let body = self.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.body);
        body.iter().copied().find(|byte| !byte.is_ascii_whitespace())
    }
}
