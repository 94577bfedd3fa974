//! The configuration: one TOML file, the same keys as `CREDENZA_…` in the environment, and defaults
//! that work. Read once, in `main`; rooms are given the values they need, never all of it.

mod environment;
mod given;
mod index;
mod keys;
mod lan;
mod library;
mod limits;
mod mirror;
mod read;
mod stremio;
mod swarm;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use url::Url;

pub use environment::{ca_file, data_folder, is_supervised, takes_colours};
pub use index::IndexPlace;
pub use keys::{KEYS, Key, Kind, SEED_VARIABLES, Unit};
pub use lan::LanConfig;
pub use library::LibraryConfig;
pub use limits::LimitsConfig;
pub use mirror::MirrorConfig;
pub use read::BadConfig;
pub use stremio::StremioConfig;
pub use swarm::SwarmConfig;

use crate::secret::{Address, Secret};
use crate::torrent::{IndexName, Store};
use given::Given;
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

impl Given {
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

    fn without_effect(&self) -> Vec<&'static str> {
        let unused = |path: &&&str| Key::of(path).is_some_and(|key| !key.used);
        self.0.keys().filter(unused).copied().collect()
    }
}
