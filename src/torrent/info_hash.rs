//! The name of a torrent: the SHA-1 of its info dictionary (BEP 3).

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE32_NOPAD_NOCASE, HEXLOWER, HEXLOWER_PERMISSIVE};

/// An info hash. Read once, at the edge, from 40 hexadecimal digits of either case or from 32 of
/// base32 (old magnets, Anime Tosho); printed as 40 lower-case digits. So two of them are equal
/// exactly when they name one torrent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InfoHash([u8; 20]);

/// A text that is no info hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an info hash: {shown:?} ({count} characters); 40 hexadecimal digits or 32 of base32 are wanted"
)]
pub struct BadInfoHash {
    shown: String,
    count: usize,
}

impl InfoHash {
    /// The hash of these twenty bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Its twenty bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl FromStr for InfoHash {
    type Err = BadInfoHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = match text.len() {
            40 => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
            32 => BASE32_NOPAD_NOCASE.decode(text.as_bytes()).ok(),
            _ => None,
        };
        let array = bytes.and_then(|bytes| <[u8; 20]>::try_from(bytes).ok());
        array.map(Self).ok_or_else(|| BadInfoHash {
            shown: text.chars().take(50).collect(),
            count: text.chars().count(),
        })
    }
}

impl fmt::Display for InfoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for InfoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for InfoHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for InfoHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_alphabets_and_prints_lower_case_hex() {
        let hex = "4470BA2293BF7005D89E787853FBF2BFBBA21056";
        let hash: InfoHash = hex.parse().unwrap();
        assert_eq!(hash.to_string(), hex.to_lowercase());
        let base32 = BASE32_NOPAD_NOCASE.encode(hash.as_bytes());
        assert_eq!(base32.parse::<InfoHash>().unwrap(), hash);
        assert_eq!(base32.to_lowercase().parse::<InfoHash>().unwrap(), hash);
    }

    #[test]
    fn refuses_what_is_no_hash_in_one_sentence() {
        for text in ["", "abc", &"g".repeat(40), &"0".repeat(39), &"0".repeat(41), &"1".repeat(32)]
        {
            let refused = text.parse::<InfoHash>().unwrap_err().to_string();
            assert!(refused.starts_with("not an info hash"), "{text}: {refused}");
        }
    }
}
