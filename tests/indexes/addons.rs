//! The stream add-ons read what those services really answer, and ask with the ids they understand.

use std::time::Duration;

use credenza::fetch::{AddressPolicy, Client, Roots};
use credenza::index::{Report, State, build};
use credenza::media::{AnimePlace, Episode, Query, Title};
use credenza::torrent::{IndexName, Torrent};
use serde_json::json;

use super::scrape_all;
use crate::support::upstream::{Reply, Upstream};

const PATH: &str = "/stream/series/tt9900001:1:2.json";

fn query(id: &str) -> Query {
    Query { id: id.parse().unwrap(), title: None }
}

/// An episode of an anime that is known by every number.
fn anime(id: &str) -> Query {
    let place = AnimePlace { id: 5, episode: Some(3) };
    let title = Title {
        name: "Clockwork Kite".to_owned(),
        imdb: "tt9900002".parse().ok(),
        imdb_episode: Some(Episode { season: 2, number: 3 }),
        kitsu: Some(place),
        is_anime: true,
        ..Title::default()
    };
    Query { title: Some(title), ..query(id) }
}

async fn ask_at(name: IndexName, upstream: &Upstream, path: &str, query: &Query) -> Report {
    let policy = AddressPolicy { allow_private: vec![upstream.addr()] };
    let client = Client::new(policy, Roots::Bundled).unwrap();
    let sources = [build(name, client, upstream.url(path))];
    scrape_all(&sources, query, Duration::from_secs(8)).await.remove(0)
}

async fn ask(name: IndexName, upstream: &Upstream, query: &Query) -> Report {
    ask_at(name, upstream, "/", query).await
}

/// What an index that answers `PATH` with `body` lists.
async fn listed(name: IndexName, body: &str) -> Vec<Torrent> {
    let upstream = Upstream::start();
    upstream.on(PATH, Reply::json(body));
    let report = ask(name, &upstream, &query("tt9900001:1:2")).await;
    assert_eq!(report.state, State::Ok, "{report:?}");
    report.torrents
}

fn asked(upstream: &Upstream) -> Vec<String> {
    let mut paths: Vec<String> = upstream.requests().iter().map(|seen| seen.path.clone()).collect();
    paths.sort();
    paths
}

#[tokio::test]
async fn comet_is_read_and_its_notices_are_no_torrents() {
    let found = listed(IndexName::Comet, include_str!("../data/comet/stream_series_v2.json")).await;
    let file = "Harbour.Lights.S01E02.1080p.WEB-DL.DDP5.1.x264-DEMO.mkv";
    assert_eq!((found[0].name.as_str(), found[0].file_name.as_deref()), (file, Some(file)));
    assert_eq!((found[0].seeders, found[0].file_index), (Some(50), Some(3)));
    assert_eq!(found[0].size_bytes, Some(1_610_612_736));
    assert_eq!(found[0].indexer.as_deref(), Some("TorrentGalaxy"));
    assert_eq!(found[0].trackers, ["udp://tracker.opentrackr.org:1337/announce"]);
    assert_eq!(found[1].name, "[DemoSubs] Clockwork Kite - 02 [1080p]");
    assert_eq!((found[1].seeders, found[1].size_bytes), (None, Some(1_503_238_553)));
    assert_eq!((found[2].name.as_str(), found[2].size_bytes), ("Harbour Lights S01", None));
    assert_eq!((found[2].indexer.as_deref(), found[2].file_name.as_deref()), (Some("DMM"), None));

    let notices = include_str!("../data/comet/stream_notices.json");
    let upstream = Upstream::start();
    upstream.on(PATH, Reply::json(notices));
    let report = ask(IndexName::Comet, &upstream, &query("tt9900001:1:2")).await;
    assert_eq!((report.state, report.torrents.len()), (State::Empty, 0), "{report:?}");
    let disabled = json!({"streams": [{"name": "[INFO] Comet", "description": "Direct torrent playback is disabled on this server."}]});
    upstream.on(PATH, Reply::json(disabled.to_string()));
    let report = ask(IndexName::Comet, &upstream, &query("tt9900001:1:2")).await;
    assert_eq!(report.state, State::Failed);
    assert!(report.message.unwrap().contains("playback is disabled"));
}

#[tokio::test]
async fn torrentsdb_is_read() {
    let body = include_str!("../data/torrentsdb/stream_series.json");
    let found = listed(IndexName::TorrentsDb, body).await;
    assert_eq!(found[0].name, "Harbour.Lights.S01E02.1080p.WEB-DL.x264-DEMO");
    assert_eq!((found[0].seeders, found[0].size_bytes), (Some(50), Some(1_610_612_736)));
    assert_eq!((found[0].indexer.as_deref(), found[0].file_index), (Some("1337x"), Some(0)));
    assert_eq!(found[1].name, "Harbour.Lights.S01.720p");
    assert_eq!(found[1].file_name.as_deref(), Some("Harbour.Lights.S01E02.mkv"));
    assert_eq!((found[1].seeders, found[1].size_bytes), (None, Some(700 << 20)));
    assert_eq!((found[1].indexer.as_deref(), found[1].file_index), (None, None));
}

#[tokio::test]
async fn peerflix_is_read_and_what_it_does_not_know_is_nothing() {
    let found =
        listed(IndexName::Peerflix, include_str!("../data/peerflix/stream_series.json")).await;
    assert_eq!(found[0].name, "Harbour Lights (2021) [WEB-DL 1080p][Cap.102]");
    assert_eq!(found[0].files[0].name, "Harbour.Lights.S01E02.1080p.WEB-DL.x264-DEMO.mkv");
    assert_eq!((found[0].seeders, found[0].size_bytes), (Some(3), Some(1_471_026_299)));
    assert_eq!(found[0].indexer.as_deref(), Some("Wolfmax4k"));
    assert_eq!(found[1].name, "Harbour.Lights.S01E02.720p.HDTV.x264-DEMO.mkv");
    assert_eq!((found[1].file_index, found[1].size_bytes), (None, Some(734_003_200)));

    let nothing = Upstream::start();
    let report = ask(IndexName::Peerflix, &nothing, &query("tt9900001:1:2")).await;
    assert_eq!(report.state, State::Empty, "404 is its way to say so: {report:?}");
}

#[tokio::test]
async fn mediafusion_is_asked_to_write_our_lines_and_its_own_are_read_too() {
    let ours = json!({"streams": [{"name": "x", "infoHash": "a".repeat(40), "fileIdx": 3,
        "description": "name=Harbour.Lights.S01.1080p\nfilename=Harbour.Lights.S01E02.mkv\nsize=1610612736\nfolderSize=16106127360\nseeders=50\nsource=TorrentGalaxy"}]});
    let upstream = Upstream::start();
    upstream.on(PATH, Reply::json(ours.to_string()));
    let report = ask(IndexName::MediaFusion, &upstream, &query("tt9900001:1:2")).await;
    let found = &report.torrents[0];
    assert_eq!(found.name, "Harbour.Lights.S01.1080p");
    assert_eq!((found.size_bytes, found.seeders), (Some(16_106_127_360), Some(50)));
    assert_eq!(found.files[0].size_bytes, Some(1_610_612_736));
    assert_eq!(found.files[0].index, Some(3));
    let requests = upstream.requests();
    assert_eq!(requests.len(), 1, "each search is one of twenty an hour");
    let header = requests[0].header("encoded_user_data").expect("our settings");
    let json = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let recording: serde_json::Value =
        serde_json::from_str(include_str!("../data/mediafusion/encoded_user_data_header.json"))
            .unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&sent), keys(&recording["json"]));

    let found =
        listed(IndexName::MediaFusion, include_str!("../data/mediafusion/stream_v6_default.json"))
            .await;
    assert_eq!(found[0].name, "Harbour.Lights.S01E02.1080p.WEB-DL.DDP5.1.x264-DEMO.mkv");
    assert_eq!((found[0].size_bytes, found[0].seeders), (Some(1_610_612_736), Some(50)));
    assert_eq!(found[0].indexer.as_deref(), Some("TorrentGalaxy"));
    assert_eq!(found[0].trackers.len(), 1);
}

#[tokio::test]
async fn mediafusion_that_takes_no_header_is_asked_the_other_way_from_then_on() {
    let kodi = "/kodi/stream/series/tt9900001:1:2.json";
    let refusal = include_str!("../data/mediafusion/stream_unauthorized.json");
    for first in [Reply::json(refusal), Reply::json("{}").with_status(422)] {
        let upstream = Upstream::start();
        upstream.on(PATH, first);
        upstream.on(kodi, Reply::json(include_str!("../data/mediafusion/kodi_stream.json")));
        let policy = AddressPolicy { allow_private: vec![upstream.addr()] };
        let client = Client::new(policy, Roots::Bundled).unwrap();
        let sources = [build(IndexName::MediaFusion, client, upstream.url("/"))];
        for requests in [2, 1] {
            let all = scrape_all(&sources, &query("tt9900001:1:2"), Duration::from_secs(8)).await;
            assert_eq!(all[0].requests, requests);
            let found = &all[0].torrents[0];
            assert_eq!(found.name, "Harbour.Lights.S01.1080p.WEB-DL.x264-DEMO");
            assert_eq!((found.size_bytes, found.seeders), (Some(16_106_127_360), Some(50)));
            assert_eq!(found.indexer.as_deref(), Some("TorrentGalaxy"));
        }
        assert_eq!(asked(&upstream), [kodi, kodi, PATH], "it is turned away once");
    }
    let upstream = Upstream::start();
    upstream.on(PATH, Reply::json(refusal));
    upstream.on(kodi, Reply::json(refusal));
    let report = ask(IndexName::MediaFusion, &upstream, &query("tt9900001:1:2")).await;
    assert_eq!(report.state, State::Failed);
    assert!(report.message.unwrap().contains("Unauthorized"));
}

#[tokio::test]
async fn each_add_on_is_asked_with_the_ids_it_understands() {
    let (kitsu, imdb) = ("/stream/series/kitsu:5:3.json", "/stream/series/tt9900002:2:3.json");
    let both = vec![kitsu, imdb];
    for (name, known, unknown) in [
        (IndexName::Torrentio, both.clone(), vec![kitsu]),
        (IndexName::TorrentsDb, both, vec![kitsu]),
        (IndexName::Comet, vec![kitsu], vec![kitsu]),
        (IndexName::Peerflix, vec![imdb], vec![kitsu]),
        (IndexName::MediaFusion, vec![imdb], vec![]),
    ] {
        for (query, wanted) in [
            (anime("kitsu:5:3"), &known),
            (anime("anidb:9:3"), &known),
            (anime("mal:9:3"), &known),
            (query("kitsu:5:3"), &unknown),
            (query("anidb:9:3"), &vec![]),
            (query("mal:9:3"), &vec![]),
            (query("tmdb:tv:9:1:3"), &vec![]),
        ] {
            let upstream = Upstream::start();
            for path in [kitsu, imdb] {
                upstream.on(path, Reply::json(r#"{"streams":[]}"#));
            }
            let report = ask(name, &upstream, &query).await;
            let state = if wanted.is_empty() { State::UnsupportedId } else { State::Empty };
            assert_eq!(report.state, state, "{name} {}", query.id);
            assert_eq!(asked(&upstream), *wanted, "{name} {}", query.id);
        }
    }
}

#[tokio::test]
async fn torrentios_two_lists_of_an_anime_are_one() {
    let stream = |digit: &str, title: &str| json!({"infoHash": digit.repeat(40), "title": title});
    let list = |streams: &[serde_json::Value]| json!({"streams": streams}).to_string();
    let upstream = Upstream::start();
    let one = list(&[stream("a", "A"), stream("b", "B")]);
    upstream.on("/stream/series/kitsu:5:3.json", Reply::json(one));
    let other = list(&[stream("b", "B"), stream("c", "C")]);
    upstream.on("/stream/series/tt9900002:2:3.json", Reply::json(other));
    let report = ask(IndexName::Torrentio, &upstream, &anime("kitsu:5:3")).await;
    let names: Vec<&str> = report.torrents.iter().map(|torrent| torrent.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "C"]);
    // Half an answer is one.
    upstream.on("/stream/series/kitsu:5:3.json", Reply::status(500));
    let report = ask(IndexName::Torrentio, &upstream, &anime("kitsu:5:3")).await;
    assert_eq!((report.state, report.torrents.len()), (State::Ok, 2));
}

#[tokio::test]
async fn any_add_on_is_read_by_its_manifest() {
    let name: IndexName = "mine".parse().unwrap();
    let upstream = Upstream::start();
    upstream.on(
        "/my/set-up/manifest.json",
        Reply::json(include_str!("../data/stremio/manifest_minimal.json")),
    );
    let kinds = include_str!("../data/stremio/stream_all_kinds.json");
    upstream.on("/my/set-up/stream/movie/tt1254207.json", Reply::json(kinds));
    for address in ["/my/set-up/manifest.json", "/my/set-up/configure", "/my/set-up"] {
        let report = ask_at(name, &upstream, address, &query("tt1254207")).await;
        assert_eq!(report.state, State::Ok, "{address}: {report:?}");
        // Links of somebody's and notices are no torrents.
        let [torrent] = report.torrents.as_slice() else { panic!("one: {report:?}") };
        assert_eq!(torrent.info_hash.to_string(), "dd8255ecdc7ca55fb0bbf81323d87062db1f6d1c");
        assert_eq!((torrent.file_index, torrent.index), (Some(1), name));
        assert_eq!(torrent.trackers, ["udp://tracker.opentrackr.org:1337/announce"]);
    }
    // Its manifest takes IMDb's ids alone.
    let report = ask_at(name, &upstream, "/my/set-up/manifest.json", &query("kitsu:5:3")).await;
    assert_eq!(report.state, State::UnsupportedId);
    upstream.on("/no/manifest.json", Reply::json(r#"{"resources":["subtitles"]}"#));
    let report = ask_at(name, &upstream, "/no/manifest.json", &query("tt1254207")).await;
    assert_eq!(report.state, State::Failed);
    assert!(report.message.unwrap().contains("no add-on that lists streams"));
}
