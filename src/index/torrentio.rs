//! Torrentio, the Stremio add-on: `/stream/{type}/{id}.json`, by the ids of IMDb and Kitsu.
//!
//! It is asked without a configuration: with a debrid key in its path every row would become a link
//! that carries the key. It shows the well-seeded only, which is why the others stand beside it.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::{Error, LIMIT, Source, addon, by_imdb};
use crate::fetch::{self, Request};
use crate::media::Query;
use crate::torrent::{IndexName, Torrent};

pub(super) struct Torrentio {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for Torrentio {
    fn index(&self) -> IndexName {
        IndexName::Torrentio
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Torrent>, Error>> {
        async move {
            let id = query.kitsu().map_or_else(|| by_imdb(query), Ok)?;
            let url = fetch::at(&self.base, &["stream", id.kind(), &format!("{id}.json")], &[]);
            let body: Value = self.client.get_json(Request::get(url).within(LIMIT)).await?;
            addon::torrents(&body, self.index())
        }
        .boxed()
    }
}
