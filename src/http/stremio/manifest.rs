//! The manifest: what the add-on has (stremio-addon-sdk, docs/api/responses/manifest.md).

use serde_json::{Value, json};

use super::Answer;
use crate::http::pages::genres;
use crate::http::rooms::Rooms;
use crate::title::Kind;

/// How long an app may keep it, in seconds.
const KEPT_S: u32 = 3_600;
/// The catalogue of what is popular, and of what a search finds.
pub(super) const POPULAR: &str = "credenza-popular";
/// The catalogue of what lies on this box.
pub(super) const HERE: &str = "credenza-here";
/// Ids that are understood.
const PREFIXES: [&str; 5] = ["tt", "kitsu:", "anidb:", "mal:", "tmdb:"];
const KINDS: [&str; 3] = ["movie", "series", "anime"];

pub(super) fn manifest(rooms: &Rooms) -> Answer {
    let of_titles = |name: &str| json!({"name": name, "types": KINDS, "idPrefixes": PREFIXES});
    let manifest = json!({
        "id": "credenza.household",
        "version": env!("CARGO_PKG_VERSION"),
        "name": rooms.name,
        "description": "Films and series through the box of your household: what lies on it, what \
                        your debrid store has at once, and what peers share.",
        "resources": ["catalog", of_titles("meta"), of_titles("stream"), of_titles("subtitles")],
        "types": KINDS,
        "idPrefixes": PREFIXES,
        "catalogs": catalogues(&rooms.name),
        "behaviorHints": {"configurable": true, "configurationRequired": false},
    });
    Answer::kept(manifest, KEPT_S)
}

fn catalogues(name: &str) -> Vec<Value> {
    let popular = [
        (Kind::Movie, "Popular films"),
        (Kind::Series, "Popular series"),
        (Kind::Anime, "Popular anime"),
    ];
    let mut all: Vec<Value> = popular
        .map(|(kind, words)| {
            json!({
                "type": kind.as_str(),
                "id": POPULAR,
                "name": format!("{name}: {words}"),
                "extra": [
                    {"name": "search", "isRequired": false},
                    {"name": "genre", "isRequired": false, "options": genres(kind)},
                    {"name": "skip", "isRequired": false},
                ],
            })
        })
        .into();
    for kind in [Kind::Movie, Kind::Series] {
        let words = format!("{name}: on this box");
        let skip = json!([{"name": "skip", "isRequired": false}]);
        all.push(json!({"type": kind.as_str(), "id": HERE, "name": words, "extra": skip}));
    }
    all
}
