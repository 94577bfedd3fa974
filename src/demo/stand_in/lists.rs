//! The public lists of anime ids, as files on a host for files.

use serde_json::{Value, json};

use super::{reply, segments};
use crate::demo::household::WORKS;
use crate::http::plain::{Ask, Reply};

/// Answers one request.
#[must_use]
pub fn answer(ask: &Ask) -> Reply {
    let parts = segments(ask);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let list = match (ask.method.as_str(), parts.as_slice()) {
        ("GET", ["anime-list-full.json"]) => list(),
        ("GET", ["imdb_mapping.json"]) => mapping(),
        _ => return reply(404, "text/plain; charset=utf-8", "404: Not Found"),
    };
    // Such hosts do not say that it is JSON.
    reply(200, "text/plain; charset=utf-8", list.to_string())
}

fn list() -> Value {
    let items = WORKS.iter().filter(|work| work.kitsu.is_some()).map(|work| {
        json!({
            "type": "TV",
            "anidb_id": work.anidb,
            "kitsu_id": work.kitsu,
            "mal_id": work.mal,
            "imdb_id": [work.imdb],
            "themoviedb_id": {"tv": work.tmdb},
            "season": {"tvdb": 1, "tmdb": 1}
        })
    });
    items.collect()
}

fn mapping() -> Value {
    let items = WORKS.iter().filter(|work| work.kitsu.is_some()).map(|work| {
        json!({
            "kitsu_id": work.kitsu,
            "imdb_id": work.imdb,
            "title": work.name,
            "fromSeason": 1,
            "fromEpisode": 1
        })
    });
    items.collect()
}
