//! Politeness towards the indexes and patience with them: one that hangs, refuses or asks for fewer
//! requests costs nobody anything twice, and nothing that was found is lost.

mod behind;
mod gaps;
mod reading;
mod relay;
mod store;
mod street;
mod titles;
mod watching;

use std::time::{Duration, Instant};

use crate::support::server::Server;
use crate::support::upstream::Reply;
use crate::support::{timely, until};
use street::{
    FILM, FOURTH, OTHER, Street, THIRD, addon_path, after, find, hash, hashes, line, streams,
};

/// What a search may take, with what a test's machine adds; the server's own word is held against six.
const SIX_SECONDS: Duration = Duration::from_secs(9);

#[test]
fn one_that_hangs_costs_six_seconds_once_and_its_late_answer_is_in_the_next_look() {
    let (found, (street, server)) = timely(6_000, || {
        let street = Street::new();
        let body = streams([2, 3]);
        let late = after(Reply::json(&body), body.len(), Duration::from_secs(9));
        street.addon.on(&addon_path(FILM), late).on(&addon_path(OTHER), Reply::hang());
        let server = street.serve();
        let start = Instant::now();
        let found = find(&server, FILM);
        let took = start.elapsed();
        assert!(took > Duration::from_secs(5) && took < SIX_SECONDS, "{took:?}");
        (found, (street, server))
    });
    assert_eq!(hashes(&found), [hash(1)], "what the others have");
    let told = line(&found, "torrentio");
    assert_eq!(told["state"], "timed_out", "{found}");
    // The time that was waited, and not the six seconds.
    let words = told["message"].as_str().unwrap();
    assert!(words.starts_with("torrentio gave no answer within 5.5 s; "), "{words}");
    assert!(found["health"].as_str().unwrap().ends_with("; 2 of 3 answered"), "{found}");

    // It is left in peace at once, not only when its own time is over.
    let start = Instant::now();
    let other = find(&server, OTHER);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(line(&other, "torrentio")["state"], "timed_out", "{other}");
    assert!(line(&other, "torrentio")["until"].is_string(), "{other}");
    assert_eq!(street.addon_asked(), 1);

    let next = until("the late answer", Duration::from_secs(30), || {
        let found = find(&server, FILM);
        (found["unique"] == 3).then_some(found)
    });
    assert_eq!(hashes(&next), [hash(1), hash(2), hash(3)]);
    assert_eq!(line(&next, "torrentio")["state"], "ok");
    assert_eq!(street.addon_asked(), 1, "nobody asked again for it");

    // From now on it is asked beside the others and not waited for.
    let start = Instant::now();
    let found = find(&server, THIRD);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(found["unique"].as_u64() >= Some(1));
    assert_eq!(street.addon_asked(), 2);
}

#[test]
fn a_refusal_is_believed_for_hours_and_told_wherever_one_looks() {
    let street = Street::new();
    let wall = Reply::html("Sorry, you have been blocked").with_status(403);
    street.addon.on(&addon_path(FILM), wall);
    let server = street.serve();
    let found = find(&server, FILM);
    let told = line(&found, "torrentio");
    assert_eq!(told["state"], "blocked", "{told}");
    let words = told["message"].as_str().unwrap();
    assert!(words.starts_with("torrentio refuses this connection (403) until about "), "{words}");
    let health = found["health"].as_str().unwrap();
    assert!(health.starts_with("torrentio refuses this connection (403) until about "), "{health}");
    assert!(health.ends_with("; 2 of 3 answered"), "{health}");
    assert_eq!(told["until"].as_str().map(str::len), Some("2026-11-21T18:40:00Z".len()));

    let other = find(&server, OTHER);
    assert_eq!(street.addon_asked(), 1, "it is not asked again");
    assert_eq!(line(&other, "torrentio")["state"], "blocked");
    assert_eq!(hashes(&other), [hash(1)]);

    let status = server.owner("GET", "/api/status").send().json();
    let standing = status["indexes"].as_array().unwrap();
    assert_eq!(standing.len(), 3, "{status}");
    assert!(standing.iter().any(|one| one["index"] == "torrentio" && one["state"] == "blocked"));
    assert_eq!(server.get("/api/status").json()["indexes"], serde_json::Value::Null, "a stranger");
    let told = status["health"].as_str().unwrap();
    assert!(told.starts_with("torrentio refuses this connection (403) until about "), "{told}");
    assert!(told.ends_with("; 2 of 3 answered"), "{told}");
    let cookie = server.claim("long-enough");
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(page.contains("; 2 of 3 answered."), "{page}");
    for page in ["/", "/setup", &format!("/watch/{OTHER}")] {
        let page = server.ask("GET", page).with("Cookie", &cookie).send().text();
        assert!(page.contains("refuses this connection (403) until about "), "{page}");
    }
}

#[test]
fn a_429_shuts_for_its_time_and_a_restart_remembers_it() {
    let street = Street::new();
    let much = Reply::status(429).header("Retry-After", "90");
    street.addon.on(&addon_path(FILM), much);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::serve_on(&data, &street.configuration(), None);
    let start = Instant::now();
    let found = find(&server, FILM);
    assert!(start.elapsed() < Duration::from_secs(20), "90 s are not waited for in line");
    assert_eq!(line(&found, "torrentio")["state"], "limited", "{found}");
    let words = line(&found, "torrentio")["message"].as_str().unwrap();
    assert!(words.starts_with("torrentio asks for fewer requests (429) for another "), "{words}");
    assert_eq!(line(&find(&server, OTHER), "torrentio")["state"], "limited");
    assert_eq!(street.addon_asked(), 1);
    assert_eq!(server.stop(), 0);

    let server = Server::serve_on(&data, &street.configuration(), None);
    assert_eq!(line(&find(&server, THIRD), "torrentio")["state"], "limited");
    assert_eq!(street.addon_asked(), 1, "also after a restart");
    drop(server);

    // At another address nothing is held against it.
    let other = Street::new();
    let server = Server::serve_on(&data, &other.configuration(), None);
    assert_eq!(line(&find(&server, FOURTH), "torrentio")["state"], "ok");
    assert_eq!(other.addon_asked(), 1);
}

/// An anime is asked for by two ids at once.
const ANIME: &str = "kitsu:990001:1";

#[test]
fn a_refusal_of_one_of_two_requests_shuts_the_index_though_the_other_is_answered() {
    for (refusal, state, words) in [
        (
            Reply::status(429).header("Retry-After", "3600"),
            "limited",
            "torrentio asks for fewer requests (429) until about ",
        ),
        (
            Reply::html("Sorry, you have been blocked").with_status(403),
            "blocked",
            "torrentio refuses this connection (403) until about ",
        ),
    ] {
        let street = Street::new();
        let meta = include_str!("data/kitsu/meta_series.json");
        street.titles.on("/meta/anime/kitsu:990001.json", Reply::json(meta));
        street.addon.on("/stream/series/kitsu:990001:1.json", Reply::json(streams([2])));
        street.addon.on("/stream/series/tt9900002:2:1.json", refusal);
        let server = street.serve();
        let found = find(&server, ANIME);
        let told = line(&found, "torrentio");
        assert_eq!((&told["state"], &told["torrents"]), (&"ok".into(), &1.into()), "{found}");
        assert!(told["message"].as_str().unwrap().starts_with(words), "{told}");
        assert!(told["until"].is_string(), "{told}");
        assert!(hashes(&found).contains(&hash(2)), "what it listed counts: {found}");
        assert_eq!(street.addon_asked(), 2);
        let other = find(&server, FILM);
        assert_eq!(line(&other, "torrentio")["state"], state, "{other}");
        assert_eq!(street.addon_asked(), 2, "it is left alone");
    }
}

#[test]
fn a_flood_of_one_index_delays_nobody_and_crowds_nobody_out() {
    let street = Street::new();
    // As many rows as fit into what is read of an answer: each another name.
    let row = |number: u32| {
        let hash = hash(number);
        format!(r#"{{"infoHash":"{hash}","title":"A.Film.2008.720p.WEB-DL.x264-{number}"}}"#)
    };
    let flood: Vec<String> = (1_000..71_000).map(row).collect();
    let flood = format!(r#"{{"streams":[{}]}}"#, flood.join(","));
    street.addon.on(&addon_path(FILM), Reply::json(flood));
    street.lists.on("/dmm/filtered", Reply::json(street::rows(1..40)));
    let server = street.serve();
    let path = format!("/api/find/{FILM}");
    let start = Instant::now();
    let answer = server.owner("GET", &path).with("Accept", "text/event-stream").send();
    let took = start.elapsed();
    let events = street::events(&answer);
    let (_, whole) = events.iter().rfind(|(name, _)| name == "candidates").unwrap();
    assert_eq!(line(whole, "torrentio")["state"], "ok");
    let (torrents, unique) = (&line(whole, "torrentio")["torrents"], whole["unique"].as_u64());
    assert!(torrents.as_u64().unwrap() <= 4_000, "{torrents}");
    assert!(unique.unwrap() <= 6_000, "{unique:?}");
    for number in 1..40 {
        assert!(hashes(whole).contains(&hash(number)), "{number} was crowded out");
    }
    assert!(took < SIX_SECONDS, "{took:?}");

    // The same as one answer, whose candidates are written a portion at a time.
    let again = find(&server, FILM);
    assert_eq!(again["candidates"].as_array().unwrap().len() as u64, unique.unwrap());
    assert_eq!(again["candidates"], whole["candidates"]);
}

#[test]
fn a_short_429_is_waited_for_in_line() {
    let street = Street::new();
    let soon = Reply::status(429).header("Retry-After", "1");
    street.addon.script(&addon_path(FILM), [soon, Reply::json(streams([2]))]);
    let server = street.serve();
    let found = find(&server, FILM);
    assert_eq!(line(&found, "torrentio")["state"], "ok", "{found}");
    assert_eq!(street.addon_asked(), 2);
}

#[test]
fn a_failure_rests_for_seconds_and_a_network_that_was_down_is_tried_at_once() {
    within_the_rest(|| {
        let street = Street::new();
        street.addon.on(&addon_path(FILM), Reply::status(500));
        let server = street.serve();
        let first = find(&server, FILM);
        let since = Instant::now();
        let other = find(&server, OTHER);
        let took = since.elapsed();
        (took, move || {
            assert_eq!(line(&first, "torrentio")["state"], "failed", "{first}");
            assert_eq!(line(&other, "torrentio")["state"], "failed", "{other}");
            assert_eq!(street.addon_asked(), 1);
        })
    });

    // All of them fail: then it is our own network, and somebody waits.
    within_the_rest(|| {
        let street = Street::new();
        let answers = [Reply::status(500), Reply::json(streams([2]))];
        street.addon.script(&addon_path(FILM), answers);
        street.lists.on("/dmm/filtered", Reply::status(500));
        street.crowd.on("/v0/torrents", Reply::status(500));
        let server = street.serve();
        let since = Instant::now();
        let first = find(&server, FILM);
        // Who asks in the moment in which an answer is being put away has the same one.
        let next = until("a search of its own", Duration::from_secs(60), || {
            let next = find(&server, FILM);
            (street.addon_asked() > 1).then_some(next)
        });
        let took = since.elapsed();
        (took, move || {
            let health = first["health"].as_str().unwrap();
            assert!(health.ends_with("; 0 of 3 answered"), "{first}");
            assert_eq!(hashes(&next), [hash(2)], "{next}");
        })
    });
}

/// Judges what was seen while an index rested after a failure, which is ten seconds. On a machine that
/// stood still for longer it is looked at anew.
fn within_the_rest<J: FnOnce()>(look: impl Fn() -> (Duration, J)) {
    for _ in 0..5 {
        let (took, judge) = look();
        if took < Duration::from_secs(5) {
            return judge();
        }
        println!("looked for {took:?}; the rest may be over");
    }
    panic!("no look was short enough");
}
