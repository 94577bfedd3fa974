//! What a choice of a file gives: the file, its points, and why not the others.

use serde::Serialize;

use super::reason::Reason;
use crate::torrent::TorrentFile;

/// The file that was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PickedFile {
    /// The file itself: `index`, `name` and `size` are printed.
    #[serde(flatten, serialize_with = "as_printed")]
    pub file: TorrentFile,
    /// The season it tells.
    pub season: Option<u32>,
    /// The episode it was chosen for, else the one it tells.
    pub episode: Option<u32>,
}

fn as_printed<S: serde::Serializer>(file: &TorrentFile, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Printed<'a> {
        index: Option<u32>,
        name: &'a str,
        size: Option<u64>,
    }
    Printed { index: file.index, name: &file.name, size: file.size_bytes }.serialize(serializer)
}

/// A file that was not chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Considered {
    /// Its path in the torrent.
    pub name: String,
    /// `None`: passed over.
    pub score: Option<f64>,
    /// Why.
    pub match_reasons: Vec<Reason>,
}

/// The choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pick {
    /// The file.
    pub file: PickedFile,
    /// Its points: of the reasons, and for size min(bytes / 10 GiB, 10).
    pub score: f64,
    /// Why.
    pub match_reasons: Vec<Reason>,
    /// The others, the best first.
    pub considered: Vec<Considered>,
}

/// No file may be chosen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct NoPick {
    /// A sentence that says why.
    pub reason: String,
    /// All files, the best first.
    pub considered: Vec<Considered>,
}
