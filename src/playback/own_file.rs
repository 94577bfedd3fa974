//! A file of this machine's own, served by the very link that films are served by: a box that has
//! started a new version proves by it that it still can.

use std::path::Path;

use super::playable::{Playable, Via, seconds_now};
use super::{Error, Playback, lock};
use crate::torrent::{InfoHash, TorrentFile};

/// The info hash of no torrent.
const OWN: InfoHash = InfoHash::from_bytes([0; 20]);

/// What a link to it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFile {
    /// To be signed.
    pub media_id: String,
    /// The last part of the link.
    pub link_name: String,
}

impl Playable {
    /// Whether it is such a file.
    pub(super) fn is_own(&self) -> bool {
        self.info_hash == OWN
    }
}

impl Playback {
    /// Takes in the file at `path` as a film is that has become whole. It is in no list, and its
    /// link plays until [`forget_own_file`](Self::forget_own_file).
    pub fn keep_own_file(&self, path: &Path) -> Result<OwnFile, Error> {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        let size = path.metadata().ok().map(|metadata| metadata.len());
        let playable = Playable {
            id: None,
            info_hash: OWN,
            title: None,
            release: name.clone(),
            trackers: Vec::new(),
            file: TorrentFile { name, size_bytes: size, ..TorrentFile::default() },
            via: Via::Disk,
            store: None,
            since: seconds_now(),
            detail: Vec::new(),
            finished: Some(path.to_owned()),
        };
        let own = OwnFile { media_id: playable.media_id(), link_name: playable.link_name() };
        lock(&self.sessions).remove(&own.media_id);
        self.chosen.put(&playable)?;
        Ok(own)
    }

    /// Takes it out again; the file itself is its owner's.
    pub fn forget_own_file(&self, own: &OwnFile) -> Result<(), Error> {
        lock(&self.sessions).remove(&own.media_id);
        self.chosen.remove(&own.media_id)
    }

    /// Whether what is kept for speed lies on the disk.
    #[must_use]
    pub fn cache_is_kept(&self) -> bool {
        self.parts.cache.is_kept()
    }
}
