//! What is in the torrent that will probably be played, asked of peers while people still read the list:
//! an index names a torrent by its hash alone, and a click would wait for its description first, some
//! seconds in a real swarm. No piece of the film is asked for, and no reader has to give way for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Findings, Playback, lock};
use crate::media::StremioId;
use crate::select::Candidate;
use crate::swarm;
use crate::torrent::{Availability, InfoHash, Store};

/// Titles for which it is done at one time.
const AT_ONCE: usize = 2;
/// How long it may take, the search included.
const LIMIT: Duration = Duration::from_secs(30);

/// The titles whose best candidate is being described.
#[derive(Debug, Default)]
pub(super) struct Describing(Mutex<Vec<StremioId>>);

impl Playback {
    /// Somebody looks at what was found for `id`, or waits for it: what is done ahead of the choice.
    pub fn is_looked_at(self: &Arc<Self>, id: StremioId) {
        if self.parts.open_first {
            return self.open_first(id);
        }
        if !self.parts.describe_first || !self.parts.swarm.allowed() {
            return;
        }
        let mut describing = lock(&self.describing.0);
        if describing.len() >= AT_ONCE || describing.contains(&id) {
            return;
        }
        describing.push(id);
        drop(describing);
        let (playback, ending) = (Arc::clone(self), self.desk.ending.clone());
        self.parts.tasks.spawn(async move {
            let asking = tokio::time::timeout(LIMIT, playback.describe_best(&id));
            match ending.run_until_cancelled(asking).await {
                Some(Ok(Ok(Some(info_hash)))) => {
                    tracing::info!(%id, %info_hash, "peers have said ahead of the choice what is in a torrent");
                }
                Some(Ok(Err(error))) => tracing::debug!(%id, %error, "no peer has said it yet"),
                Some(Ok(Ok(None)) | Err(_)) | None => {}
            }
            lock(&playback.describing.0).retain(|one| *one != id);
        });
    }

    async fn describe_best(&self, id: &StremioId) -> Result<Option<InfoHash>, swarm::Error> {
        let findings = self.findings(id, None).await;
        let Some(best) = self.best_from_peers(&findings) else { return Ok(None) };
        let magnet = best.torrent.magnet();
        if self.parts.swarm.known(&magnet.info_hash).is_some() {
            return Ok(None);
        }
        let described = self.parts.swarm.resolve(&magnet).await?;
        Ok(Some(described.info_hash))
    }

    /// What a click would play, where peers would be the way. Whatever the store may have, it is asked
    /// for first.
    fn best_from_peers<'a>(&self, findings: &'a Findings) -> Option<&'a Candidate> {
        if !self.finished_of(&findings.id).ok()?.is_empty() {
            return None;
        }
        let store = self.debrid().map(|debrid| debrid.store());
        let best = findings.candidates.iter().find(|one| {
            one.put_aside().is_none() && self.is_not_shunned(&one.torrent.info_hash).is_ok()
        })?;
        let is_not_there =
            |store: Store| best.availability.get(&store) == Some(&Availability::NotCached);
        store.is_none_or(is_not_there).then_some(best)
    }
}
