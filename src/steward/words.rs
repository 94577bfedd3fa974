//! What the steward may be asked, and what it answers: one JSON line asks, JSON lines answer.

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// Everything that may be asked. There is no other way to root.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verb {
    /// What this box is and how it stands: [`Facts`].
    Facts,
    /// Disks that could keep films, the system's own never among them: a list of [`Disk`].
    Disks,
    /// Makes one file system of a disk. All that was on it is lost.
    Format {
        /// [`Disk::id`].
        disk: String,
        /// [`Disk::consent`], which stands for this disk as it was shown, and no other.
        consent: String,
    },
    /// Writes the bundle that follows the line, to its end, into the other slot: [`SlotFacts`].
    Install,
    /// The same from a file in the first folder of a disk that was plugged in. What follows the line
    /// is a byte for every [`LEAVE_BYTES`] of the file that may be read; after the last one nothing
    /// more is.
    InstallFromDisk {
        /// [`Disk::id`].
        disk: String,
        /// One of [`Disk::bundles`].
        name: String,
    },
    /// Starts the other slot once. Unless that is then committed, the next start is this one's.
    TryOther {
        /// Whether the owner wants an older version than the running one.
        back: bool,
    },
    /// Makes the running slot the one that starts.
    Commit,
    /// Starts anew.
    Reboot,
    /// Switches off.
    PowerOff,
    /// Wi-Fi networks in reach: a list of [`Network`].
    Networks,
    /// Joins a Wi-Fi network, and again after each start.
    JoinWifi {
        /// Its name.
        ssid: String,
        /// Its password, or its key in 64 hexadecimal digits; empty for an open network.
        password: Secret,
        /// ISO 3166 code of two letters: which channels the law allows.
        country: String,
    },
    /// Opens or closes the box's own Wi-Fi network: [`AccessPoint`].
    AccessPoint {
        /// Whether it is to be open.
        up: bool,
    },
}

/// How much of a file one byte of leave is for.
pub const LEAVE_BYTES: u64 = 1 << 20;

/// A line of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// On the way: so many bytes of so many.
    Progress {
        /// Done.
        bytes: u64,
        /// In all.
        of: u64,
    },
    /// Done; the last line.
    Done(serde_json::Value),
    /// Not done; the last line.
    Refused(Refusal),
}

/// Why the steward did not do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// For programs: `snake_case`.
    pub code: String,
    /// For people: one sentence that names the culprit and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal with its code and sentence.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// One of the two systems on the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Slot {
    A,
    B,
}

impl Slot {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        if self == Self::A { Self::B } else { Self::A }
    }
}

/// What this box is and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The board, as bundles name it.
    pub board: String,
    /// The board, as people name it.
    pub name: String,
    /// The running version.
    pub version: String,
    /// The running version's place in the order of versions.
    pub counter: u64,
    /// The running slot.
    pub running: Slot,
    /// The slot that starts.
    pub default: Slot,
    /// Whether the running slot was started once, on trial.
    pub trial: bool,
    /// What the other slot holds; `None`: nothing that could be started.
    pub other: Option<SlotFacts>,
    /// Counters of versions that did not start well, or that the owner went back from.
    #[serde(default)]
    pub refused: Vec<u64>,
    /// Where what must not be lost lies.
    pub data: DataState,
    /// The disk for films, where one is adopted and there.
    pub ssd: Option<Ssd>,
    /// The box's own Wi-Fi network, while it is open.
    pub access_point: Option<AccessPoint>,
    /// What the owner should know.
    pub notices: Vec<Refusal>,
}

/// What a slot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SlotFacts {
    pub version: String,
    pub counter: u64,
}

/// Where the state lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataState {
    /// On the card.
    Kept,
    /// On the card, which takes no more writes.
    ReadOnly,
    /// In memory: the data partition is missing or damaged.
    Volatile,
}

/// A disk for films that is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Ssd {
    pub uuid: String,
    pub mount_point: String,
    pub bytes: u64,
    pub free_bytes: u64,
}

/// A disk that was plugged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Its serial number or the like: the same whichever plug it is in.
    pub id: String,
    /// Maker and model.
    pub model: String,
    /// Its size.
    pub bytes: u64,
    /// What stands on it, in words: `ext4 "films"`, `NTFS`, `nothing`.
    pub holds: String,
    /// Whether it carries our label and is a disk for films already.
    pub ours: bool,
    /// To be given with [`Verb::Format`].
    pub consent: String,
    /// Update bundles in its first folder.
    pub bundles: Vec<String>,
}

/// A Wi-Fi network in reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Network {
    pub ssid: String,
    /// dBm.
    pub signal: i32,
    pub protected: bool,
}

/// The box's own Wi-Fi network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPoint {
    /// Its name: `Credenza-` and four digits of the hardware address.
    pub ssid: String,
    /// Where the box answers in it.
    pub address: std::net::IpAddr,
}
