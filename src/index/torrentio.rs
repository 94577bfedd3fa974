//! Torrentio, the Stremio add-on: `/stream/{type}/{id}.json`, by the ids of IMDb and Kitsu. An anime
//! is asked for by both where both are known: its lists differ (packs that IMDb counts as a season
//! stand under the one, batches of an entry under the other).
//!
//! It is asked without a configuration: with a debrid key in its path every row would become a link
//! that carries the key. It shows the well-seeded only, which is why the others stand beside it.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use url::Url;

use super::{Error, Listed, Source, addon};
use crate::fetch;
use crate::media::Query;
use crate::torrent::IndexName;

pub(super) struct Torrentio {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for Torrentio {
    fn index(&self) -> IndexName {
        IndexName::Torrentio
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Listed, Error>> {
        async move {
            let ids = addon::both(query)?;
            let read = |body: &_| addon::torrents(body, self.index());
            addon::ask_for_each(&self.client, &self.base, &ids, read).await
        }
        .boxed()
    }
}
