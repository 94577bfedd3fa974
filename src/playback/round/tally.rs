//! What a search has found so far: merged, ranked, kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::super::findings::{Findings, IndexLine, TitleLine, health, whole_ms};
use super::super::lock;
use super::Round;
use super::before::Asked;
use crate::media::Query;
use crate::select::{self, Candidate, Preferences};
use crate::torrent::{Availability, IndexName, InfoHash, Store, Unique, unique};

/// Most rows that a search ranks: three times what nine indexes list of a title that is everywhere, and
/// no more than the memory of names holds, so that no ranking reads a name twice.
const MOST_ROWS: usize = 6_000;
/// So many torrents that another core is worth it: to judge them takes milliseconds.
const MANY: usize = 600;

/// By what torrents are ranked.
type Known = (HashMap<InfoHash, BTreeMap<Store, Availability>>, Query, Arc<Preferences>);

impl Round {
    /// Keeps what was found, if anybody answered.
    pub(super) fn keep(&self, findings: &Findings) {
        if self.rows.is_empty() || findings.candidates.is_empty() {
            return;
        }
        let (cache, id) = (&self.desk.parts.cache, &self.query.id);
        // Best first: where they are too many, the last are left out.
        let torrents: Vec<&Unique> =
            findings.candidates.iter().map(|candidate| &candidate.torrent).collect();
        let asked = Asked {
            indexes: findings.indexes.clone(),
            torrents_found: findings.torrents_found,
            store: self.checks.store(),
        };
        block_in_place(|| {
            cache.put_found(id, &torrents);
            cache.put_asked(id, &asked);
        });
    }

    /// What is known now, ranked. Thousands of names are read here, and others want this thread.
    pub(super) fn findings(&self, partial: bool) -> Findings {
        let torrents = block_in_place(|| self.torrents());
        let count = torrents.len();
        // Also what those listed that were not asked again.
        let listed = self.lines.values().map(|line| line.torrents).sum::<usize>();
        let answered_now = !self.rows.is_empty();
        let age = self.before.as_ref().filter(|_| !answered_now && count > 0).map(|b| b.age);
        let before = self.before.as_ref().map_or(0, |before| before.asked.torrents_found);
        let availability = self.checks.of(&torrents);
        let query = self.named_query();
        let named = self.query.title.as_ref().filter(|title| !title.name.is_empty());
        let title = named.map(|title| TitleLine {
            name: title.name.clone(),
            year: title.year,
            imdb: title.imdb,
        });
        let indexes = self.all_lines();
        let mut health = health(&indexes, if partial { self.open.len() } else { 0 });
        if let Some(gaps) = self.gaps_told() {
            health = format!("{health}; {gaps}");
        }
        Findings {
            id: self.query.id,
            title,
            health,
            indexes,
            store: self.checks.line(),
            found_before_s: age.map(|age| age.as_secs()),
            torrents_found: listed.max(count).max(if age.is_some() { before } else { 0 }),
            unique: count,
            candidates: self.ranked(torrents, availability, &query),
            partial,
            elapsed_ms: whole_ms(self.start.elapsed()),
            query,
        }
    }

    /// These by rank. Where they are many it works on two cores: on another worker of the runtime,
    /// which stands ready. A thread that is begun for it was seen to stay on the core of the one that
    /// began it, with the other core idle, until the work was done.
    fn ranked(
        &self,
        mut torrents: Vec<Unique>,
        availability: HashMap<InfoHash, BTreeMap<Store, Availability>>,
        query: &Query,
    ) -> Vec<Candidate> {
        let preferences = Arc::clone(&lock(&self.desk.preferences));
        let alone = if torrents.len() < MANY { torrents.len() } else { torrents.len() / 2 };
        let rest = torrents.split_off(alone);
        let known = Arc::new((availability, query.clone(), preferences));
        let judged =
            |torrents, known: &Known| select::judged(torrents, &known.0, &known.1, &known.2);
        let beside = (!rest.is_empty()).then(|| {
            let known = Arc::clone(&known);
            let judged = async move { block_in_place(|| judged(rest, &known)) };
            self.desk.parts.tasks.spawn(judged)
        });
        block_in_place(|| {
            let mut candidates = judged(torrents, &known);
            match beside.map(|beside| Handle::current().block_on(beside)) {
                Some(Ok(rest)) => candidates.extend(rest),
                Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
                // Broken off: the house is being closed.
                Some(Err(_)) | None => {}
            }
            select::in_order(candidates)
        })
    }

    /// What was found now, and from before what those told that have said nothing now, also of
    /// torrents that others list again: an index that refuses us for a day takes nothing away by that.
    fn torrents(&self) -> Vec<Unique> {
        let share = fair_share(self.rows.values().map(|rows| rows.len()), MOST_ROWS);
        let mut torrents = unique(self.rows.values().flat_map(|rows| rows.iter().take(share)));
        let Some(before) = &self.before else { return torrents };
        let on: BTreeSet<IndexName> =
            self.indexes.sources.iter().map(|source| source.index()).collect();
        let had_some = |index: &IndexName| {
            let mut lines = before.asked.indexes.iter();
            lines.any(|line| line.index == *index && line.torrents > 0)
        };
        // Some answer with an empty list where something broke within: whoever had torrents and has
        // none is not believed the first time.
        let silent = |index: &IndexName| {
            let rows = self.rows.get(index);
            on.contains(index) && rows.is_none_or(|rows| rows.is_empty() && had_some(index))
        };
        let mut unheard = Vec::new();
        for kept in before.torrents.iter().filter(|kept| kept.found_by.iter().any(silent)) {
            match torrents.binary_search_by(|known| known.info_hash.cmp(&kept.info_hash)) {
                Ok(at) => torrents[at].recall(kept, silent),
                Err(_) => unheard.push(kept.clone()),
            }
        }
        torrents.extend(unheard);
        torrents
    }

    /// A line for each index, also for those that are switched off.
    fn all_lines(&self) -> Vec<IndexLine> {
        let mut lines = self.lines.clone();
        for index in self.indexes.off() {
            lines.insert(index, IndexLine::off(index));
        }
        lines.into_values().collect()
    }
}

/// How many rows each list may bring so that all together are `most`: one that floods crowds out
/// nobody who has less to say.
fn fair_share(lists: impl Iterator<Item = usize>, most: usize) -> usize {
    let mut lengths: Vec<usize> = lists.collect();
    lengths.sort_unstable();
    let mut left = most;
    for (at, length) in lengths.iter().enumerate() {
        let share = left / (lengths.len() - at);
        if *length > share {
            return share;
        }
        left -= length;
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_floods_crowds_nobody_out() {
        for (lengths, share) in [
            (&[][..], 100),
            (&[10, 20, 30], 100),
            (&[100], 100),
            (&[4_000], 100),
            (&[10, 20, 4_000], 70),
            (&[10, 4_000, 4_000], 45),
            (&[4_000, 4_000, 4_000], 33),
            (&[0, 0, 101], 100),
        ] {
            assert_eq!(fair_share(lengths.iter().copied(), 100), share, "{lengths:?}");
            let all: usize = lengths.iter().map(|length| length.min(&share)).sum();
            assert!(all <= 100, "{lengths:?}");
        }
    }
}
