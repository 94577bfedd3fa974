//! The streaming server, asked as Stremio's apps ask it (stremio-core `models/streaming_server.rs`,
//! stremio-video `withStreamingServer`).

use std::io::Read as _;
use std::net::TcpListener;
use std::time::Duration;

use credenza::demo::household::Release;
use serde_json::{Value, json};

use super::{FILM, LIMIT, install};
use crate::programs::{FILM as FILM_RELEASE, House, PACK, magnet_of};
use crate::support::http::{self, Answer};
use crate::support::{has, own_port, player, skip, until};

/// A house whose streaming server is on, and its address.
struct Apps {
    house: House,
    base: String,
}

impl Apps {
    fn new(more: &str) -> Self {
        let port = own_port();
        let house = House::of(|text| {
            format!("{text}\n[stremio]\nserver_listen = \"127.0.0.1:{port}\"\n{more}")
        });
        let apps = Self { house, base: format!("http://127.0.0.1:{port}") };
        assert!(http::get(&apps.base).try_send().is_err(), "off until the owner turns it on");
        apps.turn(true);
        until("the streaming server", LIMIT, || http::get(&apps.base).try_send().ok());
        apps
    }

    fn turn(&self, on: bool) {
        let told = self.house.ask(200, "PUT", "/api/stremio/server", Some(&json!({"on": on})));
        assert_eq!(told["on"], json!(on));
    }

    fn get(&self, path: &str) -> Answer {
        http::get(&format!("{}{path}", self.base)).send()
    }

    fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}\n{}", answer.text(), self.house.server.log());
        answer.json()
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        http::ask("POST", &format!("{}{path}", self.base)).json(body).send()
    }

    /// As stremio-video's `createTorrent` does.
    fn create(&self, release: &Release, guess: &Value) -> Value {
        let hash = release.info_hash.to_string();
        let trackers = magnet_of(release).trackers;
        let trackers = trackers.iter().map(|tracker| format!("tracker:{tracker}"));
        let sources: Vec<String> = [format!("dht:{hash}")].into_iter().chain(trackers).collect();
        let body = json!({
            "torrent": {"infoHash": hash},
            "peerSearch": {"sources": sources, "min": 40, "max": 200},
            "guessFileIdx": guess,
        });
        let answer = self.post(&format!("/{hash}/create"), &body);
        assert_eq!(answer.status, 200, "{}\n{}", answer.text(), self.house.server.log());
        answer.json()
    }
}

/// What stremio-core reads of `/{hash}/{file}/stats.json`: every field must be there, of its kind.
fn is_statistics(told: &Value) {
    for (fields, is) in [
        (&["name", "infoHash", "streamName"][..], Value::is_string as fn(&Value) -> bool),
        (&["files", "sources"], Value::is_array),
        (&["downloadSpeed", "uploadSpeed", "streamProgress"], Value::is_number),
        (
            &[
                "downloaded",
                "uploaded",
                "unchoked",
                "peers",
                "queued",
                "unique",
                "connectionTries",
                "streamLen",
                "swarmConnections",
                "swarmSize",
            ],
            Value::is_u64,
        ),
        (&["peerSearchRunning", "swarmPaused"], Value::is_boolean),
    ] {
        for field in fields {
            assert!(is(&told[field]), "{field} of {told}");
        }
    }
    for file in told["files"].as_array().unwrap() {
        assert!(file["name"].is_string() && file["path"].is_string(), "{file}");
        assert!(file["length"].is_u64() && file["offset"].is_u64(), "{file}");
    }
    let options = &told["opts"];
    for field in ["connections", "handshakeTimeout", "timeout"] {
        assert!(options[field].is_u64(), "{field} of {options}");
    }
    for (part, fields) in [("growler", ["flood", "pulse"]), ("swarmCap", ["maxSpeed", "minPeers"])]
    {
        assert!(fields.iter().all(|field| options[part][field].is_u64()), "{part} of {options}");
    }
    assert!(options["peerSearch"]["sources"].is_array() && options["path"] == json!(""));
    assert!(["dht", "tracker", "virtual"].iter().all(|field| options[field].is_boolean()));
}

#[test]
fn an_app_begins_creates_reads_statistics_and_plays() {
    let apps = Apps::new("");
    // What the app asks when it begins.
    let settings = apps.json("/settings");
    let values = &settings["values"];
    for field in ["appPath", "cacheRoot", "serverVersion"] {
        assert!(values[field].is_string(), "{field} of {values}");
    }
    for field in
        ["btMaxConnections", "btHandshakeTimeout", "btRequestTimeout", "btMinPeersForStable"]
    {
        assert!(values[field].is_u64(), "{field} of {values}");
    }
    assert_eq!(settings["baseUrl"], json!(apps.base));
    assert!(settings["options"].is_array());
    assert!(apps.json("/network-info")["availableInterfaces"].is_array());
    assert_eq!(apps.json("/device-info"), json!({"availableHardwareAccelerations": []}));
    assert_eq!(apps.json("/casting"), json!([]));
    assert_eq!(apps.json("/stats.json"), json!({}));
    assert_eq!(apps.get("/heartbeat").status, 200);
    let refused = apps.post("/settings", &json!({"cacheSize": 0}));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &json!("read_only")));

    let pack = apps.house.release(PACK);
    let hash = pack.info_hash;
    assert_eq!(apps.json(&format!("/{hash}/0/stats.json")), Value::Null, "nobody named it");
    let told = apps.create(pack, &json!({"season": 1, "episode": 2}));
    is_statistics(&told);
    let guess = usize::try_from(told["guessedFileIdx"].as_u64().unwrap()).unwrap();
    let (_, file) = pack.files().find(|(index, _)| *index == guess).unwrap();
    assert!(file.path.contains("E02"), "{}", file.path);
    assert!(apps.create(pack, &json!(false)).get("guessedFileIdx").is_none());

    // The bytes, whole and by range, are the source's.
    let path = format!("/{hash}/{guess}");
    let whole = apps.get(&format!("{path}?tr=dht%3A{hash}"));
    assert_eq!(whole.status, 200);
    assert!(whole.body == file.bytes, "other bytes than the source's");
    let part = http::get(&format!("{}{path}/a.mkv", apps.base)).with("Range", "bytes=100-199");
    let part = part.send();
    assert_eq!(part.status, 206);
    assert!(part.body == file.bytes[100..200]);
    assert_eq!(part.header("accept-ranges"), Some("bytes"));
    let told = apps.json(&format!("{path}/stats.json"));
    is_statistics(&told);
    assert_eq!(told["streamLen"], json!(file.size()));
    assert_eq!(told["streamName"], json!(file.path.rsplit('/').next().unwrap()));
    assert!(apps.json("/stats.json")[hash.to_string()]["infoHash"].is_string());

    // An app asks for what it has not created: that is the film in it.
    let film = apps.house.release(FILM_RELEASE);
    let trackers = magnet_of(film).trackers;
    let tracker: String = url::form_urlencoded::byte_serialize(trackers[0].as_bytes()).collect();
    let url = format!("{}/{}/-1?tr=tracker%3A{tracker}", apps.base, film.info_hash);
    if !["ffmpeg", "ffprobe"].into_iter().all(has) {
        return skip("needs ffmpeg");
    }
    let seek = player::ffmpeg(&url, 40, 2, LIMIT).unwrap();
    assert!(seek.frames >= Some(20), "{seek:?}");
    let seek = player::ffmpeg(&format!("{}{path}", apps.base), 20, 2, LIMIT).unwrap();
    assert!(seek.frames >= Some(20), "{seek:?}");

    for (path, status) in [
        (format!("/{hash}/999"), 404),
        (format!("/{hash}/x"), 404),
        ("/nothing".to_owned(), 404),
        ("/v/x/y.mkv".to_owned(), 404),
        ("/api/settings".to_owned(), 404),
        ("/setup".to_owned(), 404),
    ] {
        assert_eq!(apps.get(&path).status, status, "{path}");
    }
    // What was named goes when nobody reads it; the whole list never by one app's word.
    assert_eq!(apps.json("/removeAll"), json!({}));
    assert!(apps.json("/stats.json").get(hash.to_string()).is_some());
    until("the readers to be gone", LIMIT, || {
        assert_eq!(apps.json(&format!("/{hash}/remove")), json!({}));
        apps.json("/stats.json").get(hash.to_string()).is_none().then_some(())
    });

    apps.turn(false);
    until("the port to be closed", LIMIT, || {
        http::get(&apps.base).try_send().is_err().then_some(())
    });
}

#[test]
fn a_torrent_file_is_taken_and_its_film_guessed() {
    let apps = Apps::new("");
    let film = apps.house.release(FILM_RELEASE);
    let blob = data_encoding::HEXLOWER.encode(&film.metainfo);
    let answer = apps.post("/create", &json!({"blob": blob}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told = answer.json();
    is_statistics(&told);
    assert_eq!(told["infoHash"], json!(film.info_hash.to_string()));
    assert!(told["guessedFileIdx"].is_u64(), "{told}");
    for body in [json!({"blob": "zz"}), json!({"blob": "6465"}), json!({}), json!([])] {
        let status = apps.post("/create", &body).status;
        assert!([400, 422].contains(&status), "{body}: {status}");
    }
}

/// Hundreds of torrents named by one device: most are refused, few are kept, and the owner's own list
/// has its room.
#[test]
fn hundreds_of_creates_are_refused() {
    let apps = Apps::new("[limits]\nrequests_per_second = 0\n");
    let hash = |number: u32| format!("{number:040x}");
    let mut statuses = Vec::new();
    // Nobody has these, so whoever is let in waits in vain: no request is waited for. Forty a minute
    // are; a machine that needs more than one for all of them, or is late with an answer, may let in
    // or miss as many again.
    for number in 1..=300_u32 {
        statuses.push(refused_at_once(&apps.base, &hash(number)));
    }
    let refused = statuses.iter().filter(|refused| **refused).count();
    assert!(refused >= 220, "{refused} of 300 were refused");
    let kept = apps.json("/stats.json");
    assert!(kept.as_object().unwrap().len() <= 80, "{kept}");
    let notices = apps.house.ask(200, "GET", "/api/status", None);
    assert!(notices.to_string().contains("many_titles"), "{notices}");
    let added = apps.house.added(apps.house.release(PACK));
    assert_eq!(added["state"], json!("ready"));
}

/// Whether a request is answered 429 within a moment.
fn refused_at_once(base: &str, hash: &str) -> bool {
    use std::io::Write as _;
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let head = format!(
        "POST /{hash}/create HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).is_ok() && &start[9..] == b"429"
}

#[test]
fn pages_of_other_sites_are_turned_away_and_stremios_are_answered() {
    let apps = Apps::new("origins = [\"https://mine.example\"]\n");
    let ask = |method: &str, origin: &str| {
        http::ask(method, &format!("{}/settings", apps.base)).with("Origin", origin).send()
    };
    for origin in ["https://app.strem.io", "https://web.stremio.com", "https://mine.example"] {
        let answer = ask("GET", origin);
        assert_eq!(answer.status, 200, "{origin}: {}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        let preflight = ask("OPTIONS", origin);
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-allow-private-network"), Some("true"));
    }
    for origin in ["https://evil.example", "null", "https://app.strem.io.evil.example", ""] {
        for method in ["GET", "OPTIONS"] {
            let answer = ask(method, origin);
            assert_eq!(answer.status, 403, "{method} {origin}");
            assert!(answer.header("access-control-allow-origin").is_none());
        }
    }
    // A page that gave its own name our address (DNS rebinding).
    let rebound = http::get(&format!("{}/settings", apps.base)).with("Host", "evil.example").send();
    assert_eq!(rebound.status, 421);
}

/// A browser sends no `Origin` with the picture of a page, and to an address without TLS no
/// `Sec-Fetch-Site` either; what it is, it says.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

#[test]
fn a_picture_on_a_page_neither_begins_nor_removes_a_torrent() {
    let apps = Apps::new("");
    let (film, pack) = (apps.house.release(FILM_RELEASE), apps.house.release(PACK));
    let by_page = |path: &str| {
        let ask = http::get(&format!("{}{path}", apps.base)).with("User-Agent", BROWSER);
        ask.with("Accept-Language", "en").send()
    };
    let stranger = "tracker%3Audp%3A%2F%2F127.0.0.1%3A9";
    for path in [
        format!("/{}/0?tr={stranger}", film.info_hash),
        format!("/{}/-1/film.mkv", film.info_hash),
        format!("/{}/0", "ab".repeat(20)),
    ] {
        let refused = by_page(&path);
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
        assert_eq!(refused.json()["error"]["code"], json!("not_named"));
    }
    assert_eq!(apps.json("/stats.json"), json!({}), "nothing was begun");

    // What an app has named, its own page plays; another page cannot change or end it.
    let told = apps.create(pack, &json!({"season": 1, "episode": 2}));
    let (hash, guess) = (pack.info_hash, told["guessedFileIdx"].as_u64().unwrap());
    let (_, file) = pack.files().find(|(index, _)| *index as u64 == guess).unwrap();
    let played = by_page(&format!("/{hash}/{guess}?tr={stranger}"));
    assert_eq!(played.status, 200, "{}", played.text());
    assert!(played.body == file.bytes);
    let trackers = || apps.house.ask(200, "GET", &format!("/api/torrents/{hash}/info"), None);
    assert!(!trackers().to_string().contains("udp://127.0.0.1:9"), "{}", trackers());
    for _ in 0..3 {
        assert_eq!(by_page(&format!("/{hash}/remove")).status, 403);
    }
    assert!(apps.json("/stats.json").get(hash.to_string()).is_some());

    let tracker = format!("tracker:{}", magnet_of(film).trackers[0]);
    let tracker: String = url::form_urlencoded::byte_serialize(tracker.as_bytes()).collect();
    // Stremio's own page is known by what the browser says of it.
    for (name, value) in
        [("Origin", "https://app.strem.io"), ("Referer", "https://web.stremio.com/")]
    {
        let asked = http::get(&format!("{}/{}/-1?tr={tracker}", apps.base, film.info_hash));
        let asked = asked.with("User-Agent", BROWSER).with("Range", "bytes=0-9");
        assert_eq!(asked.with(name, value).send().status, 206, "{name}");
    }
    until("the readers to be gone", LIMIT, || {
        let url = format!("{}/{hash}/remove", apps.base);
        assert_eq!(http::ask("POST", &url).send().status, 200);
        apps.json("/stats.json").get(hash.to_string()).is_none().then_some(())
    });
}

/// The trackers of a private torrent hold the owner's passkey.
#[test]
fn nobody_is_told_the_trackers_of_a_torrent() {
    let apps = Apps::new("");
    let pack = apps.house.release(PACK);
    let trackers = magnet_of(pack).trackers;
    assert!(!trackers.is_empty());
    apps.house.added(pack);
    let told = apps.json(&format!("/{}/stats.json", pack.info_hash)).to_string();
    assert!(told.contains("peerSearch"), "{told}");
    let created = apps.create(pack, &json!(false)).to_string();
    for tracker in &trackers {
        assert!(!told.contains(tracker.as_str()) && !created.contains(tracker.as_str()), "{told}");
    }
}

#[test]
fn the_hash_is_told_of_our_own_films_and_nobody_is_asked_for_others() {
    let apps = Apps::new("");
    let house = &apps.house;
    let made = install(house, "TV");
    let path = super::below(&made, &format!("stream/movie/{FILM}.json"));
    let url = until("the indexes", LIMIT, || {
        house.server.get(&path).json()["streams"][0]["url"].as_str().map(str::to_owned)
    });
    let of = |url: &str| {
        let url: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
        apps.get(&format!("/opensubHash?videoUrl={url}"))
    };
    let told = of(&url);
    assert_eq!(told.status, 200, "{}", told.text());
    let told = told.json();
    assert_eq!(told["error"], Value::Null);
    assert_eq!(told["result"]["hash"].as_str().unwrap().len(), 16, "{told}");
    // Subtitles that this box names, in the form that a browser's player takes.
    let key = url.split("/v/").nth(1).unwrap().split('.').nth(1).unwrap();
    let media_id = data_encoding::BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
    let media_id = String::from_utf8(media_id).unwrap();
    let srt = until("subtitles", LIMIT, || {
        let told = house.server.owner("GET", &format!("/api/subtitles/{media_id}")).send().json();
        told["subtitles"][0]["srt"].as_str().map(str::to_owned)
    });
    let from = format!("{}{srt}", house.server.base);
    let from: String = url::form_urlencoded::byte_serialize(from.as_bytes()).collect();
    let text = apps.get(&format!("/subtitles.vtt?from={from}"));
    assert_eq!(
        (text.status, text.header("content-type")),
        (200, Some("text/vtt; charset=utf-8")),
        "{}",
        text.text()
    );
    assert!(text.text().starts_with("WEBVTT\n") && text.text().contains("-->"), "{}", text.text());

    let head = house.server.ask("HEAD", &super::path_of(&json!(url))).send();
    let length: u64 = head.header("content-length").unwrap().parse().unwrap();
    assert_eq!(told["result"]["size"], json!(length));

    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let at = format!("http://{}", trap.local_addr().unwrap());
    for url in [
        format!("{at}/film.mkv"),
        format!("{at}/v/1.YWJj.x/film.mkv"),
        "http://169.254.169.254/latest".to_owned(),
        "file:///etc/passwd".to_owned(),
        format!("{}/api/settings", house.server.base),
        "nonsense".to_owned(),
    ] {
        let answer = of(&url);
        assert_eq!(answer.status, 403, "{url}: {}", answer.text());
        let word: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
        assert_eq!(apps.get(&format!("/subtitles.vtt?from={word}")).status, 403, "{url}");
    }
    assert!(trap.accept().is_err(), "somebody was asked");
}
