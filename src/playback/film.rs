//! A chosen file as it is served. What is told of it was kept at the choice, so it neither changes
//! with the way the bytes come today nor waits for them.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt as _, TryFutureExt as _};

use super::playable::{Playable, Via};
use super::session::Session;
use super::{Error, Playback, carry, lock};
use crate::media::TELLING;
use crate::representation::{ByteStream, Representation, media_type_of};
use crate::torrent::entity_tag;

/// No film is longer; of one of which nothing is known, this is taken.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
/// The same of an episode.
const LONGEST_EPISODE: Duration = Duration::from_secs(3600);
/// None is shorter than this, whatever a catalogue says.
const SHORTEST: Duration = Duration::from_secs(300);

/// A session's bytes, whether it is open yet or not.
#[derive(Clone)]
pub(super) struct Film {
    playback: Arc<Playback>,
    session: Arc<Session>,
    entity_tag: String,
}

impl Film {
    pub(super) fn new(playback: &Arc<Playback>, session: Arc<Session>) -> Self {
        let playable = &session.playable;
        let entity_tag = entity_tag(&playable.info_hash, &playable.file);
        Self { playback: Arc::clone(playback), session, entity_tag }
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// A read of its file on the disk has failed.
    pub(super) fn doubt_disk(&self) {
        self.playback.doubt(&self.session);
    }

    /// Its bytes as they come by one way, read through the copy that is being made of them, if so.
    pub(super) fn through_copy(&self, bytes: &Arc<dyn Representation>) -> Arc<dyn Representation> {
        self.playback.through_copy(&self.session.playable.media_id(), Arc::clone(bytes))
    }

    /// The other ways than `via` by which its bytes might come, as far as is known without asking.
    pub(super) fn ways_besides(&self, via: Via) -> Vec<Via> {
        let ways = self.playback.ways_of(&self.session.playable);
        let strikes = lock(&self.session.strikes);
        ways.into_iter().filter(|way| *way != via && strikes.allow(*way)).collect()
    }

    /// How long peers may send nothing while there is another way.
    pub(super) fn patience_with_peers(&self) -> Duration {
        self.playback.parts.p2p_timeout
    }

    /// How many are given its bytes now: one at least, who asks.
    pub(super) fn readers(&self) -> u64 {
        let readers = self.playback.readers.active_of(&self.session.playable.media_id());
        u64::try_from(readers).unwrap_or(u64::MAX).max(1)
    }

    /// How many bytes of it are shown in a second.
    pub(super) fn bytes_s(&self) -> u64 {
        self.playback.bytes_s_of(&self.session.playable)
    }

    /// Whether no peer is connected that might send it.
    pub(super) fn has_no_peer(&self) -> bool {
        let status = self.playback.parts.swarm.status(&self.session.playable.info_hash);
        status.is_none_or(|status| status.peers == 0)
    }

    /// Whether all its ways have failed, and none may be mended.
    pub(super) fn is_lost(&self) -> bool {
        let ways = self.playback.ways_of(&self.session.playable);
        lock(&self.session.strikes).sort_out(&ways).is_empty()
    }

    /// Opens it where it is not open. The work is a task's: a player that loses its patience must
    /// not take it back.
    pub(super) async fn open(&self) -> Result<(Via, Arc<dyn Representation>), Error> {
        let (playback, session) = (Arc::clone(&self.playback), Arc::clone(&self.session));
        if session.is_open() {
            return playback.open(&session).await;
        }
        let opening = async move { playback.open(&session).await };
        let opened = self.playback.parts.tasks.spawn(opening).await;
        opened.unwrap_or_else(|_| {
            let name = self.session.playable.link_name();
            Err(Error::Gone { name, why: "the server is stopping".to_owned() })
        })
    }
}

impl Film {
    /// Looks whether it is a film, unless that is known: an error where it must not be passed on.
    /// `start` is the byte that is to be read.
    pub(super) async fn vouch(&self, start: u64) -> Result<(), Error> {
        let head = carry::read(self.clone(), 0..self.len().min(TELLING as u64));
        self.playback.vouch(&self.session.playable, head, start).await
    }
}

impl Playback {
    /// How many bytes of a film are shown in a second.
    pub(super) fn bytes_s_of(&self, playable: &Playable) -> u64 {
        playable.file.size_bytes.unwrap_or(0) / self.running_time(playable).as_secs().max(1)
    }

    /// How long a film runs: as a player has told, else as the catalogue says.
    fn running_time(&self, playable: &Playable) -> Duration {
        let played = self.shelf.records.of(&playable.media_id()).ok();
        let played = played.and_then(|record| record.duration_s);
        let listed = || {
            let (title, _) = self.parts.cache.title(playable.id.as_ref()?)?;
            title.runtime_min.map(|minutes| f64::from(minutes) * 60.0)
        };
        let told = played.or_else(listed).and_then(|s| Duration::try_from_secs_f64(s).ok());
        let episode = playable.id.as_ref().is_some_and(|id| id.episode().is_some());
        let longest = if episode { LONGEST_EPISODE } else { LONGEST };
        told.map_or(longest, |told| told.clamp(SHORTEST, LONGEST))
    }
}

impl Representation for Film {
    fn len(&self) -> u64 {
        self.session.playable.file.size_bytes.unwrap_or(0)
    }

    fn media_type(&self) -> &str {
        media_type_of(&self.session.playable.file.name)
    }

    fn entity_tag(&self) -> &str {
        &self.entity_tag
    }

    fn last_modified(&self) -> SystemTime {
        self.session.playable.modified()
    }

    fn may_stall(&self) -> bool {
        self.session.may_stall()
    }

    fn may_be_carried(&self) -> bool {
        // Nobody waits for the box's own proof.
        !self.session.playable.is_own()
    }

    fn read(&self, range: Range<u64>) -> ByteStream {
        let film = self.clone();
        // Nobody watches the box's own proof that it can serve, nor doubts it.
        if self.session.playable.is_own() {
            return carry::read(film, range);
        }
        let start = range.start;
        let looked_into = async move {
            if let Err(error) = film.vouch(start).await {
                tracing::warn!(%error, "a film is not passed on");
                return Err(io::Error::other(error));
            }
            Ok(carry::read(film, range))
        };
        self.playback.attended(&self.session, start, looked_into.try_flatten_stream().boxed())
    }
}
