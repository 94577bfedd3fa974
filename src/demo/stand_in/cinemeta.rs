//! Cinemeta: what titles are called, with the oddities of the real answers (years as text, a
//! rating of nothing, two fields for one thing).

use serde_json::{Value, json};

use super::{addon, empty, id_of, reply, segments};
use crate::demo::household::{Kind, Part, WORKS, Work};
use crate::demo::reel;
use crate::http::plain::{Ask, Reply};

/// The service.
pub struct Cinemeta {
    /// `http://ADDRESS`, where its posters are.
    base: String,
}

impl Cinemeta {
    /// A service that is found at `base`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: base.to_owned() }
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
            ["manifest.json"] => addon(&manifest()),
            ["meta", kind @ ("movie" | "series"), last] => {
                let Some(id) = id_of(last) else { return empty(404) };
                let work = Work::by_imdb(id).filter(|work| work.cinemeta_type() == *kind);
                // What it does not know is an empty object, not a 404.
                addon(&json!({"meta": work.map_or(json!({}), |work| self.meta(work))}))
            }
            ["catalog", kind @ ("movie" | "series"), "top.json"] => self.catalog(kind, ""),
            ["catalog", kind @ ("movie" | "series"), "top", last] => {
                id_of(last).map_or_else(|| empty(404), |extra| self.part(kind, extra))
            }
            ["poster", _, id, "img"] => poster(id),
            _ => empty(404),
        }
    }

    /// `search=…`, or `genre=…&skip=…`.
    fn part(&self, kind: &str, extra: &str) -> Reply {
        if let Some(text) = extra.strip_prefix("search=") {
            return self.catalog(kind, text);
        }
        let mut parts = extra.split('&').filter_map(|part| part.split_once('='));
        // All of them are of one genre, and few.
        let here = parts.all(|(name, value)| match name {
            "genre" => value == "Animation",
            "skip" => value == "0",
            _ => false,
        });
        if here { self.catalog(kind, "") } else { addon(&json!({"metas": []})) }
    }

    fn catalog(&self, kind: &str, text: &str) -> Reply {
        let text = text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let fits = |work: &&Work| {
            let name = work.name.to_lowercase();
            work.cinemeta_type() == kind && words.iter().all(|word| name.contains(word))
        };
        let metas: Vec<Value> = WORKS.iter().filter(fits).map(|work| self.row(work)).collect();
        addon(&json!({"metas": metas}))
    }

    fn row(&self, work: &Work) -> Value {
        json!({
            "imdb_id": work.imdb,
            "name": work.name,
            "type": work.cinemeta_type(),
            "imdbRating": "",
            "released": null,
            "year": years(work),
            "releaseInfo": years(work),
            "moviedb_id": work.tmdb,
            "poster": self.poster(work),
            "id": work.imdb,
            "genres": ["Animation"],
            "behaviorHints": {"defaultVideoId": default_video(work), "hasScheduledVideos": false}
        })
    }

    fn meta(&self, work: &Work) -> Value {
        let released = format!("{}T00:00:00.000Z", work.released);
        let mut meta = json!({
            "imdb_id": work.imdb,
            "name": work.name,
            "type": work.cinemeta_type(),
            "cast": [],
            "country": "Nowhere",
            "description": work.description,
            "director": null,
            "genre": ["Animation"],
            "imdbRating": "",
            "poster": self.poster(work),
            "released": released,
            "runtime": format!("{} min", work.runtime_min),
            "slug": format!("{}/{}-{}", work.cinemeta_type(), work.slug(), &work.imdb[2..]),
            "writer": [],
            "year": years(work),
            "moviedb_id": work.tmdb,
            "trailers": [],
            "id": work.imdb,
            "genres": ["Animation"],
            "releaseInfo": years(work),
            "videos": work.parts.iter().map(|part| video(work, part)).collect::<Vec<_>>(),
            "behaviorHints": {"defaultVideoId": default_video(work)}
        });
        if work.kind == Kind::Film {
            meta["director"] = json!(["A. Sine"]);
            meta["awards"] = json!("");
            meta["popularity"] = json!(0.1);
            meta["popularities"] = json!({"moviedb": 0.1});
            meta["background"] = json!(self.poster(work));
            meta["logo"] = json!(self.poster(work));
            meta["trailerStreams"] = json!([]);
            meta["links"] = json!([]);
            meta["behaviorHints"]["hasScheduledVideos"] = json!(false);
        } else {
            meta["status"] = json!("Ended");
            meta["tvdb_id"] = json!(99_000_000);
        }
        meta
    }

    fn poster(&self, work: &Work) -> String {
        format!("{}/poster/small/{}/img", self.base, work.imdb)
    }
}

fn poster(id: &str) -> Reply {
    let found = reel::POSTERS.iter().find(|(known, _)| *known == id);
    found.map_or_else(|| empty(404), |(_, bytes)| reply(200, "image/jpeg", *bytes))
}

/// `2024`, or for a series that has ended `2023–2023`, with a dash.
fn years(work: &Work) -> String {
    if work.kind == Kind::Film {
        work.year.to_string()
    } else {
        format!("{0}\u{2013}{0}", work.year)
    }
}

fn default_video(work: &Work) -> Value {
    if work.kind == Kind::Film { json!(work.imdb) } else { json!(format!("{}:1:1", work.imdb)) }
}

fn video(work: &Work, part: &Part) -> Value {
    let (id, number) = (work.imdb, part.number);
    let aired = format!("{}T05:00:00.000Z", part.aired);
    json!({
        "name": part.name,
        "season": 1,
        "number": number,
        "firstAired": aired,
        "tvdb_id": 99_000_000 + number,
        "rating": "0",
        "overview": work.description,
        "thumbnail": format!("https://episodes.metahub.space/{id}/1/{number}/w780.jpg"),
        "id": format!("{id}:1:{number}"),
        "released": aired,
        "episode": number,
        "description": work.description
    })
}

fn manifest() -> Value {
    json!({
        "id": "com.linvo.cinemeta",
        "version": "3.0.13",
        "name": "Cinemeta (Demo)",
        "description": "A stand-in for demonstrations; it knows made-up titles only.",
        "resources": ["catalog", "meta"],
        "types": ["movie", "series"],
        "idPrefixes": ["tt"],
        "catalogs": [
            {"type": "movie", "id": "top", "name": "Popular"},
            {"type": "series", "id": "top", "name": "Popular"}
        ]
    })
}
