//! How far a torrent is, and what may be told it: seek, rest, stop.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FILM, House, PACK};
use crate::support::until;

fn status(house: &House, hash: &str, file: usize) -> Value {
    house.ask(200, "GET", &format!("/api/stream/{hash}/status?file={file}"), None)
}

/// The bytes that are here, by what the status says.
fn buffered(status: &Value) -> u64 {
    let parts = status["buffered"].as_array().unwrap();
    let mut last = 0;
    let lengths = parts.iter().map(|part| {
        let (from, to) = (part[0].as_u64().unwrap(), part[1].as_u64().unwrap());
        assert!(from < to && (from > last || from == 0), "in order, with gaps between: {status}");
        last = to;
        to - from
    });
    lengths.sum()
}

#[test]
fn the_status_says_what_is_here_and_a_seek_moves_what_comes_next() {
    let house = House::slow(150_000, "");
    let release = house.release(PACK);
    house.added(release);
    let hash = release.info_hash.to_string();
    let (index, file) = release
        .files()
        .filter(|(_, file)| file.is_video())
        .max_by_key(|(_, file)| file.size())
        .unwrap();
    let path = format!("/api/stream/{hash}?file={index}");
    let before = status(&house, &hash, index);
    assert_eq!((&before["state"], &before["readers"]), (&json!("idle"), &json!(0)), "{before}");
    assert_eq!((&before["bytes_have"], &before["via"]), (&json!(0), &Value::Null));
    assert!(house.bytes(&path, "0-0") == file.bytes[..1]);
    let now = until("a first piece", Duration::from_secs(30), || {
        Some(status(&house, &hash, index)).filter(|now| now["bytes_have"].as_u64() > Some(0))
    });
    assert_eq!(now["via"], "swarm", "{now}");
    assert_eq!(now["bytes_total"], json!(file.size()));
    assert_eq!(buffered(&now), now["bytes_have"].as_u64().unwrap(), "{now}");
    // A place in the middle, by byte.
    let middle = file.size() / 2;
    let place = json!({"byte": middle});
    let seek = format!("/api/stream/{hash}/seek?file={index}");
    assert_eq!(house.ask(202, "POST", &seek, Some(&place))["byte"], json!(middle));
    for (place, status) in [
        (json!({"byte": file.size()}), 422),
        (json!({"byte": 1, "seconds": 1}), 400),
        (json!({"seconds": -1}), 400),
        (json!({}), 400),
        (json!({"minutes": 1}), 400),
    ] {
        house.ask(status, "POST", &seek, Some(&place));
    }
    until("the bytes of the middle", Duration::from_secs(60), || {
        let now = status(&house, &hash, index);
        let parts = now["buffered"].as_array().unwrap().clone();
        let has =
            |part: &Value| part[0].as_u64() <= Some(middle) && part[1].as_u64() > Some(middle);
        parts.iter().any(has).then_some(())
    });
    assert!(house.bytes(&path, "0-") == file.bytes);
    let whole = until("the whole", Duration::from_secs(30), || {
        Some(status(&house, &hash, index)).filter(|now| now["state"] == "complete")
    });
    assert_eq!(whole["buffered"], json!([[0, file.size()]]), "{whole}");
}

#[test]
fn seconds_are_found_where_the_film_says_how_long_it_runs() {
    let house = House::new();
    let release = house.release(FILM);
    house.added(release);
    let hash = release.info_hash;
    let at = |index: usize| format!("/api/stream/{hash}/seek?file={index}");
    let (video, file) = release.files().find(|(_, file)| file.is_video()).unwrap();
    let (text, _) = release.files().find(|(_, file)| !file.is_video()).unwrap();
    let begin = house.ask(202, "POST", &at(video), Some(&json!({"seconds": 0})));
    assert_eq!(begin["byte"], 0);
    let one = house.ask(202, "POST", &at(video), Some(&json!({"seconds": 1.0})))["byte"].as_u64();
    let two = house.ask(202, "POST", &at(video), Some(&json!({"seconds": 2.0})))["byte"].as_u64();
    assert!(Some(0) < one && one < two && two < Some(file.size()), "{one:?} {two:?}");
    let past = house.ask(422, "POST", &at(video), Some(&json!({"seconds": 1e9})));
    assert_eq!(past["error"]["code"], "outside_the_file");
    let nothing = house.ask(422, "POST", &at(text), Some(&json!({"seconds": 1})));
    assert_eq!(nothing["error"]["code"], "no_duration");
}

/// A reader of a path that takes what comes: how many bytes of the body came until its end.
fn reads(house: &House, path: &str) -> std::thread::JoinHandle<Vec<u8>> {
    let address = house.server.base.strip_prefix("http://").unwrap().to_owned();
    let key = std::fs::read_to_string(house.data().join("local.key")).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
        key.trim()
    );
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
        all.split_off((end + 4).min(all.len()))
    })
}

#[test]
fn a_stop_sends_readers_away_and_who_comes_again_reads_on() {
    let house = House::slow(60_000, "");
    let release = house.release(PACK);
    house.added(release);
    let hash = release.info_hash.to_string();
    let (index, file) = release
        .files()
        .filter(|(_, file)| file.is_video())
        .max_by_key(|(_, file)| file.size())
        .unwrap();
    let path = format!("/api/stream/{hash}?file={index}");
    let reader = reads(&house, &path);
    until("a reader", Duration::from_secs(30), || {
        let now = status(&house, &hash, index);
        (now["readers"] == 1 && now["bytes_have"].as_u64() > Some(0)).then_some(())
    });
    house.ask(204, "DELETE", &format!("/api/stream/{hash}"), None);
    let got = reader.join().unwrap();
    assert!(got.len() < file.bytes.len() && file.bytes.starts_with(&got), "cut, and right so far");
    let now = status(&house, &hash, index);
    assert_eq!((&now["readers"], &now["state"]), (&json!(0), &json!("idle")), "{now}");
    house.ask(404, "DELETE", &format!("/api/stream/{}", "ef".repeat(20)), None);
    assert!(house.bytes(&path, "0-999") == file.bytes[..1000]);
}

#[test]
fn what_rests_goes_on_when_it_is_told_or_read() {
    let house = House::slow(60_000, "");
    let release = house.release(PACK);
    house.added(release);
    let hash = release.info_hash.to_string();
    let (index, file) = release
        .files()
        .filter(|(_, file)| file.is_video())
        .max_by_key(|(_, file)| file.size())
        .unwrap();
    let path = format!("/api/stream/{hash}?file={index}");
    assert!(house.bytes(&path, "0-0") == file.bytes[..1]);
    house.ask(204, "POST", &format!("/api/stream/{hash}/pause"), None);
    let rests = until("the rest", Duration::from_secs(10), || {
        Some(status(&house, &hash, index)).filter(|now| now["state"] == "paused")
    });
    assert_eq!(rests["peers"], 0, "{rests}");
    // There is no state to poll for in that nothing happens: two seconds of the line's rate would show.
    std::thread::sleep(Duration::from_secs(2));
    let later = status(&house, &hash, index);
    assert_eq!((&later["bytes_have"], &later["state"]), (&rests["bytes_have"], &json!("paused")));
    house.ask(204, "POST", &format!("/api/stream/{hash}/resume"), None);
    until("it goes on", Duration::from_secs(30), || {
        let now = status(&house, &hash, index);
        (now["bytes_have"].as_u64() > rests["bytes_have"].as_u64()).then_some(())
    });
    house.ask(204, "POST", &format!("/api/stream/{hash}/pause"), None);
    assert!(house.bytes(&path, "0-") == file.bytes, "whoever reads it wants it");
}
