//! Torrents whose data is never right: peers that send what does not belong to it, for fun or for
//! money. The engine throws each wrong piece away and asks again, for ever; here that ends.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::{Error, Playback, lock};
use crate::swarm::Yield;
use crate::torrent::InfoHash;

/// How long such a torrent is not opened again.
const SHUNNED: Duration = Duration::from_secs(24 * 3600);
/// Pieces' worth of bytes that may come before the first is right.
const PIECES: u64 = 4;
/// The least that is waited for, in bytes: a first piece comes in blocks of several peers.
const LEAST: u64 = 1 << 20;
/// Bytes that may be wrong in a torrent of which something was right.
const MOST_WRONG: u64 = 64 << 20;
/// Most that are remembered.
const MOST: usize = 256;

/// Torrents that are not opened for a while.
#[derive(Debug, Default)]
pub(super) struct Shunned(Mutex<HashMap<InfoHash, Instant>>);

/// Something unusual that was noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// Whether what comes of it is wrong, beyond bad luck.
fn is_never_right(this: &Yield) -> bool {
    // What has come and is not right is being put together still, a piece or some at a time.
    let first = LEAST.max(PIECES * u64::from(this.piece_length));
    let wrong = this.fetched.saturating_sub(this.verified);
    (this.verified == 0 && this.fetched > first)
        || (wrong > MOST_WRONG + first && wrong / 4 > this.verified)
}

impl Playback {
    /// Looks at what peers send, tells how far it is, and ends torrents whose data is never right; to
    /// be called every few seconds.
    pub async fn watch_transfers(&self) {
        for this in self.parts.swarm.yields() {
            let info_hash = this.info_hash;
            if is_never_right(&this) {
                tracing::warn!(%info_hash, bytes = this.fetched, "torrent: nothing that peers send is right; they are left");
                self.shun(info_hash);
                if let Err(error) = self.leave_peers(info_hash).await {
                    tracing::warn!(%info_hash, %error, "torrent: its peers could not be left");
                }
            } else if self.is_being_read(&info_hash) {
                self.say_how_far(&info_hash);
            }
        }
    }

    /// What was noticed of late, and what is to be told of films now.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.of_shunned().into_iter().chain(self.notices_of_films()).collect()
    }

    fn of_shunned(&self) -> Vec<Notice> {
        let mut shunned = lock(&self.shunned.0);
        shunned.retain(|_, since| since.elapsed() < SHUNNED);
        let notice = |info_hash: &InfoHash| Notice {
            code: "never_verifies",
            message: Error::NeverVerifies { info_hash: *info_hash }.to_string(),
        };
        shunned.keys().map(notice).collect()
    }

    fn shun(&self, info_hash: InfoHash) {
        let mut shunned = lock(&self.shunned.0);
        if shunned.len() >= MOST {
            shunned.clear();
        }
        shunned.insert(info_hash, Instant::now());
    }

    /// An error where peers are not to be asked for this torrent.
    pub(super) fn is_not_shunned(&self, info_hash: &InfoHash) -> Result<(), Error> {
        let since = lock(&self.shunned.0).get(info_hash).copied();
        match since.filter(|since| since.elapsed() < SHUNNED) {
            Some(_) => Err(Error::NeverVerifies { info_hash: *info_hash }),
            None => Ok(()),
        }
    }

    pub(super) fn say_how_far(&self, info_hash: &InfoHash) {
        let Some(status) = self.parts.swarm.status(info_hash) else { return };
        let permille = (status.bytes_have * 1000).checked_div(status.bytes_total).unwrap_or(0);
        let progress = format!("{}.{}%", permille / 10, permille % 10);
        let (peers, speed) = (status.peers, status.down_bytes_s);
        tracing::debug!(%info_hash, progress, peers, speed, "torrent: download progress");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_data_is_told_from_bad_luck() {
        const MIB: u64 = 1 << 20;
        for (fetched, verified, piece, never) in [
            (0, 0, MIB, false),
            (MIB, 0, 16 << 10, false),
            (2 * MIB, 0, 16 << 10, true),
            (4 * MIB, 0, MIB, false), // four pieces may be under way
            (5 * MIB, 0, MIB, true),
            (5 * MIB, MIB, MIB, false),
            (60 * MIB, 2 * MIB, MIB, false),
            (900 * MIB, 2 * MIB, MIB, true),
            (900 * MIB, 800 * MIB, MIB, false),
        ] {
            let this = Yield {
                info_hash: InfoHash::from_bytes([1; 20]),
                fetched,
                verified,
                piece_length: u32::try_from(piece).unwrap(),
            };
            assert_eq!(is_never_right(&this), never, "{this:?}");
        }
    }
}
