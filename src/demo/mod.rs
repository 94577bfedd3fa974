//! The demonstration: a household that exists with no internet. Films that lie in the binary, real
//! torrents of them, a seeder, and stand-ins for every service on loopback, in the services' own
//! wire formats. It differs from `serve` in configuration alone: [`Demo::configuration`].

pub mod household;
pub mod reel;
mod seed;
pub mod stand_in;
mod street;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::demo::household::Household;
use crate::demo::stand_in::cdn::Cdn;
use crate::demo::street::Street;
use crate::durable;
use crate::http::server;
use crate::swarm::{self, Seeder};

/// The token that opens the demonstration's debrid account. No secret: every checkout has it.
pub const TOKEN: &str = "demonstration-token-opens-nothing-real";

/// Why there is no demonstration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A stand-in has no port.
    #[error("the demonstration cannot open a port on 127.0.0.1: {0}")]
    Port(#[from] server::Error),
    /// The temporary folder.
    #[error("the demonstration cannot write its files ({0}); free some 10 MB of temporary space")]
    Disk(#[from] io::Error),
    /// The peer that has the films.
    #[error("the demonstration's seeder does not start: {0}")]
    Seeder(#[from] swarm::Error),
}

/// A demonstration that runs. Dropping it closes its stand-ins.
pub struct Demo {
    household: Arc<Household>,
    street: Street,
    seeder: Seeder,
    token_file: PathBuf,
    _open: DropGuard,
}

/// Starts everything on loopback; what has to lie on a disk lies in `folder`. The tasks end when
/// the [`Demo`] is dropped.
pub async fn start(tasks: TaskTracker, folder: &Path) -> Result<Demo, Error> {
    let shutdown = CancellationToken::new();
    let doors = street::Doors::open().await?;
    let household = Arc::new(Household::build(&[doors.announce_url()]));
    let seeder = seed::start(&household, &folder.join("seeder")).await?;
    let token_file = folder.join("debrid-token");
    durable::replace_file(&token_file, TOKEN.as_bytes(), 0o600)?;
    let peer = SocketAddrV4::new(Ipv4Addr::LOCALHOST, seeder.port());
    let street = doors.serve(&household, peer, &tasks, &shutdown);
    Ok(Demo { household, street, seeder, token_file, _open: shutdown.drop_guard() })
}

impl Demo {
    /// What is in it.
    #[must_use]
    pub fn household(&self) -> &Household {
        &self.household
    }

    /// The debrid service's file server, to make its links expire.
    #[must_use]
    pub fn cdn(&self) -> &Cdn {
        &self.street.cdn
    }

    /// Where the stand-ins and the seeder listen, all of them private addresses.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.street.addresses()
    }

    /// The configuration (TOML) that leads the server here instead of into the world.
    #[must_use]
    pub fn configuration(&self) -> String {
        let street = &self.street;
        let allowed: Vec<String> = self.addresses().iter().map(ToString::to_string).collect();
        let text = |value: String| toml::Value::String(value);
        let base = |address: SocketAddr| text(street::base(address));
        let file = |address, path: &str| text(format!("{}/{path}", street::base(address)));
        let tables: Vec<(&[&str], toml::Value)> = vec![
            (&["stremthru", "url"], base(street.stremthru)),
            (&["index", "stremthru", "url"], base(street.stremthru)),
            (&["index", "torrentio", "url"], base(street.torrentio)),
            (&["index", "comet", "url"], base(street.comet)),
            (&["index", "torrentsdb", "url"], base(street.torrentsdb)),
            (&["index", "peerflix", "url"], base(street.peerflix)),
            (&["index", "mediafusion", "url"], base(street.mediafusion)),
            (&["index", "zilean", "url"], base(street.zilean)),
            (&["index", "animetosho", "url"], base(street.animetosho)),
            (&["index", "nyaa", "url"], base(street.nyaa)),
            (&["title", "cinemeta_url"], base(street.cinemeta)),
            (&["title", "kitsu_url"], base(street.kitsu)),
            (&["title", "images_url"], base(street.cinemeta)),
            (&["title", "anime_map_url"], file(street.lists, "anime-list-full.json")),
            (&["title", "kitsu_map_url"], file(street.lists, "imdb_mapping.json")),
            (&["title", "tmdb_url"], file(street.tmdb, "3")),
            (&["title", "opensubtitles_url"], base(street.opensubtitles)),
            (&["mirror", "torrent_caches"], vec![street::base(street.mirror) + "/torrent"].into()),
            (&["debrid", "store"], text("realdebrid".to_owned())),
            (&["debrid", "token_file"], text(self.token_file.display().to_string())),
            (&["network", "allow_private"], allowed.into()),
            (&["swarm", "enabled"], true.into()),
            (&["swarm", "dht"], false.into()),
            (&["swarm", "local_discovery"], false.into()),
            (&["swarm", "port_forwarding"], false.into()),
            (&["swarm", "trackers"], toml::Value::Array(Vec::new())),
            // Who tries it should not have to claim it first; the settings are the owner's all the
            // same. And a demonstration is not announced as if it were the household's box.
            (&["access", "auth_required"], false.into()),
            (&["lan", "name"], text("Credenza demonstration".to_owned())),
            (&["lan", "mdns"], false.into()),
            (&["lan", "upnp"], false.into()),
        ];
        let mut root = toml::Table::new();
        for (path, value) in tables {
            put(&mut root, path, value);
        }
        root.to_string()
    }

    /// Takes the seeder from its peers; what else there is ends with the [`Demo`].
    pub async fn stop(&self) {
        self.seeder.stop().await;
    }

    /// What to try, a line each.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        hints()
    }
}

/// What there is to try in any demonstration, a line each.
#[must_use]
pub fn hints() -> Vec<String> {
    let told = "this is a demonstration: made-up titles, served by this machine alone";
    let tries = household::WORKS.iter().map(|work| {
        let id = match (work.kitsu, work.parts.len()) {
            (_, 0) => work.imdb.to_owned(),
            (None, last) => format!("{0}:1:1 to {0}:1:{last}", work.imdb),
            (Some(kitsu), last) => format!("kitsu:{kitsu}:1 to kitsu:{kitsu}:{last}"),
        };
        format!("try {id} ({}, {})", work.name, work.year)
    });
    [told.to_owned()].into_iter().chain(tries).collect()
}

fn put(table: &mut toml::Table, path: &[&str], value: toml::Value) {
    match path {
        [] => {}
        [key] => {
            table.insert((*key).to_owned(), value);
        }
        [key, rest @ ..] => {
            let inner = table.entry(*key).or_insert_with(|| toml::Table::new().into());
            if let Some(inner) = inner.as_table_mut() {
                put(inner, rest, value);
            }
        }
    }
}
