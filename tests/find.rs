//! `credenza find` through the real program, against the demonstration's stand-ins and against
//! stand-ins that misbehave.

mod dubious;

use std::time::Duration;

use credenza::torrent::IndexName;
use serde_json::Value;

use crate::support::server::{Server, credenza, run};
use crate::support::{only, until};

fn found(server: &Server, id: &str) -> Value {
    // A running server on the data folder is asked by the command line itself.
    let done = run(credenza(&server.data).args(["find", id, "--json"]));
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("one JSON object")
}

#[test]
fn a_film_an_episode_and_an_anime_episode_are_found_ranked_and_explained() {
    let server = Server::demo();
    for id in ["tt9900101", "tt9900102:1:2", "kitsu:99001:1"] {
        // A first search may be too slow for one of them beside other tests; what comes late is in the
        // next look.
        let found = until("an answer of every index", Duration::from_secs(120), || {
            let found = found(&server, id);
            let lines = found["indexes"].as_array().unwrap();
            let late = lines.iter().any(|line| line["state"] == "timed_out");
            (!late).then_some(found)
        });
        assert_eq!(found["id"], id);
        assert!(found["title"]["name"].is_string(), "{found}");
        let states: Vec<_> = found["indexes"].as_array().unwrap().iter().collect();
        assert_eq!(states.len(), IndexName::ALL.len(), "{states:?}");
        for line in states {
            let anime_alone = ["animetosho", "nyaa"].contains(&line["index"].as_str().unwrap());
            let not_asked = anime_alone && !id.starts_with("kitsu");
            let wanted = if not_asked { &["unsupported_id"][..] } else { &["ok", "empty"] };
            assert!(wanted.contains(&line["state"].as_str().unwrap()), "{id}: {line}");
        }
        let candidates = found["candidates"].as_array().unwrap();
        assert!(!candidates.is_empty(), "{id}: nothing found");
        assert_eq!(found["unique"], candidates.len());
        assert!(found["torrents_found"].as_u64().unwrap() >= candidates.len() as u64);
        let mut hashes: Vec<&str> = Vec::new();
        for candidate in candidates {
            let hash = candidate["info_hash"].as_str().unwrap();
            assert!(
                hash.len() == 40 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            );
            assert!(!hashes.contains(&hash), "{hash} stands twice");
            hashes.push(hash);
            assert!(!candidate["reasons"].as_array().unwrap().is_empty(), "{candidate}");
            assert!(candidate["size_bytes"] != 0 && candidate["size_bytes"] != -1, "{candidate}");
            assert!(candidate["availability"]["realdebrid"].is_string(), "{candidate}");
            for key in [
                "name",
                "seeders",
                "file_index",
                "file_name",
                "trackers",
                "found_by",
                "indexer",
                "release",
                "score",
            ] {
                assert!(candidate.get(key).is_some(), "{key} is missing: {candidate}");
            }
        }
        // What is there at once leads.
        assert_eq!(candidates[0]["availability"]["realdebrid"], "cached", "{}", candidates[0]);
        assert!(
            candidates[0]["reasons"].as_array().unwrap().iter().any(|reason| reason == "cached")
        );
    }
}

#[test]
fn other_anime_ids_say_unsupported_and_unknown_forms_are_refused() {
    let server = Server::demo();
    let done = run(credenza(&server.data).args(["find", "mal:99999999:1", "--json"]));
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    for line in found["indexes"].as_array().unwrap() {
        assert_eq!(line["state"], "unsupported_id", "{line}");
    }
    assert_eq!(done.status.code(), Some(1), "no index could be asked");

    for id in ["1254207", "tt12", "tt1254207:1", "imdb:tt1254207", "kitsu:x"] {
        let done = run(credenza(&server.data).args(["find", id]));
        assert_eq!(done.status.code(), Some(2), "{id}: wrong usage");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.contains("tt1254207 (a film)"), "{said}");
        let answer = server.owner("GET", &format!("/api/find/{id}")).send();
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "bad_id");
    }
}

#[test]
fn the_table_is_for_people_and_the_stream_is_for_pages() {
    let server = Server::demo();
    let done = run(credenza(&server.data).args(["find", "tt9900101"]));
    let table = String::from_utf8(done.stdout).unwrap();
    assert!(table.starts_with("tt9900101  "), "{table}");
    assert!(table.contains("torrentio") && table.contains("zilean"), "{table}");
    // Why the first one leads stands once, below it; programs read its reasons.
    let why = table.lines().position(|line| line.starts_with("       Plays at once from "));
    let first = table.lines().position(|line| line.contains("of them different"));
    assert_eq!(why, first.map(|line| line + 3), "{table}");
    assert_eq!(table.matches("Plays at once").count(), 1, "{table}");
    let json = run(credenza(&server.data).args(["find", "tt9900101", "--json"]));
    assert!(!String::from_utf8(json.stdout).unwrap().contains("Plays at once"));
    let events =
        server.owner("GET", "/api/find/tt9900101").with("Accept", "text/event-stream").send();
    let text = events.text();
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    assert_eq!(text.matches("event: index\n").count(), IndexName::ALL.len(), "{text}");
    assert!(
        text.contains("event: candidates\n")
            && text.trim_end().rsplit("event: ").next().unwrap().starts_with("done")
    );
}

#[test]
fn each_index_fails_alone_and_all_of_them_together_are_an_error() {
    use crate::support::upstream::{Reply, Upstream};
    let (html, refuses, limits, titles) =
        (Upstream::start(), Upstream::start(), Upstream::start(), Upstream::start());
    html.on("/v0/torrents", Reply::html("<!DOCTYPE html><title>Log in</title>"));
    let wall = Reply::html("Sorry, you have been blocked").with_status(403);
    refuses.on("/stream/movie/tt1254207.json", wall);
    let much = Reply::status(429).header("Retry-After", "1000000000");
    limits.on("/dmm/filtered", much);
    titles.on("/meta/movie/tt1254207.json", Reply::json(r#"{"meta":{}}"#));
    let all = [&html, &refuses, &limits, &titles];
    let allow: Vec<String> = all.iter().map(|up| format!("\"{}\"", up.addr())).collect();
    let asked = [IndexName::StremThru, IndexName::Torrentio, IndexName::Zilean];
    let off = only(&asked);
    let configuration = format!(
        "[stremthru]\nurl = \"{}\"\n[index.torrentio]\nurl = \"{}\"\n[index.zilean]\nurl = \"{}\"\n\
         {off}[title]\ncinemeta_url = \"{}\"\n[network]\nallow_private = [{}]\n",
        html.url("/"),
        refuses.url("/"),
        limits.url("/"),
        titles.url("/"),
        allow.join(", ")
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.toml");
    std::fs::write(&file, configuration).unwrap();
    let start = std::time::Instant::now();
    let done =
        run(credenza(folder.path()).args(["find", "tt1254207", "--json", "--config"]).arg(&file));
    assert!(start.elapsed() < Duration::from_secs(20), "a search ends");
    assert_eq!(done.status.code(), Some(1), "every index failed");
    let found: Value =
        serde_json::from_slice(&done.stdout).expect("the JSON is printed all the same");
    let state = |name: &str| {
        let lines = found["indexes"].as_array().unwrap();
        lines.iter().find(|line| line["index"] == name).unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        (state("stremthru"), state("torrentio"), state("zilean")),
        ("failed".into(), "blocked".into(), "limited".into())
    );
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("none of the indexes answered"), "{said}");
}

#[test]
fn a_search_without_a_server_works_alone() {
    // The household's stand-ins serve; the search itself runs in a process of its own, on a data
    // folder of its own.
    let server = Server::demo();
    let configuration = server.data.join("credenza.toml");
    let folder = tempfile::tempdir().unwrap();
    let done = run(credenza(folder.path())
        .args(["find", "tt9900101", "--json", "--config"])
        .arg(configuration));
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert!(!found["candidates"].as_array().unwrap().is_empty());
}
