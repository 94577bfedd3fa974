//! What whoever watches the box sees of it: numbers, a description of every path, the log.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FILM, House, PACK, magnet_of};
use crate::support::until;

/// The value of a line of `/metrics`.
fn value(text: &str, row: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(row)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {row} in\n{text}")).parse().unwrap()
}

#[test]
fn the_metrics_count_what_was_done_and_name_no_title() {
    let house = House::of(|text| text.replace("[swarm]", "[swarm]\ndownload_limit = 200000"));
    let play = house.server.play("tt9900101");
    let url = play["url"].as_str().unwrap();
    let played = house.server.get(&url[url.find("/v/").unwrap()..]);
    // The store does not have this one.
    let pack = house.release("The Lamp and the Tide 2024 720p BluRay x264-Demo");
    house.added(pack);
    let (index, file) = pack.files().find(|(_, file)| file.is_video()).unwrap();
    assert!(
        house.bytes(&format!("/api/stream/{}?file={index}", pack.info_hash), "0-") == file.bytes
    );
    let answer = house.server.get("/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.text();
    let served = |via: &str| value(&text, &format!("credenza_served_bytes_total{{via=\"{via}\"}}"));
    assert!(served("debrid") >= f64::from(u32::try_from(played.body.len()).unwrap()));
    assert!(
        served("swarm") > 0.0 && served("swarm") <= file.bytes.len().to_string().parse().unwrap()
    );
    assert!(value(&text, "credenza_http_requests_total{area=\"media\",status=\"2xx\"}") >= 2.0);
    assert!(value(&text, "credenza_index_answers_total{index=\"torrentio\",state=\"ok\"}") >= 1.0);
    assert!(value(&text, "credenza_debrid_calls_total{outcome=\"ok\"}") >= 1.0);
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    assert!(value(&text, "process_cpu_seconds_total") > 0.0);
    for name in [
        "credenza_streams_open",
        "credenza_swarm_peers",
        "credenza_swarm_down_bytes_per_second",
        "credenza_swarm_up_bytes_per_second",
        "credenza_cache_bytes",
        "credenza_index_left_in_peace{index=\"torrentio\"}",
    ] {
        value(&text, name);
    }
    // Every family is told once, and every line is of a family.
    let mut families = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            families.push(rest.split(' ').next().unwrap());
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            assert_eq!(families.last(), Some(&name), "{line}");
        }
    }
    for told in ["Lamp", "Harbour", credenza::demo::TOKEN, &pack.info_hash.to_string(), "127.0.0.1"]
    {
        assert!(!text.contains(told), "{told} in\n{text}");
    }
}

/// Every path below `/api` with its methods, as the table of routes has them.
fn routes() -> BTreeMap<String, Vec<String>> {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/api/mod.rs");
    let text = std::fs::read_to_string(table).unwrap();
    let mut routes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in text.split(".route(").skip(1) {
        let path = part.split('"').nth(1).unwrap();
        let handlers = &part[part.find(',').unwrap()..];
        if !path.starts_with("/api/") {
            continue;
        }
        let methods = ["get", "post", "put", "delete"];
        let line = handlers.split(".route(").next().unwrap();
        let line = line.split(";\n").next().unwrap();
        let has = |method: &&&str| line.contains(&format!("{method}("));
        let found = methods.iter().filter(has).map(|method| (*method).to_owned());
        routes.entry(path.to_owned()).or_default().extend(found);
    }
    routes
}

#[test]
fn every_path_of_the_api_is_described() {
    let house = House::new();
    let answer = house.server.get("/api/openapi.json");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let told = answer.json();
    assert_eq!(told["openapi"], "3.1.0");
    let routes = routes();
    assert!(routes.len() > 25, "{routes:?}");
    let mut missing = Vec::new();
    for (path, methods) in &routes {
        for method in methods {
            if !told["paths"][path][method]["summary"].is_string() {
                missing.push(format!("{method} {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "not in src/http/api/openapi.json: {missing:?}");
    for (path, operations) in told["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let known = routes.get(path).is_some_and(|methods| methods.contains(method));
            assert!(known, "{method} {path} is described and is no route");
        }
    }
    // Every reference leads somewhere.
    let text = told.to_string();
    for (at, _) in text.match_indices("#/components/schemas/") {
        let name = text[at..].split('"').next().unwrap().rsplit('/').next().unwrap();
        assert!(told["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[test]
fn the_log_tells_how_a_torrent_becomes_a_stream_and_holds_no_secret() {
    let house = House::slow(100_000, "");
    let pack = house.release(PACK);
    let magnet = magnet_of(pack);
    house.added(pack);
    let videos = pack.files().filter(|(_, file)| file.is_video());
    let (index, file) = videos.max_by_key(|(_, file)| file.size()).unwrap();
    let path = format!("/api/stream/{}?file={index}", pack.info_hash);
    assert!(house.bytes(&path, "0-") == file.bytes);
    until("the whole", Duration::from_secs(30), || {
        let status = house.ask(
            200,
            "GET",
            &format!("/api/stream/{}/status?file={index}", pack.info_hash),
            None,
        );
        (status["state"] == "complete").then_some(())
    });
    assert!(house.bytes(&path, "0-") == file.bytes);
    house.server.play("tt9900101");
    let body: Value = json!({"magnetUri": magnet_of(house.release(FILM)).to_string()});
    house.ask(202, "POST", "/api/torrents", Some(&body));
    let log = house.server.log();
    let plain: String = log.replace("\u{1b}[", "");
    let hash = pack.info_hash.to_string();
    let has = |level: &str, words: &[&str]| {
        let found = plain
            .lines()
            .any(|line| line.contains(level) && words.iter().all(|word| line.contains(word)));
        assert!(found, "no line {level} {words:?} in\n{plain}");
    };
    let bytes = format!("bytes={}", file.size());
    has("INFO", &["torrent: adding its magnet", &hash]);
    has("INFO", &["torrent: ready", &hash, "files=9"]);
    has("INFO", &["torrent: selected file", &hash, &bytes, file.base_name()]);
    has("INFO", &["stream: using the torrent", "not whole yet", &hash]);
    has("INFO", &["stream: using the file on the disk", &hash]);
    has("DEBUG", &["torrent: download progress", &hash, "peers=", "speed="]);
    let tracker = &magnet.trackers[0];
    for secret in [credenza::demo::TOKEN, "stremthru://", "/d/", tracker] {
        let told = log.lines().find(|line| line.contains(secret) && line.contains("credenza"));
        assert!(told.is_none(), "{secret} is told: {told:?}");
    }
}
