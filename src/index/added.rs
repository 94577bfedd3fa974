//! An index that the owner added: any stream add-on of Stremio, by the address of its manifest.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::{Error, LIMIT, Source, addon, by_imdb};
use crate::fetch::{self, Request};
use crate::media::Query;
use crate::torrent::{IndexName, Torrent};

/// An add-on; `base` is its address, with or without `/manifest.json`.
pub(super) struct AddOn {
    pub(super) name: IndexName,
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for AddOn {
    fn index(&self) -> IndexName {
        self.name
    }

    fn scrape<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Torrent>, Error>> {
        async move {
            let id = query.kitsu().map_or_else(|| by_imdb(query), Ok)?;
            let mut base = self.base.clone();
            base.set_path(self.base.path().trim_end_matches("/manifest.json"));
            let url = fetch::at(&base, &["stream", id.kind(), &format!("{id}.json")], &[]);
            let body: Value = self.client.get_json(Request::get(url).within(LIMIT)).await?;
            addon::torrents(&body, self.name)
        }
        .boxed()
    }
}
