//! The indexes and the places that know titles read what those really answer (recordings over
//! loopback), and on anybody's bad day that one alone is missing.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::Duration;

use credenza::fetch::{AddressPolicy, Client, Roots};
use credenza::index::{Report, Source, State, build, scrape_all};
use credenza::media::{Query, Title};
use credenza::title::Titles;
use credenza::torrent::IndexName;
use futures_util::future::join_all;

use crate::support::upstream::{Reply, Upstream};

mod addons;

/// Those of this file.
const THREE: [IndexName; 3] = [IndexName::StremThru, IndexName::Torrentio, IndexName::Zilean];
const LIMIT: Duration = Duration::from_secs(8);
const STREMTHRU: &str = include_str!("data/stremthru/torrents_series.json");
const TORRENTIO: &str = include_str!("data/torrentio/stream_series_unconfigured.json");
const ZILEAN: &str = include_str!("data/zilean/dmm_filtered.json");

fn client(upstreams: &[&Upstream]) -> Client {
    let allow_private = upstreams.iter().map(|upstream| upstream.addr()).collect();
    Client::new(AddressPolicy { allow_private }, Roots::Bundled).unwrap()
}

/// The path at which an index is asked for `tt9900001:1:2`, and its recording.
fn recorded(name: IndexName) -> (&'static str, &'static str) {
    match name {
        IndexName::StremThru => ("/v0/torrents", STREMTHRU),
        IndexName::Torrentio => ("/stream/series/tt9900001:1:2.json", TORRENTIO),
        IndexName::Zilean => ("/dmm/filtered", ZILEAN),
        _ => unreachable!("none of ours"),
    }
}

fn sound() -> [Upstream; 3] {
    THREE.map(|name| {
        let (path, body) = recorded(name);
        let upstream = Upstream::start();
        upstream.on(path, Reply::json(body));
        upstream
    })
}

fn query(id: &str) -> Query {
    Query { id: id.parse().unwrap(), title: None }
}

fn sources(upstreams: [&Upstream; 3]) -> Vec<Box<dyn Source>> {
    let client = client(&upstreams);
    let each = THREE.into_iter().zip(upstreams);
    each.map(|(name, upstream)| build(name, client.clone(), upstream.url("/"))).collect()
}

async fn scrape(upstreams: [&Upstream; 3], query: &Query, limit: Duration) -> Vec<Report> {
    scrape_all(&sources(upstreams), query, limit, |_| {}).await
}

#[tokio::test]
async fn each_index_is_asked_in_its_own_words_and_its_recording_is_read() {
    let [stremthru, torrentio, zilean] = sound();
    let mut told = Vec::new();
    let sources = sources([&stremthru, &torrentio, &zilean]);
    let reports =
        scrape_all(&sources, &query("tt9900001:1:2"), LIMIT, |report| told.push(report.index))
            .await;
    let seen: Vec<_> =
        reports.iter().map(|report| (report.index, report.state, report.torrents.len())).collect();
    let wanted = THREE.map(|name| (name, State::Ok, 3));
    assert_eq!(seen, wanted);
    told.sort_unstable();
    assert_eq!(told, THREE);
    assert!(reports.iter().all(|report| report.message.is_none()));

    assert_eq!(stremthru.requests()[0].query, "sid=tt9900001%3A1%3A2");
    assert_eq!(zilean.requests()[0].query, "ImdbId=tt9900001&Season=1&Episode=2");

    let [crowd, addon, lists] = [0, 1, 2].map(|place: usize| &reports[place].torrents);
    // What is -1, 0 or "" is unknown; the upper-case hash is the lower-case one.
    assert_eq!(crowd[0].files[1].sid.as_deref(), Some("tt9900001:1:2"));
    assert_eq!(crowd[0].files[1].name, "Harbour.Lights.S01E02.1080p.WEB-DL.x264-DEMO.mkv");
    assert_eq!((crowd[0].file_index, crowd[0].seeders), (Some(1), None));
    assert_eq!(crowd[1].info_hash.to_string(), "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2");
    assert_eq!((crowd[1].size_bytes, crowd[1].seeders), (None, Some(12)));
    assert_eq!(crowd[1].indexer.as_deref(), Some("1337x"));
    assert_eq!((crowd[2].size_bytes, crowd[2].indexer.as_deref()), (None, None));

    assert_eq!(addon[0].name, "Harbour Lights S01 COMPLETE 1080p WEB-DL x264-DEMO iTA ENG");
    assert_eq!((addon[0].seeders, addon[0].file_index), (Some(41), Some(3)));
    let file = &addon[0].files[0];
    assert_eq!(file.name, "Season 1/Harbour.Lights.S01E02.The.Long.Ebb.1080p.WEB-DL.x264-DEMO.mkv");
    assert_eq!(file.size_bytes, Some(1_610_612_736));
    assert_eq!(addon[0].trackers, ["udp://tracker.opentrackr.org:1337/announce"]);
    assert_eq!(addon[1].files, []);
    assert_eq!((addon[2].seeders, addon[2].size_bytes, addon[2].file_index), (None, None, None));
    assert_eq!(addon[2].indexer.as_deref(), Some("Rutor"));

    let sizes: Vec<_> = lists.iter().map(|torrent| torrent.size_bytes).collect();
    assert_eq!(sizes, [Some(1_610_612_736), Some(16_106_127_360), None]);
    assert_eq!(lists[0].indexer.as_deref(), Some("DMM"));
}

/// A bad day, and the state it ends in.
fn bad_days(name: IndexName) -> Vec<(&'static str, Reply, State)> {
    let body = recorded(name).1;
    let page = Reply::html("<!doctype html><title>Welcome</title>");
    let wall = Reply::html("<html><head><title>Just a moment...</title>");
    let nulls = match name {
        IndexName::StremThru => r#"{"data":{"items":[null,{"hash":null,"files":null},5,[]]}}"#,
        IndexName::Torrentio => r#"{"streams":[null,{"infoHash":null,"title":null},5,[]]}"#,
        IndexName::Zilean => r#"[null,{"info_hash":null,"raw_title":null},5,[]]"#,
        _ => unreachable!("none of ours"),
    };
    let hash = "A".repeat(40);
    let strings = match name {
        IndexName::StremThru => format!(
            r#"{{"data":{{"items":[{{"hash":"{hash}","name":null,"size":"7","seeders":"3","files":[{{"i":"0","n":"x","s":"7"}},null]}}]}}}}"#
        ),
        IndexName::Torrentio => {
            format!(r#"{{"streams":[{{"infoHash":"{hash}","fileIdx":"1","title":null}}]}}"#)
        }
        IndexName::Zilean => format!(r#"[{{"info_hash":"{hash}","size":7.0,"seasons":null}}]"#),
        _ => unreachable!("none of ours"),
    };
    vec![
        ("a page of HTML", page.clone(), State::Failed),
        ("the page of a bot wall", wall, State::Blocked),
        ("403 with a page", page.clone().with_status(403), State::Blocked),
        ("418", Reply::status(418), State::Blocked),
        ("429", Reply::status(429), State::Limited),
        ("404", Reply::status(404), State::Failed),
        ("500", Reply::json(r#"{"err":"handler error"}"#).with_status(500), State::Failed),
        ("503 in maintenance", page.with_status(503), State::Failed),
        ("a broken connection", Reply::drop_connection(), State::Failed),
        ("gzip that ends early", Reply::json(body).truncated_gzip(), State::Failed),
        ("half a body", Reply::json(body).cut_after(body.len() / 2), State::Failed),
        ("no answer", Reply::hang(), State::TimedOut),
        ("JSON of another shape", Reply::json(r#"{"x":[]}"#), State::Failed),
        ("null", Reply::json("null"), State::Failed),
        ("no JSON", Reply::json("{\"data\":"), State::Failed),
        ("nulls everywhere", Reply::json(nulls), State::Empty),
        ("numbers as text", Reply::json(strings), State::Ok),
        ("10,000 nested lists", Reply::json("[".repeat(10_000)), State::Failed),
    ]
}

#[tokio::test]
async fn each_index_fails_alone_with_a_sentence_that_names_it() {
    let all = THREE.into_iter().enumerate().flat_map(|(place, name)| {
        bad_days(name).into_iter().map(move |(day, reply, state)| (place, name, day, reply, state))
    });
    join_all(all.map(|(place, name, day, reply, state)| async move {
        let upstreams = sound();
        upstreams[place].on(recorded(name).0, reply);
        let limit = if state == State::TimedOut { Duration::from_secs(3) } else { LIMIT };
        let upstreams = upstreams.each_ref();
        let reports = scrape(upstreams, &query("tt9900001:1:2"), limit).await;
        for (other, report) in reports.iter().enumerate() {
            let wanted = if other == place { state } else { State::Ok };
            let what = format!("{name} with {day}: {report:?}");
            assert_eq!(report.state, wanted, "{what}");
            let quiet = matches!(wanted, State::Ok | State::Empty);
            let sentence = report.message.as_deref().unwrap_or_default();
            assert_eq!(sentence.is_empty(), quiet, "{what}");
            assert!(quiet || sentence.contains(report.index.as_str()), "{what}");
            // Neither the path nor the id that was asked for belongs in a log.
            assert!(!sentence.contains("tt9900001") && !sentence.contains("/dmm"), "{what}");
        }
    }))
    .await;
}

#[tokio::test]
async fn a_refusal_is_told_in_words() {
    let [stremthru, torrentio, zilean] = sound();
    let path = recorded(IndexName::Torrentio).0;
    torrentio.on(path, Reply::html("<title>Sorry</title>").with_status(403));
    let reports = scrape([&stremthru, &torrentio, &zilean], &query("tt9900001:1:2"), LIMIT).await;
    assert_eq!(
        reports[1].message.as_deref(),
        Some(
            "torrentio refuses this connection (403); wait some hours, or set index.torrentio.url \
             to another instance"
        )
    );
}

#[tokio::test]
async fn an_id_goes_to_those_who_know_it() {
    use State::{Empty, Ok as Found, UnsupportedId as Unknown};
    let title = |episode: Option<&str>| {
        Some(Title {
            name: "Clockwork Kite".to_owned(),
            year: None,
            imdb: "tt9900002".parse().ok(),
            aliases: Vec::new(),
            imdb_episode: episode.map(|id| match id.parse().unwrap() {
                credenza::media::StremioId::Imdb { episode: Some(episode), .. } => episode,
                _ => unreachable!(),
            }),
            air_date: None,
            ..Title::default()
        })
    };
    for (id, title, wanted, stremthru_query, zilean_query) in [
        ("kitsu:5:3", None, [Unknown, Found, Unknown], None, None),
        (
            "kitsu:5:3",
            title(Some("tt9900002:2:3")),
            [Empty, Found, Empty],
            Some("sid=tt9900002%3A2%3A3"),
            Some("Query=Clockwork+Kite"),
        ),
        ("kitsu:5:3", title(None), [Unknown, Found, Empty], None, Some("Query=Clockwork+Kite")),
        ("anidb:5:3", title(Some("tt9900002:2:3")), [Unknown, Found, Unknown], None, None),
        ("mal:5:3", None, [Unknown; 3], None, None),
        ("tmdb:movie:5", None, [Unknown; 3], None, None),
    ] {
        let upstreams = [Upstream::start(), Upstream::start(), Upstream::start()];
        upstreams[0].on("/v0/torrents", Reply::json(r#"{"data":{"items":[],"total_items":0}}"#));
        for path in ["kitsu:5:3", "tt9900002:2:3"] {
            upstreams[1].on(&format!("/stream/series/{path}.json"), Reply::json(TORRENTIO));
        }
        upstreams[2].on("/dmm/filtered", Reply::json("[]"));
        let query = Query { id: id.parse().unwrap(), title };
        let reports = scrape(upstreams.each_ref(), &query, LIMIT).await;
        let states: Vec<State> = reports.iter().map(|report| report.state).collect();
        assert_eq!(states, wanted, "{id}: {reports:?}");
        let asked =
            |place: usize| upstreams[place].requests().first().map(|seen| seen.query.clone());
        assert_eq!(
            (asked(0).as_deref(), asked(2).as_deref()),
            (stremthru_query, zilean_query),
            "{id}"
        );
    }
}

fn titles(cinemeta: &Upstream, kitsu: &Upstream) -> Titles {
    Titles::new(client(&[cinemeta, kitsu]), cinemeta.url("/"), kitsu.url("/"))
}

#[tokio::test]
async fn titles_are_read_from_cinemeta_and_the_kitsu_add_on() {
    let (cinemeta, kitsu) = (Upstream::start(), Upstream::start());
    let film = include_str!("data/cinemeta/meta_movie_shape.json");
    cinemeta.on("/meta/movie/tt1254207.json", Reply::json(film));
    let series = include_str!("data/cinemeta/meta_series_shape.json");
    cinemeta.on("/meta/series/tt9900001.json", Reply::json(series));
    kitsu.on(
        "/meta/anime/kitsu:990001.json",
        Reply::json(include_str!("data/kitsu/meta_series.json")),
    );
    kitsu.on(
        "/meta/anime/kitsu:990002.json",
        Reply::json(include_str!("data/kitsu/meta_special.json")),
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
        upstream.on("/meta/anime/kitsu:5.json", reply.clone());
        let titles = titles(&upstream, &upstream);
        for id in ["tt9900001:1:2", "kitsu:5:1"] {
            let title = titles.look_up(&id.parse().unwrap()).await;
            assert_eq!(title.as_ref().ok().map(Option::is_some), known, "{reply:?}: {title:?}");
        }
    }
    let upstream = Upstream::start();
    for id in ["anidb:5:1", "mal:5:1", "tmdb:movie:5", "tmdb:tv:5:1:1"] {
        let title = titles(&upstream, &upstream).look_up(&id.parse().unwrap()).await;
        assert!(title.unwrap().is_none(), "{id}");
    }
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn a_search_asks_both_catalogues_and_one_of_them_is_enough() {
    let upstream = Upstream::start();
    let films = include_str!("data/cinemeta/catalog_search.json");
    let series = r#"{"metas":[{"id":"tt9900001","name":"Big Lights","releaseInfo":"2021–","poster":"file:///x"},{"id":"x"},null]}"#;
    let path = |kind: &str| format!("/catalog/{kind}/top/search=big%20%2F%20b%C3%BCck%3F.json");
    upstream.on(&path("movie"), Reply::json(films));
    upstream.on(&path("series"), Reply::json(series));
    let titles = titles(&upstream, &upstream);
    let found = titles.search(" big / bück? ").await.unwrap();
    let seen: Vec<_> = found
        .iter()
        .map(|row| (row.id.to_string(), row.kind, row.year, row.poster.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            ("tt1254207".to_owned(), "movie", Some(2008), true),
            ("tt9900001".to_owned(), "series", Some(2021), false)
        ]
    );
    upstream.on(&path("series"), Reply::status(500));
    assert_eq!(titles.search("big / bück?").await.unwrap().len(), 1);
    upstream.on(&path("movie"), Reply::status(500));
    assert!(titles.search("big / bück?").await.is_err());
    assert!(titles.search("  ").await.unwrap().is_empty());
}
