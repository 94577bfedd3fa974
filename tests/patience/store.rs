//! The store's check: in chunks, from the first rows on, and never what a search waits for in vain.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::street::{FILM, OTHER, Street, addon_path, after, find, hash, streams};
use crate::support::aged::age;
use crate::support::server::Server;
use crate::support::until;
use crate::support::upstream::Reply;

const CHECK: &str = "/v0/store/magnets/check";

/// An answer by which these are cached.
fn cached(numbers: impl IntoIterator<Item = u32>) -> Reply {
    let item = |number| json!({"hash": hash(number), "status": "cached", "files": []});
    let items: Vec<Value> = numbers.into_iter().map(item).collect();
    Reply::json(json!({"data": {"items": items}}).to_string())
}

fn count(found: &Value, state: &str) -> usize {
    let candidates = found["candidates"].as_array().unwrap().iter();
    candidates.filter(|one| one["availability"]["realdebrid"] == state).count()
}

#[test]
fn a_chunk_that_fails_loses_itself_alone_and_what_is_absent_is_unknown() {
    let street = Street::new();
    street.addon.on(&addon_path(FILM), Reply::json(streams(100..350)));
    let server = street.serve();
    street.with_store(&server);
    let all = || cached((0..400).filter(|number| number % 2 == 0));
    street.crowd.script(CHECK, [all(), Reply::status(500), all()]);
    let found = find(&server, FILM);
    assert_eq!(found["unique"], 251, "{found}");
    let (yes, unknown) = (count(&found, "cached"), count(&found, "unknown"));
    assert_eq!(yes + unknown, 251, "nothing is 'not cached' for being absent");
    assert!((70..=125).contains(&yes), "a chunk's half is missing, no more: {yes}");
    let words = found["store"]["message"].as_str().unwrap();
    assert!(words.contains("the rest counts as unknown"), "{words}");
    assert_eq!(found["store"]["state"], "ok");
    let mut asked = Vec::new();
    for check in street.checks() {
        let query = check.query.replace("%2C", ",");
        let magnets = query.split('&').find_map(|pair| pair.strip_prefix("magnet=")).unwrap();
        let hashes: Vec<String> = magnets.split(',').map(str::to_owned).collect();
        assert!(hashes.len() <= 100, "{}", hashes.len());
        asked.extend(hashes);
    }
    let calls = street.checks().len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 251, "each once");
    assert!(calls <= 5, "{calls} calls for 251");
}

#[test]
fn a_store_that_hangs_leaves_unknown_and_the_search_ends_in_time() {
    let street = Street::new();
    let server = street.serve();
    street.with_store(&server);
    street.crowd.on(CHECK, Reply::hang());
    let start = Instant::now();
    let found = find(&server, FILM);
    assert!(start.elapsed() < super::SIX_SECONDS, "{:?}", start.elapsed());
    assert_eq!((count(&found, "unknown"), found["unique"].as_u64()), (2, Some(2)), "{found}");
    let words = found["store"]["message"].as_str().unwrap();
    assert!(words.contains("has not yet said of 2 torrents"), "{words}");
}

#[test]
fn the_store_is_asked_for_the_first_rows_before_the_last_have_come() {
    let street = Street::new();
    let body = streams([2]);
    street
        .addon
        .on(&addon_path(OTHER), after(Reply::json(&body), body.len(), Duration::from_secs(4)));
    let server = street.serve();
    street.with_store(&server);
    street.crowd.on(CHECK, cached([1, 2]));
    let start = Instant::now();
    let first = std::thread::scope(|scope| {
        let search = scope.spawn(|| find(&server, OTHER));
        let first = crate::support::until("the first check", Duration::from_secs(5), || {
            (!street.checks().is_empty()).then(|| start.elapsed())
        });
        assert_eq!(count(&search.join().unwrap(), "cached"), 2);
        first
    });
    assert!(first < Duration::from_millis(3_500), "{first:?}");
    // What the store has said is known for an hour: a repeated search asks nobody.
    let asked = street.checks().len();
    assert_eq!(count(&find(&server, OTHER), "cached"), 2);
    assert_eq!(street.checks().len(), asked);
}

#[test]
fn what_the_store_has_no_more_is_not_called_cached_for_the_rest_of_the_day() {
    let street = Street::new();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = || Server::serve_on(&data, &street.configuration(), None);
    let server = serve();
    street.with_store(&server);
    street.crowd.on(CHECK, cached([1, 2]));
    assert_eq!(count(&find(&server, FILM), "cached"), 2);
    assert_eq!(server.stop(), 0);

    // Two hours later the store is asked again: of one it knows nothing, the other it leaves out.
    age(&data, Duration::from_secs(2 * 3600));
    let unknown = json!({"data": {"items": [{"hash": hash(1), "status": "unknown", "files": []}]}});
    street.crowd.on(CHECK, Reply::json(unknown.to_string()));
    let server = serve();
    let anew = server.owner("GET", &format!("/api/find/{FILM}?anew=true")).send().json();
    assert_eq!((count(&anew, "cached"), count(&anew, "unknown")), (0, 2), "{anew}");
    // Neither the next look nor the next start digs up what it said before.
    let kept = until("the answer to be kept", Duration::from_secs(10), || {
        let found = find(&server, FILM);
        found["found_before_s"].is_u64().then_some(found)
    });
    assert_eq!((count(&kept, "cached"), count(&kept, "unknown")), (0, 2), "{kept}");
    assert_eq!(server.stop(), 0);
    let server = serve();
    let again = find(&server, FILM);
    assert!(again["found_before_s"].is_u64(), "{again}");
    assert_eq!((count(&again, "cached"), count(&again, "unknown")), (0, 2), "{again}");
}
