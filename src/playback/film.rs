//! A chosen file as it is served. What is told of it was kept at the choice, so it neither changes
//! with the way the bytes come today nor waits for them.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::{StreamExt as _, TryFutureExt as _};

use super::session::Session;
use super::{Error, Playback};
use crate::representation::{ByteStream, Representation, media_type_of};
use crate::torrent::entity_tag;

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

    /// Opens it where it is not open. The work is a task's: a player that loses its patience must
    /// not take it back.
    pub(super) async fn open(&self) -> Result<Arc<dyn Representation>, Error> {
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

    fn read(&self, range: Range<u64>) -> ByteStream {
        let film = self.clone();
        // Nobody watches the box's own proof that it can serve.
        let watched = !self.session.playable.is_own();
        let seat = watched.then(|| self.playback.audience.sit_down());
        let mut reading = watched.then(|| self.playback.begin_reading(&self.session, range.start));
        let opened = async move {
            let bytes = film.open().await.inspect_err(|error| {
                tracing::warn!(%error, "a film cannot be read");
            });
            let bytes = bytes.map_err(io::Error::other)?;
            let media_id = film.session.playable.media_id();
            Ok::<_, io::Error>(film.playback.through_copy(&media_id, bytes).read(range))
        };
        // The seat is given up when the stream is dropped, however it ends.
        let follow = move |bytes: &io::Result<bytes::Bytes>| {
            let _ = &seat;
            if let (Some(reading), Ok(bytes)) = (&mut reading, bytes) {
                reading.advance(bytes.len());
            }
        };
        opened.try_flatten_stream().inspect(follow).boxed()
    }
}
