//! What is known of a file that was chosen: enough to open it again after a restart.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::media::StremioId;
use crate::select::Candidate;
use crate::torrent::{InfoHash, Magnet, Store, TorrentFile, Unique, entity_tag};

/// Which way the bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A debrid store's link.
    Debrid,
    /// Peers.
    Swarm,
    /// A server that holds the same file.
    Mirror,
    /// The library: every piece is here.
    Disk,
}

impl Via {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debrid => "debrid",
            Self::Swarm => "swarm",
            Self::Mirror => "mirror",
            Self::Disk => "disk",
        }
    }
}

impl std::fmt::Display for Via {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file that was chosen to be played. Kept durably, so that a link in a player's history or a
/// television's "continue" plays after a restart.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Playable {
    /// What was asked for; `None` for a torrent that a program has added.
    #[serde(default)]
    pub(super) id: Option<StremioId>,
    pub(super) info_hash: InfoHash,
    /// What the film or series is called, with its year.
    #[serde(default)]
    pub(super) title: Option<String>,
    /// The release's name.
    pub(super) release: String,
    pub(super) trackers: Vec<String>,
    pub(super) file: TorrentFile,
    pub(super) via: Via,
    pub(super) store: Option<Store>,
    /// Seconds since 1970: the `Last-Modified` of the bytes, fixed at the first choice.
    pub(super) since: u64,
    /// Why this torrent and this file, in words.
    #[serde(default)]
    pub(super) detail: Vec<String>,
    /// Where the whole file lies, once it does.
    #[serde(default)]
    pub(super) finished: Option<PathBuf>,
}

impl Playable {
    /// A candidate's file as far as it is known before it is chosen.
    pub(super) fn of_candidate(candidate: &Candidate, file: TorrentFile, via: Via) -> Self {
        let torrent = &candidate.torrent;
        Self {
            id: None,
            info_hash: torrent.info_hash,
            title: None,
            release: torrent.name.clone(),
            trackers: torrent.trackers.clone(),
            file,
            via,
            store: None,
            since: seconds_now(),
            detail: Vec::new(),
            finished: None,
        }
    }

    /// The name of these bytes in links: of the same file it is always the same, so that choosing
    /// a film twice gives one session.
    pub(super) fn media_id(&self) -> String {
        let digest = Sha256::digest(entity_tag(&self.info_hash, &self.file).as_bytes());
        HEXLOWER.encode(&digest[..10])
    }

    /// The last part of the link: ASCII letters, digits, `.`, `-` and `_`, since televisions
    /// escape anything else wrongly.
    pub(super) fn link_name(&self) -> String {
        link_name(self.file.base_name())
    }

    /// The torrent, as far as it was kept.
    pub(super) fn torrent(&self) -> Unique {
        Unique {
            info_hash: self.info_hash,
            name: self.release.clone(),
            other_names: Vec::new(),
            size_bytes: self.file.size_bytes,
            seeders: None,
            file_index: self.file.index,
            file_name: Some(self.file.base_name().to_owned()),
            trackers: self.trackers.clone(),
            indexer: None,
            files: [self.file.clone()].into(),
            found_by: Vec::new(),
        }
    }

    pub(super) fn magnet(&self) -> Magnet {
        Magnet {
            name: Some(self.release.clone()),
            trackers: self.trackers.clone(),
            ..Magnet::new(self.info_hash)
        }
    }

    pub(super) fn modified(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.since)
    }
}

pub(super) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A file's name as a link has it.
pub(super) fn link_name(name: &str) -> String {
    let kept = name.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') => c,
        _ => '.',
    });
    let mut plain: String = kept.collect();
    while plain.contains("..") {
        plain = plain.replace("..", ".");
    }
    let plain = plain.trim_matches('.');
    let start = plain.len().saturating_sub(100);
    let plain = plain[start..].trim_start_matches('.');
    if plain.is_empty() { "video".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_links_are_plain() {
        for (name, expected) in [
            ("Tom & Jerry <1> \"q\" é 日本.mkv", "Tom.Jerry.1.q.mkv"),
            ("../../etc/passwd", "etc.passwd"),
            ("日本", "video"),
            ("A.Film.2020.1080p-GRP.mp4", "A.Film.2020.1080p-GRP.mp4"),
        ] {
            assert_eq!(link_name(name), expected);
        }
        assert!(link_name(&format!("{}.mkv", "x".repeat(300))).len() <= 100);
    }
}
