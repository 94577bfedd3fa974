//! `TorrentsDB`, a Stremio add-on of Torrentio's kind: the text in `title`, the episode behind a
//! calendar in its last line. No hints.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{addon, addon_error, empty, id_of, segments, torrentio};
use crate::demo::household::{Household, Release};
use crate::http::plain::{Ask, Reply};
use crate::media::StremioId;
use crate::torrent::IndexName;

/// The add-on.
pub struct TorrentsDb {
    household: Arc<Household>,
    trackers: Vec<String>,
}

impl TorrentsDb {
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
        match id_of(last).filter(|_| ask.method == "GET") {
            None => empty(404),
            Some("") => addon_error(),
            Some(id) => addon(&json!({"streams": self.streams(id)})),
        }
    }

    fn streams(&self, id: &str) -> Vec<Value> {
        let Ok(id) = id.parse::<StremioId>() else { return Vec::new() };
        let rows = self.household.listed(IndexName::TorrentsDb, &id);
        rows.into_iter().map(|(release, index)| self.stream(release, index, &id)).collect()
    }

    fn stream(&self, release: &Release, index: usize, id: &StremioId) -> Value {
        let recipe = &release.recipe;
        let file = recipe.files[index];
        let mut lines = vec![recipe.name.to_owned()];
        if release.is_pack() {
            lines.push(file.base_name().to_owned());
        }
        let day = match id {
            StremioId::Imdb { episode: Some(at), .. } => {
                format!("\u{1F4C5} S{:02}E{:02} ", at.season, at.number)
            }
            _ => String::new(),
        };
        lines.push(format!(
            "{day}\u{1F464} {} \u{1F4BE} {} \u{2699}\u{FE0F} {}",
            recipe.seeders,
            torrentio::size(file.size()),
            recipe.indexer
        ));
        let sources: Vec<String> =
            self.trackers.iter().map(|url| format!("tracker:{url}")).collect();
        let quality = recipe.resolution.or(recipe.quality);
        json!({
            "name": format!("TorrentsDB\n{}", quality.unwrap_or("SD")),
            "title": lines.join("\n"),
            "infoHash": release.info_hash,
            "fileIdx": index,
            "sources": sources
        })
    }
}
