//! The ways to a candidate's bytes: the store, then peers, then mirrors. Which of them are still worth trying is
//! kept for one play, so that neither the owner's account nor a viewer's patience is spent on it.

use std::sync::Arc;

use super::Playback;
use super::bytes_by_way::Bytes;
use super::mirrors::{Teller, pieces_of};
use super::playable::{Playable, Via};
use crate::debrid::{self, Debrid};
use crate::media::Query;
use crate::mirror;
use crate::select::{self, Candidate, Pick, Target};
use crate::swarm;
use crate::torrent::{Availability, Store, TorrentFile};

/// How many torrents that should be cached are tried: the crowd's word may be stale, and a viewer
/// waits for each.
const CACHED_TRIES: usize = 8;
/// How many torrents that the store does not know to be cached are tried there: each try costs the
/// owner's account a request or two, and stores throttle (Real-Debrid: 250 a minute).
const UNSURE_TRIES: usize = 3;
/// How many torrents are tried with peers: each waits for metadata.
const SWARM_TRIES: usize = 3;
/// How many torrents are looked for at the owner's own mirrors alone.
const MIRROR_TRIES: usize = 3;

/// A candidate's file, opened.
pub(super) struct Opened {
    pub(super) via: Via,
    pub(super) pick: Pick,
    pub(super) bytes: Bytes,
}

/// Why a way did not lead there, and whether it is worth trying with the next candidate.
pub(super) struct NoWay {
    pub(super) why: &'static str,
    pub(super) message: String,
    store_is_down: bool,
}

/// The ways that are still worth trying.
pub(super) struct Ways {
    debrid: Option<Arc<Debrid>>,
    cached_left: usize,
    unsure_left: usize,
    swarm_left: usize,
    mirror_left: usize,
    /// The owner has named the torrent: also one that the store refuses for legal reasons may then
    /// come from elsewhere, which by itself it never does.
    by_hand: bool,
}

impl Ways {
    /// Whether nothing is left to try, for any candidate.
    pub(super) fn are_none(&self) -> bool {
        let store = self.debrid.is_some() && self.cached_left + self.unsure_left > 0;
        !store && self.swarm_left == 0 && self.mirror_left == 0
    }

    /// The same without peers, and without what stands in for them.
    pub(super) fn without_peers(self) -> Self {
        Self { swarm_left: 0, mirror_left: 0, ..self }
    }

    /// All that there are.
    pub(super) fn of(playback: &Playback) -> Self {
        Self {
            debrid: playback.debrid(),
            cached_left: CACHED_TRIES,
            unsure_left: UNSURE_TRIES,
            swarm_left: if playback.parts.swarm.allowed() { SWARM_TRIES } else { 0 },
            mirror_left: if playback.parts.mirrors.has_own() { MIRROR_TRIES } else { 0 },
            by_hand: false,
        }
    }

    /// The same for a torrent that the owner has named.
    pub(super) fn by_hand(self, by_hand: bool) -> Self {
        Self { by_hand, ..self }
    }
}

impl Playback {
    /// Opens the right file of a candidate, by the first way that leads there.
    pub(super) async fn open_candidate(
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
        // A torrent without the right file, or with another in its place, is no better from peers.
        if [NO_FILE, NOT_A_FILM].contains(&reason.why) || (reason.why == REFUSED && !ways.by_hand) {
            return Err(reason);
        }
        if ways.swarm_left > 0 {
            ways.swarm_left -= 1;
            ways.mirror_left = ways.mirror_left.saturating_sub(1);
            return match self.open_swarm(candidate, query).await {
                Err(no_way) if ![NO_FILE, NOT_A_FILM].contains(&no_way.why) => {
                    self.open_mirror(candidate, query).await.ok_or(no_way)
                }
                opened => opened,
            };
        }
        if ways.mirror_left > 0 {
            ways.mirror_left -= 1;
            return self.open_mirror(candidate, query).await.ok_or(reason);
        }
        Err(reason)
    }

    /// The right file from a mirror, where peers could not give it: its description from memory or a
    /// cache, its bytes from whoever has them.
    async fn open_mirror(&self, candidate: &Candidate, query: &Query) -> Option<Opened> {
        let info_hash = &candidate.torrent.info_hash;
        let metainfo = if let Some(known) = self.parts.swarm.known(info_hash) {
            known
        } else {
            let bytes = self.parts.mirrors.metainfo(info_hash).await.ok()?;
            self.parts.swarm.add_metainfo(&bytes).ok()?
        };
        let files = with_verified(metainfo.files.clone(), candidate);
        let pick = select::pick(&files, &target(candidate, query)).ok()?;
        let wanted = mirror::Wanted {
            info_hash: *info_hash,
            file: pick.file.file.clone(),
            torrent_name: Some(metainfo.name.clone()),
            single_file: metainfo.single_file,
            web_seeds: self.web_seeds(&metainfo),
            pieces: pieces_of(&metainfo, &pick.file.file),
            given: None,
        };
        if !self.parts.mirrors.has_any(&wanted) {
            return None;
        }
        let opened = self.parts.mirrors.open(&wanted).await;
        let bytes = opened.inspect_err(|error| tracing::info!(%error, "no mirror")).ok()?;
        let opened = Opened { via: Via::Mirror, pick, bytes: Bytes::Mirror(bytes) };
        self.vouched(candidate, opened).await.ok()
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
            state if state == Availability::Refused || self.parts.cache.refused(store, &hash) => {
                no(REFUSED, format!("{store} refuses it for legal reasons (451)"))
            }
            Availability::Cached if ways.cached_left > 0 => {
                ways.cached_left -= 1;
                Ok(())
            }
            Availability::Cached => no("no_way_left", "enough torrents were tried".to_owned()),
            Availability::NotCached => {
                no("not_cached", format!("{store} would have to download it first"))
            }
            Availability::Unknown if ways.unsure_left > 0 => {
                ways.unsure_left -= 1;
                Ok(())
            }
            Availability::Refused | Availability::Unknown => no(
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
        self.note_files(&magnet.info_hash, &stored.files);
        let files = with_verified(stored.files, candidate);
        let pick = select::pick(&files, &target(candidate, query)).map_err(no_file)?;
        let representation = debrid
            .open(&magnet, &pick.file.file)
            .await
            .map_err(|error| self.note(debrid.store(), candidate, &error))?;
        let opened = Opened { via: Via::Debrid, pick, bytes: Bytes::Link(representation) };
        self.vouched(candidate, opened).await
    }

    /// Remembers what a store's refusal says about this hash.
    fn note(&self, store: Store, candidate: &Candidate, error: &debrid::Error) -> NoWay {
        let hash = candidate.torrent.info_hash;
        let (why, store_is_down) = match error {
            debrid::Error::Refused { .. } => {
                self.parts.cache.put_refused(store, &hash);
                self.desk.join_no_more();
                (REFUSED, false)
            }
            debrid::Error::NotReady { .. } => {
                self.parts.cache.put_availability(store, &[(hash, Availability::NotCached)]);
                self.desk.join_no_more();
                ("not_cached", false)
            }
            error => ("store_failed", error.is_of_the_account()),
        };
        NoWay { why, message: error.to_string(), store_is_down }
    }

    async fn open_swarm(&self, candidate: &Candidate, query: &Query) -> Result<Opened, NoWay> {
        let failed = |error: swarm::Error| NoWay {
            why: "swarm_failed",
            message: error.to_string(),
            store_is_down: false,
        };
        let magnet = candidate.torrent.magnet();
        self.is_not_shunned(&magnet.info_hash).map_err(|error| NoWay {
            why: "never_verifies",
            message: error.to_string(),
            store_is_down: false,
        })?;
        let (metainfo, teller) = self.description(&magnet).await.map_err(failed)?;
        // Where no peer has even told what is in it, a mirror comes first.
        if teller == Teller::Cache
            && let Some(opened) = self.open_mirror(candidate, query).await
        {
            return Ok(opened);
        }
        let files = with_verified(metainfo.files.clone(), candidate);
        let pick = select::pick(&files, &target(candidate, query)).map_err(no_file)?;
        let index = pick.file.file.index.unwrap_or_default();
        let file = self.open_by_peers(&magnet, &metainfo, index).await.map_err(failed)?;
        let opened = Opened { via: Via::Swarm, pick, bytes: Bytes::Swarm(Arc::new(file)) };
        self.vouched(candidate, opened).await
    }
}

impl Playback {
    /// A candidate's file, once it was looked whether it is a film, as far as that is known soon.
    async fn vouched(&self, candidate: &Candidate, opened: Opened) -> Result<Opened, NoWay> {
        let Opened { via, pick, bytes } = opened;
        let bytes_now = bytes.representation();
        let mut file = pick.file.file.clone();
        file.size_bytes = Some(bytes_now.len());
        let playable = Playable::of_candidate(candidate, file, via);
        self.vouch_soon(&playable, bytes_now.as_ref()).await?;
        Ok(Opened { via, pick, bytes })
    }
}

impl NoWay {
    /// What was opened is something else; the next candidate is the better way.
    pub(super) fn not_a_film(message: String) -> Self {
        Self { why: NOT_A_FILM, message, store_is_down: false }
    }
}

const REFUSED: &str = "refused_451";
const NO_FILE: &str = "no_file";
const NOT_A_FILM: &str = "not_a_film";

fn no_file(no: select::NoPick) -> NoWay {
    NoWay { why: NO_FILE, message: no.reason, store_is_down: false }
}

/// Gives the files what the crowd has verified of them: which episode each is.
fn with_verified(mut files: Vec<TorrentFile>, candidate: &Candidate) -> Vec<TorrentFile> {
    let listed = &candidate.torrent.files;
    for file in &mut files {
        // Packs have an `01.mkv` in each season's folder.
        let exact = listed.iter().find(|known| known.name == file.name);
        let mut alike = listed.iter().filter(|known| known.base_name() == file.base_name());
        let only = alike.next().filter(|_| alike.next().is_none());
        if let Some(known) = exact.or(only) {
            file.sid = file.sid.take().or_else(|| known.sid.clone());
            file.asid = file.asid.take().or_else(|| known.asid.clone());
        }
    }
    files
}

fn target(candidate: &Candidate, query: &Query) -> Target {
    Target::of(query, Some(&candidate.torrent.name), candidate.torrent.file_index)
}
