//! Every key that a configuration may hold: the one list from which the file, the environment and
//! `docs/configuration.md` (a test compares it) are read.

/// What a key's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// `true`, `false` or `"ask"`.
    Consent,
    /// A whole number from 0.
    Number,
    /// A text.
    Text,
    /// An `http` or `https` URL.
    Url,
    /// A list of texts; in the environment separated by commas.
    List,
}

/// A key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its dotted path in the file.
    pub path: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether something uses it in this version; the others are read, and said to have no effect.
    pub used: bool,
}

const fn used(path: &'static str, kind: Kind) -> Key {
    Key { path, kind, used: true }
}

const fn later(path: &'static str, kind: Kind) -> Key {
    Key { path, kind, used: false }
}

use Kind::{Bool, Consent, List, Number, Text, Url};

/// All keys, by section.
pub const KEYS: &[Key] = &[
    used("server.listen", Text),
    used("server.public_url", Url),
    used("server.names", List),
    used("lan.name", Text),
    used("lan.mdns", Bool),
    used("lan.upnp", Bool),
    used("lan.subnets", List),
    used("stremio.server_enabled", Consent),
    used("stremio.server_listen", Text),
    used("stremio.origins", List),
    used("swarm.enabled", Consent),
    used("swarm.port", Number),
    used("swarm.dht", Bool),
    used("swarm.local_discovery", Bool),
    used("swarm.port_forwarding", Bool),
    used("swarm.max_torrents", Number),
    used("swarm.max_peers", Number),
    used("swarm.download_limit", Number),
    used("swarm.upload_limit", Number),
    used("swarm.trackers", List),
    used("library.path", Text),
    used("library.disk", Text),
    used("library.mode", Text),
    used("library.max_bytes", Number),
    used("library.reserve_bytes", Number),
    used("library.idle_minutes", Number),
    used("library.clean_on_stop", Bool),
    used("library.places", List),
    used("library.next_episode", Bool),
    used("mirror.enabled", Bool),
    used("mirror.p2p_timeout_ms", Number),
    used("mirror.test_timeout_ms", Number),
    used("mirror.torrent_caches", List),
    used("find.open_first", Bool),
    used("find.describe_first", Bool),
    used("limits.streams_per_device", Number),
    used("limits.streams_total", Number),
    used("limits.requests_per_second", Number),
    used("access.auth_required", Bool),
    used("update.url", Url),
    used("box.wifi_ssid", Text),
    used("box.wifi_password", Text),
    used("box.country", Text),
    used("box.claim_code", Text),
    later("media.ffmpeg", Text),
    later("media.ffprobe", Text),
    used("network.allow_private", List),
    used("debrid.store", Text),
    used("debrid.token_file", Text),
    later("debrid.device_login_urls", List),
    used("stremthru.url", Url),
    used("title.cinemeta_url", Url),
    used("title.kitsu_url", Url),
    used("title.anime_map_url", Url),
    used("title.kitsu_map_url", Url),
    used("title.images_url", Url),
    used("title.tmdb_url", Url),
    used("title.tmdb_key", Text),
    used("title.opensubtitles_url", Url),
    used("prefer.resolutions", List),
    used("prefer.max_resolution", Text),
    used("prefer.max_film_mib", Number),
    used("prefer.max_episode_mib", Number),
    used("prefer.max_mbit_s", Number),
    used("prefer.languages", List),
    used("prefer.only_these_languages", Bool),
    used("prefer.hdr", Text),
    used("prefer.dolby_vision", Text),
    used("prefer.seeders", Text),
    used("prefer.cannot_play", List),
    used("prefer.cached_only", Bool),
    used("prefer.exclude", List),
    used("prefer.subtitles", List),
    used("prefer.opensubtitles", Bool),
    used("index.stremthru.url", Url),
    used("index.stremthru.enabled", Bool),
    used("index.torrentio.url", Url),
    used("index.torrentio.enabled", Bool),
    used("index.zilean.url", Url),
    used("index.zilean.enabled", Bool),
    used("index.comet.url", Url),
    used("index.comet.enabled", Bool),
    used("index.animetosho.url", Url),
    used("index.animetosho.enabled", Bool),
    used("index.torrentsdb.url", Url),
    used("index.torrentsdb.enabled", Bool),
    used("index.peerflix.url", Url),
    used("index.peerflix.enabled", Bool),
    used("index.mediafusion.url", Url),
    used("index.mediafusion.enabled", Bool),
    used("index.nyaa.url", Url),
    used("index.nyaa.enabled", Bool),
    used("index.added", List),
];

/// The seeds' names for some of our keys, so that a household that moves keeps its settings:
/// `(variable, key, unit)`. Where the `CREDENZA_` form is set as well, that one wins; of
/// two for one key, the first here.
pub const SEED_VARIABLES: &[(&str, &str, Unit)] = &[
    ("STREAM_PORT", "server.listen", Unit::Port),
    ("STREAM_AUTH_REQUIRED", "access.auth_required", Unit::Same),
    ("TORRENT_DOWNLOAD_PATH", "library.path", Unit::Same),
    ("TORRENT_CLEANUP_INTERVAL", "library.idle_minutes", Unit::MillisToMinutes),
    ("TORRENT_MAX_CONNECTIONS", "swarm.max_torrents", Unit::Same),
    ("MAX_CONCURRENT_STREAMS", "limits.streams_total", Unit::Same),
    ("MAX_PEERS", "swarm.max_peers", Unit::Same),
    ("WEBTORRENT_MAX_CONNS", "swarm.max_peers", Unit::Same),
    ("WEBTORRENT_DHT_PORT", "swarm.port", Unit::Same),
    ("WEBTORRENT_DOWNLOAD_LIMIT", "swarm.download_limit", Unit::Same),
    ("WEBTORRENT_UPLOAD_LIMIT", "swarm.upload_limit", Unit::Same),
    ("STREAM_RATE_LIMIT", "limits.requests_per_second", Unit::Same),
    ("ENABLE_HTTP_FALLBACK", "mirror.enabled", Unit::Same),
    ("P2P_TIMEOUT", "mirror.p2p_timeout_ms", Unit::Same),
    ("SOURCE_TEST_TIMEOUT", "mirror.test_timeout_ms", Unit::Same),
];

/// How a seed's value becomes ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// As it stands.
    Same,
    /// A port, on every address.
    Port,
    /// Milliseconds to whole minutes, rounded up.
    MillisToMinutes,
}

impl Key {
    /// The environment's name for it: `CREDENZA_SWARM_MAX_PEERS`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("CREDENZA_{}", self.path.replace('.', "_").to_ascii_uppercase())
    }

    /// The key of this path.
    #[must_use]
    pub fn of(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }
}

/// The one of `known` that `text` was probably meant to be.
pub(super) fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|name| (strsim::normalized_damerau_levenshtein(text, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.5).then_some(best.1)
}
