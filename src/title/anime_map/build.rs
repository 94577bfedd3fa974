//! Makes the map's bytes of rows. The same rows make the same bytes, in whatever order they come.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::entry::{Entry, TmdbId, imdb_number};
use super::table::{
    ALSO, FILM, HEAD, KEYS, Key, MAGIC, NOWHERE, ROW, TMDB_FILM, checksum, tmdb_value,
};
use crate::media::{Episode, ImdbId};

/// Most rows: positions have 16 bits. The whole public list makes a third of them.
const MOST_ROWS: usize = 65_535;
/// Most skipped episodes; the public mapping has a handful.
const MOST_SKIPPED: usize = 10_000;

/// Where a mapping from Kitsu to IMDb puts an anime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) imdb: ImdbId,
    pub(super) first: Option<Episode>,
    pub(super) skipped: Vec<u32>,
}

/// Rows on their way into a table.
#[derive(Debug, Default)]
pub(super) struct Builder {
    rows: Vec<Entry>,
    places: HashMap<u32, Place>,
}

impl Builder {
    pub(super) fn add(&mut self, entry: Entry) {
        // What has one id now may get a second from the mapping.
        if self.rows.len() < 2 * MOST_ROWS && entry.known_ids() > 0 {
            self.rows.push(entry);
        }
    }

    pub(super) fn place(&mut self, kitsu: u32, place: Place) {
        if self.places.len() < MOST_ROWS {
            self.places.entry(kitsu).or_insert(place);
        }
    }

    /// The bytes; `None` where there is nothing to translate.
    pub(super) fn build(mut self, day: u32) -> Option<Vec<u8>> {
        let skipped: BTreeSet<(u32, u32)> = self
            .places
            .iter()
            .flat_map(|(kitsu, place)| place.skipped.iter().map(|number| (*kitsu, *number)))
            .take(MOST_SKIPPED)
            .collect();
        self.join();
        let unique: BTreeMap<_, _> = self
            .rows
            .iter()
            .filter(|row| row.known_ids() > 1)
            .map(|row| (order(row), packed(row)))
            .collect();
        let rows: Vec<[u8; ROW]> = unique.into_values().take(MOST_ROWS).collect();
        (!rows.is_empty()).then(|| whole(&rows, &skipped, day))
    }

    /// Puts the mapping's places into the rows, or makes rows of them.
    fn join(&mut self) {
        let mut missing: BTreeSet<u32> = self.places.keys().copied().collect();
        for row in self.rows.iter_mut().filter(|row| !row.also) {
            let Some((kitsu, place)) = row.kitsu.and_then(|id| Some((id, self.places.get(&id)?)))
            else {
                continue;
            };
            missing.remove(&kitsu);
            row.imdb = Some(place.imdb);
            row.imdb_first = place.first.filter(|_| !row.film);
        }
        let made = missing.into_iter().filter_map(|kitsu| {
            let place = self.places.get(&kitsu)?;
            let (imdb, imdb_first) = (Some(place.imdb), place.first);
            Some(Entry { kitsu: Some(kitsu), imdb, imdb_first, ..Entry::default() })
        });
        let made: Vec<Entry> = made.collect();
        self.rows.extend(made);
    }
}

/// Rows by AniDB's number, then Kitsu's, then MyAnimeList's; a repeated row after its first.
fn order(row: &Entry) -> impl Ord + use<> {
    let last = |id: Option<u32>| id.unwrap_or(u32::MAX);
    let tmdb = row.tmdb.unwrap_or(TmdbId { film: false, id: 0 });
    let imdb = row.imdb.and_then(imdb_number).unwrap_or(0);
    let place = |first: Option<Episode>| {
        first.map_or((u32::from(NOWHERE), 0), |first| (first.season, first.number))
    };
    (
        (last(row.anidb), last(row.kitsu), last(row.mal)),
        row.also,
        imdb,
        tmdb.id,
        flags(row),
        place(row.tmdb_first),
        place(row.imdb_first),
    )
}

fn flags(row: &Entry) -> u8 {
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    flag(row.film, FILM)
        | flag(row.tmdb.is_some_and(|tmdb| tmdb.film), TMDB_FILM)
        | flag(row.also, ALSO)
}

fn packed(row: &Entry) -> [u8; ROW] {
    let mut bytes = [0; ROW];
    let mut put = |at: usize, width: usize, value: u32| {
        bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
    };
    for (at, id) in [(0, row.anidb), (3, row.kitsu), (6, row.mal)] {
        put(at, 3, id.unwrap_or(0));
    }
    put(9, 4, row.imdb.and_then(imdb_number).unwrap_or(0));
    put(13, 3, row.tmdb.map_or(0, |tmdb| tmdb.id));
    for (at, first) in [(17, row.imdb_first), (20, row.tmdb_first)] {
        put(at, 1, first.map_or(NOWHERE.into(), |first| first.season));
        put(at + 1, 2, first.map_or(0, |first| first.number));
    }
    bytes[16] = flags(row);
    bytes
}

fn whole(rows: &[[u8; ROW]], skipped: &BTreeSet<(u32, u32)>, day: u32) -> Vec<u8> {
    let mut body: Vec<u8> = rows.concat();
    let mut counts = vec![rows.len()];
    for key in KEYS {
        let mut list: Vec<(u64, u16)> = Vec::new();
        for (position, row) in (0..).zip(rows) {
            list.extend(value(key, row).map(|value| (value, position)));
        }
        list.sort_unstable();
        counts.push(list.len());
        body.extend(list.iter().flat_map(|(_, position)| position.to_le_bytes()));
    }
    counts.push(skipped.len());
    for (kitsu, number) in skipped {
        body.extend_from_slice(&kitsu.to_le_bytes()[..3]);
        body.extend_from_slice(&number.to_le_bytes()[..2]);
    }
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&day.to_le_bytes());
    let counts = counts.iter().map(|count| u32::try_from(*count).unwrap_or(u32::MAX));
    bytes.extend(counts.flat_map(u32::to_le_bytes));
    bytes.extend_from_slice(&checksum(&body).to_le_bytes());
    bytes.append(&mut body);
    bytes
}

/// What a packed row is found by; `None` where it has no such id.
fn value(key: Key, row: &[u8; ROW]) -> Option<u64> {
    use crate::media::AnimeBase::{AniDb, Kitsu, MyAnimeList};
    let number = |range: std::ops::Range<usize>| {
        row[range].iter().rev().fold(0, |value, byte| (value << 8) | u32::from(*byte))
    };
    let id = match key {
        Key::Anime(AniDb) => number(0..3),
        Key::Anime(Kitsu) => number(3..6),
        Key::Anime(MyAnimeList) => number(6..9),
        Key::Imdb => number(9..13),
        Key::Tmdb => number(13..16),
    };
    let film = key == Key::Tmdb && row[16] & TMDB_FILM > 0;
    (id > 0).then(|| tmdb_value(TmdbId { film, id }))
}
