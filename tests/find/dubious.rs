//! What an index lists beside the honest, through the real program: a program that calls itself the
//! episode, and packs whose size is that of many episodes.

use credenza::torrent::IndexName;
use serde_json::{Value, json};

use crate::support::only;
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};

const GIB: u64 = 1 << 30;

/// A row of Zilean's: which, what it is called, and how large it is.
fn row(number: u32, name: &str, gib: u64) -> Value {
    json!({"info_hash": format!("{number:040x}"), "raw_title": name, "size": (gib * GIB).to_string()})
}

/// The numbers of what was found, in its order, each with its reasons.
fn order(found: &Value) -> Vec<(u32, Vec<&str>)> {
    let candidates = found["candidates"].as_array().unwrap().iter();
    let one = |candidate: &Value| {
        let hash = candidate["info_hash"].as_str().unwrap();
        u32::from_str_radix(&hash[32..], 16).unwrap()
    };
    candidates
        .map(|candidate| {
            let reasons = candidate["reasons"].as_array().unwrap();
            (one(candidate), reasons.iter().map(|reason| reason.as_str().unwrap()).collect())
        })
        .collect()
}

#[test]
fn a_program_is_put_aside_and_a_pack_is_as_large_as_one_of_its_episodes() {
    let (titles, lists) = (Upstream::start(), Upstream::start());
    let series = include_str!("../data/cinemeta/meta_series_shape.json");
    titles.on("/meta/series/tt9900001.json", Reply::json(series));
    let rows = json!([
        row(1, "Harbour.Lights.S01E02.2160p.WEB-DL.x265-DEMO.exe", 2),
        // Eight episodes in 16 GiB are 2 GiB each; in 80 GiB they are 10.
        row(2, "Harbour.Lights.S01E01-E08.1080p.WEB-DL.x264-DEMO", 16),
        row(3, "Harbour.Lights.S01E01-E08.1080p.BluRay.x264-LARGE", 80),
        row(4, "Harbour.Lights.S01E02.1080p.BluRay.x264-LARGE", 9),
        row(5, "Harbour.Lights.S01E02.720p.HDTV.x264-DEMO", 1),
    ]);
    lists.on("/dmm/filtered", Reply::json(rows.to_string()));
    let server = Server::serve(&format!(
        "[index.zilean]\nurl = \"{}\"\n{}[title]\ncinemeta_url = \"{}\"\n[prefer]\n\
         max_episode_mib = 4096\n[swarm]\nenabled = false\n[network]\n\
         allow_private = [\"{}\", \"{}\"]\n",
        lists.url("/"),
        only(&[IndexName::Zilean]),
        titles.url("/"),
        lists.addr(),
        titles.addr(),
    ));
    let found = server.owner("GET", "/api/find/tt9900001:1:2").send().json();
    let order = order(&found);
    let has = |number: u32, reason: &str| {
        let (_, reasons) = order.iter().find(|(one, _)| *one == number).unwrap();
        reasons.contains(&reason)
    };
    for (number, over) in [(2, false), (3, true), (4, true), (5, false)] {
        assert_eq!(has(number, "over_size"), over, "{number}: {found}");
        assert!(!has(number, "executable"), "{number}: {found}");
    }
    assert!(has(1, "executable"), "{found}");
    let place = |number: u32| order.iter().position(|(one, _)| *one == number).unwrap();
    assert_eq!(place(1), 4, "a program stands last: {found}");
    let within = [2, 5].map(place).into_iter().max();
    assert!(within < [3, 4].map(place).into_iter().min(), "what is too large comes after: {found}");
    assert_eq!(found["candidates"][place(2)]["size_bytes"], 16 * GIB, "its whole size is told");
}
