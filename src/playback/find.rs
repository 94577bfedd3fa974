//! The search: title, indexes, unique torrents, availability, rank.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::{Playback, RECENT, RECENT_CANDIDATES, RECENT_MOST, lock};
use crate::debrid::Debrid;
use crate::index::{self, Report, State};
use crate::media::{ImdbId, Query, StremioId, Title};
use crate::select::{self, Candidate};
use crate::torrent::{Availability, IndexName, InfoHash, Store, Unique, unique};

/// How long a store's answer is believed: entries of its crowd database go stale.
const AVAILABILITY_AGE: Duration = Duration::from_secs(3600);
/// How long a search waits for a name: a film may be found and played without one.
const TITLE_PATIENCE: Duration = Duration::from_secs(3);
/// How long a title's name is believed.
const TITLE_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

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
    /// How the debrid store's check fared; `null` where none is set.
    pub store: Option<StoreLine>,
    /// Where no index answered and what was found before stands in: how old that is, in seconds.
    pub found_before_s: Option<u64>,
    /// Rows of all indexes.
    pub torrents_found: usize,
    /// Torrents.
    pub unique: usize,
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// What the indexes were asked; kept for the choice of the file.
    #[serde(skip)]
    pub query: Query,
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
#[derive(Debug, Clone, Serialize)]
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
    fn without_candidates(&self) -> Self {
        Self {
            id: self.id,
            title: self.title.clone(),
            elapsed_ms: self.elapsed_ms,
            indexes: self.indexes.clone(),
            store: self.store.clone(),
            found_before_s: self.found_before_s,
            torrents_found: self.torrents_found,
            unique: self.unique,
            candidates: Vec::new(),
            query: self.query.clone(),
        }
    }

    /// The sentence of the first index that failed, where every index that was asked did.
    #[must_use]
    pub fn every_index_failed(&self) -> Option<String> {
        let well = |line: &IndexLine| matches!(line.state, State::Ok | State::Empty);
        let asked = |line: &&IndexLine| !matches!(line.state, State::Off);
        if self.indexes.iter().any(well) {
            return None;
        }
        let first = self.indexes.iter().find(asked);
        let none = || "every index is switched off".to_owned();
        Some(first.map_or_else(none, |line| line.message.clone().unwrap_or_default()))
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
        }
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Playback {
    /// Searches anew; `on` hears of each index as it answers.
    pub async fn find(
        &self,
        id: &StremioId,
        on: &mut (dyn FnMut(&IndexLine) + Send),
    ) -> Arc<Findings> {
        let start = Instant::now();
        let (query, mut reports) = self.ask(id, on).await;
        let found = reports.iter_mut().flat_map(|report| std::mem::take(&mut report.torrents));
        let found: Vec<_> = found.collect();
        let torrents_found = found.len();
        let (torrents, age) = self.remember(&query, unique(found), &reports);
        let count = torrents.len();
        let (availability, store) = self.availability(&query, &torrents).await;
        let title = query.title.as_ref().map(|title| TitleLine {
            name: title.name.clone(),
            year: title.year,
            imdb: title.imdb,
        });
        let findings = Arc::new(Findings {
            id: *id,
            title,
            indexes: reports.into_iter().map(|report| report.line).collect(),
            store,
            found_before_s: age.map(|age| age.as_secs()),
            torrents_found,
            unique: count,
            // Thousands of names are read here, and others want this thread.
            candidates: tokio::task::block_in_place(|| {
                select::rank(torrents, &availability, &query)
            }),
            elapsed_ms: whole_ms(start.elapsed()),
            query,
        });
        self.keep_recent(&findings);
        findings
    }

    /// The title and the indexes. Nobody knows a film by an IMDb id better for knowing its name, so
    /// those ids are asked for while the name is still looked up; others may need their IMDb place.
    async fn ask(
        &self,
        id: &StremioId,
        on: &mut (dyn FnMut(&IndexLine) + Send),
    ) -> (Query, Vec<Scraped>) {
        if let StremioId::Imdb { .. } = id {
            let nameless = Query { id: *id, title: None };
            let (title, reports) = tokio::join!(self.title(id), self.scrape(&nameless, on));
            return (Query { id: *id, title }, reports);
        }
        let query = Query { id: *id, title: self.title(id).await };
        let reports = self.scrape(&query, on).await;
        (query, reports)
    }

    /// Keeps the best of a search, so that a choice from a page does not search again.
    fn keep_recent(&self, findings: &Findings) {
        let candidates = findings.candidates.iter().take(RECENT_CANDIDATES).cloned().collect();
        let kept = Arc::new(Findings { candidates, ..findings.without_candidates() });
        let mut recent = lock(&self.recent);
        recent.retain(|(other, ..)| *other != findings.id);
        recent.push((findings.id, Instant::now(), kept));
        let surplus = recent.len().saturating_sub(RECENT_MOST);
        recent.drain(..surplus);
    }

    /// The search of a moment ago, or a new one: also where `only` was not among the best of it.
    pub(super) async fn findings(&self, id: &StremioId, only: Option<InfoHash>) -> Arc<Findings> {
        let known = lock(&self.recent)
            .iter()
            .find(|(other, at, _)| other == id && at.elapsed() < RECENT)
            .map(|(.., findings)| Arc::clone(findings));
        let has = |findings: &Arc<Findings>| {
            let wanted = |one: &Candidate| only.is_none_or(|only| one.torrent.info_hash == only);
            findings.candidates.iter().any(wanted)
        };
        match known.filter(has) {
            Some(findings) => findings,
            None => self.find(id, &mut |_| {}).await,
        }
    }

    /// Forgets recent searches: what they say of availability holds for another store no more.
    pub(super) fn forget_searches(&self) {
        lock(&self.recent).clear();
    }

    /// What it is called. Nobody's answer is worth failing a search: a stale name, then none.
    async fn title(&self, id: &StremioId) -> Option<Title> {
        let known = self.parts.cache.title(id);
        if let Some((title, age)) = &known
            && *age < TITLE_AGE
        {
            return Some(title.clone());
        }
        let looked_up = tokio::time::timeout(TITLE_PATIENCE, self.parts.titles.look_up(id)).await;
        match looked_up.unwrap_or(Ok(None)) {
            Ok(Some(title)) => {
                self.parts.cache.put_title(id, &title);
                Some(title)
            }
            Ok(None) => known.map(|(title, _)| title),
            Err(error) => {
                tracing::warn!(%id, %error, "no title");
                known.map(|(title, _)| title)
            }
        }
    }

    async fn scrape(&self, query: &Query, on: &mut (dyn FnMut(&IndexLine) + Send)) -> Vec<Scraped> {
        let limit = self.parts.patience;
        let heard = |report: &Report| {
            let line = IndexLine::from(report);
            tracing::info!(index = %line.index, torrents = line.torrents, elapsed_ms = line.elapsed_ms,
                state = ?line.state, message = line.message, "index answered");
            on(&line);
        };
        let reports = index::scrape_all(&self.parts.sources, query, limit, heard).await;
        let mut scraped: Vec<Scraped> = reports
            .into_iter()
            .map(|report| Scraped { line: IndexLine::from(&report), torrents: report.torrents })
            .collect();
        let asked: Vec<IndexName> = scraped.iter().map(|one| one.line.index).collect();
        for index in IndexName::ALL.into_iter().filter(|index| !asked.contains(index)) {
            let message = Some(format!("{index} is switched off in the configuration"));
            let line = IndexLine { index, state: State::Off, torrents: 0, elapsed_ms: 0, message };
            scraped.push(Scraped { line, torrents: Vec::new() });
        }
        scraped.sort_by_key(|one| one.line.index);
        scraped
    }

    /// Keeps what was found; where no index answered, what was found before stands in, with its age.
    fn remember(
        &self,
        query: &Query,
        found: Vec<Unique>,
        reports: &[Scraped],
    ) -> (Vec<Unique>, Option<Duration>) {
        let any = reports.iter().any(|one| matches!(one.line.state, State::Ok | State::Empty));
        if any && !found.is_empty() {
            self.parts.cache.put_found(&query.id, &found);
        }
        match self.parts.cache.found(&query.id).filter(|_| !any) {
            Some((kept, age)) => (kept, Some(age)),
            None => (found, None),
        }
    }

    async fn availability(
        &self,
        query: &Query,
        torrents: &[Unique],
    ) -> (HashMap<InfoHash, BTreeMap<Store, Availability>>, Option<StoreLine>) {
        let Some(debrid) = self.debrid() else { return (HashMap::new(), None) };
        let store = debrid.store();
        let mut known = HashMap::new();
        for torrent in torrents {
            let hash = torrent.info_hash;
            let fresh = self.parts.cache.availability(store, &hash);
            let fresh = fresh.filter(|(_, age)| *age < AVAILABILITY_AGE).map(|(state, _)| state);
            let refused = self.parts.cache.refused(store, &hash).then_some(Availability::Refused);
            if let Some(state) = refused.or(fresh) {
                known.insert(hash, state);
            }
        }
        let open = torrents.iter().map(|torrent| torrent.info_hash);
        let open: Vec<InfoHash> = open.filter(|hash| !known.contains_key(hash)).collect();
        let line = self.check(&debrid, query, &open, &mut known).await;
        let of_store = |torrent: &Unique| {
            let state = known.get(&torrent.info_hash).copied().unwrap_or(Availability::Unknown);
            (torrent.info_hash, BTreeMap::from([(store, state)]))
        };
        (torrents.iter().map(of_store).collect(), Some(line))
    }

    async fn check(
        &self,
        debrid: &Debrid,
        query: &Query,
        open: &[InfoHash],
        known: &mut HashMap<InfoHash, Availability>,
    ) -> StoreLine {
        let store = debrid.store();
        if open.is_empty() {
            return StoreLine { store, state: "ok", message: None };
        }
        match debrid.check(open, query.imdb().as_ref()).await {
            Ok(checked) => {
                let news: Vec<_> =
                    checked.iter().map(|one| (one.info_hash, one.availability)).collect();
                self.parts.cache.put_availability(store, &news);
                known.extend(news);
                StoreLine { store, state: "ok", message: None }
            }
            Err(error) => {
                tracing::warn!(%store, %error, "the store's check failed");
                StoreLine { store, state: "failed", message: Some(error.to_string()) }
            }
        }
    }
}

/// An index's line and its torrents, until these are merged.
struct Scraped {
    line: IndexLine,
    torrents: Vec<crate::torrent::Torrent>,
}
