//! What was found before, what is asked behind it, and who asks for the same at once.

use std::time::{Duration, Instant};

use super::street::{
    FILM, OTHER, Street, addon_path, after, find, hash, hashes, line, rows, streams,
};
use crate::support::aged::age;
use crate::support::server::{Server, credenza, run};
use crate::support::upstream::Reply;
use crate::support::{timely, until};

#[test]
fn a_repeated_search_comes_from_the_cache_and_is_refreshed_behind_once_it_is_old() {
    let street = Street::new();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = || Server::serve_on(&data, &street.configuration(), None);
    let server = serve();
    let first = find(&server, FILM);
    assert_eq!(hashes(&first), [hash(1), hash(2)]);
    assert!(first["found_before_s"].is_null() && first["partial"] == false, "{first}");
    until("it to be kept", Duration::from_secs(30), || {
        find(&server, FILM)["found_before_s"].is_u64().then_some(())
    });
    // By the server's own word: the client of a test waits for its turn, too.
    timely(499, || (find(&server, FILM), ()));
    for _ in 0..3 {
        let again = find(&server, FILM);
        assert!(again["found_before_s"].as_u64().is_some_and(|age| age < 60), "{again}");
        println!("from the cache in {} ms", again["elapsed_ms"]);
        assert_eq!(hashes(&again), hashes(&first));
        assert_eq!(again["torrents_found"], first["torrents_found"]);
        assert_eq!(line(&again, "torrentio")["torrents"], 1);
    }
    assert_eq!(street.addon_asked(), 1, "what is young is shown as it is");
    assert_eq!(server.stop(), 0);

    // An hour later, and with something new to find.
    age(&data, Duration::from_secs(3600));
    let body = streams([2, 3]);
    street
        .addon
        .on(&addon_path(FILM), after(Reply::json(&body), body.len(), Duration::from_secs(4)));
    let server = serve();
    let start = Instant::now();
    for _ in 0..3 {
        let old = find(&server, FILM);
        assert!(old["found_before_s"].as_u64() >= Some(3600), "{old}");
        assert_eq!(hashes(&old), hashes(&first));
    }
    assert!(start.elapsed() < Duration::from_millis(3_500), "nobody waits: {:?}", start.elapsed());
    let fresh = until("the refreshed answer", Duration::from_secs(30), || {
        let found = find(&server, FILM);
        (found["unique"] == 3).then_some(found)
    });
    assert!(fresh["found_before_s"].as_u64() < Some(60), "{fresh}");
    assert_eq!(street.addon_asked(), 2, "once behind, however many looked");
    assert_eq!(server.stop(), 0);

    // Two days later it is waited for.
    age(&data, Duration::from_secs(48 * 3600));
    let server = serve();
    let found = find(&server, FILM);
    assert!(found["found_before_s"].is_null(), "{found}");
    assert_eq!(street.addon_asked(), 3);
    let anew = server.owner("GET", &format!("/api/find/{FILM}?anew=true")).send().json();
    assert!(anew["found_before_s"].is_null(), "{anew}");
    assert_eq!(street.addon_asked(), 4);
}

#[test]
fn a_process_that_ends_with_its_answer_asks_before_it_and_not_behind() {
    let street = Street::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.toml");
    std::fs::write(&file, street.configuration()).unwrap();
    let find = || {
        let done =
            run(credenza(folder.path()).args(["find", FILM, "--json", "--config"]).arg(&file));
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap()
    };
    find();
    assert!(find()["found_before_s"].is_u64(), "young enough");
    assert_eq!(street.addon_asked(), 1);
    age(folder.path(), Duration::from_secs(3600));
    assert!(find()["found_before_s"].is_null());
    assert_eq!(street.addon_asked(), 2);
}

#[test]
fn what_an_index_listed_before_it_refused_us_is_not_lost() {
    let street = Street::new();
    let wall = Reply::html("Sorry, you have been blocked").with_status(403);
    street.addon.script(&addon_path(FILM), [Reply::json(streams([2])), wall]);
    let server = street.serve();
    assert_eq!(hashes(&find(&server, FILM)), [hash(1), hash(2)]);
    until("it to be kept", Duration::from_secs(30), || {
        find(&server, FILM)["found_before_s"].is_u64().then_some(())
    });
    street.lists.on("/dmm/filtered", Reply::json(rows([4])));
    let anew = server.owner("GET", &format!("/api/find/{FILM}?anew=true")).send().json();
    assert_eq!(line(&anew, "torrentio")["state"], "blocked");
    assert_eq!(hashes(&anew), [hash(2), hash(4)], "what it listed stays, what others dropped goes");
}

#[test]
fn an_index_that_had_torrents_and_has_none_now_is_believed_the_second_time() {
    let street = Street::new();
    let server = street.serve();
    assert_eq!(hashes(&find(&server, FILM)), [hash(1), hash(2)]);
    until("it to be kept", Duration::from_secs(10), || {
        find(&server, FILM)["found_before_s"].is_u64().then_some(())
    });
    // As it answers where something broke within.
    street.lists.on("/dmm/filtered", Reply::json("[]"));
    let anew = || server.owner("GET", &format!("/api/find/{FILM}?anew=true")).send().json();
    let first = anew();
    assert_eq!(line(&first, "zilean")["state"], "empty", "{first}");
    assert_eq!(hashes(&first), [hash(1), hash(2)], "{first}");
    until("that to be kept", Duration::from_secs(10), || {
        // What is only just being answered says so, too, but is not what the next search looks back at.
        let kept = find(&server, FILM);
        (kept["found_before_s"].is_u64() && line(&kept, "zilean")["state"] == "empty").then_some(())
    });
    assert_eq!(hashes(&anew()), [hash(2)], "now it has none");
}

#[test]
fn two_who_ask_for_the_same_at_once_wait_for_one_search() {
    let street = Street::new();
    let body = streams([2]);
    street
        .addon
        .on(&addon_path(FILM), after(Reply::json(&body), body.len(), Duration::from_secs(1)));
    let server = street.serve();
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..5).map(|_| scope.spawn(|| find(&server, FILM))).collect();
        for found in asked {
            let found = found.join().unwrap();
            assert_eq!(hashes(&found), [hash(1), hash(2)]);
        }
    });
    assert_eq!(street.addon_asked(), 1);
    assert_eq!(street.lists.requests().len(), 1);
    find(&server, OTHER);
    assert_eq!(street.addon_asked(), 2, "another title is another search");
}

/// The crowd's row of a torrent: two files, one of which somebody has checked.
fn verified_row(number: u32) -> String {
    serde_json::json!({"data": {"items": [{
        "hash": hash(number), "name": "A Film 2008 1080p WEB-DL x264-CROWD", "size": 3_000_000_000_u64,
        "files": [
            {"n": "A.Film.2008.1080p.WEB-DL.x264-CROWD.mkv", "i": 1, "s": 2_900_000_000_u64, "sid": FILM},
            {"n": "A.Film.2008.Trailer.mkv", "i": 0, "s": 100_000_000},
        ],
    }]}})
    .to_string()
}

#[test]
fn a_refresh_keeps_what_a_silent_index_knew_of_a_torrent_that_another_lists_again() {
    let street = Street::new();
    street.crowd.on("/v0/torrents", Reply::json(verified_row(2)));
    let server = street.serve();
    let known = |found: &serde_json::Value| {
        let candidates = found["candidates"].as_array().unwrap();
        let both = candidates.iter().find(|one| one["info_hash"] == hash(2)).unwrap();
        let reasons = both["reasons"].as_array().unwrap();
        assert!(reasons.iter().any(|one| one == "verified_episode"), "{both}");
        assert_eq!(both["found_by"], serde_json::json!(["stremthru", "torrentio"]), "{both}");
        assert_eq!(both["file_index"], 1, "{both}");
    };
    known(&find(&server, FILM));
    until("it to be kept", Duration::from_secs(10), || {
        find(&server, FILM)["found_before_s"].is_u64().then_some(())
    });
    // The crowd is in maintenance, and the add-on lists the torrent once more, with other seeders.
    street.crowd.on("/v0/torrents", Reply::status(503));
    let again = streams([2]).replace("\u{1F464} 5", "\u{1F464} 3");
    street.addon.on(&addon_path(FILM), Reply::json(again));
    let anew = server.owner("GET", &format!("/api/find/{FILM}?anew=true")).send().json();
    assert_eq!(line(&anew, "stremthru")["state"], "failed", "{anew}");
    known(&anew);
    let seeders = |found: &serde_json::Value| {
        let candidates = found["candidates"].as_array().unwrap();
        candidates.iter().find(|one| one["info_hash"] == hash(2)).unwrap()["seeders"].clone()
    };
    assert_eq!(seeders(&anew), 3, "what is said now counts");
    // It is kept so, too.
    until("the refreshed answer", Duration::from_secs(10), || {
        let kept = find(&server, FILM);
        (kept["found_before_s"].is_u64() && seeders(&kept) == 3).then(|| known(&kept))
    });
}
