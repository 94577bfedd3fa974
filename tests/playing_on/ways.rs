//! Which way a film's bytes come, and by which they do not.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{FILM_BYTES, NAME, Town, Viewer};
use crate::library::media_id;
use crate::support::until;
use crate::support::upstream::{Reply, Upstream};
use crate::support::warehouse::Mood;
use crate::support::world::ID;

fn path_of(play: &serde_json::Value) -> String {
    let url = play["url"].as_str().unwrap();
    url[url.find("/v/").unwrap()..].to_owned()
}

fn has_a_mirror(town: &Town) {
    let source = json!({"name": "Friend", "url": town.warehouse.url("/{infoHash}/{fileName}")});
    let added = town.server.owner("POST", "/api/sources").json(&source).send();
    assert_eq!(added.status, 201, "{}", added.text());
}

#[test]
fn what_the_store_refuses_for_legal_reasons_comes_from_peers_only_by_hand() {
    let town = Town::new(true, true);
    let Some(_peer) = town.peer() else { return };
    let legal = json!({"error": {"code": "UNAVAILABLE_FOR_LEGAL_REASONS", "message": "infringing_file", "status_code": 451}});
    town.store.on("/v0/store/magnets", Reply::json(legal.to_string()).with_status(451));
    let pressed = || town.server.owner("POST", &format!("/api/play/{ID}")).send();
    let answer = until("an index to answer", Duration::from_secs(60), || {
        Some(pressed()).filter(|answer| answer.json()["error"]["code"] != json!("no_index"))
    });
    let passed = &answer.json()["error"]["detail"]["passed_over"];
    assert_eq!((answer.status, &passed[0]["why"]), (502, &json!("refused_451")), "{passed}");
    // A second time it is known, and stands at the end of the list: not played either.
    assert_eq!(pressed().status, 502);
    let by_hand = format!("/api/play/{ID}?info_hash={}", town.torrent.info_hash);
    let play = town.server.owner("POST", &by_hand).send();
    assert_eq!((play.status, &play.json()["via"]), (200, &json!("swarm")), "{}", play.text());
}

#[test]
fn an_owners_mirror_plays_where_peers_may_not_be_asked() {
    let town = Town::with(false, false, "");
    town.is_described();
    until("nobody to ask", Duration::from_secs(60), || {
        let none = town.server.owner("POST", &format!("/api/play/{ID}")).send();
        (none.json()["error"]["code"] == "no_way").then_some(())
    });
    has_a_mirror(&town);
    // By its hash alone, of which nothing is known yet.
    let body = json!({"magnetUri": format!("magnet:?xt=urn:btih:{}", town.torrent.info_hash)});
    let added = town.server.owner("POST", "/api/torrents").json(&body).send();
    assert_eq!(added.status, 202, "{}", added.text());
    let info = format!("/api/torrents/{}/info", town.torrent.info_hash);
    until("the description from a cache", Duration::from_secs(60), || {
        (town.server.owner("GET", &info).send().json()["state"] == "ready").then_some(())
    });
    let by_hash = format!("/api/stream/{}?file=0", town.torrent.info_hash);
    let ranged = town.server.owner("GET", &by_hash).with("Range", "bytes=5-9").send();
    assert!(ranged.body == town.torrent.files[0].1[5..10], "{}", ranged.text());
    // As apps list it.
    let key = json!({"name": "telly"});
    let key = town.server.owner("POST", "/api/stremio/keys").json(&key).send().json();
    let manifest = key["manifest"].as_str().or(key["url"].as_str()).unwrap_or_default();
    let base = &manifest[manifest.find("/stremio/").expect("a manifest's address")..];
    let list = base.replace("manifest.json", &format!("stream/movie/{ID}.json"));
    let rows = town.server.get(&list).json();
    let url = rows["streams"][0]["url"].as_str().unwrap_or_default();
    assert!(url.contains("/v/"), "{rows}");

    let play = town.server.play(ID);
    assert_eq!(play["via"], "mirror", "{play}");
    let viewer = Viewer::watch(play["url"].as_str().unwrap());
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn an_owners_mirror_plays_what_the_store_does_not_have() {
    let town = Town::with(true, false, "");
    town.is_described();
    has_a_mirror(&town);
    let queued = json!({"data": {"id": "K1", "hash": town.torrent.info_hash, "name": NAME, "size": FILM_BYTES, "status": "failed", "files": []}});
    town.store.on("/v0/store/magnets", Reply::json(queued.to_string()).with_status(201));
    let play = town.server.play(ID);
    assert_eq!(play["via"], "mirror", "{play}");
}

#[test]
fn a_web_seed_that_only_the_magnet_names_gives_the_bytes() {
    let town = Town::with(false, true, "p2p_timeout_ms = 1000\n");
    town.is_described();
    // Nobody has allowed this private address.
    let private = Upstream::start();
    let mut magnet = town.torrent.magnet(&town.world.tracker);
    magnet.web_seeds = vec![private.url("/film.mkv").to_string(), town.warehouse.url("/film.mkv")];
    let body = json!({"magnetUri": magnet.to_string()});
    let added = town.server.owner("POST", "/api/torrents").json(&body).send();
    assert_eq!(added.status, 202, "{}", added.text());
    let info = format!("/api/torrents/{}/info", town.torrent.info_hash);
    until("the description", Duration::from_secs(60), || {
        let info = town.server.owner("GET", &info).send().json();
        (info["state"] == "ready").then_some(())
    });
    let path = format!("/api/stream/{}?file=0", town.torrent.info_hash);
    let answer = town.server.owner("GET", &path).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.body == town.torrent.files[0].1, "other bytes than the source's");
    assert_eq!(private.connections(), 0, "a private address was asked");
}

#[test]
fn a_way_at_half_the_films_bit_rate_is_left() {
    let town = Town::new(true, true);
    let Some(_peer) = town.peer() else { return };
    let play = town.server.play(ID);
    let id = media_id(&town.server, &path_of(&play));
    // 40 MiB in 400 s are 100 KiB a second.
    let told = json!({"position_s": 0.0, "duration_s": 400.0});
    let told = town.server.owner("PUT", &format!("/api/library/{id}")).json(&told).send();
    assert_eq!(told.status, 200, "{}", told.text());
    let viewer = Viewer::watch(play["url"].as_str().unwrap());
    viewer.has(4);
    town.warehouse.is(Mood::Brings(50 << 10));
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
    assert_eq!(town.log_says("it is slower than the film"), 1, "{}", town.server.log());
}

#[test]
fn where_the_only_way_is_slower_than_the_film_that_is_told() {
    let town = Town::new(true, false);
    let play = town.server.play(ID);
    let id = media_id(&town.server, &path_of(&play));
    let told = json!({"position_s": 0.0, "duration_s": 400.0});
    town.server.owner("PUT", &format!("/api/library/{id}")).json(&told).send();
    let viewer = Viewer::watch(play["url"].as_str().unwrap());
    viewer.has(4);
    town.warehouse.is(Mood::Brings(50 << 10));
    let status = format!("/api/stream/{}/status", town.torrent.info_hash);
    let note =
        || town.server.owner("GET", &status).send().json()["note"].as_str().map(str::to_owned);
    let note = until("the note", Duration::from_secs(90), note);
    assert!(note.contains("the film takes 0.8 Mbit/s"), "{note}");
    assert_eq!(town.log_says("bit rate is above what its way brings"), 1, "{}", town.server.log());
    // It is fast again, and nothing is told any more.
    town.warehouse.is(Mood::Sound);
    viewer.has(20);
    let status = town.server.owner("GET", &status).send().json();
    assert!(status["note"].is_null(), "{status}");
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn how_long_peers_may_be_silent_is_as_the_configuration_says() {
    let town = Town::with(true, true, "p2p_timeout_ms = 3000\n");
    let Some(peer) = town.peer() else { return };
    town.store_is_dead();
    let play = town.server.play(ID);
    assert_eq!(play["via"], "swarm", "{play}");
    let viewer = Viewer::watch(play["url"].as_str().unwrap());
    viewer.has(4);
    // The peer keeps its connection.
    peer.falls_silent(true);
    town.store_is_well();
    let began = Instant::now();
    until("another way", Duration::from_secs(60), || (town.helped() > 0).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(18), "{:?}", began.elapsed());
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn what_the_store_says_after_the_answer_is_known_to_who_plays_from_that_page() {
    let town = Town::new(true, false);
    let cached = json!({"data": {"items": [{"hash": town.torrent.info_hash, "status": "cached", "files": []}]}});
    let (cached, half) = (cached.to_string(), Duration::from_secs(5));
    let late = Reply::json(&cached).drip(cached.len().div_ceil(2), half);
    town.store.on("/v0/store/magnets/check", late);
    let candidate = || {
        let found = town.server.get(&format!("/api/find/{ID}")).json();
        Some(found["candidates"][0].clone()).filter(serde_json::Value::is_object)
    };
    let seen = until("an index to answer", Duration::from_secs(60), candidate);
    assert_eq!(seen["availability"]["realdebrid"], "unknown", "the store is late");
    let by_hash = format!("/api/play/{ID}?info_hash={}", town.torrent.info_hash);
    let play = until("the store's word", Duration::from_secs(60), || {
        let play = town.server.owner("POST", &by_hash).send().json();
        (play["candidate"]["availability"]["realdebrid"] == "cached").then_some(play)
    });
    assert_eq!(play["via"], "debrid", "{play}");
}

#[test]
fn who_waits_in_vain_hears_of_it_after_two_minutes() {
    let town = Town::new(false, true);
    let Some(peer) = town.peer() else { return };
    let viewer = town.viewer();
    viewer.has(4);
    peer.falls_silent(true);
    // The silence itself counts, not only the pauses between two tries.
    let read = viewer.ends();
    let source = &town.torrent.files[0].1;
    assert!(read.len() < source.len() && source.starts_with(&read), "{} bytes", read.len());
    peer.falls_silent(false);
}

/// From now on the store's links lead to its other server.
fn links_lead_to_the_spare(town: &Town) {
    let link = json!({"data": {"link": town.spare.url("/d/film.mkv")}});
    town.store.on("/v0/store/link/generate", Reply::json(link.to_string()));
}

#[test]
fn a_silent_server_of_the_only_store_is_left_for_a_fresh_link() {
    let town = Town::new(true, false);
    let viewer = town.viewer();
    viewer.has(4);
    town.warehouse.is(Mood::Silent);
    links_lead_to_the_spare(&town);
    let began = Instant::now();
    viewer.has(8);
    println!("it went on within {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(45), "{:?}", began.elapsed());
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn a_store_gives_a_fresh_link_before_its_film_goes_on_elsewhere() {
    let town = Town::new(true, true);
    let Some(_peer) = town.peer() else { return };
    let viewer = town.viewer();
    viewer.has(4);
    links_lead_to_the_spare(&town);
    town.warehouse.is(Mood::Silent);
    viewer.has(8);
    // The next one is slower than the film, and the one after that is well.
    town.warehouse.is(Mood::Sound);
    town.store_is_well();
    town.spare.is(Mood::Crawls);
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
    let log = town.server.log();
    assert_eq!(town.log_says("the way by which a film came has failed"), 0, "{log}");
    // Once for each cause; a loaded machine may be silent for a moment besides.
    assert!(town.log_says("a way to a film is opened anew") >= 2, "{log}");
}

#[test]
fn a_store_that_stalls_again_and_again_is_left_where_there_is_another_way() {
    let town = Town::new(true, true);
    let Some(_peer) = town.peer() else { return };
    let viewer = town.viewer();
    viewer.has(4);
    // Whatever link is asked for: a little comes, and then nothing.
    for server in [&town.warehouse, &town.spare] {
        server.is(Mood::Stutters(1 << 20));
    }
    until("the store to be left", Duration::from_secs(90), || {
        (town.log_says("the way by which a film came has failed") > 0).then_some(())
    });
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn of_two_mirrors_with_different_bytes_the_one_that_has_the_torrents_is_read() {
    let town = Town::with(false, true, "p2p_timeout_ms = 3000\n");
    let Some(peer) = town.peer() else { return };
    // The forger is the first in the owner's order, so it would be believed.
    for (name, server) in [("Forger", &town.forger), ("Friend", &town.warehouse)] {
        let source = json!({"name": name, "url": server.url("/{infoHash}/{fileName}")});
        let added = town.server.owner("POST", "/api/sources").json(&source).send();
        assert_eq!(added.status, 201, "{}", added.text());
    }
    let viewer = town.viewer();
    viewer.has(4);
    peer.falls_silent(true);
    let read = viewer.ends();
    assert!(read == town.torrent.files[0].1, "other bytes: {}", read.len());
    assert!(town.log_says("a mirror has the file") > 0, "{}", town.server.log());
    peer.falls_silent(false);
}

#[test]
fn a_mirror_with_other_bytes_of_the_right_length_is_never_joined_on() {
    let town = Town::with(false, true, "p2p_timeout_ms = 3000\n");
    let Some(peer) = town.peer() else { return };
    let source = json!({"name": "Friend", "url": town.forger.url("/{infoHash}/{fileName}")});
    let added = town.server.owner("POST", "/api/sources").json(&source).send();
    assert_eq!(added.status, 201, "{}", added.text());
    let viewer = town.viewer();
    viewer.has(4);
    peer.falls_silent(true);
    until("the look at the mirror", Duration::from_secs(60), || {
        (town.log_says("it has other bytes there than the film that is asked for") > 0)
            .then_some(())
    });
    peer.falls_silent(false);
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn without_a_description_a_mirror_must_have_what_was_played_from_the_store() {
    let town = Town::new(true, false);
    let source = json!({"name": "Friend", "url": town.forger.url("/{infoHash}/{fileName}")});
    let added = town.server.owner("POST", "/api/sources").json(&source).send();
    assert_eq!(added.status, 201, "{}", added.text());
    let viewer = town.viewer();
    viewer.has(4);
    town.store_is_dead();
    until("the look at the mirror", Duration::from_secs(60), || {
        (town.log_says("it has other bytes there than the film") > 0).then_some(())
    });
    town.store_is_well();
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn where_no_peer_is_connected_it_is_told_that_peers_are_looked_for() {
    let town = Town::new(false, true);
    let Some(peer) = town.peer() else { return };
    let play = town.server.play(ID);
    let viewer = Viewer::watch(play["url"].as_str().unwrap());
    viewer.has(4);
    let status = format!("/api/stream/{}/status", town.torrent.info_hash);
    let note =
        || town.server.owner("GET", &status).send().json()["note"].as_str().map(str::to_owned);
    let noticed = || {
        let said = town.server.owner("GET", "/api/status").send().json();
        let notices = said["notices"].as_array().unwrap();
        notices.iter().any(|one| one["code"] == "looking_for_peers")
    };
    assert_eq!((note(), noticed()), (None, false));
    drop(peer);
    let said = until("the note", Duration::from_secs(60), note);
    assert!(said.starts_with("looking for peers: nobody who has it is connected"), "{said}");
    assert!(noticed(), "{}", town.server.owner("GET", "/api/status").send().text());
    let page = town.server.get(&path_of(&play).replacen("/v/", "/play/", 1)).text();
    assert!(page.contains("Looking for peers: nobody who has it"), "{page}");
    // Somebody else seeds, and nothing is told any more.
    let _second = town.peer();
    until("the note to go", Duration::from_secs(90), || {
        (note().is_none() && !noticed()).then_some(())
    });
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}
