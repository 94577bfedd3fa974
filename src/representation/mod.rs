//! The seam between bytes and HTTP: something of known length that can be read from any point.
//!
//! A file on disk, a file of a swarm whose pieces are still on their way, and a debrid link are
//! three kinds of the one thing that RFC 9110 (section 3.2) calls a representation. Who reads knows
//! nothing of pieces or links; who provides knows nothing of ranges or headers.

mod chunk;

use std::io;
use std::ops::Range;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use chunk::{CHUNK_BYTES, Chunk};

/// The bytes of one range, in order. An error ends it.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// Bytes of known length that can be read from any point.
pub trait Representation: Send + Sync {
    /// Length, in bytes. The same on every call.
    fn len(&self) -> u64;

    /// Whether there is no byte in it.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Media type, such as `video/x-matroska`.
    fn media_type(&self) -> &str;

    /// Opaque and strong, without the quotes (RFC 9110, 8.8.3). It names the bytes (info hash,
    /// path, size), never their progress: VLC sends it back as `If-Match` on every reconnection.
    fn entity_tag(&self) -> &str;

    /// When these bytes came to be known here; fixed for the life of the entity tag.
    fn last_modified(&self) -> SystemTime;

    /// Whether a read may have to wait for bytes that are not here yet (a swarm, a link), so that
    /// the sender keeps a reserve to drip from.
    fn may_stall(&self) -> bool;

    /// Whether other ways stand in for this one when it fails, so that who reads what never waits (a
    /// file on a disk) may have to wait all the same: the sender keeps a small reserve.
    fn may_be_carried(&self) -> bool {
        false
    }

    /// Reads `range`, which the caller has cut to [`Self::len`]. Yields exactly that many bytes, or
    /// ends early with an error. Dropping the stream ends all work done for it.
    fn read(&self, range: Range<u64>) -> ByteStream;
}

/// The media type of a video file, by the extension of its name (`tv.md` 2.3 has what televisions
/// accept). `application/octet-stream` where the extension is none that we serve.
#[must_use]
pub fn media_type_of(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "mkv" => "video/x-matroska",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "ts" => "video/mp2t",
        "mpg" | "mpeg" | "vob" => "video/mpeg",
        "m2ts" | "mts" => "video/vnd.dlna.mpeg-tts",
        "avi" | "divx" => "video/x-msvideo",
        "mov" => "video/quicktime",
        "wmv" | "asf" => "video/x-ms-wmv",
        "flv" => "video/x-flv",
        "ogv" | "ogm" => "video/ogg",
        "3gp" => "video/3gpp",
        _ => "application/octet-stream",
    }
}
