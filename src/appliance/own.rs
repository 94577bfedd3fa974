//! Asking the server what anybody may ask it, over its own port: whether it answers is proved by an
//! answer, and by nothing else.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use futures_util::StreamExt as _;
use url::Url;

use crate::fetch::{AddressPolicy, Client, Request, Roots};

/// Who asks.
pub(super) struct Own {
    client: Client,
    near: SocketAddr,
}

impl Own {
    /// `near` is where the server answers on loopback.
    pub(super) fn new(near: SocketAddr) -> Result<Self, String> {
        let policy = AddressPolicy { allow_private: vec![near] };
        let client = Client::new(policy, Roots::System).map_err(|error| error.to_string())?;
        Ok(Self { client, near })
    }

    /// Whether the server answers within `patience`. Each time over a new connection: a server that
    /// takes none any more must not pass by an old one.
    pub(super) async fn is_well(&self, patience: Duration) -> Result<(), String> {
        let (status, _) = self.within(patience, "/health", None).await?;
        if status == 200 { Ok(()) } else { Err(format!("/health answers {status}")) }
    }

    /// The bytes of a range, as the server sends them.
    pub(super) async fn range(
        &self,
        path: &str,
        range: Range<u64>,
        patience: Duration,
    ) -> Result<Vec<u8>, String> {
        let header = format!("bytes={}-{}", range.start, range.end - 1);
        match self.within(patience, path, Some(header)).await? {
            (206, body) => Ok(body),
            (status, body) => {
                let why: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
                let why = why.pointer("/error/message").and_then(serde_json::Value::as_str);
                Err(format!(
                    "the test stream is not served ({status}): {}",
                    why.unwrap_or("no word")
                ))
            }
        }
    }

    async fn within(
        &self,
        patience: Duration,
        path: &str,
        range: Option<String>,
    ) -> Result<(u16, Vec<u8>), String> {
        let late = || format!("the server does not answer itself within {} s", patience.as_secs());
        let asked = tokio::time::timeout(patience, self.ask(path, range));
        asked.await.unwrap_or_else(|_| Err(late()))
    }

    async fn ask(&self, path: &str, range: Option<String>) -> Result<(u16, Vec<u8>), String> {
        let url = Url::parse(&format!("http://{}{path}", self.near));
        let mut request = Request::get(url.map_err(|error| error.to_string())?);
        request.headers.push(("connection", "close".to_owned()));
        request.headers.extend(range.map(|range| ("range", range)));
        let opened = self.client.open_own(request, Duration::from_secs(30)).await;
        let mut opened = opened.map_err(|error| error.to_string())?;
        let mut body = Vec::new();
        while let Some(piece) = opened.body.next().await {
            body.extend_from_slice(&piece.map_err(|error| error.to_string())?);
        }
        Ok((opened.status, body))
    }
}
