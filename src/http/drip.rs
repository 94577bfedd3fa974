//! The drip: how a body goes on when its bytes are late.
//!
//! A player that hears nothing gives up: the most impatient after 8 s, others after 15 to 20, and
//! some count less than one byte a second as nothing. The same players were seen to stay for 75 s
//! and more on a single request that brought 1 KiB every second. So part of what arrives is held
//! back, and in a shortage the held part is sent slowly. No byte is invented: when what is read ends
//! with an error, what is held is sent, the connection closes, and the player asks again from the
//! exact byte, which nearly all of them do.
//!
//! A film's reader ends so after two minutes without a byte (`WITHOUT_A_BYTE` in `playback::riding`):
//! by then every way has been tried more than once, and a new request does better than a longer wait.
//! The drip's own patience of five minutes is longer on purpose. It ends what says nothing at all, and
//! the reserve is stretched over it, so that when the reader ends the larger part is still held: a
//! player has never been silent before it hears of the end.
//!
//! The numbers, each in [`Limits::default`]:
//!
//! 1. The first 256 KiB pass untouched: a player reads that much before it shows a picture, and the
//!    time to the first byte is ours to lose.
//! 2. 320 KiB is the least reserve that lasts its five minutes at a little over 1 KiB a second;
//!    below it half of what arrives is held, so that the player is never silent while it fills.
//! 3. 512 KiB is the most: a second or less of film, small beside a player's own buffer, and sixteen
//!    stalled streams hold 8 MiB. Between the two an eighth is held.
//! 4. A shortage sends `reserve / patience` a second, never less than 1 KiB: 512 KiB last as long as
//!    320 do, and go out faster.
//!
//! A finished film on a disk is dripped as well, from less ([`Limits::of_a_disk`]).
//!
//! A full reserve costs no throughput: it is a moving tail, what arrives goes in at one end and as
//! much goes out at the other, and [`Bytes`] are counted references, never copied. It does not read
//! ahead either: it asks for bytes only when the socket asks it.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep};

use crate::representation::{ByteStream, CHUNK_BYTES};

/// How much is held, and how long a shortage may last.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes that pass untouched at the beginning.
    pub opening_bytes: u64,
    /// Up to this reserve, half of what arrives is held.
    pub least_reserve_bytes: u64,
    /// Up to this reserve, an eighth of what arrives is held; beyond it nothing.
    pub most_reserve_bytes: u64,
    /// In a shortage, the time between two releases.
    pub beat: Duration,
    /// The least that a release sends.
    pub least_release_bytes: u64,
    /// The longest wait for a byte; then the body ends with an error.
    pub patience: Duration,
    /// Whether the last arrival is held as it came, where it is at least the least reserve, instead of a
    /// share of each.
    pub holds_arrivals: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            opening_bytes: 256 << 10,
            least_reserve_bytes: 320 << 10,
            most_reserve_bytes: 512 << 10,
            beat: Duration::from_secs(1),
            least_release_bytes: 1 << 10,
            patience: Duration::from_secs(300),
            holds_arrivals: false,
        }
    }
}

impl Limits {
    /// For what comes from a disk, which is not late but may die: one read is held, so that a reader has
    /// two at most, as without. At 1 KiB a second it lasts for two minutes, the longest that another way
    /// is waited for. It is held whole: by shares each read would go out in two pieces. (That is tidier
    /// and no quicker: one client has four fifths of the speed of nginx with either.)
    #[must_use]
    pub fn of_a_disk() -> Self {
        let reserve = CHUNK_BYTES as u64;
        Self {
            least_reserve_bytes: reserve,
            most_reserve_bytes: reserve,
            holds_arrivals: true,
            ..Self::default()
        }
    }
}

/// The bytes of one range, kept flowing.
pub struct Drip {
    inner: ByteStream,
    limits: Limits,
    /// Arrived and not yet sent, in order; `held` is the sum of their lengths.
    queue: VecDeque<Bytes>,
    held: u64,
    /// How much of the queue may go out now.
    due: u64,
    /// Bytes of the range that have not arrived.
    missing: u64,
    /// Bytes of the opening that have not passed.
    opening: u64,
    /// Said when the queue is empty: how the inner stream ended.
    end: Option<io::Result<()>>,
    shortage: Option<Shortage>,
    last_sent: Instant,
    alarm: Pin<Box<Sleep>>,
}

/// A time without arrivals.
struct Shortage {
    since: Instant,
    /// How much one beat releases, from the reserve there was at its beginning.
    release: u64,
}

impl Drip {
    /// Wraps `inner`, which is to bring `wanted` bytes.
    #[must_use]
    pub fn new(inner: ByteStream, wanted: u64, limits: Limits) -> Self {
        Self {
            inner,
            limits,
            queue: VecDeque::new(),
            held: 0,
            due: 0,
            missing: wanted,
            opening: limits.opening_bytes,
            end: None,
            shortage: None,
            last_sent: Instant::now(),
            alarm: Box::pin(tokio::time::sleep(limits.patience)),
        }
    }

    /// Takes in a chunk and decides how much of the queue is due.
    fn arrived(&mut self, chunk: Bytes) {
        let size = chunk.len() as u64;
        self.shortage = None;
        self.missing = self.missing.saturating_sub(size);
        self.queue.push_back(chunk);
        self.held += size;

        let passing = size.min(self.opening);
        self.opening -= passing;
        let before = self.held - size;
        let keep = match (self.missing, self.limits.holds_arrivals) {
            (0, _) => 0,
            // A short read, at the edge of what is in memory, is not enough to last.
            (_, true) if size - passing >= self.limits.least_reserve_bytes => size - passing,
            _ => before + self.share(before, size - passing),
        };
        self.due = self.held.saturating_sub(keep);
    }

    /// How much of `size` arriving bytes is held, with `held` there already.
    fn share(&self, held: u64, size: u64) -> u64 {
        let half = (size / 2).min(self.limits.least_reserve_bytes.saturating_sub(held));
        let rest = size - 2 * half;
        let room = self.limits.most_reserve_bytes.saturating_sub(held + half);
        half + (rest / 8).min(room)
    }

    /// The next piece of what is due.
    fn send(&mut self) -> Option<Bytes> {
        let mut front = self.queue.pop_front()?;
        let size = self.due.min(front.len() as u64);
        let piece = front.split_to(usize::try_from(size).unwrap_or(front.len()));
        if !front.is_empty() {
            self.queue.push_front(front);
        }
        self.due -= piece.len() as u64;
        self.held -= piece.len() as u64;
        self.last_sent = Instant::now();
        Some(piece)
    }

    /// Nothing has arrived: waits for the next beat or for the end of patience.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let limits = self.limits;
        let now = Instant::now();
        let shortage = self
            .shortage
            .get_or_insert_with(|| Shortage { since: now, release: release(self.held, &limits) });
        let give_up = shortage.since + limits.patience;
        if now >= give_up {
            let waited = limits.patience.as_secs();
            let message = format!("no byte came for {waited} s: ask again from here");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
        }
        let beat = self.last_sent + limits.beat;
        if self.held > 0 && now >= beat {
            self.due = shortage.release.min(self.held);
            return Poll::Ready(Ok(()));
        }
        let next = if self.held > 0 { beat.min(give_up) } else { give_up };
        self.alarm.as_mut().reset(next);
        self.alarm.as_mut().poll(cx).map(Ok)
    }
}

/// What one beat releases of a reserve, so that it lasts as long as patience does.
fn release(reserve: u64, limits: &Limits) -> u64 {
    let beats = limits.patience.as_millis() / limits.beat.as_millis().max(1);
    let beats = u64::try_from(beats).unwrap_or(u64::MAX).max(1);
    (reserve / beats).max(limits.least_release_bytes)
}

impl Stream for Drip {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if this.due > 0
                && let Some(piece) = this.send()
            {
                return Poll::Ready(Some(Ok(piece)));
            }
            if let Some(end) = &mut this.end {
                let error = std::mem::replace(end, Ok(())).err();
                return Poll::Ready(error.map(Err));
            }
            match this.inner.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => this.arrived(chunk),
                // What is held is right, and the player asks again from where it ends.
                Poll::Ready(Some(Err(error))) => {
                    this.due = this.held;
                    this.end = Some(Err(error));
                }
                Poll::Ready(None) => {
                    this.due = this.held;
                    this.end = Some(Ok(()));
                }
                Poll::Pending => {
                    if let Err(error) = ready!(this.wait(cx)) {
                        this.due = this.held;
                        this.end = Some(Err(error));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "drip_tests.rs"]
mod tests;
