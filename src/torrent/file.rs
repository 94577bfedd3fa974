//! One file of a torrent, as an index, a debrid store or the metainfo lists it.

use serde::{Deserialize, Serialize};

/// A file of a torrent. What is not known is `None`, never 0 or -1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TorrentFile {
    /// Its place in the torrent, from 0. Some stores do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Its path in the torrent, `/` between the parts, without one at the start.
    pub name: String,
    /// Length, in bytes.
    #[serde(rename = "size", default)]
    pub size_bytes: Option<u64>,
    /// The store's own, opaque name of it: given back verbatim to get a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The Stremio id (`tt…:S:E`) that the crowd of StremThru has verified for this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The same as `AniDB:E`, such as `69:1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asid: Option<String>,
}

impl TorrentFile {
    /// The last part of its path.
    #[must_use]
    pub fn base_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name)
    }
}

/// The entity tag of a torrent's file (RFC 9110, 8.8.3), without quotes. It is of the bytes alone
/// (info hash, path, size), whichever way they come, and a store's file index may be unknown: so a
/// reader may change from a link to the swarm and its `If-Match` still holds.
#[must_use]
pub fn entity_tag(info_hash: &super::InfoHash, file: &TorrentFile) -> String {
    use sha1::{Digest as _, Sha1};
    let path = Sha1::digest(file.base_name().as_bytes());
    let short = data_encoding::HEXLOWER.encode(&path[..4]);
    format!("{info_hash}-{short}-{}", file.size_bytes.unwrap_or(0))
}
