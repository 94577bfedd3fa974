//! StremThru on the wire: the envelope `{data}` or `{error}`, the headers that name the store and
//! carry its token, and what the error codes mean. What is asked is for `index` and `debrid` to say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::fetch::{self, Answer, Method, Request};
use crate::secret::Secret;
use crate::torrent::{
    Store, Told, TorrentFile, mark_twins, stated_name, stated_number, stated_size,
};

/// Longest part of a stranger's message that is shown, in characters.
const LONGEST_MESSAGE: usize = 200;

/// Longest path of a file in a torrent, in bytes (`PATH_MAX` of Linux).
const LONGEST_PATH: usize = 4096;

/// An instance of StremThru, and the account at a store that it is to use.
#[derive(Clone)]
pub struct StremThru {
    client: fetch::Client,
    base: Url,
    account: Option<(Store, Secret)>,
    calls: Arc<Calls>,
}

/// How a call to a store ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Outcome {
    Ok,
    Refused,
    Limited,
    Failed,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }

    const fn of(error: &Error) -> Self {
        match error {
            Error::Refused => Self::Refused,
            Error::Limited { .. } | Error::StoreLimit => Self::Limited,
            _ => Self::Failed,
        }
    }
}

/// Calls to stores, counted by how they ended.
#[derive(Debug, Default)]
pub struct Calls(Mutex<BTreeMap<Outcome, u64>>);

impl Calls {
    /// How many ended how.
    #[must_use]
    pub fn rows(&self) -> Vec<(Outcome, u64)> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|(outcome, count)| (*outcome, *count)).collect()
    }

    fn count(&self, outcome: Outcome) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *rows.entry(outcome).or_default() += 1;
    }
}

/// Why StremThru gave no data. The codes are those of its source (`UPPER_SNAKE`); the status speaks
/// only where the body is not its JSON.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Error {
    #[error("the store does not accept the token; set it again")]
    BadToken,
    #[error("the account at the store has no subscription; renew it at the store")]
    NoSubscription,
    #[error("the store refuses this torrent for legal reasons; another one is needed")]
    Refused,
    #[error("StremThru or the store asks for fewer requests; try again in some minutes")]
    Limited { retry_after: Option<Duration> },
    #[error(
        "the store's limit of active downloads or traffic is reached; wait, or free some there"
    )]
    StoreLimit,
    #[error("StremThru does not know what was asked for; it may be gone from the account")]
    NotFound,
    #[error("StremThru at {host} answered {status} {code} {message:?}; try again later")]
    Answer { host: String, code: String, message: String, status: u16 },
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
}

impl StremThru {
    /// `base` is the instance's address; `account` is needed for calls to the store alone.
    #[must_use]
    pub fn new(client: fetch::Client, base: Url, account: Option<(Store, Secret)>) -> Self {
        Self { client, base, account, calls: Arc::default() }
    }

    /// The same, counting its calls to the store there.
    #[must_use]
    pub fn counted(self, calls: Arc<Calls>) -> Self {
        Self { calls, ..self }
    }

    /// Asks for `path` (without a slash at the start); `auth` sends the store's headers along.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        auth: bool,
    ) -> Result<T, Error> {
        self.send(self.request(Method::Get, path, query, auth)).await
    }

    /// Posts `json` to `path`, with the store's headers.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, json: Value) -> Result<T, Error> {
        let request = self.request(Method::Post, path, &[], true);
        self.send(Request { json: Some(json), ..request }).await
    }

    /// Deletes `path`, with the store's headers.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        let _: Value = self.send(self.request(Method::Delete, path, &[], true)).await?;
        Ok(())
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)], auth: bool) -> Request {
        let parts: Vec<&str> = path.split('/').collect();
        let mut request = Request { method, ..Request::get(fetch::at(&self.base, &parts, query)) };
        if let Some((store, token)) = self.account.as_ref().filter(|_| auth) {
            request.headers.push(("x-stremthru-store-name", store.as_str().to_owned()));
            request.secret = Some(("x-stremthru-store-authorization", "Bearer ", token.clone()));
        }
        request
    }

    /// Asks for `path`, without the store's headers, for who reads long answers piece by piece:
    /// the body of a success, its envelope still about it.
    pub async fn body(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, Error> {
        let answer = self.client.send(self.request(Method::Get, path, query, false)).await?;
        self.succeeded(&answer)?;
        Ok(answer.body)
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        let of_the_store = request.secret.is_some();
        let sent = self.send_once(request).await;
        if of_the_store {
            self.calls.count(sent.as_ref().map_or_else(Outcome::of, |_| Outcome::Ok));
        }
        sent
    }

    async fn send_once<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        let answer = self.client.send(request).await?;
        self.succeeded(&answer)?;
        let data = answer.body_json::<Value>()?.get_mut("data").map(Value::take);
        let read = data.and_then(|data| serde_json::from_value(data).ok());
        read.ok_or_else(|| self.answer(answer.status, "", "its answer is not in StremThru's form"))
    }

    fn succeeded(&self, answer: &Answer) -> Result<(), Error> {
        if answer.is_success() {
            return Ok(());
        }
        Err(self.error(answer, answer.body_json().ok().as_ref()))
    }

    fn error(&self, answer: &Answer, body: Option<&Value>) -> Error {
        let status = answer.status;
        let error = body.and_then(|body| body.get("error"));
        let text = |key: &str| error.and_then(|error| error[key].as_str()).unwrap_or_default();
        match (text("code"), status) {
            ("UNAUTHORIZED", _) | ("", 401) => Error::BadToken,
            ("FORBIDDEN" | "PAYMENT_REQUIRED", _) | ("", 402) => Error::NoSubscription,
            ("UNAVAILABLE_FOR_LEGAL_REASONS", _) | ("", 451) => Error::Refused,
            ("TOO_MANY_REQUESTS", _) | ("", 429) => {
                Error::Limited { retry_after: answer.retry_after }
            }
            ("", 503) if answer.retry_after.is_some() => {
                Error::Limited { retry_after: answer.retry_after }
            }
            ("STORE_LIMIT_EXCEEDED", _) => Error::StoreLimit,
            ("NOT_FOUND" | "GONE", _) | ("", 404 | 410) => Error::NotFound,
            (code, _) => self.answer(status, code, text("message")),
        }
    }

    fn answer(&self, status: u16, code: &str, message: &str) -> Error {
        Error::Answer {
            host: self.host(),
            code: self.shown(code),
            message: self.shown(message),
            status,
        }
    }

    fn host(&self) -> String {
        self.base.host_str().unwrap_or_default().to_owned()
    }

    /// A stranger's words, short, in one line, and without our token, should it come back in them.
    fn shown(&self, text: &str) -> String {
        let token = self.account.as_ref().map_or("", |(_, token)| token.expose());
        let clean = if token.is_empty() { text.to_owned() } else { text.replace(token, "***") };
        clean.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect()
    }
}

/// One entry of a `files` list, in the long keys of the store calls or the short ones of
/// `/v0/torrents`; `None` for an entry without a name, which nobody could choose.
#[must_use]
pub fn file(entry: &Told) -> Option<TorrentFile> {
    let text = |keys: [&str; 2]| {
        keys.into_iter().find_map(|key| entry[key].as_str().filter(|text| !text.is_empty()))
    };
    let own = |key| text([key, key]).map(str::to_owned);
    // Paths are as of a root of the torrent: `/Season 1/x.mkv`; old rows hold the bare name.
    let path = text(["path", "p"]).map(|path| path.trim_start_matches('/'));
    let name = path.filter(|path| !path.is_empty()).or_else(|| text(["name", "n"]))?;
    let name = Some(stated_name(name, LONGEST_PATH)).filter(|name| !name.is_empty())?;
    let index = if entry["index"].is_null() { &entry["i"] } else { &entry["index"] };
    let size = if entry["size"].is_null() { &entry["s"] } else { &entry["size"] };
    Some(TorrentFile {
        index: stated_number(index).and_then(|index| index.try_into().ok()),
        name,
        size_bytes: stated_size(size),
        link: own("link"),
        sid: own("sid"),
        asid: own("asid"),
        twin: None,
    })
}

/// All entries of a `files` list that can be read; a broken one loses itself alone.
#[must_use]
pub fn files(list: &Told) -> Vec<TorrentFile> {
    let mut files = list.entries().iter().filter_map(file).collect::<Vec<_>>();
    mark_twins(&mut files);
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_read_in_both_forms_and_what_is_unknown_is_none() {
        for (entry, wanted) in [
            (
                json!({"index": 0, "path": "/Season 1/a.mkv", "name": "a.mkv", "size": 7, "link": "x"}),
                Some((Some(0), "Season 1/a.mkv", Some(7), Some("x"))),
            ),
            (
                json!({"index": -1, "path": "a.mkv", "name": "a.mkv", "size": -1, "link": ""}),
                Some((None, "a.mkv", None, None)),
            ),
            (
                json!({"p": "//b.mkv", "i": 3, "s": "9", "n": "b.mkv"}),
                Some((Some(3), "b.mkv", Some(9), None)),
            ),
            (json!({"p": "", "n": "b.mkv", "s": 0}), Some((None, "b.mkv", None, None))),
            (json!({"path": "/", "size": 1}), None),
            (json!({"path": "\u{1}\u{202E}"}), None),
            (json!({"path": "a\u{202E}vkm.\nexe"}), Some((None, "avkm.exe", None, None))),
            (json!({"path": 5, "name": null}), None),
            (json!(["a.mkv"]), None),
            (json!("a.mkv"), None),
            (json!(null), None),
        ] {
            let read = file(&(&entry).into());
            let seen = read.as_ref().map(|file| {
                (file.index, file.name.as_str(), file.size_bytes, file.link.as_deref())
            });
            assert_eq!(seen, wanted, "{entry}");
        }
    }
}
