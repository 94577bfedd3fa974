//! What all searches share: whom to ask, how these are, what is under way, and what was found a moment
//! ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::figures::Answers;
use super::findings::Findings;
use super::following::Search;
use super::indexes::Indexes;
use super::{Parts, lock};
use crate::cache::Cache;
use crate::debrid::Debrid;
use crate::index::{Health, Memory, Relay};
use crate::media::{ImdbId, Query, StremioId, Title};
use crate::select::Preferences;
use crate::torrent::IndexName;

/// How long a search is kept in memory, so that choosing from a page does not search again.
const RECENT: Duration = Duration::from_secs(600);
/// How many searches are kept.
const RECENT_MOST: usize = 4;
/// How many candidates of each: some 2 kB apiece, and nobody scrolls further.
const RECENT_CANDIDATES: usize = 200;
/// How long a search waits for a name: a film may be found and played without one.
const TITLE_PATIENCE: Duration = Duration::from_secs(3);
/// How long a title's name is believed.
const TITLE_AGE: Duration = Duration::from_secs(7 * 24 * 3600);
/// The same of an episode whose day nobody knew: it may be known since.
const UNDATED_AGE: Duration = Duration::from_secs(12 * 3600);

/// The store, and the last characters of its token.
pub(super) type Account = Arc<Mutex<Option<(Arc<Debrid>, String)>>>;

/// What all searches share.
pub(super) struct Desk {
    pub(super) parts: Arc<Parts>,
    pub(super) health: Health,
    /// What indexes have answered since the start.
    pub(super) answers: Answers,
    pub(super) relay: Relay,
    pub(super) under_way: Mutex<HashMap<StremioId, Arc<Search>>>,
    /// How many searches ask the indexes for a title just now, also behind their answers.
    pub(super) asking: Mutex<HashMap<StremioId, usize>>,
    /// Ends what searches do behind their answers.
    pub(super) ending: CancellationToken,
    account: Account,
    indexes: Mutex<Arc<Indexes>>,
    pub(super) preferences: Mutex<Arc<Preferences>>,
    recent: Mutex<Vec<(StremioId, Instant, Arc<Findings>)>>,
}

impl Desk {
    pub(super) fn new(parts: Arc<Parts>, account: Account) -> Self {
        let memory = Kept { cache: parts.cache.clone(), tasks: parts.tasks.clone() };
        Self {
            parts,
            health: Health::new(Box::new(memory)),
            answers: Answers::default(),
            relay: Relay::default(),
            under_way: Mutex::default(),
            asking: Mutex::default(),
            ending: CancellationToken::new(),
            account,
            indexes: Mutex::default(),
            preferences: Mutex::default(),
            recent: Mutex::default(),
        }
    }

    /// The indexes as they are now.
    pub(super) fn indexes(&self) -> Arc<Indexes> {
        Arc::clone(&lock(&self.indexes))
    }

    /// Asks these from now on.
    pub(super) fn use_indexes(&self, indexes: Indexes) {
        *lock(&self.indexes) = Arc::new(indexes);
        self.forget_searches();
    }

    pub(super) fn debrid(&self) -> Option<Arc<Debrid>> {
        lock(&self.account).as_ref().map(|(debrid, _)| Arc::clone(debrid))
    }

    /// What searches do behind their answers ends now.
    pub(super) fn end(&self) {
        self.ending.cancel();
    }

    /// Keeps the best of a search, so that a choice from a page does not search again.
    pub(super) fn keep_recent(&self, findings: &Findings) {
        let candidates = findings.candidates.iter().take(RECENT_CANDIDATES).cloned().collect();
        let kept = Arc::new(Findings { candidates, ..findings.without_candidates() });
        let mut recent = lock(&self.recent);
        recent.retain(|(other, ..)| *other != findings.id);
        recent.push((findings.id, Instant::now(), kept));
        let surplus = recent.len().saturating_sub(RECENT_MOST);
        recent.drain(..surplus);
    }

    /// The search of a moment ago.
    pub(super) fn recent(&self, id: &StremioId) -> Option<Arc<Findings>> {
        lock(&self.recent)
            .iter()
            .find(|(other, at, _)| other == id && at.elapsed() < RECENT)
            .map(|(.., findings)| Arc::clone(findings))
    }

    /// Forgets recent searches: what they say of availability holds for another store no more.
    pub(super) fn forget_searches(&self) {
        lock(&self.recent).clear();
        self.join_no_more();
    }

    /// Searches under way do not know what was learnt just now: they end by themselves, and who asks
    /// again has another.
    pub(super) fn join_no_more(&self) {
        lock(&self.under_way).clear();
    }

    /// What it is called, where that need not be looked up again: it was told of late, and by no other
    /// map of anime ids than there is now.
    pub(super) fn known_title(&self, id: &StremioId) -> Option<Title> {
        let edition = self.parts.titles.edition();
        let (title, age) = self.parts.cache.title_told_by(id, &edition)?;
        let undated = id.episode().is_some() && title.air_date.is_none();
        (age < if undated { UNDATED_AGE } else { TITLE_AGE }).then_some(title)
    }

    /// What is known of a title, also what is old, with every name of it: for who chooses among files
    /// and asks nobody.
    pub(super) fn query(&self, id: &StremioId) -> Query {
        let title = self.parts.cache.title(id).map(|(title, _)| {
            let names = self.parts.titles.names_of_before(id, title.imdb);
            also_called(title, names)
        });
        Query { id: *id, title }
    }

    /// What else it is called; nobody waits for that long. What comes later is kept for the next look.
    pub(super) async fn other_names(&self, id: StremioId, imdb: Option<ImdbId>) -> Vec<String> {
        let titles = self.parts.titles.clone();
        let asked = self.parts.tasks.spawn(async move { titles.other_names(&id, imdb).await });
        let told = tokio::time::timeout(TITLE_PATIENCE, asked).await;
        told.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// What it is called. Nobody's answer is worth failing a search: a stale name, then none.
    pub(super) async fn title(&self, id: &StremioId) -> Option<Title> {
        if let Some(title) = self.known_title(id) {
            return Some(title);
        }
        let known = self.parts.cache.title(id);
        let edition = self.parts.titles.edition();
        let looked_up = tokio::time::timeout(TITLE_PATIENCE, self.parts.titles.look_up(id)).await;
        match looked_up.unwrap_or(Ok(None)) {
            Ok(Some(title)) if !title.name.is_empty() => {
                self.parts.cache.put_title(id, &title, &edition);
                Some(title)
            }
            // Nobody answered, but other ids are known.
            Ok(Some(title)) => known.map(|(title, _)| title).or(Some(title)),
            Ok(None) => known.map(|(title, _)| title),
            Err(error) => {
                tracing::warn!(%id, %error, "no title");
                known.map(|(title, _)| title)
            }
        }
    }
}

/// The title with more names.
pub(super) fn also_called(mut title: Title, names: Vec<String>) -> Title {
    let new = |name: &String| *name != title.name && !title.aliases.contains(name);
    let names: Vec<String> = names.into_iter().filter(new).collect();
    title.aliases.extend(names);
    title
}

/// What is known of the indexes lies in the cache.
struct Kept {
    cache: Cache,
    tasks: TaskTracker,
}

impl Memory for Kept {
    fn read(&self, index: IndexName) -> Option<serde_json::Value> {
        self.cache.index(index)
    }

    fn keep(&self, index: IndexName, record: serde_json::Value, soon: bool) {
        self.cache.put_index(index, &record);
        if soon {
            let cache = self.cache.clone();
            self.tasks.spawn(async move { cache.flush().await });
        }
    }
}
