//! One search: title, indexes, unique torrents, availability, rank, as they come.
//!
//! It is answered as soon as everything useful is in: every index that may be asked has answered, and
//! so has the store for all they list; or when its time is over. An index that answers in time is
//! never left out for being the last: it may have the one torrent that is cached. But one that was
//! silent or late the last time is given a short grace after the others, and no more: it would make
//! every search as slow as itself. Whatever comes after the answer is kept for the next look.

mod answering;
mod asking;
mod before;
mod naming;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::check::Checks;
use super::desk::Desk;
use super::find::Look;
use super::findings::IndexLine;
use super::following::Search;
use super::indexes::Indexes;
use super::lock;
use crate::index::{Report, Source, State};
use crate::media::{Query, StremioId, Title};
use crate::release;
use crate::torrent::{IndexName, Torrent};
use before::Before;

/// How long what was found is shown as it is.
const YOUNG: Duration = Duration::from_secs(600);
/// How long it is shown while others are asked behind.
const GOOD: Duration = Duration::from_secs(24 * 3600);

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
    /// Heard of, while the names that they listed are read.
    unread: BTreeMap<IndexName, Arc<Vec<Torrent>>>,
    reading: FuturesUnordered<BoxFuture<'static, IndexName>>,
    /// What each has said in this search.
    rows: BTreeMap<IndexName, Arc<Vec<Torrent>>>,
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
    /// Until it is answered.
    expected: Option<release::Expected>,
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
            unread: BTreeMap::new(),
            reading: FuturesUnordered::new(),
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
            expected: None,
        }
    }

    pub(super) async fn run(mut self, look: Look) {
        self.expected = Some(release::expect_names());
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

    /// Hears everybody out. The answer goes out on the way.
    async fn listen(&mut self) {
        loop {
            self.step();
            let naming = self.title.is_some() || self.more_names.is_some();
            let open = !self.asking.is_empty() || !self.reading.is_empty() || naming;
            self.keep_checked(open);
            if self.answered && !open && self.checks.is_idle() {
                return;
            }
            let (search, wake) = (Arc::clone(&self.search), self.wake());
            tokio::select! {
                Some(report) = self.asking.next(), if !self.asking.is_empty() => self.hear(report),
                Some(index) = self.reading.next(), if !self.reading.is_empty() => self.take(index),
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
        if matches!(report.state, State::Ok | State::Empty) {
            self.read(report.index, torrents);
        } else if self.refreshes {
            self.keep_late();
        }
    }

    /// The names of what was listed are read: it may be ranked.
    fn take(&mut self, index: IndexName) {
        if let Some(torrents) = self.unread.remove(&index) {
            self.rows.insert(index, torrents);
            self.news = true;
            self.keep_late();
        }
    }

    /// What has come behind the answer is kept for the next look.
    fn keep_late(&self) {
        // A refresh is kept when it is whole: half of one would make the other half look young.
        let whole = self.open.is_empty() && self.unread.is_empty();
        if self.answered && (!self.refreshes || whole) {
            let findings = self.findings(false);
            self.keep(&findings);
            self.desk.keep_recent(&findings);
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
