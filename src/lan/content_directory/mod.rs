//! The catalogue in the words of UPnP: what the device says of itself, how it is called, and how it
//! answers. Pure text; who is asked and who may ask is decided above and below.
//!
//! `UPnP` AV `ContentDirectory:1`, `ConnectionManager:1`, and what Samsung's and Microsoft's sets want
//! besides. Addresses in it are absolute and ASCII; titles are anybody's.

mod criteria;
mod description;
mod didl;
mod event;
mod order;
mod service;
mod soap;

pub use criteria::{Relation, SEARCH_CAPABILITIES, Wanted};
pub use description::{Device, ICONS};
pub use didl::{CONTENT_FEATURES, Didl, Places};
pub use event::changes;
pub use order::{Order, SORT_CAPABILITIES};
pub use service::{Action, Service};
pub use soap::{Call, Fault};

/// What Samsung sets ask for before they show a folder of films: the root is all there is.
pub const FEATURE_LIST: &str = "<Features xmlns=\"urn:schemas-upnp-org:av:avs\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
    xsi:schemaLocation=\"urn:schemas-upnp-org:av:avs http://www.upnp.org/schemas/av/avs.xsd\">\
    <Feature name=\"samsung.com_BASICVIEW\" version=\"1\">\
    <container id=\"0\" type=\"object.item.audioItem\"/>\
    <container id=\"0\" type=\"object.item.videoItem\"/>\
    <container id=\"0\" type=\"object.item.imageItem\"/></Feature></Features>";

/// What `GetProtocolInfo` tells that we send.
#[must_use]
pub fn source_protocols() -> String {
    const TYPES: [&str; 12] = [
        "video/mp4",
        "video/x-matroska",
        "video/x-mkv",
        "video/mpeg",
        "video/vnd.dlna.mpeg-tts",
        "video/x-msvideo",
        "video/avi",
        "video/x-divx",
        "video/webm",
        "video/quicktime",
        "video/x-ms-wmv",
        "video/x-flv",
    ];
    let rows = TYPES.map(|kind| format!("http-get:*:{kind}:{CONTENT_FEATURES}"));
    // A comma parts the rows; ours have none inside.
    let pictures =
        ["image/jpeg", "image/png", "text/srt"].map(|kind| format!("http-get:*:{kind}:*"));
    rows.into_iter().chain(pictures).collect::<Vec<_>>().join(",")
}
