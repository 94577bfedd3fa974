//! How much one device may take: streams, requests, titles; and that who goes frees its place at once.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::programs::{FILM, House, PACK};
use crate::support::{http, until};

/// The household with these limits.
fn limited(limits: &str) -> House {
    House::of(|text| format!("{text}\n[limits]\n{limits}\n"))
}

/// A path at which the film's bytes are.
fn film(house: &House) -> String {
    let file = house.server.owner("POST", "/api/torrents");
    let added = file.bytes("application/x-bittorrent", &house.release(FILM).metainfo).send();
    assert_eq!(added.status, 202, "{}", added.text());
    added.json()["proxy"].as_str().unwrap().to_owned()
}

/// A reader that has read the head of its answer, and then takes nothing: its stream stays open.
struct Idle(TcpStream);

impl Idle {
    fn of(house: &House, path: &str) -> (Self, u16) {
        let address = house.server.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).unwrap() == 0 {
                break;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        (Self(stream), status)
    }
}

/// How many film bodies are being sent.
fn open(house: &House) -> u64 {
    house.server.get("/api/status").json()["streams"].as_u64().unwrap()
}

/// A household whose line is so slow that a stream stays open.
fn slow(limits: &str) -> (House, String) {
    let house = House::slow(20_000, &format!("[limits]\n{limits}"));
    let info = house.added(house.release(PACK));
    let path = info["proxy"].as_str().unwrap().to_owned();
    (house, path)
}

#[test]
fn beyond_the_streams_of_a_device_and_of_the_box_a_request_is_told_to_come_again() {
    for (limits, status) in [("streams_per_device = 2", 429), ("streams_total = 2", 503)] {
        let (house, path) = slow(limits);
        let (one, other) = (Idle::of(&house, &path), Idle::of(&house, &path));
        assert_eq!((one.1, other.1, open(&house)), (200, 200, 2), "{limits}");
        let refused = house.server.get(&path);
        assert_eq!(refused.status, status, "{}", refused.text());
        assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
        assert_eq!(refused.json()["error"]["code"], "too_many_streams");
        // What is no stream is not counted, nor refused.
        assert_eq!(house.server.ask("HEAD", &path).send().status, 200);
        assert_eq!(house.server.get("/api/status").status, 200);
        // A set that closes and comes again at once has its place.
        drop(one);
        let (again, status) = Idle::of(&house, &path);
        assert_eq!(status, 200, "{limits}: the place was given up at once");
        drop((again, other));
        until("no stream", Duration::from_secs(30), || (open(&house) == 0).then_some(()));
    }
}

#[test]
fn a_television_that_closes_and_comes_again_is_never_refused() {
    let (house, path) = slow("streams_per_device = 2");
    let (mut one, _) = Idle::of(&house, &path);
    for _ in 0..30 {
        let (next, status) = Idle::of(&house, &path);
        assert_eq!(status, 200);
        // The older one goes while the newer begins.
        one.0.shutdown(std::net::Shutdown::Both).unwrap();
        one = next;
    }
    drop(one);
    until("no stream", Duration::from_secs(30), || (open(&house) == 0).then_some(()));
}

#[test]
fn an_abort_storm_of_two_hundred_leaves_no_stream_behind() {
    let house = House::new();
    let path = film(&house);
    let release = house.release(FILM);
    let source = release.files().find(|(_, file)| file.is_video()).unwrap().1.bytes;
    let address = house.server.base.strip_prefix("http://").unwrap().to_owned();
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (path, address) = (path.clone(), address.clone());
            std::thread::spawn(move || {
                for number in 0..25_usize {
                    let from = (thread * 7919 + number * 104_729) % source.len();
                    let mut stream = TcpStream::connect(&address).unwrap();
                    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                    write!(
                        stream,
                        "GET {path} HTTP/1.1\r\nHost: {address}\r\nRange: bytes={from}-\r\n\r\n"
                    )
                    .unwrap();
                    let mut got = vec![0; 2048];
                    let mut filled = 0;
                    while filled < 1024 {
                        match stream.read(&mut got[filled..]) {
                            Ok(0) | Err(_) => break,
                            Ok(read) => filled += read,
                        }
                    }
                    got.truncate(filled);
                    let end =
                        got.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
                    assert!(
                        got.starts_with(b"HTTP/1.1 206"),
                        "{}",
                        String::from_utf8_lossy(&got[..end])
                    );
                    let body = &got[end..];
                    assert!(body == &source[from..(from + body.len()).min(source.len())]);
                    // Gone, in the middle of the answer.
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    until("no stream", Duration::from_secs(30), || (open(&house) == 0).then_some(()));
    let begun = Instant::now();
    let whole = house.server.get(&path);
    assert!(whole.status == 200 && whole.body == source);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn too_many_requests_a_second_wait_and_films_are_not_counted() {
    let house = limited("requests_per_second = 4");
    let path = film(&house);
    let mut refused = None;
    for _ in 0..60 {
        let answer = house.server.get("/api/status");
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a refusal");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!(refused.json()["error"]["code"], "too_many_requests");
    for _ in 0..30 {
        let answer = house.server.ask("GET", &path).with("Range", "bytes=0-9").send();
        assert_eq!(answer.status, 206);
        assert_eq!(house.server.get("/health").status, 200);
    }
    until("a saved request", Duration::from_secs(10), || {
        (house.server.get("/api/status").status == 200).then_some(())
    });
}

#[test]
fn a_set_that_lists_a_hundred_films_is_not_kept_waiting() {
    let house = House::new();
    let path = film(&house);
    for number in 0..100 {
        let key = data_encoding::BASE64URL_NOPAD.encode(format!("film {number}").as_bytes());
        let answer = house.server.get(&format!("/v/3.{key}.tag/film.mkv"));
        assert_ne!(answer.status, 429, "the {number}th: {}", answer.text());
    }
    let start = house.server.ask("GET", &path).with("Range", "bytes=0-9").send();
    assert_eq!(start.status, 206, "{}", start.text());
}

#[test]
fn a_device_that_opens_title_after_title_is_noticed_and_kept_waiting() {
    let house = House::new();
    let mut refused = None;
    for number in 0..60 {
        let path = format!("/stream/proxy/{number:040x}");
        let answer = house.server.get(&path);
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 404);
    }
    let refused = refused.expect("a refusal");
    assert_eq!(refused.json()["error"]["code"], "too_many_titles");
    assert_eq!(refused.header("retry-after"), Some("60"));
    let status = house.server.get("/api/status").json();
    assert_eq!(status["notices"][0]["code"], "many_titles", "{status}");
    // From elsewhere one may play on.
    let port = house.server.base.rsplit(':').next().unwrap();
    let other = http::get(&format!("http://127.0.0.1:{port}/health")).send();
    assert_eq!(other.json(), json!({"status": "ok"}));
}
