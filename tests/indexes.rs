//! The indexes and the places that know titles read what those really answer (recordings over
//! loopback), and on anybody's bad day that one alone is missing.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::Duration;

use credenza::fetch::{AddressPolicy, Client, Roots};
use credenza::index::{Report, Source, State, build, scrape_all};
use credenza::media::{Query, Title};
use credenza::torrent::IndexName;
use futures_util::future::join_all;

use crate::support::upstream::{Reply, Upstream};

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
        IndexName::Added(_) => unreachable!("none of ours"),
    }
}

fn sound() -> [Upstream; 3] {
    IndexName::ALL.map(|name| {
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
    let each = IndexName::ALL.into_iter().zip(upstreams);
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
    let wanted = IndexName::ALL.map(|name| (name, State::Ok, 3));
    assert_eq!(seen, wanted);
    told.sort_unstable();
    assert_eq!(told, IndexName::ALL);
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
        IndexName::Added(_) => unreachable!("none of ours"),
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
        IndexName::Added(_) => unreachable!("none of ours"),
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
    let all = IndexName::ALL.into_iter().enumerate().flat_map(|(place, name)| {
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
        (
            "anidb:5:3",
            title(Some("tt9900002:2:3")),
            [Empty, State::Failed, Empty],
            Some("sid=tt9900002%3A2%3A3"),
            Some("Query=Clockwork+Kite"),
        ),
        ("mal:5:3", None, [Unknown; 3], None, None),
        ("tmdb:movie:5", None, [Unknown; 3], None, None),
    ] {
        let upstreams = [Upstream::start(), Upstream::start(), Upstream::start()];
        upstreams[0].on("/v0/torrents", Reply::json(r#"{"data":{"items":[],"total_items":0}}"#));
        upstreams[1].on("/stream/series/kitsu:5:3.json", Reply::json(TORRENTIO));
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
