//! The owner's sources through the real program: by the API and by the page, kept over a kill, and
//! nothing that is a secret told.

use serde_json::{Value, json};

use super::server::{Day, Mirror, film};
use super::{HASH, PATH};
use crate::support::http::Answer;
use crate::support::server::Server;

const KEY: &str = "CANARY-KEY-77aa01";

/// A configuration that reaches these mirrors, and nobody else.
fn configuration(reached: &[&Mirror]) -> String {
    let allowed: Vec<String> =
        reached.iter().map(|mirror| format!("\"{}\"", mirror.addr)).collect();
    format!(
        "{}[mirror]\ntest_timeout_ms = 1500\ntorrent_caches = []\n[network]\nallow_private = [{}]\n",
        crate::support::only(&[]),
        allowed.join(", ")
    )
}

fn post(server: &Server, body: &Value) -> Answer {
    server.owner("POST", "/api/sources").json(body).send()
}

fn list(server: &Server) -> Value {
    server.owner("GET", "/api/sources").send().json()
}

fn own(server: &Server) -> Vec<Value> {
    let listed = list(server);
    let sources = listed["sources"].as_array().unwrap().iter();
    sources.filter(|source| source["kind"] == "own").cloned().collect()
}

#[test]
fn sources_are_listed_added_ordered_switched_tested_and_removed() {
    let film = film(5_000);
    let (mirror, elsewhere) = (Mirror::start(&film, Day::Sound), Mirror::start(&film, Day::Sound));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::serve_on(&data, &configuration(&[&mirror]), None);
    let before = server.owner("GET", "/api/sources/stats").send().json();
    assert_eq!(before["totalSources"], 12, "{before}");
    assert_eq!(before["enabledSources"], 0);
    for source in before["sources"].as_array().unwrap() {
        for field in ["name", "note"] {
            assert!(source[field].is_string(), "{source}");
        }
        assert!(source["priority"].is_u64(), "{source}");
        assert_eq!((&source["enabled"], &source["kind"]), (&json!(false), &json!("service")));
    }
    assert_eq!(before["sources"][0]["name"], "Instant.io");
    for at in [10, 11] {
        let reason = before["sources"][at]["reason"].as_str().unwrap();
        assert!(reason.starts_with("account service, not a mirror"), "{reason}");
    }
    assert_eq!(list(&server)["excluded"][0]["name"], "WebTor.io");

    let url = format!("{}?key={KEY}", mirror.url("/{infoHash}/{fileName}"));
    let added = post(&server, &json!({"name": "Mine", "url": url, "note": "in the cellar"}));
    assert_eq!(added.status, 201, "{}", added.text());
    let shown = format!("http://{}/{{infoHash}}/{{fileName}}\u{2026}", mirror.addr);
    let source = added.json()["source"].clone();
    assert_eq!((&source["url"], &source["priority"]), (&json!(shown), &json!(1)), "{source}");
    let other = json!({"name": "other", "url": elsewhere.url("/{infoHash}"), "needsMetadata": true, "priority": 0});
    assert_eq!(post(&server, &other).status, 201);
    let names: Vec<Value> = own(&server).iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["other", "Mine"], "in their order");

    // A test, of all and of one.
    let asked = json!({"infoHash": HASH, "fileName": PATH, "size": film.len(), "fileIndex": 0,
        "torrent_name": "x"});
    let tested = server.owner("POST", "/api/sources/test").json(&asked).send();
    assert_eq!(tested.status, 200, "{}", tested.text());
    let tested = tested.json();
    assert_eq!((&tested["working"], &tested["results"][0]["name"]), (&json!(1), &json!("Mine")));
    let refused = tested["results"][1]["message"].as_str().unwrap();
    assert!(refused.contains("private address"), "{refused}");
    assert_eq!(elsewhere.heads().len(), 0);
    assert!(mirror.heads()[0].contains(&format!("?key={KEY}")), "{:?}", mirror.heads());
    mirror.turns(Day::Status(404));
    let one = post(&server, &json!({"name": "mine", "test": asked}));
    assert_eq!(one.status, 200, "{}", one.text());
    assert_eq!(one.json()["test"]["results"][0]["state"], "absent", "{}", one.text());
    let health = one.json()["source"]["health"].clone();
    assert_eq!((&health["successes"], &health["misses"]), (&json!(1), &json!(1)), "{health}");

    // Changed, and kept over a kill.
    let off = post(&server, &json!({"name": "MINE", "enabled": false, "priority": 7}));
    assert_eq!(off.status, 200, "{}", off.text());
    drop(server);
    let server = Server::serve_on(&data, &configuration(&[&mirror]), None);
    let kept = &own(&server)[1];
    assert_eq!(
        (&kept["name"], &kept["enabled"], &kept["priority"], &kept["note"]),
        (&json!("Mine"), &json!(false), &json!(7), &json!("in the cellar"))
    );
    assert_eq!(server.owner("DELETE", "/api/sources/Mine").send().status, 204);
    let by_body = server.owner("DELETE", "/api/sources").json(&json!({"name": "other"}));
    assert_eq!(by_body.send().status, 204);
    assert_eq!(own(&server).len(), 0);
    assert!(!server.log().contains(KEY) && !list(&server).to_string().contains(KEY));
}

#[test]
fn each_mistake_is_one_sentence_and_changes_nothing() {
    let server = Server::serve(&configuration(&[]));
    let fine = "https://files.example/{infoHash}/{fileName}";
    for (body, status, code, words) in [
        (json!({"name": "a/b", "url": fine}), 400, "bad_source_name", "1 to 40"),
        (json!({"name": "", "url": fine}), 400, "bad_source_name", "1 to 40"),
        (json!({"name": "mine"}), 404, "no_such_source", "give its address"),
        (json!({"name": "mine", "enabled": true}), 404, "no_such_source", "give its address"),
        (json!({"url": fine}), 400, "bad_source", "name"),
        (json!({"name": "mine", "url": fine, "prio": 1}), 400, "bad_source", "prio"),
        (json!({"name": "mine", "url": fine, "priority": 5000}), 400, "bad_source", "0 to 1000"),
        (
            json!({"name": "mine", "url": fine, "supportsResume": false}),
            400,
            "bad_source",
            "resume",
        ),
        (
            json!({"name": "mine", "url": "https://files.example/KEY"}),
            400,
            "bad_source_address",
            "{infoHash} or {fileName}",
        ),
        (
            json!({"name": "mine", "url": "https://{fileName}/KEY"}),
            400,
            "bad_source_address",
            "written out",
        ),
        (
            json!({"name": "mine", "url": "file:///etc/{fileName}"}),
            400,
            "bad_source_address",
            "http://",
        ),
        (
            json!({"name": "mine", "url": "https://me:KEY@a.example/{infoHash}"}),
            400,
            "bad_source_address",
            "user name",
        ),
        (json!({"name": "Instant.io", "enabled": true}), 409, "source_is_off", "unfit"),
        (
            json!({"name": "seedr.cc", "url": fine}),
            409,
            "source_is_off",
            "account service, not a mirror",
        ),
        (json!({"name": "WebTor.io", "url": fine}), 409, "source_is_off", "excluded"),
        (
            json!({"name": "mine", "test": {"info_hash": "12", "file_name": "x"}}),
            400,
            "bad_source",
            "info hash",
        ),
        (
            json!({"name": "mine", "test": {"info_hash": HASH, "file_name": "x"}}),
            404,
            "no_such_source",
            "mine",
        ),
    ] {
        let refused = post(&server, &body);
        let said = refused.json();
        assert_eq!(
            (refused.status, &said["error"]["code"]),
            (status, &json!(code)),
            "{body}: {said}"
        );
        let message = said["error"]["message"].as_str().unwrap();
        assert!(message.contains(words) && !message.contains("KEY"), "{message}");
        assert_eq!(own(&server).len(), 0, "{message}");
    }
    assert_eq!(server.owner("DELETE", "/api/sources/nobody").send().status, 404);
    assert_eq!(server.owner("DELETE", "/api/sources/Bitport.io").send().status, 409);
    for (method, path) in [
        ("GET", "/api/sources"),
        ("GET", "/api/sources/stats"),
        ("POST", "/api/sources"),
        ("POST", "/api/sources/test"),
        ("DELETE", "/api/sources/mine"),
    ] {
        let asked = server.ask(method, path).json(&json!({"name": "mine", "url": fine}));
        assert_eq!(asked.send().status, 401, "{method} {path}");
    }
    let page = server.owner("POST", "/api/sources").json(&json!({"name": "m", "url": fine}));
    assert_eq!(page.with("Origin", "https://evil.example").send().status, 403);
}

#[test]
fn the_page_adds_switches_and_removes_without_script() {
    let server = Server::serve(&configuration(&[]));
    let cookie = server.claim("long-enough");
    let page = || server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    let send = |path: &str, pairs: &[(&str, &str)]| {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        server.ask("POST", path).with("Cookie", &cookie).form(&form).send()
    };
    let before = page();
    for word in ["Add the mirror", "Instant.io</strong>", "account service, not a mirror"] {
        assert!(before.contains(word), "{word}: {before}");
    }
    let address = format!("https://files.example/{KEY}/{{infoHash}}/{{fileName}}");
    let added = send("/setup/mirrors/add", &[("name", " My <server> "), ("address", &address)]);
    assert_eq!(added.status, 400, "{}", added.text());
    let added = send("/setup/mirrors/add", &[("name", " My server "), ("address", &address)]);
    assert_eq!(added.header("location"), Some("/setup?said=mirrors#mirrors"), "{}", added.text());
    let with_it = page();
    assert!(with_it.contains("My server</strong> is on") && !with_it.contains(KEY), "{with_it}");
    send("/setup/mirrors/switch", &[("name", "My server"), ("enabled", "false")]);
    assert!(page().contains("My server</strong> is off"));
    let bad = send("/setup/mirrors/add", &[("name", "x"), ("address", "nonsense")]);
    assert!(bad.status == 400 && bad.text().contains("begins with http"), "{}", bad.text());
    let stranger = server.ask("POST", "/setup/mirrors/remove").form("name=My+server").send();
    assert_eq!(stranger.header("location"), Some("/login?next=%2Fsetup"));
    send("/setup/mirrors/remove", &[("name", "My server")]);
    assert!(!page().contains("Remove My server"));
    assert!(!server.log().contains(KEY), "the key is in the log");
}

#[test]
fn a_forgotten_owner_takes_the_sources_along() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::serve_on(&data, &configuration(&[]), None);
    let url = format!("https://files.example/{KEY}/{{infoHash}}");
    assert_eq!(post(&server, &json!({"name": "mine", "url": url})).status, 201);
    drop(server);
    std::fs::write(data.join("reset-owner"), "").unwrap();
    let server = Server::serve_on(&data, &configuration(&[]), None);
    assert_eq!(own(&server).len(), 0);
}

#[test]
fn the_demonstration_has_a_cache_and_a_web_seed_that_give_a_film() {
    let server = Server::demo();
    // One that is listed, by a search of the demonstration's own.
    let found = server.owner("GET", "/api/find/tt9900101").send().json();
    let candidate = &found["candidates"][0];
    let hash = candidate["info_hash"].as_str().unwrap_or_else(|| panic!("{found}"));
    let listed = server.owner("GET", "/api/sources").send().json();
    let cache = listed["torrent_caches"][0]["url"].as_str().unwrap();
    assert!(cache.starts_with("http://127.0.0.1:"), "{cache}");
    let name = candidate["file_name"].as_str().unwrap_or_default();
    let asked = json!({"info_hash": hash, "file_name": name});
    let tested = server.owner("POST", "/api/sources/test").json(&asked).send().json();
    assert_eq!(tested["working"], 1, "{tested} {candidate}");
}
