//! The hash by which catalogues of subtitles know a film, of what can be read here.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio::time::timeout;

use super::by_hash::ByHash;
use super::{Error, Playback};
use crate::media::{ENDS, video_hash};
use crate::representation::Representation;

/// How long both ends of a film are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Playback {
    /// The hash and the length of a link's file. Reads its ends by whichever way they come, which
    /// counts as no viewing; `None` where they do not come soon, or the file is too short.
    pub async fn video_hash(
        self: &Arc<Self>,
        media_id: &str,
    ) -> Result<Option<(String, u64)>, Error> {
        let media_id = match ByHash::read(media_id) {
            Some(asked) => self.opened_by_hash(asked).await?,
            None => media_id.to_owned(),
        };
        let session = self.session(&media_id)?;
        let (_, bytes) = self.open(&session).await?;
        Ok(timeout(PATIENCE, hash_of(bytes)).await.ok().flatten())
    }

    /// The hash alone, where it is known or both ends can be had without opening anything.
    pub(super) async fn video_hash_at_once(&self, media_id: &str) -> Option<String> {
        if let Some(known) = self.video_hash_known(media_id) {
            return Some(known);
        }
        let session = self.session(media_id).ok()?;
        let bytes = match session.opened_bytes() {
            Some(bytes) => bytes,
            None => self.believed_on_disk(&session)?.representation(),
        };
        let (hash, _) = hash_of(bytes).await?;
        self.parts.cache.put_link(&link(media_id), &hash);
        Some(hash)
    }

    /// The hash where it was made before.
    pub(super) fn video_hash_known(&self, media_id: &str) -> Option<String> {
        self.parts.cache.link(&link(media_id)).map(|(hash, _)| hash)
    }

    /// Hash and length where the file lies whole on this box: nobody is asked.
    pub async fn video_hash_here(&self, media_id: &str) -> Option<(String, u64)> {
        let playable = self.whole_file(media_id)?;
        hash_of(self.bytes_on_disk(&playable)?.representation()).await
    }
}

fn link(media_id: &str) -> String {
    format!("videohash/{media_id}")
}

async fn hash_of(bytes: Arc<dyn Representation>) -> Option<(String, u64)> {
    let (len, ends) = (bytes.len(), ENDS as u64);
    let tail_at = len.checked_sub(ends)?;
    let head = read(bytes.as_ref(), 0..ends.min(len)).await?;
    let tail = read(bytes.as_ref(), tail_at..len).await?;
    Some((video_hash(len, &head, &tail)?, len))
}

async fn read(bytes: &dyn Representation, range: Range<u64>) -> Option<Vec<u8>> {
    let whole = bytes.read(range).try_fold(Vec::new(), |mut whole, part| async move {
        whole.extend_from_slice(&part);
        Ok(whole)
    });
    whole.await.ok()
}
