//! Comet, the Stremio add-on, in the words of its `comet/utils/formatting.py` and
//! `api/endpoints/stream.py`: a line a thing behind a picture, parts that are not known left out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{id_of, json as answer, segments, with};
use crate::demo::household::{Household, Release};
use crate::http::plain::{Ask, Reply};
use crate::media::StremioId;
use crate::torrent::IndexName;

/// The add-on.
pub struct Comet {
    household: Arc<Household>,
    trackers: Vec<String>,
}

impl Comet {
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
        let found = match parts.as_slice() {
            ["stream", kind, last] | [_, "stream", kind, last] => {
                id_of(last).map(|id| self.streams(kind, id))
            }
            ["manifest.json"] | [_, "manifest.json"] => Some(manifest()),
            _ => None,
        };
        let reply = match found.filter(|_| ask.method == "GET") {
            Some(body) => answer(200, &body),
            // As FastAPI ends a request that no route took.
            None => answer(404, &json!({"detail": "Not Found"})),
        };
        with(reply, "access-control-allow-origin", "*")
    }

    fn streams(&self, kind: &str, id: &str) -> Value {
        // Only these two are known here; others are an empty list, not an error.
        let known = id.starts_with("tt") || id.starts_with("kitsu:");
        let known = known && matches!(kind, "movie" | "series");
        let id = id.parse::<StremioId>().ok().filter(|_| known);
        let rows = id.map(|id| self.household.listed(IndexName::Comet, &id)).unwrap_or_default();
        let streams = rows.into_iter().map(|(release, index)| self.stream(release, index));
        json!({"streams": streams.collect::<Vec<_>>()})
    }

    fn stream(&self, release: &Release, index: usize) -> Value {
        let recipe = &release.recipe;
        let file = recipe.files[index];
        // It knows the files of what somebody has played through it.
        let seen = recipe.seeded;
        let title = if seen { file.base_name() } else { recipe.name };
        let mut lines = vec![format!("\u{1F4C4} {title}"), "\u{1F4F9} avc".to_owned()];
        lines.extend(recipe.quality.map(|quality| format!("\u{2B50} {quality}")));
        let size = if seen { file.size() } else { release.size() };
        lines.push(format!(
            "\u{1F464} {} \u{1F4BE} {} \u{1F50E} Torrentio|{}",
            recipe.seeders,
            size_text(size),
            recipe.indexer
        ));
        let hash = release.info_hash;
        let resolution = recipe.resolution.unwrap_or("Unknown");
        let mut stream = json!({
            "name": format!("[TORRENT\u{1F9F2}] Comet {resolution}"),
            "description": lines.join("\n"),
            "behaviorHints": {
                "bingeGroup": format!("comet|torrent|{hash}"),
                "filename": title,
                "videoSize": size
            },
            "infoHash": hash,
            "sources": self.trackers.iter().map(|url| format!("tracker:{url}")).collect::<Vec<_>>()
        });
        if seen {
            stream["fileIdx"] = index.into();
        }
        stream
    }
}

/// Base 1024, one decimal (`format_bytes`).
fn size_text(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 1024.0 && unit < 4 {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", ["B", "KB", "MB", "GB", "TB"][unit])
}

fn manifest() -> Value {
    json!({
        "id": "stremio.comet.demo",
        "version": "2.0.0",
        "name": "Comet (Demo)",
        "description": "A stand-in for demonstrations; it lists made-up torrents only.",
        "catalogs": [],
        "resources": [{"name": "stream", "types": ["movie", "series"], "idPrefixes": ["tt", "kitsu"]}],
        "types": ["movie", "series", "anime", "other"],
        "behaviorHints": {"configurable": true, "configurationRequired": false}
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_written_as_comet_writes_them() {
        for (bytes, text) in [(734, "734.0 B"), (723_048, "706.1 KB"), (1_503_238_553, "1.4 GB")] {
            assert_eq!(super::size_text(bytes), text);
        }
    }
}
