//! The next episode, looked for when this one is nearly over: found, checked at the store, its first
//! pieces here, so that it begins at once. It gives way to whoever watches.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::bytes_by_way::Bytes;
use super::ways::Ways;
use super::{Error, Playback};
use crate::media::StremioId;
use crate::select::Candidate;

/// How often the shelf is tended.
const TENDED: Duration = Duration::from_secs(30);
/// How long it waits for a quiet moment: the next episode begins by then.
const WAITS: Duration = Duration::from_secs(3600);
/// How much of it is fetched ahead, from its start.
const HEAD: u64 = 4 << 20;
/// How long its first pieces may take.
const PATIENCE: Duration = Duration::from_secs(120);

impl Playback {
    /// Tends the shelf, and looks for next episodes as their time comes; to be run until the server
    /// stops.
    pub async fn tend_shelf_always(self: Arc<Self>) {
        loop {
            for media_id in self.readers.take_nearly_over() {
                if self.parts.shelf.next_episode {
                    let playback = Arc::clone(&self);
                    let ending = self.desk.ending.clone();
                    let ahead = async move { playback.look_ahead(&media_id).await };
                    self.parts.tasks.spawn(ending.run_until_cancelled_owned(ahead));
                }
            }
            self.tend_shelf().await;
            let _ = timeout(TENDED, self.readers.wake.notified()).await;
        }
    }

    async fn look_ahead(self: &Arc<Self>, media_id: &str) {
        let Ok(playable) = self.known(media_id) else { return };
        // A torrent that was added by its hash is of no series.
        let Some(id) = playable.id else { return };
        let Some(next) = self.next_of(&id).await else { return };
        match timeout(WAITS, self.make_ready(&next)).await {
            Ok(Ok(true)) => tracing::info!(id = %next, "the next episode is ready"),
            Ok(Ok(false)) => tracing::info!(id = %next, "the next episode was not found ahead"),
            Ok(Err(error)) => tracing::info!(id = %next, %error, "no next episode ahead"),
            Err(_) => tracing::info!(id = %next, "somebody watched all the time: nothing ahead"),
        }
    }

    /// The episode after this one: as the series' list has it, which knows where a season ends.
    async fn next_of(&self, id: &StremioId) -> Option<StremioId> {
        let episode = id.episode()?;
        let details = self.details(id).await.ok()?;
        let rows = details.value.episodes.iter().map(|row| row.episode);
        let next = rows.filter(|row| row.season > 0 || episode.season == 0);
        let next = next.filter(|row| *row > episode).min()?;
        Some(id.with_episode(next))
    }

    /// Finds it and opens the best of it; of a store's, that it is there is enough.
    async fn make_ready(self: &Arc<Self>, id: &StremioId) -> Result<bool, Error> {
        if !self.finished_of(id)?.is_empty() {
            return Ok(true);
        }
        let findings = self.findings(id, None).await;
        let sound: Vec<&Candidate> =
            findings.candidates.iter().filter(|one| one.put_aside().is_none()).collect();
        for peers in [false, true] {
            let mut ways = if peers { Ways::of(self) } else { Ways::of(self).without_peers() };
            if peers {
                self.give_way().await;
            }
            for candidate in &sound {
                if ways.are_none() {
                    break;
                }
                let opened = self.open_candidate(candidate, &findings.query, &mut ways).await;
                if let Ok(opened) = opened {
                    self.fetch_head(&opened.bytes, candidate).await?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The first pieces of what peers send; then they are left again, unless somebody has begun to
    /// read it, and what is here stays for a while.
    async fn fetch_head(&self, bytes: &Bytes, candidate: &Candidate) -> Result<(), Error> {
        let Bytes::Swarm(_) = bytes else { return Ok(()) };
        let file = bytes.representation();
        let head = async {
            let mut head = file.read(0..file.len().min(HEAD));
            while let Some(Ok(_)) = head.next().await {
                // Whoever watches now has the line.
                if self.someone_may_stall() {
                    break;
                }
            }
        };
        let _ = timeout(PATIENCE, head).await;
        self.parts.swarm.forget(&candidate.torrent.info_hash).await?;
        Ok(())
    }
}
