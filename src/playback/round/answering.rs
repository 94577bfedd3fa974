//! When a search is answered: who is waited for, for how long, and what those who watch are shown until
//! then. All that goes by the clock is here, so that the rest of a search has only to hear.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Round;
use crate::index::Report;

/// How long an index that was silent the last time is waited for after the others.
const GRACE: Duration = Duration::from_millis(300);
/// How often those who watch are shown a new ranking.
const SHOWN_EVERY: Duration = Duration::from_millis(250);

impl Round {
    /// Does what is due.
    pub(super) fn step(&mut self) {
        if self.open.is_empty() && self.title.is_none() {
            self.checks.pump(true);
        }
        if self.answered {
            return;
        }
        let now = Instant::now();
        if now >= self.due() || self.is_all_in(now) {
            self.give_up();
            self.answer();
        } else if self.news && self.search.is_watched() && now >= self.next_shown() {
            self.news = false;
            // Nothing to see yet; the lines are told apart.
            if self.refreshes || self.rows.values().any(|rows| !rows.is_empty()) {
                self.search.show(Arc::new(self.findings(true)));
                self.shown = Some(Instant::now());
            }
        }
    }

    fn is_all_in(&mut self, now: Instant) -> bool {
        let waits = self.open.values().any(|open| open.waited_for);
        if waits || self.title.is_some() || !self.unread.is_empty() {
            return false;
        }
        self.checks.pump(true);
        if !self.checks.is_idle() {
            return false;
        }
        let nothing = !self.refreshes && self.rows.values().all(|rows| rows.is_empty());
        let grace = *self.grace.get_or_insert(now + GRACE);
        let named = self.more_names.is_none() || now >= grace;
        (self.open.is_empty() && named) || (!nothing && now >= grace)
    }

    /// When the answer must go out.
    pub(super) fn due(&self) -> Instant {
        self.start + self.desk.parts.patience
    }

    fn next_shown(&self) -> Instant {
        self.shown.map_or(self.start, |shown| shown + SHOWN_EVERY)
    }

    /// When there is something to do although nobody has said anything.
    pub(super) fn wake(&self) -> Instant {
        if self.answered {
            return Instant::now() + Duration::from_secs(3600);
        }
        let now = Instant::now();
        let shown = (self.news && self.search.is_watched()).then(|| self.next_shown());
        let grace = self.grace.filter(|grace| *grace > now);
        [shown, grace].into_iter().flatten().fold(self.due(), Instant::min)
    }

    /// Those that have said nothing count as silent, whatever they say later.
    fn give_up(&mut self) {
        for (index, open) in self.open.clone() {
            let mut report = Report::late(index, open.since.elapsed());
            if open.waited_for {
                self.desk.health.settle(&mut report, false);
                self.given_up.insert(index);
            } else {
                report.message = Some(format!(
                    "{index} has been slow lately and is not waited for; what it finds comes with \
                     the next look"
                ));
            }
            self.note(&report);
        }
    }

    pub(super) fn answer(&mut self) {
        self.rows.append(&mut self.unread);
        let findings = Arc::new(self.findings(false));
        (self.answered, self.news, self.expected) = (true, false, None);
        self.desk.keep_recent(&findings);
        // Nobody waits while it is written.
        self.search.answer(Arc::clone(&findings));
        self.keep(&findings);
        self.search.kept();
        let behind = std::mem::take(&mut self.behind);
        if !behind.is_empty() {
            self.ask(behind);
        }
    }
}
