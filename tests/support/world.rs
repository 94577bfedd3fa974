//! A small world for the real program: one title, one torrent that an index lists, a tracker, and
//! whoever seeds it. Only what is outside stands in; the program is the real one.

use std::net::SocketAddr;
use std::time::Duration;

use credenza::torrent::IndexName;

use super::only;
use super::seeder::Torrent;
use super::server::Server;
use super::tracker::Tracker;
use super::upstream::{Reply, Upstream};

/// The title of this world.
pub const ID: &str = "tt1254207";

/// Upstreams that know one title.
pub struct World {
    pub tracker: Tracker,
    index: Upstream,
    titles: Upstream,
}

impl World {
    /// A world in which `ID` is a film of this name.
    pub fn of(name: &str) -> Self {
        let titles = Upstream::start();
        let meta = serde_json::json!({"meta": {"id": ID, "imdb_id": ID, "name": name, "type": "movie", "year": "2008"}});
        titles.on(&format!("/meta/movie/{ID}.json"), Reply::json(meta.to_string()));
        Self { tracker: Tracker::start(), index: Upstream::start(), titles }
    }

    /// A world in which `ID` is a series of this name, with so many episodes in its first season.
    pub fn of_series(name: &str, episodes: u32) -> Self {
        let titles = Upstream::start();
        let row = |number: u32| {
            serde_json::json!({"id": format!("{ID}:1:{number}"), "season": 1, "episode": number,
                "name": format!("Episode {number}"), "released": "2008-01-01T00:00:00.000Z"})
        };
        let videos: Vec<_> = (1..=episodes).map(row).collect();
        let meta = serde_json::json!({"meta": {"id": ID, "imdb_id": ID, "name": name,
            "type": "series", "year": "2008", "videos": videos}});
        titles.on(&format!("/meta/series/{ID}.json"), Reply::json(meta.to_string()));
        Self { tracker: Tracker::start(), index: Upstream::start(), titles }
    }

    /// Tells of these films as the popular ones.
    pub fn popular(&self, films: &[serde_json::Value]) -> &Self {
        let body = serde_json::json!({"metas": films}).to_string();
        self.titles.on("/catalog/movie/top.json", Reply::json(body));
        self.titles.on("/catalog/series/top.json", Reply::json("{\"metas\":[]}"));
        self
    }

    /// Finds these films for these words, as they stand in an address.
    pub fn found(&self, words: &str, films: &[serde_json::Value]) -> &Self {
        let body = serde_json::json!({"metas": films}).to_string();
        self.titles.on(&format!("/catalog/movie/top/search={words}.json"), Reply::json(body));
        let nothing = Reply::json("{\"metas\":[]}");
        self.titles.on(&format!("/catalog/series/top/search={words}.json"), nothing);
        self
    }

    /// Lists these torrents, in Torrentio's words, each with our tracker.
    pub fn list(&self, torrents: &[&Torrent]) -> &Self {
        self.list_at(&format!("/stream/movie/{ID}.json"), torrents)
    }

    /// The same for an episode of the first season.
    pub fn list_episode(&self, number: u32, torrents: &[&Torrent]) -> &Self {
        self.list_at(&format!("/stream/series/{ID}:1:{number}.json"), torrents)
    }

    /// Lists these torrents, and takes so long for it.
    pub fn list_after(&self, pause: Duration, torrents: &[&Torrent]) -> &Self {
        let body = self.listed(torrents);
        let slow = Reply::json(&body).drip(body.len().div_ceil(2), pause / 2);
        self.index.on(&format!("/stream/movie/{ID}.json"), slow);
        self
    }

    /// What the index was asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.index.requests().into_iter().map(|request| request.path).collect()
    }

    fn list_at(&self, path: &str, torrents: &[&Torrent]) -> &Self {
        self.index.on(path, Reply::json(self.listed(torrents)));
        self
    }

    /// The list in Torrentio's words.
    fn listed(&self, torrents: &[&Torrent]) -> String {
        let stream = |torrent: &&Torrent| {
            serde_json::json!({
                "name": "Torrentio\n1080p",
                "title": format!("{}\n\u{1F464} 5 \u{1F4BE} 30 MB \u{2699}\u{FE0F} Nowhere", torrent.name),
                "infoHash": torrent.info_hash.to_string(),
                "sources": [format!("tracker:{}", self.tracker.url()), format!("dht:{}", torrent.info_hash)],
            })
        };
        let streams: Vec<_> = torrents.iter().map(stream).collect();
        serde_json::json!({"streams": streams, "cacheMaxAge": 3600}).to_string()
    }

    /// Who has this torrent.
    pub fn seeded_at(&self, torrent: &Torrent, peer: SocketAddr) -> &Self {
        self.tracker.add(torrent.info_hash, peer);
        self
    }

    /// The configuration that leads the program here; `more` is put after it.
    pub fn configuration(&self, more: &str) -> String {
        let addresses = [self.tracker.addr(), self.index.addr(), self.titles.addr()];
        let allowed: Vec<String> = addresses.iter().map(|addr| format!("\"{addr}\"")).collect();
        format!(
            "[title]\ncinemeta_url = \"{}\"\n[index.torrentio]\nurl = \"{}\"\n\
             {}[network]\nallow_private = [{}]\n[access]\nauth_required = false\n[mirror]\ntorrent_caches = []\n{more}",
            self.titles.url("/"),
            self.index.url("/"),
            only(&[IndexName::Torrentio]),
            allowed.join(", "),
        )
    }

    /// The program in this world, with peers allowed and nothing asked for them but the tracker.
    pub fn serve(&self) -> Server {
        Server::serve(&self.configuration("[swarm]\nenabled = true\ndht = false\n"))
    }
}
