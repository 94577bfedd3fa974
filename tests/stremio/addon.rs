//! What the add-on tells, and that what it tells plays.

use std::time::Instant;

use serde_json::{Value, json};

use super::{FILM, LIMIT, SERIES, below, by_client, install, path_of};
use crate::programs::House;
use crate::support::{has, player, skip, until};

fn rows<'a>(answer: &'a Value, key: &str) -> &'a Vec<Value> {
    answer[key].as_array().unwrap_or_else(|| panic!("no {key} in {answer}"))
}

fn streams(house: &House, made: &Value, kind: &str, id: &str) -> Vec<Value> {
    let answer = house.server.get(&below(made, &format!("stream/{kind}/{id}.json")));
    assert_eq!(answer.status, 200, "{}\n{}", answer.text(), house.server.log());
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    rows(&answer.json(), "streams").clone()
}

/// The same once every index has answered: on a machine that is busy the first search may not hear
/// of them in time.
fn all_streams(house: &House, made: &Value, kind: &str, id: &str) -> Vec<Value> {
    until("the indexes", LIMIT, || {
        let all = streams(house, made, kind, id);
        all.iter()
            .all(|stream| stream["url"].is_string())
            .then_some(all)
            .filter(|all| all.len() > 1)
    })
}

#[test]
fn stremios_own_client_and_linter_take_the_add_on() {
    let house = House::new();
    let made = install(&house, "Client");
    let manifest = made["manifest"].as_str().unwrap();
    let asks = [
        json!(["catalog", "movie", "credenza-popular"]),
        json!(["catalog", "series", "credenza-popular", {"skip": "1000"}]),
        json!(["catalog", "movie", "credenza-popular", {"genre": "Drama", "skip": "0"}]),
        json!(["catalog", "movie", "credenza-popular", {"search": "lamp tide"}]),
        json!(["catalog", "movie", "credenza-here"]),
        json!(["meta", "series", SERIES]),
        json!(["meta", "movie", FILM]),
        json!(["meta", "movie", "tt9999999"]),
        json!(["stream", "movie", FILM]),
        json!(["stream", "series", format!("{SERIES}:1:2")]),
        json!(["stream", "series", "kitsu:99001:1"]),
        json!(["stream", "movie", "tt9999999"]),
        json!(["stream", "movie", "nonsense"]),
        json!(["subtitles", "movie", FILM, {"videoSize": "12", "filename": "a & b.mkv"}]),
    ];
    let Some(told) = by_client(manifest, &asks) else {
        return skip("needs node, stremio-addon-client and stremio-addon-linter");
    };
    assert_eq!(told["lint"], json!({"valid": true, "errors": [], "warnings": []}));
    assert_eq!(told["manifest"]["behaviorHints"]["configurable"], json!(true));
    let got = |at: usize| &told["answers"][at]["got"];
    for answer in rows(&told, "answers") {
        let known = answer["resource"] == "catalog" || answer["id"] != "nonsense";
        assert_eq!(answer["supported"], json!(known), "{answer}");
    }
    let films = rows(got(0), "metas");
    let film = films.iter().find(|row| row["id"] == FILM).expect("the film is popular");
    assert_eq!((&film["type"], &film["name"]), (&json!("movie"), &json!("The Lamp and the Tide")));
    let poster = house.server.get(&path_of(&film["poster"]));
    assert_eq!(poster.status, 200, "{}", poster.text());
    assert!(poster.header("content-type").unwrap().starts_with("image/"));
    assert!(rows(got(1), "metas").is_empty());
    assert!(got(2)["metas"].is_array());
    assert_eq!(rows(got(3), "metas")[0]["id"], json!(FILM));
    assert!(rows(got(4), "metas").is_empty(), "nothing lies here yet");

    let meta = &got(5)["meta"];
    assert_eq!((&meta["id"], &meta["type"]), (&json!(SERIES), &json!("series")));
    let videos = rows(meta, "videos");
    assert_eq!(videos.len(), 3);
    let second = &videos[1];
    assert_eq!(second["id"], json!(format!("{SERIES}:1:2")));
    assert_eq!((&second["season"], &second["episode"]), (&json!(1), &json!(2)));
    assert_eq!(second["released"], json!("2023-09-11T00:00:00.000Z"));
    assert_eq!(got(6)["meta"]["behaviorHints"]["defaultVideoId"], json!(FILM));
    assert!(got(7)["error"].is_string(), "a title that nobody knows: {}", got(7));
    // On a busy machine a search may not hear of the indexes in time; that row says so.
    for at in [8, 9, 10] {
        assert!(!rows(got(at), "streams").is_empty(), "{}", told["answers"][at]);
    }
    assert!(rows(got(11), "streams").is_empty() && rows(got(12), "streams").is_empty());
    assert!(got(13)["subtitles"].is_array());
}

#[test]
fn every_stream_says_what_a_player_needs_and_the_next_look_is_quick() {
    let house = House::new();
    let made = install(&house, "TV");
    let film = all_streams(&house, &made, "movie", FILM);
    for (at, stream) in film.iter().enumerate() {
        let hints = &stream["behaviorHints"];
        assert_eq!(hints["notWebReady"], json!(true), "plain HTTP: {stream}");
        assert!(hints["bingeGroup"].as_str().is_some_and(|group| group.starts_with("credenza|")));
        assert!(hints["filename"].as_str().is_some_and(|name| !name.is_empty()), "{stream}");
        let name = stream["name"].as_str().unwrap();
        assert!(name.contains('\n') && name.len() < 60, "{name:?}");
        let words = stream["description"].as_str().unwrap();
        assert_eq!(stream["title"], stream["description"]);
        assert_eq!(words.contains("First because: "), at == 0, "{words}");
        assert!(words.contains("MiB") && words.contains("by "), "{words}");
        let url = stream["url"].as_str().unwrap();
        assert!(url.starts_with(&format!("{}/v/", house.server.base)), "{url}");
        assert!(!url.contains("stremio"), "the key is not in a film's address: {url}");
    }
    assert!(film[0]["name"].as_str().unwrap().contains("at once"), "{}", film[0]);
    // Of one pack every episode is of one group; that is how the next one follows unasked.
    let group = |episode: u32| -> Vec<Value> {
        let id = format!("{SERIES}:1:{episode}");
        let all = all_streams(&house, &made, "series", &id);
        all.iter().map(|stream| stream["behaviorHints"]["bingeGroup"].clone()).collect()
    };
    let (one, two) = (group(1), group(2));
    assert!(one.iter().any(|group| two.contains(group)), "{one:?} {two:?}");

    let start = Instant::now();
    for _ in 0..10 {
        streams(&house, &made, "movie", FILM);
    }
    let each = start.elapsed() / 10;
    assert!(each.as_millis() < 500, "a search that is known took {each:?}");
}

#[test]
fn a_stream_is_opened_when_it_is_played_and_players_seek_in_it() {
    if !["ffmpeg", "mpv", "ffprobe"].into_iter().all(has) {
        return skip("needs ffmpeg and mpv");
    }
    let house = House::new();
    let made = install(&house, "Player");
    let film = all_streams(&house, &made, "movie", FILM);
    let library = || house.ask(200, "GET", "/api/library", None);
    assert!(library()["titles"].as_array().unwrap().is_empty(), "a list opens nothing");

    let mut opened = 0;
    for stream in &film {
        let url = stream["url"].as_str().unwrap();
        let head = house.server.ask("HEAD", &path_of(&stream["url"])).send();
        if head.status != 200 {
            // One that only its index knows: refused in words, and the next row is there.
            continue;
        }
        if let Some(bytes) = stream["behaviorHints"]["videoSize"].as_u64() {
            assert_eq!(head.header("content-length"), Some(bytes.to_string().as_str()));
        }
        let told = player::ffprobe(url, LIMIT).unwrap();
        assert!(told.seconds > 18.0, "{stream} {told:?}");
        let seek = player::ffmpeg(url, 15, 2, LIMIT).unwrap();
        assert!(seek.frames >= Some(20), "{stream} {seek:?}");
        opened += 1;
    }
    assert!(opened > 0 && house.server.get(&path_of(&film[0]["url"])).status == 200, "{film:?}");
    let seen = player::mpv(film[0]["url"].as_str().unwrap(), 20, 2, LIMIT).unwrap();
    assert!(seen.seconds > 20.5 && seen.seekable == Some(true), "{seen:?}");

    let episode = all_streams(&house, &made, "series", &format!("{SERIES}:1:2"));
    let url = episode[0]["url"].as_str().unwrap();
    let seek = player::ffmpeg(url, 20, 2, LIMIT).unwrap();
    assert!(seek.frames >= Some(20), "{seek:?}");
}

/// A household without a store: what was played from peers lies on the box, comes first, has its
/// hash, and stands in the catalogue of what is here.
#[test]
fn what_lies_on_the_box_comes_first_with_its_hash() {
    let house = House::slow(50_000_000, "");
    let made = install(&house, "Here");
    let url = |stream: &Value| path_of(&stream["url"]);
    let first = all_streams(&house, &made, "movie", FILM).remove(0);
    let whole = house.server.get(&url(&first));
    assert_eq!(whole.status, 200, "{}\n{}", whole.text(), house.server.log());
    let here = until("the film to lie here", LIMIT, || {
        let streams = streams(&house, &made, "movie", FILM);
        let here = streams[0]["name"].as_str().unwrap().contains("on this box");
        here.then(|| streams[0].clone())
    });
    assert_eq!(here["behaviorHints"]["videoSize"], json!(whole.body.len()));
    let hash = here["behaviorHints"]["videoHash"].as_str().expect("the hash is known");
    let numbers = |part: &[u8]| {
        let eights =
            part.chunks_exact(8).map(|eight| u64::from_le_bytes(eight.try_into().unwrap()));
        eights.fold(0_u64, u64::wrapping_add)
    };
    let (head, tail) = (&whole.body[..65_536], &whole.body[whole.body.len() - 65_536..]);
    let sum = (whole.body.len() as u64).wrapping_add(numbers(head)).wrapping_add(numbers(tail));
    assert_eq!(hash, format!("{sum:016x}"), "OpenSubtitles' rule");
    assert!(house.server.get(&url(&here)).body == whole.body, "the same film");
    let list = house.server.get(&below(&made, "catalog/movie/credenza-here.json")).json();
    assert_eq!(rows(&list, "metas")[0]["id"], json!(FILM));
}

#[test]
fn a_public_address_is_given_out_and_is_one_of_ours() {
    let house =
        House::of(|text| format!("{text}\n[server]\npublic_url = \"https://films.example/box\"\n"));
    let made = install(&house, "TV");
    let manifest = made["manifest"].as_str().unwrap();
    assert!(manifest.starts_with("https://films.example/box/stremio/"), "{manifest}");
    let link = made["install"].as_str().unwrap();
    assert!(link.starts_with("stremio://films.example/box/stremio/"), "{link}");
    // The proxy takes its own part of the path away, and keeps the Host.
    let proxied = |url: &Value| {
        let path = path_of(url);
        let path = path.strip_prefix("/box").expect("below the public address");
        house.server.ask("GET", path).with("Host", "films.example").send()
    };
    let path = json!(manifest.replace("manifest.json", &format!("stream/movie/{FILM}.json")));
    let answer = until("the indexes", LIMIT, || {
        let answer = proxied(&path).json();
        // Of an MP4 the index that tells file names has to have been heard.
        let mp4 = |stream: &Value| {
            let name = stream["behaviorHints"]["filename"].as_str();
            name.is_some_and(|name| name.contains(".mp4"))
        };
        rows(&answer, "streams").iter().any(mp4).then_some(answer)
    });
    let mut ready = 0;
    for stream in rows(&answer, "streams") {
        assert!(stream["url"].as_str().unwrap().starts_with("https://films.example/box/v/"));
        let hints = &stream["behaviorHints"];
        let mp4 = hints["filename"].as_str().is_some_and(|name| name.contains(".mp4"));
        assert_eq!(hints["notWebReady"], json!(!mp4), "MP4 by HTTPS: {stream}");
        ready += usize::from(mp4);
    }
    assert!(ready > 0, "{answer}");
    let first = proxied(&rows(&answer, "streams")[0]["url"]);
    assert_eq!(first.status, 200, "{}", first.text());
    let stranger = house.server.ask("GET", "/").with("Host", "other.example").send();
    assert_eq!(stranger.status, 421);
}

/// Subtitles of what plays, by its length and name as an app tells them.
#[test]
fn subtitles_of_what_plays_are_told_and_read() {
    let house = House::new();
    let made = install(&house, "TV");
    let id = format!("{SERIES}:1:2");
    let episode = all_streams(&house, &made, "series", &id);
    let told = until("subtitles", LIMIT, || {
        episode.iter().find_map(|stream| {
            let head = house.server.ask("HEAD", &path_of(&stream["url"])).send();
            let size = head.header("content-length").filter(|_| head.status == 200)?;
            let path = format!("subtitles/series/{id}/videoSize={size}.json");
            let answer = house.server.get(&below(&made, &path));
            assert_eq!(answer.status, 200, "{}", answer.text());
            let told = answer.json();
            (!rows(&told, "subtitles").is_empty()).then_some(told)
        })
    });
    for row in rows(&told, "subtitles") {
        assert!(row["id"].is_string(), "{row}");
        assert_eq!(row["lang"].as_str().map(str::len), Some(3), "{row}");
        let text = house.server.get(&path_of(&row["url"]));
        assert_eq!(text.status, 200, "{}", text.text());
        assert!(text.text().contains("-->"), "{}", text.text());
        assert_eq!(text.header("access-control-allow-origin"), Some("*"));
    }
}

/// Nothing can be played: a row says so, and leads to where it is mended.
#[test]
fn a_box_that_can_play_nothing_says_so_in_a_row() {
    let house = House::of(|text| {
        let kept = text.lines().filter(|line| !line.starts_with("token_file"));
        kept.collect::<Vec<_>>().join("\n").replace("enabled = true", "enabled = false")
    });
    let made = install(&house, "TV");
    let film = streams(&house, &made, "movie", FILM);
    assert_eq!(film.len(), 1, "{film:?}");
    assert!(film[0]["externalUrl"].as_str().unwrap().ends_with("/setup"));
    assert!(film[0]["description"].as_str().unwrap().contains("set a debrid token"), "{film:?}");
}
