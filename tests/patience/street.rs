//! Three indexes, a store and somebody who knows titles, each scripted; the program is the real one.

use std::time::Duration;

use credenza::torrent::IndexName;
use serde_json::{Value, json};

use crate::support::http::Answer;
use crate::support::only;
use crate::support::server::Server;
use crate::support::upstream::{Reply, Seen, Upstream};

pub const FILM: &str = "tt1254207";
pub const OTHER: &str = "tt1254208";
pub const THIRD: &str = "tt1254209";
pub const FOURTH: &str = "tt1254210";

/// The upstreams. What is not scripted answers 404.
pub struct Street {
    pub crowd: Upstream,
    pub addon: Upstream,
    pub lists: Upstream,
    pub titles: Upstream,
}

/// A hash that ends in this number.
pub fn hash(number: u32) -> String {
    format!("{number:040x}")
}

/// Rows as Torrentio lists them.
pub fn streams(numbers: impl IntoIterator<Item = u32>) -> String {
    let stream = |number| {
        json!({"name": "Torrentio\n1080p", "infoHash": hash(number),
            "title": format!("A.Film.2008.1080p.WEB-DL.x264-N{number}\n\u{1F464} 5 \u{1F4BE} 1.4 GB \u{2699}\u{FE0F} Nowhere")})
    };
    let streams: Vec<Value> = numbers.into_iter().map(stream).collect();
    json!({"streams": streams}).to_string()
}

/// Rows as Zilean lists them.
pub fn rows(numbers: impl IntoIterator<Item = u32>) -> String {
    let row = |number| {
        json!({"info_hash": hash(number), "size": "1503238553",
            "raw_title": format!("A.Film.2008.720p.WEB-DL.x264-Z{number}")})
    };
    let rows: Vec<Value> = numbers.into_iter().map(row).collect();
    json!(rows).to_string()
}

/// The path at which Torrentio is asked for a film.
pub fn addon_path(id: &str) -> String {
    format!("/stream/movie/{id}.json")
}

/// The same answer, whole after about so long.
pub fn after(reply: Reply, length: usize, pause: Duration) -> Reply {
    reply.drip(length.div_ceil(2), pause / 2)
}

impl Street {
    /// The crowd has nothing, the lists have torrent 1 and the add-on torrent 2, whatever is asked.
    pub fn new() -> Self {
        let street = Self {
            crowd: Upstream::start(),
            addon: Upstream::start(),
            lists: Upstream::start(),
            titles: Upstream::start(),
        };
        street.crowd.on("/v0/torrents", Reply::json(r#"{"data":{"items":[]}}"#));
        street.lists.on("/dmm/filtered", Reply::json(rows([1])));
        for id in [FILM, OTHER, THIRD, FOURTH] {
            street.addon.on(&addon_path(id), Reply::json(streams([2])));
            let meta = json!({"meta": {"id": id, "imdb_id": id, "name": "A Film", "type": "movie", "year": "2008"}});
            street.titles.on(&format!("/meta/movie/{id}.json"), Reply::json(meta.to_string()));
        }
        street
    }

    pub fn configuration(&self) -> String {
        let all = [&self.crowd, &self.addon, &self.lists, &self.titles];
        let allow: Vec<String> = all.iter().map(|up| format!("\"{}\"", up.addr())).collect();
        format!(
            "[stremthru]\nurl = \"{}\"\n[index.torrentio]\nurl = \"{}\"\n[index.zilean]\nurl = \"{}\"\n\
             {}[title]\ncinemeta_url = \"{titles}\"\nkitsu_url = \"{titles}\"\ntmdb_url = \"{titles}3\"\n\
             [swarm]\nenabled = false\n[network]\nallow_private = [{}]\n",
            self.crowd.url("/"),
            self.addon.url("/"),
            self.lists.url("/"),
            only(&[IndexName::StremThru, IndexName::Torrentio, IndexName::Zilean]),
            allow.join(", "),
            titles = self.titles.url("/"),
        )
    }

    pub fn serve(&self) -> Server {
        Server::serve(&self.configuration())
    }

    /// How often Torrentio was asked for anything.
    pub fn addon_asked(&self) -> usize {
        self.addon.requests().len()
    }

    /// What the store was asked, in order.
    pub fn checks(&self) -> Vec<Seen> {
        let checks = self.crowd.requests().into_iter();
        checks.filter(|seen| seen.path == "/v0/store/magnets/check").collect()
    }

    /// Has the store take a token.
    pub fn with_store(&self, server: &Server) {
        let user =
            json!({"data": {"id": "1", "email": "a@b.example", "subscription_status": "premium"}});
        self.crowd.on("/v0/store/user", Reply::json(user.to_string()));
        let token = json!({"debrid": {"store": "realdebrid", "token": "a-token"}});
        let set = server.owner("PUT", "/api/settings").json(&token).send();
        assert_eq!(set.status, 200, "{}", set.text());
    }
}

pub fn find(server: &Server, id: &str) -> Value {
    let answer = server.owner("GET", &format!("/api/find/{id}")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

pub fn line<'a>(found: &'a Value, index: &str) -> &'a Value {
    let lines = found["indexes"].as_array().unwrap();
    lines
        .iter()
        .find(|line| line["index"] == index)
        .unwrap_or_else(|| panic!("no {index}: {found}"))
}

pub fn hashes(found: &Value) -> Vec<String> {
    let candidates = found["candidates"].as_array().unwrap().iter();
    let mut hashes: Vec<_> =
        candidates.map(|one| one["info_hash"].as_str().unwrap().to_owned()).collect();
    hashes.sort();
    hashes
}

/// The events of a stream: name and data.
pub fn events(answer: &Answer) -> Vec<(String, Value)> {
    let text = answer.text();
    let blocks = text.split("\n\n").filter(|block| !block.is_empty());
    let event = |block: &str| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        (field("event: ").to_owned(), serde_json::from_str(field("data: ")).unwrap())
    };
    blocks.map(event).collect()
}
