//! TMDB's numbers and keys.

use std::path::Path;
use std::time::Duration;

use credenza::cache::Cache;
use credenza::media::StremioId;
use credenza::secret::Secret;
use credenza::title::Titles;

use super::{client, look_up, meanings};
use crate::support::aged::age;
use crate::support::upstream::{Reply, Upstream};

#[tokio::test]
async fn numbers_of_tmdb_are_translated_by_what_cinemeta_told_or_with_a_key_by_tmdb() {
    let (cinemeta, tmdb) = (Upstream::start(), Upstream::start());
    let film = include_str!("../data/cinemeta/meta_movie_shape.json");
    cinemeta.on("/meta/movie/tt1254207.json", Reply::json(film));
    let told = include_str!("../data/cinemeta/meta_series_shape.json");
    cinemeta.on("/meta/series/tt9900001.json", Reply::json(told));
    let folder = tempfile::tempdir().unwrap();
    let (cache, _) = Cache::open(folder.path());
    let both = client(&[&cinemeta, &tmdb]);
    let titles = Titles::new(both, cinemeta.url("/"), cinemeta.url("/"))
        .with_cache(cache)
        .with_tmdb_and_images(tmdb.url("/3"), cinemeta.url("/"));
    // The film was looked up before, and Cinemeta told its number.
    assert_eq!(look_up(&titles, "tmdb:movie:10378").await, None);
    look_up(&titles, "tt1254207").await.unwrap();
    let title = look_up(&titles, "tmdb:movie:10378").await.unwrap();
    assert_eq!(title.name, "Big Buck Bunny");
    assert_eq!(meanings("tmdb:movie:10378", title).0, "tt1254207");
    assert!(tmdb.requests().is_empty(), "there is no key");

    // Both forms of keys, and ids that TMDB lacks.
    let ids = r#"{"id":870000,"imdb_id":"tt9900001","tvdb_id":360000}"#;
    for (number, key) in
        [(870_001, "0123456789abcdef0123456789abcdef"), (870_002, "eyJh.eyJi.c2ln")]
    {
        tmdb.on(&format!("/3/tv/{number}/external_ids"), Reply::json(ids));
        titles.use_tmdb_key(Some(Secret::new(key)));
        let id = format!("tmdb:tv:{number}:1:2");
        let title = look_up(&titles, &id).await.unwrap();
        assert_eq!(title.air_date.as_deref(), Some("2021-05-14"));
        assert_eq!(meanings(&id, title).0, "tt9900001:1:2");
        let asked = tmdb.requests().pop().unwrap();
        let header = asked.header("authorization").map(str::to_owned);
        let sent = (asked.query.contains(key), header.is_some_and(|value| value.ends_with(key)));
        assert_eq!(sent, if key.starts_with("eyJ") { (false, true) } else { (true, false) });
    }
    let count = tmdb.requests().len();
    look_up(&titles, "tmdb:tv:870001:1:1").await.unwrap();
    assert_eq!(tmdb.requests().len(), count, "it is known now");
    let null = include_str!("../data/tmdb/external_ids_tv.json");
    tmdb.on("/3/tv/870003/external_ids", Reply::json(null));
    assert_eq!(look_up(&titles, "tmdb:tv:870003:1:1").await, None);
    // A refused key, a key that is none: one sentence, and nothing of the key in it.
    let refused = include_str!("../data/tmdb/error_401.json");
    tmdb.on("/3/authentication", Reply::json(refused).with_status(401));
    tmdb.on("/3/tv/870004/external_ids", Reply::json(refused).with_status(401));
    let key = Secret::new("0123456789abcdef0123456789abcdef");
    titles.use_tmdb_key(Some(key.clone()));
    let error = titles.look_up(&"tmdb:tv:870004:1:1".parse().unwrap()).await.unwrap_err();
    let checked = titles.check_tmdb_key(&key).await.unwrap_err();
    for error in [error.to_string(), checked.to_string()] {
        assert!(error.contains("TMDB does not accept this key"), "{error}");
        assert!(!error.contains("0123456789abcdef"), "{error}");
    }
    let before = tmdb.requests().len();
    for text in ["", "short", "0123456789abcdef0123456789abcdeg", "eyJ\u{e9}"] {
        let error = titles.check_tmdb_key(&Secret::new(text)).await.unwrap_err();
        assert!(error.to_string().contains("32 hex digits"), "{error}");
    }
    assert_eq!(tmdb.requests().len(), before, "nobody is asked for what is no key");
    tmdb.on("/3/authentication", Reply::json(r#"{"success":true}"#));
    titles.check_tmdb_key(&key).await.unwrap();
}

#[tokio::test]
async fn what_tmdb_does_not_have_is_nobody_and_no_fault() {
    let (cinemeta, tmdb) = (Upstream::start(), Upstream::start());
    let missing = Reply::json(include_str!("../data/tmdb/error_404.json")).with_status(404);
    for path in ["movie/870020", "movie/870020/external_ids", "tv/870021", "tv/870021/external_ids"]
    {
        tmdb.on(&format!("/3/{path}"), missing.clone());
    }
    let titles = Titles::new(client(&[&cinemeta, &tmdb]), cinemeta.url("/"), cinemeta.url("/"))
        .with_tmdb_and_images(tmdb.url("/3"), cinemeta.url("/"));
    titles.use_tmdb_key(Some(Secret::new("0123456789abcdef0123456789abcdef")));
    for id in ["tmdb:movie:870020", "tmdb:tv:870021:1:1"] {
        assert_eq!(look_up(&titles, id).await, None, "{id}");
        assert!(titles.details(&id.parse().unwrap()).await.unwrap().is_none(), "{id}");
    }
    assert!(!tmdb.requests().is_empty(), "it was asked");
}

#[tokio::test]
async fn names_that_were_asked_for_by_one_id_are_known_by_the_other() {
    let (cinemeta, tmdb) = (Upstream::start(), Upstream::start());
    let told =
        r#"{"title":"Harbour Lights","alternative_titles":{"titles":[{"title":"Hafenlichter"}]}}"#;
    tmdb.on("/3/movie/870010", Reply::json(told));
    let folder = tempfile::tempdir().unwrap();
    let (cache, _) = Cache::open(folder.path());
    let titles = Titles::new(client(&[&cinemeta, &tmdb]), cinemeta.url("/"), cinemeta.url("/"))
        .with_cache(cache)
        .with_tmdb_and_images(tmdb.url("/3"), cinemeta.url("/"));
    titles.use_tmdb_key(Some(Secret::new("0123456789abcdef0123456789abcdef")));
    let id: StremioId = "tmdb:movie:870010".parse().unwrap();
    let imdb = Some("tt9900001".parse().unwrap());
    assert_eq!(titles.known_names(&id, imdb), None);
    // A search begins before it knows the place at IMDb.
    let names = titles.other_names(&id, None).await;
    assert_eq!(names, ["Harbour Lights", "Hafenlichter"]);
    assert_eq!(titles.known_names(&id, imdb), Some(names.clone()));
    assert_eq!(titles.names_of_before(&id, imdb), names);
    // TMDB is asked once, and what it told stands where it does not answer.
    assert_eq!(tmdb.requests().len(), 1);
    tmdb.on("/3/movie/870010", Reply::status(500));
    assert_eq!(titles.other_names(&id, imdb).await, names);
}

/// On what was kept in this folder; with a key where `by_tmdb`.
fn on(folder: &Path, cinemeta: &Upstream, tmdb: &Upstream, by_tmdb: bool) -> Titles {
    let (cache, notice) = Cache::open(&folder.join("cache"));
    assert_eq!(notice, None);
    let titles = Titles::new(client(&[cinemeta, tmdb]), cinemeta.url("/"), cinemeta.url("/"))
        .with_cache(cache)
        .with_tmdb_and_images(tmdb.url("/3"), cinemeta.url("/"));
    titles.use_tmdb_key(by_tmdb.then(|| Secret::new("0123456789abcdef0123456789abcdef")));
    titles
}

/// Longer than any title is believed.
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_link_that_was_told_wrongly_is_put_right_when_it_is_old() {
    let (cinemeta, tmdb) = (Upstream::start(), Upstream::start());
    let folder = tempfile::tempdir().unwrap();
    for imdb in ["tt9900001", "tt9900002"] {
        let told = format!(r#"{{"meta":{{"id":"{imdb}","type":"movie","name":"Film {imdb}"}}}}"#);
        cinemeta.on(&format!("/meta/movie/{imdb}.json"), Reply::json(told));
    }
    let tells = |imdb: &str| {
        let ids = format!(r#"{{"id":870001,"imdb_id":"{imdb}"}}"#);
        tmdb.on("/3/movie/870001/external_ids", Reply::json(ids));
    };
    let asked = || {
        let seen = tmdb.requests();
        seen.iter().filter(|seen| seen.path == "/3/movie/870001/external_ids").count()
    };
    let name = async |titles: Titles| look_up(&titles, "tmdb:movie:870001").await.unwrap().name;
    tells("tt9900001");
    assert_eq!(name(on(folder.path(), &cinemeta, &tmdb, true)).await, "Film tt9900001");
    tells("tt9900002");
    assert_eq!(name(on(folder.path(), &cinemeta, &tmdb, true)).await, "Film tt9900001");
    assert_eq!(asked(), 1, "it is fresh");
    // Where TMDB does not answer, the old one stands.
    age(folder.path(), DAY);
    tmdb.on("/3/movie/870001/external_ids", Reply::status(500));
    assert_eq!(name(on(folder.path(), &cinemeta, &tmdb, true)).await, "Film tt9900001");
    tells("tt9900002");
    assert_eq!(name(on(folder.path(), &cinemeta, &tmdb, true)).await, "Film tt9900002");
    let count = asked();
    assert_eq!(name(on(folder.path(), &cinemeta, &tmdb, true)).await, "Film tt9900002");
    assert_eq!(asked(), count, "it is fresh again");
}

#[tokio::test]
async fn without_a_key_an_old_link_counts_for_as_long_as_cinemeta_bears_it_out() {
    let (cinemeta, tmdb) = (Upstream::start(), Upstream::start());
    let folder = tempfile::tempdir().unwrap();
    let film = include_str!("../data/cinemeta/meta_movie_shape.json");
    let titles = || on(folder.path(), &cinemeta, &tmdb, false);
    cinemeta.on("/meta/movie/tt1254207.json", Reply::json(film));
    look_up(&titles(), "tt1254207").await.unwrap();
    for _ in 0..2 {
        age(folder.path(), DAY);
        assert_eq!(look_up(&titles(), "tmdb:movie:10378").await.unwrap().name, "Big Buck Bunny");
    }
    age(folder.path(), DAY);
    cinemeta.on("/meta/movie/tt1254207.json", Reply::status(500));
    assert_eq!(look_up(&titles(), "tmdb:movie:10378").await.unwrap().name, "Big Buck Bunny");
    assert!(film.contains("10378"));
    cinemeta.on("/meta/movie/tt1254207.json", Reply::json(film.replace("10378", "10379")));
    assert_eq!(look_up(&titles(), "tmdb:movie:10378").await, None);
    assert_eq!(look_up(&titles(), "tmdb:movie:10379").await.unwrap().name, "Big Buck Bunny");
    assert!(tmdb.requests().is_empty(), "there is no key");
}

#[tokio::test]
async fn what_kitsu_calls_an_anime_of_another_list_is_asked_for_again_when_it_is_old() {
    let (kitsu, tmdb) = (Upstream::start(), Upstream::start());
    let folder = tempfile::tempdir().unwrap();
    let titles = || on(folder.path(), &kitsu, &tmdb, false);
    let series = include_str!("../data/kitsu/meta_series.json");
    let other = include_str!("../data/kitsu/meta_special.json");
    for (id, told) in [("kitsu:990001", series), ("kitsu:990002", other), ("anidb:8000005", series)]
    {
        kitsu.on(&format!("/meta/anime/{id}.json"), Reply::json(told));
    }
    let id = async || look_up(&titles(), "anidb:8000005").await.unwrap().kitsu.unwrap().id;
    assert_eq!(id().await, 990_001);
    kitsu.on("/meta/anime/anidb:8000005.json", Reply::json(other));
    assert_eq!(id().await, 990_001, "it is fresh");
    age(folder.path(), DAY);
    assert_eq!(id().await, 990_002);
    age(folder.path(), DAY);
    kitsu.on("/meta/anime/anidb:8000005.json", Reply::status(500));
    assert_eq!(id().await, 990_002, "nobody says otherwise");
}
