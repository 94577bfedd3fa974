//! How far a film is that is still coming: it can be browsed from the start, and says so until a
//! player can open it, which reads the end of a file right after its beginning.

use std::ops::Range;

use super::listing::Row;
use super::node::Node;
use crate::playback::{Playback, lock};

/// What is read at the start.
const HEAD: u64 = 4 << 20;
/// What is read at the end: the index of an MP4, or of a Matroska file.
const TAIL: u64 = 8 << 20;

impl Playback {
    /// Puts `[45%] ` before the title of a film whose head or tail is not here yet.
    pub(super) async fn say_how_far(&self, node: &mut Node, row: &Row) {
        let Some(len) = row.size_bytes.filter(|len| *len > 0) else { return };
        let here = self.here(row, len).await;
        let opens = |here: &[Range<u64>]| {
            has(here, &(0..len.min(HEAD))) && has(here, &(len.saturating_sub(TAIL)..len))
        };
        if here.as_deref().is_some_and(opens) {
            return;
        }
        // Where nobody counts, the disk says about how much it is.
        let bytes = here.map_or(row.bytes_on_disk, |here| {
            here.iter().map(|part| part.end - part.start).sum()
        });
        let percent = bytes.min(len).saturating_mul(100) / len;
        node.title = format!("[{}%] {}", percent.min(99), node.title);
    }

    /// Which of its bytes are here; `None` where nobody counts just now.
    async fn here(&self, row: &Row, len: u64) -> Option<Vec<Range<u64>>> {
        let copied = || self.shelf.records.copied(&row.media_id);
        let copying = lock(&self.shelf.copies).contains_key(&row.media_id);
        if copying || row.index.is_none() {
            return copied().map(|copied| copied.here.list(len));
        }
        let progress = self.parts.swarm.progress(&row.info_hash, row.index?).await;
        progress.map(|progress| progress.here).or_else(|| copied().map(|c| c.here.list(len)))
    }
}

/// Whether all of `wanted` is here; the parts have no gaps between two that touch.
fn has(here: &[Range<u64>], wanted: &Range<u64>) -> bool {
    here.iter().any(|part| part.start <= wanted.start && wanted.end <= part.end)
}
