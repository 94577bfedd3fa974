//! The indexes and the places that know titles read what those really answer (recordings over
//! loopback), and on anybody's bad day that one alone is missing.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod addons;
mod bad_days;
mod served;
mod wire;

use std::time::Duration;

use credenza::fetch::{AddressPolicy, Client, Roots};
use credenza::index::{Report, Source, State, ask, build, decode};
use credenza::media::{AnimePlace, Episode, Query, Title};
use credenza::torrent::{IndexName, Torrent};
use futures_util::future::join_all;

use crate::support::upstream::{Reply, Upstream};

const LIMIT: Duration = Duration::from_secs(8);

fn client(upstreams: &[&Upstream]) -> Client {
    let allow_private = upstreams.iter().map(|upstream| upstream.addr()).collect();
    Client::new(AddressPolicy { allow_private }, Roots::Bundled).unwrap()
}

/// An upstream for each index, which answers with its recording.
fn sound() -> Vec<(IndexName, Upstream)> {
    let each = IndexName::ALL.into_iter().map(|name| {
        let upstream = Upstream::start();
        let wire = wire::of(name);
        for path in wire.paths {
            upstream.on(path, Reply::ok(wire.recording));
        }
        (name, upstream)
    });
    each.collect()
}

fn query(id: &str) -> Query {
    Query { id: id.parse().unwrap(), title: None }
}

/// A search that every index can be asked: an anime that IMDb and AniDB know.
fn anime() -> Query {
    let title = Title {
        name: "Clockwork Kite".to_owned(),
        imdb: "tt9900001".parse().ok(),
        anidb: Some(AnimePlace { id: 990_001, episode: Some(2) }),
        is_anime: true,
        ..Title::default()
    };
    Query { title: Some(title), ..query("tt9900001:1:2") }
}

async fn scrape(upstreams: &[(IndexName, Upstream)], query: &Query) -> Vec<Report> {
    let all: Vec<&Upstream> = upstreams.iter().map(|(_, upstream)| upstream).collect();
    let client = client(&all);
    let each = upstreams.iter();
    let sources: Vec<_> =
        each.map(|(name, upstream)| build(*name, client.clone(), upstream.url("/"))).collect();
    scrape_all(&sources, query, LIMIT).await
}

/// Asks all `sources` at once; one that has said nothing within `limit` has timed out.
pub async fn scrape_all(
    sources: &[Box<dyn Source>],
    query: &Query,
    limit: Duration,
) -> Vec<Report> {
    let each = sources.iter().map(|source| async move {
        let asked = tokio::time::timeout(limit, ask(source.as_ref(), query)).await;
        asked.unwrap_or_else(|_| Report::late(source.index(), limit))
    });
    join_all(each).await
}

/// The queries with which an index was asked.
fn queries(upstreams: &[(IndexName, Upstream)], name: IndexName) -> Vec<String> {
    let (_, upstream) = upstreams.iter().find(|(known, _)| *known == name).unwrap();
    let mut queries: Vec<String> =
        upstream.requests().iter().map(|seen| seen.query.clone()).collect();
    queries.sort();
    queries
}

fn of(reports: &[Report], name: IndexName) -> &[Torrent] {
    &reports.iter().find(|report| report.index == name).unwrap().torrents
}

#[tokio::test]
async fn each_index_is_asked_in_its_own_words_and_its_recording_is_read() {
    let upstreams = sound();
    let reports = scrape(&upstreams, &anime()).await;
    for (report, name) in reports.iter().zip(IndexName::ALL) {
        assert_eq!((report.index, report.state), (name, State::Ok), "{report:?}");
        assert!(report.message.is_none());
        assert_eq!(report.torrents.len() % wire::of(name).torrents, 0, "{report:?}");
    }

    assert_eq!(
        queries(&upstreams, IndexName::StremThru),
        ["sid=anidb%3A990001%3A2", "sid=tt9900001%3A1%3A2"]
    );
    let lists = ["ImdbId=tt9900001", "Query=Clockwork+Kite"];
    assert_eq!(queries(&upstreams, IndexName::Zilean), lists);
    assert_eq!(queries(&upstreams, IndexName::AnimeTosho), ["limit=100&offset=0"]);
    let feed = |words: &str| format!("page=rss&q={words}&c=1_0&f=0&s=seeders&o=desc");
    let asked = [feed("Clockwork+Kite"), feed("Clockwork+Kite+%2802%7C2%29")];
    assert_eq!(queries(&upstreams, IndexName::Nyaa), asked);
}

#[tokio::test]
async fn what_a_recording_says_is_what_is_read() {
    let upstreams = sound();
    let reports = scrape(&upstreams, &query("tt9900001:1:2")).await;
    let crowd = of(&reports, IndexName::StremThru);
    // What is -1, 0 or "" is unknown; the upper-case hash is the lower-case one.
    assert_eq!(crowd[0].files[1].sid.as_deref(), Some("tt9900001:1:2"));
    assert_eq!(crowd[0].files[1].name, "Harbour.Lights.S01E02.1080p.WEB-DL.x264-DEMO.mkv");
    assert_eq!((crowd[0].file_index, crowd[0].seeders), (Some(1), None));
    assert_eq!(crowd[1].info_hash.to_string(), "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2");
    assert_eq!((crowd[1].size_bytes, crowd[1].seeders), (None, Some(12)));
    assert_eq!(crowd[1].indexer.as_deref(), Some("1337x"));
    assert_eq!((crowd[2].size_bytes, crowd[2].indexer.as_deref()), (None, None));

    let addon = of(&reports, IndexName::Torrentio);
    assert_eq!(addon[0].name, "Harbour Lights S01 COMPLETE 1080p WEB-DL x264-DEMO iTA ENG");
    assert_eq!((addon[0].seeders, addon[0].file_index), (Some(41), Some(3)));
    let file = &addon[0].files[0];
    assert_eq!(file.name, "Season 1/Harbour.Lights.S01E02.The.Long.Ebb.1080p.WEB-DL.x264-DEMO.mkv");
    assert_eq!(file.size_bytes, Some(1_610_612_736));
    assert_eq!(addon[0].trackers, ["udp://tracker.opentrackr.org:1337/announce"]);
    assert_eq!(*addon[1].files, []);
    assert_eq!((addon[2].seeders, addon[2].size_bytes, addon[2].file_index), (None, None, None));
    assert_eq!(addon[2].indexer.as_deref(), Some("Rutor"));

    let lists = of(&reports, IndexName::Zilean);
    let sizes: Vec<_> = lists.iter().map(|torrent| torrent.size_bytes).collect();
    assert_eq!(sizes, [Some(1_610_612_736), Some(16_106_127_360), None]);
    assert_eq!(lists[0].indexer.as_deref(), Some("DMM"));
    // These two were not asked for what is no anime.
    for name in [IndexName::AnimeTosho, IndexName::Nyaa] {
        assert!(queries(&upstreams, name).is_empty());
    }
}

#[test]
fn anime_sites_are_read_in_all_their_formats() {
    let bytes = |text: &'static str| decode(IndexName::Nyaa, text.as_bytes()).unwrap();
    let feed = bytes(include_str!("data/nyaa/rss_torrent.xml"));
    let page = bytes(include_str!("data/nyaa/search_results_fragment.html"));
    let seen = |rows: &[Torrent]| -> Vec<_> {
        let rows = rows.iter();
        rows.map(|row| (row.info_hash, row.name.clone(), row.size_bytes, row.seeders)).collect()
    };
    assert_eq!(seen(&feed), seen(&page), "the feed and the page tell the same");
    assert_eq!(
        feed[1].name,
        "Clockwork Kite (Season 1) [1080p][HEVC x265 10bit][Dual-Audio] \"Batch\" <fix> & more"
            .replacen("Clockwork", "[DemoSubs] Clockwork", 1)
    );
    let numbers: Vec<_> = feed.iter().map(|row| (row.size_bytes, row.seeders)).collect();
    let wanted =
        [(Some(1_503_238_554), Some(120)), (Some(25_769_803_776), Some(45)), (Some(734), Some(0))];
    assert_eq!(numbers, wanted);
    assert_eq!(
        page[0].trackers,
        ["http://nyaa.tracker.wf:7777/announce", "udp://open.stealth.si:80/announce"]
    );

    for (body, hash, size, seeders) in [
        (
            include_str!("data/animetosho/xyz_v1_search.json"),
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
            1_503_238_553,
            Some(120),
        ),
        (
            include_str!("data/animetosho/xyz_v1_series.json"),
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
            1_503_238_553,
            Some(120),
        ),
        (
            include_str!("data/animetosho/org_json_recorded_trimmed.json"),
            "f9670720a5142ec31aa8e3715745f1392e3ffd5b",
            369_572_311,
            Some(316),
        ),
        // Its number of seeders is absurd.
        (include_str!("data/animetosho/torznab.xml"), &"a".repeat(40), 1_503_238_553, None),
    ] {
        let found = decode(IndexName::AnimeTosho, body.as_bytes()).unwrap();
        assert_eq!(found[0].info_hash.to_string(), hash, "{body}");
        assert_eq!((found[0].size_bytes, found[0].seeders), (Some(size), seeders), "{body}");
        assert_eq!(found[0].trackers, ["http://nyaa.tracker.wf:7777/announce"], "{body}");
    }
    let old = decode(IndexName::AnimeTosho, include_bytes!("data/animetosho/torznab.xml")).unwrap();
    assert_eq!(old[1].info_hash.to_string(), "b".repeat(40), "base32, in the magnet alone");
    assert_eq!((old[1].size_bytes, old[1].seeders), (Some(18_038_862_643), Some(31)));
}

#[tokio::test]
async fn zileans_odd_answers_and_torrentios_error_are_read_as_what_they_are() {
    let upstream = Upstream::start();
    let odd = include_str!("data/zilean/dmm_filtered_size_as_int_variant.json");
    let nothing = include_str!("data/zilean/empty_or_internal_error.json");
    let failed = Reply::json(include_str!("data/torrentio/error_500.json")).with_status(500);
    upstream.on("/stream/series/tt9900001:1:2.json", failed);
    let sources = [IndexName::Zilean, IndexName::Torrentio]
        .map(|name| build(name, client(&[&upstream]), upstream.url("/")));
    for (body, sizes, state) in
        [(odd, &[Some(1_610_612_736)][..], State::Ok), (nothing, &[], State::Empty)]
    {
        let before = upstream.requests().len();
        upstream.on("/dmm/filtered", Reply::json(body));
        let reports = scrape_all(&sources, &query("tt9900001:1:2"), LIMIT).await;
        assert_eq!(reports[0].state, state, "{reports:?}");
        let read: Vec<_> = reports[0].torrents.iter().map(|torrent| torrent.size_bytes).collect();
        assert_eq!(read, sizes, "a size is a number as well as a text");
        let asked = upstream.requests().split_off(before);
        let zilean = asked.iter().filter(|seen| seen.path == "/dmm/filtered").count();
        // An error inside Zilean looks like an empty list: it is asked in another way, too.
        assert_eq!(zilean, if state == State::Empty { 2 } else { 1 }, "{asked:?}");
        let told = reports[1].message.as_deref().unwrap_or_default();
        assert_eq!(reports[1].state, State::Failed, "{reports:?}");
        assert!(told.contains("torrentio") && told.contains("500"), "{told}");
    }
}

#[tokio::test]
async fn an_old_anime_tosho_is_asked_as_torznab_and_keeps_its_key() {
    let upstream = Upstream::start();
    upstream.on("/api", Reply::ok(include_str!("data/animetosho/torznab.xml")));
    let source = build(IndexName::AnimeTosho, client(&[&upstream]), upstream.url("/api?apikey=K"));
    let found = source.scrape(&anime()).await.unwrap();
    assert_eq!(found.torrents.len(), 4, "two searches of two rows");
    let asked: Vec<String> = upstream.requests().iter().map(|seen| seen.query.clone()).collect();
    assert!(
        asked.contains(&"apikey=K&t=search&q=Clockwork+Kite+02&limit=150".to_owned()),
        "{asked:?}"
    );
}

#[tokio::test]
async fn nyaa_without_a_feed_is_read_from_its_page_and_a_refusal_is_believed() {
    let page = Reply::html(include_str!("data/nyaa/search_results_fragment.html"));
    let gone = Reply::status(404);
    for (replies, torrents, requests) in [
        // A mirror that knows no feed, one that gives the page in its place, one that refuses.
        (vec![gone.clone(), gone.clone(), page.clone()], Some(3), 3),
        (vec![page], Some(6), 2),
        (vec![Reply::status(403)], None, 2),
        (vec![Reply::status(429)], None, 2),
    ] {
        let upstream = Upstream::start();
        upstream.script("/", replies);
        let source = build(IndexName::Nyaa, client(&[&upstream]), upstream.url("/"));
        let found = source.scrape(&anime()).await;
        assert_eq!(found.ok().map(|found| found.torrents.len()), torrents);
        assert_eq!(upstream.requests().len(), requests);
    }
}

#[tokio::test]
async fn stremthru_without_its_list_is_asked_through_its_torznab_door() {
    let torznab = include_str!("data/stremthru/torznab_search.xml");
    let error = include_str!("data/stremthru/torrents_error_unsupported_sid.json");
    for (list, door, torrents) in [
        (Reply::status(404), Reply::ok(torznab), Some(1)),
        (Reply::status(503), Reply::ok(torznab), Some(1)),
        (Reply::json(error).with_status(400), Reply::ok(torznab), Some(1)),
        (Reply::status(500), Reply::ok(torznab), None),
        (Reply::status(404), Reply::ok(include_str!("data/stremthru/torznab_error.xml")), None),
    ] {
        let upstream = Upstream::start();
        upstream.on("/v0/torrents", list).on("/v0/torznab/api", door);
        let source = build(IndexName::StremThru, client(&[&upstream]), upstream.url("/"));
        let found = source.scrape(&query("tt9900001:1:2")).await;
        let count = found.as_ref().ok().map(|found| found.torrents.len());
        assert_eq!(count, torrents, "{found:?}");
        if torrents.is_some() {
            assert_eq!(upstream.requests()[1].query, "t=search&imdbid=tt9900001");
            assert_eq!(found.unwrap().torrents[0].size_bytes, Some(16_106_127_360));
        }
    }
}

#[tokio::test]
async fn a_torznab_of_the_owners_is_asked_for_what_it_can_and_its_key_is_shown_to_nobody() {
    let caps = r#"<caps><searching><tv-search available="yes" supportedParams="q,season,ep,imdbid"/></searching></caps>"#;
    let key = "0123456789abcdef0123456789abcdef";
    let denied = format!(r#"<error code="100" description="Invalid API key {key}"/>"#);
    let feed = include_str!("data/stremthru/torznab_search.xml");
    for (answers, state) in [
        (vec![caps, feed], State::Ok),
        // One that does not tell what it can is asked by name, which nobody knows here.
        (vec![r#"{"x":1}"#], State::UnsupportedId),
        (vec![&denied], State::Failed),
        (vec![caps, &denied], State::Failed),
        (vec![caps, "<rss><channel/></rss>"], State::Empty),
    ] {
        let upstream = Upstream::start();
        upstream.script("/1/api", answers.iter().map(Reply::ok));
        let place = upstream.url(&format!("/1/api?apikey={key}"));
        let sources = [build("mine".parse().unwrap(), client(&[&upstream]), place)];
        for _ in 0..2 {
            let report = scrape_all(&sources, &query("tt9900001:1:2"), LIMIT).await.remove(0);
            assert_eq!(report.state, state, "{answers:?}: {report:?}");
            assert!(!format!("{report:?}").contains(key), "{report:?}");
        }
        let asked = upstream.requests();
        assert!(asked.iter().all(|seen| seen.query.starts_with(&format!("apikey={key}&t="))));
        if state == State::Ok {
            let told = asked.iter().filter(|seen| seen.query.ends_with("t=caps")).count();
            assert_eq!((told, asked.len()), (1, 5), "what it can is asked once: {asked:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_words() {
    let upstreams = sound();
    let refusal = Reply::html("<title>Sorry</title>").with_status(403);
    upstreams[1].1.on(wire::of(IndexName::Torrentio).paths[0], refusal);
    let reports = scrape(&upstreams, &query("tt9900001:1:2")).await;
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
    use IndexName::{AnimeTosho, Nyaa, StremThru, Torrentio, Zilean};
    let title = |episode: Option<u32>| {
        Some(Title {
            name: "Clockwork Kite".to_owned(),
            imdb: "tt9900002".parse().ok(),
            imdb_episode: episode.map(|number| Episode { season: 2, number }),
            ..Title::default()
        })
    };
    for (id, title, asked) in [
        ("kitsu:5:3", None, &[Torrentio][..]),
        ("kitsu:5:3", title(Some(3)), &[StremThru, Torrentio, Zilean, AnimeTosho, Nyaa]),
        ("kitsu:5:3", title(None), &[Torrentio, Zilean, AnimeTosho, Nyaa]),
        ("anidb:5:3", None, &[StremThru, AnimeTosho]),
        ("mal:5:3", title(None), &[Zilean, AnimeTosho, Nyaa]),
        ("mal:5:3", None, &[]),
        ("tmdb:movie:5", None, &[]),
        ("tmdb:movie:5", title(None), &[StremThru, Torrentio, Zilean]),
    ] {
        let upstreams = sound();
        let query = Query { id: id.parse().unwrap(), title };
        let reports = scrape(&upstreams, &query).await;
        for name in [StremThru, Torrentio, Zilean, AnimeTosho, Nyaa] {
            let report = reports.iter().find(|report| report.index == name).unwrap();
            let known = report.state != State::UnsupportedId;
            assert_eq!(known, asked.contains(&name), "{id}: {report:?}");
            assert_eq!(known, !queries(&upstreams, name).is_empty(), "{id}: {name}");
        }
    }
}
