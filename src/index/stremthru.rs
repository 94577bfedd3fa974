//! StremThru's crowd database: `/v0/torrents?sid=`, public, asked by the ids of IMDb and `AniDB`,
//! by both where both are known. Its file lists say which file is which episode (`sid`, `asid`),
//! verified by the crowd.
//!
//! An instance that does not serve it (400, 404, 503) is asked through its Torznab door instead.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use url::Url;

use super::{Error, Listed, Source, json, name, torznab, wire};
use crate::fetch;
use crate::media::{Query, StremioId};
use crate::torrent::{IndexName, Told, Torrent, TorrentFile, stated_number, stated_size};

pub(super) struct Database {
    pub(super) wire: wire::StremThru,
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for Database {
    fn index(&self) -> IndexName {
        IndexName::StremThru
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            let ids: Vec<StremioId> = [query.imdb(), query.anidb()].into_iter().flatten().collect();
            if ids.is_empty() {
                return Err(Error::UnsupportedId);
            }
            let answers = join_all(ids.iter().map(|id| self.ask(*id, &ids))).await;
            torznab::any(answers)
        }
        .boxed()
    }
}

impl Database {
    /// Asks by one of the ids; a file that any of `all` names is the one that is meant.
    async fn ask(&self, id: StremioId, all: &[StremioId]) -> Result<Vec<Torrent>, Error> {
        let answer = self.wire.body("v0/torrents", &[("sid", &id.to_string())]).await;
        match (answer, id) {
            (Ok(body), _) => read(&body, all),
            (Err(error), StremioId::Imdb { id, .. }) if is_shut(&error) => {
                let base = fetch::at(&self.base, &["v0", "torznab", "api"], &[]);
                let id = id.to_string();
                let pairs = vec![("t", "search"), ("imdbid", id.as_str())];
                // What the first door said is worth more than what the second one does.
                let found = torznab::ask(&self.client, &base, pairs, self.index()).await;
                found.map_err(|_| error.into())
            }
            (Err(error), _) => Err(error.into()),
        }
    }
}

/// Whether the instance does not serve this list: in maintenance, or built without it.
fn is_shut(error: &wire::Error) -> bool {
    matches!(error, wire::Error::NotFound | wire::Error::Answer { status: 400 | 404 | 503, .. })
}

impl From<wire::Error> for Error {
    fn from(error: wire::Error) -> Self {
        match error {
            wire::Error::Fetch(error) => Self::Fetch(error),
            wire::Error::Limited { retry_after } => Self::Limited { retry_after },
            // It is asked without an account: 403 is its own refusal.
            wire::Error::NoSubscription => Self::Blocked(403),
            wire::Error::Answer { message, .. } if message.contains("unsupported sid") => {
                Self::UnsupportedId
            }
            wire::Error::Answer { code, message, status, .. } => {
                Self::Odd(format!("answered {status} {code} {message:?}"))
            }
            // Their sentences are about accounts, and this is none.
            wire::Error::BadToken => Self::Odd("wants an account for its list (401)".to_owned()),
            wire::Error::NotFound => Self::Odd("has nothing at this address (404)".to_owned()),
            other => Self::Odd(format!("answered that {other}")),
        }
    }
}

/// The torrents of an answer to a question by `asked`.
pub(super) fn read(body: &[u8], asked: &[StremioId]) -> Result<Vec<Torrent>, Error> {
    let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
    json::columns(body, &["data", "items"], KEYS, |item| torrent(item, &asked))
}

/// Of what a row says, what is read.
const KEYS: &[&str] = &["hash", "name", "size", "seeders", "indexer", "files"];

fn torrent(item: &Told, asked: &[String]) -> Option<Torrent> {
    let files = wire::files(&item["files"]);
    // The one file that the crowd says is it. Several would be no answer.
    let mut verified = files.iter().filter(|file| is_verified(file, asked));
    let picked = verified.next().filter(|_| verified.next().is_none());
    // 0 seeders are "unknown" here: most rows come from stores, which count none.
    let seeders = stated_number(&item["seeders"]).filter(|seeders| *seeders > 0);
    Some(Torrent {
        info_hash: item["hash"].as_str()?.trim().parse().ok()?,
        name: name(item["name"].as_str().unwrap_or_default()),
        size_bytes: stated_size(&item["size"]),
        seeders: seeders.and_then(|seeders| seeders.try_into().ok()),
        file_index: picked.and_then(|file| file.index),
        file_name: picked.map(|file| file.base_name().to_owned()),
        trackers: Vec::new(),
        indexer: item["indexer"].as_str().map(name).filter(|indexer| !indexer.is_empty()),
        files: files.into(),
        index: IndexName::StremThru,
    })
}

/// `sid` is a Stremio id; `asid` is `AniDB`'s without the word before it.
fn is_verified(file: &TorrentFile, asked: &[String]) -> bool {
    asked.iter().any(|id| match id.strip_prefix("anidb:") {
        Some(short) => file.asid.as_deref() == Some(short),
        None => file.sid.as_deref() == Some(id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_file_that_the_crowd_has_verified_is_the_one_meant() {
        let file = |name: &str, sid: &str, asid: &str| json!({"n": name, "i": 1, "sid": sid, "asid": asid});
        let asked = ["tt9900001:1:2", "anidb:69:2"].map(|id| id.parse().unwrap());
        for (files, picked) in [
            (
                json!([file("a", "tt9900001:1:2", ""), file("b", "tt9900001:1:3", "69:3")]),
                Some("a"),
            ),
            (json!([file("a", "tt9900001:1:1", "69:1"), file("b", "", "69:2")]), Some("b")),
            (json!([file("a", "tt9900001:1:2", ""), file("b", "", "69:2")]), None),
            (json!([file("a", "", "")]), None),
            (json!(null), None),
        ] {
            let body = json!({"data": {"items": [{"hash": "a".repeat(40), "files": files}]}});
            let found = read(body.to_string().as_bytes(), &asked).unwrap();
            assert_eq!(found[0].file_name.as_deref(), picked, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(
            key in "(hash|files|name|size|seeders|indexer)",
            value in "(null|-?[0-9]{1,30}|\"[a-z0-9]{0,44}\"|\\[null,5,\\{\"n\":\"x\",\"i\":-1\\}\\]|\\{\\})",
        ) {
            let row = format!(r#"{{"hash":"{}","{key}":{value}}}"#, "a".repeat(40));
            let _ = read(format!(r#"{{"data":{{"items":[{row}]}}}}"#).as_bytes(), &[]);
        }
    }
}
