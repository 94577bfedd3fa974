//! A peer that has whole torrents and gives them away: the demonstration's other end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use librqbit::{AddTorrent, AddTorrentOptions, ListenerOptions, Session, SessionOptions};

use super::engine::closed;
use super::storage::{Folder, Progress};
use super::{Error, Place, storage};
use crate::torrent::metainfo::Metainfo;

/// A `.torrent`, and the bytes of its files by their path in the torrent.
pub type Content = (Vec<u8>, Vec<(String, Vec<u8>)>);

/// A second session, with a listener and nothing else: no DHT, no discovery, no tracker.
pub struct Seeder {
    session: Arc<Session>,
    port: u16,
}

impl Seeder {
    /// Writes the files under `folder`, as the swarm lays them out, hashes them, and listens.
    pub async fn start(
        torrents: Vec<Content>,
        folder: &Path,
        listen: SocketAddr,
    ) -> Result<Self, Error> {
        let listener = ListenerOptions {
            listen_addr: listen,
            ipv4_only: listen.is_ipv4(),
            ..ListenerOptions::default()
        };
        let options = SessionOptions {
            listen: Some(listener),
            disable_trackers: true,
            ..closed(None, None, 64, listen.is_ipv4())
        };
        let session = Session::new_with_opts(folder.to_owned(), options).await;
        let session = session.map_err(|error| Error::engine(&error))?;
        let port = session.listen_addr().map_or(listen.port(), |addr| addr.port());
        for (torrent, files) in torrents {
            seed(&session, folder, &torrent, &files).await?;
        }
        Ok(Self { session, port })
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leaves its peers.
    pub async fn stop(&self) {
        self.session.stop().await;
    }
}

async fn seed(
    session: &Arc<Session>,
    library: &Path,
    torrent: &[u8],
    files: &[(String, Vec<u8>)],
) -> Result<(), Error> {
    let metainfo = Metainfo::read(torrent)?;
    let folder = library.join(metainfo.info_hash.to_string());
    write(&folder, &metainfo, files)
        .map_err(|error| Error::Disk { folder: library.to_owned(), why: error.to_string() })?;
    let place = Place::from(library.to_owned());
    let spot = place.now();
    let storage = Folder::new(place, spot, &metainfo, Arc::new(Progress::default()), None);
    let options = AddTorrentOptions {
        overwrite: true,
        output_folder: Some(library.to_string_lossy().into_owned()),
        storage_factory: Some(storage.factory()),
        ..AddTorrentOptions::default()
    };
    let bytes = AddTorrent::from_bytes(metainfo.torrent_bytes(&[]));
    let added = session.add_torrent(bytes, Some(options)).await;
    let added = added.map_err(|error| Error::refused(&error))?.into_handle();
    let handle = added.ok_or_else(|| Error::Engine("it did not add the torrent".to_owned()))?;
    handle.wait_until_initialized().await.map_err(|error| Error::engine(&error))?;
    if handle.stats().finished {
        return Ok(());
    }
    Err(Error::Engine(format!("{} does not have the bytes of its description", metainfo.name)))
}

fn write(folder: &Path, metainfo: &Metainfo, files: &[(String, Vec<u8>)]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for file in &metainfo.files {
        let content = files.iter().find(|(path, _)| *path == file.name);
        if let Some((_, bytes)) = content {
            std::fs::write(folder.join(storage::name_on_disk(file)), bytes)?;
        }
    }
    Ok(())
}
