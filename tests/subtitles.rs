//! Subtitles: found beside a film and at OpenSubtitles, read from whatever they come in, served so
//! that players and browsers show them.

mod formats;
mod names;
mod online;
mod players;

use std::time::Duration;

use serde_json::{Value, json};

use crate::programs::House;
use crate::support::http::Answer;
use crate::support::until;

const LIMIT: Duration = Duration::from_secs(60);

/// A household that gets everything from peers, and asks nobody else for subtitles.
fn house_of_peers() -> House {
    House::of(|text| {
        let mut table: toml::Table = text.parse().unwrap();
        table.remove("debrid");
        let prefer = toml::Table::from_iter([("opensubtitles".to_owned(), false.into())]);
        table.insert("prefer".to_owned(), prefer.into());
        table.to_string()
    })
}

/// The media id of what plays.
fn media_id(play: &Value) -> String {
    let key = play["url"].as_str().unwrap().rsplit('/').nth(1).unwrap();
    let media_id = key.split('.').nth(1).unwrap();
    String::from_utf8(data_encoding::BASE64URL_NOPAD.decode(media_id.as_bytes()).unwrap()).unwrap()
}

/// The subtitles that are told of a film, once there are `least`.
fn listed(house: &House, media_id: &str, least: usize) -> Vec<Value> {
    until("subtitles", LIMIT, || {
        let answer = house.ask(200, "GET", &format!("/api/subtitles/{media_id}"), None);
        let rows = answer["subtitles"].as_array().unwrap().clone();
        (rows.len() >= least).then_some(rows)
    })
}

fn fetched(house: &House, path: &Value) -> Answer {
    let answer = house.server.get(path.as_str().unwrap());
    assert_eq!(answer.status, 200, "{path}: {}\n{}", answer.text(), house.server.log());
    answer
}

#[test]
fn what_lies_beside_a_film_is_listed_fetched_from_peers_and_served_in_two_formats() {
    let house = house_of_peers();
    let play = house.server.play("tt9900101");
    let id = media_id(&play);
    let rows = listed(&house, &id, 1);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    assert_eq!(
        (&row["source"], &row["language"], &row["label"], &row["forced"]),
        (&json!("torrent"), &json!(null), &json!("Subtitles"), &json!(false))
    );
    let srt = fetched(&house, &row["srt"]);
    let wanted = String::from_utf8_lossy(credenza::demo::reel::FILM_SRT).replace('\n', "\r\n");
    assert_eq!(srt.text().trim_end(), wanted.trim_end());
    for (name, value) in [
        ("content-type", "application/x-subrip; charset=utf-8"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
        ("content-disposition", "inline"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(srt.header(name), Some(value), "{name}: {:?}", srt.headers);
    }
    let vtt = fetched(&house, &row["vtt"]);
    assert!(
        vtt.text().starts_with("WEBVTT\n\n00:00:01.000 --> 00:00:05.500\nThis is"),
        "{}",
        vtt.text()
    );
    assert_eq!(vtt.header("content-type"), Some("text/vtt; charset=utf-8"));
    assert_ne!(vtt.header("etag"), srt.header("etag"));

    let path = row["srt"].as_str().unwrap();
    let bom = house.server.get(&path.replace(".srt", ".bom.srt"));
    assert_eq!(bom.header("content-type"), Some("text/srt; charset=utf-8"));
    assert_eq!(bom.body, [b"\xef\xbb\xbf", &srt.body[..]].concat());
    let head = house.server.ask("HEAD", path).send();
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(srt.body.len().to_string().as_str()));
    let same = house.server.ask("GET", path).with("If-None-Match", srt.header("etag").unwrap());
    assert_eq!(same.send().status, 304);
    let part = house.server.ask("GET", path).with("Range", "bytes=0-9").send();
    assert_eq!((part.status, part.body), (206, srt.body[..10].to_vec()));
    let options = house.server.ask("OPTIONS", path).send();
    assert_eq!((options.status, options.header("access-control-allow-origin")), (204, Some("*")));
    for (path, status) in [
        (path.replace(".srt", ".ass"), 404),
        (path.replace("/sub/", "/sub/x"), 403),
        (format!("{path}.srt"), 403),
        ("/sub/".to_owned(), 404),
    ] {
        let answer = house.server.get(&path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(status != 403 || answer.header("cache-control") == Some("no-store"));
    }
    // The key of subtitles opens no film, nor the other way round.
    let key = path.trim_start_matches("/sub/").trim_end_matches(".srt");
    let name = play["url"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!(house.server.get(&format!("/v/{key}/{name}")).status, 403);

    // Kept as text: after a restart nobody need be asked.
    let path = path.to_owned();
    let body = srt.body;
    let house = house.restarted_with(|text| text.replace("enabled = true", "enabled = false"));
    let again = house.server.get(&path);
    assert!(again.body == body, "{}: {}\n{}", again.status, again.text(), house.server.log());
}

#[test]
fn an_episode_of_a_pack_has_its_own_subtitles() {
    let house = house_of_peers();
    let play = house.server.play("tt9900102:1:2");
    let id = media_id(&play);
    let rows = listed(&house, &id, 1);
    let texts: Vec<String> = rows.iter().map(|row| fetched(&house, &row["srt"]).text()).collect();
    let wanted =
        String::from_utf8_lossy(credenza::demo::reel::EPISODES_SRT[1]).replace('\n', "\r\n");
    assert!(texts.iter().all(|text| text.trim_end() == wanted.trim_end()), "{rows:?}\n{texts:?}");
    let stranger = house.server.get("/api/subtitles/0123456789abcdef0123");
    assert_eq!(stranger.status, 404, "{}", stranger.text());
}

/// The addresses of a page's links, below `at`.
fn links(house: &House, at: &str) -> Vec<String> {
    let page = house.server.get(at).text();
    let hrefs = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let below = hrefs.filter(|href| !href.starts_with(['/', '.', '?', 'd']) && !href.contains(':'));
    below.map(|href| format!("{at}{href}")).collect()
}

#[test]
fn in_lists_of_files_they_lie_beside_their_film() {
    let house = house_of_peers();
    let play = house.server.play("tt9900101");
    listed(&house, &media_id(&play), 1);
    let film = play["url"].as_str().unwrap();
    assert_eq!(crate::support::http::get(film).send().status, 200);
    // It is noted to be whole when it is looked at; from then on it lies among what is here.
    let row = format!("/api/library/{}", media_id(&play));
    until("the film to be whole", LIMIT, || {
        assert_eq!(crate::support::http::ask("HEAD", film).send().status, 200);
        (house.ask(200, "GET", &row, None)["whole"] == json!(true)).then_some(())
    });
    for root in ["/files/", "/dav/"] {
        let films = format!("{root}On%20this%20box/Films/");
        let path = until("subtitles among the files", LIMIT, || {
            links(&house, &films).into_iter().find(|link| link.contains(".srt"))
        });
        let beside = links(&house, &films);
        let stem = path.strip_suffix(".srt").unwrap();
        assert!(beside.contains(&format!("{stem}.mp4")), "{beside:?}");
        let text = fetched(&house, &json!(path));
        assert_eq!(text.header("content-type"), Some("application/x-subrip; charset=utf-8"));
        assert!(text.text().contains("The lamp has turned"), "{}", text.text());
        if root == "/dav/" {
            let row = house.server.ask("PROPFIND", &path).with("Depth", "0").send();
            assert_eq!(row.status, 207, "{}", row.text());
            assert!(row.text().contains("application/x-subrip"), "{}", row.text());
        }
    }
}
