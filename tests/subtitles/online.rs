//! OpenSubtitles: asked by id, hash and language, three requests at one time, left alone when it says
//! so, and not at all where the household does not want it.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{LIMIT, fetched, listed, media_id};
use crate::programs::House;
use crate::support::until;
use crate::support::upstream::{Reply, Upstream};

/// The household with another service of subtitles.
fn house_with(service: &Upstream) -> House {
    let address: SocketAddr = service.addr();
    let url = service.url("/");
    House::of(move |text| {
        let mut table: toml::Table = text.parse().unwrap();
        let allowed = table["network"]["allow_private"].as_array_mut().unwrap();
        allowed.push(address.to_string().into());
        table["title"]["opensubtitles_url"] = url.to_string().into();
        table.to_string()
    })
}

fn prefer(house: &House, preferences: &Value) {
    house.ask(200, "PUT", "/api/settings", Some(&json!({"preferences": preferences})));
}

#[test]
fn opensubtitles_is_asked_by_hash_and_an_old_encoding_is_read() {
    let house = House::new();
    prefer(&house, &json!({"subtitles": ["de", "en"]}));
    let play = house.server.play("tt9900101");
    let id = media_id(&play);
    // The list does not wait long for the film's hash; a look soon after has what is found by it.
    let is_online = |row: &&Value| row["source"] == "open_subtitles";
    let rows = until("subtitles by the film's hash", LIMIT, || {
        let rows = listed(&house, &id, 2);
        rows.iter().filter(is_online).any(|row| row["fits"] == true).then_some(rows)
    });
    let online: Vec<&Value> = rows.iter().filter(is_online).collect();
    let told: Vec<(&Value, &Value, &Value)> =
        online.iter().map(|row| (&row["language"], &row["label"], &row["fits"])).collect();
    assert_eq!(
        told,
        [
            (&json!("ger"), &json!("German, OpenSubtitles"), &json!(false)),
            (&json!("eng"), &json!("English, OpenSubtitles"), &json!(true)),
        ],
        "the wanted language first; the English ones are made for this very file: {rows:?}"
    );
    let german = fetched(&house, &online[0]["vtt"]).text();
    assert!(german.contains("Dies ist eine Vorführung.\nKein Bild"), "{german}");
    let english = fetched(&house, &online[1]["srt"]).text();
    assert!(english.contains("The lamp has turned"), "{english}");
    // A title of which nothing is chosen yet.
    let rows = listed(&house, "ask:tt9900102:1:3", 1);
    let text = fetched(&house, &rows[0]["srt"]).text();
    assert!(text.contains("episode 3"), "{text}");
    // Languages that are not wanted are not told.
    prefer(&house, &json!({"subtitles": ["fr"]}));
    let answer = house.ask(200, "GET", &format!("/api/subtitles/{id}"), None);
    let rows = answer["subtitles"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["source"] == "torrent"), "{rows:?}");
}

fn rows_of(service: &Upstream, count: u32) -> Reply {
    let url = |n: u32| service.url(&format!("/file/{n}")).to_string();
    let rows: Vec<Value> =
        (0..count).map(|n| json!({"id": n.to_string(), "url": url(n), "lang": "eng"})).collect();
    Reply::json(json!({"subtitles": rows}).to_string())
}

/// What was asked of the service, but for lists.
fn files_asked(service: &Upstream) -> usize {
    service.requests().iter().filter(|one| one.path.starts_with("/file/")).count()
}

#[test]
fn at_most_three_requests_run_at_one_time() {
    let service = Upstream::start();
    service.on("/subtitles/movie/tt9900101.json", rows_of(&service, 6));
    for n in 0..6 {
        service.on(&format!("/file/{n}"), Reply::hang());
    }
    let house = house_with(&service);
    let rows = listed(&house, "ask:tt9900101", 6);
    for row in &rows {
        let ask = house.server.ask("GET", row["srt"].as_str().unwrap());
        // Its answer is the server's end.
        thread::spawn(move || ask.try_send());
    }
    until("three requests", LIMIT, || (files_asked(&service) == 3).then_some(()));
    // That something does not happen can only be waited for.
    thread::park_timeout(Duration::from_millis(700));
    assert_eq!(files_asked(&service), 3, "the others wait");
}

#[test]
fn after_too_many_requests_it_is_left_alone_for_as_long_as_it_says() {
    let service = Upstream::start();
    service.on("/subtitles/movie/tt9900101.json", rows_of(&service, 2));
    service.on("/file/0", Reply::status(429).header("Retry-After", "120"));
    service.on("/file/1", Reply::ok("1\n00:00:01,000 --> 00:00:02,000\nHello\n"));
    let house = house_with(&service);
    let rows = listed(&house, "ask:tt9900101", 2);
    let refused = house.server.get(rows[0]["srt"].as_str().unwrap());
    assert_eq!(refused.status, 502, "{}", refused.text());
    let next = house.server.get(rows[1]["srt"].as_str().unwrap());
    assert_eq!(next.status, 502, "{}", next.text());
    let sentence = next.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(sentence.contains("asked again in 1"), "{sentence}");
    assert_eq!(files_asked(&service), 1, "{:?}", service.requests());
    // The list is known: it is told all the same.
    assert_eq!(listed(&house, "ask:tt9900101", 2), rows);
}

#[test]
fn what_it_sends_is_read_or_refused_in_words() {
    let service = Upstream::start();
    service.on("/subtitles/movie/tt9900101.json", rows_of(&service, 4));
    service.on("/file/0", Reply::html("<html><script>alert(1)</script></html>"));
    service.on("/file/1", Reply::ok([0_u8; 5000]));
    service.on("/file/2", Reply::status(404));
    service.on(
        "/file/3",
        Reply::ok("1\n00:00:01,000 --> 00:00:02,000\n<script>alert(1)</script>Hi\n"),
    );
    let house = house_with(&service);
    let rows = listed(&house, "ask:tt9900101", 4);
    for row in &rows[..3] {
        let answer = house.server.get(row["srt"].as_str().unwrap());
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert!(!answer.text().contains("script"), "{}", answer.text());
    }
    let vtt = fetched(&house, &rows[3]["vtt"]).text();
    assert_eq!(vtt, "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nalert(1)Hi\n\n");
}

#[test]
fn who_does_not_want_it_tells_it_nothing() {
    let service = Upstream::start();
    let house = house_with(&service);
    prefer(&house, &json!({"opensubtitles": false}));
    let play = house.server.play("tt9900101");
    let id = media_id(&play);
    let page = play["url"].as_str().unwrap().replace("/v/", "/play/");
    let page = crate::support::http::get(&page).send();
    assert_eq!(page.status, 200, "{}", page.text());
    for id in [id.as_str(), "ask:tt9900101"] {
        house.ask(200, "GET", &format!("/api/subtitles/{id}"), None);
    }
    assert!(service.requests().is_empty(), "{:?}", service.requests());
}
