//! Zilean: a search over lists of hashes, in records of many fields of which most say nothing.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{empty, is_json, reply, segments};
use crate::demo::household::{Household, Kind, Release, WORKS, Work};
use crate::http::plain::{Ask, Reply};
use crate::torrent::IndexName;

/// The service.
pub struct Zilean {
    household: Arc<Household>,
}

/// What `/dmm/filtered` is asked.
#[derive(Default)]
struct Filter {
    text: Option<String>,
    imdb: Option<String>,
    season: Option<u32>,
    episode: Option<u32>,
    year: Option<u16>,
    resolution: Option<String>,
}

impl Zilean {
    /// A service over the household.
    #[must_use]
    pub fn new(household: Arc<Household>) -> Self {
        Self { household }
    }

    /// Answers one request.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Reply {
        let path = ask.path.to_ascii_lowercase();
        match (ask.method.as_str(), path.as_str()) {
            ("GET", "/dmm/filtered") => list(&self.search(&Filter::read(ask))),
            ("POST", "/dmm/search") => self.unfiltered(ask),
            ("POST", "/imdb/search") => list(&titles(ask)),
            ("GET", "/healthchecks/ping") => {
                reply(200, "text/plain; charset=utf-8", "[11/21/2026 02:00:00]: Pong!")
            }
            // ASP.NET: a route that is there, asked in another way.
            (_, "/dmm/filtered" | "/dmm/search" | "/imdb/search" | "/healthchecks/ping") => {
                empty(405)
            }
            // The torrents' own routes want an API key, which nobody here has.
            _ if segments(ask).first().is_some_and(|first| first == "torrents") => empty(401),
            _ => empty(404),
        }
    }

    fn unfiltered(&self, ask: &Ask) -> Reply {
        if !is_json(ask) {
            return empty(415);
        }
        let Ok(body) = serde_json::from_slice::<Value>(&ask.body) else { return empty(400) };
        let text = body.get("queryText").and_then(Value::as_str).map(str::to_owned);
        list(&self.search(&Filter { text, ..Filter::default() }))
    }

    fn search(&self, filter: &Filter) -> Vec<Value> {
        let asked = filter.text.is_some() || filter.imdb.is_some();
        // Without a season the episode matches nothing.
        if !asked || (filter.episode.is_some() && filter.season.is_none()) {
            return Vec::new();
        }
        let listed = self.household.releases.iter();
        let listed = listed.filter(|release| release.recipe.listed.contains(&IndexName::Zilean));
        listed.filter(|release| filter.takes(release)).map(record).collect()
    }
}

impl Filter {
    fn read(ask: &Ask) -> Self {
        // ASP.NET binds names of any case; an empty value is none.
        let get = |key: &str| {
            let found = ask.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
            found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        Self {
            text: get("Query"),
            imdb: get("ImdbId").map(|id| format!("tt{}", id.trim_start_matches("tt"))),
            season: get("Season").and_then(|text| text.parse().ok()),
            episode: get("Episode").and_then(|text| text.parse().ok()),
            year: get("Year").and_then(|text| text.parse().ok()),
            resolution: get("Resolution"),
        }
    }

    fn takes(&self, release: &Release) -> bool {
        let work = release.work();
        let (seasons, episodes) = numbers(release);
        let season = self.season.is_none_or(|season| seasons.contains(&season));
        let episode =
            self.episode.is_none_or(|number| episodes.is_empty() || episodes.contains(&number));
        let text = self.text.as_deref().is_none_or(|text| alike(text, work.name));
        let imdb = self.imdb.as_deref().is_none_or(|imdb| imdb == work.imdb);
        // Names without a year have the year 0, which no filter matches.
        let year = self.year.is_none_or(|year| stated_year(release).abs_diff(year) <= 1);
        let resolution = self
            .resolution
            .as_deref()
            .is_none_or(|wanted| release.recipe.resolution == Some(wanted));
        season && episode && text && imdb && year && resolution
    }
}

/// The seasons and episodes that the name says: anime names say no season, a pack's no episode.
fn numbers(release: &Release) -> (Vec<u32>, Vec<u32>) {
    match (release.work().kind, release.is_pack()) {
        (Kind::Film, _) => (vec![], vec![]),
        (Kind::Series, true) => (vec![1], vec![]),
        (Kind::Series, false) => (vec![1], release.episodes()),
        (Kind::Anime, _) => (vec![], release.episodes()),
    }
}

fn stated_year(release: &Release) -> u16 {
    if release.work().kind == Kind::Film { release.work().year } else { 0 }
}

/// Stands for the database's likeness by trigrams.
fn alike(text: &str, name: &str) -> bool {
    strsim::normalized_levenshtein(&text.to_lowercase(), &name.to_lowercase()) >= 0.85
}

fn list(items: &[Value]) -> Reply {
    reply(200, "application/json; charset=utf-8", Value::from(items.to_vec()).to_string())
}

fn titles(ask: &Ask) -> Vec<Value> {
    let Some(text) = Filter::read(ask).text else { return Vec::new() };
    let found = WORKS.iter().filter(|work| alike(&text, work.name));
    found
        .map(|work| {
            json!({
                "title": work.name,
                "imdbId": work.imdb,
                "year": work.year,
                "score": 1.0,
                "category": category(work)
            })
        })
        .collect()
}

fn category(work: &Work) -> &'static str {
    if work.parts.is_empty() { "movie" } else { "tvSeries" }
}

fn record(release: &Release) -> Value {
    let (recipe, work) = (&release.recipe, release.work());
    let (seasons, episodes) = numbers(release);
    let plain = work.name.to_lowercase();
    let mut record = json!({
        "raw_title": recipe.name,
        "parsed_title": work.name,
        "normalized_title": plain,
        "cleaned_parsed_title": plain,
        "year": stated_year(release),
        "resolution": recipe.resolution.unwrap_or_default(),
        "seasons": seasons,
        "episodes": episodes,
        "complete": release.is_pack(),
        "languages": if recipe.seeded { json!(["en"]) } else { Value::Null },
        "quality": recipe.quality,
        "codec": "avc",
        "group": "Demo",
        // A string, or nothing at all.
        "size": if recipe.seeded { json!(release.size().to_string()) } else { Value::Null },
        "category": category(work),
        "imdb_id": work.imdb,
        "imdb": {
            "imdbId": work.imdb,
            "category": category(work),
            "title": work.name,
            "adult": false,
            "year": work.year
        },
        "info_hash": release.info_hash,
        "ingested_at": "2025-04-01T10:00:00Z"
    });
    let Some(fields) = record.as_object_mut() else { return record };
    for name in [
        "trash",
        "dubbed",
        "subbed",
        "extended",
        "converted",
        "hardcoded",
        "ppv",
        "_3d",
        "proper",
        "repack",
        "retail",
        "upscaled",
        "remastered",
        "unrated",
        "documentary",
        "torrent",
        "adult",
    ] {
        fields.insert(name.to_owned(), json!(false));
    }
    for name in ["volumes", "hdr", "audio", "channels"] {
        fields.insert(name.to_owned(), json!([]));
    }
    for name in [
        "date",
        "edition",
        "bit_depth",
        "bitrate",
        "network",
        "region",
        "site",
        "episode_code",
        "country",
        "container",
        "extension",
    ] {
        fields.insert(name.to_owned(), Value::Null);
    }
    record
}
