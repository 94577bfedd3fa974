//! `reset-owner`: whoever holds the card in their hands may begin anew, and keeps the films.

use serde_json::json;

use crate::support::server::Server;

#[test]
fn the_file_makes_the_box_anybodys_again_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Server::serve_on(&data, "", None);
    let cookie = first.claim("long-enough");
    let changed = json!({"swarm": {"enabled": true}});
    assert_eq!(first.owner("PUT", "/api/settings").json(&changed).send().status, 200);
    assert_eq!(first.stop(), 0);
    std::fs::create_dir_all(data.join("library/film")).unwrap();

    std::fs::write(data.join("reset-owner"), "").unwrap();
    let second = Server::serve_on(&data, "", None);
    assert_eq!(second.get("/api/status").json()["owner"], false);
    let with_cookie = second.ask("GET", "/api/settings").with("Cookie", &cookie).send();
    assert_eq!(with_cookie.status, 401, "no session outlives it");
    assert!(!data.join("reset-owner").exists(), "once");
    assert!(data.join("library/film").exists());
    assert_eq!(second.owner("GET", "/api/settings").send().json()["swarm"]["enabled"], true);
    let other = second.claim("another-password");
    assert_ne!(other, cookie);
    assert_eq!(second.stop(), 0);

    let third = Server::serve_on(&data, "", None);
    assert_eq!(third.get("/api/status").json()["owner"], true, "and not at the next start");
}

/// S-04 also takes the store's token, which was the old owner's.
#[test]
fn the_stores_token_goes_with_the_owner() {
    let server = Server::demo();
    server.claim("long-enough");
    let token = std::fs::read_to_string(server.data.join("household/debrid-token")).unwrap();
    let set = json!({"debrid": {"store": "realdebrid", "token": token.trim()}});
    assert_eq!(server.owner("PUT", "/api/settings").json(&set).send().status, 200);
    let data = tempfile::tempdir().unwrap();
    let state = data.path().join("state.redb");
    let from = server.data.join("state.redb");
    assert_eq!(server_stop(server, &from, &state), 0);

    for (reset, set) in [(false, true), (true, false)] {
        if reset {
            std::fs::write(data.path().join("reset-owner"), "").unwrap();
        }
        let server = Server::serve_on(data.path(), "", None);
        let settings = server.owner("GET", "/api/settings").send().json();
        assert_eq!(settings["debrid"]["set"], set, "{settings}");
        assert_eq!(server.stop(), 0);
    }
}

/// Interrupts it, and keeps its state before its folder goes.
fn server_stop(server: Server, from: &std::path::Path, to: &std::path::Path) -> i32 {
    // Every write is on the disk when its request is answered.
    std::fs::copy(from, to).unwrap();
    server.stop()
}
