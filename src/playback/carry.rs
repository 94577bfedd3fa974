//! Playing on: when the way by which a film's bytes come fails, its readers are carried over to
//! another way to the same bytes, at the same byte.
//!
//! The same bytes are those of the same file of the same torrent: info hash, name and size agree
//! (the entity tag), and the length does. Another release of the film has other bytes and is never
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
use tokio::time::{Instant, sleep, timeout};

use super::film::Film;
use super::lock;
use super::playable::Via;
use super::session::Session;
use crate::debrid;
use crate::representation::{ByteStream, Representation};
use crate::swarm;

/// How long peers may send nothing where none is connected any more and there is another way; where
/// one is, `mirror.p2p_timeout_ms` says it: some players leave after 20 s without a byte, and the
/// drip holds the others for longer than that.
const PEERS_GONE: Duration = Duration::from_secs(5);
/// The same of a link or a mirror: a server that has begun to send does not pause.
const SERVER_SILENT: Duration = Duration::from_secs(8);
/// After so long a silence of a server that is the only way, it is asked anew at the same byte: it
/// may be well, and the connection forgotten on the way. After as long again its link is renewed.
const ASKED_ANEW: Duration = Duration::from_secs(15);
/// Between two looks whether the silence lasts too long.
const LOOK: Duration = Duration::from_secs(1);
/// How long a reader may be without a byte before it hears that there is none. Droughts of 80 s
/// were seen to end well; the drip holds a player for five minutes.
const WITHOUT_A_BYTE: Duration = Duration::from_secs(120);
/// Over how much waiting the speed of a way is judged.
const JUDGED_OVER: Duration = Duration::from_secs(20);
/// For how long a way that failed is not tried again; doubled each time, to [`LONGEST_STRIKE`].
const STRIKE: Duration = Duration::from_secs(5);
const LONGEST_STRIKE: Duration = Duration::from_secs(600);
/// Between two looks for a way where all are struck out; doubled each time, to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// After so many bytes a way has proved itself.
const PROVED: u64 = 4 << 20;

/// The ways of a film that have failed lately.
#[derive(Debug, Default)]
pub(super) struct Strikes(HashMap<Via, Strike>);

#[derive(Debug)]
struct Strike {
    since: Instant,
    until: Instant,
    count: u32,
    why: String,
    /// Trying again is of no use to who reads now. Who asks anew a moment later may find that
    /// somebody has mended it: has made room on the disk, or paid.
    for_good: bool,
}

impl Strikes {
    /// Those of `ways` that have not failed just now; where all have, those that may yet be mended.
    pub(super) fn sort_out(&self, ways: &[Via]) -> Vec<Via> {
        let now = Instant::now();
        let is_open = |way: &&Via| self.0.get(way).is_none_or(|strike| strike.until <= now);
        let may_mend = |way: &&Via| {
            self.0.get(way).is_none_or(|strike| !strike.for_good || now > strike.since + STRIKE)
        };
        let open: Vec<Via> = ways.iter().filter(is_open).copied().collect();
        if open.is_empty() { ways.iter().filter(may_mend).copied().collect() } else { open }
    }

    pub(super) fn allow(&self, way: Via) -> bool {
        self.0.get(&way).is_none_or(|strike| strike.until <= Instant::now())
    }

    pub(super) fn strike(&mut self, way: Via, why: &(dyn std::error::Error + 'static)) {
        let of_store = why.downcast_ref::<debrid::Error>().is_some_and(debrid::Error::is_final);
        let of_room = why.downcast_ref::<swarm::Error>().is_some_and(swarm::Error::wants_room);
        // Peers that lie do so for a day; what the story itself says of them is no mere bad luck.
        let of_peers = matches!(why.downcast_ref(), Some(super::Error::NeverVerifies { .. }));
        let for_good = of_store || of_room || of_peers;
        let count = self.0.get(&way).map_or(0, |strike| strike.count);
        let doubled = STRIKE.saturating_mul(1 << count.min(10)).min(LONGEST_STRIKE);
        let wait = if for_good { LONGEST_STRIKE } else { doubled };
        let (since, why) = (Instant::now(), why.to_string());
        let until = since + wait;
        self.0.insert(way, Strike { since, until, count: count + 1, why, for_good });
    }

    /// What the first of `ways` that has failed had to say.
    pub(super) fn why(&self, ways: &[Via]) -> Option<String> {
        ways.iter().find_map(|way| self.0.get(way)).map(|strike| strike.why.clone())
    }

    fn forget(&mut self, way: Via) {
        self.0.remove(&way);
    }
}

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

/// The way that it reads by.
struct Riding {
    via: Via,
    bytes: Arc<dyn Representation>,
    body: ByteStream,
    /// Since it is ridden.
    brought: u64,
    speed: Speed,
    /// A minute of the film, in bytes.
    minute: u64,
}

/// What came while it was waited for. A player that reads slowly says nothing against a way.
#[derive(Default)]
struct Speed {
    waited: Duration,
    brought: u64,
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
            let (began, waits) = (Instant::now(), self.waits);
            let mut asked = began;
            let mut asked_anew = false;
            let heard = loop {
                match timeout(LOOK, way.body.next()).await {
                    Ok(heard) => break Ok(heard),
                    Err(late) if is_silent(&self.film, way.via, began, waits) => {
                        break Err(late);
                    }
                    Err(late) if way.is_of_a_server() && asked.elapsed() >= ASKED_ANEW => {
                        if asked_anew && !self.renewed_for_silence {
                            break Err(late);
                        }
                        tracing::info!(via = %way.via, "a silent server is asked anew");
                        way.body = self.film.through_copy(&way.bytes).read(self.left.clone());
                        (asked, asked_anew) = (Instant::now(), true);
                    }
                    Err(_) => {}
                }
            };
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

impl Riding {
    fn is_of_a_server(&self) -> bool {
        matches!(self.via, Via::Debrid | Via::Mirror)
    }
}

impl Speed {
    fn bytes_s(&self) -> u64 {
        self.brought.checked_div(self.waited.as_secs()).unwrap_or(u64::MAX)
    }
}

/// Whether a way that is silent is opened anew before it is left: a store's link; a mirror, which has
/// backups of its own, only where there is nothing else.
fn may_be_renewed(film: &Film, via: Via) -> bool {
    via == Via::Debrid || (via == Via::Mirror && film.ways_besides(via).is_empty())
}

/// Whether a way that has sent nothing for so long is to be given up. The only one is not: it has
/// its own patience.
fn is_silent(film: &Film, via: Via, began: Instant, waits: Instant) -> bool {
    if film.ways_besides(via).is_empty() {
        return waits.elapsed() > WITHOUT_A_BYTE;
    }
    let silent = began.elapsed();
    match via {
        Via::Swarm => {
            let patience = film.patience_with_peers();
            silent >= patience || (silent >= PEERS_GONE.min(patience) && film.has_no_peer())
        }
        Via::Debrid | Via::Mirror | Via::Disk => silent >= SERVER_SILENT,
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
