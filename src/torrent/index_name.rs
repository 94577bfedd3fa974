//! The names of the indexes.

use std::fmt;
use std::str::FromStr;

/// A site or service that lists torrents.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum IndexName {
    /// StremThru's crowd database.
    StremThru,
    /// The Stremio add-on Torrentio.
    Torrentio,
    /// Zilean, of DMM hash lists.
    Zilean,
}

impl IndexName {
    /// All of them, in the order in which answers are shown.
    pub const ALL: [Self; 3] = [Self::StremThru, Self::Torrentio, Self::Zilean];

    /// Its name in JSON, the configuration and the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StremThru => "stremthru",
            Self::Torrentio => "torrentio",
            Self::Zilean => "zilean",
        }
    }
}

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for IndexName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or(())
    }
}
