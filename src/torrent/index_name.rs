//! The names of the indexes.

use std::fmt;
use std::str::FromStr;

/// A site or service that lists torrents. Those of the owner come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexName {
    /// StremThru's crowd database.
    StremThru,
    /// The Stremio add-on Torrentio.
    Torrentio,
    /// The Stremio add-on Comet.
    Comet,
    /// Zilean, of DMM hash lists.
    Zilean,
    /// Anime Tosho, of anime alone.
    AnimeTosho,
    /// The Stremio add-on `TorrentsDB`.
    TorrentsDb,
    /// The Stremio add-on Peerflix, for Spanish and English.
    Peerflix,
    /// The Stremio add-on `MediaFusion`.
    MediaFusion,
    /// Nyaa, of anime alone.
    Nyaa,
    /// One that the owner added: a Torznab feed or a Stremio add-on.
    Added(AddedName),
}

/// What the owner calls an index: 1 to 24 small letters, digits and hyphens, a letter first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddedName([u8; AddedName::LONGEST]);

/// A text that names no index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name for an index: 1 to 24 small letters, digits and hyphens, a letter first, and \
     none that is ours"
)]
pub struct BadIndexName(String);

impl IndexName {
    /// Those that Credenza knows, in the order in which answers are shown.
    pub const ALL: [Self; 9] = [
        Self::StremThru,
        Self::Torrentio,
        Self::Comet,
        Self::Zilean,
        Self::AnimeTosho,
        Self::TorrentsDb,
        Self::Peerflix,
        Self::MediaFusion,
        Self::Nyaa,
    ];

    /// How many an owner may add: every search asks all of them.
    pub const MOST_ADDED: usize = 16;

    /// Whether whatever it lists was listed for the id that was asked, and never for words alike.
    #[must_use]
    pub const fn lists_by_id(&self) -> bool {
        match self {
            Self::StremThru
            | Self::Torrentio
            | Self::Comet
            | Self::TorrentsDb
            | Self::Peerflix
            | Self::MediaFusion => true,
            Self::Zilean | Self::AnimeTosho | Self::Nyaa | Self::Added(_) => false,
        }
    }

    /// Its name in JSON, the configuration and the log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::StremThru => "stremthru",
            Self::Torrentio => "torrentio",
            Self::Comet => "comet",
            Self::Zilean => "zilean",
            Self::AnimeTosho => "animetosho",
            Self::TorrentsDb => "torrentsdb",
            Self::Peerflix => "peerflix",
            Self::MediaFusion => "mediafusion",
            Self::Nyaa => "nyaa",
            Self::Added(name) => name.as_str(),
        }
    }
}

impl AddedName {
    const LONGEST: usize = 24;

    fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(Self::LONGEST);
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }

    fn read(text: &str) -> Option<Self> {
        let mut name = [0; Self::LONGEST];
        let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let first = text.bytes().next()?;
        if !first.is_ascii_lowercase() || !text.bytes().all(sound) {
            return None;
        }
        name.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self(name))
    }
}

impl fmt::Debug for AddedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for IndexName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for IndexName {
    type Err = BadIndexName;

    /// One that is known, else one that the owner may have added.
    fn from_str(text: &str) -> Result<Self, BadIndexName> {
        let known = Self::ALL.into_iter().find(|name| name.as_str() == text);
        known
            .or_else(|| AddedName::read(text).map(Self::Added))
            .ok_or_else(|| BadIndexName(text.chars().take(60).collect()))
    }
}

impl serde::Serialize for IndexName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for IndexName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_print_back_as_they_were_read() {
        for name in IndexName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
        }
        for text in ["jackett", "a", "my-index-2", "abcdefghijklmnopqrstuvwx"] {
            let name: IndexName = text.parse().unwrap();
            assert!(matches!(name, IndexName::Added(_)) && name.as_str() == text);
            assert!(name > IndexName::ALL[IndexName::ALL.len() - 1], "the owner's come last");
        }
        for text in ["", "A", "2nd", "-a", "a b", "a_b", "é", "abcdefghijklmnopqrstuvwxy"] {
            assert!(text.parse::<IndexName>().is_err(), "{text:?}");
        }
    }
}
