//! Which sources may have a file, and where.

use url::Url;

use super::health::Health;
use super::known::Known;
use super::source::Source;
use super::web_seed::{self, Unfit};

/// How many web seeds of a torrent are asked at once: strangers name them.
const MOST_WEB_SEEDS: usize = 8;

/// A source that may have the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) key: String,
    /// The owner's order; web seeds come behind it.
    pub(super) priority: u32,
    pub(super) url: Url,
}

/// What to ask.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) ready: Vec<Candidate>,
    /// Names of those that wait for the torrent's description.
    pub(super) waiting: Vec<String>,
    /// Names of those that cannot be asked for this file at all, each with a word why.
    pub(super) skipped: Vec<(String, &'static str)>,
}

/// What to ask for the file that is `known`, but for what was `asked` before.
pub(super) fn plan(
    known: &Known,
    sources: &[Source],
    web_seeds: &[String],
    health: &Health,
    asked: &[Url],
) -> Plan {
    let mut plan = Plan::default();
    // What has to be exactly as long cannot be judged before its length is known.
    let wait = known.size.is_none();
    for source in sources.iter().filter(|source| source.enabled) {
        let waits = wait
            || (source.needs_metadata && !known.is_whole())
            || (source.url.wants_index() && known.index.is_none());
        match source.url.fill(known) {
            _ if waits => plan.waiting.push(source.name.clone()),
            Some(url) => plan.ready.push(Candidate {
                name: source.name.clone(),
                key: source.key(),
                priority: source.priority,
                url,
            }),
            None => plan
                .skipped
                .push((source.name.clone(), "the file's name does not fit into its address")),
        }
    }
    let mut seeds: Vec<Candidate> = Vec::new();
    for seed in web_seeds {
        let Some(origin) = web_seed::origin(seed) else {
            plan.skipped.push(("a web seed".to_owned(), "it is no web address"));
            continue;
        };
        match web_seed::url(seed, known) {
            Ok(_) | Err(Unfit::NeedsMetadata) if wait => plan.waiting.push(origin),
            Err(Unfit::NeedsMetadata) => plan.waiting.push(origin),
            Err(Unfit::NotWeb) => plan.skipped.push((origin, "it is no web address")),
            Err(Unfit::Path) => {
                plan.skipped.push((origin, "the file's path leads out of its folder"));
            }
            Ok(url) => seeds.push(Candidate {
                key: key_of(&origin),
                name: origin,
                priority: u32::MAX,
                url,
            }),
        }
    }
    seeds.sort_by_key(|seed| health.rank(&seed.key));
    seeds.dedup_by(|a, b| a.url == b.url);
    seeds.truncate(MOST_WEB_SEEDS);
    plan.ready.append(&mut seeds);
    plan.ready.retain(|candidate| !asked.contains(&candidate.url));
    plan
}

/// How health knows a web seed.
pub(super) fn key_of(origin: &str) -> String {
    format!("seed:{origin}")
}
