//! Which anime is which: the numbers of AniDB, Kitsu, MyAnimeList, IMDb and TMDB, and where an
//! entry's first episode stands in a count with seasons.
//!
//! A table is built in ([`README`](README.md) says of what), so that a box knows it without a network.
//! A larger one is fetched now and then ([`refresh`]) and asked first; the one built in stays behind
//! it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::media::{AnimeBase, Episode, ImdbId};

mod build;
mod entry;
mod place;
mod refresh;
mod shapes;
mod table;

pub use entry::{Entry, TmdbId};
pub use place::Order;
pub use refresh::{Kept, Refresh};
pub use table::{Damaged, Table};

/// The table that is built in.
const BUNDLED: &[u8] = include_bytes!("table.bin");

/// The maps, the best first. Cheap to clone; clones see a refresh.
#[derive(Debug, Clone)]
pub struct AnimeMap {
    bundled: Arc<Option<Table>>,
    fetched: Arc<RwLock<Option<Arc<Table>>>>,
}

impl Default for AnimeMap {
    fn default() -> Self {
        let bundled = Table::read(BUNDLED);
        if let Err(damage) = &bundled {
            tracing::warn!(%damage, "the map of anime ids that is built in cannot be used");
        }
        Self { bundled: Arc::new(bundled.ok()), fetched: Arc::default() }
    }
}

impl AnimeMap {
    /// Puts a map that was fetched before the one built in.
    pub fn put(&self, table: Table) {
        let mut fetched = self.fetched.write().unwrap_or_else(PoisonError::into_inner);
        *fetched = Some(Arc::new(table));
    }

    /// Whether a fetched map is in use.
    pub(super) fn is_fetched(&self) -> bool {
        self.fetched.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// How many rows the map has that is asked first.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.first(|table| Some(table.rows())).unwrap_or(0)
    }

    /// Of which day the map is that is asked first, counted from 1970-01-01.
    #[must_use]
    pub fn day(&self) -> u32 {
        self.first(|table| Some(table.day())).unwrap_or(0)
    }

    /// The anime of this number, with all that the maps know of it.
    #[must_use]
    pub fn anime(&self, base: AnimeBase, id: u32) -> Option<Entry> {
        let mut known: Option<Entry> = None;
        for table in self.tables() {
            let row = table.as_ref().by_anime(base, id).find(|row| !row.also);
            known = match (known, row) {
                (Some(known), Some(row)) => Some(known.or(row)),
                (known, row) => known.or(row),
            };
        }
        known
    }

    /// All anime that are this title at IMDb, or seasons of it.
    #[must_use]
    pub fn of_imdb(&self, id: ImdbId) -> Vec<Entry> {
        let found = self.first(|table| some(table.by_imdb(id).collect()));
        self.completed(found.unwrap_or_default())
    }

    /// All anime that are this title at TMDB, or seasons of it.
    #[must_use]
    pub fn of_tmdb(&self, id: TmdbId) -> Vec<Entry> {
        let found = self.first(|table| some(table.by_tmdb(id).collect()));
        self.completed(found.unwrap_or_default())
    }

    /// The episodes of an anime that IMDb does not count.
    #[must_use]
    pub fn skipped(&self, kitsu: u32) -> Vec<u32> {
        self.first(|table| some(table.skipped(kitsu))).unwrap_or_default()
    }

    /// The same rows with what the other map knows besides.
    fn completed(&self, rows: Vec<Entry>) -> Vec<Entry> {
        let more = |row: Entry| {
            let ids = [AnimeBase::AniDb, AnimeBase::Kitsu, AnimeBase::MyAnimeList];
            let known = ids.into_iter().find_map(|base| self.anime(base, row.id_at(base)?));
            known.map_or(row, |known| row.or(known))
        };
        rows.into_iter().map(more).collect()
    }

    fn first<T>(&self, ask: impl Fn(&Table) -> Option<T>) -> Option<T> {
        self.tables().iter().find_map(|table| ask(table.as_ref()))
    }

    fn tables(&self) -> Vec<Layer<'_>> {
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner).clone();
        let fetched = fetched.map(Layer::Fetched);
        let bundled = self.bundled.as_ref().as_ref().map(Layer::Bundled);
        fetched.into_iter().chain(bundled).collect()
    }
}

enum Layer<'a> {
    Fetched(Arc<Table>),
    Bundled(&'a Table),
}

impl AsRef<Table> for Layer<'_> {
    fn as_ref(&self) -> &Table {
        match self {
            Self::Fetched(table) => table,
            Self::Bundled(table) => table,
        }
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// The entry among `rows` that holds an episode of a series, and the episode's number there.
/// `first` tells where an entry begins in that count; `order` is the series' list, which may be
/// empty; `skipped` are the entry's episodes that the count leaves out.
fn holding(
    rows: &[Entry],
    asked: Episode,
    order: &Order,
    first: impl Fn(&Entry) -> Option<Episode>,
    skipped: impl Fn(&Entry) -> Vec<u32>,
) -> Option<(Entry, u32)> {
    // An entry that nobody gave a place is the series from its start.
    let start = Episode { season: 1, number: 1 };
    let special = |episode: Episode| episode.season == 0;
    let mut begun: Vec<(Episode, Entry)> = rows
        .iter()
        .filter(|row| !row.film)
        .map(|row| (first(row).unwrap_or(start), *row))
        .filter(|(from, _)| special(*from) == special(asked))
        .collect();
    begun.sort_by_key(|(from, _)| *from);
    let last = begun.iter().rposition(|(from, _)| *from <= asked)?;
    let (from, row) = begun[last];
    let rivals = begun.iter().filter(|(other, _)| *other == from);
    // Of two that begin at one place, the one that was given it; of two that were not, none.
    let told: Vec<Entry> =
        rivals.clone().map(|(_, row)| *row).filter(|row| first(row).is_some()).collect();
    let row = match (rivals.count(), told.as_slice()) {
        (1, _) => row,
        (_, [one]) => *one,
        (_, [one, rest @ ..]) if rest.iter().all(|other| same(one, other)) => *one,
        _ => return None,
    };
    // Whether it goes on through seasons: so it does where the next entry begins beyond the asked
    // episode, or where there is no other. Entries by season, of which one is not known yet, do not.
    let goes_on = last + 1 < begun.len() || begun.iter().all(|(other, _)| *other == from);
    let number = if from.season == asked.season {
        asked.number - from.number + 1
    } else if goes_on {
        order.number_of(asked)?.checked_sub(order.number_of(from)?)? + 1
    } else {
        return None;
    };
    let counted = skipped(&row).into_iter().fold(number, |at, skip| at + u32::from(skip <= at));
    Some((row, counted))
}

fn same(one: &Entry, other: &Entry) -> bool {
    let differ = |a: Option<u32>, b: Option<u32>| a.is_some() && b.is_some() && a != b;
    !(differ(one.anidb, other.anidb)
        || differ(one.kitsu, other.kitsu)
        || differ(one.mal, other.mal))
}

impl AnimeMap {
    /// The anime that holds this episode of a series at IMDb, and its number there. `rows` are those
    /// of [`AnimeMap::of_imdb`].
    #[must_use]
    pub fn holding_at_imdb(
        &self,
        rows: &[Entry],
        asked: Episode,
        order: &Order,
    ) -> Option<(Entry, u32)> {
        let skipped = |row: &Entry| row.kitsu.map(|id| self.skipped(id)).unwrap_or_default();
        holding(rows, asked, order, |row| row.imdb_first, skipped)
    }

    /// The same of TMDB, whose rows are those of [`AnimeMap::of_tmdb`].
    #[must_use]
    pub fn holding_at_tmdb(
        &self,
        rows: &[Entry],
        asked: Episode,
        order: &Order,
    ) -> Option<(Entry, u32)> {
        holding(rows, asked, order, |row| row.tmdb_first, |_| Vec::new())
    }

    /// Where an anime's episode stands at IMDb; `None` where IMDb does not count it.
    #[must_use]
    pub fn at_imdb(&self, row: &Entry, number: u32, order: &Order) -> Option<Episode> {
        let skipped = row.kitsu.map(|id| self.skipped(id)).unwrap_or_default();
        let told = row.imdb_first.or(row.tmdb_first.filter(|_| row.imdb.is_some()));
        place::place_of(told, number, &skipped, order)
    }
}

#[cfg(test)]
mod tests;
