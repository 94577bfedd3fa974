//! Magnet links (BEP 9): an info hash with a name and trackers.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{BadInfoHash, InfoHash};

/// What stays readable in a magnet's values (RFC 3986, 2.3: unreserved).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longest magnet that is read, in bytes; longer ones carry hundreds of dead trackers.
const LONGEST: usize = 16 * 1024;

/// A magnet link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Magnet {
    /// `xt=urn:btih:…`
    pub info_hash: InfoHash,
    /// `dn=`: a name to show; nothing trusts it.
    pub name: Option<String>,
    /// `tr=`, in order, without repeats.
    pub trackers: Vec<String>,
    /// `ws=` (BEP 19), in order.
    pub web_seeds: Vec<String>,
}

/// A text that is no magnet of a torrent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMagnet {
    /// It does not begin with `magnet:?`, or is longer than 16 KiB.
    #[error("not a magnet link: it must begin with magnet:? and be at most 16 KiB long")]
    Form,
    /// It names no BitTorrent v1 hash.
    #[error("the magnet link names no BitTorrent v1 info hash (xt=urn:btih:…)")]
    NoHash,
    /// Its hash is none.
    #[error(transparent)]
    Hash(#[from] BadInfoHash),
}

impl Magnet {
    /// A magnet of nothing but the hash.
    #[must_use]
    pub fn new(info_hash: InfoHash) -> Self {
        Self { info_hash, name: None, trackers: Vec::new(), web_seeds: Vec::new() }
    }
}

impl FromStr for Magnet {
    type Err = BadMagnet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let scheme = text.get(..8).filter(|head| head.eq_ignore_ascii_case("magnet:?"));
        if scheme.is_none() || text.len() > LONGEST {
            return Err(BadMagnet::Form);
        }
        let mut hash = None;
        let (mut name, mut trackers, mut web_seeds) = (None, Vec::new(), Vec::new());
        for (key, value) in text[8..].split('&').filter_map(|pair| pair.split_once('=')) {
            let value =
                percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
            // `tr.1=` and `xt.1=` occur where a magnet names several.
            match key.split('.').next().unwrap_or(key) {
                "xt" if hash.is_none() => hash = value.strip_prefix("urn:btih:").map(str::to_owned),
                "dn" if name.is_none() => name = Some(value),
                "tr" if !trackers.contains(&value) => trackers.push(value),
                "ws" if !web_seeds.contains(&value) => web_seeds.push(value),
                _ => {}
            }
        }
        let info_hash = hash.ok_or(BadMagnet::NoHash)?.parse()?;
        Ok(Self { info_hash, name, trackers, web_seeds })
    }
}

impl fmt::Display for Magnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "magnet:?xt=urn:btih:{}", self.info_hash)?;
        let pairs = self.name.iter().map(|name| ("dn", name));
        let pairs = pairs.chain(self.trackers.iter().map(|tracker| ("tr", tracker)));
        for (key, value) in pairs.chain(self.web_seeds.iter().map(|seed| ("ws", seed))) {
            write!(f, "&{key}={}", utf8_percent_encode(value, ESCAPED))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_back_what_it_read() {
        let text = "magnet:?xt=urn:btih:DD8255ECDC7CA55FB0BBF81323D87062DB1F6D1C&dn=Big+Buck%20Bunny\
                    &tr=udp%3A%2F%2Fexplodie.org%3A6969&tr=udp%3A%2F%2Fexplodie.org%3A6969\
                    &ws=https%3A%2F%2Fwebtorrent.io%2Ftorrents%2F";
        let magnet: Magnet = text.parse().unwrap();
        assert_eq!(magnet.name.as_deref(), Some("Big Buck Bunny"));
        assert_eq!(magnet.trackers, ["udp://explodie.org:6969"]);
        assert_eq!(magnet.web_seeds, ["https://webtorrent.io/torrents/"]);
        assert_eq!(magnet.to_string().parse::<Magnet>().unwrap(), magnet);
    }

    #[test]
    fn refuses_what_is_no_magnet_of_a_v1_torrent() {
        for (text, wanted) in [
            ("", "not a magnet link"),
            ("http://example.org/?xt=urn:btih:0", "not a magnet link"),
            ("magnet:?dn=x", "names no BitTorrent v1"),
            ("magnet:?xt=urn:btmh:1220aa", "names no BitTorrent v1"),
            ("magnet:?xt=urn:btih:abc", "not an info hash"),
            ("magnet:é", "not a magnet link"),
        ] {
            let refused = text.parse::<Magnet>().unwrap_err().to_string();
            assert!(refused.contains(wanted), "{text}: {refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics_on_a_strangers_text(text in ".{0,200}") {
            let _ = text.parse::<Magnet>();
            let _ = format!("magnet:?{text}").parse::<Magnet>();
        }
    }
}
