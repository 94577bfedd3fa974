//! Looking for the sources that have a file: all are tested at once, and the best are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::choice;
use super::error::Error;
use super::film::{Way, Ways};
use super::known::Known;
use super::plan::{Candidate, Plan, plan};
use super::probe::{self, Fault, Proof};
use super::{Mirrors, Wanted, cache};
use crate::torrent::metainfo::Metainfo;

/// How many sources are kept beside the best one.
const BACKUPS: usize = 3;

/// One search.
pub(super) struct Search<'a> {
    mirrors: &'a Mirrors,
    wanted: &'a Wanted,
    known: Known,
    web_seeds: Vec<String>,
    asked: Vec<Url>,
    running: FuturesUnordered<BoxFuture<'a, Step>>,
    /// Whether the torrent caches are asked, or were.
    learning: bool,
    outcomes: Vec<Outcome>,
    /// Why there is no description, where one was needed.
    unknown: Option<String>,
}

enum Step {
    Tested(Candidate, Result<Proof, Fault>),
    Learnt(Result<Metainfo, Error>),
}

/// What a test of one source said.
pub(super) struct Outcome {
    pub(super) candidate: Candidate,
    pub(super) result: Result<Proof, Fault>,
}

/// Everything that was asked, and what it said.
pub(super) struct Found {
    pub(super) outcomes: Vec<Outcome>,
    /// Those that were still silent when the search ended.
    pub(super) silent: Vec<Candidate>,
    pub(super) waiting: Vec<String>,
    pub(super) skipped: Vec<(String, &'static str)>,
    pub(super) unknown: Option<String>,
    /// The file, with what the search has learnt of it.
    pub(super) known: Known,
}

impl<'a> Search<'a> {
    pub(super) fn new(mirrors: &'a Mirrors, wanted: &'a Wanted) -> Self {
        Self {
            mirrors,
            wanted,
            known: Known::of(wanted),
            web_seeds: wanted.web_seeds.clone(),
            asked: Vec::new(),
            running: FuturesUnordered::new(),
            learning: false,
            outcomes: Vec::new(),
            unknown: None,
        }
    }

    /// Tests all sources at once. `for_a_film`: once one has the file, the others have a moment more
    /// to be found as its backups; and while none has it, the torrent's description is asked for, which
    /// may name web seeds. Otherwise each has its whole time, and only what is known is asked.
    pub(super) async fn run(mut self, for_a_film: bool) -> Found {
        let mut plan = self.test();
        if plan.ready.is_empty() || !plan.waiting.is_empty() {
            self.learn();
        }
        let (patience, begun) = (self.mirrors.patience(), Instant::now());
        // A test ends by itself within its limit, and so does the learning before a second round.
        let most = begun + patience.test * 2;
        let mut end: Option<Instant> = None;
        loop {
            let may_learn = for_a_film && !self.learning && !self.works();
            if self.running.is_empty() {
                if !may_learn {
                    break;
                }
                self.learn();
            }
            let step = tokio::select! {
                step = self.running.next() => step,
                () = sleep_until(end.unwrap_or(most)) => break,
                () = sleep_until(begun + patience.grace), if may_learn => {
                    self.learn();
                    continue;
                }
            };
            match step {
                Some(Step::Tested(candidate, result)) => {
                    self.note(&candidate, &result);
                    if result.is_ok() && for_a_film && end.is_none() {
                        end = Some(Instant::now() + patience.grace);
                    }
                    self.outcomes.push(Outcome { candidate, result });
                }
                Some(Step::Learnt(Ok(metainfo))) => {
                    self.known.learn(&metainfo);
                    let own = self.web_seeds.len();
                    for seed in metainfo.web_seeds {
                        if !self.web_seeds.contains(&seed) {
                            self.web_seeds.push(seed);
                        }
                    }
                    tracing::debug!(seeds = self.web_seeds.len() - own, "a torrent cache helped");
                    plan = self.test();
                }
                Some(Step::Learnt(Err(error))) => self.unknown = Some(error.to_string()),
                None => {}
            }
        }
        self.found(plan)
    }

    /// Whether one has the file.
    fn works(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.result.is_ok())
    }

    fn found(self, plan: Plan) -> Found {
        let tested = |url: &Url| self.outcomes.iter().any(|one| one.candidate.url == *url);
        let every = plan.ready.into_iter();
        let silent = every.filter(|candidate| !tested(&candidate.url)).collect();
        Found {
            silent,
            outcomes: self.outcomes,
            waiting: plan.waiting,
            skipped: plan.skipped,
            unknown: self.unknown,
            known: self.known,
        }
    }

    /// Begins the tests of what may be asked by now and was not yet.
    fn test(&mut self) -> Plan {
        let sources = self.mirrors.own_sources();
        let health = &self.mirrors.0.health;
        let whole = plan(&self.known, &sources, &self.web_seeds, health, &[]);
        let Some(len) = self.known.size else { return whole };
        for candidate in &whole.ready {
            if self.asked.contains(&candidate.url) {
                continue;
            }
            self.asked.push(candidate.url.clone());
            let (candidate, mirrors) = (candidate.clone(), self.mirrors);
            self.running.push(Box::pin(async move {
                let limit = mirrors.patience().test;
                let result = probe::test(&mirrors.0.client, &candidate.url, len, limit).await;
                Step::Tested(candidate, result)
            }));
        }
        whole
    }

    /// Begins to ask the torrent caches.
    fn learn(&mut self) {
        self.learning = true;
        let (mirrors, info_hash) = (self.mirrors, self.wanted.info_hash);
        self.running.push(Box::pin(async move {
            Step::Learnt(mirrors.described(&info_hash).await.map(|(_, metainfo)| metainfo))
        }));
    }

    fn note(&self, candidate: &Candidate, result: &Result<Proof, Fault>) {
        let health = &self.mirrors.0.health;
        match result {
            Ok(proof) => health.success(&candidate.key, proof.latency),
            Err(Fault::Has(404 | 410)) => health.miss(&candidate.key),
            Err(fault) => health.failure(&candidate.key, &told(candidate, fault)),
        }
    }
}

/// A failure with the name of whose it is.
pub(super) fn told(candidate: &Candidate, fault: &Fault) -> String {
    format!("{}: {fault}", candidate.name)
}

impl Found {
    /// The sources to read at, the best first, or why there is none.
    pub(super) async fn ways(self, mirrors: &Mirrors, wanted: &Wanted) -> Result<Ways, Error> {
        let file = wanted.file.base_name().to_owned();
        let tried = self.outcomes.len();
        let Some(len) = self.known.size else {
            let why = self.unknown.unwrap_or_default();
            return Err(if self.waiting.is_empty() {
                Error::NoSource { file }
            } else {
                Error::NeedsMetadata { file, why }
            });
        };
        let mut failures = Vec::new();
        let mut works: Vec<(Candidate, Proof)> = Vec::new();
        for Outcome { candidate, result } in self.outcomes {
            match result {
                Ok(proof) => works.push((candidate, proof)),
                Err(fault) => failures.push(told(&candidate, &fault)),
            }
        }
        let health = &mirrors.0.health;
        works.sort_by_key(|(candidate, proof)| {
            (health.rank(&candidate.key).0, candidate.priority, proof.latency)
        });
        if works.is_empty() {
            return Err(match (failures.into_iter().next(), self.waiting.is_empty()) {
                (Some(why), _) => Error::NoneWorks { file, tried, why },
                (None, false) => {
                    Error::NeedsMetadata { file, why: self.unknown.unwrap_or_default() }
                }
                (None, true) => Error::NoSource { file },
            });
        }
        let chosen = choice::of_one_mind(mirrors, wanted, len, works).await;
        let (sample, same) =
            chosen.map_err(|why| Error::NoneWorks { file: file.clone(), tried, why })?;
        let proven = same.into_iter().map(|candidate| way(candidate, true));
        let silent = self.silent.into_iter().map(|candidate| way(candidate, false));
        Ok(Ways {
            client: mirrors.0.client.clone(),
            health: Arc::clone(health),
            patience: mirrors.patience(),
            file,
            len,
            sample,
            all: proven.chain(silent).take(1 + BACKUPS).collect(),
            current: AtomicUsize::new(0),
        })
    }
}

fn way(Candidate { name, key, url, .. }: Candidate, proven: bool) -> Way {
    Way { name, key, url, proven: AtomicBool::new(proven), other: AtomicBool::new(false) }
}

impl Mirrors {
    /// The description of a torrent from the caches, as it was sent and as it was read.
    pub(super) async fn described(
        &self,
        info_hash: &crate::torrent::InfoHash,
    ) -> Result<(Vec<u8>, Metainfo), Error> {
        let (inner, patience) = (&self.0, self.patience());
        let (client, health, caches) = (&inner.client, &inner.health, &inner.caches);
        cache::metainfo(client, health, caches, info_hash, patience.test, patience.turn).await
    }
}
