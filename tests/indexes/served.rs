//! The whole search, through the real program: nine indexes, seven of them on a bad day each of its
//! own. It ends in its time, with what the sound ones have, and says of the others what was wrong.

use std::time::Duration;

use credenza::index::State;
use credenza::torrent::IndexName;
use serde_json::{Value, json};

use super::bad_days::{Day, days, hash};
use super::wire;
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};
use crate::support::{timely, until};

/// An episode for which every index can be asked: the map says that it is anime.
const ID: &str = "tt9900001:1:2";
const LIMIT_MS: u64 = 6_000;

/// The days of a street of nine, of which two are sound.
fn street(name: IndexName) -> [Option<Day>; 9] {
    let day = |wanted: &str| days(name).into_iter().find(|(day, ..)| *day == wanted);
    let endless = Reply::ok(vec![b' '; 1 << 16]).repeated(200 << 20);
    let bomb = if wire::of(name).xml { "an XML bomb" } else { "deep nesting" };
    [
        day("a byte a second"),
        day("no answer"),
        day("half a body"),
        Some(("200 MB", endless, State::Failed, "more than 8 MiB")),
        day("a reset"),
        day(bomb),
        day("nulls everywhere"),
        None,
        None,
    ]
}

/// A title, its map, and nine indexes on these days.
struct World {
    titles: Upstream,
    indexes: Vec<(IndexName, Upstream, Option<Day>)>,
}

impl World {
    /// `turn`: which day is whose.
    fn new(turn: usize) -> Self {
        let titles = Upstream::start();
        let series = include_str!("../data/cinemeta/meta_series_shape.json");
        titles.on("/meta/series/tt9900001.json", Reply::json(series));
        let map = json!([{"anidb_id": 990_001, "imdb_id": "tt9900001", "type": "TV"}]);
        titles.on("/list.json", Reply::json(map.to_string()));
        let each = IndexName::ALL.into_iter().enumerate().map(|(place, name)| {
            let upstream = Upstream::start();
            let which = (place + turn) % IndexName::ALL.len();
            let day = street(name).into_iter().nth(which).flatten();
            let row = (hash(place), format!("Harbour.Lights.S01E02.1080p.WEB-DL.x264-N{place}"));
            let sound = Reply::ok(wire::of(name).list(&[row]));
            let reply = day.as_ref().map_or(sound, |(_, reply, ..)| reply.clone());
            for path in wire::of(name).paths {
                upstream.on(path, reply.clone());
            }
            (name, upstream, day)
        });
        Self { indexes: each.collect(), titles }
    }

    fn configuration(&self) -> String {
        let places = self.indexes.iter().map(|(name, upstream, _)| {
            format!("[index.{name}]\nurl = \"{}\"\n", upstream.url("/"))
        });
        let all = self.indexes.iter().map(|(_, upstream, _)| upstream).chain([&self.titles]);
        let allow: Vec<String> = all.map(|up| format!("\"{}\"", up.addr())).collect();
        let titles = self.titles.url("/");
        format!(
            "{}[title]\ncinemeta_url = \"{titles}\"\nkitsu_url = \"{titles}\"\n\
             anime_map_url = \"{titles}list.json\"\nkitsu_map_url = \"{titles}mapping.json\"\n\
             [swarm]\nenabled = false\n[network]\nallow_private = [{}]\n",
            places.collect::<String>(),
            allow.join(", ")
        )
    }

    /// What a search finds, once the map has come.
    fn find(&self) -> Value {
        let server = Server::serve(&self.configuration());
        until("the fetched map", Duration::from_secs(30), || {
            server.log().contains("the map of anime ids was refreshed").then_some(())
        });
        let answer = server.owner("GET", &format!("/api/find/{ID}")).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

#[test]
fn a_search_among_nine_of_which_seven_are_ill_ends_in_time_with_what_the_sound_ones_have() {
    for turn in [0, 4] {
        let (found, world) = timely(LIMIT_MS, || {
            let world = World::new(turn);
            (world.find(), world)
        });
        println!("{} ms: {}", found["elapsed_ms"], found["health"]);
        let mut sound = Vec::new();
        for (place, (name, upstream, day)) in world.indexes.iter().enumerate() {
            let lines = found["indexes"].as_array().unwrap();
            let line = lines.iter().find(|line| line["index"] == name.as_str()).unwrap();
            let Some((day, _, state, words)) = day else {
                assert_eq!(
                    (&line["state"], &line["torrents"]),
                    (&json!("ok"), &json!(1)),
                    "{line}"
                );
                sound.push(hash(place));
                continue;
            };
            assert!(!upstream.requests().is_empty(), "{name} was not asked");
            assert_eq!(line["state"], json!(state), "{name} with {day}: {found}");
            // One that says nothing is well, by all that can be known.
            let message = line["message"].as_str().unwrap_or_default();
            assert!(message.contains(words), "{name} with {day}: {line}");
            assert_eq!(message.contains(name.as_str()), *state != State::Empty, "{line}");
        }
        let listed = found["candidates"].as_array().unwrap().iter();
        let mut listed: Vec<&str> = listed.map(|one| one["info_hash"].as_str().unwrap()).collect();
        listed.sort_unstable();
        assert_eq!(listed, sound, "{found}");
        assert!(found["health"].as_str().unwrap().ends_with("; 3 of 9 answered"), "{found}");
    }
}
