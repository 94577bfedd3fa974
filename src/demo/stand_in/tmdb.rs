//! TMDB, for who has the demonstration's key: as a parameter or, as a token, in the header.

use serde_json::{Value, json};

use super::{json as answer_json, segments};
use crate::demo::household::{Kind, WORKS, Work};
use crate::http::plain::{Ask, Reply};

/// The key of the old form that opens it. No secret: every checkout has it.
pub const KEY: &str = "de300de300de300de300de300de300de";

/// The token of the new form.
pub const TOKEN: &str = "eyJhbGciOiJub25lIn0.ZGVtb25zdHJhdGlvbg.c2lnbmVk";

/// Answers one request.
#[must_use]
pub fn answer(ask: &Ask) -> Reply {
    let bearer = ask.header("authorization") == Some(format!("Bearer {TOKEN}").as_str());
    if ask.query("api_key") != Some(KEY) && !bearer {
        let sentence = "Invalid API key: You must be granted a valid key.";
        let body = json!({"status_code": 7, "status_message": sentence, "success": false});
        return answer_json(401, &body);
    }
    let parts = segments(ask);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let found = match (ask.method.as_str(), parts.as_slice()) {
        ("GET", ["3", "authentication"]) => {
            Some(json!({"success": true, "status_code": 1, "status_message": "Success."}))
        }
        ("GET", ["3", "find", imdb]) => Some(find(imdb)),
        ("GET", ["3", "search", "multi"]) => Some(search(ask.query("query").unwrap_or_default())),
        ("GET", ["3", kind @ ("movie" | "tv"), id]) => by_id(kind, id).map(details),
        ("GET", ["3", kind @ ("movie" | "tv"), id, "external_ids"]) => {
            by_id(kind, id).map(external_ids)
        }
        _ => None,
    };
    let Some(found) = found else {
        let sentence = "The resource you requested could not be found.";
        let body = json!({"success": false, "status_code": 34, "status_message": sentence});
        return answer_json(404, &body);
    };
    answer_json(200, &found)
}

fn by_id(kind: &str, id: &str) -> Option<&'static Work> {
    let id: u32 = id.parse().ok()?;
    WORKS.iter().find(|work| work.tmdb == id && (work.kind == Kind::Film) == (kind == "movie"))
}

fn find(imdb: &str) -> Value {
    let row = |work: &Work| json!({"id": work.tmdb, "overview": work.description});
    let of = |film: bool| -> Vec<Value> {
        let found = Work::by_imdb(imdb).filter(|work| (work.kind == Kind::Film) == film);
        found.map(row).into_iter().collect()
    };
    json!({
        "movie_results": of(true),
        "person_results": [],
        "tv_results": of(false),
        "tv_episode_results": [],
        "tv_season_results": []
    })
}

/// By name or alias, in any language.
fn search(text: &str) -> Value {
    let wanted = text.to_lowercase();
    let fits = |name: &str| name.to_lowercase().contains(&wanted);
    let named = |work: &&Work| fits(work.name) || work.aliases.iter().any(|alias| fits(alias));
    let row = |work: &Work| {
        let mut row = json!({"id": work.tmdb, "overview": work.description, "poster_path": null});
        let (kind, name, date) = match work.kind {
            Kind::Film => ("movie", "title", "release_date"),
            _ => ("tv", "name", "first_air_date"),
        };
        row["media_type"] = json!(kind);
        row[name] = json!(work.name);
        row[date] = json!(work.released);
        row
    };
    let results: Vec<Value> = WORKS.iter().filter(named).map(row).collect();
    json!({"page": 1, "total_pages": 1, "total_results": results.len(), "results": results})
}

fn external_ids(work: &Work) -> Value {
    json!({
        "id": work.tmdb,
        "imdb_id": work.imdb,
        "freebase_mid": null,
        "freebase_id": null,
        "tvdb_id": null,
        "tvrage_id": null,
        "wikidata_id": null,
        "facebook_id": "",
        "instagram_id": null,
        "twitter_id": null
    })
}

fn details(work: &Work) -> Value {
    let names: Vec<Value> = work.aliases.iter().map(|name| json!({"title": name})).collect();
    let common = json!({
        "id": work.tmdb,
        "overview": work.description,
        "genres": [{"id": 16, "name": "Animation"}],
        "vote_average": 7.5,
        "original_language": "en",
        "poster_path": null,
        "backdrop_path": null,
        "external_ids": external_ids(work),
        "credits": {"cast": [{"name": "A. Sine"}]},
        "videos": {"results": []}
    });
    let own = if work.kind == Kind::Film {
        json!({
            "title": work.name,
            "original_title": work.name,
            "imdb_id": work.imdb,
            "release_date": work.released,
            "runtime": work.runtime_min,
            "alternative_titles": {"titles": names}
        })
    } else {
        let episodes: Vec<Value> = work
            .parts
            .iter()
            .map(|part| {
                json!({
                    "season_number": 1,
                    "episode_number": part.number,
                    "name": part.name,
                    "air_date": part.aired,
                    "overview": work.description,
                    "still_path": null
                })
            })
            .collect();
        json!({
            "name": work.name,
            "original_name": work.name,
            "first_air_date": work.released,
            "episode_run_time": [work.runtime_min],
            "number_of_seasons": 1,
            "alternative_titles": {"results": names},
            "season/1": {"season_number": 1, "episodes": episodes}
        })
    };
    let mut body = common;
    if let (Some(body), Value::Object(own)) = (body.as_object_mut(), own) {
        body.extend(own);
    }
    body
}
