//! An answer in which an index is missing because it failed: shown for a minute, then completed.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::street::{FILM, Street, addon_path, after, events, find, hash, hashes, line, streams};
use crate::support::aged::age;
use crate::support::server::Server;
use crate::support::until;
use crate::support::upstream::{Reply, Upstream};

/// A street whose add-on has failed once: what the others had is kept in the folder.
fn with_a_gap(data: &std::path::Path) -> Street {
    let mut street = Street::new();
    street.addon.on(&addon_path(FILM), Reply::status(500));
    let server = Server::serve_on(data, &street.configuration(), None);
    let first = find(&server, FILM);
    assert_eq!(hashes(&first), [hash(1)]);
    assert!(first["health"].as_str().unwrap().ends_with("; 2 of 3 answered"), "{first}");
    let again = kept(&server);
    let health = again["health"].as_str().unwrap();
    let told = "; 2 of 3 answered; those that failed are asked again, and a look in a minute waits for them";
    assert!(health.ends_with(told), "{health}");
    assert_eq!(server.stop(), 0);
    // At another address nothing is held against it.
    street.addon = Upstream::start();
    street
}

fn kept(server: &Server) -> Value {
    until("it to be kept", Duration::from_secs(30), || {
        let found = find(server, FILM);
        found["found_before_s"].is_u64().then_some(found)
    })
}

/// The add-on's torrent, after a while.
fn slowly(street: &Street, pause: Duration) {
    let body = streams([2]);
    street.addon.on(&addon_path(FILM), after(Reply::json(&body), body.len(), pause));
}

#[test]
fn a_minute_later_a_look_waits_for_the_index_that_failed_and_asks_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let street = with_a_gap(&data);
    let others = (street.lists.requests().len(), street.crowd.requests().len());
    age(&data, Duration::from_secs(120));
    slowly(&street, Duration::from_secs(2));
    let server = Server::serve_on(&data, &street.configuration(), None);
    let path = format!("/api/find/{FILM}");
    let start = Instant::now();
    let answer = server.owner("GET", &path).with("Accept", "text/event-stream").send();
    assert!(start.elapsed() > Duration::from_millis(1_500), "{:?}", start.elapsed());
    let events = events(&answer);
    // What is known is shown meanwhile.
    let rankings: Vec<&Value> =
        events.iter().filter(|(name, _)| name == "candidates").map(|(_, data)| data).collect();
    assert_eq!((&rankings[0]["partial"], hashes(rankings[0])), (&Value::Bool(true), vec![hash(1)]));
    let so_far = rankings[0]["health"].as_str().unwrap();
    assert_eq!(so_far, "2 of 3 answered so far");
    let told = events.iter().filter(|(name, _)| name == "index");
    let mut told: Vec<_> = told.map(|(_, data)| data["index"].as_str().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, ["stremthru", "torrentio", "zilean"]);
    let whole = rankings.last().unwrap();
    assert_eq!(hashes(whole), [hash(1), hash(2)]);
    assert_eq!((&whole["torrents_found"], &whole["unique"]), (&2.into(), &2.into()));
    assert_eq!(whole["health"], "3 of 3 answered");
    assert_eq!((street.lists.requests().len(), street.crowd.requests().len()), others);

    // Now it is whole, and young.
    let again = kept(&server);
    assert_eq!(hashes(&again), [hash(1), hash(2)]);
    assert_eq!((&again["torrents_found"], &again["health"]), (&2.into(), &whole["health"]));
    assert_eq!(street.addon_asked(), 1);
}

#[test]
fn an_index_that_fails_again_costs_no_further_look_its_time_nor_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let street = with_a_gap(&data);
    age(&data, Duration::from_secs(120));
    street.addon.on(&addon_path(FILM), Reply::status(500));
    let server = Server::serve_on(&data, &street.configuration(), None);
    for _ in 0..3 {
        let found = find(&server, FILM);
        assert!(found["found_before_s"].as_u64() >= Some(120), "{found}");
        assert_eq!(hashes(&found), [hash(1)]);
        assert_eq!(line(&found, "torrentio")["state"], "failed", "{found}");
        let health = found["health"].as_str().unwrap();
        assert!(health.ends_with("; 2 of 3 answered"), "nobody is asked in a minute: {health}");
    }
    assert_eq!(street.addon_asked(), 1, "it is left in peace");
}

#[test]
fn hours_later_the_gap_is_waited_for_and_the_others_are_asked_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let street = with_a_gap(&data);
    let asked = street.lists.requests().len();
    age(&data, Duration::from_secs(3 * 3600));
    slowly(&street, Duration::from_secs(1));
    let body = super::street::rows([4]);
    let late = after(Reply::json(&body), body.len(), Duration::from_secs(4));
    street.lists.on("/dmm/filtered", late);
    let server = Server::serve_on(&data, &street.configuration(), None);
    let start = Instant::now();
    let found = find(&server, FILM);
    assert!(start.elapsed() < Duration::from_millis(3_500), "{:?}", start.elapsed());
    assert_eq!(hashes(&found), [hash(1), hash(2)], "{found}");
    let fresh = until("the refreshed answer", Duration::from_secs(30), || {
        let found = find(&server, FILM);
        (hashes(&found) == [hash(2), hash(4)]).then_some(found)
    });
    assert!(fresh["found_before_s"].as_u64() < Some(60), "{fresh}");
    assert_eq!((street.lists.requests().len() - asked, street.addon_asked()), (1, 1));
}
