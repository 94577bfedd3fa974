//! The rooms up to the story, from the ground up: what a search without a server needs, too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::Error;
use crate::cache::Cache;
use crate::config::{Config, Consent};
use crate::durable::State;
use crate::fetch::{AddressPolicy, Client, Roots};
use crate::library::{Root, Rules};
use crate::mirror::{self, Mirrors};
use crate::playback::{IndexPlace, Parts, Playback, ShelfOptions};
use crate::secret::Secret;
use crate::select::Preferences;
use crate::subtitle::OpenSubtitles;
use crate::swarm::{self, Swarm};
use crate::title::{AnimeMap, Titles, anime_map};
use crate::torrent::{IndexName, Store};

/// How long a search waits for its slowest index, and for the store. It shall be answered within six
/// seconds: the rest is for ranking thousands of names on a small board.
const SEARCH_PATIENCE: Duration = Duration::from_millis(5_500);
/// How long a reader waits for a missing piece before its connection is closed.
const PIECE_PATIENCE: Duration = Duration::from_secs(300);

/// The rooms up to the story: what a search needs.
pub struct Story {
    /// The story.
    pub playback: Arc<Playback>,
    pub(super) state: Arc<State>,
    /// The way out.
    pub(super) client: Client,
    /// What plain HTTP has.
    pub(super) mirrors: Mirrors,
    /// Where films lie.
    pub(super) library: swarm::Place,
    pub(super) tasks: TaskTracker,
    /// Where a newer map of anime ids comes from.
    pub(super) anime_map: anime_map::Refresh,
}

/// Builds the rooms up to the story on the data folder `data`.
pub fn story(config: &Config, data: &Path) -> Result<Story, Error> {
    make_folder(data)?;
    let state = Arc::new(State::open(&data.join("state.redb"))?);
    story_on(config, data, state)
}

/// The same on a state that is open.
pub(super) fn story_on(config: &Config, data: &Path, state: Arc<State>) -> Result<Story, Error> {
    for key in &config.without_effect {
        tracing::warn!(key, "this key is known, but nothing in this version uses it yet");
    }
    let tasks = TaskTracker::new();
    let (cache, notice) = Cache::open(&data.join("cache"));
    if let Some(notice) = notice {
        tracing::warn!("{notice}");
    }
    let policy = AddressPolicy { allow_private: config.allow_private.clone() };
    let client = Client::new(policy.clone(), Roots::System)?;
    let options =
        swarm::Options { client: Some(client.clone()), ..swarm_options(config, data, policy) };
    let library = options.library.clone();
    let swarm = Arc::new(Swarm::new(options, tasks.clone()));
    swarm.allow(config.swarm.consent == Consent::Given);
    let anime_map = anime_map(config, data, &client);
    let titles = Titles::new(client.clone(), config.cinemeta.clone(), config.kitsu.clone())
        .with_cache(cache.clone())
        .with_map(anime_map.map.clone())
        .with_tmdb_and_images(config.tmdb.clone(), config.images.clone());
    titles.use_tmdb_key(config.tmdb_key.clone());
    let mirrors = mirrors(config, &state, &client)?;
    let opensubtitles =
        OpenSubtitles::new(client.clone(), config.opensubtitles.clone(), cache.clone());
    let playback = Playback::new(Parts {
        opensubtitles,
        mirrors: mirrors.clone(),
        p2p_timeout: config.mirror.p2p_timeout,
        titles,
        indexes: index_places(config),
        client: client.clone(),
        cache,
        state: Arc::clone(&state),
        swarm,
        tasks: tasks.clone(),
        stremthru: config.stremthru.clone(),
        patience: SEARCH_PATIENCE,
        preferences: preferences(config)?,
        swarm_fixed: config.swarm.consent != Consent::Ask,
        open_first: config.open_first,
        describe_first: config.describe_first,
        shelf: shelf_options(config, library.clone()),
    })?;
    if let Some((store, token)) = debrid_token(config)? {
        playback.default_debrid(store, &token)?;
    }
    let playback = Arc::new(playback);
    playback.take_up_shelf();
    Ok(Story { playback, state, client, mirrors, library, tasks, anime_map })
}

/// What the configuration prefers.
pub(super) fn preferences(config: &Config) -> Result<Preferences, Error> {
    let usual = Preferences::default();
    usual.with(&config.prefer, &usual).map_err(Error::Prefer)
}

/// The store that the configuration names, with its token.
pub(super) fn debrid_token(config: &Config) -> Result<Option<(Store, Secret)>, Error> {
    let Some((store, file)) = &config.debrid else { return Ok(None) };
    let token = std::fs::read_to_string(file)
        .map_err(|error| Error::TokenFile { file: file.clone(), error })?;
    Ok(Some((*store, Secret::new(&token))))
}

fn shelf_options(config: &Config, place: swarm::Place) -> ShelfOptions {
    let shelf = &config.shelf;
    let root = |(name, folder): &(String, PathBuf)| Root {
        name: name.clone(),
        folder: folder.clone(),
        id: None,
    };
    let idle = (shelf.idle_minutes > 0)
        .then(|| Duration::from_secs(shelf.idle_minutes.saturating_mul(60)));
    ShelfOptions {
        place,
        places: shelf.places.iter().map(root).collect(),
        rules: Rules {
            permanent: shelf.permanent,
            idle,
            max_bytes: shelf.max_bytes,
            reserve_bytes: shelf.reserve_bytes,
        },
        clean_on_stop: shelf.clean_on_stop,
        next_episode: shelf.next_episode,
    }
}

fn mirrors(config: &Config, state: &Arc<State>, client: &Client) -> Result<Mirrors, Error> {
    let options = mirror::Options {
        enabled: config.mirror.enabled,
        test_timeout: config.mirror.test_timeout,
        torrent_caches: config.mirror.torrent_caches.clone(),
    };
    Ok(Mirrors::new(client.clone(), Arc::clone(state), options)?)
}

/// The map of anime ids, with what was fetched before.
fn anime_map(config: &Config, data: &Path, client: &Client) -> anime_map::Refresh {
    let (map, kept) = (AnimeMap::default(), anime_map::Kept::in_folder(data));
    kept.load(&map);
    let (list, mapping) = (config.anime_map.clone(), config.kitsu_map.clone());
    anime_map::Refresh { client: client.clone(), list, mapping, map, kept }
}

/// Where the configuration says the indexes are. A private address of one of ours has to stand in
/// `network.allow_private`; of one of the owner's, naming it is enough.
fn index_places(config: &Config) -> BTreeMap<IndexName, IndexPlace> {
    let ours = config.indexes.iter().map(|(name, place)| {
        let address = place.url.clone().into();
        (*name, IndexPlace { address, enabled: place.enabled, named: false })
    });
    let added = config.added.iter().map(|(name, address)| {
        (*name, IndexPlace { address: address.clone(), enabled: true, named: true })
    });
    ours.chain(added).collect()
}

pub(super) fn make_folder(data: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|error| Error::Data { folder: data.to_owned(), error })
}

fn swarm_options(config: &Config, data: &Path, policy: AddressPolicy) -> swarm::Options {
    let swarm = &config.swarm;
    swarm::Options {
        library: swarm::Place::new(
            config.library_disk.clone(),
            config.library.clone().unwrap_or_else(|| data.join("library")),
        ),
        listen_port: swarm.port,
        bind: None,
        dht: swarm.dht,
        local_discovery: swarm.local_discovery,
        port_forwarding: swarm.port_forwarding,
        max_torrents: swarm.max_torrents,
        max_peers: swarm.max_peers,
        download_limit: swarm.download_limit,
        upload_limit: swarm.upload_limit,
        trackers: swarm.trackers.clone(),
        policy,
        client: None,
        // A torrent without peers must not hold up the next.
        metadata_timeout: config.mirror.p2p_timeout,
        patience: PIECE_PATIENCE,
    }
}
