//! The Kitsu add-on: anime as Kitsu counts them, with their place in `IMDb`'s count.

use serde_json::{Value, json};

use super::{addon, addon_error, empty, id_of, segments};
use crate::demo::household::{WORKS, Work};
use crate::http::plain::{Ask, Reply};

/// For how long an answer is good, in seconds.
const MAX_AGE_S: u32 = 12 * 60 * 60;

/// The add-on.
pub struct Kitsu {
    /// `http://ADDRESS` of the posters.
    posters: String,
}

impl Kitsu {
    /// An add-on whose posters lie with Cinemeta's stand-in.
    #[must_use]
    pub fn new(posters: &str) -> Self {
        Self { posters: posters.to_owned() }
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
            ["meta", "anime" | "series" | "movie", last] => {
                let Some(id) = id_of(last) else { return empty(404) };
                // The handler throws at whatever it does not know.
                self.meta(id).map_or_else(addon_error, |meta| {
                    addon(&json!({"meta": meta, "cacheMaxAge": MAX_AGE_S}))
                })
            }
            ["catalog", "anime", "kitsu-anime-list", last] => {
                let text = id_of(last).and_then(|extra| extra.strip_prefix("search="));
                text.map_or_else(addon_error, |text| self.catalog(text))
            }
            ["catalog", "anime", "kitsu-anime-trending.json" | "kitsu-anime-popular.json"] => {
                self.catalog("")
            }
            ["catalog", "anime", "kitsu-anime-trending" | "kitsu-anime-popular", last] => {
                let genre = id_of(last).and_then(|extra| extra.strip_prefix("genre="));
                let here = genre == Some("Slice of Life");
                if here { self.catalog("") } else { addon(&json!({"metas": []})) }
            }
            _ => empty(404),
        }
    }

    fn meta(&self, id: &str) -> Option<Value> {
        let work = Work::by_anime_id(id)?;
        let number = work.kitsu?;
        let mut meta = self.row(work, number);
        let videos: Vec<Value> = work
            .parts
            .iter()
            .map(|part| {
                json!({
                    "id": format!("kitsu:{number}:{}", part.number),
                    "title": part.name,
                    "released": format!("{}T00:00:00.000Z", part.aired),
                    "season": 1,
                    "episode": part.number,
                    "imdb_id": work.imdb,
                    "imdbSeason": 1,
                    "imdbEpisode": part.number
                })
            })
            .collect();
        let fields = json!({
            "kitsu_id": number.to_string(),
            "imdb_id": work.imdb,
            "slug": work.slug(),
            "year": work.year.to_string(),
            "userCount": 1,
            "status": "finished",
            "runtime": format!("{} min", work.runtime_min),
            "videos": videos,
            "links": [{
                "name": "Kitsu",
                "category": "kitsu",
                "url": format!("https://kitsu.io/anime/{}", work.slug())
            }]
        });
        if let (Some(meta), Value::Object(fields)) = (meta.as_object_mut(), fields) {
            meta.extend(fields);
        }
        Some(meta)
    }

    fn row(&self, work: &Work, number: u32) -> Value {
        json!({
            "id": format!("kitsu:{number}"),
            "type": "series",
            "animeType": "TV",
            "name": work.name,
            "aliases": work.aliases,
            "description": work.description,
            "releaseInfo": work.year.to_string(),
            "imdbRating": "7.5",
            "genres": ["Slice of Life"],
            "poster": format!("{}/poster/small/{}/img", self.posters, work.imdb)
        })
    }

    fn catalog(&self, text: &str) -> Reply {
        let text = text.to_lowercase();
        let found = WORKS.iter().filter(|work| work.name.to_lowercase().contains(&text));
        let metas: Vec<Value> =
            found.filter_map(|work| Some(self.row(work, work.kitsu?))).collect();
        addon(&json!({"metas": metas, "cacheMaxAge": MAX_AGE_S}))
    }
}

fn manifest() -> Value {
    json!({
        "id": "community.anime.kitsu",
        "version": "0.0.10",
        "name": "Anime Kitsu (Demo)",
        "description": "A stand-in for demonstrations; it knows one made-up anime.",
        "resources": ["catalog", "meta"],
        "types": ["anime", "movie", "series"],
        "catalogs": [{
            "id": "kitsu-anime-list",
            "name": "Kitsu",
            "type": "anime",
            "extra": [{"name": "search", "isRequired": true}, {"name": "skip"}]
        }, {
            "id": "kitsu-anime-trending",
            "name": "Kitsu Trending",
            "type": "anime"
        }, {
            "id": "kitsu-anime-popular",
            "name": "Kitsu Most Popular",
            "type": "anime",
            "extra": [{"name": "genre"}, {"name": "skip"}]
        }],
        "idPrefixes": ["kitsu", "mal", "anilist", "anidb"]
    })
}
