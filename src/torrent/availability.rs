//! What a debrid store says of a torrent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether a store has a torrent's bytes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// The store said `cached`.
    Cached,
    /// Tried here, and it had to be downloaded first.
    NotCached,
    /// Absent from the answer, or `unknown`: no news is not bad news.
    Unknown,
    /// The store refuses it for legal reasons (451); final for this hash on this store.
    Refused,
}

/// A debrid store, by StremThru's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Store {
    AllDebrid,
    Debrider,
    DebridLink,
    EasyDebrid,
    Offcloud,
    PikPak,
    Premiumize,
    RealDebrid,
    TorBox,
    Torrin,
}

/// A name that is no store's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no debrid store is called {0:?}; known are {known}", known = Store::names())]
pub struct UnknownStore(String);

impl Store {
    /// All that StremThru knows (its `store/` folder).
    pub const ALL: [Self; 10] = [
        Self::RealDebrid,
        Self::AllDebrid,
        Self::TorBox,
        Self::Premiumize,
        Self::DebridLink,
        Self::Debrider,
        Self::EasyDebrid,
        Self::Offcloud,
        Self::PikPak,
        Self::Torrin,
    ];

    /// The value of `X-StremThru-Store-Name`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllDebrid => "alldebrid",
            Self::Debrider => "debrider",
            Self::DebridLink => "debridlink",
            Self::EasyDebrid => "easydebrid",
            Self::Offcloud => "offcloud",
            Self::PikPak => "pikpak",
            Self::Premiumize => "premiumize",
            Self::RealDebrid => "realdebrid",
            Self::TorBox => "torbox",
            Self::Torrin => "torrin",
        }
    }

    /// Its name as it writes it itself, for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::AllDebrid => "AllDebrid",
            Self::Debrider => "Debrider",
            Self::DebridLink => "Debrid-Link",
            Self::EasyDebrid => "EasyDebrid",
            Self::Offcloud => "Offcloud",
            Self::PikPak => "PikPak",
            Self::Premiumize => "Premiumize",
            Self::RealDebrid => "Real-Debrid",
            Self::TorBox => "TorBox",
            Self::Torrin => "Torrin",
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Store {
    type Err = UnknownStore;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = Self::ALL.into_iter().find(|store| store.as_str() == text);
        wanted.ok_or_else(|| UnknownStore(text.to_owned()))
    }
}
