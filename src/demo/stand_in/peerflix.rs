//! Peerflix, a Stremio add-on: a title for people, the file, a line of pictures, and the numbers once
//! more in fields of its own. What it does not have is 404.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{addon, empty, id_of, segments, torrentio};
use crate::demo::household::{Household, Release};
use crate::http::plain::{Ask, Reply};
use crate::media::StremioId;
use crate::torrent::IndexName;

/// The add-on.
pub struct Peerflix {
    household: Arc<Household>,
    trackers: Vec<String>,
}

impl Peerflix {
    /// An add-on that names `trackers` with every stream.
    #[must_use]
    pub fn new(household: Arc<Household>, trackers: Vec<String>) -> Self {
        Self { household, trackers }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        let parts = segments(ask);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (["stream", _, last] | [_, "stream", _, last]) = parts.as_slice() else {
            return empty(404);
        };
        let id = id_of(last).filter(|_| ask.method == "GET");
        let Some(Ok(id)) = id.map(str::parse::<StremioId>) else { return empty(404) };
        let rows = self.household.listed(IndexName::Peerflix, &id);
        if rows.is_empty() {
            return empty(404);
        }
        let streams = rows.into_iter().map(|(release, index)| self.stream(release, index));
        addon(&json!({"streams": streams.collect::<Vec<_>>()}))
    }

    fn stream(&self, release: &Release, index: usize) -> Value {
        let recipe = &release.recipe;
        let file = recipe.files[index];
        let size = torrentio::size(file.size());
        let marks =
            format!("\u{1F464} {} \u{1F4BE} {size} \u{1F310} {}", recipe.seeders, recipe.indexer);
        let hash = release.info_hash;
        let tracked = self.trackers.iter().map(|url| format!("tracker:{url}"));
        let sources: Vec<String> = tracked.chain([format!("dht:{hash}")]).collect();
        let quality = recipe.resolution.or(recipe.quality).unwrap_or("SD");
        let text = [recipe.name, file.base_name(), &marks].join("\n");
        json!({
            "name": format!("Peerflix \u{1F1EC}\u{1F1E7} {quality}"),
            "description": text,
            "infoHash": hash,
            "fileIdx": index,
            "sources": sources,
            "sizebytes": file.size(),
            "seed": recipe.seeders,
            "language": "en"
        })
    }
}
