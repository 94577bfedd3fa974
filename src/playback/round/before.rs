//! What was found before: whether it is shown as it is, or what it lacks is waited for.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::sleep_until;

use super::super::check::STALE;
use super::super::findings::IndexLine;
use super::{Round, YOUNG};
use crate::index::{Source, State};
use crate::torrent::{IndexName, Store, Unique};

/// How long an answer with gaps is shown as it is: one in which an index had failed, or had said
/// nothing.
///
/// Whoever sees "3 of 9 answered" and looks again a minute later wants what the six have, and not the
/// same three for ten minutes. So that look waits for those that failed, no longer than any other,
/// and is shown meanwhile what is known. It is not shorter, since going back from the picture to the
/// list is no new question; what failed is asked behind it all the same. Refusals and budgets are no
/// gaps: they last for hours, and waiting would bring nothing.
const WITH_GAPS: Duration = Duration::from_secs(60);

/// What was found before.
pub(super) struct Before {
    pub(super) torrents: Vec<Unique>,
    pub(super) age: Duration,
    pub(super) asked: Asked,
}

/// How a search went, as it is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) indexes: Vec<IndexLine>,
    pub(super) torrents_found: usize,
    /// The store that was asked which of them it has.
    pub(super) store: Option<Store>,
}

impl Round {
    /// Whether there is an index now that was not there then, or was off: whoever has just added one
    /// wants to see what it has.
    pub(super) fn is_wider_than(&self, before: &Before) -> bool {
        let was_on = |index: IndexName| {
            let mut lines = before.asked.indexes.iter();
            lines.any(|line| line.index == index && line.state != State::Off)
        };
        !self.indexes.sources.iter().all(|source| was_on(source.index()))
    }

    /// Takes up what was found before. It is the answer; or, where it has gaps that may be closed, it
    /// waits for those that may close them, and the others are asked behind that. Whom to ask now.
    pub(super) async fn take_up(&mut self, age: Duration) -> Vec<Arc<dyn Source>> {
        let sources = self.indexes.sources.clone();
        self.refreshes = true;
        let Some(before) = &self.before else { return sources };
        let on = |line: &&IndexLine| sources.iter().any(|source| source.index() == line.index);
        self.lines = before.asked.indexes.iter().filter(on).map(|l| (l.index, l.clone())).collect();
        let (missing, others): (Vec<_>, Vec<_>) =
            sources.iter().cloned().partition(|source| self.is_missing(source.index()));
        if age >= WITH_GAPS && self.may_close_gaps() {
            for source in &missing {
                self.lines.remove(&source.index());
            }
            self.recall();
            self.tell_lines();
            self.news = true;
            if age >= YOUNG {
                self.behind = others;
            }
            return missing;
        }
        self.answer_from_before().await;
        if age < YOUNG { missing } else { sources }
    }

    /// Whether an index has not answered when this was found.
    fn is_missing(&self, index: IndexName) -> bool {
        use State::{Blocked, Failed, Limited, Off, TimedOut};
        let failed =
            |line: &IndexLine| matches!(line.state, Blocked | Failed | Limited | Off | TimedOut);
        self.lines.get(&index).is_none_or(failed)
    }

    /// The end of the sentence on the indexes while an answer with gaps is shown.
    pub(super) fn gaps_told(&self) -> Option<&'static str> {
        let before = self.before.as_ref().filter(|before| before.age < WITH_GAPS);
        let shown = before.is_some() && self.refreshes && !self.answered;
        let gaps = shown && self.lines.keys().any(|index| self.has_gap(*index));
        gaps.then_some("those that failed are asked again, and a look in a minute waits for them")
    }

    /// Whether an index failed, or said nothing, when this was found.
    fn has_gap(&self, index: IndexName) -> bool {
        let line = self.lines.get(&index);
        line.is_some_and(|line| matches!(line.state, State::Failed | State::TimedOut))
    }

    /// Whether one of those may be asked now: who is left in peace after a failure is not waited for.
    fn may_close_gaps(&self) -> bool {
        let sources = self.indexes.sources.iter();
        let gaps: Vec<_> = sources.filter(|source| self.has_gap(source.index())).cloned().collect();
        self.desk.health.standing(&gaps).iter().any(|standing| standing.until.is_none())
    }

    /// What was found before, with the store's word on it.
    async fn answer_from_before(&mut self) {
        if self.query.title.is_none() {
            self.query.title = self.desk.title(&self.query.id).await;
            self.recall_names();
        }
        self.recall();
        let due = self.due();
        while !self.checks.is_idle() {
            self.checks.pump(true);
            tokio::select! {
                () = self.checks.hear() => {}
                () = sleep_until(due) => break,
            }
        }
        self.tell_lines();
        self.answer();
    }

    /// The store's word as it is known.
    fn recall(&mut self) {
        let Some(before) = &self.before else { return };
        let hashes: Vec<_> = before.torrents.iter().map(|torrent| torrent.info_hash).collect();
        let unknown = self.checks.recall(hashes.iter().copied(), STALE);
        // Another store than then: nobody has asked it yet.
        if before.asked.store != self.checks.store() && unknown > 0 {
            self.checks.sid = self.query.imdb();
            self.checks.add(hashes.into_iter());
        }
    }

    fn tell_lines(&self) {
        for line in self.lines.values().filter(|line| line.state != State::Off) {
            self.search.tell(line.clone());
        }
    }
}
