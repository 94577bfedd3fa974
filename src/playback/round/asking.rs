//! Whom a search asks: those of its indexes that may be asked, each as soon as what it needs is known.
//! Behind answers few searches ask at once, since nobody waits for these.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::super::lock;
use super::{Open, Round, YOUNG};
use crate::index::{self, Admission, Report, Source};
use crate::media::StremioId;
use crate::select;
use crate::torrent::{IndexName, Torrent};

/// How many titles are asked for at once behind answers: nobody waits for these.
const MOST_BEHIND: usize = 4;

impl Round {
    /// Whether nobody asks for the same already, or has while this look was answered, and not too many
    /// ask for others.
    pub(super) fn may_ask_behind(&self) -> bool {
        let was_old = self.before.as_ref().is_some_and(|before| before.age >= YOUNG);
        let kept = self.desk.parts.cache.asked::<IgnoredAny>(&self.query.id);
        if was_old && kept.is_some_and(|(_, age)| age < YOUNG) {
            return false;
        }
        let asking = lock(&self.desk.asking);
        !asking.contains_key(&self.query.id) && asking.len() < MOST_BEHIND
    }

    /// Asks those of `sources` that may be asked; what needs the title waits for it.
    pub(super) fn ask(&mut self, sources: Vec<Arc<dyn Source>>) {
        self.checks.sid = self.query.imdb();
        if self.query.title.is_none() {
            let (desk, id) = (Arc::clone(&self.desk), self.query.id);
            self.title = Some(Box::pin(async move { desk.title(&id).await }));
        }
        self.ask_names();
        // Anime is better asked for by its numbers in the catalogues of anime.
        let anime = self.desk.parts.titles.is_anime(&self.query.id);
        // Where something was found before, others have answered: then it is not our own network
        // that fails.
        let may_be_our_own = !self.answered && !self.refreshes;
        let admissions = self.desk.health.admit(&sources, may_be_our_own);
        for (source, admission) in sources.into_iter().zip(admissions) {
            match admission {
                Admission::Shut(shut) => self.note(&Report::shut(source.index(), shut)),
                Admission::Ask { waited_for } => {
                    let since = Instant::now();
                    self.open.insert(source.index(), Open { waited_for, since });
                    // Nobody knows a film by an IMDb id better for knowing its name, so those are
                    // asked while it is still looked up; other ids may need their IMDb place.
                    let by_id = matches!(self.query.id, StremioId::Imdb { .. });
                    if self.title.is_some() && (source.wants_title() || !by_id || anime) {
                        self.after_title.push(source);
                    } else {
                        self.begin(source);
                    }
                }
            }
        }
    }

    pub(super) fn begin(&mut self, source: Arc<dyn Source>) {
        let query = self.query.clone();
        let (name, start) = (source.index(), Instant::now());
        if let Some(open) = self.open.get_mut(&name) {
            // What needs the title is asked later than others.
            open.since = start;
        }
        // A task each: nine answers are unpacked and read on all cores.
        let asked = async move { index::ask(source.as_ref(), &query).await };
        let task = AbortOnDropHandle::new(self.desk.parts.tasks.spawn(asked));
        self.asking.push(Box::pin(async move {
            task.await.unwrap_or_else(|_| Report::late(name, start.elapsed()))
        }));
    }
    /// Has the names read that `index` lists, while others are still asked: the ranking finds them
    /// read. Until then they are ranked only where the answer is due: a reader that has just been
    /// started takes seconds to compile its grammar where the processor is slow, and that is no
    /// silence of the index.
    pub(super) fn read(&mut self, index: IndexName, torrents: Vec<Torrent>) {
        let torrents = Arc::new(torrents);
        self.unread.insert(index, Arc::clone(&torrents));
        let query = self.query.clone();
        let read = async move {
            tokio::task::block_in_place(|| select::read_ahead(&torrents, &query));
        };
        let task = AbortOnDropHandle::new(self.desk.parts.tasks.spawn(read));
        self.reading.push(Box::pin(async move {
            // One that broke off has read less; the ranking reads the rest.
            let _ = task.await;
            index
        }));
    }
}
