//! What is being read just now: that work which can wait yields to it, and that it is counted.

use std::sync::{Arc, Mutex};

use futures_util::{StreamExt as _, stream};

use super::playable::Via;
use super::readers::{Read, Reading};
use super::session::Session;
use super::{Playback, lock};
use crate::representation::ByteStream;

/// Bytes that readers were given, by the way they came.
#[derive(Debug, Default)]
pub(super) struct Served(Mutex<Vec<(Via, u64)>>);

impl Served {
    fn count(&self, via: Via, bytes: usize) {
        let mut rows = lock(&self.0);
        match rows.iter_mut().find(|row| row.0 == via) {
            Some(row) => row.1 += bytes as u64,
            None => rows.push((via, bytes as u64)),
        }
    }
}

impl Playback {
    /// Bytes that readers were given, by the way they came.
    #[must_use]
    pub fn served(&self) -> Vec<(Via, u64)> {
        lock(&self.served.0).clone()
    }

    /// The bytes of a reader that begins at `at`: it is known as one until they end, they are
    /// counted, and it can be sent away.
    pub(super) fn attended(
        self: &Arc<Self>,
        session: &Arc<Session>,
        at: u64,
        bytes: ByteStream,
    ) -> ByteStream {
        let reading = self.begin_reading(session, at);
        let reader =
            Reader { playback: Arc::clone(self), session: Arc::clone(session), via: None, bytes };
        let reading = (reader, Some(reading));
        stream::unfold(reading, async |(mut reader, reading): (Reader, Option<Reading>)| {
            let mut reading = reading?;
            reading.asks();
            tokio::select! {
                biased;
                () = reading.sent_away() => {
                    let error = std::io::Error::other("this film was stopped");
                    Some((Err(error), (reader, None)))
                }
                next = reader.bytes.next() => {
                    let next = next?;
                    if let Ok(bytes) = &next {
                        reader.count(bytes.len());
                        reading.advance(bytes.len());
                    }
                    Some((next, (reader, Some(reading))))
                }
            }
        })
        .boxed()
    }

    fn begin_reading(self: &Arc<Self>, session: &Arc<Session>, at: u64) -> Reading {
        let (media_id, stalls) = (session.playable.media_id(), Arc::clone(session));
        let read = Read {
            media_id: media_id.clone(),
            info_hash: session.playable.info_hash,
            at,
            len: session.playable.file.size_bytes.unwrap_or(0),
            index: session.playable.file.index,
            bytes_s: self.bytes_s_of(&session.playable),
            may_stall: Box::new(move || stalls.may_stall()),
        };
        let (reading, counts) = self.readers.begin(read);
        if counts {
            self.note_evening(media_id);
        }
        reading
    }
}

struct Reader {
    playback: Arc<Playback>,
    session: Arc<Session>,
    via: Option<Via>,
    bytes: ByteStream,
}

impl Reader {
    fn count(&mut self, bytes: usize) {
        // Somebody may just be opening it: then they come as they came before.
        let Some(via) = self.session.via().or(self.via) else { return };
        self.playback.served.count(via, bytes);
        if self.via.replace(via) != Some(via) {
            self.say_which_way(via);
        }
    }

    /// Once for each way, not for each of a player's forty ranges.
    fn say_which_way(&self, via: Via) {
        if lock(&self.session.said).replace(via) == Some(via) {
            return;
        }
        let playable = &self.session.playable;
        let (info_hash, file) = (playable.info_hash, playable.file.base_name());
        match via {
            Via::Disk => tracing::info!(%info_hash, file, "stream: using the file on the disk"),
            Via::Swarm => {
                tracing::info!(%info_hash, file, "stream: using the torrent (the file is not whole yet)");
            }
            Via::Mirror => tracing::info!(%info_hash, file, "stream: using a mirror"),
            Via::Debrid => tracing::info!(%info_hash, file, "stream: using the store's link"),
        }
        if via == Via::Swarm {
            self.playback.say_how_far(&info_hash);
        }
    }
}
