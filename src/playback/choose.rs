//! The choice: the best candidate that can be opened, and which file of it.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::playable::{Playable, Via};
use super::ways::{Opened, Ways};
use super::{Error, Findings, Playback};
use crate::media::StremioId;
use crate::select::{self, Candidate, SetLimits, Target};
use crate::torrent::{InfoHash, Store, TorrentFile};

/// How many of those that were passed over the player's page tells.
const TOLD: usize = 10;

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

impl Passed {
    fn new(candidate: &Candidate, why: &'static str, message: &str) -> Self {
        let torrent = &candidate.torrent;
        let (info_hash, name) = (torrent.info_hash, torrent.name.clone());
        Self { info_hash, name, why, message: message.to_owned() }
    }
}

impl Playback {
    /// Finds and opens the best candidate, or the one whose hash is `only`.
    pub async fn play(&self, id: &StremioId, only: Option<InfoHash>) -> Result<Play, Error> {
        self.play_for(id, only, None).await
    }

    /// The same for the set that asks: what it cannot play comes last.
    pub async fn play_for(
        &self,
        id: &StremioId,
        only: Option<InfoHash>,
        set: Option<&SetLimits>,
    ) -> Result<Play, Error> {
        // Who asks for a release by its hash gets that.
        let set = set.filter(|_| only.is_none());
        if let Some(play) = self.play_from_disk(id, only, set)? {
            return Ok(play);
        }
        let findings = self.findings(id, only).await.in_order_for(set);
        match self.play_of(id, only, &findings, set.is_some()).await {
            // Better what the set may not play than nothing.
            Err(error) if set.is_some() => self.play_from_disk(id, only, None)?.ok_or(error),
            played => played,
        }
    }

    /// The same for somebody who waits before a television: after `soon` the best of what was found
    /// so far will do. Where none of that plays, the whole search is waited for.
    pub(super) async fn play_soon(
        &self,
        id: &StremioId,
        soon: Duration,
        set: Option<&SetLimits>,
    ) -> Result<Play, Error> {
        if let Some(play) = self.play_from_disk(id, None, set)? {
            return Ok(play);
        }
        let recent = self.desk.recent(id).filter(|findings| !findings.candidates.is_empty());
        let findings = match recent {
            Some(findings) => findings,
            None => self.findings_soon(id, soon).await,
        };
        let findings = findings.in_order_for(set);
        match self.play_of(id, None, &findings, set.is_some()).await {
            Err(_) if findings.partial => self.play_for(id, None, set).await,
            Err(error) if set.is_some() => self.play_from_disk(id, None, None)?.ok_or(error),
            played => played,
        }
    }

    pub(super) async fn play_of(
        &self,
        id: &StremioId,
        only: Option<InfoHash>,
        findings: &Findings,
        for_set: bool,
    ) -> Result<Play, Error> {
        let candidates: Vec<&Candidate> = findings
            .candidates
            .iter()
            .filter(|one| only.is_none_or(|only| one.torrent.info_hash == only))
            .collect();
        self.check_ways(id, findings, only, candidates.is_empty())?;
        let mut ways = Ways::of(self).by_hand(only.is_some());
        let mut passed_over = Vec::new();
        for candidate in candidates {
            if ways.are_none() {
                break;
            }
            // A wrong film is worse than none; who asks for it by its hash gets it.
            if only.is_none()
                && let Some((why, message)) = candidate.put_aside()
            {
                passed_over.push(Passed::new(candidate, why, message));
                continue;
            }
            // What is whole on the disk comes before others that the set cannot play either.
            if for_set
                && !candidate.suits_set()
                && let Some(play) = self.play_from_disk(id, only, None)?
            {
                return Ok(play);
            }
            match self.open_candidate(candidate, &findings.query, &mut ways).await {
                Ok(opened) => return self.begin(id, candidate, opened, passed_over),
                Err(way) => {
                    tracing::info!(info_hash = %candidate.torrent.info_hash, why = way.why, message = way.message, "passed over");
                    passed_over.push(Passed::new(candidate, way.why, &way.message));
                }
            }
        }
        let why = passed_over.first().map_or_else(String::new, |first| first.message.clone());
        Err(Error::NoneLeft { id: *id, tried: passed_over.len(), why, passed_over })
    }

    /// What was played before and lies whole on the disk plays at once, unless `set` cannot play it: no
    /// index is asked, no store, no peer.
    pub(super) fn play_from_disk(
        &self,
        id: &StremioId,
        only: Option<InfoHash>,
        set: Option<&SetLimits>,
    ) -> Result<Option<Play>, Error> {
        let query = self.desk.query(id);
        for playable in self.finished_of(id)? {
            let wanted = only.is_none_or(|only| only == playable.info_hash)
                && set.is_none_or(|set| playable.suits(set));
            let Some(bytes) = self.bytes_on_disk(&playable).filter(|_| wanted) else { continue };
            let target = Target::of(&query, Some(&playable.release), playable.file.index);
            let Ok(pick) = select::pick(std::slice::from_ref(&playable.file), &target) else {
                continue;
            };
            let ranked = select::rank(
                vec![playable.torrent()],
                &HashMap::new(),
                &query,
                &self.preferences(),
            );
            let Some(candidate) = ranked.first() else { continue };
            let opened = Opened { via: Via::Disk, pick, bytes };
            return self.begin(id, candidate, opened, Vec::new()).map(Some);
        }
        Ok(None)
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
            return Err(findings.nobody_answered().unwrap_or(Error::NothingFound { id: *id }));
        }
        let parts = &self.parts;
        if self.debrid().is_none() && !parts.swarm.allowed() && !parts.mirrors.has_own() {
            return Err(Error::NoWay { id: *id });
        }
        Ok(())
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
            id: Some(*id),
            title: self.shown_title(id),
            store,
            detail: detail(via, store, candidate, &pick.match_reasons, &passed_over),
            ..Playable::of_candidate(candidate, file.clone(), via)
        };
        tracing::info!(info_hash = %playable.info_hash, file = file.base_name(), bytes = file.size_bytes, ?via, "torrent: selected file");
        let (media_id, link_name) = (playable.media_id(), playable.link_name());
        self.keep(playable, bytes)?;
        self.readers.choose(&media_id, candidate.torrent.info_hash);
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
        (Via::Mirror, _) => "The bytes come from a mirror, through this box.".to_owned(),
        (Via::Swarm, _) => "The bytes come from peers, as they arrive.".to_owned(),
        (Via::Disk, _) => "The bytes are on this box's disk.".to_owned(),
    };
    let mut lines = vec![
        way,
        format!("Release: {}", candidate.torrent.name),
        format!("Why this torrent: {}", candidate.why()),
        format!("Why this file: {}", in_words(reasons)),
    ];
    lines.extend(
        passed_over
            .iter()
            .take(TOLD)
            .map(|one| format!("Passed over: {} ({})", one.name, one.message)),
    );
    lines
}

/// Named reasons as people read them.
fn in_words(reasons: &[impl Serialize]) -> String {
    let word = |reason| {
        serde_json::to_value(reason)
            .ok()?
            .as_str()
            .map(|word| word.replace("verified_episode", "verified").replace('_', " "))
    };
    reasons.iter().filter_map(word).collect::<Vec<_>>().join(", ")
}
