//! One torrent as several indexes list it: which name it gets, and what its size means.

use credenza::torrent::IndexName;
use serde_json::{Value, json};

use crate::support::only;
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};

const EPISODE: &str = "tt9900001:1:2";
const PATH: &str = "/stream/series/tt9900001:1:2.json";
const GIB: u64 = 1 << 30;

/// The program with these indexes alone, and somebody who tells what the series is called.
fn found(indexes: &[(IndexName, &Upstream)], preferences: &Value) -> Value {
    let titles = Upstream::start();
    let meta = json!({"meta": {"id": "tt9900001", "imdb_id": "tt9900001", "type": "series",
        "name": "Harbour Lights", "year": "2021–",
        "videos": [{"id": "tt9900001:1:2", "season": 1, "episode": 2, "name": "The Long Ebb"}]}});
    titles.on("/meta/series/tt9900001.json", Reply::json(meta.to_string()));
    let mut configuration = only(&indexes.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, upstream) in indexes {
        let section = match name {
            IndexName::StremThru => "stremthru".to_owned(),
            other => format!("index.{other}"),
        };
        configuration = format!("[{section}]\nurl = \"{}\"\n{configuration}", upstream.url("/"));
    }
    let all = indexes.iter().map(|(_, upstream)| *upstream).chain([&titles]);
    let allow: Vec<String> = all.map(|up| format!("\"{}\"", up.addr())).collect();
    let server = Server::serve(&format!(
        "{configuration}[title]\ncinemeta_url = \"{}\"\n[swarm]\nenabled = false\n\
         [network]\nallow_private = [{}]\n",
        titles.url("/"),
        allow.join(", ")
    ));
    let set = server.owner("PUT", "/api/settings").json(&json!({"preferences": preferences}));
    assert_eq!(set.send().status, 200);
    let answer = server.owner("GET", &format!("/api/find/{EPISODE}")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn one<'a>(found: &'a Value, hash: &str) -> &'a Value {
    let candidates = found["candidates"].as_array().unwrap();
    candidates.iter().find(|one| one["info_hash"] == hash).unwrap_or_else(|| panic!("{found}"))
}

fn has(candidate: &Value, reason: &str) -> bool {
    candidate["reasons"].as_array().unwrap().iter().any(|one| one == reason)
}

#[test]
fn a_pack_that_an_index_calls_by_its_picked_file_stays_a_pack_and_counts_by_the_episode() {
    let (lists, comet) = (Upstream::start(), Upstream::start());
    let hash = "a".repeat(39) + "1";
    let pack = "Harbour.Lights.S01.1080p.WEB-DL.x264-DEMO";
    let row = json!([{"info_hash": hash, "raw_title": pack, "size": (15 * GIB).to_string()}]);
    lists.on("/dmm/filtered", Reply::json(row.to_string()));
    comet.on(PATH, Reply::json(include_str!("data/comet/stream_series_v2.json")));
    let indexes = [(IndexName::Zilean, &lists), (IndexName::Comet, &comet)];
    let found = found(&indexes, &json!({"max_episode_mib": 4096}));
    let merged = one(&found, &hash);
    assert_eq!(merged["name"], pack, "{merged}");
    assert!(has(merged, "season_pack") && !has(merged, "episode"), "{merged}");
    assert!(!has(merged, "over_size"), "an episode has 1.5 GiB: {merged}");
    assert_eq!((&merged["file_index"], &merged["size_bytes"]), (&json!(3), &json!(15 * GIB)));
    let file = "Harbour.Lights.S01E02.1080p.WEB-DL.DDP5.1.x264-DEMO.mkv";
    assert_eq!(merged["file_name"], file, "the index and the name of one row");
}

#[test]
fn a_name_for_people_does_not_hide_the_releases_own() {
    let (addon, spanish) = (Upstream::start(), Upstream::start());
    let hash = "b".repeat(40);
    let name = "Harbour.Lights.S01E02.720p.HDTV.x264-DEMO";
    let row = |text: &str| json!({"streams": [{"infoHash": hash, "title": text}]}).to_string();
    addon.on(PATH, Reply::json(row(&format!("{name}\n\u{1F464} 5 \u{1F4BE} 1 GB"))));
    let sentence = "Luces del puerto - Temporada 1 [HDTV 720p][Cap.102][AC3 5.1 Castellano]";
    spanish.on(PATH, Reply::json(row(sentence)));
    let indexes = [(IndexName::Torrentio, &addon), (IndexName::Peerflix, &spanish)];
    let found = found(&indexes, &json!({}));
    let merged = one(&found, &hash);
    assert_eq!(merged["name"], name, "{merged}");
    assert!(has(merged, "title_match") && !has(merged, "title_differs"), "{merged}");
    assert_eq!(merged["found_by"], json!(["torrentio", "peerflix"]));
}

#[test]
fn the_longer_of_two_names_that_say_the_same_is_kept() {
    let (lists, addon) = (Upstream::start(), Upstream::start());
    let hash = "c".repeat(40);
    let row = json!([{"info_hash": hash, "raw_title": "Harbour Lights S01E02", "size": 5}]);
    lists.on("/dmm/filtered", Reply::json(row.to_string()));
    let long = "Harbour.Lights.S01E02.1080p.WEB-DL.x264-DEMO";
    let row = json!({"streams": [{"infoHash": hash, "title": long}]});
    addon.on(PATH, Reply::json(row.to_string()));
    let indexes = [(IndexName::Zilean, &lists), (IndexName::Torrentio, &addon)];
    assert_eq!(one(&found(&indexes, &json!({})), &hash)["name"], long);
}
