//! What a search found, as `find --json` prints it.

use std::time::Duration;

use serde::Serialize;

use crate::index::{Report, State};
use crate::media::{ImdbId, Query, StremioId};
use crate::select::Candidate;
use crate::torrent::{IndexName, Store};

/// What a search found, as `find --json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// What was asked.
    pub id: StremioId,
    /// What it is called; `null` where nobody could say.
    pub title: Option<TitleLine>,
    /// Of the whole search.
    pub elapsed_ms: u64,
    /// How each index fared.
    pub indexes: Vec<IndexLine>,
    /// How the debrid store's check fared; `null` where none is set.
    pub store: Option<StoreLine>,
    /// Where no index answered and what was found before stands in: how old that is, in seconds.
    pub found_before_s: Option<u64>,
    /// Rows of all indexes.
    pub torrents_found: usize,
    /// Torrents.
    pub unique: usize,
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// What the indexes were asked; kept for the choice of the file.
    #[serde(skip)]
    pub query: Query,
}

/// A title, as `find --json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct TitleLine {
    /// Its name.
    pub name: String,
    /// First year.
    pub year: Option<u16>,
    /// Its id at IMDb.
    pub imdb: Option<ImdbId>,
}

/// One index's line.
#[derive(Debug, Clone, Serialize)]
pub struct IndexLine {
    /// Whose.
    pub index: IndexName,
    /// How it fared.
    pub state: State,
    /// How many torrents it listed.
    pub torrents: usize,
    /// How long it took.
    pub elapsed_ms: u64,
    /// In words, where it did not go well.
    pub message: Option<String>,
}

/// The store's line.
#[derive(Debug, Clone, Serialize)]
pub struct StoreLine {
    /// Whose.
    pub store: Store,
    /// Whether it answered.
    pub state: &'static str,
    /// In words, where it did not.
    pub message: Option<String>,
}

impl Findings {
    pub(super) fn without_candidates(&self) -> Self {
        Self {
            id: self.id,
            title: self.title.clone(),
            elapsed_ms: self.elapsed_ms,
            indexes: self.indexes.clone(),
            store: self.store.clone(),
            found_before_s: self.found_before_s,
            torrents_found: self.torrents_found,
            unique: self.unique,
            candidates: Vec::new(),
            query: self.query.clone(),
        }
    }

    /// The sentence of the first index that failed, where every index that was asked did.
    #[must_use]
    pub fn every_index_failed(&self) -> Option<String> {
        let well = |line: &IndexLine| matches!(line.state, State::Ok | State::Empty);
        let asked = |line: &&IndexLine| !matches!(line.state, State::Off);
        if self.indexes.iter().any(well) {
            return None;
        }
        let first = self.indexes.iter().find(asked);
        let none = || "every index is switched off".to_owned();
        Some(first.map_or_else(none, |line| line.message.clone().unwrap_or_default()))
    }
}

impl From<&Report> for IndexLine {
    fn from(report: &Report) -> Self {
        Self {
            index: report.index,
            state: report.state,
            torrents: report.torrents.len(),
            elapsed_ms: whole_ms(report.elapsed),
            message: report.message.clone(),
        }
    }
}

pub(super) fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
