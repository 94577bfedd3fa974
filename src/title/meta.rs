//! Reads Stremio's `meta` objects, in all the shapes that occur.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalogue::Found;
use super::details::{Details, EpisodeDetails, Kind};
use crate::media::{AnimeBase, Episode, ImdbId, StremioId};
use crate::torrent::{stated_name, stated_number};

/// Longest name and text that are kept, in bytes; most entries of a list.
const LONGEST_NAME: usize = 512;
const LONGEST_PLOT: usize = 2_000;
const LONGEST_EPISODE_PLOT: usize = 400;
const LONGEST_URL: usize = 512;
const MOST_LISTED: usize = 32;
/// Most episodes that are kept: the longest series have some two thousand.
const MOST_EPISODES: usize = 5_000;

/// What an answer tells of the title at IMDb; `None` where it has no name.
pub(super) fn title(meta: &Value, imdb: ImdbId, kind: Kind) -> Option<Details> {
    let id = StremioId::Imdb { id: imdb, episode: None };
    let mut details = details(meta, id, kind)?;
    details.tmdb = number(&meta["moviedb_id"]);
    Some(details)
}

/// What the Kitsu add-on's answer tells of an anime. Each of its episodes says where it stands at
/// IMDb; those that IMDb does not count say nothing.
pub(super) fn anime(meta: &Value, base: AnimeBase, id: u32) -> Option<Details> {
    let kitsu = kitsu_number(meta);
    let id = match kitsu {
        Some(kitsu) => StremioId::Anime { base: AnimeBase::Kitsu, id: kitsu, episode: None },
        None => StremioId::Anime { base, id, episode: None },
    };
    let mut details = details(meta, id, Kind::Anime)?;
    details.kitsu = kitsu;
    details.imdb = imdb(&meta["imdb_id"]);
    Some(details)
}

fn details(meta: &Value, id: StremioId, kind: Kind) -> Option<Details> {
    let name = name(meta)?;
    let genres = [list(&meta["genres"]), list(&meta["genre"])];
    let genres = genres.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
    let animation = genres.iter().any(|genre| genre == "Animation");
    let japan = text(&meta["country"]).is_some_and(|country| country.contains("Japan"));
    Some(Details {
        id,
        kind,
        aliases: list(&meta["aliases"]).into_iter().filter(|alias| *alias != name).collect(),
        name,
        year: year(meta),
        runtime_min: minutes(&meta["runtime"]),
        plot: text(&meta["description"]).map(|plot| stated_name(plot, LONGEST_PLOT)),
        japanese_animation: kind == Kind::Anime
            || (animation && japan)
            || genres.iter().any(|genre| genre == "Anime"),
        genres,
        cast: list(&meta["cast"]),
        rating: rating(&meta["imdbRating"]),
        trailers: trailers(meta),
        episodes: episodes(meta, kind),
        poster: picture(&meta["poster"]),
        background: picture(&meta["background"]),
        imdb: None,
        tmdb: None,
        kitsu: None,
        completed: false,
        carries: false,
    })
}

/// One row of a catalogue of films or series.
pub(super) fn found(meta: &Value, kind: Kind) -> Option<Found> {
    let id = if kind == Kind::Anime {
        let id = kitsu_number(meta)?;
        StremioId::Anime { base: AnimeBase::Kitsu, id, episode: None }
    } else {
        let id = imdb(&meta["imdb_id"]).or_else(|| imdb(&meta["id"]))?;
        StremioId::Imdb { id, episode: None }
    };
    let film = kind == Kind::Movie || meta["animeType"].as_str() == Some("movie");
    Some(Found {
        id,
        name: name(meta)?,
        year: year(meta),
        kind,
        film,
        imdb: imdb(&meta["imdb_id"]),
        tmdb: number(&meta["moviedb_id"]).filter(|_| kind != Kind::Anime),
        poster: picture(&meta["poster"]),
    })
}

/// The episodes, each once; specials last.
fn episodes(meta: &Value, kind: Kind) -> Vec<EpisodeDetails> {
    let mut rows = BTreeMap::new();
    for video in videos(meta).take(MOST_EPISODES) {
        let Some(episode) = place(video) else { continue };
        let name = text(&video["name"]).or_else(|| text(&video["title"]));
        let plot = text(&video["overview"]).or_else(|| text(&video["description"]));
        let at_imdb = small(&video["imdbSeason"]).zip(number(&video["imdbEpisode"]));
        let at_imdb = at_imdb.map(|(season, number)| Episode { season, number });
        let row = EpisodeDetails {
            episode,
            name: name.map(short).unwrap_or_default(),
            air_date: air_date(video),
            plot: plot.map(|plot| stated_name(plot, LONGEST_EPISODE_PLOT)),
            thumbnail: picture(&video["thumbnail"]),
            imdb: imdb(&video["imdb_id"]).filter(|_| kind == Kind::Anime).map(|id| (id, at_imdb)),
        };
        rows.entry((episode.season == 0, episode)).or_insert(row);
    }
    rows.into_values().collect()
}

/// `kitsu:12`, or `"kitsu_id": "12"`.
fn kitsu_number(meta: &Value) -> Option<u32> {
    let of_id = text(&meta["id"]).and_then(|id| id.strip_prefix("kitsu:")?.parse().ok());
    of_id.or_else(|| number(&meta["kitsu_id"])).filter(|id| (1..=99_999_999).contains(id))
}

/// `142 min`, `1h 30min`, `90`.
fn minutes(value: &Value) -> Option<u32> {
    let told = match value {
        Value::Number(number) => number.to_string(),
        Value::String(told) => told.to_ascii_lowercase(),
        _ => return None,
    };
    let mut minutes: u32 = 0;
    let mut digits = String::new();
    for c in told.chars().chain([' ']) {
        if c.is_ascii_digit() && digits.len() < 4 {
            digits.push(c);
            continue;
        }
        // A space may stand before the unit.
        if c == ' ' && minutes == 0 && !digits.is_empty() && told.contains(['h', 'm']) {
            continue;
        }
        let number: u32 = std::mem::take(&mut digits).parse().unwrap_or(0);
        minutes = minutes.saturating_add(if c == 'h' { number.saturating_mul(60) } else { number });
    }
    Some(minutes).filter(|minutes| (1..6_000).contains(minutes))
}

/// `6.4`, `"6.4"`, `""`: of ten.
#[expect(clippy::cast_possible_truncation, reason = "a rating of ten with one place")]
fn rating(value: &Value) -> Option<f32> {
    let told = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    ((0.1..=10.0).contains(&told)).then_some(((told * 10.0).round() / 10.0) as f32)
}

/// Ids at YouTube, each once.
fn trailers(meta: &Value) -> Vec<String> {
    let older = meta["trailers"].as_array().into_iter().flatten().map(|one| &one["source"]);
    let newer = meta["trailerStreams"].as_array().into_iter().flatten().map(|one| &one["ytId"]);
    let mut ids: Vec<String> = Vec::new();
    for id in newer.chain(older).filter_map(Value::as_str).filter(|id| is_youtube_id(id)) {
        if !ids.iter().any(|known| known == id) && ids.len() < MOST_LISTED {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// Eleven of the letters that YouTube uses: what goes into a link.
pub(super) fn is_youtube_id(id: &str) -> bool {
    id.len() == 11 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Texts of a list, each once; one text is a list of one.
fn list(value: &Value) -> Vec<String> {
    let texts: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        value => vec![value],
    };
    let mut listed: Vec<String> = Vec::new();
    for item in texts.into_iter().filter_map(text).map(short) {
        if !listed.contains(&item) && listed.len() < MOST_LISTED {
            listed.push(item);
        }
    }
    listed
}

fn picture(value: &Value) -> Option<String> {
    let url = text(value).filter(|url| url.len() <= LONGEST_URL);
    let url = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    url.map(str::to_owned)
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
#[path = "meta_tests.rs"]
mod tests;
