//! What a search knows of its title: its names in other languages, and what a map has learnt since.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ANIME;
use super::street::{FILM, Street, addon_path, after, find, hash, hashes, line, rows, streams};
use crate::support::server::Server;
use crate::support::upstream::Reply;
use crate::support::{timely, until};

/// A key of the old form.
const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The street's film under its German name, as an add-on lists it by id, and somebody else's film, which
/// a list of words has.
fn foreign() -> Street {
    let street = Street::new();
    let stream = |number: u32, name: &str| json!({"infoHash": hash(number), "title": name});
    let streams = [
        stream(2, "Die.Laterne.2008.German.1080p.WEB-DL.x264-G"),
        stream(3, "Die.Laterne.2003.German.1080p.WEB-DL.x264-G"),
    ];
    street.addon.on(&addon_path(FILM), Reply::json(json!({"streams": streams}).to_string()));
    let other = json!([{"info_hash": hash(4), "raw_title": "Die.Laterne.2008.German.720p.x264-Z"}]);
    let other = [other.as_array().unwrap().clone(), rows_of_the_film()].concat();
    street.lists.on("/dmm/filtered", Reply::json(json!(other).to_string()));
    street
}

fn rows_of_the_film() -> Vec<Value> {
    serde_json::from_str(&rows([1])).unwrap()
}

fn with_key(street: &Street) -> String {
    let key = format!("[title]\ntmdb_key = \"{KEY}\"\n");
    street.configuration().replacen("[title]\n", &key, 1)
}

fn tmdb(street: &Street) {
    let found = include_str!("../data/tmdb/find_imdb.json");
    street.titles.on(&format!("/3/find/{FILM}"), Reply::json(found));
    street.titles.on("/3/movie/10378", Reply::json(names()));
}

fn names() -> String {
    json!({"id": 10378, "title": "A Film", "translations": {"translations": [
        {"iso_639_1": "de", "data": {"title": "Die Laterne"}},
        {"iso_639_1": "fr", "data": {"title": ""}},
    ]}})
    .to_string()
}

fn asked_tmdb(street: &Street) -> usize {
    street.titles.requests().iter().filter(|seen| seen.path.starts_with("/3/")).count()
}

fn reasons(found: &Value, number: u32) -> Vec<&str> {
    let candidates = found["candidates"].as_array().unwrap();
    let one = candidates.iter().find(|one| one["info_hash"] == hash(number));
    let reasons = one.unwrap_or_else(|| panic!("{number}: {found}"))["reasons"].as_array();
    reasons.unwrap().iter().filter_map(Value::as_str).collect()
}

fn order(found: &Value) -> Vec<String> {
    let candidates = found["candidates"].as_array().unwrap().iter();
    candidates.map(|one| one["info_hash"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn with_a_key_a_film_is_known_by_its_names_in_other_languages() {
    let street = foreign();
    tmdb(&street);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::serve_on(&data, &with_key(&street), None);
    // The names have a moment after the last index has answered; on a busy machine they come later.
    let found = until("the names", Duration::from_secs(30), || {
        let found = find(&server, FILM);
        reasons(&found, 2).contains(&"alias_match").then_some(found)
    });
    assert!(reasons(&found, 4).contains(&"alias_match"), "{found}");
    assert!(reasons(&found, 3).contains(&"year_differs"), "{found}");
    assert_eq!(asked_tmdb(&street), 2, "which film it is, and what it is called");
    // What the answer is made of is what the file is chosen with, and nobody is asked again.
    assert_eq!(server.stop(), 0);
    let server = Server::serve_on(&data, &with_key(&street), None);
    let again = find(&server, FILM);
    assert!(again["found_before_s"].is_u64(), "{again}");
    assert!(reasons(&again, 2).contains(&"alias_match"), "{again}");
    server.owner("GET", &format!("/api/find/{FILM}?anew=true")).send();
    assert_eq!(asked_tmdb(&street), 2, "names are believed for a week");
}

#[test]
fn nobody_waits_for_names_and_what_comes_late_is_in_the_next_look() {
    let street = foreign();
    tmdb(&street);
    street.titles.on("/3/movie/10378", Reply::hang());
    let server = Server::serve(&with_key(&street));
    let start = Instant::now();
    let found = find(&server, FILM);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(reasons(&found, 2).contains(&"title_unknown"), "{found}");

    let body = names();
    let late = after(Reply::json(&body), body.len(), Duration::from_secs(4));
    street.titles.on("/3/movie/10378", late);
    server.owner("GET", &format!("/api/find/{FILM}?anew=true")).send();
    until("the names", Duration::from_secs(15), || {
        reasons(&find(&server, FILM), 2).contains(&"alias_match").then_some(())
    });
}

#[test]
fn a_title_that_says_nothing_is_no_reason_to_refuse_what_was_listed_by_its_id() {
    let street = foreign();
    let server = street.serve();
    let found = find(&server, FILM);
    assert_eq!(asked_tmdb(&street), 0, "there is no key");
    assert!(reasons(&found, 2).contains(&"title_unknown"), "{found}");
    assert!(!reasons(&found, 2).contains(&"title_differs"), "{found}");
    // Of another year, or listed for its words: another film.
    assert!(reasons(&found, 3).contains(&"title_differs"), "{found}");
    assert!(reasons(&found, 4).contains(&"title_differs"), "{found}");
    assert_eq!(order(&found)[..2], [hash(1), hash(2)], "behind what is called so");
}

#[test]
fn a_map_that_comes_after_the_first_search_is_heeded_by_the_next() {
    let street = Street::new();
    let base = street.titles.url("/");
    let maps = format!(
        "[title]\nanime_map_url = \"{base}list.json\"\nkitsu_map_url = \"{base}mapping.json\"\n"
    );
    let configuration = street.configuration().replacen("[title]\n", &maps, 1);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = || Server::serve_on(&data, &configuration, None);
    let by_anidb = || {
        let requests = street.crowd.requests();
        requests.iter().filter(|seen| seen.query == "sid=anidb%3A990500").count()
    };
    let server = serve();
    find(&server, FILM);
    assert_eq!(by_anidb(), 0, "nobody knows that it is an anime");
    assert_eq!(server.stop(), 0);

    let list =
        format!(r#"[{{"anidb_id":990500,"kitsu_id":990501,"imdb_id":"{FILM}","type":"MOVIE"}}]"#);
    street.titles.on("/list.json", Reply::ok(list));
    let server = serve();
    until("the search by the map's number", Duration::from_secs(20), || {
        server.owner("GET", &format!("/api/find/{FILM}?anew=true")).send();
        (by_anidb() > 0).then_some(())
    });
}

#[test]
fn a_catalogue_that_hangs_costs_the_search_neither_its_end_nor_the_rows_that_need_no_title() {
    let episode = "tt9900001:1:2";
    let series = format!("/stream/series/{episode}.json");
    let anime = format!("/stream/series/{ANIME}.json");
    for (id, listed, hangs) in [
        (FILM, addon_path(FILM).as_str(), format!("/meta/movie/{FILM}.json")),
        (episode, series.as_str(), "/meta/series/tt9900001.json".to_owned()),
        (ANIME, anime.as_str(), "/meta/anime/kitsu:990001.json".to_owned()),
    ] {
        let (found, street) = timely(6_000, || {
            let street = Street::new();
            // It accepts, and never says anything.
            street.titles.on(&hangs, Reply::hang());
            street.addon.on(listed, Reply::json(streams([2])));
            let server = street.serve();
            (find(&server, id), street)
        });
        println!("{id}: {} ms, {}", found["elapsed_ms"], found["health"]);
        assert!(street.titles.requests().iter().any(|seen| seen.path == hangs), "{id}: not asked");
        assert_eq!(line(&found, "torrentio")["state"], "ok", "{id}: {found}");
        assert!(hashes(&found).contains(&hash(2)), "{id}: {found}");
    }
}
