//! The search: title, indexes, unique torrents, availability, rank.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::findings::{Findings, IndexLine, StoreLine, TitleLine, whole_ms};
use super::{Playback, RECENT, RECENT_CANDIDATES, RECENT_MOST, lock};
use crate::debrid::Debrid;
use crate::index::{self, Report, State};
use crate::media::{Query, StremioId, Title};
use crate::select::{self, Candidate};
use crate::torrent::{Availability, InfoHash, Store, Unique, unique};

/// How long a store's answer is believed: entries of its crowd database go stale.
const AVAILABILITY_AGE: Duration = Duration::from_secs(3600);
/// How long a search waits for a name: a film may be found and played without one.
const TITLE_PATIENCE: Duration = Duration::from_secs(3);
/// How long a title's name is believed.
const TITLE_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

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
                select::rank(torrents, &availability, &query, &self.preferences())
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
        let indexes = self.indexes();
        let reports = index::scrape_all(&indexes.sources, query, limit, heard).await;
        let mut scraped: Vec<Scraped> = reports
            .into_iter()
            .map(|report| Scraped { line: IndexLine::from(&report), torrents: report.torrents })
            .collect();
        for index in indexes.off() {
            let message = Some(format!(
                "{index} is switched off; the set-up page or the configuration switches it on"
            ));
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
