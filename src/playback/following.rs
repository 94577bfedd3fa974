//! A search as those see it who wait for it: any number follow one search, from any moment on, and
//! none of them holds it up or takes it away from the others by going.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, watch};

use super::findings::{Findings, IndexLine};
use crate::select::SetLimits;

/// A search under way. What it has found so far stands in one place and is looked at, not sent: a
/// follower who is slow misses what has been replaced meanwhile, and costs nothing.
pub(super) struct Search {
    progress: watch::Sender<Progress>,
    /// How many want rankings while it goes on.
    eager: AtomicUsize,
    /// Rung when the first of them comes.
    pub(super) wanted: Notify,
}

#[derive(Default)]
struct Progress {
    /// In the order in which they answered.
    lines: Vec<IndexLine>,
    ranked: Option<Arc<Findings>>,
    rankings: usize,
    answer: Option<Arc<Findings>>,
    /// The answer lies in the cache.
    kept: bool,
    /// Nothing more comes.
    ended: bool,
}

/// What a follower hears.
#[derive(Debug, Clone)]
pub enum Step {
    /// An index has answered, or is not asked.
    Index(IndexLine),
    /// What is found so far, ranked.
    Candidates(Arc<Findings>),
    /// The answer.
    Done(Arc<Findings>),
}

impl Step {
    /// The same with what is found in the order for the set that asks.
    #[must_use]
    pub fn in_order_for(self, set: Option<&SetLimits>) -> Self {
        match self {
            Self::Index(line) => Self::Index(line),
            Self::Candidates(findings) => Self::Candidates(findings.in_order_for(set)),
            Self::Done(findings) => Self::Done(findings.in_order_for(set)),
        }
    }
}

/// Follows one search.
pub struct Following {
    search: Arc<Search>,
    progress: watch::Receiver<Progress>,
    lines: usize,
    rankings: usize,
    eager: bool,
    done: bool,
}

impl Search {
    pub(super) fn new() -> Self {
        let (progress, _) = watch::channel(Progress::default());
        Self { progress, eager: AtomicUsize::new(0), wanted: Notify::new() }
    }

    /// Whether anybody wants rankings while it goes on.
    pub(super) fn is_watched(&self) -> bool {
        self.eager.load(Ordering::Relaxed) > 0
    }

    /// Whether it can still be joined: its answer is to come, or (unless `anew`) has just come and
    /// does not lie in the cache yet.
    pub(super) fn is_open(&self, anew: bool) -> bool {
        let progress = self.progress.borrow();
        let before = progress.answer.is_none() || (!anew && !progress.kept);
        before && !progress.ended
    }

    pub(super) fn kept(&self) {
        self.progress.send_modify(|progress| progress.kept = true);
    }

    pub(super) fn tell(&self, line: IndexLine) {
        self.progress.send_modify(|progress| progress.lines.push(line));
    }

    pub(super) fn show(&self, findings: Arc<Findings>) {
        self.progress.send_modify(|progress| {
            progress.ranked = Some(findings);
            progress.rankings += 1;
        });
    }

    pub(super) fn answer(&self, findings: Arc<Findings>) {
        self.progress.send_modify(|progress| {
            progress.ranked = None;
            progress.answer = Some(findings);
        });
    }

    /// Nobody waits for it any longer.
    pub(super) fn end(&self) {
        self.progress.send_modify(|progress| progress.ended = true);
    }
}

impl Following {
    /// Follows from the start, as if it had been there all along. `eager`: also what is found so far.
    pub(super) fn new(search: Arc<Search>, eager: bool) -> Self {
        let progress = search.progress.subscribe();
        if eager {
            search.eager.fetch_add(1, Ordering::Relaxed);
            search.wanted.notify_one();
        }
        Self { search, progress, lines: 0, rankings: 0, eager, done: false }
    }

    /// What comes next; `None` after the answer, or where the search was broken off. Dropping the
    /// wait loses nothing.
    pub async fn next(&mut self) -> Option<Step> {
        loop {
            if self.done {
                return None;
            }
            if let Some(step) = self.take() {
                return Some(step);
            }
            if self.done || self.progress.changed().await.is_err() {
                return None;
            }
        }
    }

    /// Waits for the answer; `None` where the search was broken off.
    pub(super) async fn answer(
        mut self,
        on: &mut (dyn FnMut(&IndexLine) + Send),
    ) -> Option<Arc<Findings>> {
        while let Some(step) = self.next().await {
            match step {
                Step::Index(line) => on(&line),
                Step::Candidates(_) => {}
                Step::Done(findings) => return Some(findings),
            }
        }
        None
    }

    fn take(&mut self) -> Option<Step> {
        let progress = self.progress.borrow_and_update();
        if let Some(line) = progress.lines.get(self.lines) {
            self.lines += 1;
            return Some(Step::Index(line.clone()));
        }
        if let Some(answer) = &progress.answer {
            self.done = true;
            return Some(Step::Done(Arc::clone(answer)));
        }
        if let Some(ranked) = progress.ranked.as_ref().filter(|_| self.eager)
            && self.rankings < progress.rankings
        {
            self.rankings = progress.rankings;
            return Some(Step::Candidates(Arc::clone(ranked)));
        }
        self.done = progress.ended;
        None
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        if self.eager {
            self.search.eager.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
