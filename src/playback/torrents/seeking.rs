//! Seeking in a file of a torrent: what stands there is fetched before the player asks.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::TorrentError;
use crate::media::{Runs, runs};
use crate::playback::film::Film;
use crate::playback::playable::Via;
use crate::playback::{Error, Playback, lock};
use crate::representation::Representation;
use crate::torrent::InfoHash;

/// How much behind the place of a seek is fetched before the player asks: what it reads first.
const WINDOW: u64 = 16 << 20;
/// How long is waited for the bytes that say how long a film runs.
const LENGTH_PATIENCE: Duration = Duration::from_secs(10);
/// How much is read of them at a time.
const LENGTH_BYTES: u64 = 64 << 10;
/// How many places are looked at.
const LENGTH_LOOKS: usize = 16;

/// A place in a film.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Seek {
    /// From its first.
    Byte(u64),
    /// From its beginning.
    Seconds(f64),
}

impl Playback {
    /// Has what stands at this place of a file fetched before anything else; the byte it is.
    pub async fn seek_torrent(
        self: &Arc<Self>,
        info_hash: InfoHash,
        index: Option<u32>,
        place: Seek,
    ) -> Result<u64, Error> {
        let media = self.torrent_media(info_hash, index, false).await?;
        let film = Film::new(self, self.session(&media.media_id)?);
        let size = media.file.size_bytes.unwrap_or(0);
        if let Seek::Byte(byte) = place
            && byte >= size
        {
            return Err(TorrentError::Outside { byte, size }.into());
        }
        film.vouch(0).await?;
        let (via, bytes) = film.open().await?;
        let byte = match place {
            Seek::Byte(byte) => byte,
            Seek::Seconds(seconds) => at_second(bytes.as_ref(), seconds).await?,
        };
        if via == Via::Swarm {
            let gone = CancellationToken::new();
            let guard = gone.clone().drop_guard();
            // The place before, if it is still being fetched, is wanted no more.
            let media_id = media.media_id;
            let seek = self.torrents.next_seek();
            lock(&self.torrents.seeking).insert(media_id.clone(), (seek, guard));
            let part = byte..size.min(byte.saturating_add(WINDOW));
            let fetch = async move {
                let mut bytes = bytes.read(part);
                while let Some(Ok(_)) = bytes.next().await {}
            };
            let playback = Arc::clone(self);
            self.parts.tasks.spawn(async move {
                if gone.run_until_cancelled(fetch).await.is_some() {
                    playback.torrents.is_fetched(&media_id, seek);
                }
            });
        }
        Ok(byte)
    }
}

/// The byte of a second, as if every second took as many: players find the exact place themselves.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a film, checked to lie in it"
)]
async fn at_second(film: &dyn Representation, seconds: f64) -> Result<u64, TorrentError> {
    let known = timeout(LENGTH_PATIENCE, length_of(film)).await.ok().flatten();
    let length = known.ok_or(TorrentError::NoDuration)?;
    if seconds > length {
        return Err(TorrentError::PastTheEnd { seconds: length as u64 });
    }
    let part = seconds.max(0.0) / length;
    let byte = (part * film.len() as f64) as u64;
    Ok(byte.min(film.len().saturating_sub(1)))
}

/// How long a film runs, in seconds.
async fn length_of(film: &dyn Representation) -> Option<f64> {
    let mut place = 0;
    for _ in 0..LENGTH_LOOKS {
        let end = film.len().min(place + LENGTH_BYTES);
        if place >= end {
            return None;
        }
        let mut bytes = Vec::new();
        let mut part = film.read(place..end);
        while let Some(more) = part.next().await {
            bytes.extend_from_slice(&more.ok()?);
        }
        match runs(place, &bytes) {
            Runs::Seconds(seconds) => return Some(seconds),
            Runs::LookAt(next) => place = next,
            Runs::Unknown => return None,
        }
    }
    None
}
