//! What is to be kept while it is watched, removed or wished for no more.

use std::time::Duration;

use serde_json::{Value, json};

use super::{NAME, Town};
use crate::library::{files, media_id};
use crate::support::http::Answer;
use crate::support::seeder::Torrent;
use crate::support::until;
use crate::support::warehouse::Mood;
use crate::support::world::ID;

const LIMIT: Duration = Duration::from_secs(60);
const NOTED: &str = "so much of a copy is on the disk";
const LEFT_OFF: &str = "a copy is left off: it is wanted no more";

/// The film of this town, chosen: its row in the library.
fn chosen(town: &Town) -> String {
    let play = town.server.play(ID);
    let url = play["url"].as_str().unwrap();
    format!("/api/library/{}", media_id(&town.server, &url[url.find("/v/").unwrap()..]))
}

fn change(town: &Town, row: &str, change: &Value) -> Answer {
    let answer = town.server.owner("PUT", row).json(change).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// A copy of which 4 MiB are here, and which now comes very slowly.
fn in_mid_copy(town: &Town) -> String {
    let row = chosen(town);
    change(town, &row, &json!({"keep": true}));
    until("4 MiB", LIMIT, || {
        let have = town.server.owner("GET", &row).send().json()["bytes_have"].as_u64();
        have.filter(|have| *have >= 4 << 20)
    });
    town.warehouse.is(Mood::Brings(64 << 10));
    row
}

#[test]
fn a_film_that_is_being_watched_keeps_all_that_is_known_of_it() {
    let town = Town::new(true, false);
    let row = chosen(&town);
    change(&town, &row, &json!({"keep": true}));
    change(&town, &row, &json!({"position_s": 42.0, "duration_s": 400.0}));
    let viewer = town.viewer();
    viewer.has(2);
    town.warehouse.is(Mood::Brings(64 << 10));
    let refused = town.server.owner("DELETE", &row).send();
    assert_eq!(refused.status, 409, "{}", refused.text());
    let told = town.server.owner("GET", &row).send().json();
    assert_eq!((&told["kept"], &told["position_s"]), (&json!(true), &json!(42.0)), "{told}");
    town.warehouse.is(Mood::Sound);
    assert!(viewer.ends() == town.torrent.files[0].1, "other bytes than the source's");
}

#[test]
fn a_copy_that_is_removed_is_fetched_no_further() {
    let town = Town::new(true, false);
    let row = in_mid_copy(&town);
    let removed = town.server.owner("DELETE", &row).send();
    assert_eq!(removed.status, 200, "{}", removed.text());
    let noted = town.log_says(NOTED);
    until("the end of the copying", LIMIT, || (town.log_says(LEFT_OFF) > 0).then_some(()));
    assert_eq!(town.log_says(NOTED), noted, "what is gone was noted: {}", town.server.log());
    assert!(files(&town.server.data.join("library")).is_empty());
    // Wished for again, it begins with nothing.
    let again = change(&town, &row, &json!({"keep": true})).json();
    assert!(again["bytes_have"].as_u64().unwrap_or(0) < 4 << 20, "{again}");
    town.warehouse.is(Mood::Sound);
    until("the whole copy", LIMIT, || {
        (town.server.owner("GET", &row).send().json()["whole"] == json!(true)).then_some(())
    });
    let lies = files(&town.server.data.join("library"));
    assert!(lies.len() == 1 && std::fs::read(&lies[0]).unwrap() == town.torrent.files[0].1);
}

#[test]
fn a_copy_that_is_wanted_no_more_is_fetched_no_further() {
    let town = Town::new(true, false);
    let row = in_mid_copy(&town);
    change(&town, &row, &json!({"keep": false}));
    until("the end of the copying", LIMIT, || (town.log_says(LEFT_OFF) > 0).then_some(()));
    let told = town.server.owner("GET", &row).send().json();
    assert_eq!((&told["kept"], &told["whole"]), (&json!(false), &json!(false)), "{told}");
}

#[test]
fn where_no_peer_sends_a_film_that_is_to_be_kept_that_is_told() {
    let town = Town::new(false, true);
    // Its description is known; nobody seeds it.
    let ask = town.server.owner("POST", "/api/torrents");
    let added = ask.bytes("application/x-bittorrent", &town.torrent.bytes).send();
    assert_eq!(added.status, 202, "{}", added.text());
    let head = format!("/api/stream/{}?file=0", town.torrent.info_hash);
    let head = town.server.owner("HEAD", &head).send();
    assert_eq!(head.status, 200, "{NAME}");
    let id = id_of(head.header("etag").unwrap());
    let row = format!("/api/library/{id}");
    change(&town, &row, &json!({"keep": true}));
    let trouble = until("the trouble", Duration::from_secs(120), || {
        town.server.owner("GET", &row).send().json()["trouble"].as_str().map(str::to_owned)
    });
    assert!(trouble.contains("not here whole yet"), "{trouble}");
}

/// The media id of the bytes with this entity tag.
fn id_of(tag: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(tag.trim_matches('"'));
    data_encoding::HEXLOWER.encode(&digest[..10])
}

#[test]
fn the_room_that_a_copy_has_still_to_take_is_given_to_nobody_else() {
    let town = Town::with(true, true, "[library]\nmax_bytes = 52428800\n");
    in_mid_copy(&town);
    // 36 MiB of the copy are on their way, so that of 50 MiB there are 10.
    let other = Torrent::single("Another.Film.2008.1080p.WEB-DL.mkv", 20 << 20, 256 << 10);
    let ask = town.server.owner("POST", "/api/torrents");
    let added = ask.bytes("application/x-bittorrent", &other.bytes).send();
    assert_eq!(added.status, 202, "{}", added.text());
    let film = format!("/api/stream/{}?file=0", other.info_hash);
    let refused = town.server.owner("GET", &film).with("Range", "bytes=0-9").send();
    assert!(refused.text().contains("library.max_bytes"), "{}", refused.text());
}
