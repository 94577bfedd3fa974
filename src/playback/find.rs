//! Whether to search at all.
//!
//! Searching costs strangers something and a viewer seconds, so that what was found before is shown
//! while it is good:
//!
//! * Younger than ten minutes: as it is. Whoever goes back from the picture to the list, or lets a
//!   second device look, means the same search. Indexes that failed then and may be asked again are
//!   asked behind it for a minute; from then on a look waits for them, and shows meanwhile what there
//!   is.
//! * Younger than a day: the same, with its age, and all are asked behind it, for the next look. New
//!   releases of a title come by the hour at most, and those of an hour ago have not gone.
//! * Older, or when nothing was found: the search is waited for. An episode that was not out yesterday
//!   may be today, and an empty page is worth the wait.
//!
//! Two who ask for the same at once wait for one search.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::findings::standing_health;
use super::following::{Following, Search, Step};
use super::round::Round;
use super::{Findings, IndexLine, Playback, lock};
use crate::index::Standing;
use crate::media::StremioId;
use crate::select::Candidate;
use crate::torrent::InfoHash;

/// How to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What was found before is good for a day.
    Usual,
    /// The same for a process that ends with its answer: what it would ask behind that, nobody hears,
    /// so that it is asked before.
    Alone,
    /// Nothing that was found before is good enough.
    Anew,
}

impl Playback {
    /// Searches, or shows what was found before; `on` hears of each index as it answers.
    pub async fn find(
        &self,
        id: &StremioId,
        on: &mut (dyn FnMut(&IndexLine) + Send),
    ) -> Arc<Findings> {
        self.find_as(id, Look::Usual, on).await
    }

    /// The same with another look.
    pub async fn find_as(
        &self,
        id: &StremioId,
        look: Look,
        on: &mut (dyn FnMut(&IndexLine) + Send),
    ) -> Arc<Findings> {
        let following = Following::new(self.search_for(id, look), false);
        // Broken off: the house is being closed.
        following.answer(on).await.unwrap_or_else(|| Arc::new(Findings::nothing(*id)))
    }

    /// The same, step by step, with what is found so far. Whoever stops following leaves the search
    /// to the others, and its results to the next look.
    #[must_use]
    pub fn follow(&self, id: &StremioId, look: Look) -> Following {
        Following::new(self.search_for(id, look), true)
    }

    /// The search for `id` that is under way, or a new one on a task of its own.
    fn search_for(&self, id: &StremioId, look: Look) -> Arc<Search> {
        let mut under_way = lock(&self.desk.under_way);
        let anew = look == Look::Anew;
        if let Some(search) = under_way.get(id).filter(|search| search.is_open(anew)) {
            return Arc::clone(search);
        }
        let search = Arc::new(Search::new());
        // One that still listens behind its answer goes on; it needs no entry for that.
        under_way.insert(*id, Arc::clone(&search));
        let round = Round::new(Arc::clone(&self.desk), Arc::clone(&search), *id);
        let ending = self.desk.ending.clone();
        self.parts.tasks.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = round.run(look) => {}
            }
        });
        search
    }

    /// The search of a moment ago, or a new one: also where `only` was not among the best of it.
    pub(super) async fn findings(&self, id: &StremioId, only: Option<InfoHash>) -> Arc<Findings> {
        let has = |findings: &Arc<Findings>| {
            let wanted = |one: &Candidate| only.is_none_or(|only| one.torrent.info_hash == only);
            findings.candidates.iter().any(wanted)
        };
        match self.desk.recent(id).filter(has) {
            Some(findings) => findings,
            None => self.find(id, &mut |_| {}).await,
        }
    }

    /// What is found; after `soon`, as much of it as there is then.
    pub(super) async fn findings_soon(&self, id: &StremioId, soon: Duration) -> Arc<Findings> {
        let mut following = self.follow(id, Look::Usual);
        let due = Instant::now() + soon;
        let mut best: Option<Arc<Findings>> = None;
        loop {
            let some = best.as_ref().filter(|best| !best.candidates.is_empty());
            let step = tokio::select! {
                step = following.next() => step,
                () = sleep_until(due), if some.is_some() => None,
            };
            match step {
                Some(Step::Done(findings)) => return findings,
                Some(Step::Candidates(findings)) => best = Some(findings),
                Some(Step::Index(_)) => {}
                // Due, or the house is being closed.
                None => return best.unwrap_or_else(|| Arc::new(Findings::nothing(*id))),
            }
        }
    }

    /// How the indexes are, as far as is known without asking them.
    #[must_use]
    pub fn index_standing(&self) -> Vec<Standing> {
        self.desk.health.standing(&self.indexes().sources)
    }

    /// The same in one sentence: who does not answer, until when, and how many did the last time.
    #[must_use]
    pub fn index_health(&self) -> String {
        standing_health(&self.index_standing())
    }

    /// Forgets recent searches: what they say of availability holds for another store no more.
    pub(super) fn forget_searches(&self) {
        self.desk.forget_searches();
    }
}
