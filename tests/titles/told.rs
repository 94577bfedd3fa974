//! What the upstreams' answers tell, and what stands when they do not answer.

use std::time::Duration;

use credenza::cache::Cache;
use credenza::media::Query;
use credenza::secret::Secret;
use credenza::title::{Kind, List, Titles};
use serde_json::{Value, json};

use super::{client, look_up, titles};
use crate::support::upstream::{Reply, Upstream};

#[tokio::test]
async fn titles_are_read_from_cinemeta_and_the_kitsu_add_on() {
    let (cinemeta, kitsu) = (Upstream::start(), Upstream::start());
    let film = include_str!("../data/cinemeta/meta_movie_shape.json");
    cinemeta.on("/meta/movie/tt1254207.json", Reply::json(film));
    let series = include_str!("../data/cinemeta/meta_series_shape.json");
    cinemeta.on("/meta/series/tt9900001.json", Reply::json(series));
    kitsu.on(
        "/meta/anime/kitsu:990001.json",
        Reply::json(include_str!("../data/kitsu/meta_series.json")),
    );
    kitsu.on(
        "/meta/anime/kitsu:990002.json",
        Reply::json(include_str!("../data/kitsu/meta_special.json")),
    );
    let titles = titles(&cinemeta, &kitsu);
    for (id, name, year, imdb, air_date) in [
        ("tt1254207", "Big Buck Bunny", 2008, "tt1254207", None),
        ("tt9900001:1:2", "Harbour Lights", 2021, "tt9900001:1:2", Some("2021-05-14")),
        ("tt9900001:0:1", "Harbour Lights", 2021, "tt9900001:0:1", Some("2021-05-01")),
        ("tt9900001:7:7", "Harbour Lights", 2021, "tt9900001:7:7", None),
        ("kitsu:990001:2", "Tokei no Tako", 2021, "tt9900002:2:2", Some("2021-04-10")),
        // IMDb does not count the recap.
        ("kitsu:990001:3", "Tokei no Tako", 2021, "", Some("2021-04-17")),
        ("kitsu:990002", "Tokei no Tako Movie", 2022, "tt9900003", None),
    ] {
        let id = id.parse().unwrap();
        let title = titles.look_up(&id).await.unwrap().unwrap();
        assert_eq!((title.name.as_str(), title.year), (name, Some(year)), "{id}");
        assert_eq!(title.air_date.as_deref(), air_date, "{id}");
        let query = Query { id, title: Some(title) };
        assert_eq!(query.imdb().map(|id| id.to_string()).unwrap_or_default(), imdb, "{id}");
    }
    let title = titles.look_up(&"kitsu:990001:1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(title.aliases, ["Clockwork Kite", "Tokei Tako"]);

    let rows = titles.episodes("tt9900001".parse().unwrap()).await.unwrap();
    let rows: Vec<_> =
        rows.iter().map(|row| (row.episode.to_string(), row.name.as_str())).collect();
    assert_eq!(rows, [("1:2".to_owned(), "The Long Ebb"), ("0:1".to_owned(), "Inside")]);
}

#[tokio::test]
async fn an_unknown_title_is_nobody_and_a_broken_place_is_an_error() {
    for (reply, known) in [
        (Reply::json(r#"{"meta":{}}"#), Some(false)),
        (Reply::json(r#"{"meta":null}"#), Some(false)),
        (Reply::json("{}"), Some(false)),
        (Reply::json("null"), Some(false)),
        (Reply::status(404), Some(false)),
        (Reply::json("{}").with_status(404), Some(false)),
        (Reply::json(r#"{"meta":{"name":"X","year":null,"videos":null,"imdb_id":5}}"#), Some(true)),
        (Reply::json(r#"{"meta":{"name":"X","videos":[null,5,{"season":"x"}]}}"#), Some(true)),
        (Reply::html("<title>Welcome</title>"), None),
        (Reply::status(500), None),
        (Reply::json("{").cut_after(0), None),
    ] {
        let upstream = Upstream::start();
        upstream.on("/meta/series/tt9900001.json", reply.clone());
        upstream.on("/meta/anime/kitsu:8000005.json", reply.clone());
        let titles = titles(&upstream, &upstream);
        for id in ["tt9900001:1:2", "kitsu:8000005:1"] {
            let title = titles.look_up(&id.parse().unwrap()).await;
            assert_eq!(title.as_ref().ok().map(Option::is_some), known, "{reply:?}: {title:?}");
        }
    }
    let upstream = Upstream::start();
    for (id, asked) in [
        ("anidb:8000005:1", Some("/meta/anime/anidb:8000005.json")),
        ("mal:8000005:1", Some("/meta/anime/mal:8000005.json")),
        // Nobody is asked for TMDB's numbers without a key.
        ("tmdb:movie:8000005", None),
        ("tmdb:tv:8000005:1:1", None),
    ] {
        let before = upstream.requests().len();
        let title = titles(&upstream, &upstream).look_up(&id.parse().unwrap()).await;
        assert!(title.unwrap().is_none(), "{id}");
        let seen = upstream.requests().split_off(before);
        assert_eq!(seen.first().map(|seen| seen.path.as_str()), asked, "{id}");
    }
}

#[tokio::test]
async fn a_search_asks_every_catalogue_and_one_of_them_is_enough() {
    let upstream = Upstream::start();
    let films = include_str!("../data/cinemeta/catalog_search.json");
    let series = r#"{"metas":[{"id":"tt3123886","name":"Big Lights","releaseInfo":"2021–","poster":"file:///x"},{"id":"x"},null]}"#;
    let path = |kind: &str| format!("/catalog/{kind}/top/search=big%20%2F%20b%C3%BCck%3F.json");
    upstream.on(&path("movie"), Reply::json(films));
    upstream.on(&path("series"), Reply::json(series));
    // What Cinemeta has is not told twice; what it has not is an anime.
    let anime = r#"{"metas":[{"id":"kitsu:1007","name":"Twice","animeType":"TV"},
        {"id":"kitsu:990001","name":"Big Kite","year":"2021","poster":"https://x.example/1.jpg"},
        {"id":"kitsu:x","name":"Bad"},{"id":"kitsu:7"}]}"#;
    let kitsu = "/catalog/anime/kitsu-anime-list/search=big%20%2F%20b%C3%BCck%3F.json";
    upstream.on(kitsu, Reply::json(anime));
    let titles = titles(&upstream, &upstream);
    let found = titles.search(" big / bück? ").await.unwrap().value;
    let seen: Vec<_> = found
        .iter()
        .map(|row| (row.id.to_string(), row.kind, row.year, row.poster.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            ("tt1254207".to_owned(), Kind::Movie, Some(2008), true),
            ("tt3123886".to_owned(), Kind::Series, Some(2021), false),
            ("kitsu:990001".to_owned(), Kind::Anime, Some(2021), true)
        ]
    );
    upstream.on(kitsu, Reply::status(500));
    upstream.on(&path("series"), Reply::status(500));
    assert_eq!(titles.search("big / bück?").await.unwrap().value.len(), 1);
    upstream.on(&path("movie"), Reply::status(500));
    assert!(titles.search("big / bück?").await.is_err());
    assert!(titles.search("  ").await.unwrap().value.is_empty());
}

#[tokio::test]
async fn with_a_key_a_search_finds_what_tmdb_alone_knows() {
    let (cinemeta, tmdb) = (Upstream::start(), Upstream::start());
    let films = include_str!("../data/cinemeta/catalog_search.json");
    cinemeta.on("/catalog/movie/top/search=sea.json", Reply::json(films));
    cinemeta.on("/catalog/series/top/search=sea.json", Reply::json(r#"{"metas":[]}"#));
    cinemeta.on("/catalog/anime/kitsu-anime-list/search=sea.json", Reply::json(r#"{"metas":[]}"#));
    // Known to Cinemeta too; known to IMDb; a film and a series that IMDb does not know; a person.
    let rows = r#"{"results":[
        {"media_type":"movie","id":870010,"title":"Twice","release_date":"2019-01-02"},
        {"media_type":"tv","id":870011,"name":"Sea Series","first_air_date":"2020-05-05","poster_path":"/p.jpg"},
        {"media_type":"movie","id":870012,"title":"Sea Film","release_date":""},
        {"media_type":"tv","id":870013,"name":"Nowhere Else"},
        {"media_type":"person","id":870014,"name":"A Person"},
        {"media_type":"movie","id":"no number","title":"Broken"},
        7]}"#;
    tmdb.on("/3/search/multi", Reply::json(rows));
    let known = first_id(films);
    for (path, imdb) in [("movie/870010", known.as_str()), ("tv/870011", "tt0990011")] {
        let ids = format!(r#"{{"imdb_id":"{imdb}"}}"#);
        tmdb.on(&format!("/3/{path}/external_ids"), Reply::json(ids));
    }
    let both = client(&[&cinemeta, &tmdb]);
    let titles = Titles::new(both, cinemeta.url("/"), cinemeta.url("/"))
        .with_tmdb_and_images(tmdb.url("/3"), cinemeta.url("/"));
    let without = titles.search("sea").await.unwrap().value;
    assert!(tmdb.requests().is_empty(), "there is no key");
    titles.use_tmdb_key(Some(Secret::new("0123456789abcdef0123456789abcdef")));
    let found = titles.search("sea").await.unwrap().value;
    let more: Vec<String> = found[without.len()..].iter().map(|row| row.id.to_string()).collect();
    assert_eq!(more, ["tt0990011", "tmdb:movie:870012"]);
    assert_eq!((found[without.len()].year, found[without.len() + 1].year), (Some(2020), None));
    // TMDB alone is enough, and its silence hides nothing.
    for kind in ["movie", "series"] {
        let path = format!("/catalog/{kind}/top/search=sea.json");
        cinemeta.on(&path, Reply::status(500));
    }
    assert_eq!(titles.search("sea").await.unwrap().value.len(), 3);
    tmdb.on("/3/search/multi", Reply::status(500));
    assert!(titles.search("sea").await.is_err());
}

/// The first id of a catalogue's answer.
fn first_id(catalogue: &str) -> String {
    let rows: serde_json::Value = serde_json::from_str(catalogue).unwrap();
    rows["metas"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn details_are_read_from_the_recording_and_tmdb_fills_what_is_missing() {
    let (cinemeta, tmdb) = (Upstream::start(), Upstream::start());
    let film = include_str!("../data/cinemeta/meta_movie_shape.json");
    cinemeta.on("/meta/movie/tt1254207.json", Reply::json(film));
    let titles = Titles::new(client(&[&cinemeta, &tmdb]), cinemeta.url("/"), cinemeta.url("/"))
        .with_tmdb_and_images(tmdb.url("/3"), cinemeta.url("/"));
    let id = "tt1254207".parse().unwrap();
    let told = titles.details(&id).await.unwrap().unwrap();
    assert_eq!(told.age, None);
    let film = told.value;
    assert_eq!((film.kind, film.year, film.runtime_min), (Kind::Movie, Some(2008), Some(10)));
    assert_eq!((film.rating, film.plot.as_deref()), (Some(6.4), Some("A giant rabbit\u{2026}")));
    assert_eq!(film.genres, ["Animation", "Short", "Comedy"]);
    assert_eq!((film.trailers, film.cast.len()), (vec!["aqz-KE-bpKQ".to_owned()], 0));
    assert_eq!((film.tmdb, film.aliases.len()), (Some(10378), 0));

    let more = json!({
        "id": 10378, "imdb_id": "tt1254207", "title": "Big Buck Bunny",
        "original_title": "Peach", "release_date": "", "runtime": 8, "vote_average": 6.5,
        "overview": "Another plot", "poster_path": "/x.jpg", "backdrop_path": null,
        "genres": null, "credits": {"cast": [{"name": "A. Rabbit"}, null, {"name": 5}]},
        "videos": serde_json::from_str::<Value>(include_str!("../data/tmdb/videos.json")).unwrap(),
        "alternative_titles": {"titles": [{"title": "B\u{fc}ck"}, {"title": "Peach"}]},
    });
    tmdb.on("/3/movie/10378", Reply::json(more.to_string()));
    titles.use_tmdb_key(Some(Secret::new("0123456789abcdef0123456789abcdef")));
    let film = titles.details(&id).await.unwrap().unwrap().value;
    assert_eq!(film.aliases, ["Peach", "B\u{fc}ck"]);
    assert_eq!((film.cast.as_slice(), film.runtime_min), (&["A. Rabbit".to_owned()][..], Some(10)));
    assert_eq!(film.plot.as_deref(), Some("A giant rabbit\u{2026}"), "Cinemeta's own stands");
    // Where Cinemeta has nothing, TMDB stands in.
    cinemeta.on("/meta/movie/tt1254207.json", Reply::status(404));
    let found = include_str!("../data/tmdb/find_imdb.json");
    tmdb.on("/3/find/tt1254207", Reply::json(found));
    let film = titles.details(&id).await.unwrap().unwrap().value;
    assert_eq!(
        (film.name.as_str(), film.plot.as_deref()),
        ("Big Buck Bunny", Some("Another plot"))
    );
    assert_eq!(film.trailers, ["aqz-KE-bpKQ"]);
    let title = look_up(&titles, "tt1254207").await.unwrap();
    assert_eq!(title.aliases, ["Peach", "B\u{fc}ck"]);
}

#[tokio::test]
async fn catalogues_are_asked_by_genre_and_part_and_only_in_sound_words() {
    let upstream = Upstream::start();
    let rows = include_str!("../data/cinemeta/catalog_search.json");
    for (list, path) in [
        ((Kind::Movie, None, 0), "/catalog/movie/top.json"),
        ((Kind::Series, Some("Sci-Fi"), 0), "/catalog/series/top/genre=Sci-Fi.json"),
        ((Kind::Movie, Some("Action"), 50), "/catalog/movie/top/genre=Action&skip=50.json"),
        ((Kind::Movie, None, 100), "/catalog/movie/top/skip=100.json"),
    ] {
        upstream.on(path, Reply::json(rows));
        let (kind, genre, skip) = list;
        let list = List { kind, genre: genre.map(str::to_owned), skip };
        let found = titles(&upstream, &upstream).popular(&list).await.unwrap().value;
        assert_eq!(found.len(), 1, "{path}: {:?}", upstream.requests().last());
    }
    let anime = r#"{"metas":[{"id":"kitsu:1","name":"One","animeType":"movie"},{"id":"kitsu:2","name":"Two"}]}"#;
    upstream.on("/catalog/anime/kitsu-anime-trending.json", Reply::json(anime));
    upstream
        .on("/catalog/anime/kitsu-anime-popular/genre=Slice%20of%20Life.json", Reply::json(anime));
    for genre in [None, Some("Slice of Life".to_owned())] {
        let list = List { kind: Kind::Anime, genre, skip: 0 };
        let found = titles(&upstream, &upstream).popular(&list).await.unwrap().value;
        assert_eq!(found.iter().map(|row| row.film).collect::<Vec<_>>(), [true, false]);
    }
    let before = upstream.requests().len();
    let long = "x".repeat(41);
    for (genre, skip) in
        [("a&skip=1", 0), ("../x", 0), ("a=b", 0), (long.as_str(), 0), ("A", 10_001)]
    {
        let list = List { kind: Kind::Movie, genre: Some(genre.to_owned()), skip };
        let found = titles(&upstream, &upstream).popular(&list).await.unwrap();
        assert!(found.value.is_empty(), "{genre}");
    }
    assert_eq!(upstream.requests().len(), before);
}

#[tokio::test]
async fn an_old_answer_stands_where_nobody_answers_and_says_its_age() {
    let upstream = Upstream::start();
    let film = include_str!("../data/cinemeta/meta_movie_shape.json");
    upstream.script(
        "/meta/movie/tt1254207.json",
        [Reply::json(film), Reply::status(500), Reply::json(r#"{"meta":{}}"#)],
    );
    let folder = tempfile::tempdir().unwrap();
    let (cache, _) = Cache::open(folder.path());
    let titles = titles(&upstream, &upstream).with_cache(cache.clone());
    let id = "tt1254207".parse().unwrap();
    let told = titles.details(&id).await.unwrap().unwrap();
    // As if it had been told without what TMDB adds: a key makes it be asked for again.
    let mut value = told.value.clone();
    value.completed = false;
    cache.put_answer("title/tt1254207", &value);
    titles.use_tmdb_key(Some(Secret::new("0123456789abcdef0123456789abcdef")));
    for _ in 0..2 {
        let older = titles.details(&id).await.unwrap().unwrap();
        assert_eq!(older.value.name, "Big Buck Bunny");
        assert!(older.age.is_some_and(|age| age < Duration::from_secs(60)), "{:?}", older.age);
    }
}
