//! Reads Stremio's `meta` objects, in all the shapes that occur.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{EpisodeRow, Found};
use crate::media::{Episode, ImdbId, Title};
use crate::torrent::{stated_name, stated_number};

/// Longest name that is kept, in bytes; most aliases.
const LONGEST_NAME: usize = 512;
const MOST_ALIASES: usize = 32;

/// The title in Cinemeta's answer, and when `episode` was shown.
pub(super) fn title(meta: &Value, imdb: ImdbId, episode: Option<Episode>) -> Option<Title> {
    let video = episode.and_then(|asked| videos(meta).find(|video| place(video) == Some(asked)));
    Some(Title {
        name: name(meta)?,
        year: year(meta),
        imdb: Some(imdb),
        aliases: aliases(meta),
        imdb_episode: None,
        air_date: match episode {
            Some(_) => video.and_then(air_date),
            None => None,
        },
        ..Title::default()
    })
}

/// The title in the Kitsu add-on's answer. Each of its episodes says where it stands at IMDb; those
/// that IMDb does not count say nothing.
pub(super) fn anime(meta: &Value, episode: Option<u32>) -> Option<Title> {
    let video = episode
        .and_then(|asked| videos(meta).find(|video| number(&video["episode"]) == Some(asked)));
    let imdb_episode = video.and_then(|video| {
        Some(Episode {
            season: small(&video["imdbSeason"])?,
            number: number(&video["imdbEpisode"])?,
        })
    });
    let imdb = video.and_then(|video| imdb(&video["imdb_id"])).or_else(|| imdb(&meta["imdb_id"]));
    Some(Title {
        name: name(meta)?,
        year: year(meta),
        imdb,
        aliases: aliases(meta),
        imdb_episode,
        air_date: video.and_then(air_date),
        ..Title::default()
    })
}

/// One row of a catalogue.
pub(super) fn found(meta: &Value, kind: &'static str) -> Option<Found> {
    let id = imdb(&meta["imdb_id"]).or_else(|| imdb(&meta["id"]))?;
    let poster = text(&meta["poster"])
        .filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    Some(Found { id, name: name(meta)?, year: year(meta), kind, poster: poster.map(str::to_owned) })
}

/// The episodes, each once; specials last.
pub(super) fn episodes(meta: &Value) -> Vec<EpisodeRow> {
    let mut rows = BTreeMap::new();
    for video in videos(meta) {
        let Some(episode) = place(video) else { continue };
        let name = text(&video["name"]).or_else(|| text(&video["title"]));
        let name = name.map(short).unwrap_or_default();
        let row = EpisodeRow { episode, name, air_date: air_date(video) };
        rows.entry((episode.season == 0, episode)).or_insert(row);
    }
    rows.into_values().collect()
}

fn videos(meta: &Value) -> impl Iterator<Item = &Value> {
    meta["videos"].as_array().into_iter().flatten()
}

fn place(video: &Value) -> Option<Episode> {
    let number = number(&video["episode"]).or_else(|| number(&video["number"]))?;
    Some(Episode { season: small(&video["season"])?, number })
}

fn number(value: &Value) -> Option<u32> {
    small(value).filter(|number| *number > 0)
}

fn small(value: &Value) -> Option<u32> {
    stated_number(value).and_then(|number| number.try_into().ok())
}

fn imdb(value: &Value) -> Option<ImdbId> {
    value.as_str()?.parse().ok()
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn short(text: &str) -> String {
    stated_name(text, LONGEST_NAME)
}

fn name(meta: &Value) -> Option<String> {
    text(&meta["name"]).map(short)
}

/// Other names, without the one that is the name and without repeats.
fn aliases(meta: &Value) -> Vec<String> {
    let mut aliases: Vec<String> = Vec::new();
    let name = name(meta).unwrap_or_default();
    for alias in meta["aliases"].as_array().into_iter().flatten().filter_map(text).map(short) {
        if alias != name && !aliases.contains(&alias) && aliases.len() < MOST_ALIASES {
            aliases.push(alias);
        }
    }
    aliases
}

/// `2008`, `"2008"`, `"2008-2013"`, `"2019–"`: the first year. Of several keys the first that has
/// one.
fn year(meta: &Value) -> Option<u16> {
    ["year", "releaseInfo", "released"].into_iter().find_map(|key| {
        let digits = match &meta[key] {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().chars().take_while(char::is_ascii_digit).collect(),
            _ => return None,
        };
        digits.parse().ok().filter(|year| (1870..=2200).contains(year))
    })
}

/// `2021-05-14T05:00:00.000Z` or `2021-05-14`: the day.
fn air_date(video: &Value) -> Option<String> {
    ["released", "firstAired"].into_iter().find_map(|key| {
        let day = text(&video[key])?.get(..10)?;
        let form = day.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        form.then(|| day.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_year_is_read_in_every_form() {
        for (meta, wanted) in [
            (json!({"year": "1994"}), Some(1994)),
            (json!({"year": 1994}), Some(1994)),
            (json!({"year": "2008-2013"}), Some(2008)),
            (json!({"year": "2019–"}), Some(2019)),
            (json!({"year": "", "releaseInfo": "2019-"}), Some(2019)),
            (json!({"year": null, "released": "2008-04-10T00:00:00.000Z"}), Some(2008)),
            (json!({"year": "soon"}), None),
            (json!({"year": "0"}), None),
            (json!({"year": [1994]}), None),
            (json!({}), None),
        ] {
            assert_eq!(year(&meta), wanted, "{meta}");
        }
    }

    #[test]
    fn the_day_is_taken_from_what_looks_like_one() {
        for (video, wanted) in [
            (json!({"released": "2021-05-14T05:00:00.000Z"}), Some("2021-05-14")),
            (json!({"released": null, "firstAired": "2021-05-14"}), Some("2021-05-14")),
            (json!({"released": "May 14, 2021"}), None),
            (json!({"released": "2021-5-14"}), None),
            (json!({"released": "２０２１-05-14"}), None),
            (json!({"released": 1}), None),
            (json!([]), None),
        ] {
            assert_eq!(air_date(&video).as_deref(), wanted, "{video}");
        }
    }

    #[test]
    fn episodes_come_in_order_each_once_with_specials_last() {
        let meta = json!({"videos": [
            {"season": 0, "number": 1, "name": "Inside", "released": "2021-05-01T05:00:00.000Z"},
            {"season": 1, "episode": 2, "title": "Two"},
            {"season": "1", "episode": "1", "name": null},
            {"season": 1, "episode": 2, "name": "Again"},
            {"season": 1, "episode": 0}, {"season": -1, "episode": 1}, {"episode": 3}, null, "x",
        ]});
        let rows: Vec<(String, String)> =
            episodes(&meta).into_iter().map(|row| (row.episode.to_string(), row.name)).collect();
        let wanted = [("1:1", ""), ("1:2", "Two"), ("0:1", "Inside")];
        assert_eq!(rows, wanted.map(|(place, name)| (place.to_owned(), name.to_owned())));
    }

    #[test]
    fn a_meta_without_a_name_is_nobody() {
        for meta in [json!({}), json!({"name": ""}), json!({"name": 5}), json!({"name": null})] {
            assert_eq!(anime(&meta, Some(1)), None, "{meta}");
            assert_eq!(title(&meta, "tt1254207".parse().unwrap(), None), None, "{meta}");
        }
    }
}
