//! A request and its reply in plain words, until `http::plain` has them.

use bytes::Bytes;

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// `GET`.
    pub method: String,
    /// Without the query, as it was sent.
    pub path: String,
    /// Without the `?`, as it was sent: a tracker's is no UTF-8 once decoded.
    pub raw_query: String,
    /// Decoded.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// A reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}
