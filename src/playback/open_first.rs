//! Opening what will probably be played: where the owner wants it, the best of what was found is
//! opened while people still read the list, and its first bytes are fetched.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::film::Film;
use super::{Error, Playback, lock};
use crate::media::StremioId;

/// How much of it is fetched.
const HEAD: u64 = 4 << 20;
/// How long the same title is not opened again.
const LATELY: Duration = Duration::from_secs(600);
/// How long it may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What was opened of late; at most one is being opened.
#[derive(Debug, Default)]
pub(super) struct OpenedFirst(Mutex<Option<(StremioId, Instant)>>);

impl Playback {
    /// Somebody looks at what was found for `id`: opens its best candidate in the background, where
    /// that is wanted, nobody watches what may stall, and it was not done just now.
    pub fn open_first(self: &Arc<Self>, id: StremioId) {
        if !self.parts.open_first || self.someone_may_stall() {
            return;
        }
        let mut opened = lock(&self.opened_first.0);
        let lately = |(one, at): &(StremioId, Instant)| *one == id && at.elapsed() < LATELY;
        if opened.as_ref().is_some_and(lately) {
            return;
        }
        *opened = Some((id, Instant::now()));
        drop(opened);
        let (playback, ending) = (Arc::clone(self), self.desk.ending.clone());
        self.parts.tasks.spawn(async move {
            let opening = tokio::time::timeout(LIMIT, playback.read_head_of_best(&id));
            match ending.run_until_cancelled(opening).await {
                Some(Ok(Ok(()))) => {
                    tracing::info!(%id, "the best candidate was opened ahead of its time");
                }
                Some(Ok(Err(error))) => {
                    tracing::info!(%id, %error, "nothing was opened ahead of its time");
                }
                Some(Err(_)) | None => {
                    tracing::debug!(%id, "opening ahead of its time took too long");
                }
            }
        });
    }

    async fn read_head_of_best(self: &Arc<Self>, id: &StremioId) -> Result<(), Error> {
        let play = self.play(id, None).await?;
        let film = Film::new(self, self.session(&play.media_id)?);
        film.vouch(0).await?;
        let (_, bytes) = film.open().await?;
        let mut head = bytes.read(0..bytes.len().min(HEAD));
        while let Some(Ok(_)) = head.next().await {
            // Whoever watches now has the line.
            if self.someone_may_stall() {
                break;
            }
        }
        Ok(())
    }
}
