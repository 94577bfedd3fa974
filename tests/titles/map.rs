//! The map of anime ids: built in, fetched, damaged.

use std::time::Duration;

use credenza::title::anime_map::{Kept, Refresh};
use credenza::title::{AnimeMap, Titles};
use serde_json::{Value, json};

use super::{client, look_up, meanings, nobody, titles};
use crate::support::upstream::{Reply, Upstream};

#[tokio::test]
async fn without_a_network_the_built_in_map_says_which_id_is_which() {
    let titles = nobody();
    for (id, imdb, kitsu, anidb, numbers) in [
        ("anidb:7", "tt0119698", "kitsu:142", "anidb:7", &[][..]),
        ("mal:164", "tt0119698", "kitsu:142", "anidb:7", &[]),
        ("tt0119698", "tt0119698", "kitsu:142", "anidb:7", &[]),
        ("tmdb:movie:128", "tt0119698", "kitsu:142", "anidb:7", &[]),
        ("kitsu:5:3", "tt3123886:1:3", "kitsu:5:3", "", &[3]),
        ("kitsu:1007:3", "tt3123886:2:3", "kitsu:1007:3", "", &[3]),
        ("tt3123886:2:3", "tt3123886:2:3", "kitsu:1007:3", "", &[3]),
        ("anidb:69:5", "", "", "anidb:69:5", &[5]),
        ("mal:16498:5", "", "", "anidb:9541:5", &[5]),
        ("tmdb:tv:8864:0:12", "tt1164545:0:12", "kitsu:2895:1", "anidb:5459:1", &[1]),
    ] {
        assert!(titles.is_anime(&id.parse().unwrap()), "{id}");
        let title = look_up(&titles, id).await.unwrap();
        assert!(title.is_anime && title.name.is_empty(), "{id}: {title:?}");
        let wanted = (imdb.to_owned(), kitsu.to_owned(), anidb.to_owned(), numbers.to_vec());
        assert_eq!(meanings(id, title), wanted, "{id}");
    }
}

/// A list of episodes, as Cinemeta tells it.
fn series(id: &str, name: &str, lengths: &[u32]) -> Value {
    let seasons = (1..).zip(lengths);
    let videos: Vec<Value> = seasons
        .flat_map(|(season, last)| (1..=*last).map(move |n| (season, n)))
        .map(|(season, number): (u32, u32)| {
            json!({"season": season, "number": number, "name": format!("{season}/{number}"),
                   "released": "2001-02-03T00:00:00.000Z"})
        })
        .collect();
    let special = json!({"season": 0, "number": 1, "name": "Special"});
    let videos: Vec<Value> = [special].into_iter().chain(videos).collect();
    json!({"meta": {"id": id, "name": name, "type": "series", "videos": videos,
                    "moviedb_id": 9_900_500, "genres": ["Animation"]}})
}

/// Titles with a fetched map of these rows.
async fn with_map(
    cinemeta: &Upstream,
    list: &Value,
    mapping: &Value,
) -> (Titles, tempfile::TempDir) {
    let lists = Upstream::start();
    lists.on("/list.json", Reply::ok(list.to_string()));
    lists.on("/mapping.json", Reply::ok(mapping.to_string()));
    let folder = tempfile::tempdir().unwrap();
    let map = AnimeMap::default();
    let refresh = Refresh {
        client: client(&[&lists]),
        list: lists.url("/list.json"),
        mapping: lists.url("/mapping.json"),
        map: map.clone(),
        kept: Kept::in_folder(folder.path()),
    };
    assert_eq!(refresh.due(), Duration::ZERO);
    let wait = refresh.run().await;
    assert!(wait > Duration::from_secs(6 * 24 * 3600), "not more than weekly");
    assert!(refresh.due() > Duration::from_secs(6 * 24 * 3600), "{:?}", refresh.due());
    (titles(cinemeta, cinemeta).with_map(map), folder)
}

#[tokio::test]
async fn a_late_episode_of_a_long_anime_has_its_number_through_all_seasons() {
    let cinemeta = Upstream::start();
    // The season and the number say 23:15; releases say 1136.
    let lengths: Vec<u32> = std::iter::repeat_n(51, 21).chain([50, 15, 4]).collect();
    let meta = series("tt9900500", "Long Voyage", &lengths);
    cinemeta.on("/meta/series/tt9900500.json", Reply::json(meta.to_string()));
    let list = json!([{"anidb_id": 990_500, "kitsu_id": 990_501, "mal_id": 990_502,
                       "imdb_id": ["tt9900500"], "themoviedb_id": {"tv": 9_900_500}}]);
    let mapping = json!([{"kitsu_id": 990_501, "imdb_id": "tt9900500", "fromSeason": 1,
                          "fromEpisode": 1, "nonImdbEpisodes": [590]}]);
    let (titles, _folder) = with_map(&cinemeta, &list, &mapping).await;
    let at_imdb = "tt9900500:23:15";
    for id in [
        at_imdb,
        "kitsu:990501:1137",
        "anidb:990500:1137",
        "mal:990502:1137",
        "tmdb:tv:9900500:23:15",
    ] {
        let title = look_up(&titles, id).await.unwrap();
        assert_eq!((title.name.as_str(), title.is_anime), ("Long Voyage", true), "{id}");
        // 21 seasons of 51, one of 50, and 15; one more at Kitsu, which counts a recap.
        assert_eq!(title.absolute, Some(21 * 51 + 50 + 15), "{id}");
        let (imdb, kitsu, anidb, numbers) = meanings(id, title);
        assert_eq!(
            (imdb.as_str(), kitsu.as_str(), anidb.as_str()),
            (at_imdb, "kitsu:990501:1137", "anidb:990500:1137"),
            "{id}"
        );
        assert_eq!(numbers, [1137, 1136], "{id}");
    }
    // The recap itself is nowhere at IMDb.
    let title = look_up(&titles, "kitsu:990501:590").await.unwrap();
    assert_eq!((title.imdb_episode, title.absolute), (None, None));
    // A first season needs no other number.
    let title = look_up(&titles, "tt9900500:1:7").await.unwrap();
    assert_eq!((title.absolute, title.kitsu.unwrap().episode), (None, Some(7)));
}

#[tokio::test]
async fn a_map_that_is_damaged_or_not_whole_changes_nothing() {
    let list = r#"[{"anidb_id":990500,"kitsu_id":990501}]"#;
    let folder = tempfile::tempdir().unwrap();
    let kept = Kept::in_folder(folder.path());
    let built_in = AnimeMap::default().rows();
    for (name, reply) in [
        ("half", Reply::ok(&list[..30])),
        ("cut", Reply::ok(list).cut_after(20)),
        ("page", Reply::html("<title>Sorry</title>")),
        ("nothing", Reply::ok("[]")),
        ("object", Reply::ok(r#"{"data":[]}"#)),
        ("500", Reply::status(500)),
        ("404", Reply::status(404)),
        ("nulls", Reply::ok(vec![0; 4_096])),
        ("deep", Reply::ok("[".repeat(100_000))),
        ("deep objects", Reply::ok(format!("[{}", "{\"a\":".repeat(100_000)))),
        ("80 MB", Reply::ok(" ".repeat(1 << 20)).repeated(80 << 20)),
    ] {
        let upstream = Upstream::start();
        upstream.on("/list.json", reply);
        let map = AnimeMap::default();
        let refresh = Refresh {
            client: client(&[&upstream]),
            list: upstream.url("/list.json"),
            mapping: upstream.url("/mapping.json"),
            map: map.clone(),
            kept: kept.clone(),
        };
        let again = refresh.run().await;
        assert!(again < Duration::from_secs(24 * 3600), "{name}: tried again the same day");
        assert_eq!(map.rows(), built_in, "{name}");
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "{name}: nothing kept");
    }
    // Without the second list the first one counts; and it is read back at the next start.
    let upstream = Upstream::start();
    upstream.on("/list.json", Reply::ok(list));
    let map = AnimeMap::default();
    let refresh = Refresh {
        client: client(&[&upstream]),
        list: upstream.url("/list.json"),
        mapping: upstream.url("/mapping.json"),
        map: map.clone(),
        kept: kept.clone(),
    };
    refresh.run().await;
    assert_eq!(map.rows(), 1);
    let next = AnimeMap::default();
    kept.load(&next);
    assert_eq!(next.rows(), 1);
    // A worn card: the file is there, but not as it was.
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[50] ^= 1;
    for damaged in [bytes.as_slice(), &bytes[..60], b""] {
        std::fs::write(&file, damaged).unwrap();
        let next = AnimeMap::default();
        kept.load(&next);
        assert_eq!(next.rows(), built_in);
    }
}

#[tokio::test]
async fn the_recorded_lists_say_which_id_is_which() {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let list = read(include_str!("../data/anime-ids/fribb_full.json"));
    let mapping = read(include_str!("../data/anime-ids/kitsu_imdb_mapping.json"));
    let gone = Upstream::start();
    let (titles, _folder) = with_map(&gone, &list, &mapping).await;
    for (id, imdb, kitsu, anidb) in [
        // A film by each of its numbers.
        ("mal:164", "tt0119698", "kitsu:142", "anidb:7"),
        ("tmdb:movie:128", "tt0119698", "kitsu:142", "anidb:7"),
        // One that stands among another's specials, from the twelfth on.
        ("tmdb:tv:8864:0:12", "tt1164545:0:12", "kitsu:2895:1", "anidb:5459:1"),
        ("mal:3269:1", "tt1164545:0:12", "kitsu:2895:1", "anidb:5459:1"),
        // Of the mapping alone: without a place it begins with the first; with one, where that is.
        ("kitsu:1:5", "tt0213338:1:5", "kitsu:1:5", ""),
        ("kitsu:1007:3", "tt3123886:2:3", "kitsu:1007:3", ""),
        ("tt3123886:2:3", "tt3123886:2:3", "kitsu:1007:3", ""),
    ] {
        let title = look_up(&titles, id).await.unwrap_or_else(|| panic!("{id} is not known"));
        assert!(title.is_anime, "{id}");
        let (at_imdb, at_kitsu, at_anidb, _) = meanings(id, title);
        assert_eq!((at_imdb.as_str(), at_kitsu.as_str(), at_anidb.as_str()), (imdb, kitsu, anidb));
    }
}
