//! The choice: the best candidate that can be opened, and which file of it.

use std::sync::Arc;

use serde::Serialize;

use super::playable::{Playable, Via, seconds_now};
use super::session::Bytes;
use super::{Error, Findings, Playback};
use crate::debrid::{self, Debrid};
use crate::media::{Query, StremioId};
use crate::select::{self, Candidate, Pick, Target};
use crate::swarm;
use crate::torrent::{Availability, InfoHash, Store, TorrentFile};

/// How many torrents that the store does not know to be cached are tried there: each try costs the
/// owner's account a request or two, and stores throttle (Real-Debrid: 250 a minute).
const UNSURE_TRIES: usize = 3;
/// How many torrents are tried with peers: each waits for metadata.
const SWARM_TRIES: usize = 3;

/// What plays, as `play --json` prints it (with the URL, which only the door knows).
#[derive(Debug, Clone, Serialize)]
pub struct Play {
    /// What was asked.
    pub id: StremioId,
    /// The name of the bytes in links.
    #[serde(skip)]
    pub media_id: String,
    /// The last part of the link.
    #[serde(skip)]
    pub link_name: String,
    /// Which way they come.
    pub via: Via,
    /// From which store.
    pub store: Option<Store>,
    /// The torrent.
    pub candidate: Candidate,
    /// The file.
    pub file: TorrentFile,
    /// The file's points.
    pub score: f64,
    /// What it got them for.
    pub match_reasons: Vec<select::Reason>,
    /// What came before it and could not be played.
    pub passed_over: Vec<Passed>,
}

/// A candidate that was passed over.
#[derive(Debug, Clone, Serialize)]
pub struct Passed {
    /// Which.
    pub info_hash: InfoHash,
    /// Its release name.
    pub name: String,
    /// A word for programs.
    pub why: &'static str,
    /// The same for people.
    pub message: String,
}

/// A candidate's file, opened.
struct Opened {
    via: Via,
    pick: Pick,
    bytes: Bytes,
}

/// Why a way did not lead there, and whether it is worth trying with the next candidate.
struct NoWay {
    why: &'static str,
    message: String,
    store_is_down: bool,
}

/// The ways that are still worth trying.
struct Ways {
    debrid: Option<Arc<Debrid>>,
    unsure_left: usize,
    swarm_left: usize,
}

impl Playback {
    /// Finds and opens the best candidate, or the one whose hash is `only`.
    pub async fn play(&self, id: &StremioId, only: Option<InfoHash>) -> Result<Play, Error> {
        let findings = self.findings(id).await;
        let candidates: Vec<&Candidate> = findings
            .candidates
            .iter()
            .filter(|one| only.is_none_or(|only| one.torrent.info_hash == only))
            .collect();
        self.check_ways(id, &findings, only, candidates.is_empty())?;
        let mut ways = Ways {
            debrid: self.debrid(),
            unsure_left: UNSURE_TRIES,
            swarm_left: if self.parts.swarm.allowed() { SWARM_TRIES } else { 0 },
        };
        let mut passed_over = Vec::new();
        for candidate in candidates {
            match self.open_candidate(candidate, &findings.query, &mut ways).await {
                Ok(opened) => return self.begin(id, candidate, opened, passed_over),
                Err(way) => {
                    tracing::info!(info_hash = %candidate.torrent.info_hash, why = way.why, message = way.message, "passed over");
                    passed_over.push(Passed {
                        info_hash: candidate.torrent.info_hash,
                        name: candidate.torrent.name.clone(),
                        why: way.why,
                        message: way.message,
                    });
                }
            }
        }
        let why = passed_over.first().map_or_else(String::new, |first| first.message.clone());
        Err(Error::NoneLeft { id: *id, tried: passed_over.len(), why, passed_over })
    }

    fn check_ways(
        &self,
        id: &StremioId,
        findings: &Findings,
        only: Option<InfoHash>,
        none: bool,
    ) -> Result<(), Error> {
        if let (true, Some(info_hash)) = (none, only) {
            return Err(Error::NotACandidate { id: *id, info_hash });
        }
        if none {
            return Err(match findings.every_index_failed() {
                Some(why) => Error::NoIndex { why },
                None => Error::NothingFound { id: *id },
            });
        }
        if self.debrid().is_none() && !self.parts.swarm.allowed() {
            return Err(Error::NoWay { id: *id });
        }
        Ok(())
    }

    async fn open_candidate(
        &self,
        candidate: &Candidate,
        query: &Query,
        ways: &mut Ways,
    ) -> Result<Opened, NoWay> {
        let mut reason = NoWay {
            why: "no_way_left",
            message: "the tries for this play are used up".to_owned(),
            store_is_down: false,
        };
        if let Some(debrid) = ways.debrid.clone() {
            match self.worth_a_try(candidate, debrid.store(), ways) {
                Ok(()) => match self.open_debrid(&debrid, candidate, query).await {
                    Ok(opened) => return Ok(opened),
                    Err(no_way) => {
                        if no_way.store_is_down {
                            ways.debrid = None;
                        }
                        reason = no_way;
                    }
                },
                Err(no_way) => reason = no_way,
            }
        }
        // A torrent without the right file is no better from peers.
        if ways.swarm_left > 0 && reason.why != NO_FILE {
            ways.swarm_left -= 1;
            return self.open_swarm(candidate, query).await;
        }
        Err(reason)
    }

    fn worth_a_try(
        &self,
        candidate: &Candidate,
        store: Store,
        ways: &mut Ways,
    ) -> Result<(), NoWay> {
        let no = |why, message: String| Err(NoWay { why, message, store_is_down: false });
        let hash = candidate.torrent.info_hash;
        let state = candidate.availability.get(&store).copied();
        match state.unwrap_or(Availability::Unknown) {
            _ if self.parts.cache.refused(store, &hash) => {
                no(REFUSED, format!("{store} refuses it for legal reasons (451)"))
            }
            Availability::Refused => {
                no(REFUSED, format!("{store} refuses it for legal reasons (451)"))
            }
            Availability::Cached => Ok(()),
            Availability::NotCached => {
                no("not_cached", format!("{store} would have to download it first"))
            }
            Availability::Unknown if ways.unsure_left > 0 => {
                ways.unsure_left -= 1;
                Ok(())
            }
            Availability::Unknown => no(
                "not_known_to_be_cached",
                format!("{store} does not know it, and enough unknown ones were tried"),
            ),
        }
    }

    async fn open_debrid(
        &self,
        debrid: &Debrid,
        candidate: &Candidate,
        query: &Query,
    ) -> Result<Opened, NoWay> {
        let magnet = candidate.torrent.magnet();
        let stored = debrid
            .add(&magnet)
            .await
            .map_err(|error| self.note(debrid.store(), candidate, &error))?;
        let files = with_verified(stored.files, candidate);
        let pick = select::pick(&files, &target(candidate, query)).map_err(no_file)?;
        let representation = debrid
            .open(&magnet, &pick.file.file)
            .await
            .map_err(|error| self.note(debrid.store(), candidate, &error))?;
        Ok(Opened { via: Via::Debrid, pick, bytes: Bytes::Whole(representation) })
    }

    /// Remembers what a store's refusal says about this hash.
    fn note(&self, store: Store, candidate: &Candidate, error: &debrid::Error) -> NoWay {
        let hash = candidate.torrent.info_hash;
        let (why, store_is_down) = match error {
            debrid::Error::Refused { .. } => {
                self.parts.cache.put_refused(store, &hash);
                (REFUSED, false)
            }
            debrid::Error::NotReady { .. } => {
                self.parts.cache.put_availability(store, &[(hash, Availability::NotCached)]);
                ("not_cached", false)
            }
            error => ("store_failed", error.is_of_the_account()),
        };
        NoWay { why, message: error.to_string(), store_is_down }
    }

    async fn open_swarm(&self, candidate: &Candidate, query: &Query) -> Result<Opened, NoWay> {
        let swarm = &self.parts.swarm;
        let failed = |error: swarm::Error| NoWay {
            why: "swarm_failed",
            message: error.to_string(),
            store_is_down: false,
        };
        let magnet = candidate.torrent.magnet();
        let metainfo = swarm.resolve(&magnet).await.map_err(failed)?;
        let files = with_verified(metainfo.files.clone(), candidate);
        let pick = select::pick(&files, &target(candidate, query)).map_err(no_file)?;
        let index = pick.file.file.index.unwrap_or_default();
        let file = swarm.open(&magnet, index).await.map_err(failed)?;
        Ok(Opened { via: Via::Swarm, pick, bytes: Bytes::Swarm(Arc::new(file)) })
    }

    fn begin(
        &self,
        id: &StremioId,
        candidate: &Candidate,
        opened: Opened,
        passed_over: Vec<Passed>,
    ) -> Result<Play, Error> {
        let Opened { via, pick, bytes } = opened;
        let store =
            (via == Via::Debrid).then(|| self.debrid().map(|debrid| debrid.store())).flatten();
        let mut file = pick.file.file;
        file.size_bytes = Some(bytes.representation().len());
        let playable = Playable {
            id: *id,
            info_hash: candidate.torrent.info_hash,
            release: candidate.torrent.name.clone(),
            trackers: candidate.torrent.trackers.clone(),
            file: file.clone(),
            via,
            store,
            since: seconds_now(),
            detail: detail(via, store, candidate, &pick.match_reasons, &passed_over),
            finished: None,
        };
        let (media_id, link_name) = (playable.media_id(), playable.link_name());
        self.keep(playable, bytes)?;
        // The store's own name of a file is its business and ours.
        file.link = None;
        Ok(Play {
            id: *id,
            media_id,
            link_name,
            via,
            store,
            candidate: candidate.clone(),
            file,
            score: pick.score,
            match_reasons: pick.match_reasons,
            passed_over,
        })
    }
}

/// The choice in words, for the player's page.
fn detail(
    via: Via,
    store: Option<Store>,
    candidate: &Candidate,
    reasons: &[select::Reason],
    passed_over: &[Passed],
) -> Vec<String> {
    let way = match (via, store) {
        (Via::Debrid, Some(store)) => format!("The bytes come from {store}, through this box."),
        (Via::Debrid, None) => "The bytes come from a debrid store, through this box.".to_owned(),
        (Via::Swarm, _) => "The bytes come from peers, as they arrive.".to_owned(),
        (Via::Disk, _) => "The bytes are on this box's disk.".to_owned(),
    };
    let mut lines = vec![
        way,
        format!("Release: {}", candidate.torrent.name),
        format!("Why this torrent: {}", in_words(&candidate.reasons)),
        format!("Why this file: {}", in_words(reasons)),
    ];
    lines.extend(
        passed_over.iter().map(|one| format!("Passed over: {} ({})", one.name, one.message)),
    );
    lines
}

/// Named reasons as people read them.
#[must_use]
pub fn in_words(reasons: &[impl Serialize]) -> String {
    let word =
        |reason| serde_json::to_value(reason).ok()?.as_str().map(|word| word.replace('_', " "));
    reasons.iter().filter_map(word).collect::<Vec<_>>().join(", ")
}

const REFUSED: &str = "refused_451";
const NO_FILE: &str = "no_file";

fn no_file(no: select::NoPick) -> NoWay {
    NoWay { why: NO_FILE, message: no.reason, store_is_down: false }
}

/// Gives the files what the crowd has verified of them: which episode each is.
fn with_verified(mut files: Vec<TorrentFile>, candidate: &Candidate) -> Vec<TorrentFile> {
    for file in &mut files {
        let same = |known: &&TorrentFile| known.base_name() == file.base_name();
        if let Some(known) = candidate.torrent.files.iter().find(same) {
            file.sid = file.sid.take().or_else(|| known.sid.clone());
            file.asid = file.asid.take().or_else(|| known.asid.clone());
        }
    }
    files
}

fn target(candidate: &Candidate, query: &Query) -> Target {
    Target::of(query, Some(&candidate.torrent.name), candidate.torrent.file_index)
}
