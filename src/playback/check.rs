//! The store's check, begun as soon as the first torrents are known and not when the last are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::findings::StoreLine;
use crate::cache::Cache;
use crate::debrid::{AT_ONCE, CHUNK, Checked, Debrid, Error};
use crate::media::StremioId;
use crate::torrent::{Availability, InfoHash, Store, Unique};

/// How long a store's answer is believed: entries of its crowd database go stale.
pub(super) const FRESH: Duration = Duration::from_secs(3600);
/// How long it is believed while another is asked for behind.
pub(super) const STALE: Duration = Duration::from_secs(24 * 3600);

type Call = BoxFuture<'static, (Vec<InfoHash>, Result<Vec<Checked>, Error>)>;

/// What a store has at once, as far as is known.
pub(super) struct Checks {
    debrid: Option<Arc<Debrid>>,
    cache: Cache,
    /// The asked title in the store's terms.
    pub(super) sid: Option<StremioId>,
    seen: HashSet<InfoHash>,
    /// Not asked for yet.
    open: Vec<InfoHash>,
    calls: FuturesUnordered<Call>,
    /// In calls under way.
    asked: usize,
    known: HashMap<InfoHash, Availability>,
    answers: usize,
    failures: usize,
    why: Option<String>,
}

impl Checks {
    pub(super) fn new(debrid: Option<Arc<Debrid>>, cache: Cache) -> Self {
        Self {
            debrid,
            cache,
            sid: None,
            seen: HashSet::new(),
            open: Vec::new(),
            calls: FuturesUnordered::new(),
            asked: 0,
            known: HashMap::new(),
            answers: 0,
            failures: 0,
            why: None,
        }
    }

    pub(super) fn store(&self) -> Option<Store> {
        self.debrid.as_ref().map(|debrid| debrid.store())
    }

    /// Takes up what was said before, if it is younger than `believed`; says of how many hashes
    /// nothing is known.
    pub(super) fn recall(
        &mut self,
        hashes: impl Iterator<Item = InfoHash>,
        believed: Duration,
    ) -> usize {
        let Some(store) = self.store() else { return 0 };
        let mut unknown = 0;
        for hash in hashes {
            match self.cache.availability(store, &hash) {
                Some((state, age)) if age < believed || state == Availability::Refused => {
                    self.known.insert(hash, state);
                }
                _ => unknown += 1,
            }
        }
        unknown
    }

    /// Wants to know of these, and asks as soon as it is worth a call.
    pub(super) fn add(&mut self, hashes: impl Iterator<Item = InfoHash>) {
        let Some(store) = self.store() else { return };
        for hash in hashes {
            if !self.seen.insert(hash) {
                continue;
            }
            match self.cache.availability(store, &hash) {
                Some((state, age)) if age < FRESH || state == Availability::Refused => {
                    self.known.insert(hash, state);
                }
                _ => self.open.push(hash),
            }
        }
        self.pump(false);
    }

    /// Calls while there are places: for a full chunk, for whatever there is when nothing is under
    /// way (the first rows must not wait for the last), and for the `rest` once no more come.
    pub(super) fn pump(&mut self, rest: bool) {
        let Some(debrid) = &self.debrid else { return };
        while !self.open.is_empty()
            && self.calls.len() < AT_ONCE
            && (rest || self.calls.is_empty() || self.open.len() >= CHUNK)
        {
            let chunk: Vec<InfoHash> = self.open.drain(..self.open.len().min(CHUNK)).collect();
            let (debrid, sid) = (Arc::clone(debrid), self.sid);
            self.asked += chunk.len();
            let call = async move {
                let answer = debrid.check(&chunk, sid.as_ref()).await;
                (chunk, answer)
            };
            self.calls.push(Box::pin(call));
        }
    }

    /// Whether nothing is left to ask or to hear.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty() && self.calls.is_empty()
    }

    /// Whether a call is under way.
    pub(super) fn is_calling(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Hears one call out. A call that fails loses what it asked for and nothing else; one that says
    /// something of the account ends the asking. Where none is under way it never returns.
    pub(super) async fn hear(&mut self) {
        let Some((chunk, answer)) = self.calls.next().await else {
            return std::future::pending().await;
        };
        self.asked -= chunk.len();
        match answer {
            Ok(checked) => {
                self.answers += 1;
                // What it leaves out is unknown, also where it was known before.
                let told: HashMap<_, _> =
                    checked.iter().map(|one| (one.info_hash, one.availability)).collect();
                let state = |hash| *told.get(hash).unwrap_or(&Availability::Unknown);
                let news: Vec<_> = chunk.iter().map(|hash| (*hash, state(hash))).collect();
                if let Some(store) = self.store() {
                    self.cache.put_availability(store, &news);
                }
                self.known.extend(news);
            }
            Err(error) => {
                tracing::warn!(%error, "a check at the store failed");
                self.failures += 1;
                if error.is_of_the_token() || matches!(error, Error::Limited { .. }) {
                    self.open.clear();
                }
                self.why = Some(error.to_string());
            }
        }
        self.pump(false);
    }

    /// What the store has of `torrents`; of what nobody has said anything, nothing is known.
    pub(super) fn of(
        &self,
        torrents: &[Unique],
    ) -> HashMap<InfoHash, BTreeMap<Store, Availability>> {
        let Some(store) = self.store() else { return HashMap::new() };
        let of_store = |torrent: &Unique| {
            let state = self.known.get(&torrent.info_hash).copied();
            let state = state.unwrap_or(Availability::Unknown);
            (torrent.info_hash, BTreeMap::from([(store, state)]))
        };
        torrents.iter().map(of_store).collect()
    }

    /// How it went, in words where it did not go well.
    pub(super) fn line(&self) -> Option<StoreLine> {
        let store = self.store()?;
        let state = if self.failures > 0 && self.answers == 0 { "failed" } else { "ok" };
        let late = self.asked + self.open.len();
        let message = match (&self.why, late) {
            (Some(why), _) if self.answers == 0 => Some(why.clone()),
            (Some(why), _) => Some(format!(
                "{store} answered {} of {} checks, the rest counts as unknown: {why}",
                self.answers,
                self.answers + self.failures
            )),
            (None, 0) => None,
            (None, late) => Some(format!(
                "{store} has not yet said of {late} torrents whether it has them; look again in a \
                 moment"
            )),
        };
        Some(StoreLine { store, state, message })
    }
}
