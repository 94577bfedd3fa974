//! Torrentio, a Stremio add-on: numbers in lines of emoji, nothing that is null.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{addon, addon_error, empty, id_of, segments};
use crate::demo::household::{Household, Kind, Release, Role, meant_by};
use crate::http::plain::{Ask, Reply};
use crate::media::StremioId;
use crate::torrent::IndexName;

/// Before the number of seeders.
const PERSON: char = '\u{1F464}';
/// Before the size.
const FLOPPY: char = '\u{1F4BE}';
/// Before the site that the torrent is from; the variation selector is Torrentio's.
const GEAR: &str = "\u{2699}\u{FE0F}";

/// From so many torrents with a seeder on, those without are left out.
const ENOUGH: usize = 5;

/// The add-on.
pub struct Torrentio {
    household: Arc<Household>,
    trackers: Vec<String>,
}

impl Torrentio {
    /// An add-on that names `trackers` with every stream.
    #[must_use]
    pub fn new(household: Arc<Household>, trackers: Vec<String>) -> Self {
        Self { household, trackers }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        if ask.method != "GET" {
            return empty(404);
        }
        let parts = segments(ask);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["manifest.json"] | [_, "manifest.json"] => addon(&manifest()),
            ["stream", kind, last] | [_, "stream", kind, last] => self.streams(kind, last),
            _ => empty(404),
        }
    }

    fn streams(&self, kind: &str, last: &str) -> Reply {
        let Some(id) = id_of(last) else { return empty(404) };
        if !matches!(kind, "movie" | "series" | "anime") {
            return empty(404);
        }
        if id.is_empty() {
            return addon_error();
        }
        // Only these two are known here; others are an empty list, not an error.
        let known = id.starts_with("tt") || id.starts_with("kitsu:");
        let id = id.parse::<StremioId>().ok().filter(|_| known);
        let streams = id.map(|id| self.listed(&id)).unwrap_or_default();
        addon(&json!({
            "streams": streams,
            "cacheMaxAge": if streams.is_empty() { 60 } else { 3600 },
            "staleRevalidate": 14400,
            "staleError": 604_800
        }))
    }

    fn listed(&self, id: &StremioId) -> Vec<Value> {
        let mut rows = self.household.listed(IndexName::Torrentio, id);
        let alive = rows.iter().filter(|(release, _)| release.recipe.seeders > 0).count();
        if alive >= ENOUGH {
            rows.retain(|(release, _)| release.recipe.seeders > 0);
        } else {
            rows.truncate(ENOUGH);
        }
        let anime = meant_by(id).is_some_and(|(work, _)| work.kind == Kind::Anime);
        rows.into_iter().map(|(release, index)| self.stream(release, index, anime)).collect()
    }

    fn stream(&self, release: &Release, index: usize, anime: bool) -> Value {
        let recipe = &release.recipe;
        let file = recipe.files[index];
        let hash = release.info_hash;
        let quality = recipe.resolution.or(recipe.quality);
        let name =
            quality.map_or("Torrentio".to_owned(), |quality| format!("Torrentio\n{quality}"));
        let mut lines = vec![recipe.name.replace(',', " ")];
        let pack = release.is_pack();
        if pack {
            lines.push(file.path.to_owned());
        }
        let size = size(file.size());
        lines
            .push(format!("{PERSON} {} {FLOPPY} {size} {GEAR} {}", recipe.seeders, recipe.indexer));
        // What its Russian indexes say of the language.
        if recipe.indexer == "Rutor" {
            lines.push("\u{1F1F7}\u{1F1FA}".to_owned());
        }
        let group = if pack { hash.to_string() } else { grouped(release, file.role) };
        let mut sources: Vec<String> =
            self.trackers.iter().map(|tracker| format!("tracker:{tracker}")).collect();
        sources.push(format!("dht:{hash}"));
        let mut stream = json!({
            "name": name,
            "title": lines.join("\n"),
            "infoHash": hash,
            "fileIdx": index,
            "behaviorHints": {
                "bingeGroup": format!("torrentio|{group}"),
                "filename": file.base_name()
            },
            "sources": sources
        });
        // A torrent whose files Torrentio has not seen has no index and no file name; those of
        // anime sites it has always seen.
        if !recipe.seeded && !anime {
            stream["behaviorHints"] = json!({"bingeGroup": format!("torrentio|{group}")});
            if let Some(stream) = stream.as_object_mut() {
                stream.remove("fileIdx");
            }
        }
        stream
    }
}

fn grouped(release: &Release, role: Role) -> String {
    let recipe = &release.recipe;
    let codec = (role == Role::Film).then_some("x264");
    let parts = [recipe.resolution, recipe.quality, codec];
    parts.into_iter().flatten().collect::<Vec<_>>().join("|")
}

/// Base 1024, at most two decimals, and a small k.
pub(super) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 1024.0 && unit < 4 {
        amount /= 1024.0;
        unit += 1;
    }
    let amount = (amount * 100.0).round() / 100.0;
    format!("{amount} {}", ["B", "kB", "MB", "GB", "TB"][unit])
}

fn manifest() -> Value {
    json!({
        "id": "com.stremio.torrentio.addon",
        "version": "0.0.15",
        "name": "Torrentio (Demo)",
        "description": "A stand-in for demonstrations; it lists made-up torrents only.",
        "catalogs": [],
        "resources": [{
            "name": "stream",
            "types": ["movie", "series", "anime"],
            "idPrefixes": ["tt", "kitsu"]
        }],
        "types": ["movie", "series", "anime", "other"],
        "behaviorHints": {"configurable": true, "configurationRequired": false}
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_written_as_torrentio_writes_them() {
        for (bytes, text) in [
            (734, "734 B"),
            (723_048, "706.1 kB"),
            (1_503_238_553, "1.4 GB"),
            (1_610_612_736, "1.5 GB"),
            (1024, "1 kB"),
        ] {
            assert_eq!(super::size(bytes), text);
        }
    }
}
