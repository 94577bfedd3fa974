//! One search: title, indexes, unique torrents, availability, rank, as they come.
//!
//! It is answered as soon as everything useful is in: every index that may be asked has answered, and
//! so has the store for all they list; or when its time is over. An index that answers in time is
//! never left out for being the last: it may have the one torrent that is cached. But one that was
//! silent or late the last time is given a short grace after the others, and no more: it would make
//! every search as slow as itself. Whatever comes after the answer is kept for the next look.

mod before;
mod naming;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::de::IgnoredAny;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::check::Checks;
use super::desk::Desk;
use super::find::Look;
use super::findings::IndexLine;
use super::following::Search;
use super::indexes::Indexes;
use super::lock;
use crate::index::{self, Admission, Report, Source, State};
use crate::media::{Query, StremioId, Title};
use crate::release;
use crate::select;
use crate::torrent::{IndexName, Torrent};
use before::Before;

/// How long what was found is shown as it is.
const YOUNG: Duration = Duration::from_secs(600);
/// How long it is shown while others are asked behind.
const GOOD: Duration = Duration::from_secs(24 * 3600);
/// How long an index that was silent the last time is waited for after the others.
const GRACE: Duration = Duration::from_millis(300);
/// How many titles are asked for at once behind answers: nobody waits for these.
const MOST_BEHIND: usize = 4;
/// How often those who watch are shown a new ranking.
const SHOWN_EVERY: Duration = Duration::from_millis(250);

/// One search.
#[expect(clippy::struct_excessive_bools, reason = "four facts, each by itself")]
pub(super) struct Round {
    desk: Arc<Desk>,
    search: Arc<Search>,
    /// Those it began with, whatever is changed meanwhile.
    indexes: Arc<Indexes>,
    query: Query,
    start: Instant,
    before: Option<Before>,
    /// Asked for and not known yet.
    title: Option<BoxFuture<'static, Option<Title>>>,
    after_title: Vec<Arc<dyn Source>>,
    /// What else it is called; never waited for longer than for an index that was slow.
    names: Option<Vec<String>>,
    more_names: Option<BoxFuture<'static, Vec<String>>>,
    asking: FuturesUnordered<BoxFuture<'static, Report>>,
    /// Not heard of yet.
    open: BTreeMap<IndexName, Open>,
    /// Counted as silent when the answer was due.
    given_up: BTreeSet<IndexName>,
    /// What each has said in this search.
    rows: BTreeMap<IndexName, Vec<Torrent>>,
    lines: BTreeMap<IndexName, IndexLine>,
    checks: Checks,
    /// Since when only those are open that the answer does not wait for.
    grace: Option<Instant>,
    answered: bool,
    /// Whether it begins with what was found before; what is asked adds to that.
    refreshes: bool,
    /// Those that are asked behind the answer.
    behind: Vec<Arc<dyn Source>>,
    /// Whether it stands among those who ask.
    counted: bool,
    /// When the last ranking was shown, and whether there is news since.
    shown: Option<Instant>,
    news: bool,
}

/// An index that has said nothing yet.
#[derive(Clone, Copy)]
struct Open {
    /// Whether the answer waits for it.
    waited_for: bool,
    since: Instant,
}

impl Round {
    pub(super) fn new(desk: Arc<Desk>, search: Arc<Search>, id: StremioId) -> Self {
        let checks = Checks::new(desk.debrid(), desk.parts.cache.clone());
        let indexes = desk.indexes();
        Self {
            desk,
            search,
            indexes,
            query: Query { id, title: None },
            start: Instant::now(),
            before: None,
            title: None,
            after_title: Vec::new(),
            names: None,
            more_names: None,
            asking: FuturesUnordered::new(),
            open: BTreeMap::new(),
            given_up: BTreeSet::new(),
            rows: BTreeMap::new(),
            lines: BTreeMap::new(),
            checks,
            grace: None,
            answered: false,
            refreshes: false,
            behind: Vec::new(),
            counted: false,
            shown: None,
            news: false,
        }
    }

    pub(super) async fn run(mut self, look: Look) {
        release::expect_names();
        let cache = &self.desk.parts.cache;
        let id = self.query.id;
        self.before = cache
            .found(&id)
            .and_then(|(torrents, age)| Some(Before { torrents, age, asked: cache.asked(&id)?.0 }));
        self.query.title = self.desk.known_title(&id);
        self.recall_names();
        let good = match look {
            Look::Usual => GOOD,
            Look::Alone => YOUNG,
            Look::Anew => Duration::ZERO,
        };
        let before = self.before.as_ref().filter(|b| !b.torrents.is_empty());
        let age = before.filter(|before| !self.is_wider_than(before)).map(|before| before.age);
        let mut sources = self.indexes.sources.clone();
        if let Some(age) = age.filter(|age| *age < good) {
            sources = self.take_up(age).await;
            if self.answered && (sources.is_empty() || !self.may_ask_behind()) {
                return;
            }
        }
        *lock(&self.desk.asking).entry(id).or_default() += 1;
        self.counted = true;
        self.ask(sources);
        self.listen().await;
    }

    /// Whether nobody asks for the same already, or has while this look was answered, and not too many
    /// ask for others.
    fn may_ask_behind(&self) -> bool {
        let was_old = self.before.as_ref().is_some_and(|before| before.age >= YOUNG);
        let kept = self.desk.parts.cache.asked::<IgnoredAny>(&self.query.id);
        if was_old && kept.is_some_and(|(_, age)| age < YOUNG) {
            return false;
        }
        let asking = lock(&self.desk.asking);
        !asking.contains_key(&self.query.id) && asking.len() < MOST_BEHIND
    }

    /// Asks those of `sources` that may be asked; what needs the title waits for it.
    fn ask(&mut self, sources: Vec<Arc<dyn Source>>) {
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

    fn begin(&mut self, source: Arc<dyn Source>) {
        let query = self.query.clone();
        let (name, start) = (source.index(), Instant::now());
        if let Some(open) = self.open.get_mut(&name) {
            // What needs the title is asked later than others.
            open.since = start;
        }
        // A task each: nine answers are unpacked and read on all cores.
        let asked = async move {
            let report = index::ask(source.as_ref(), &query).await;
            // While others are still asked: the ranking finds these names read.
            tokio::task::block_in_place(|| select::read_ahead(&report.torrents, &query));
            report
        };
        let task = AbortOnDropHandle::new(self.desk.parts.tasks.spawn(asked));
        self.asking.push(Box::pin(async move {
            task.await.unwrap_or_else(|_| Report::late(name, start.elapsed()))
        }));
    }

    /// Hears everybody out. The answer goes out on the way.
    async fn listen(&mut self) {
        loop {
            self.step();
            let naming = self.title.is_some() || self.more_names.is_some();
            let open = !self.asking.is_empty() || naming;
            self.keep_checked(open);
            if self.answered && !open && self.checks.is_idle() {
                return;
            }
            let (search, wake) = (Arc::clone(&self.search), self.wake());
            tokio::select! {
                Some(report) = self.asking.next(), if !self.asking.is_empty() => self.hear(report),
                title = wait_for(&mut self.title), if self.title.is_some() => self.titled(title),
                names = wait_for(&mut self.more_names), if self.more_names.is_some() => {
                    self.named(names);
                }
                () = self.checks.hear(), if self.checks.is_calling() => self.news = true,
                () = search.wanted.notified() => {}
                () = sleep_until(wake) => {}
            }
        }
    }

    /// What the store has said since the answer went out: who plays from a page that is open knows it.
    fn keep_checked(&mut self, open: bool) {
        let whole = !self.refreshes || !open;
        if self.answered && self.news && whole && self.checks.is_idle() {
            self.news = false;
            self.desk.keep_recent(&self.findings(false));
        }
    }

    fn titled(&mut self, title: Option<Title>) {
        self.title = None;
        self.query.title = title;
        self.checks.sid = self.query.imdb();
        self.news = true;
        self.ask_names();
        for source in std::mem::take(&mut self.after_title) {
            self.begin(source);
        }
    }

    fn hear(&mut self, mut report: Report) {
        self.open.remove(&report.index);
        let late = report.elapsed >= self.desk.parts.patience;
        let said = !matches!(report.state, State::TimedOut | State::Failed);
        // Its silence was counted when the answer was due.
        if said || !self.given_up.contains(&report.index) {
            self.desk.health.settle(&mut report, late);
        } else {
            // What it was sent counts all the same.
            self.desk.health.spend(report.index, report.requests.saturating_sub(1));
        }
        self.note(&report);
        let torrents = std::mem::take(&mut report.torrents);
        self.checks.add(torrents.iter().map(|torrent| torrent.info_hash));
        let listed = matches!(report.state, State::Ok | State::Empty);
        if listed {
            self.rows.insert(report.index, torrents);
        }
        if listed || self.refreshes {
            // A refresh is kept when it is whole: half of one would make the other half look young.
            if self.answered && (!self.refreshes || self.open.is_empty()) {
                let findings = self.findings(false);
                self.keep(&findings);
                self.desk.keep_recent(&findings);
            }
        }
    }

    /// A line for those who follow, for the log, and for the answer.
    fn note(&mut self, report: &Report) {
        let line = IndexLine::from(report);
        self.desk.answers.count(line.index, line.state);
        tracing::info!(index = %line.index, torrents = line.torrents, elapsed_ms = line.elapsed_ms,
            state = ?line.state, message = line.message, "index answered");
        if !self.answered {
            self.search.tell(line.clone());
        }
        self.lines.insert(line.index, line);
        self.news = true;
    }

    /// Does what is due.
    fn step(&mut self) {
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
        if waits || self.title.is_some() {
            return false;
        }
        self.checks.pump(true);
        if !self.checks.is_idle() {
            return false;
        }
        let nothing = !self.refreshes && self.rows.values().all(Vec::is_empty);
        let grace = *self.grace.get_or_insert(now + GRACE);
        let named = self.more_names.is_none() || now >= grace;
        (self.open.is_empty() && named) || (!nothing && now >= grace)
    }

    /// When the answer must go out.
    fn due(&self) -> Instant {
        self.start + self.desk.parts.patience
    }

    fn next_shown(&self) -> Instant {
        self.shown.map_or(self.start, |shown| shown + SHOWN_EVERY)
    }

    /// When there is something to do although nobody has said anything.
    fn wake(&self) -> Instant {
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

    fn answer(&mut self) {
        let findings = Arc::new(self.findings(false));
        (self.answered, self.news) = (true, false);
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

/// What was asked for, once it is known.
async fn wait_for<T>(asked: &mut Option<BoxFuture<'static, T>>) -> T {
    match asked {
        Some(asked) => asked.await,
        None => std::future::pending().await,
    }
}

impl Drop for Round {
    /// Also where it was broken off, or panicked: nobody waits for it any longer, and no index is left
    /// on a trial that nobody hears the end of.
    fn drop(&mut self) {
        for index in self.open.keys().filter(|index| !self.given_up.contains(index)) {
            self.desk.health.not_asked(*index);
        }
        self.search.end();
        if self.counted {
            let mut asking = lock(&self.desk.asking);
            let left = asking.get(&self.query.id).map_or(0, |count| count.saturating_sub(1));
            if left == 0 {
                asking.remove(&self.query.id);
            } else {
                asking.insert(self.query.id, left);
            }
        }
        let mut under_way = lock(&self.desk.under_way);
        let ours = |search: &Arc<Search>| Arc::ptr_eq(search, &self.search);
        if under_way.get(&self.query.id).is_some_and(ours) {
            under_way.remove(&self.query.id);
        }
    }
}
