//! One line for all rooms: a torrent that nobody reads gives way while somebody watches another film, or
//! another torrent, that may stall. Copies of what a store sends do so by themselves, in
//! [`offline`](super::offline).
//!
//! Somebody may stall who had to wait for the film's bytes half of the time, or who has less than
//! [`LEAD`] of it before the picture. Who reads gives way to nobody: two rooms that watch share the line.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Playback;
use super::held_up::Place;
use crate::torrent::InfoHash;

/// How often it is looked who watches.
const LOOK: Duration = Duration::from_secs(1);
/// For how long nobody has read a torrent that gives way. A set that has filled its buffer reads on
/// within it.
const UNREAD: Duration = Duration::from_secs(30);
/// How long nobody has had to wait before it goes on.
const CALM: Duration = Duration::from_secs(10);
/// How much of a film from peers lies before the picture of somebody who need not be cared for.
const LEAD: Duration = Duration::from_secs(30);

impl Playback {
    /// Has torrents give way, and go on; to be run until the server stops.
    pub async fn share_the_line_always(self: Arc<Self>) {
        // Whose readers had to wait, and when they had last.
        let mut waiting: HashMap<InfoHash, Instant> = HashMap::new();
        let mut some_give_way = false;
        loop {
            sleep(LOOK).await;
            self.readers.look_at_lines();
            let now = Instant::now();
            let held_up = self.held_up().await;
            waiting.extend(held_up.into_iter().map(|info_hash| (info_hash, now)));
            waiting.retain(|_, at| at.elapsed() < CALM);
            if self.parts.swarm.allowed() && (some_give_way || !waiting.is_empty()) {
                some_give_way = self.share(&waiting).await;
            }
        }
    }

    /// The torrents of which somebody reads a file and may stall.
    async fn held_up(&self) -> Vec<InfoHash> {
        let (mut held_up, others) = self.readers.held_up();
        for place in others {
            if !held_up.contains(&place.info_hash) && self.has_little_before(&place).await {
                held_up.push(place.info_hash);
            }
        }
        held_up
    }

    /// Whether little of what comes from peers lies before a reader.
    async fn has_little_before(&self, place: &Place) -> bool {
        let Place { info_hash, index, at, len, bytes_s } = *place;
        let Some(progress) = self.parts.swarm.progress(&info_hash, index).await else {
            return false;
        };
        let part = progress.here.iter().find(|part| part.contains(&at));
        let until = part.map_or(at, |part| part.end);
        until < len && until - at < bytes_s.saturating_mul(LEAD.as_secs())
    }

    /// Says whether any torrent gives way.
    async fn share(&self, waiting: &HashMap<InfoHash, Instant>) -> bool {
        let mut some = false;
        for info_hash in self.parts.swarm.coming() {
            let is_unread = self.readers.unread(&info_hash).is_none_or(|since| since >= UNREAD);
            let gives_way = is_unread && waiting.keys().any(|other| *other != info_hash);
            match self.parts.swarm.give_way(&info_hash, gives_way).await {
                Ok(true) if gives_way => {
                    tracing::info!(%info_hash, "torrent: gives way to who watches");
                }
                Ok(true) => tracing::info!(%info_hash, "torrent: goes on"),
                Ok(false) => {}
                Err(error) => tracing::debug!(%info_hash, %error, "a torrent does not give way"),
            }
            some |= gives_way;
        }
        some
    }
}
