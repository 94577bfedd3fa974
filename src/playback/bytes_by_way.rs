//! Bytes by the way they come: read alike, whichever it is. Who opens a film, and who watches over one
//! that is open, has to know which.

use std::sync::Arc;

use super::playable::Via;
use crate::library::DiskFile;
use crate::representation::Representation;
use crate::swarm::SwarmFile;

/// Bytes, by the way they come.
pub(super) enum Bytes {
    /// From a store.
    Link(Arc<dyn Representation>),
    /// From a mirror and its backups.
    Mirror(Arc<dyn Representation>),
    /// From the disk.
    Disk(Arc<DiskFile>),
    /// From peers: to be watched for its last piece.
    Swarm(Arc<SwarmFile>),
}

impl Bytes {
    pub(super) fn representation(&self) -> Arc<dyn Representation> {
        match self {
            Self::Link(bytes) | Self::Mirror(bytes) => Arc::clone(bytes),
            Self::Disk(file) => Arc::clone(file) as Arc<dyn Representation>,
            Self::Swarm(file) => Arc::clone(file) as Arc<dyn Representation>,
        }
    }

    pub(super) fn via(&self) -> Via {
        match self {
            Self::Link(_) => Via::Debrid,
            Self::Mirror(_) => Via::Mirror,
            Self::Disk(_) => Via::Disk,
            Self::Swarm(_) => Via::Swarm,
        }
    }

    /// Whether the disk they lie on was pulled, or plugged in again.
    pub(super) fn are_gone(&self) -> bool {
        match self {
            Self::Link(_) | Self::Mirror(_) => false,
            Self::Disk(file) => !file.is_there(),
            Self::Swarm(file) => file.has_moved(),
        }
    }
}
