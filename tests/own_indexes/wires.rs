//! Wires that only some owners have, through the real program: a Torznab of their own, a Nyaa that has no
//! feed, a StremThru that serves its list by its other door alone, an Anime Tosho of the old kind, and a
//! `MediaFusion` that takes no settings.

use credenza::torrent::IndexName;
use serde_json::{Value, json};

use super::{KEY, put};
use crate::support::only;
use crate::support::server::Server;
use crate::support::upstream::{Reply, Seen, Upstream};

const SERIES: &str = "tt9900001";
const ANIME: &str = "kitsu:990001:2";

/// What an instance says that it can.
const CAPS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<caps><server title="Stand-in"/><limits default="100" max="100"/><searching>
<search available="yes" supportedParams="q"/>
<tv-search available="yes" supportedParams="q,season,ep"/>
<movie-search available="yes" supportedParams="q"/></searching></caps>"#;

/// One that knows titles, and the program with no index but these, each at this path.
fn serve(titles: &Upstream, indexes: &[(IndexName, &Upstream, &str)]) -> Server {
    let series = include_str!("../data/cinemeta/meta_series_shape.json");
    titles.on(&format!("/meta/series/{SERIES}.json"), Reply::json(series));
    let anime = include_str!("../data/kitsu/meta_series.json");
    titles.on("/meta/anime/kitsu:990001.json", Reply::json(anime));
    let asked: Vec<IndexName> = indexes.iter().map(|(name, ..)| *name).collect();
    let at = |(name, upstream, path): &(IndexName, &Upstream, &str)| {
        format!("[index.{name}]\nurl = \"{}\"\n", upstream.url(path))
    };
    let all = indexes.iter().map(|(_, upstream, _)| *upstream).chain([titles]);
    let allow: Vec<String> = all.map(|up| format!("\"{}\"", up.addr())).collect();
    Server::serve(&format!(
        "{}{}[title]\ncinemeta_url = \"{titles}\"\nkitsu_url = \"{titles}\"\n\
         [swarm]\nenabled = false\n[network]\nallow_private = [{}]\n",
        indexes.iter().map(at).collect::<String>(),
        only(&asked),
        allow.join(", "),
        titles = titles.url("/"),
    ))
}

fn find(server: &Server, id: &str) -> Value {
    let answer = server.owner("GET", &format!("/api/find/{id}")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn line<'a>(found: &'a Value, index: &str) -> &'a Value {
    let lines = found["indexes"].as_array().unwrap();
    lines.iter().find(|line| line["index"] == index).unwrap_or_else(|| panic!("{found}"))
}

/// The candidate of this torrent.
fn candidate<'a>(found: &'a Value, hash: &str) -> &'a Value {
    let candidates = found["candidates"].as_array().unwrap();
    candidates.iter().find(|one| one["info_hash"] == hash).unwrap_or_else(|| panic!("{found}"))
}

/// The parameters of a request, without the key.
fn asked(seen: &Seen) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(seen.query.as_bytes()).into_owned();
    pairs.filter(|(name, _)| name != "apikey").collect()
}

#[test]
fn a_torznab_of_the_owners_is_asked_for_the_episode_and_its_answer_is_played_from() {
    let (titles, mine) = (Upstream::start(), Upstream::start());
    let feed = include_str!("../data/stremthru/torznab_search.xml");
    let xml = |body: &str| Reply::ok(body).header("Content-Type", "application/rss+xml");
    mine.script("/1/api", [xml(CAPS), xml(feed)]);
    let server = serve(&titles, &[]);
    let place = mine.url(&format!("/1/api?apikey={KEY}")).to_string();
    let added = put(&server, &json!({"indexes": {"mine": {"url": place}}}));
    assert_eq!(added.status, 200, "{}", added.text());
    assert!(!added.text().contains(KEY), "{}", added.text());

    let found = find(&server, &format!("{SERIES}:1:2"));
    let told = line(&found, "mine");
    assert_eq!((&told["state"], &told["torrents"]), (&json!("ok"), &json!(1)), "{found}");
    let pack = candidate(&found, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1");
    assert_eq!(pack["name"], "Harbour Lights S01 COMPLETE 1080p WEB-DL x264-DEMO");
    assert_eq!(pack["size_bytes"], 16_106_127_360_u64);
    assert_eq!((&pack["found_by"], &pack["indexer"]), (&json!(["mine"]), &json!("1337x")));
    let reasons = pack["reasons"].as_array().unwrap();
    assert!(reasons.contains(&json!("title_match")), "{pack}");
    assert!(reasons.contains(&json!("season_pack")), "{pack}");

    let requests = mine.requests();
    let key = format!("apikey={KEY}");
    assert!(requests.iter().all(|seen| seen.query.split('&').any(|pair| pair == key)));
    assert_eq!(asked(&requests[0]), [("t".to_owned(), "caps".to_owned())]);
    let wanted = [("t", "tvsearch"), ("q", "Harbour Lights"), ("season", "1"), ("ep", "2")];
    let searched = asked(&requests[1]);
    for (name, value) in wanted {
        assert!(searched.contains(&(name.to_owned(), value.to_owned())), "{searched:?}");
    }

    // An error of this protocol comes with status 200.
    mine.on("/1/api", xml(include_str!("../data/stremthru/torznab_error.xml")));
    let found = find(&server, &format!("{SERIES}:0:1"));
    let told = line(&found, "mine");
    assert_eq!(told["state"], "failed", "{found}");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("mine") && message.contains("invalid output format"), "{message}");
    assert!(!server.log().contains(KEY) && !found.to_string().contains(KEY));
}

#[test]
fn a_nyaa_without_a_feed_is_read_from_the_table_of_its_page() {
    let (titles, nyaa) = (Upstream::start(), Upstream::start());
    let page = Reply::html(include_str!("../data/nyaa/search_results_fragment.html"));
    // The two searches of the feed, then the page.
    let wall = Reply::html("<!doctype html><title>No such page</title>");
    nyaa.script("/", [wall.clone(), wall, page]);
    let server = serve(&titles, &[(IndexName::Nyaa, &nyaa, "/")]);
    let found = find(&server, ANIME);
    let told = line(&found, "nyaa");
    assert_eq!((&told["state"], &told["torrents"]), (&json!("ok"), &json!(3)), "{found}");
    let episode = candidate(&found, &"1".repeat(40));
    assert_eq!(episode["name"], "[DemoSubs] Clockwork Kite - 02 (1080p) [A1B2C3D4].mkv");
    assert_eq!((&episode["seeders"], &episode["found_by"]), (&json!(120), &json!(["nyaa"])));
    assert_eq!(episode["size_bytes"], 1_503_238_554_u64);
    assert_eq!(found["candidates"][0], *episode, "the episode by itself leads");
    let trackers = episode["trackers"].as_array().unwrap();
    assert!(trackers.contains(&json!("udp://open.stealth.si:80/announce")), "{episode}");

    let requests = nyaa.requests();
    let feed = ("page".to_owned(), "rss".to_owned());
    let feeds: Vec<bool> = requests.iter().map(|seen| asked(seen).contains(&feed)).collect();
    assert_eq!(feeds, [true, true, false], "{requests:?}");
}

#[test]
fn a_stremthru_that_does_not_serve_its_list_is_asked_through_its_torznab_door() {
    let (titles, crowd) = (Upstream::start(), Upstream::start());
    crowd.on("/v0/torrents", Reply::status(503));
    let feed = Reply::ok(include_str!("../data/stremthru/torznab_search.xml"));
    crowd.on("/v0/torznab/api", feed.header("Content-Type", "application/rss+xml"));
    let server = serve(&titles, &[(IndexName::StremThru, &crowd, "/")]);
    let found = find(&server, &format!("{SERIES}:1:2"));
    let told = line(&found, "stremthru");
    assert_eq!((&told["state"], &told["torrents"]), (&json!("ok"), &json!(1)), "{found}");
    let pack = candidate(&found, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1");
    assert_eq!(pack["name"], "Harbour Lights S01 COMPLETE 1080p WEB-DL x264-DEMO");
    assert_eq!((&pack["found_by"], &pack["indexer"]), (&json!(["stremthru"]), &json!("1337x")));
    let paths: Vec<String> = crowd.requests().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/v0/torrents", "/v0/torznab/api"]);
    let searched = asked(&crowd.requests()[1]);
    for (name, value) in [("t", "search"), ("imdbid", SERIES)] {
        assert!(
            searched.iter().any(|pair| pair.0 == name && pair.1.starts_with(value)),
            "{searched:?}"
        );
    }
}

#[test]
fn an_anime_tosho_of_the_old_kind_is_asked_by_its_torznab() {
    let (titles, tosho) = (Upstream::start(), Upstream::start());
    let feed = Reply::ok(include_str!("../data/animetosho/torznab.xml"));
    tosho.on("/api", feed.header("Content-Type", "application/rss+xml"));
    let server = serve(&titles, &[(IndexName::AnimeTosho, &tosho, "/api")]);
    let found = find(&server, ANIME);
    let told = line(&found, "animetosho");
    assert_eq!(told["state"], "ok", "{found}");
    // Its magnets have base32 hashes, and its counter of seeders is a mistake above some height.
    let episode = candidate(&found, &"a".repeat(40));
    assert_eq!(episode["name"], "[DemoSubs] Clockwork Kite - 02 (1080p) [A1B2C3D4].mkv");
    assert_eq!(
        (&episode["size_bytes"], &episode["seeders"]),
        (&json!(1_503_238_553), &json!(null))
    );
    let batch = candidate(&found, &"b".repeat(40));
    assert_eq!((&batch["seeders"], &batch["found_by"]), (&json!(31), &json!(["animetosho"])));
    let requests = tosho.requests();
    assert!(!requests.is_empty());
    for seen in &requests {
        assert!(asked(seen).contains(&("t".to_owned(), "search".to_owned())), "{:?}", asked(seen));
    }
}

#[test]
fn a_mediafusion_that_takes_no_settings_is_read_by_its_path_for_kodi() {
    let (titles, fusion) = (Upstream::start(), Upstream::start());
    let id = format!("{SERIES}:1:2");
    let kodi = format!("/kodi/stream/series/{id}.json");
    let refusal = include_str!("../data/mediafusion/stream_unauthorized.json");
    fusion.on(&format!("/stream/series/{id}.json"), Reply::json(refusal));
    fusion.on(&kodi, Reply::json(include_str!("../data/mediafusion/kodi_stream.json")));
    let server = serve(&titles, &[(IndexName::MediaFusion, &fusion, "/")]);
    let found = find(&server, &id);
    let told = line(&found, "mediafusion");
    assert_eq!((&told["state"], &told["torrents"]), (&json!("ok"), &json!(1)), "{found}");
    let pack = candidate(&found, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1");
    assert_eq!(pack["name"], "Harbour.Lights.S01.1080p.WEB-DL.x264-DEMO");
    assert_eq!((&pack["size_bytes"], &pack["seeders"]), (&json!(16_106_127_360_u64), &json!(50)));
    assert_eq!(
        (&pack["found_by"], &pack["indexer"]),
        (&json!(["mediafusion"]), &json!("TorrentGalaxy"))
    );
    let paths: Vec<String> = fusion.requests().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, [format!("/stream/series/{id}.json"), kodi]);
}
