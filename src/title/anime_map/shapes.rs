//! Reads the public lists of anime ids, in the shapes that they have had.
//!
//! * a list: `anidb_id`, `kitsu_id`, `mal_id`; `imdb_id` as text, as several with commas, or as an
//!   array; `themoviedb_id` as a number, as text, or as `{"tv": 1}` or `{"movie": [1, 2]}`;
//!   `season` and `episode_offset` as `{"tvdb": 1, "tmdb": 1}`;
//! * a mapping: `kitsu_id`, `imdb_id`, `fromSeason`, `fromEpisode`, `nonImdbEpisodes`.
//!
//! An item of another shape, or a part of one, is passed over.

use serde_json::Value;

use super::build::{Builder, Place};
use super::entry::{Entry, TmdbId, imdb_number};
use super::table::NOWHERE;
use crate::media::{Episode, ImdbId};
use crate::torrent::stated_number;

/// Longest item that is read, in bytes; the public ones have some 600.
const LONGEST_ITEM: usize = 64 << 10;
/// Most further ids of one anime.
const MOST_FURTHER: usize = 64;

/// A JSON array on its way in: gives each of its objects to a builder as soon as it is whole, and
/// keeps no more than one.
#[derive(Debug, Default)]
pub(super) struct Reader {
    builder: Builder,
    state: State,
    item: Vec<u8>,
    depth: u32,
    in_text: bool,
    escaped: bool,
    too_long: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space has come.
    #[default]
    Before,
    /// Inside the array.
    Within,
    /// The array is closed.
    After,
    /// It is no array.
    Broken,
}

impl Reader {
    /// Takes the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.byte(*byte);
        }
    }

    /// Reads one more array onto what was built.
    pub(super) fn onto(builder: Builder) -> Self {
        Self { builder, ..Self::default() }
    }

    /// What was built, whether the last array came whole or not.
    pub(super) fn into_builder(self) -> Builder {
        self.builder
    }

    /// What was built, if the array came whole.
    pub(super) fn finish(self) -> Option<Builder> {
        (self.state == State::After).then_some(self.builder)
    }

    fn byte(&mut self, byte: u8) {
        match self.state {
            // A byte order mark is no white space, but comes before some files.
            State::Before => match byte {
                b'[' => self.state = State::Within,
                b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF => {}
                _ => self.state = State::Broken,
            },
            State::Within if self.depth == 0 => match byte {
                b'{' => {
                    self.depth = 1;
                    self.keep(byte);
                }
                b']' => self.state = State::After,
                // Commas, white space, and items that are no objects.
                _ => {}
            },
            State::Within => self.inside(byte),
            State::After if byte.is_ascii_whitespace() => {}
            State::After => self.state = State::Broken,
            State::Broken => {}
        }
    }

    fn inside(&mut self, byte: u8) {
        self.keep(byte);
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        if self.depth == 0 {
            let item = std::mem::take(&mut self.item);
            if !std::mem::take(&mut self.too_long)
                && let Ok(item) = serde_json::from_slice(&item)
            {
                add(&item, &mut self.builder);
            }
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.item.len() < LONGEST_ITEM {
            self.item.push(byte);
        } else {
            self.too_long = true;
        }
    }
}

/// Adds what an item says.
fn add(item: &Value, into: &mut Builder) {
    let is_of_list = ["anidb_id", "mal_id", "themoviedb_id"].iter().any(|key| !item[key].is_null());
    if is_of_list {
        of_list(item, into);
    } else if let (Some(kitsu), Some(imdb)) = (id(&item["kitsu_id"]), imdb_ids(item).first()) {
        let first = |key: &str| match &item[key] {
            Value::Null => Some(1),
            value => stated_number(value),
        };
        let first = first("fromSeason").zip(first("fromEpisode"));
        let skipped = item["nonImdbEpisodes"].as_array().into_iter().flatten();
        let skipped = skipped.filter_map(|number| small(number, u16::MAX.into()));
        into.place(
            kitsu,
            Place {
                imdb: *imdb,
                first: first.and_then(|(season, number)| place(season, number)),
                skipped: skipped.collect(),
            },
        );
    }
}

fn of_list(item: &Value, into: &mut Builder) {
    let film = item["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("movie"));
    let first = |base: &str| {
        let season = stated_number(&item["season"][base])?;
        let offset = stated_number(&item["episode_offset"][base]).unwrap_or(0);
        place(season, offset.checked_add(1)?)
    };
    let (imdb, tmdb) = (imdb_ids(item), tmdb_ids(&item["themoviedb_id"], film));
    let count = imdb.len().max(tmdb.len()).clamp(1, MOST_FURTHER);
    for at in 0..count {
        let (imdb, tmdb) = (imdb.get(at).copied(), tmdb.get(at).copied());
        into.add(Entry {
            anidb: id(&item["anidb_id"]),
            kitsu: id(&item["kitsu_id"]),
            mal: id(&item["mal_id"]),
            imdb,
            tmdb,
            film,
            imdb_first: first("tvdb").filter(|_| imdb.is_some() && !film),
            tmdb_first: first("tmdb").filter(|_| tmdb.is_some_and(|tmdb| !tmdb.film)),
            also: at > 0,
        });
    }
}

/// A number from 1 that fits three bytes.
fn id(value: &Value) -> Option<u32> {
    small(value, 0xFF_FFFF)
}

fn small(value: &Value, most: u64) -> Option<u32> {
    let number = stated_number(value).filter(|number| (1..=most).contains(number))?;
    number.try_into().ok()
}

fn place(season: u64, number: u64) -> Option<Episode> {
    let sound = season < NOWHERE.into() && (1..=u64::from(u16::MAX)).contains(&number);
    let (season, number) = (season.try_into().ok()?, number.try_into().ok()?);
    sound.then_some(Episode { season, number })
}

fn imdb_ids(item: &Value) -> Vec<ImdbId> {
    let texts: Vec<&str> = match &item["imdb_id"] {
        Value::String(text) => text.split(',').collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let ids = texts.into_iter().filter_map(|text| text.trim().parse().ok());
    ids.filter(|id| imdb_number(*id).is_some_and(|number| number > 0)).collect()
}

fn tmdb_ids(value: &Value, film: bool) -> Vec<TmdbId> {
    let of_kind = |value: &Value, film: bool| -> Vec<TmdbId> {
        let numbers: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            value => vec![value],
        };
        let ids = numbers.into_iter().filter_map(id);
        ids.map(|id| TmdbId { film, id }).collect()
    };
    if value.is_object() {
        let films = of_kind(&value["movie"], true);
        return films.into_iter().chain(of_kind(&value["tv"], false)).collect();
    }
    of_kind(value, film)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::table::Table;
    use super::*;
    use crate::media::AnimeBase;

    fn table(text: &str) -> Option<Table> {
        let mut reader = Reader::default();
        reader.take(text.as_bytes());
        reader.finish()?.build(1).and_then(|bytes| Table::read(bytes).ok())
    }

    #[test]
    fn ids_are_read_in_every_shape_that_they_have_had() {
        let imdb = |text: &str| text.parse::<ImdbId>().ok();
        let tmdb = |film, id| Some(TmdbId { film, id });
        for (item, wanted) in [
            (json!({"imdb_id": "tt0000007"}), (imdb("tt0000007"), None)),
            (json!({"imdb_id": ["tt0000007", "tt0000008"]}), (imdb("tt0000007"), None)),
            (json!({"imdb_id": "tt0000007,tt0000008"}), (imdb("tt0000007"), None)),
            (json!({"imdb_id": []}), (None, None)),
            (json!({"imdb_id": ["", null, 7, "nm0000007"]}), (None, None)),
            (json!({"themoviedb_id": 12}), (None, tmdb(false, 12))),
            (json!({"themoviedb_id": "12"}), (None, tmdb(false, 12))),
            (json!({"themoviedb_id": 12, "type": "Movie"}), (None, tmdb(true, 12))),
            (json!({"themoviedb_id": {"tv": 12}}), (None, tmdb(false, 12))),
            (json!({"themoviedb_id": {"tv": "12"}}), (None, tmdb(false, 12))),
            (json!({"themoviedb_id": {"movie": [12, 13]}}), (None, tmdb(true, 12))),
            (json!({"themoviedb_id": {"movie": 12}}), (None, tmdb(true, 12))),
            (json!({"themoviedb_id": -1}), (None, None)),
            (json!({"themoviedb_id": "unknown"}), (None, None)),
            (json!({"themoviedb_id": 99_999_999_999_u64}), (None, None)),
        ] {
            let mut item = item;
            item["anidb_id"] = json!("5");
            item["mal_id"] = json!(6.0);
            let table = table(&json!([item]).to_string()).unwrap();
            let entry = table.by_anime(AnimeBase::AniDb, 5).next().unwrap();
            assert_eq!((entry.imdb, entry.tmdb), wanted, "{item}");
            assert_eq!(entry.mal, Some(6), "{item}");
        }
    }

    #[test]
    fn an_array_that_is_not_whole_is_none_and_a_broken_item_loses_only_itself() {
        let sound = r#"{"anidb_id":1,"kitsu_id":2,"name":"a \"}]{[ b\\"}"#;
        for (text, rows) in [
            (format!("[{sound}]"), Some(1)),
            (format!("\u{FEFF} [ {sound} ] \n"), Some(1)),
            (format!("[{sound},5,null,\"x\",{{\"anidb_id\":\"x\"}},{{\"a\":}},[1]]"), None),
            (format!("[5,null,{{\"anidb_id\":\"x\"}},{{\"a\":}},{sound}]"), Some(1)),
            (format!("[{sound}"), None),
            (format!("[{sound},{{\"anidb_id\":3,\"kitsu_id\""), None),
            (format!("[{sound}]]"), None),
            (format!("{{\"data\":[{sound}]}}"), None),
            ("<!doctype html>".to_owned(), None),
            ("[]".to_owned(), None),
            (String::new(), None),
            (format!("[{{\"anidb_id\":3,\"x\":\"{}\"}},{sound}]", "y".repeat(1 << 20)), Some(1)),
        ] {
            let found = table(&text).map(|table| table.rows());
            assert_eq!(found, rows, "{}", &text[..text.len().min(90)]);
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_list(text in r#"[\[\]{}",:0-9a\\ ]{0,60}"#) {
            let mut reader = Reader::default();
            reader.take(b"[");
            reader.take(text.as_bytes());
            let _ = reader.finish().and_then(|builder| builder.build(0));
        }

        #[test]
        fn never_panics_on_strange_values(
            key in "anidb_id|kitsu_id|imdb_id|themoviedb_id|season|episode_offset|fromSeason|type",
            value in "-?[0-9]{1,24}|\"[a-z0-9,-]{0,12}\"|null|\\[[0-9,\"t]{0,9}\\]|\\{\"tv\":[0-9]{1,20}\\}",
        ) {
            let text = format!(r#"[{{"anidb_id":7,"kitsu_id":8,"imdb_id":"tt0000001","{key}":{value}}}]"#);
            let _ = table(&text);
        }
    }
}
