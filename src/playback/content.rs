//! What a file really is: looked at as soon as its first bytes are here, before any goes out.
//!
//! A program, an archive or a disc image under a film's name is never passed on. That is remembered
//! for the file, so that the next play passes over it at once.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::places::LONGEST_S;
use super::playable::Playable;
use super::ways::NoWay;
use super::{Error, Playback, durably, lock};
use crate::media::{Content, Runs, TELLING, content_of, dimensions, passes, runs};
use crate::release;
use crate::representation::{ByteStream, Representation};

/// How long a play waits for the first bytes before it says what plays: the look goes on then when
/// they are read.
const PLAY_PATIENCE: Duration = Duration::from_secs(2);
/// How long a read of a later part waits for the first bytes: of a program without its head nothing
/// is to be feared.
const LATER_PATIENCE: Duration = Duration::from_secs(5);
/// Most files that are remembered as films.
const MOST_FILMS: usize = 4096;

/// Files that were looked into and are films, or nothing known; by media id.
#[derive(Default)]
pub(super) struct Vouched(Mutex<HashSet<String>>);

impl Playback {
    /// Looks into a file by its first bytes, unless that was done before; an error where it must not
    /// be passed on.
    /// `start` is the byte that is to be read.
    pub(super) async fn vouch(
        &self,
        playable: &Playable,
        head: ByteStream,
        start: u64,
    ) -> Result<(), Error> {
        if playable.is_own() || lock(&self.vouched.0).contains(&playable.media_id()) {
            return Ok(());
        }
        if start < TELLING as u64 {
            return self.look_into(playable, head, true).await;
        }
        timeout(LATER_PATIENCE, self.look_into(playable, head, false)).await.unwrap_or(Ok(()))
    }

    /// The same for a play: a refusal, if the first bytes are here soon.
    pub(super) async fn vouch_soon(
        &self,
        playable: &Playable,
        bytes: &dyn Representation,
    ) -> Result<(), NoWay> {
        let head = bytes.read(0..bytes.len().min(TELLING as u64));
        match timeout(PLAY_PATIENCE, self.vouch(playable, head, 0)).await {
            Ok(Err(error @ Error::NotAFilm { .. })) => Err(NoWay::not_a_film(error.to_string())),
            _ => Ok(()),
        }
    }

    /// Where `it_goes_out`, the head itself is what was asked for.
    async fn look_into(
        &self,
        playable: &Playable,
        head: ByteStream,
        it_goes_out: bool,
    ) -> Result<(), Error> {
        self.is_not_refused(playable)?;
        let head = match read(head).await {
            Ok(head) => head,
            // Whoever reads it might have more luck, and would be passed what nobody has looked into.
            Err(error) if it_goes_out => {
                let (name, why) = (playable.link_name(), error.to_string());
                return Err(Error::Gone { name, why });
            }
            // What cannot be read now is looked into next time.
            Err(_) => return Ok(()),
        };
        let content = content_of(&head);
        let file = playable.file.base_name();
        if let Content::Other(other) = content
            && !passes(content, release::is_video(file))
        {
            let (info_hash, what) = (playable.info_hash, other.words().to_owned());
            let (key, name) = (Self::key_of_refused(playable), playable.link_name());
            tracing::warn!(%info_hash, file, what, "content: not passed on");
            durably(|| self.parts.state.put(&key, &what))?;
            return Err(Error::NotAFilm { name, what });
        }
        if content == Content::Unknown && release::is_video(file) {
            tracing::info!(info_hash = %playable.info_hash, file, "content: of no container that is known here; passed on, since there are others");
        }
        self.learn_from(playable, &head);
        let mut vouched = lock(&self.vouched.0);
        if vouched.len() >= MOST_FILMS {
            vouched.clear();
        }
        vouched.insert(playable.media_id());
        Ok(())
    }

    /// Notes what the first bytes say for lists: how long the film runs, where no player has told that
    /// yet, and how large its picture is.
    fn learn_from(&self, playable: &Playable, head: &[u8]) {
        let length = match runs(0, head) {
            Runs::Seconds(seconds) if seconds <= LONGEST_S => Some(seconds),
            _ => None,
        };
        let resolution = dimensions(head);
        let learnt = self.shelf.records.learn(&playable.media_id(), |record| {
            record.duration_s = record.duration_s.or(length);
            record.resolution = resolution.or(record.resolution);
        });
        if let Err(error) = learnt {
            tracing::debug!(%error, "what a film's head says is not noted");
        }
    }

    /// An error where it was seen before that it must not be passed on.
    pub(super) fn is_not_refused(&self, playable: &Playable) -> Result<(), Error> {
        match self.parts.state.get::<String>(&Self::key_of_refused(playable))? {
            Some(what) => Err(Error::NotAFilm { name: playable.link_name(), what }),
            None => Ok(()),
        }
    }

    fn key_of_refused(playable: &Playable) -> String {
        format!("not_a_film/{}", playable.media_id())
    }
}

/// The bytes that tell.
async fn read(mut part: ByteStream) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while let Some(more) = part.next().await {
        head.extend_from_slice(&more?);
    }
    Ok(head)
}
