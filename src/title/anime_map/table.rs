//! The map as one run of bytes: built in, or kept in a file. Nothing is unpacked; a look-up is a
//! binary search in it.
//!
//! All numbers are little-endian; 0 stands for none.
//!
//! | bytes | hold |
//! |---|---|
//! | 8 | `CZAM`, 1, 0, 0, 0 |
//! | 4 | day of the data, counted from 1970-01-01 |
//! | 28 | seven counts: rows; positions by AniDB, Kitsu, MyAnimeList, IMDb, TMDB; skipped episodes |
//! | 8 | FNV-1a of all that follows |
//! | 23 a row | AniDB 3, Kitsu 3, MyAnimeList 3, IMDb 4, TMDB 3, flags 1 (1 film, 2 TMDB's film, 4 repeats the row before), first episode at IMDb: season 1 (255 none) and number 2; at TMDB likewise |
//! | 2 a position | five lists of rows, each in the order of its id |
//! | 5 a skipped episode | Kitsu's number of the anime 3, of the episode 2: IMDb does not count it |

use std::borrow::Cow;

use super::entry::{Entry, TmdbId, imdb_number, imdb_of};
use crate::media::{AnimeBase, Episode, ImdbId};

pub(super) const MAGIC: [u8; 8] = *b"CZAM\x01\0\0\0";
pub(super) const HEAD: usize = 48;
pub(super) const ROW: usize = 23;
pub(super) const SKIP: usize = 5;
pub(super) const FILM: u8 = 1;
pub(super) const TMDB_FILM: u8 = 2;
pub(super) const ALSO: u8 = 4;
/// Season of a place that is not known.
pub(super) const NOWHERE: u8 = 255;

/// The ids by which rows are found, in the order of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Anime(AnimeBase),
    Imdb,
    Tmdb,
}

pub(super) const KEYS: [Key; 5] = [
    Key::Anime(AnimeBase::AniDb),
    Key::Anime(AnimeBase::Kitsu),
    Key::Anime(AnimeBase::MyAnimeList),
    Key::Imdb,
    Key::Tmdb,
];

/// A map that can be asked.
#[derive(Debug, Clone)]
pub struct Table {
    bytes: Cow<'static, [u8]>,
    rows: usize,
    /// Where each list of positions begins, and its length.
    lists: [(usize, usize); KEYS.len()],
    skips: (usize, usize),
    day: u32,
}

/// Why bytes are no map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no map of anime ids, or a damaged one")]
pub struct Damaged;

impl Table {
    /// Reads the head and checks that the rest is what it says.
    pub fn read(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, Damaged> {
        let bytes = bytes.into();
        if !bytes.starts_with(&MAGIC) || bytes.len() < HEAD {
            return Err(Damaged);
        }
        let count = |place: usize| number(&bytes, 12 + 4 * place, 4) as usize;
        let mut end = HEAD;
        let mut part = |entries: usize, size: usize| {
            let start = end;
            end = entries.checked_mul(size).and_then(|length| end.checked_add(length))?;
            Some((start, entries))
        };
        let (_, rows) = part(count(0), ROW).ok_or(Damaged)?;
        let mut lists = [(0, 0); KEYS.len()];
        for (place, list) in lists.iter_mut().enumerate() {
            *list = part(count(1 + place), 2).ok_or(Damaged)?;
        }
        let skips = part(count(1 + KEYS.len()), SKIP).ok_or(Damaged)?;
        let told = u64::from_le_bytes(bytes[40..48].try_into().map_err(|_| Damaged)?);
        if bytes.len() != end || checksum(&bytes[HEAD..]) != told {
            return Err(Damaged);
        }
        let day = number(&bytes, 8, 4);
        Ok(Self { bytes, rows, lists, skips, day })
    }

    /// How many rows there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The day of its data, counted from 1970-01-01.
    #[must_use]
    pub const fn day(&self) -> u32 {
        self.day
    }

    /// The bytes themselves.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The anime of this number, and its further ids.
    pub fn by_anime(&self, base: AnimeBase, id: u32) -> impl Iterator<Item = Entry> {
        self.found(Key::Anime(base), u64::from(id))
    }

    /// All anime that are this title at IMDb, or seasons of it.
    pub fn by_imdb(&self, id: ImdbId) -> impl Iterator<Item = Entry> {
        self.found(Key::Imdb, imdb_number(id).map_or(u64::MAX, u64::from))
    }

    /// All anime that are this title at TMDB, or seasons of it.
    pub fn by_tmdb(&self, id: TmdbId) -> impl Iterator<Item = Entry> {
        self.found(Key::Tmdb, tmdb_value(id))
    }

    /// The episodes of an anime that IMDb does not count, in order.
    #[must_use]
    pub fn skipped(&self, kitsu: u32) -> Vec<u32> {
        let (start, count) = self.skips;
        let at = |place: usize| start + place * SKIP;
        let all = (0..count).filter(|place| number(&self.bytes, at(*place), 3) == kitsu);
        all.map(|place| number(&self.bytes, at(place) + 3, 2)).collect()
    }

    /// Every row in order.
    #[cfg(test)]
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        (0..self.rows).map(|row| self.entry(row))
    }

    /// Every skipped episode in order: (Kitsu's number of the anime, the episode's).
    #[cfg(test)]
    pub(super) fn all_skipped(&self) -> impl Iterator<Item = (u32, u32)> {
        let (start, count) = self.skips;
        let places = (0..count).map(move |place| start + place * SKIP);
        places.map(|at| (number(&self.bytes, at, 3), number(&self.bytes, at + 3, 2)))
    }

    fn found(&self, key: Key, value: u64) -> impl Iterator<Item = Entry> {
        let list = KEYS.iter().position(|known| *known == key).map(|place| self.lists[place]);
        let (start, count) = list.unwrap_or_default();
        let row = move |place: usize| number(&self.bytes, start + 2 * place, 2) as usize;
        let first = partition_point(count, |place| self.value(key, row(place)) < value);
        (first..count)
            .map(row)
            .take_while(move |row| self.value(key, *row) == value)
            .map(|row| self.entry(row))
    }

    /// What a row is sorted by in the list of `key`. A list can only name rows that are there.
    fn value(&self, key: Key, row: usize) -> u64 {
        if row >= self.rows {
            return u64::MAX;
        }
        let at = HEAD + row * ROW;
        let (place, width) = match key {
            Key::Anime(AnimeBase::AniDb) => (0, 3),
            Key::Anime(AnimeBase::Kitsu) => (3, 3),
            Key::Anime(AnimeBase::MyAnimeList) => (6, 3),
            Key::Imdb => (9, 4),
            Key::Tmdb => {
                let film = self.bytes[at + 16] & TMDB_FILM > 0;
                return tmdb_value(TmdbId { film, id: number(&self.bytes, at + 13, 3) });
            }
        };
        u64::from(number(&self.bytes, at + place, width))
    }

    fn entry(&self, row: usize) -> Entry {
        let at = HEAD + row * ROW;
        let Some(bytes) = self.bytes.get(at..at + ROW).filter(|_| row < self.rows) else {
            return Entry::default();
        };
        let some = |place, width| Some(number(bytes, place, width)).filter(|number| *number > 0);
        let flags = bytes[16];
        let first = |place: usize| {
            let season = Some(bytes[place]).filter(|season| *season != NOWHERE)?;
            Some(Episode { season: season.into(), number: number(bytes, place + 1, 2) })
        };
        Entry {
            anidb: some(0, 3),
            kitsu: some(3, 3),
            mal: some(6, 3),
            imdb: some(9, 4).and_then(imdb_of),
            tmdb: some(13, 3).map(|id| TmdbId { film: flags & TMDB_FILM > 0, id }),
            film: flags & FILM > 0,
            imdb_first: first(17),
            tmdb_first: first(20),
            also: flags & ALSO > 0,
        }
    }
}

/// Series first, then films.
pub(super) fn tmdb_value(id: TmdbId) -> u64 {
    (u64::from(id.film) << 32) | u64::from(id.id)
}

/// `width` bytes at `at`; 0 beyond the end.
fn number(bytes: &[u8], at: usize, width: usize) -> u32 {
    let slice = bytes.get(at..at + width).unwrap_or_default();
    slice.iter().rev().fold(0, |value, byte| (value << 8) | u32::from(*byte))
}

/// The first of `count` places for which `before` is false.
fn partition_point(count: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// FNV-1a of 64 bits: finds what a worn card does to a file, not what a person would.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    let step = |value: u64, byte: &u8| (value ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
