//! The mirrors as people and programs see them. No key that stands in an address is shown.

use std::time::Duration;

use serde::Serialize;

use super::health::Standing;
use super::probe::Fault;
use super::search::{Search, told};
use super::services::{EXCLUDED, SERVICES, Service};
use super::source::Source;
use super::{BadSource, Error, Mirrors, Wanted, cache};

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One of the owner's.
    Own,
    /// A service that is known by name, and off.
    Service,
}

/// A source, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceLine {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub kind: Kind,
    /// Its address, cut where a key may stand in it; `null`: of a service.
    pub url: Option<String>,
    /// The lowest is asked first.
    pub priority: u32,
    /// Whether it is asked.
    pub enabled: bool,
    /// Whether it is asked only once the torrent's description is known.
    pub needs_metadata: bool,
    /// Whether it can be read on at the same byte.
    pub supports_resume: bool,
    /// For people.
    pub note: String,
    /// Of a service: why it is off.
    pub reason: Option<&'static str>,
    /// How it has done; `null`: of a service, which is never asked.
    pub health: Option<Standing>,
}

/// A torrent cache or the host of a web seed, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CacheLine {
    /// Its address, cut where a key may stand in it.
    pub url: String,
    /// How it has done.
    pub health: Standing,
}

/// What is left out of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excluded {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// `GET /api/sources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sources {
    /// Whether mirrors are used at all.
    pub enabled: bool,
    /// The owner's in their order, then the services that are known by name.
    pub sources: Vec<SourceLine>,
    /// Hosts of web seeds that were asked.
    pub web_seeds: Vec<CacheLine>,
    /// Where `.torrent` files are asked for.
    pub torrent_caches: Vec<CacheLine>,
    /// What is left out.
    pub excluded: Vec<Excluded>,
}

/// `GET /api/sources/stats`: the seed's shape, and health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// How many are listed.
    #[serde(rename = "totalSources")]
    pub total_sources: usize,
    /// How many of them are asked.
    #[serde(rename = "enabledSources")]
    pub enabled_sources: usize,
    /// As in [`Sources`].
    #[serde(flatten)]
    pub sources: Sources,
}

/// What a test said of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// Its name; of a web seed its host.
    pub name: String,
    /// What it said.
    pub state: Verdict,
    /// One sentence; `null` where it has the file.
    pub message: Option<String>,
    /// How long it took to its first bytes, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// What a test said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It has the file, of the right length, and it can be read from any point.
    Ok,
    /// It answered well that it does not have it.
    Absent,
    /// It did not do what playing needs.
    Failed,
    /// It waits for the torrent's description, or cannot be asked for this file.
    Skipped,
}

impl Mirrors {
    /// Every source, as the owner may see it.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let own = self.own_sources();
        let own = own.iter().map(|source| self.line(source));
        let inner = &self.0;
        let web_seeds = inner.health.known("seed:").into_iter();
        let caches = inner.caches.iter();
        Sources {
            enabled: inner.enabled,
            sources: own.chain(SERVICES.iter().map(service)).collect(),
            web_seeds: web_seeds.map(|(url, health)| CacheLine { url, health }).collect(),
            torrent_caches: caches
                .map(|one| CacheLine {
                    url: one.shown(),
                    health: inner.health.standing(&cache::key(one)),
                })
                .collect(),
            excluded: EXCLUDED.map(|(name, reason)| Excluded { name, reason }).into(),
        }
    }

    /// The same, counted.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let sources = self.sources();
        let asked = |source: &&SourceLine| sources.enabled && source.enabled;
        Stats {
            total_sources: sources.sources.len(),
            enabled_sources: sources.sources.iter().filter(asked).count(),
            sources,
        }
    }

    /// One source of the owner's, as it is listed.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<SourceLine> {
        let own = self.own_sources();
        own.iter().find(|source| source.is(name.trim())).map(|source| self.line(source))
    }

    fn line(&self, source: &Source) -> SourceLine {
        SourceLine {
            name: source.name.clone(),
            kind: Kind::Own,
            url: Some(source.url.shown()),
            priority: source.priority,
            enabled: source.enabled,
            needs_metadata: source.needs_metadata,
            supports_resume: true,
            note: source.note.clone(),
            reason: None,
            health: Some(self.0.health.standing(&source.key())),
        }
    }

    /// Asks every source for a file, or one of the owner's alone, also where it is switched off. Those
    /// that have it come first, the quickest before the others.
    pub async fn test(&self, wanted: &Wanted, only: Option<&str>) -> Result<Vec<Tested>, Error> {
        let one;
        let (mirrors, wanted) = match only {
            None => (self, wanted),
            Some(name) => {
                one = self.alone(name)?;
                (&one, &Wanted { web_seeds: Vec::new(), ..wanted.clone() })
            }
        };
        let found = Search::new(mirrors, wanted).run(false).await;
        let mut lines = Vec::new();
        for outcome in found.outcomes {
            let name = outcome.candidate.name.clone();
            // A web seed that a cached description named is no part of a test of one source.
            if only.is_some() && !outcome.candidate.key.starts_with("own:") {
                continue;
            }
            lines.push(match outcome.result {
                Ok(proof) => {
                    let latency_ms = Some(millis(proof.latency));
                    Tested { name, state: Verdict::Ok, message: None, latency_ms }
                }
                Err(fault) => {
                    let absent = matches!(fault, Fault::Has(404 | 410));
                    let state = if absent { Verdict::Absent } else { Verdict::Failed };
                    let message = Some(told(&outcome.candidate, &fault));
                    Tested { name, state, message, latency_ms: None }
                }
            });
        }
        let why = found.unknown.unwrap_or_else(|| "it is not known".to_owned());
        let waiting = found.waiting.into_iter().map(|name| {
            let message = format!("{name} waits for the torrent's description: {why}");
            (name, message)
        });
        let skipped = found.skipped.into_iter().map(|(name, why)| {
            let message = format!("{name} cannot be asked for this file: {why}");
            (name, message)
        });
        lines.extend(waiting.chain(skipped).map(|(name, message)| Tested {
            name,
            state: Verdict::Skipped,
            message: Some(message),
            latency_ms: None,
        }));
        lines.sort_by_key(|line| (line.state != Verdict::Ok, line.latency_ms));
        Ok(lines)
    }

    /// The same mirrors with this one source, switched on.
    fn alone(&self, name: &str) -> Result<Self, Error> {
        let own = self.own_sources();
        let source = own.into_iter().find(|source| source.is(name.trim()));
        let source = source.ok_or_else(|| match super::services::reason(name.trim()) {
            Some((name, reason)) => BadSource::Known { name: name.to_owned(), reason },
            None => BadSource::NotThere(name.trim().to_owned()),
        })?;
        Ok(self.with_only(Source { enabled: true, ..source }))
    }
}

fn service(service: &Service) -> SourceLine {
    SourceLine {
        name: service.name.to_owned(),
        kind: Kind::Service,
        url: None,
        priority: service.priority,
        enabled: false,
        needs_metadata: service.needs_metadata,
        supports_resume: service.resumes,
        note: format!("{}: {}", service.kind, service.note),
        reason: Some(service.reason),
        health: None,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twelve_services_are_listed_in_order_each_with_a_reason() {
        let lines: Vec<SourceLine> = SERVICES.iter().map(service).collect();
        let order: Vec<u32> = lines.iter().map(|line| line.priority).collect();
        assert_eq!(order, (1..=12).collect::<Vec<_>>());
        for line in &lines {
            let reason = line.reason.unwrap();
            let word = reason.split(':').next().unwrap();
            assert!(["dead", "unfit", "account service, not a mirror"].contains(&word), "{reason}");
            assert!(!line.enabled && line.health.is_none());
        }
        assert!(lines.iter().all(|line| line.name != "WebTor.io"));
    }
}
