//! The services that such programs name as sources, known by name and off: none of them gives a file
//! by its info hash over HTTP. They are listed so that an owner who looks for one finds the reason.

/// A service, with the place, the kind and the note that such lists give it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) priority: u32,
    pub(super) kind: &'static str,
    pub(super) resumes: bool,
    pub(super) needs_metadata: bool,
    pub(super) note: &'static str,
    /// Why it is off.
    pub(super) reason: &'static str,
}

const ACCOUNT: &str = "account service, not a mirror: it gives files to those who are signed in there, by no info hash";
const NO_NAME: &str = "dead: its name has no address any more";

const fn service(
    priority: u32,
    name: &'static str,
    kind: &'static str,
    resumes: bool,
    note: &'static str,
    reason: &'static str,
) -> Service {
    Service { name, priority, kind, resumes, needs_metadata: false, note, reason }
}

/// In the order of those lists. What became of each was looked at in November 2025.
pub(super) const SERVICES: [Service; 12] = [
    service(
        1,
        "Instant.io",
        "WebTorrent",
        true,
        "WebTorrent-based, good for popular torrents",
        "unfit: a page that runs WebTorrent in the browser; it serves no file over HTTP",
    ),
    service(
        2,
        "TorrentDrive",
        "API",
        false,
        "Alternative service",
        "unfit: the list that named it has withdrawn it; it gives no file by info hash",
    ),
    service(
        3,
        "BTCache",
        "Proxy",
        true,
        "Torrent cache proxy",
        "unfit: it refuses programs (403, a captcha), and has .torrent files alone",
    ),
    service(
        4,
        "BTDigg Proxy",
        "API",
        false,
        "BTDigg streaming",
        "unfit: a search engine; it refuses programs (429) and has no files",
    ),
    service(
        5,
        "TorrentSafe",
        "Stream",
        true,
        "Safe streaming",
        "dead: it has nothing at that address (404)",
    ),
    service(6, "MediaBox", "Stream", true, "Media service", "dead: its certificate has expired"),
    service(7, "TorrentStream", "Proxy", false, "Stream proxy", NO_NAME),
    service(8, "CloudTorrent", "Cloud", true, "Cloud service", NO_NAME),
    service(
        9,
        "StreamMagnet",
        "Stream",
        true,
        "Magnet streaming",
        "unfit: it answers at times alone, and the list that named it has withdrawn it",
    ),
    service(10, "TorrentAPI", "API", false, "Generic API", NO_NAME),
    Service {
        needs_metadata: true,
        ..service(11, "Seedr.cc", "Cloud", false, "Needs metadata", ACCOUNT)
    },
    service(12, "Bitport.io", "Cloud", true, "Premium service", ACCOUNT),
];

/// Left out of the list, as `(name, why)`.
pub(super) const EXCLUDED: [(&str, &str); 1] = [(
    "WebTor.io",
    "excluded: its address by info hash is a guess; its API needs a key, and its own server can be added as a source of yours",
)];

/// Why a source of this name is none, whichever way it is written.
pub(super) fn reason(name: &str) -> Option<(&'static str, &'static str)> {
    let known = SERVICES.iter().map(|service| (service.name, service.reason)).chain(EXCLUDED);
    known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
}
