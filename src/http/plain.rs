//! A plain host: a function from a request to a reply, without routes, owner or guards. The
//! household that exists offline serves its stand-ins by it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::http::media::{self, Manners};
use crate::http::server::{self, Listener};
use crate::http::shield;
use crate::representation::Representation;

/// Largest body of a request, in bytes.
const BODY_BYTES: usize = 1 << 20;

/// A request, read whole.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// `GET`, `POST` and so on, in capitals.
    pub method: String,
    /// The path as it was sent, percent-encoding and all, without the query.
    pub path: String,
    /// The query as it was sent, without the `?`: a tracker's info hash is no text once decoded.
    pub raw_query: String,
    /// The query's pairs in order, decoded.
    pub query: Vec<(String, String)>,
    /// The headers in order, names in lower case; values that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The body, at most 1 MiB.
    pub body: Bytes,
}

impl Ask {
    /// The first header of that name (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The first query pair of that name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// What to send back.
pub struct Reply {
    /// The status; one that is no status becomes 500.
    pub status: u16,
    /// Headers beside `Content-Length`; those that cannot be sent are left out.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: Content,
}

/// The content of a [`Reply`].
pub enum Content {
    /// These bytes.
    Bytes(Bytes),
    /// What the request's `Range` and preconditions name of it; the status is theirs.
    Media(Arc<dyn Representation>),
}

impl Reply {
    /// A reply of text of this media type.
    pub fn text(status: u16, media_type: &str, text: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self { status, headers, body: Content::Bytes(text.into()) }
    }

    /// A reply of JSON.
    pub fn json(status: u16, json: impl Into<Bytes>) -> Self {
        Self::text(status, "application/json", json)
    }

    /// A reply of bytes by range.
    #[must_use]
    pub fn media(representation: Arc<dyn Representation>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Content::Media(representation) }
    }
}

/// Answers every request. It runs on the server's own threads: it must not block.
pub type Responder = Arc<dyn Fn(Ask) -> Reply + Send + Sync>;

/// Serves `responder` until `shutdown`; see [`server::serve`].
pub async fn serve_plain(
    listener: Listener,
    responder: Responder,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    let router = Router::new().fallback(respond).with_state(responder);
    let router = router.layer(axum::middleware::from_fn(shield::catch_panic));
    server::serve(listener, router, tasks, shutdown).await;
}

async fn respond(State(responder): State<Responder>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match shield::read_whole(body, BODY_BYTES).await {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let raw_query = parts.uri.query().unwrap_or_default().to_owned();
    let query = url::form_urlencoded::parse(raw_query.as_bytes());
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let ask = Ask {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: query.into_owned().collect(),
        raw_query,
        headers: parts
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), text(value)?)))
            .collect(),
        body,
    };
    send(responder(ask), &parts.method, &parts.headers)
}

fn send(reply: Reply, method: &Method, asked: &HeaderMap) -> Response {
    let mut response = match reply.body {
        Content::Bytes(bytes) => {
            let status = StatusCode::from_u16(reply.status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            response
        }
        Content::Media(media) => media::answer(&media, method, asked, Manners::Plain),
    };
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) =
            (axum::http::HeaderName::try_from(name), axum::http::HeaderValue::try_from(value))
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}
