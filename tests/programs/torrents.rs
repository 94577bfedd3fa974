//! What is in a torrent, and its bytes.

use std::time::Duration;

use credenza::torrent::metainfo::Metainfo;
use serde_json::{Value, json};

use super::{FILM, House, PACK, magnet_of};
use crate::support::hostile;
use crate::support::until;

#[test]
fn a_magnet_becomes_files_and_each_files_bytes_are_the_sources() {
    let house = House::new();
    for name in [PACK, FILM] {
        let release = house.release(name);
        let info = house.added(release);
        assert_eq!(info["name"], json!(name));
        let listed = info["files"].as_array().unwrap();
        assert_eq!(listed.len(), release.files().count());
        for (index, file) in release.files() {
            let row = listed.iter().find(|row| row["index"] == json!(index)).unwrap();
            assert_eq!(row["name"], json!(file.path), "{row}");
            assert_eq!(row["size"], json!(file.size()));
            assert_eq!(row["is_video"], json!(file.is_video()));
            let path = format!("/api/stream/{}?file={index}", release.info_hash);
            let whole = house.server.owner("GET", &path).send();
            assert_eq!(whole.status, 200, "{}", whole.text());
            assert!(whole.body == file.bytes, "{name} {index}: other bytes than the source's");
            let last = file.size() - 1;
            assert!(house.bytes(&path, &format!("{last}-")) == file.bytes[file.bytes.len() - 1..]);
            let head = house.server.owner("HEAD", &path).send();
            assert_eq!(head.status, 200);
            assert_eq!(head.header("content-length"), Some(file.size().to_string().as_str()));
            assert!(head.body.is_empty() && whole.header("etag") == head.header("etag"));
            assert!(head.header("access-control-allow-origin").is_none(), "CORS is for /v alone");
        }
    }
    let list = house.ask(200, "GET", "/api/torrents", None);
    assert_eq!(list["torrents"].as_array().unwrap().len(), 2);
}

#[test]
fn a_torrent_by_its_hash_is_the_same_film_as_by_its_link() {
    let house = House::new();
    let play = house.server.play("tt9900101");
    let hash = play["candidate"]["info_hash"].as_str().unwrap().to_owned();
    let url = play["url"].as_str().unwrap();
    let by_link = &url[url.find("/v/").unwrap()..];
    let by_hash = format!("/api/stream/{hash}?file={}", play["file"]["index"]);
    let tag = |path: &str| house.server.owner("HEAD", path).send();
    let (one, other) = (tag(by_link), tag(&by_hash));
    assert_eq!(one.header("etag").unwrap(), other.header("etag").unwrap());
    assert_eq!(one.header("last-modified"), other.header("last-modified"), "one session");
    assert!(house.bytes(by_link, "1000-70000") == house.bytes(&by_hash, "1000-70000"));
    let proxy = format!("/stream/proxy/{hash}");
    assert_eq!(tag(&proxy).header("etag"), one.header("etag"), "the film is what plays by itself");
}

#[test]
fn only_a_right_opens_a_stream_and_a_signed_one_needs_no_cookie() {
    let house = House::of(|text| text.replace("auth_required = false", "auth_required = true"));
    let release = house.release(PACK);
    let info = house.added(release);
    let hash = release.info_hash;
    for (method, path) in [
        ("GET", format!("/api/stream/{hash}?file=2")),
        ("HEAD", format!("/api/stream/{hash}?file=2")),
        ("GET", format!("/api/stream/{hash}/status")),
        ("POST", format!("/api/stream/{hash}/seek")),
        ("POST", format!("/api/stream/{hash}/pause")),
        ("POST", format!("/api/stream/{hash}/resume")),
        ("DELETE", format!("/api/stream/{hash}")),
        ("GET", format!("/stream/proxy/{hash}?file=2")),
        ("GET", "/api/torrents".to_owned()),
        ("POST", "/api/torrents".to_owned()),
        ("POST", "/api/torrents/parse".to_owned()),
        ("POST", "/api/torrents/convert".to_owned()),
        ("GET", format!("/api/torrents/{hash}/info")),
        ("GET", format!("/api/torrents/{hash}/torrent")),
        ("DELETE", format!("/api/torrents/{hash}")),
    ] {
        let answer = house.server.ask(method, &path).send();
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
    }
    let film = release.files().find(|(_, file)| file.is_video()).unwrap();
    let signed = info["proxy"].as_str().unwrap();
    let index: u32 = info["stream"].as_str().unwrap().rsplit('=').next().unwrap().parse().unwrap();
    let source = release.files().find(|(at, _)| *at == index as usize).unwrap_or(film).1;
    let answer = house.server.get(signed);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.body == source.bytes);
    // The key is of one file of one torrent, and is no secret's.
    let key = signed.rsplit('=').next().unwrap();
    for forged in [
        format!("/stream/proxy/{hash}?file={}&key={key}", index + 1),
        format!("/stream/proxy/{hash}?key={key}"),
        format!("/stream/proxy/{}?file={index}&key={key}", house.release(FILM).info_hash),
        format!("/stream/proxy/{hash}?file={index}&key={key}A"),
        format!("/stream/proxy/{hash}?file={index}&key="),
    ] {
        assert_eq!(house.server.get(&forged).status, 403, "{forged}");
    }
    assert!(!house.server.log().contains(key), "a right is in the log");
    // What nobody has added is opened for nobody but the owner.
    let open = House::new();
    let path = format!("/api/stream/{}?file=0", open.release(FILM).info_hash);
    let answer = open.server.get(&path);
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &json!("unknown_torrent")));
}

#[test]
fn a_text_is_read_without_asking_anybody_and_a_magnet_becomes_a_torrent_file() {
    let house = House::new();
    let release = house.release(PACK);
    let magnet = magnet_of(release);
    let body = json!({"magnetUri": magnet.to_string()});
    let parsed = house.ask(200, "POST", "/api/torrents/parse", Some(&body));
    assert_eq!(parsed["info_hash"], json!(release.info_hash.to_string()));
    assert_eq!((&parsed["files"], &parsed["release"]["seasons"]), (&Value::Null, &json!([1])));
    assert_eq!(parsed["trackers"], json!(magnet.trackers));
    // The same of the file itself.
    let post = |path: &str, body: &[u8]| {
        let ask = house.server.owner("POST", path);
        ask.bytes("application/x-bittorrent", body).send()
    };
    let by_file = post("/api/torrents/parse", &release.metainfo).json();
    assert_eq!(by_file["info_hash"], parsed["info_hash"]);
    assert_eq!(by_file["files"].as_array().unwrap().len(), release.files().count());
    assert!(
        house.ask(200, "GET", "/api/torrents", None)["torrents"].as_array().unwrap().is_empty()
    );

    let converted = house.ask(200, "POST", "/api/torrents/convert", Some(&body));
    assert_eq!(converted["files"], by_file["files"]);
    let url = converted["torrent_url"].as_str().unwrap();
    let file = house.server.owner("GET", &url[url.find("/api/").unwrap()..]).send();
    assert_eq!(file.header("content-type"), Some("application/x-bittorrent"));
    let ours = Metainfo::read(&file.body).unwrap();
    assert_eq!((ours.info_hash, ours.trackers), (release.info_hash, magnet.trackers));
}

#[test]
fn what_is_no_magnet_and_no_sound_torrent_is_refused_in_one_sentence() {
    let house = House::new();
    let post = |path: &str, body: &[u8]| {
        let ask = house.server.owner("POST", path);
        ask.bytes("application/octet-stream", body).send()
    };
    let sentence = |answer: &crate::support::http::Answer| {
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.len() < 400 && !message.contains('\n'), "{message}");
        message
    };
    for (what, bytes, word) in hostile::table() {
        if bytes.len() > 8 << 20 {
            // Refused before it is read, so the connection may break while it is sent.
            let ask = house.server.owner("POST", "/api/torrents/parse");
            let answer = ask.bytes("application/octet-stream", &bytes).try_send();
            assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 413), "{what}");
            continue;
        }
        for path in ["/api/torrents", "/api/torrents/parse", "/api/torrents/convert"] {
            let answer = post(path, &bytes);
            let expected: &[u16] = match bytes.first() {
                Some(b'd') => &[422],
                _ => &[400],
            };
            assert!(
                expected.contains(&answer.status),
                "{what}: {} {}",
                answer.status,
                answer.text()
            );
            let told = sentence(&answer);
            assert!(answer.status != 422 || told.contains(word), "{what}: {told}");
        }
    }
    for (magnet, status) in [
        ("magnet:?dn=x", 422),
        ("magnet:?xt=urn:btmh:1220aa", 422),
        ("magnet:?xt=urn:btih:abc", 422),
        ("http://example.org/a.torrent", 422),
        ("", 422),
    ] {
        let body = json!({"magnetUri": magnet});
        sentence(&house.server.owner("POST", "/api/torrents").json(&body).send());
        house.ask(status, "POST", "/api/torrents", Some(&body));
    }
    house.ask(400, "POST", "/api/torrents", Some(&json!({"magnet": "x"})));
    assert!(
        house.ask(200, "GET", "/api/torrents", None)["torrents"].as_array().unwrap().is_empty()
    );
    assert!(!house.data().join("library").exists(), "nothing was begun");
}

#[test]
fn a_torrent_is_kept_over_a_restart_and_forgotten_when_told() {
    let house = House::new();
    let release = house.release(PACK);
    let before = house.added(release);
    let hash = release.info_hash;
    let path = format!("/api/stream/{hash}?file=2");
    let tag = house.server.owner("HEAD", &path).send().header("etag").unwrap().to_owned();
    let house = house.restarted();
    let list = house.ask(200, "GET", "/api/torrents", None);
    assert_eq!(list["torrents"][0]["files"], before["files"]);
    let again = house.server.owner("GET", &path).with("If-Match", &tag).send();
    let release = house.release(PACK);
    let source = release.files().find(|(index, _)| *index == 2).unwrap().1;
    assert_eq!(again.status, 200, "{}", again.text());
    assert!(again.body == source.bytes);
    house.ask(204, "DELETE", &format!("/api/torrents/{hash}"), None);
    house.ask(404, "DELETE", &format!("/api/torrents/{hash}"), None);
    assert!(
        house.ask(200, "GET", "/api/torrents", None)["torrents"].as_array().unwrap().is_empty()
    );
}

#[test]
fn a_torrent_that_nobody_has_fails_in_one_sentence() {
    let house = House::new();
    let body = json!({"magnetUri": format!("magnet:?xt=urn:btih:{}", "ab".repeat(20))});
    let added = house.ask(202, "POST", "/api/torrents", Some(&body));
    assert_eq!(added["state"], "resolving");
    let info = format!("/api/torrents/{}/info", "ab".repeat(20));
    let failed = until("the failure", Duration::from_secs(60), || {
        Some(house.ask(200, "GET", &info, None)).filter(|info| info["state"] == "failed")
    });
    assert!(failed["error"].as_str().unwrap().contains("cannot be described"), "{failed}");
    let answer = house.server.owner("GET", &format!("/api/stream/{}", "ab".repeat(20))).send();
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (502, &json!("not_described")));
    house.ask(400, "GET", "/api/torrents/xyz/info", None);
    house.ask(404, "GET", &format!("/api/torrents/{}/info", "cd".repeat(20)), None);
}

#[test]
fn a_player_that_reads_torrents_is_handed_the_magnet() {
    let house = House::new();
    let asked = house.ask(200, "GET", "/api/play/tt9900101?magnet=1", None);
    let magnet: credenza::torrent::Magnet = asked["magnet"].as_str().unwrap().parse().unwrap();
    assert_eq!(json!(magnet.info_hash.to_string()), asked["candidate"]["info_hash"]);
    assert!(!magnet.trackers.is_empty() && asked.get("url").is_none());
    let play = |agent: &str, more: &str| {
        let path = format!("/api/play/tt9900101{more}");
        house.server.ask("POST", &path).with("User-Agent", agent).send().json()
    };
    assert!(play("StremioShell/4.4", "")["magnet"].is_string());
    assert!(play("StremioShell/4.4", "?magnet=0")["url"].is_string());
    assert!(play("VLC/3.0.20 LibVLC/3.0.20", "")["url"].is_string());
}
