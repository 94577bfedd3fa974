//! What a program does with a torrent: it names a magnet, learns what is in it, reads its files,
//! seeks, rests and stops it. The real program on loopback; the demonstration's household seeds and
//! stores; every byte is compared with the source.

mod content;
mod describe_first;
mod open_first;
mod torrents;
mod transfer;
mod watched;

use std::path::Path;
use std::time::Duration;

use credenza::demo::household::Release;
use credenza::demo::{self, Demo};
use credenza::torrent::Magnet;
use credenza::torrent::metainfo::Metainfo;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;

use crate::support::server::Server;
use crate::support::until;

/// The household in this process, the program beside it.
pub struct House {
    pub server: Server,
    pub demo: Demo,
    pub folder: tempfile::TempDir,
    runtime: Runtime,
}

impl House {
    pub fn new() -> Self {
        Self::of(|configuration| configuration)
    }

    /// The same with another configuration.
    pub fn of(change: impl Fn(String) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let home = folder.path().join("household");
        std::fs::create_dir(&home).unwrap();
        let demo = runtime.block_on(demo::start(TaskTracker::new(), &home)).unwrap();
        let configuration = change(demo.configuration());
        let server = Server::serve_on(&folder.path().join("data"), &configuration, None);
        Self { server, demo, folder, runtime }
    }

    /// A household without a store, whose line gives so many bytes a second.
    pub fn slow(bytes_s: u32, more: &str) -> Self {
        Self::of(|text| {
            let without_store = text.lines().filter(|line| !line.starts_with("token_file"));
            let text = without_store.collect::<Vec<_>>().join("\n");
            let text = text.replace("[swarm]", &format!("[swarm]\ndownload_limit = {bytes_s}"));
            format!("{text}\n{more}\n")
        })
    }

    /// The program started again on the same folder.
    pub fn restarted(self) -> Self {
        self.restarted_with(|configuration| configuration)
    }

    /// The same with another configuration.
    pub fn restarted_with(self, change: impl Fn(String) -> String) -> Self {
        let Self { server, demo, folder, runtime } = self;
        assert_eq!(server.stop(), 0);
        let data = folder.path().join("data");
        let server = Server::serve_on(&data, &change(demo.configuration()), None);
        Self { server, demo, folder, runtime }
    }

    pub fn data(&self) -> &Path {
        &self.server.data
    }

    /// The release of this name.
    pub fn release(&self, name: &str) -> &Release {
        self.demo.household().by_name(name).expect(name)
    }

    /// What a program asks as the owner; the answer has to be of this status.
    pub fn ask(&self, status: u16, method: &str, path: &str, body: Option<&Value>) -> Value {
        let ask = self.server.owner(method, path);
        let ask = match body {
            Some(body) => ask.json(body),
            None => ask,
        };
        let answer = ask.send();
        assert_eq!(
            answer.status,
            status,
            "{method} {path}: {}\n{}",
            answer.text(),
            self.server.log()
        );
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// Adds a release by its magnet and waits until it is described.
    pub fn added(&self, release: &Release) -> Value {
        let body = json!({"magnetUri": magnet_of(release).to_string()});
        let added = self.ask(202, "POST", "/api/torrents", Some(&body));
        assert_eq!(added["info_hash"], json!(release.info_hash.to_string()));
        let info = format!("/api/torrents/{}/info", release.info_hash);
        until("the description", Duration::from_secs(60), || {
            Some(self.ask(200, "GET", &info, None)).filter(|info| info["state"] == "ready")
        })
    }

    /// The bytes of a range of a path, as a program reads them.
    pub fn bytes(&self, path: &str, range: &str) -> Vec<u8> {
        let ask = self.server.owner("GET", path).with("Range", &format!("bytes={range}"));
        let answer = ask.send();
        assert_eq!(answer.status, 206, "{path}: {}\n{}", answer.text(), self.server.log());
        answer.body
    }
}

/// The magnet that finds a release's seeder.
pub fn magnet_of(release: &Release) -> Magnet {
    let metainfo = Metainfo::read(&release.metainfo).unwrap();
    Magnet {
        name: Some(release.recipe.name.to_owned()),
        trackers: metainfo.trackers,
        ..Magnet::new(release.info_hash)
    }
}

/// A season that peers have and the store has not.
pub const PACK: &str = "Harbour Watch S01 COMPLETE 1080p BluRay x264-Demo";
/// A film that both have.
pub const FILM: &str = "The.Lamp.and.the.Tide.2024.1080p.BluRay.x264.AAC-Demo";
