//! A server that already runs on this data folder: the command line asks it, since the stores are
//! its own while it runs.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;

use super::events::Events;
use crate::access::{LocalKey, RunningServer};
use crate::fetch::{self, AddressPolicy, Client, Request, Roots};
use crate::media::StremioId;
use crate::secret::Secret;

/// A running server.
pub(super) struct Running {
    client: Client,
    address: SocketAddr,
    key: Secret,
}

impl Running {
    /// The server of this data folder, if one answers.
    pub(super) async fn find(data: &Path) -> Option<Self> {
        let file = RunningServer::find(data)?;
        let key = LocalKey::read(data).ok()??;
        let policy = AddressPolicy { allow_private: vec![file.address] };
        let client = Client::new(policy, Roots::System).ok()?;
        let running = Self { client, address: file.address, key: key.secret().clone() };
        // Without the key, which is for a server that is there.
        let health = Request::get(running.url(&["health"], &[])).within(Duration::from_secs(2));
        let answer = running.client.send(health).await.ok()?;
        (answer.status == 200).then_some(running)
    }

    /// Asks it; the answer is its JSON, or its sentence.
    pub(super) async fn ask(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, String> {
        let request = Request { url: self.url(path, query), ..self.request(path) };
        let answer =
            self.client.ask_own(request, PATIENCE).await.map_err(|error| error.to_string())?;
        read(answer.status, &answer.body)
    }

    /// Searches there; `on` hears of each index as it answers. With the answer comes why its first
    /// candidate leads.
    pub(super) async fn search(
        &self,
        id: &StremioId,
        anew: bool,
        on: &mut (dyn FnMut(&Value) + Send),
    ) -> Result<(Value, Option<String>), String> {
        let path = ["api", "find", &id.to_string()];
        let mut request = self.request(&path);
        if anew {
            request.url = self.url(&path, &[("anew", "true")]);
        }
        request.headers.push(("accept", "text/event-stream".to_owned()));
        let opened = self.client.open_own(request, PATIENCE).await;
        let mut opened = opened.map_err(|error| error.to_string())?;
        let mut events = Events::default();
        let mut found = None;
        while let Some(piece) = opened.body.next().await {
            events.push(&piece.map_err(|error| error.to_string())?)?;
            while let (200, Some((name, data))) = (opened.status, events.next()) {
                match name.as_str() {
                    "index" => on(&read(200, &data)?),
                    // Each is better than the one before; after the last it is done.
                    "candidates" => found = Some(data),
                    "done" => {
                        let why = read(200, &data)?["why"].as_str().map(str::to_owned);
                        return Ok((read(200, &found.unwrap_or_default())?, why));
                    }
                    _ => {}
                }
            }
        }
        match opened.status {
            200 => Err("the running server broke off before its answer; try again".to_owned()),
            status => read(status, events.rest()).map(|answer| (answer, None)),
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> url::Url {
        let base = format!("http://{}/", self.address);
        let base = url::Url::parse(&base).expect("an address makes a URL");
        fetch::at(&base, path, query)
    }

    fn request(&self, path: &[&str]) -> Request {
        let secret = Some(("authorization", "Bearer ", self.key.clone()));
        Request { secret, ..Request::get(self.url(path, &[])) }
    }
}

/// The JSON of an answer, or its sentence.
fn read(status: u16, body: &[u8]) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| format!("the running server's answer is no JSON: {error}"))?;
    match value.pointer("/error/message").and_then(Value::as_str) {
        Some(message) if status >= 400 => Err(message.to_owned()),
        _ => Ok(value),
    }
}

/// Trying several torrents that have no peers takes its time.
const PATIENCE: Duration = Duration::from_secs(180);
