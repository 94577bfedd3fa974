//! The way out: the one HTTP client (skeleton, hardened by the fetch work).

use crate::representation::ByteStream;
use crate::secret::Secret;
use bytes::Bytes;
use std::time::Duration;
use url::Url;

mod address;
pub use address::AddressPolicy;

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
    /// A JSON body.
    pub json: Option<serde_json::Value>,
    /// Limit for the whole call, 30 s at most.
    pub timeout: Duration,
}

/// Method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs)]
pub enum Method {
    Get,
    Post,
    Delete,
}

/// A whole answer, of any status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, lower-case, without parameters.
    pub media_type: String,
    /// Decoded, ≤ 8 MiB.
    pub body: Bytes,
}

/// The start of an answer whose body is read piece by piece (debrid links).
pub struct Opened {
    /// HTTP status.
    pub status: u16,
    /// `Content-Length`.
    pub length: Option<u64>,
    /// `Content-Range: bytes a-b/N` as (a, N).
    pub content_range: Option<(u64, u64)>,
    /// `ETag`.
    pub entity_tag: Option<String>,
    /// The bytes.
    pub body: ByteStream,
}

/// Why there is no answer. Names the host, never the path or a header.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// The client.
#[derive(Clone)]
pub struct Client;

impl Request {
    /// A `GET`.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: Vec::new(),
            secret: None,
            json: None,
            timeout: Duration::from_secs(30),
        }
    }
}
