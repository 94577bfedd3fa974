//! StremThru's crowd database: `/v0/torrents?sid=`, public, asked by IMDb's ids.
//!
//! Its file lists say which file is which episode (`sid`), verified by the crowd.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Error, Source, by_imdb, name, rows, wire};
use crate::media::{Query, StremioId};
use crate::torrent::{IndexName, Torrent, stated_number, stated_size};

pub(super) struct Database {
    pub(super) wire: wire::StremThru,
}

impl Source for Database {
    fn index(&self) -> IndexName {
        IndexName::StremThru
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Torrent>, Error>> {
        async move {
            let id = by_imdb(query)?;
            let sid = id.to_string();
            let data: Value = self.wire.get("v0/torrents", &[("sid", &sid)], false).await?;
            if !data["items"].is_array() {
                return Err(Error::Odd("answered without a list of torrents".to_owned()));
            }
            Ok(rows(&data["items"]).filter_map(|item| torrent(item, id)).collect())
        }
        .boxed()
    }
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
            other => Self::Odd(format!("answered that {other}")),
        }
    }
}

fn torrent(item: &Value, asked: StremioId) -> Option<Torrent> {
    let files = wire::files(&item["files"]);
    let asked = asked.to_string();
    // The one file that the crowd says is it. Several would be no answer.
    let mut verified = files.iter().filter(|file| file.sid.as_deref() == Some(&asked));
    let picked = verified.next().filter(|_| verified.next().is_none());
    // 0 seeders are "unknown" here: most rows come from stores, which count none.
    let seeders = stated_number(&item["seeders"]).filter(|seeders| *seeders > 0);
    Some(Torrent {
        info_hash: item["hash"].as_str()?.parse().ok()?,
        name: name(item["name"].as_str().unwrap_or_default()),
        size_bytes: stated_size(&item["size"]),
        seeders: seeders.and_then(|seeders| seeders.try_into().ok()),
        file_index: picked.and_then(|file| file.index),
        file_name: picked.map(|file| file.base_name().to_owned()),
        trackers: Vec::new(),
        indexer: item["indexer"].as_str().map(name).filter(|indexer| !indexer.is_empty()),
        files,
        index: IndexName::StremThru,
    })
}
