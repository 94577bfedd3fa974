//! What goes wrong in the swarm, a sentence each.

use std::path::PathBuf;
use std::time::Duration;

use crate::torrent::metainfo::Bad;

/// Why a torrent gives no bytes.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The owner has not said yes.
    #[error("peer-to-peer is off until the owner allows it on the set-up page")]
    NotAllowed,
    /// The programme is ending.
    #[error("the server is shutting down: start it again to go on")]
    Stopped,
    /// Neither a tracker nor DHT nor local discovery.
    #[error(
        "nobody can be asked for peers: the torrent names no tracker that may be reached, and DHT and local discovery are off"
    )]
    NoWay,
    /// No peer sent the metadata (BEP 9).
    #[error("no peer has sent the torrent's description in {} s: choose another release, or try again later", after.as_secs())]
    NoMetadata {
        /// How long it was waited for.
        after: Duration,
    },
    /// The description is refused.
    #[error(transparent)]
    Hostile(#[from] Bad),
    /// The engine's own reader refused it before ours saw it.
    #[error("the torrent engine refuses the torrent's description ({0}): choose another release")]
    Refused(String),
    /// No such file, or padding.
    #[error("the torrent has no file {0}: choose one that it lists")]
    NoFile(u32),
    /// Every torrent that may be open has a reader.
    #[error("{0} torrents are playing already and no more may be open: stop one first")]
    TooMany(usize),
    /// No room left, or the quota is used up.
    #[error(
        "the disk of the library is full: free some space there, or set library.path to another"
    )]
    DiskFull(PathBuf),
    /// The library has no room for the file; the sentence is its own.
    #[error("{0}")]
    NoRoom(String),
    /// The disk refuses to write.
    #[error(
        "the library cannot be written ({why}): check its disk, or set library.path to another"
    )]
    Disk {
        /// The library.
        folder: PathBuf,
        /// What the system says.
        why: String,
    },
    /// librqbit will not start without roots, even for torrents alone.
    #[error(
        "peer-to-peer cannot start: there are no TLS certificates; install ca-certificates or set SSL_CERT_FILE"
    )]
    NoRoots,
    /// What the engine says.
    #[error("the torrent engine failed ({0}): try again, or choose another release")]
    Engine(String),
}

impl Error {
    /// Whether somebody must make room on the disk. One that refuses to write may have been pulled:
    /// it is back in a moment, or what comes goes elsewhere.
    #[must_use]
    pub const fn wants_room(&self) -> bool {
        matches!(self, Self::DiskFull(_) | Self::NoRoom(_))
    }

    /// From the engine's chain of causes, in one line.
    pub(super) fn engine(error: &anyhow::Error) -> Self {
        let text = format!("{error:#}");
        if text.contains("building HTTP(S) client") {
            return Self::NoRoots;
        }
        Self::Engine(one_line(&text))
    }

    /// The engine's own judgement of a description.
    pub(super) fn refused(error: &anyhow::Error) -> Self {
        Self::Refused(one_line(&format!("{error:#}")))
    }
}

fn one_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    first.chars().filter(|c| !c.is_control()).take(200).collect()
}
