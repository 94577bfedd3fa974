//! From the bytes of an answer to its torrents, for each index: what its source reads with.

use super::{
    Error, added, addon, animetosho, comet, mediafusion, nyaa, peerflix, stremthru, torznab, zilean,
};
use crate::torrent::{IndexName, Torrent};

/// Reads an answer of the index `name`. What cannot be read at all is an error; a row that cannot
/// is left out.
pub fn decode(name: IndexName, body: &[u8]) -> Result<Vec<Torrent>, Error> {
    match name {
        IndexName::StremThru => stremthru::read(body, &[]),
        IndexName::Torrentio | IndexName::TorrentsDb => addon::torrents(body, name),
        IndexName::Comet => comet::torrents(body),
        IndexName::Zilean => zilean::read(body),
        IndexName::AnimeTosho => animetosho::read(body),
        IndexName::Peerflix => peerflix::torrents(body),
        IndexName::MediaFusion => mediafusion::torrents(body),
        IndexName::Nyaa => nyaa::read(body),
        // The owner may add either kind.
        IndexName::Added(_) if body.trim_ascii_start().starts_with(b"<") => {
            torznab::read(body, name)
        }
        IndexName::Added(_) => added::torrents(body, name),
    }
}
