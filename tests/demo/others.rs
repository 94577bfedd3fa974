//! The stand-ins beside `StremThru`: two add-ons, two catalogues and a tracker.

use std::net::SocketAddrV4;
use std::sync::Arc;

use credenza::demo::household::Household;
use credenza::demo::stand_in::animetosho::AnimeTosho;
use credenza::demo::stand_in::cinemeta::Cinemeta;
use credenza::demo::stand_in::comet::Comet;
use credenza::demo::stand_in::kitsu::Kitsu;
use credenza::demo::stand_in::mediafusion::MediaFusion;
use credenza::demo::stand_in::nyaa::Nyaa;
use credenza::demo::stand_in::opensubtitles::OpenSubtitles;
use credenza::demo::stand_in::peerflix::Peerflix;
use credenza::demo::stand_in::torrentio::Torrentio;
use credenza::demo::stand_in::torrentsdb::TorrentsDb;
use credenza::demo::stand_in::tracker::Tracker;
use credenza::demo::stand_in::zilean::Zilean;
use serde_json::{Value, json};

use super::{ask, body, bytes, recorded, same_fields};

#[test]
fn torrentio_answers_with_the_fields_of_torrentio() {
    let household = Arc::new(Household::build(&[]));
    let torrentio = Torrentio::new(household, vec!["http://127.0.0.1:1/announce".to_owned()]);
    let get = |path: &str| torrentio.answer(&ask("GET", path));
    let ours: Vec<Value> = [
        "/stream/movie/tt9900101.json",
        "/sort=seeders%7Climit=9/stream/series/tt9900102%3A1%3A2.json",
        "/stream/series/kitsu:99001:2.json",
    ]
    .map(|path| body(&get(path)))
    .to_vec();
    let theirs = recorded("torrentio/stream_series_unconfigured.json");
    same_fields("torrentio", &ours, &[theirs], &[]);
    assert!(ours.iter().all(|answer| !answer["streams"].as_array().unwrap().is_empty()));
    let all = ours[0].to_string();
    assert!(all.contains('\u{1F464}') && all.contains(" kB"), "{all}");

    let unsupported = recorded("torrentio/stream_unsupported_id_anidb.json");
    for id in ["anidb:69:1", "mal:21:1", "tt0000001", "nonsense"] {
        let reply = get(&format!("/stream/series/{id}.json"));
        assert_eq!((reply.status, body(&reply)), (200, unsupported.clone()), "{id}");
    }
    for path in
        ["/", "/stream/movie/tt9900101", "/stream/tv/tt9900101.json", "/meta/movie/tt1.json"]
    {
        assert_eq!(get(path).status, 404, "{path}");
    }
}

#[test]
fn the_other_add_ons_answer_with_their_own_fields() {
    let household = Arc::new(Household::build(&[]));
    let trackers = vec!["http://127.0.0.1:1/announce".to_owned()];
    let comet = Comet::new(household.clone(), trackers.clone());
    let torrentsdb = TorrentsDb::new(household.clone(), trackers.clone());
    let peerflix = Peerflix::new(household.clone(), trackers.clone());
    let mediafusion = MediaFusion::new(household, trackers);
    let answer = |name: &str, path: &str| match name {
        "comet" => comet.answer(&ask("GET", path)),
        "torrentsdb" => torrentsdb.answer(&ask("GET", path)),
        "peerflix" => peerflix.answer(&ask("GET", path)),
        _ => mediafusion.answer(&ask("GET", path)),
    };
    let (film, episode) = ("stream/movie/tt9900101.json", "stream/series/tt9900102:1:2.json");
    for (name, before, recording, free) in [
        ("comet", "/", "comet/stream_series_v2", &[][..]),
        ("torrentsdb", "/", "torrentsdb/stream_series", &[]),
        ("peerflix", "/", "peerflix/stream_series", &["title"]),
        ("mediafusion", "/", "mediafusion/stream_v6_default", &[]),
        ("mediafusion", "/kodi/", "mediafusion/kodi_stream", &[]),
    ] {
        let ours = [film, episode].map(|path| body(&answer(name, &format!("{before}{path}"))));
        assert!(ours.iter().all(|one| !one["streams"].as_array().unwrap().is_empty()), "{name}");
        same_fields(name, &ours, &[recorded(&format!("{recording}.json"))], free);
    }
    let nothing = "/stream/movie/tt0000001.json";
    let (unknown, empty) = (answer("peerflix", nothing), answer("comet", nothing));
    assert_eq!((unknown.status, body(&empty)), (404, json!({"streams": []})));
    for id in ["anidb:69:1", "tmdb:movie:1"] {
        let path = format!("/stream/movie/{id}.json");
        assert_eq!(body(&answer("comet", &path)), json!({"streams": []}), "{id}");
    }
    assert_eq!(answer("mediafusion", "/stream/series/kitsu:1.json").status, 400);
    let refused = body(&answer("mediafusion", "/D-secret/stream/movie/tt9900101.json"));
    assert_eq!(refused, recorded("mediafusion/stream_unauthorized.json"));
}

#[test]
fn zilean_answers_with_the_fields_of_zilean() {
    let zilean = Zilean::new(Arc::new(Household::build(&[])));
    let get = |path: &str| zilean.answer(&ask("GET", path));
    let names = |path: &str| -> Vec<String> {
        let found = body(&get(path));
        let names = found.as_array().unwrap().iter().map(|record| record["raw_title"].to_string());
        names.collect()
    };
    let ours = ["/dmm/filtered?ImdbId=tt9900102", "/dmm/filtered?ImdbId=tt9900101"]
        .map(|path| body(&get(path)));
    let free = ["imdb", "hdr[]", "audio[]", "channels[]", "languages", "seasons[]", "episodes[]"];
    same_fields("zilean", &ours, &[recorded("zilean/dmm_filtered.json")], &free);
    let titles = body(&zilean.answer(&ask("POST", "/imdb/search?Query=harbour%20watch")));
    same_fields("titles", &[titles], &[recorded("zilean/imdb_search.json")], &[]);

    assert_eq!(
        names("/dmm/filtered?imdbid=9900102&season=1&episode=2").len(),
        2,
        "pack and single"
    );
    assert_eq!(names("/dmm/filtered?Query=Paper%20Kites").len(), 2);
    for nothing in
        ["", "?ImdbId=tt9900103&Season=1", "?ImdbId=tt9900102&Episode=2", "?Query=Nothing"]
    {
        assert!(names(&format!("/dmm/filtered{nothing}")).is_empty(), "{nothing}");
    }
    for (method, path, status) in [
        ("GET", "/healthchecks/ping", 200),
        ("POST", "/dmm/search", 415),
        ("POST", "/dmm/filtered", 405),
        ("GET", "/torrents/all", 401),
        ("GET", "/nothing", 404),
    ] {
        assert_eq!(zilean.answer(&ask(method, path)).status, status, "{method} {path}");
    }
}

#[test]
fn anime_tosho_answers_with_the_fields_of_its_successor() {
    let trackers = vec!["http://127.0.0.1:1/announce".to_owned()];
    let site = AnimeTosho::new(Arc::new(Household::build(&[])), trackers);
    let get = |path: &str| site.answer(&ask("GET", path));
    let found = body(&get("/json/v1/search?q=paper%20kites&limit=100"));
    let recording = recorded("animetosho/xyz_v1_search.json");
    // What a batch has no number for is null.
    same_fields("animetosho", std::slice::from_ref(&found), &[recording], &["episode_number"]);
    assert_eq!(found["data"].as_array().unwrap().len(), 2);
    let entry = body(&get("/json/v1/series/anidb/99201?limit=100&offset=0"));
    assert_eq!(entry["data"]["releases"], found["data"]);
    for (path, count) in [
        ("/json/v1/search?q=Paper+Kites+02", 2),
        ("/json/v1/search?q=Paper+Kites+2&limit=1", 1),
        ("/json/v1/search?q=Harbour+Watch", 0),
    ] {
        assert_eq!(body(&get(path))["data"].as_array().unwrap().len(), count, "{path}");
    }
    for path in ["/", "/json/v1/series/anidb/1", "/json/v1/series/anidb/x", "/json?q=x"] {
        assert_eq!(get(path).status, 404, "{path}");
    }
}

#[test]
fn nyaa_answers_with_the_elements_of_its_template() {
    let nyaa = Nyaa::new(Arc::new(Household::build(&[])));
    let get = |path: &str| nyaa.answer(&ask("GET", path));
    let feed = |path: &str| String::from_utf8(bytes(&get(path)).to_vec()).unwrap();
    let ours = feed("/?page=rss&q=Paper+Kites+%2802%7C2%29&c=1_0&f=0&s=seeders&o=desc");
    let theirs = include_str!("../data/nyaa/rss_torrent.xml");
    let names = |text: &str| -> Vec<String> {
        let item = text.split("<item>").nth(1).unwrap().split("</item>").next().unwrap();
        let names = item.split('<').filter(|part| !part.starts_with(['/', '!', 'a']));
        let names = names.filter_map(|part| part.split(['>', ' ']).next()).map(str::trim);
        names.filter(|name| !name.is_empty() && *name != "description").map(str::to_owned).collect()
    };
    assert_eq!(names(&ours), names(theirs));
    assert_eq!(ours.matches("<item>").count(), 2, "{ours}");
    assert!(ours.find("(01-02)") < ours.find("- 02 [720p]"), "by seeders: {ours}");
    for (path, status, items) in [
        ("/?page=rss&q=Harbour", 200, 0),
        ("/?page=rss&q=Paper&c=2_0", 200, 0),
        ("/?page=rss&q=Paper&s=name", 400, 0),
        ("/?q=Paper", 200, 0),
        ("/view/1", 404, 0),
    ] {
        let reply = get(path);
        assert_eq!((reply.status, feed(path).matches("<item>").count()), (status, items), "{path}");
    }
}

#[test]
fn cinemeta_answers_with_the_fields_of_cinemeta() {
    let cinemeta = Cinemeta::new("http://127.0.0.1:1");
    let get = |path: &str| cinemeta.answer(&ask("GET", path));
    for (path, recording, free) in [
        (
            "/meta/movie/tt9900101.json",
            "cinemeta/meta_movie_shape.json",
            &["cast[]", "trailers[]", "trailerStreams[]", "links[]"][..],
        ),
        (
            "/meta/series/tt9900102.json",
            "cinemeta/meta_series_shape.json",
            &["cast[]", "trailers[]", "writer[]", "hasScheduledVideos"],
        ),
        ("/catalog/movie/top/search=lamp%20tide.json", "cinemeta/catalog_search.json", &[]),
    ] {
        let reply = get(path);
        assert_eq!(reply.status, 200, "{path}");
        same_fields(path, &[body(&reply)], &[recorded(recording)], free);
    }
    let film = body(&get("/meta/movie/tt9900101.json"));
    assert!(film["meta"]["description"].as_str().unwrap().starts_with("A demonstration"));
    for path in ["/meta/movie/tt0111161.json", "/meta/movie/tt9900102.json"] {
        assert_eq!(body(&get(path)), json!({"meta": {}}), "{path}");
    }
    for path in ["/", "/meta/movie/tt9900101", "/meta/channel/x.json", "/poster/small/tt1/img"] {
        assert_eq!(get(path).status, 404, "{path}");
    }
    let poster = get("/poster/small/tt9900101/img");
    assert_eq!(&bytes(&poster)[..3], b"\xff\xd8\xff", "a JPEG");
}

#[test]
fn opensubtitles_answers_with_the_fields_of_its_add_on() {
    let household = Arc::new(Household::build(&[]));
    let service = OpenSubtitles::new(household, "http://127.0.0.1:1");
    let get = |path: &str| service.answer(&ask("GET", path));
    let ours = ["/subtitles/movie/tt9900101.json", "/subtitles/series/tt9900102%3A1%3A2.json"]
        .map(|path| body(&get(path)));
    let theirs = recorded("../opensubtitles/subtitles_series.json");
    same_fields("opensubtitles", &ours, &[theirs], &["cacheMaxAge"]);
    let film = credenza::demo::reel::FILM_MP4;
    let end = 64 << 10;
    let (head, tail) = (&film[..end], &film[film.len() - end..]);
    let hash = credenza::media::video_hash(film.len() as u64, head, tail).unwrap();
    let first = |told: &str| {
        let list = body(&get(&format!("/subtitles/movie/tt9900101/{told}.json")));
        list["subtitles"][0]["m"].clone()
    };
    assert_eq!(first(&format!("videoHash={hash}&filename=A%20%26%20B.mp4")), json!("h"));
    assert_eq!(first("videoHash=0000000000000001&videoSize=5"), json!("i"));
    let german = get("/en/download/file/9901");
    assert!(bytes(&german).windows(3).any(|part| part == b"tr\xe4"), "in Windows-1252");
    let third = get("/en/download/subencoding-stremio-utf8/src-api/file/9930");
    assert_eq!(bytes(&third), credenza::demo::reel::EPISODES_SRT[2]);
    for path in ["/", "/subtitles/movie/tt9900101", "/en/download/file/9909", "/en/download/file/x"]
    {
        assert_eq!(get(path).status, 404, "{path}");
    }
    assert_eq!(body(&get("/subtitles/movie/tt0000001.json"))["subtitles"], json!([]));
}

#[test]
fn kitsu_maps_an_episode_to_imdbs_count_and_throws_at_what_it_does_not_know() {
    let kitsu = Kitsu::new("http://127.0.0.1:1");
    let get = |path: &str| kitsu.answer(&ask("GET", path));
    let meta = body(&get("/meta/anime/kitsu%3A99001.json"));
    let second = &meta["meta"]["videos"][1];
    assert_eq!(meta["meta"]["name"], "Paper Kites");
    assert_eq!(
        (&second["id"], &second["imdb_id"], &second["imdbSeason"], &second["imdbEpisode"]),
        (&json!("kitsu:99001:2"), &json!("tt9900103"), &json!(1), &json!(2))
    );
    for path in ["/meta/anime/kitsu:1.json", "/meta/anime/nonsense.json"] {
        let reply = get(path);
        assert_eq!((reply.status, body(&reply)), (500, json!({"err": "handler error"})), "{path}");
    }
    assert_eq!(get("/nothing").status, 404);
}

#[test]
fn the_tracker_names_the_seeder_of_what_is_seeded() {
    let household = Arc::new(Household::build(&[]));
    let seeder: SocketAddrV4 = "127.0.0.1:51413".parse().unwrap();
    let tracker = Tracker::new(household.clone(), seeder);
    let announce = |hash: &[u8], rest: &str| {
        let hash = percent_encoding::percent_encode(hash, percent_encoding::NON_ALPHANUMERIC);
        let url = format!("/announce?info_hash={hash}&{rest}");
        bytes(&tracker.answer(&ask("GET", &url))).to_vec()
    };
    let rest = "peer_id=-XX0001-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=1&compact=1";
    for release in &household.releases {
        let body = announce(release.info_hash.as_bytes(), rest);
        let peer = [&b"5:peers6:"[..], &[127, 0, 0, 1, 0xc8, 0xd5], b"e"].concat();
        let has = body.windows(peer.len()).any(|part| part == peer);
        assert_eq!(has, release.recipe.seeded, "{}", release.recipe.name);
    }
    for (hash, rest, reason) in [
        (&[7_u8; 20][..], rest, "torrent not registered"),
        (&[7; 19], rest, "invalid info_hash"),
        (&[7; 20], "port=1", "invalid peer_id"),
    ] {
        let expected = format!("d14:failure reason{}:{reason}e", reason.len());
        assert_eq!(announce(hash, rest), expected.as_bytes());
    }
    assert_eq!(tracker.answer(&ask("GET", "/")).status, 404);
}
