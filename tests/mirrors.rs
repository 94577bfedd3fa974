//! Mirrors over real HTTP on loopback: servers that have the film, that have another one, that lie,
//! break off and fall silent. Every byte that is read is compared with the film's.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod api;
mod reading;
mod server;
mod testing;

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use credenza::durable::State;
use credenza::fetch::{AddressPolicy, Client, Roots};
use credenza::mirror::{Change, Mirrors, Options, Patience, Wanted};
use credenza::representation::Representation;
use credenza::torrent::{InfoHash, TorrentFile};
use futures_util::StreamExt as _;

use server::Mirror;

const HASH: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
const PATH: &str = "Harbour Lights (2001)/film 1.mkv";

/// A household's mirrors on a folder of their own.
struct House {
    mirrors: Mirrors,
    state: Arc<State>,
    _folder: tempfile::TempDir,
}

impl House {
    fn new(reached: &[&Mirror], caches: &[String]) -> Self {
        Self::reaching(reached.iter().map(|mirror| mirror.addr).collect(), caches)
    }

    fn reaching(allow_private: Vec<SocketAddr>, caches: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(State::open(&folder.path().join("state.redb")).unwrap());
        let mirrors = open(allow_private, &state, caches);
        Self { mirrors, state, _folder: folder }
    }

    /// Adds a source of the owner's for each, in this order.
    async fn own(&self, mirrors: &[&Mirror]) {
        for (number, mirror) in (1..).zip(mirrors) {
            let change = Change {
                url: Some(mirror.url("/{infoHash}/{fileName}")),
                priority: Some(number),
                ..Change::default()
            };
            assert!(self.mirrors.set(&format!("own {number}"), change).await.unwrap());
        }
    }
}

fn open(allow_private: Vec<SocketAddr>, state: &Arc<State>, caches: &[String]) -> Mirrors {
    let client = Client::new(AddressPolicy { allow_private }, Roots::Bundled).unwrap();
    let options = Options {
        enabled: true,
        test_timeout: Duration::from_secs(6),
        torrent_caches: caches.to_vec(),
    };
    let mirrors = Mirrors::new(client, Arc::clone(state), options).unwrap();
    let patience = Patience {
        stall: Duration::from_secs(3),
        leave: Duration::from_secs(2),
        turn: Duration::from_millis(200),
        breath: Duration::from_millis(5),
        ..mirrors.patience()
    };
    mirrors.with_patience(patience)
}

fn info_hash() -> InfoHash {
    HASH.parse().unwrap()
}

/// The film, in a torrent of several files.
fn wanted(film: &[u8], web_seeds: &[String]) -> Wanted {
    Wanted {
        info_hash: info_hash(),
        file: TorrentFile {
            index: Some(2),
            name: PATH.to_owned(),
            size_bytes: Some(film.len() as u64),
            ..TorrentFile::default()
        },
        torrent_name: Some("Harbour & Lights".to_owned()),
        single_file: false,
        web_seeds: web_seeds.to_vec(),
        pieces: None,
        given: None,
    }
}

async fn read(film: &Arc<dyn Representation>, range: Range<u64>) -> (Vec<u8>, Option<String>) {
    let mut stream = film.read(range);
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => return (bytes, Some(error.to_string())),
        }
    }
    (bytes, None)
}
