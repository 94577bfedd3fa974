//! What a search found, as `find --json` prints it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Error;
use crate::index::{self, Report, Standing, State};
use crate::media::{ImdbId, Query, StremioId};
use crate::select::{self, Candidate, SetLimits};
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
    /// The same in one sentence: who does not answer, until when, and how many did.
    pub health: String,
    /// How the debrid store's check fared; `null` where none is set.
    pub store: Option<StoreLine>,
    /// Where this was found by an earlier search: how long ago, in seconds.
    pub found_before_s: Option<u64>,
    /// Rows of all indexes.
    pub torrents_found: usize,
    /// Torrents.
    pub unique: usize,
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// Whether the search goes on, and more may come.
    pub partial: bool,
    /// What the indexes were asked; kept for the choice of the file.
    #[serde(skip)]
    pub query: Query,
}

impl Findings {
    /// The same in the order for the set that asks, where it is known what that plays.
    #[must_use]
    pub fn in_order_for(self: Arc<Self>, set: Option<&SetLimits>) -> Arc<Self> {
        match set {
            Some(set) => {
                let candidates = select::for_set(&self.candidates, set);
                Arc::new(Self { candidates, ..self.without_candidates() })
            }
            None => self,
        }
    }
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// Where it is not asked for a while: until when, as RFC 3339 writes it.
    #[serde(default)]
    pub until: Option<String>,
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
    /// The same with none of what was found.
    #[must_use]
    pub fn without_candidates(&self) -> Self {
        Self {
            id: self.id,
            title: self.title.clone(),
            elapsed_ms: self.elapsed_ms,
            indexes: self.indexes.clone(),
            health: self.health.clone(),
            store: self.store.clone(),
            found_before_s: self.found_before_s,
            torrents_found: self.torrents_found,
            unique: self.unique,
            candidates: Vec::new(),
            partial: self.partial,
            query: self.query.clone(),
        }
    }

    /// The same with the best candidates alone: what a page shows while the search goes on.
    #[must_use]
    pub fn best(&self, most: usize) -> Self {
        let candidates = self.candidates.iter().take(most).cloned().collect();
        Self { candidates, ..self.without_candidates() }
    }

    /// Of a search that was broken off.
    pub(super) fn nothing(id: StremioId) -> Self {
        Self {
            id,
            title: None,
            elapsed_ms: 0,
            indexes: Vec::new(),
            health: health(&[], 0),
            store: None,
            found_before_s: None,
            torrents_found: 0,
            unique: 0,
            candidates: Vec::new(),
            partial: false,
            query: Query { id, title: None },
        }
    }

    /// Why nobody answered, where no index did.
    #[must_use]
    pub fn nobody_answered(&self) -> Option<Error> {
        let is = |line: &IndexLine, states: &[State]| states.contains(&line.state);
        if self.indexes.iter().any(|line| is(line, &[State::Ok, State::Empty])) {
            return None;
        }
        let mut on = self.indexes.iter().filter(|line| !is(line, &[State::Off])).peekable();
        if on.peek().is_none() {
            return Some(Error::NoIndex { why: "every index is switched off".to_owned() });
        }
        let failed = on.find(|line| !is(line, &[State::UnsupportedId]));
        Some(failed.map_or(Error::NotUnderstood { id: self.id }, |line| Error::NoIndex {
            why: line.message.clone().unwrap_or_default(),
        }))
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
            until: report.left.map(index::moment),
        }
    }
}

/// How the indexes are, of what each said last.
pub(super) fn standing_health(standing: &[Standing]) -> String {
    let lines = standing.iter().filter_map(|one| {
        Some(IndexLine {
            index: one.index,
            state: one.state?,
            torrents: one.torrents.unwrap_or_default(),
            elapsed_ms: one.elapsed_ms.unwrap_or_default(),
            message: one.message.clone(),
            until: one.until.clone(),
        })
    });
    health(&lines.collect::<Vec<_>>(), 0)
}

impl IndexLine {
    /// Of an index that is switched off.
    pub(super) fn off(index: IndexName) -> Self {
        let message = Some(format!(
            "{index} is switched off; the set-up page or the configuration switches it on"
        ));
        Self { index, state: State::Off, torrents: 0, elapsed_ms: 0, message, until: None }
    }
}

/// Who does not answer and why, clause by clause, then how many of those that were asked, or would have
/// been, answered. `open`: of how many nothing is known yet.
pub(super) fn health(lines: &[IndexLine], open: usize) -> String {
    let well = |line: &&IndexLine| matches!(line.state, State::Ok | State::Empty);
    let counts = |line: &&IndexLine| !matches!(line.state, State::Off | State::UnsupportedId);
    let (answered, asked) =
        (lines.iter().filter(well).count(), lines.iter().filter(counts).count());
    if asked + open == 0 {
        return "no index was asked".to_owned();
    }
    // One that answered may have asked all the same to be left in peace.
    let ill = lines.iter().filter(|line| counts(line) && (!well(line) || line.until.is_some()));
    // The first clause of a sentence says what is; the rest says what to do.
    let clauses = ill.filter_map(|line| line.message.as_deref()?.split(';').next());
    let mut words: Vec<String> = clauses.map(str::to_owned).collect();
    let so_far = if open > 0 { " so far" } else { "" };
    words.push(format!("{answered} of {} answered{so_far}", asked + open));
    words.join("; ")
}

pub(super) fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_names_who_does_not_answer_and_counts_who_does() {
        let line = |index, state, message: &str| IndexLine {
            index,
            state,
            torrents: 0,
            elapsed_ms: 0,
            message: (!message.is_empty()).then(|| message.to_owned()),
            until: None,
        };
        let [crowd, addon, lists] = [IndexName::StremThru, IndexName::Torrentio, IndexName::Zilean];
        let refused = "torrentio refuses this connection (403) until about 18:40; set another url";
        for (lines, open, expected) in [
            (vec![], 0, "no index was asked"),
            (
                vec![line(crowd, State::Off, "off"), line(addon, State::UnsupportedId, "kind")],
                0,
                "no index was asked",
            ),
            (vec![line(crowd, State::Ok, ""), line(lists, State::Empty, "")], 0, "2 of 2 answered"),
            (
                vec![
                    line(crowd, State::Ok, ""),
                    line(addon, State::Blocked, refused),
                    line(lists, State::Off, "off"),
                ],
                0,
                "torrentio refuses this connection (403) until about 18:40; 1 of 2 answered",
            ),
            (vec![line(crowd, State::Ok, "")], 8, "1 of 9 answered so far"),
        ] {
            assert_eq!(health(&lines, open), expected);
        }
    }
}
