//! The configuration: one TOML file, the same keys as `CREDENZA_…` in the environment, and defaults
//! that work. Read once, in `main`; rooms are given the values they need, never all of it.

mod keys;
mod lan;
mod library;
mod limits;
mod read;
mod stremio;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use url::Url;

pub use keys::{KEYS, Key, Kind, SEED_VARIABLES, Unit};
pub use lan::LanConfig;
pub use library::LibraryConfig;
pub use limits::LimitsConfig;
pub use read::BadConfig;
pub use stremio::StremioConfig;

use crate::secret::{Address, Secret};
use crate::torrent::{IndexName, Store};
use read::{Value, Values};

/// Whether peer-to-peer may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Not before the owner says so.
    Ask,
    /// The configuration says so.
    Given,
    /// Never, whatever is said in the browser.
    Denied,
}

/// An index's place and whether it is asked.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct IndexPlace {
    pub url: Url,
    pub enabled: bool,
}

/// `[swarm]`.
#[derive(Debug, Clone)]
pub struct SwarmConfig {
    /// Whether peers may be met at all.
    pub consent: Consent,
    /// Port for incoming peers, TCP and UDP; `None`: none are taken in.
    pub port: Option<u16>,
    /// Whether the DHT is asked for peers.
    pub dht: bool,
    /// Whether peers in the local network are looked for (BEP 14).
    pub local_discovery: bool,
    /// Whether the router is asked to forward the port.
    pub port_forwarding: bool,
    /// Torrents at once.
    pub max_torrents: usize,
    /// Peers of one torrent.
    pub max_peers: usize,
    /// Bytes per second; `None`: no limit.
    pub download_limit: Option<NonZeroU32>,
    /// Bytes per second; `None`: no limit.
    pub upload_limit: Option<NonZeroU32>,
    /// Trackers that are asked for every torrent.
    pub trackers: Vec<String>,
}

/// `[mirror]`.
#[derive(Debug, Clone)]
pub struct MirrorConfig {
    /// Whether mirrors are used at all.
    pub enabled: bool,
    /// How long peers have to begin, and to go on, before the next way is tried.
    pub p2p_timeout: Duration,
    /// How long one mirror has to prove that it has a file.
    pub test_timeout: Duration,
    /// Where `.torrent` files are by info hash.
    pub torrent_caches: Vec<String>,
}

/// All of it, with defaults for what was not said.
#[derive(Debug, Clone)]
pub struct Config {
    /// `server.listen`
    pub listen: SocketAddr,
    /// `server.public_url`: the owner's own address of this box, behind their reverse proxy.
    pub public_url: Option<Url>,
    /// `server.names`: Host names that are ours besides the addresses and `lan.name`.
    pub names: Vec<String>,
    /// `[lan]`
    pub lan: LanConfig,
    /// `[stremio]`
    pub stremio: StremioConfig,
    /// `[swarm]`
    pub swarm: SwarmConfig,
    /// `find.open_first`: whether the best of what was found is opened before somebody chooses it.
    pub open_first: bool,
    /// `find.describe_first`: whether peers are asked what is in the best of what was found before
    /// somebody chooses it.
    pub describe_first: bool,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `library.path`; `None`: `library` in the data folder.
    pub library: Option<PathBuf>,
    /// `library.disk`: the mount point of a disk that comes and goes; while it is mounted, the library
    /// is the folder `credenza` on it.
    pub library_disk: Option<PathBuf>,
    /// The rest of `[library]`.
    pub shelf: LibraryConfig,
    /// `[mirror]`
    pub mirror: MirrorConfig,
    /// `access.auth_required`: whether the watch page asks who is watching.
    pub auth_required: bool,
    /// `update.url`: where a box looks for a newer version; `{board}` in it stands for the board.
    pub update_url: Option<String>,
    /// `box.claim_code`; `None`: one is made up.
    pub claim_code: Option<String>,
    /// `network.allow_private`
    pub allow_private: Vec<SocketAddr>,
    /// `debrid.store` with the token read from `debrid.token_file`.
    pub debrid: Option<(Store, PathBuf)>,
    /// `stremthru.url`
    pub stremthru: Url,
    /// `title.cinemeta_url`
    pub cinemeta: Url,
    /// `title.kitsu_url`
    pub kitsu: Url,
    /// `title.anime_map_url`
    pub anime_map: Url,
    /// `title.kitsu_map_url`
    pub kitsu_map: Url,
    /// `title.images_url`
    pub images: Url,
    /// `title.tmdb_url`
    pub tmdb: Url,
    /// `title.opensubtitles_url`
    pub opensubtitles: Url,
    /// `title.tmdb_key`
    pub tmdb_key: Option<Secret>,
    /// `[prefer]`: the fields that were given, for the room that knows their words.
    pub prefer: serde_json::Map<String, serde_json::Value>,
    /// `[index.…]`
    pub indexes: BTreeMap<IndexName, IndexPlace>,
    /// `index.added`: indexes of the owner's, by name.
    pub added: BTreeMap<IndexName, Address>,
    /// Keys that were given but that nothing in this version uses.
    pub without_effect: Vec<&'static str>,
}

const STREMTHRU: &str = "https://stremthru.13377001.xyz";
const TORRENTIO: &str = "https://torrentio.strem.fun";
const ZILEAN: &str = "https://zileanfortheweebs.midnightignite.me";
const ANIMETOSHO: &str = "https://feed.animetosho.xyz";
const COMET: &str = "https://comet.feels.legal";
const TORRENTSDB: &str = "https://torrentsdb.com";
const PEERFLIX: &str = "https://addon.peerflix.mov";
const MEDIAFUSION: &str = "https://mediafusion.elfhosted.com";
const NYAA: &str = "https://nyaa.si";
/// The one public cache that gives a `.torrent` by its hash without a page or a captcha before it.
const TORRENT_CACHES: [&str; 1] = ["https://itorrents.org/torrent/{INFOHASH}.torrent"];
const CINEMETA: &str = "https://v3-cinemeta.strem.io";
const KITSU: &str = "https://anime-kitsu.strem.fun";
const ANIME_MAP: &str =
    "https://raw.githubusercontent.com/Fribb/anime-lists/master/anime-list-full.json";
const KITSU_MAP: &str = "https://raw.githubusercontent.com/TheBeastLT/stremio-kitsu-anime/master/static/data/imdb_mapping.json";
const IMAGES: &str = "https://images.metahub.space";
const TMDB: &str = "https://api.themoviedb.org/3";
const OPENSUBTITLES: &str = "https://opensubtitles-v3.strem.io";

impl Config {
    /// Reads `file` (where there is one) and the environment, which wins.
    pub fn load(file: Option<&Path>) -> Result<Self, BadConfig> {
        let mut values = match file {
            Some(path) => {
                let name = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| {
                    BadConfig::new(
                        &name,
                        format!("it cannot be read ({error}); give another file with --config"),
                    )
                })?;
                read::from_text(&name, &text)?
            }
            None => Values::new(),
        };
        #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
        let variables = std::env::vars_os();
        let variables = variables
            .filter_map(|(name, word)| Some((name.into_string().ok()?, word.into_string().ok()?)));
        values.append(&mut read::from_environment(variables)?);
        Self::from_values(values)
    }

    /// Reads a TOML text alone; `name` is what its errors call it.
    pub fn from_text(name: &str, text: &str) -> Result<Self, BadConfig> {
        Self::from_values(read::from_text(name, text)?)
    }

    fn from_values(values: Values) -> Result<Self, BadConfig> {
        let given = Given(values);
        let indexes = [
            (IndexName::StremThru, "index.stremthru.url", "index.stremthru.enabled", STREMTHRU),
            (IndexName::Torrentio, "index.torrentio.url", "index.torrentio.enabled", TORRENTIO),
            (IndexName::Comet, "index.comet.url", "index.comet.enabled", COMET),
            (IndexName::Zilean, "index.zilean.url", "index.zilean.enabled", ZILEAN),
            (IndexName::AnimeTosho, "index.animetosho.url", "index.animetosho.enabled", ANIMETOSHO),
            (IndexName::TorrentsDb, "index.torrentsdb.url", "index.torrentsdb.enabled", TORRENTSDB),
            (IndexName::Peerflix, "index.peerflix.url", "index.peerflix.enabled", PEERFLIX),
            (
                IndexName::MediaFusion,
                "index.mediafusion.url",
                "index.mediafusion.enabled",
                MEDIAFUSION,
            ),
            (IndexName::Nyaa, "index.nyaa.url", "index.nyaa.enabled", NYAA),
        ];
        let stremthru = given.url("stremthru.url", STREMTHRU);
        let places = indexes.map(|(name, url, enabled, default)| {
            // The index is the same service as the store's door, unless it is said to be another.
            let default = if name == IndexName::StremThru { stremthru.as_str() } else { default };
            (name, IndexPlace { url: given.url(url, default), enabled: given.bool(enabled, true) })
        });
        for ((_, place), (_, path, ..)) in places.iter().zip(indexes) {
            let sound = Address::read(place.url.as_str());
            sound
                .map_err(|error| BadConfig::new(given.place(path), format!("`{path}`: {error}")))?;
        }
        Ok(Self {
            listen: given
                .parsed("server.listen", "an address and port, such as \"0.0.0.0:8080\"")?
                .unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 8080))),
            public_url: given.text("server.public_url").and_then(|url| Url::parse(url).ok()),
            names: given.list("server.names"),
            lan: given.lan()?,
            stremio: given.stremio()?,
            swarm: given.swarm()?,
            open_first: given.bool("find.open_first", false),
            describe_first: given.bool("find.describe_first", true),
            limits: given.limits()?,
            library: given.text("library.path").map(PathBuf::from),
            library_disk: given.text("library.disk").map(PathBuf::from),
            shelf: given.shelf()?,
            mirror: given.mirror()?,
            auth_required: given.bool("access.auth_required", true),
            update_url: given.text("update.url").map(str::to_owned),
            claim_code: given.claim_code()?,
            allow_private: given.addresses("network.allow_private")?,
            debrid: given.debrid()?,
            cinemeta: given.url("title.cinemeta_url", CINEMETA),
            kitsu: given.url("title.kitsu_url", KITSU),
            anime_map: given.url("title.anime_map_url", ANIME_MAP),
            kitsu_map: given.url("title.kitsu_map_url", KITSU_MAP),
            images: given.url("title.images_url", IMAGES),
            tmdb: given.url("title.tmdb_url", TMDB),
            opensubtitles: given.url("title.opensubtitles_url", OPENSUBTITLES),
            tmdb_key: given.text("title.tmdb_key").map(Secret::new),
            indexes: places.into(),
            added: given.added_indexes()?,
            stremthru,
            prefer: given.prefer(),
            without_effect: given.without_effect(),
        })
    }
}

/// The per-user data folder: `$XDG_DATA_HOME/credenza`, else `~/.local/share/credenza` (XDG Base
/// Directory Specification), else `credenza-data` where one stands.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn data_folder() -> PathBuf {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("credenza-data"), |base| base.join("credenza"))
}

/// `SSL_CERT_FILE`: where the CA certificates are said to be.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn ca_file() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE").map(PathBuf::from)
}

/// Whether the terminal takes colours: not where `NO_COLOR` says something (no-color.org), nor on a
/// dumb one.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn takes_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|word| !word.is_empty());
    !refused && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Whether a service manager started us and waits for our word (`sd_notify(3)`).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
pub fn is_supervised() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Values that were given, read with their defaults.
struct Given(Values);

impl Given {
    fn text(&self, path: &str) -> Option<&str> {
        match &self.0.get(path)?.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn list(&self, path: &str) -> Vec<String> {
        match self.0.get(path).map(|placed| &placed.value) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    fn bool(&self, path: &str, default: bool) -> bool {
        match self.0.get(path).map(|placed| &placed.value) {
            Some(Value::Bool(value)) => *value,
            _ => default,
        }
    }

    /// URLs were checked when they were read; the defaults are ours.
    fn url(&self, path: &str, default: &str) -> Url {
        let text = self.text(path).unwrap_or(default);
        Url::parse(text).expect("a URL that was checked when it was read, or our own")
    }

    fn wrong(&self, path: &str, wanted: &str) -> BadConfig {
        BadConfig::new(self.place(path), format!("`{path}` must be {wanted}"))
    }

    fn place(&self, path: &str) -> &str {
        self.0.get(path).map_or("the configuration", |placed| &placed.place)
    }

    fn parsed<T: FromStr>(&self, path: &str, wanted: &str) -> Result<Option<T>, BadConfig> {
        let text = self.text(path);
        text.map(|text| text.parse().map_err(|_| self.wrong(path, wanted))).transpose()
    }

    fn number<T: TryFrom<u64>>(&self, path: &str, default: T) -> Result<T, BadConfig> {
        match self.0.get(path).map(|placed| &placed.value) {
            Some(Value::Number(number)) => {
                T::try_from(*number).map_err(|_| self.wrong(path, "a smaller number"))
            }
            _ => Ok(default),
        }
    }

    /// A limit of 0 is none, as the seeds have it.
    fn limit(&self, path: &str) -> Result<Option<NonZeroU32>, BadConfig> {
        Ok(NonZeroU32::new(self.number(path, 0)?))
    }

    fn addresses(&self, path: &str) -> Result<Vec<SocketAddr>, BadConfig> {
        let wanted = "a list of exact addresses with ports, such as [\"192.168.1.5:8080\"]";
        let items = self.list(path);
        items.iter().map(|item| item.parse().map_err(|_| self.wrong(path, wanted))).collect()
    }

    /// `NAME=ADDRESS` each. What is wrong with an address is said without it: it may hold a key.
    fn added_indexes(&self) -> Result<BTreeMap<IndexName, Address>, BadConfig> {
        let path = "index.added";
        let mut added = BTreeMap::new();
        for item in self.list(path) {
            let parts = item.split_once('=').filter(|(name, _)| !name.contains('/'));
            let Some((name, address)) = parts else {
                let wanted = "a list such as [\"mine=https://addon.example/manifest.json\"]";
                return Err(self.wrong(path, wanted));
            };
            let name = name.trim();
            let wrong = |what: &dyn std::fmt::Display| {
                BadConfig::new(self.place(path), format!("`{path}`, {name}: {what}"))
            };
            let index = name.parse::<IndexName>().map_err(|error| wrong(&error))?;
            let address = Address::read(address).map_err(|error| wrong(&error))?;
            if IndexName::ALL.contains(&index) || added.insert(index, address).is_some() {
                return Err(wrong(&"this name is taken; give another"));
            }
        }
        let most = IndexName::MOST_ADDED;
        if added.len() > most {
            return Err(self.wrong(path, &format!("a list of at most {most}")));
        }
        Ok(added)
    }

    /// Any name that can be shown; `lan` fits it to what DNS takes.
    fn shown_name(&self, path: &str, default: &str) -> Result<String, BadConfig> {
        let name = self.text(path).unwrap_or(default).trim();
        let sound = name.len() <= 58 && name.chars().any(char::is_alphanumeric);
        if sound && !name.contains(char::is_control) {
            return Ok(name.to_owned());
        }
        Err(self.wrong(path, "a name of at most 58 bytes, with a letter or digit"))
    }

    fn claim_code(&self) -> Result<Option<String>, BadConfig> {
        let Some(code) = self.text("box.claim_code") else { return Ok(None) };
        let sound = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
        if sound {
            Ok(Some(code.to_owned()))
        } else {
            Err(self.wrong("box.claim_code", "six digits in quotes"))
        }
    }

    fn debrid(&self) -> Result<Option<(Store, PathBuf)>, BadConfig> {
        let names = Store::ALL.map(Store::as_str).join(", ");
        let store = self.parsed::<Store>("debrid.store", &format!("one of {names}"))?;
        let file = self.text("debrid.token_file").map(PathBuf::from);
        Ok(file.map(|file| (store.unwrap_or(Store::RealDebrid), file)))
    }

    fn prefer(&self) -> serde_json::Map<String, serde_json::Value> {
        let fields = self.0.iter().filter_map(|(path, placed)| {
            let value = match &placed.value {
                Value::Bool(value) => (*value).into(),
                Value::Number(number) => (*number).into(),
                Value::Text(text) => text.as_str().into(),
                Value::List(items) => items.as_slice().into(),
                Value::Ask => return None,
            };
            Some((path.strip_prefix("prefer.")?.to_owned(), value))
        });
        fields.collect()
    }

    fn swarm(&self) -> Result<SwarmConfig, BadConfig> {
        let consent = match self.0.get("swarm.enabled").map(|placed| &placed.value) {
            Some(Value::Bool(true)) => Consent::Given,
            Some(Value::Bool(false)) => Consent::Denied,
            _ => Consent::Ask,
        };
        let port: u16 = self.number("swarm.port", 0)?;
        Ok(SwarmConfig {
            consent,
            port: (port > 0).then_some(port),
            dht: self.bool("swarm.dht", true),
            local_discovery: self.bool("swarm.local_discovery", false),
            port_forwarding: self.bool("swarm.port_forwarding", false),
            max_torrents: self.number("swarm.max_torrents", 25)?,
            max_peers: self.number("swarm.max_peers", 128)?,
            download_limit: self.limit("swarm.download_limit")?,
            upload_limit: self.limit("swarm.upload_limit")?,
            trackers: self.list("swarm.trackers"),
        })
    }

    fn mirror(&self) -> Result<MirrorConfig, BadConfig> {
        let caches = "mirror.torrent_caches";
        let torrent_caches = if self.0.contains_key(caches) {
            self.list(caches)
        } else {
            TORRENT_CACHES.map(str::to_owned).into()
        };
        Ok(MirrorConfig {
            enabled: self.bool("mirror.enabled", true),
            p2p_timeout: self.millis("mirror.p2p_timeout_ms", 20_000)?,
            test_timeout: self.millis("mirror.test_timeout_ms", 5_000)?,
            torrent_caches,
        })
    }

    /// A wait that is one: neither none nor for ever.
    fn millis(&self, path: &str, default: u64) -> Result<Duration, BadConfig> {
        let ms = self.number(path, default)?;
        if (100..=300_000).contains(&ms) {
            return Ok(Duration::from_millis(ms));
        }
        Err(self.wrong(path, "a number of milliseconds from 100 to 300000"))
    }

    fn without_effect(&self) -> Vec<&'static str> {
        let unused = |path: &&&str| Key::of(path).is_some_and(|key| !key.used);
        self.0.keys().filter(unused).copied().collect()
    }
}
