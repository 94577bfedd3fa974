//! Playing on: when the way by which a film's bytes come fails, its readers are carried over to
//! another way to the same bytes, at the same byte.
//!
//! The same bytes are those of the same file of the same torrent: info hash, name and size agree
//! (the entity tag), and the length does; a mirror must have what was passed on last as well, or a piece
//! of the torrent where its description is known (`mirror/choice.rs`). Another release of the film has other bytes and is never
//! spliced in: where no way to the same bytes is left, the reader hears of it.
//!
//! All readers of a film share its way. Whoever notices first that it is dead strikes it out for a
//! while, longer each time; the others find the new one. A link mends itself first (a fresh link of
//! the same store is the same way, see `debrid`), and a mirror has its own backups. A link that is
//! silent, or slower than the film, does not know it: it is renewed here, once, before it is left.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep};

use super::film::Film;
use super::lock;
use super::playable::Via;
use super::riding::{Riding, Speed, WITHOUT_A_BYTE, may_be_renewed};
use super::session::Session;
use crate::representation::{ByteStream, Representation};

/// Over how much waiting the speed of a way is judged.
const JUDGED_OVER: Duration = Duration::from_secs(20);
/// Between two looks for a way where all are struck out; doubled each time, to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// After so many bytes a way has proved itself.
const PROVED: u64 = 4 << 20;

/// Reads `range` of a film by whatever way there is.
pub(super) fn read(film: Film, range: Range<u64>) -> ByteStream {
    let carrier = Carrier {
        film,
        left: range,
        way: None,
        waits: Instant::now(),
        pause: PAUSE,
        lost: None,
        barren: None,
        slow: HashMap::new(),
        renewed_for_silence: false,
        renewed_for_speed: false,
    };
    stream::try_unfold(carrier, Carrier::next).boxed()
}

/// One reader.
struct Carrier {
    film: Film,
    left: Range<u64>,
    way: Option<Riding>,
    /// Since when it waits for the next byte.
    waits: Instant,
    pause: Duration,
    /// When the last way died, until the next byte comes.
    lost: Option<Instant>,
    /// The way that failed last without having brought a byte.
    barren: Option<Via>,
    /// The ways that were slower than the film, and what each brought, in bytes a second.
    slow: HashMap<Via, u64>,
    /// Whether a server's link was renewed because it was silent, and has not brought a minute of the
    /// film since; and whether one was because it was slower than the film.
    renewed_for_silence: bool,
    renewed_for_speed: bool,
}

impl Carrier {
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        // What lies between two bytes and is no wait is the reader's own pace.
        self.waits = Instant::now();
        while !self.left.is_empty() {
            let Some(way) = &mut self.way else {
                self.board().await?;
                continue;
            };
            let began = Instant::now();
            let may_renew = !self.renewed_for_silence;
            let heard = way.hear(&self.film, &self.left, self.waits, may_renew).await;
            way.speed.waited += began.elapsed();
            let why = match heard {
                Ok(Some(Ok(bytes))) if bytes.is_empty() => continue,
                Ok(Some(Ok(bytes))) => {
                    let bytes = self.take(bytes);
                    return Ok(Some((bytes, self)));
                }
                Ok(Some(Err(error))) => error,
                Ok(None) => io::Error::other("it broke off"),
                // It is the link that is dead more often than the store.
                Err(_) if !self.renewed_for_silence && may_be_renewed(&self.film, way.via) => {
                    self.renewed_for_silence = true;
                    self.renew("it is silent");
                    continue;
                }
                Err(_) => io::Error::other("nothing comes any more"),
            };
            let barren = Some(way.via).filter(|_| way.brought == 0);
            self.leave(&why);
            if self.waits_too_long() {
                return Err(why);
            }
            // The same way again, that opens and has nothing: not as fast as it can fail.
            if barren.is_some() && barren == self.barren {
                self.rest().await;
            }
            self.barren = barren;
        }
        Ok(None)
    }

    /// Counts `bytes`, cut to what is left.
    fn take(&mut self, mut bytes: Bytes) -> Bytes {
        let left = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX);
        bytes.truncate(left);
        let size = bytes.len() as u64;
        self.left.start += size;
        self.pause = PAUSE;
        let Some(way) = &mut self.way else { return bytes };
        // What comes from peers has a description.
        if way.via == Via::Debrid {
            self.film.session().given.note(self.left.start - size, &bytes);
        }
        if let Some(lost) = self.lost.take() {
            tracing::info!(
                via = %way.via, byte = self.left.start - size, after_ms = lost.elapsed().as_millis(),
                "a film goes on by another way"
            );
        }
        way.brought += size;
        way.speed.brought += size;
        // A link that stalls again soon is no better for being renewed, where there is another way.
        if self.renewed_for_silence
            && (way.brought >= way.minute.max(PROVED) || self.film.ways_besides(way.via).is_empty())
        {
            self.renewed_for_silence = false;
        }
        if way.brought >= PROVED && way.brought - size < PROVED {
            lock(&self.film.session().strikes).forget(way.via);
        }
        if way.speed.waited >= JUDGED_OVER {
            self.judge();
        } else if way.speed.brought >= way.minute {
            // What it had to wait for before that is long forgotten.
            way.speed = Speed::default();
            self.film.session().keeps_up();
        }
        bytes
    }

    /// Leaves a way that is slower than the film, if there may be a faster one; says so if there is not.
    fn judge(&mut self) {
        let Some(way) = &mut self.way else { return };
        let (via, speed) = (way.via, std::mem::take(&mut way.speed));
        // Several who read at once share what comes.
        let (brought, needed) = (speed.bytes_s(), self.film.bytes_s() / self.film.readers());
        if brought >= needed {
            return self.film.session().keeps_up();
        }
        if via == Via::Debrid && !self.renewed_for_speed {
            // One node of many is slow, and a new link often leads to another.
            self.renewed_for_speed = true;
            return self.renew("it brings less than the film needs");
        }
        self.slow.insert(via, brought);
        // Of ways that are all too slow, the fastest: not one after the other, for ever.
        let faster = |way: Via| self.slow.get(&way).is_none_or(|had| *had > brought);
        if self.film.ways_besides(via).into_iter().any(faster) {
            self.leave(&io::Error::other("it is slower than the film"));
        } else {
            self.film.session().falls_short(via, brought, needed);
        }
    }

    /// Has the way opened anew, by a fresh link or at a mirror that is tested again: nothing is said
    /// against it yet.
    fn renew(&mut self, why: &str) {
        let Some(way) = self.way.take() else { return };
        tracing::info!(via = %way.via, byte = self.left.start, why, "a way to a film is opened anew");
        self.lost.get_or_insert_with(Instant::now);
        self.film.session().close(&way.bytes);
    }

    /// Gives up the way, and strikes it out for all.
    fn leave(&mut self, why: &io::Error) {
        let Some(way) = self.way.take() else { return };
        tracing::warn!(
            via = %way.via, byte = self.left.start, %why, "the way by which a film came has failed"
        );
        self.lost.get_or_insert_with(Instant::now);
        self.film.session().keeps_up();
        if way.via == Via::Disk {
            self.film.doubt_disk();
        }
        self.film.session().give_up(way.via, &way.bytes, why);
    }

    /// Finds a way; where all have failed just now, tries again until the reader has been without a
    /// byte for too long.
    async fn board(&mut self) -> io::Result<()> {
        loop {
            match self.film.open().await {
                Ok((via, bytes)) => {
                    let body = self.film.through_copy(&bytes).read(self.left.clone());
                    let (speed, minute) = (Speed::default(), self.film.bytes_s() * 60);
                    self.way = Some(Riding { via, bytes, body, brought: 0, speed, minute });
                    return Ok(());
                }
                Err(error)
                    if self.lost.is_none() || self.waits_too_long() || self.film.is_lost() =>
                {
                    tracing::warn!(%error, "a film cannot be read");
                    return Err(io::Error::other(error));
                }
                Err(error) => {
                    tracing::debug!(%error, "no way at the moment");
                    self.rest().await;
                }
            }
        }
    }

    /// Whether it is time that the reader hears that there is none.
    fn waits_too_long(&self) -> bool {
        self.waits.elapsed() > WITHOUT_A_BYTE
    }

    async fn rest(&mut self) {
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

impl Session {
    /// Closes the way that failed, unless another reader has done so.
    fn give_up(&self, via: Via, dead: &Arc<dyn Representation>, why: &io::Error) {
        if self.close(dead) {
            let told = why.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
            lock(&self.strikes).strike(via, told.unwrap_or(why));
        }
    }
}
