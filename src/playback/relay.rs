//! Torrentio's own addresses, for pages that speak its protocol.

use bytes::Bytes;
use tokio::time::Instant;

use super::{Error, Playback};
use crate::fetch::Sent;
use crate::index::{self, NotRelayed, Relayed, Report};
use crate::torrent::IndexName;

impl Playback {
    /// What the configured Torrentio says at `path`: JSON, of a moment ago or new. It counts against
    /// the same budget as a search, and an index that is left in peace is left so here, too.
    pub async fn relay(&self, path: &str) -> Result<Bytes, Error> {
        let path: Relayed = path.parse().map_err(|error: NotRelayed| Error::NotRelayed(error))?;
        let index = IndexName::Torrentio;
        let indexes = self.indexes();
        let off = || Error::IndexOff { index };
        let source = indexes.sources.iter().find(|source| source.index() == index);
        let source = source.ok_or_else(off)?;
        let (base, client) = indexes.way_to(index, &self.parts.client).ok_or_else(off)?;
        if let Some(body) = self.desk.relay.kept(&base, &path) {
            return Ok(body);
        }
        let health = &self.desk.health;
        health.admit_one(source).map_err(|shut| Error::IndexFailed { why: shut.message })?;
        let start = Instant::now();
        let sent = Sent::default();
        let asked = sent.count(self.desk.relay.ask(&client, &base, &path));
        let answer = tokio::time::timeout(self.parts.patience, asked).await;
        let (body, mut report) = match answer {
            Ok(Ok(body)) => (Some(body), Report::well(index, start.elapsed())),
            // It speaks with us, and has nothing at that address.
            Ok(Err(index::Error::Fetch(error))) if error.status() == Some(404) => {
                health.not_asked(index);
                health.spend(index, sent.so_far().saturating_sub(1));
                return Err(Error::IndexHasNot { index });
            }
            Ok(Err(error)) => (None, Report::failed(index, start.elapsed(), error)),
            Err(_) => (None, Report::late(index, start.elapsed())),
        };
        report.requests = sent.so_far();
        health.settle(&mut report, false);
        body.ok_or_else(|| Error::IndexFailed { why: report.message.unwrap_or_default() })
    }
}
