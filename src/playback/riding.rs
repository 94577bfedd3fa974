//! A way by which a reader rides: what it brings, and when its silence or its speed speaks against it.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use super::film::Film;
use super::playable::Via;
use crate::representation::{ByteStream, Representation};

/// How long a reader may be without a byte before it hears that there is none. Droughts of 80 s
/// were seen to end well; the drip could hold a player for five minutes, more than is waited here.
pub(super) const WITHOUT_A_BYTE: Duration = Duration::from_secs(120);
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

/// The way that it reads by.
pub(super) struct Riding {
    pub(super) via: Via,
    pub(super) bytes: Arc<dyn Representation>,
    pub(super) body: ByteStream,
    /// Since it is ridden.
    pub(super) brought: u64,
    pub(super) speed: Speed,
    /// A minute of the film, in bytes.
    pub(super) minute: u64,
}

/// What came while it was waited for. A player that reads slowly says nothing against a way.
#[derive(Default)]
pub(super) struct Speed {
    pub(super) waited: Duration,
    pub(super) brought: u64,
}

impl Riding {
    /// What it brings next; an error where it has been silent for too long. A server that is the only
    /// way is asked anew before that.
    pub(super) async fn hear(
        &mut self,
        film: &Film,
        left: &Range<u64>,
        waits: Instant,
        may_renew: bool,
    ) -> Result<Option<io::Result<Bytes>>, Elapsed> {
        let began = Instant::now();
        let (mut asked, mut asked_anew) = (began, false);
        loop {
            match timeout(LOOK, self.body.next()).await {
                Ok(heard) => return Ok(heard),
                Err(late) if is_silent(film, self.via, began, waits) => return Err(late),
                Err(late) if self.is_of_a_server() && asked.elapsed() >= ASKED_ANEW => {
                    if asked_anew && may_renew {
                        return Err(late);
                    }
                    tracing::info!(via = %self.via, "a silent server is asked anew");
                    self.body = film.through_copy(&self.bytes).read(left.clone());
                    (asked, asked_anew) = (Instant::now(), true);
                }
                Err(_) => {}
            }
        }
    }

    fn is_of_a_server(&self) -> bool {
        matches!(self.via, Via::Debrid | Via::Mirror)
    }
}

impl Speed {
    pub(super) fn bytes_s(&self) -> u64 {
        self.brought.checked_div(self.waited.as_secs()).unwrap_or(u64::MAX)
    }
}

/// Whether a way that is silent is opened anew before it is left: a store's link; a mirror, which has
/// backups of its own, only where there is nothing else.
pub(super) fn may_be_renewed(film: &Film, via: Via) -> bool {
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
