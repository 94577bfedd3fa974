//! Anime Tosho, the successor: its JSON, by `AniDB`'s id and by words.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{has_words, json as answer, segments};
use crate::demo::household::{Household, Kind, Release, Work};
use crate::http::plain::{Ask, Reply};
use crate::torrent::{IndexName, Magnet};

/// The service.
pub struct AnimeTosho {
    household: Arc<Household>,
    trackers: Vec<String>,
}

impl AnimeTosho {
    /// A service whose magnets name `trackers`.
    #[must_use]
    pub fn new(household: Arc<Household>, trackers: Vec<String>) -> Self {
        Self { household, trackers }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        let parts = segments(ask);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let found = match (ask.method.as_str(), parts.as_slice()) {
            ("GET", ["json", "v1", "caps"]) => Some(json!({"ok": true})),
            ("GET", ["json", "v1", "search"]) => {
                let rows = self.rows(|release| has_words(release, ask.query("q").unwrap_or("")));
                Some(json!({"ok": true, "data": page(ask, rows)}))
            }
            ("GET", ["json", "v1", "series", "anidb", id]) => self.entry(ask, id),
            _ => None,
        };
        match found {
            Some(body) => answer(200, &body),
            None => answer(404, &json!({"ok": false, "error": "not found"})),
        }
    }

    fn entry(&self, ask: &Ask, id: &str) -> Option<Value> {
        let work = Work::by_anidb(id.parse().ok()?)?;
        let rows = self.rows(|release| release.work().imdb == work.imdb);
        Some(json!({"ok": true, "data": {
            "title": work.name,
            "year": work.year,
            "episode_count": work.parts.len(),
            "picurl": null,
            "releases": page(ask, rows)
        }}))
    }

    fn rows(&self, takes: impl Fn(&Release) -> bool) -> Vec<Value> {
        let listed = self.household.releases.iter().filter(|release| {
            release.work().kind == Kind::Anime
                && release.recipe.listed.contains(&IndexName::AnimeTosho)
        });
        listed.filter(|release| takes(release)).map(|release| self.row(release)).collect()
    }

    fn row(&self, release: &Release) -> Value {
        let (recipe, work) = (&release.recipe, release.work());
        let id = i64::from(release.info_hash.as_bytes()[0]) + 700_000;
        let magnet = Magnet { trackers: self.trackers.clone(), ..Magnet::new(release.info_hash) };
        let first = release.episodes().first().copied().filter(|_| !release.is_pack());
        json!({
            "id": id,
            "title": recipe.name,
            "magnet": magnet.to_string(),
            "torrent_url": format!("https://animetosho.xyz/download/{id}/torrent"),
            "info_hash": release.info_hash,
            "seeders": recipe.seeders,
            "leechers": 0,
            "size_bytes": release.size(),
            "file_count": recipe.files.len(),
            "release_group": "Demo",
            "resolution": recipe.resolution,
            "is_batch": release.is_pack(),
            "date_added": format!("{}T12:30:00Z", work.released),
            "series": {
                "title": work.name,
                "key": work.name.to_lowercase().replace(' ', "-"),
                "episode_number": first,
                "tvdb_season": 1,
                "anidb_aid": work.anidb
            },
            "urls": {"view": format!("https://animetosho.xyz/view/{id}")}
        })
    }
}

/// `limit` (100 where it says none) rows from `offset` on.
fn page(ask: &Ask, rows: Vec<Value>) -> Vec<Value> {
    let number = |key| ask.query(key).and_then(|text| text.parse::<usize>().ok());
    rows.into_iter()
        .skip(number("offset").unwrap_or(0))
        .take(number("limit").unwrap_or(100))
        .collect()
}
