//! How far a film is that is still coming: it can be browsed from the start, and says so until a
//! player can open it, which reads the end of a file right after its beginning.

use std::collections::HashMap;
use std::ops::Range;

use super::listing::Listing;
use super::node::Node;
use super::row::Row;
use crate::playback::{Playback, lock};

/// What is read at the start.
const HEAD: u64 = 4 << 20;
/// What is read at the end: the index of an MP4, or of a Matroska file.
const TAIL: u64 = 8 << 20;

impl Playback {
    /// Puts `[45%] ` before the title of a film whose head or tail is not here yet.
    pub(super) async fn mark_how_far(&self, node: &mut Node, row: &Row) {
        if let Some(percent) = self.how_far(row).await {
            node.title = format!("[{percent}%] {}", node.title);
        }
    }

    /// Counts the lists on where such a mark has gone from a title, or stands there again. Not with
    /// each percent: every set would read its list all the time.
    pub(super) async fn count_marks(&self, listing: &Listing) {
        let mut marks = HashMap::new();
        for row in &listing.coming {
            marks.insert(row.media_id.clone(), self.how_far(row).await.is_some());
        }
        self.lists.marked(marks);
    }

    /// How far it is, in percent; `None` where a player can open it, or nobody knows how long it is.
    async fn how_far(&self, row: &Row) -> Option<u64> {
        let len = row.size_bytes.filter(|len| *len > 0)?;
        percent(self.here(row, len).await.as_deref(), row.bytes_on_disk, len)
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

/// How far it is, in percent; `None` where a player can open it. Where nobody counts, the disk says
/// about how much it is.
fn percent(here: Option<&[Range<u64>]>, bytes_on_disk: u64, len: u64) -> Option<u64> {
    // The parts have no gaps between two that touch.
    let has = |wanted: &Range<u64>| {
        let around = |part: &Range<u64>| part.start <= wanted.start && wanted.end <= part.end;
        here.is_some_and(|here| here.iter().any(around))
    };
    if has(&(0..len.min(HEAD))) && has(&(len.saturating_sub(TAIL)..len)) {
        return None;
    }
    let counted = |here: &[Range<u64>]| here.iter().map(|part| part.end - part.start).sum();
    let bytes: u64 = here.map_or(bytes_on_disk, counted);
    Some((bytes.min(len).saturating_mul(100) / len.max(1)).min(99))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_film_opens_once_its_beginning_and_its_end_are_here() {
        let len = 100 * MIB;
        let only = |range: Range<u64>| std::iter::once(range).collect::<Vec<_>>();
        for (here, on_disk, expected) in [
            (Some(vec![]), 0, Some(0)),
            (Some(only(0..45 * MIB)), 60 * MIB, Some(45)),
            (Some(vec![0..4 * MIB, 92 * MIB..len]), 0, None),
            (Some(vec![0..4 * MIB, 93 * MIB..len]), 0, Some(11)),
            (Some(only(MIB..len)), 0, Some(99)),
            (Some(only(0..len)), 0, None),
            (None, 30 * MIB, Some(30)),
            (None, 200 * MIB, Some(99)),
        ] {
            assert_eq!(percent(here.as_deref(), on_disk, len), expected, "{here:?}");
        }
        assert_eq!(percent(Some(&only(0..10)), 0, 10), None, "a short one");
    }
}
