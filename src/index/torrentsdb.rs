//! `TorrentsDB`, a Stremio add-on whose streams are laid out as Torrentio's: the text in `title`, its
//! last line of marks, with a calendar before an episode. By the ids of IMDb and Kitsu.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use url::Url;

use super::{Error, Listed, Source, addon};
use crate::fetch;
use crate::media::Query;
use crate::torrent::IndexName;

pub(super) struct TorrentsDb {
    pub(super) client: fetch::Client,
    pub(super) base: Url,
}

impl Source for TorrentsDb {
    fn index(&self) -> IndexName {
        IndexName::TorrentsDb
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
