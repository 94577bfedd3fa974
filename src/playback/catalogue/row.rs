//! One title of the shelf, as lists show it.

use std::hash::{DefaultHasher, Hash as _};
use std::time::SystemTime;

use super::names::order;
use crate::media::StremioId;
use crate::playback::lying::Title;
use crate::torrent::{InfoHash, entity_tag};

/// What was watched beyond this part is over.
const OVER: f64 = 0.95;

/// A title on the shelf, as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) media_id: String,
    pub(super) link_name: String,
    pub(super) id: Option<StremioId>,
    pub(super) title: String,
    /// The file's name in the torrent.
    pub(super) file: String,
    pub(super) info_hash: InfoHash,
    pub(super) index: Option<u32>,
    pub(super) size_bytes: Option<u64>,
    pub(super) bytes_on_disk: u64,
    pub(super) whole: bool,
    pub(super) pinned: bool,
    pub(super) last_watched: Option<u64>,
    pub(super) position_s: Option<f64>,
    pub(super) duration_s: Option<f64>,
    pub(super) resolution: Option<(u32, u32)>,
    pub(super) entity_tag: String,
    /// When its bytes came to be known here.
    pub(super) modified: SystemTime,
    /// By what it is sorted.
    pub(super) order: String,
}

impl Row {
    pub(super) fn of(title: &Title) -> Option<Self> {
        let Title { media_id, playable, record, files } = title;
        if files.is_empty() && !record.kept && record.position_s.is_none() {
            return None;
        }
        let name = playable.title.clone().unwrap_or_else(|| playable.release.clone());
        let order = order(&name, playable.id.and_then(|id| id.episode()), media_id);
        Some(Self {
            media_id: media_id.clone(),
            link_name: playable.link_name(),
            id: playable.id,
            title: name,
            file: playable.file.name.clone(),
            info_hash: playable.info_hash,
            index: playable.file.index,
            size_bytes: playable.file.size_bytes,
            bytes_on_disk: title.bytes(),
            whole: title.whole().is_some(),
            pinned: record.pinned,
            last_watched: record.last_watched_ms.map(|ms| ms / 1000),
            position_s: record.position_s,
            duration_s: record.duration_s,
            resolution: record.resolution,
            entity_tag: entity_tag(&playable.info_hash, &playable.file),
            modified: playable.modified(),
            order,
        })
    }

    /// Whether somebody stopped in the middle of it.
    pub(super) fn is_begun(&self) -> bool {
        self.position_s.is_some_and(|at| self.duration_s.is_none_or(|all| at < all * OVER))
    }

    /// What of it a list shows but for how far it is: that changes with the clock.
    pub(super) fn shown(&self, into: &mut DefaultHasher) {
        let folders = (self.whole, self.pinned, self.bytes_on_disk > 0, self.is_begun());
        (&self.media_id, &self.title, &self.file, folders).hash(into);
    }
}
