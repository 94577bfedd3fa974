//! Every bad day of every index: what becomes of it, in which words, and that the others stand.

use std::time::{Duration, Instant};

use credenza::fetch::MOST_BYTES;
use credenza::index::{Report, State, build};
use credenza::torrent::IndexName;
use futures_util::future::join_all;

use super::{anime, client, scrape_all, sound, wire};
use crate::support::upstream::{Reply, Upstream};

/// What ends a search with an index that is too slow.
const SHORT: Duration = Duration::from_secs(10);
/// Ample: these tests load the machine.
const AMPLE: Duration = Duration::from_secs(60);

/// A bad day, the state it ends in, and words of its sentence.
pub(super) type Day = (&'static str, Reply, State, &'static str);

pub(super) fn hash(number: usize) -> String {
    format!("{number:040x}")
}

pub(super) fn days(name: IndexName) -> Vec<Day> {
    use State::{Blocked, Empty, Failed, Limited, Ok, TimedOut};
    let wire = wire::of(name);
    let body = wire.recording;
    let media_type = if wire.xml { "application/xml" } else { "application/json" };
    let sent = |body: &[u8]| Reply::ok(body).header("Content-Type", media_type);
    let page = Reply::html("<!doctype html><title>Welcome</title><p>Please log in");
    let limited = |after: &str| page.clone().with_status(429).header("Retry-After", after);
    let named = |text: &str| wire.list(&[(hash(7), text.to_owned())]);
    let latin = named("caf~").into_bytes().into_iter();
    let latin: Vec<u8> = latin.map(|byte| if byte == b'~' { 0xE9 } else { byte }).collect();
    // JSON writes control characters as \u; XML cannot hold most of them, and strangers do it.
    let signs = "a\u{202E}b\u{2066}c\u{200F}\u{FEFF}\u{2028}d";
    let signs = if wire.xml {
        format!("{signs}\u{7}\u{1b}[2J&#x202E;")
    } else {
        format!(r"{signs}\u0007\u001b[2J\n")
    };
    let whole = format!(
        "{}{}",
        if wire.xml { "<rss>" } else { "" },
        if wire.xml { "<a>" } else { "[" }.repeat(100_000)
    );
    // A billion laughs: each entity is ten of the one before.
    let entity =
        |(of, name): (char, char)| format!("<!ENTITY {name} \"{}\">", format!("&{of};").repeat(10));
    let entities: Vec<String> = ('a'..'j').zip('b'..='j').map(entity).collect();
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE rss [<!ENTITY a \"laugh\">{}]><rss><channel><item>\
         <title>&j;</title></item></channel></rss>",
        entities.concat()
    );
    let half = &body.as_bytes()[..body.len() / 2];
    let bomb_words = if wire.xml { "document type" } else { "JSON was expected" };
    vec![
        ("a page of HTML", page.clone(), Failed, "web page"),
        (
            "the page of a bot wall",
            Reply::html("<html><head><title>Just a moment...</title>"),
            Blocked,
            "refuses",
        ),
        ("403", page.clone().with_status(403), Blocked, "refuses this connection (403)"),
        ("418", Reply::status(418), Blocked, "refuses this connection (418)"),
        ("429 with seconds", limited("3600"), Limited, "429"),
        ("429 with a date", limited("Fri, 31 Dec 2100 23:59:59 GMT"), Limited, "429"),
        ("429 with an absurd time", limited("99999999999999999999999"), Limited, "429"),
        ("429 without a time", Reply::status(429), Limited, "429"),
        ("404", Reply::status(404), wire.missing, ""),
        ("500", page.clone().with_status(500), Failed, "500"),
        (
            "503 in words for programs, with a time",
            sent(br#"{"error":"overloaded"}"#).with_status(503).header("Retry-After", "3600"),
            Limited,
            "asks for fewer requests",
        ),
        ("503 in maintenance", page.with_status(503), Failed, "503"),
        ("a broken connection", Reply::drop_connection(), Failed, "closed the connection"),
        ("a reset", Reply::reset_connection(), Failed, "closed the connection"),
        ("no answer", Reply::hang(), TimedOut, "no answer"),
        (
            "a byte a second",
            sent(body.as_bytes()).drip(1, Duration::from_secs(1)),
            TimedOut,
            "no answer",
        ),
        ("half a body", sent(body.as_bytes()).cut_after(body.len() / 2), Failed, "cut short"),
        (
            "half a body that says it is whole",
            sent(half),
            if wire.xml { Ok } else { Failed },
            "JSON",
        ),
        ("gzip that ends early", sent(body.as_bytes()).truncated_gzip(), Failed, "cut short"),
        ("a wrong charset", sent(&latin), Ok, ""),
        ("nulls everywhere", sent(wire.nothing().as_bytes()), Empty, ""),
        (
            "another shape",
            sent(if wire.xml { "<opml/>" } else { r#"{"x":[]}"# }.as_bytes()),
            Failed,
            "",
        ),
        ("null", sent(b"null"), Failed, ""),
        ("nothing", sent(b""), Failed, ""),
        (
            "deep nesting",
            sent(whole.as_bytes()),
            Failed,
            if wire.xml { "too deep" } else { "JSON" },
        ),
        ("an XML bomb", sent(bomb.as_bytes()), Failed, bomb_words),
        ("signs in names", sent(named(&signs).as_bytes()), Ok, ""),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_day_of_one_index_ends_in_its_state_and_words_and_the_others_stand() {
    let sound: Vec<(IndexName, Upstream)> = sound();
    let each = IndexName::ALL.into_iter().flat_map(|name| {
        days(name).into_iter().map(move |day| {
            let upstream = Upstream::start();
            for path in wire::of(name).paths {
                upstream.on(path, day.1.clone());
            }
            (name, upstream, day)
        })
    });
    let bad: Vec<(IndexName, Upstream, Day)> = each.collect();
    assert!(bad.len() >= IndexName::ALL.len() * 14);
    let all = sound.iter().map(|(_, upstream)| upstream);
    let client =
        client(&all.chain(bad.iter().map(|(_, upstream, _)| upstream)).collect::<Vec<_>>());
    let begun = Instant::now();
    let search = |(name, upstream, (day, _, state, words)): &(IndexName, Upstream, Day)| {
        let places = sound
            .iter()
            .map(|(other, sound)| (*other, if other == name { upstream } else { sound }));
        let sources: Vec<_> =
            places.map(|(name, upstream)| build(name, client.clone(), upstream.url("/"))).collect();
        let limit = if *state == State::TimedOut { SHORT } else { AMPLE };
        let (name, day, state, words) = (*name, *day, *state, *words);
        async move {
            for report in scrape_all(&sources, &anime(), limit).await {
                judge(&report, name, day, state, words);
            }
        }
    };
    // First those in which the search itself is cut off: hundreds at once would be late all by
    // themselves.
    let (slow, quick): (Vec<_>, Vec<_>) =
        bad.iter().partition(|(.., (_, _, state, _))| *state == State::TimedOut);
    join_all(slow.into_iter().map(search)).await;
    join_all(quick.into_iter().map(search)).await;
    assert!(begun.elapsed() < AMPLE * 3, "{:?}", begun.elapsed());
}

fn judge(report: &Report, name: IndexName, day: &str, state: State, words: &str) {
    let what = format!("{name} with {day}: {report:?}");
    let mine = report.index == name;
    assert_eq!(report.state, if mine { state } else { State::Ok }, "{what}");
    let sentence = report.message.as_deref().unwrap_or_default();
    // Nothing at all is well, but may be an address with a typing error.
    if day != "404" {
        assert_eq!(sentence.is_empty(), matches!(report.state, State::Ok | State::Empty), "{what}");
    }
    if !sentence.is_empty() && mine {
        assert!(sentence.contains(name.as_str()) && sentence.contains(words), "{what}");
    }
    // Neither the path nor what was asked for belongs in a log.
    assert!(!sentence.contains("tt9900001") && !sentence.contains("/dmm"), "{what}");
    for torrent in &report.torrents {
        let files = torrent.files.iter().map(|file| &file.name);
        for name in files.chain([&torrent.name]).chain(&torrent.file_name) {
            let unseen =
                |c: char| c.is_control() || "\u{202E}\u{2066}\u{200F}\u{FEFF}\u{2028}".contains(c);
            assert!(!name.contains(unseen), "{what}");
        }
        let begins = match day {
            "signs in names" => "abcd",
            "a wrong charset" => "caf\u{FFFD}",
            _ => "",
        };
        assert!(!mine || torrent.name.starts_with(begins), "{what}");
    }
}

#[tokio::test]
async fn a_row_that_json_itself_refuses_loses_itself_alone() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for name in IndexName::ALL.into_iter().filter(|name| !wire::of(*name).xml) {
        let wire = wire::of(name);
        let names = ["First", "Second", "Third"];
        let rows: Vec<_> = (1..).zip(names).map(|(n, name)| (hash(n), name.to_owned())).collect();
        let sound = wire.list(&rows);
        for (what, broken) in [
            // What JSON.stringify writes for a name that was cut in the middle of a picture.
            ("half a pair", r"Second \ud83d".to_owned()),
            ("a number beyond all", r#"Second","x":1e999,"y":""#.to_owned()),
            ("a deep row", format!(r#"Second","x":{deep},"y":""#)),
        ] {
            let upstream = Upstream::start();
            for path in wire.paths {
                upstream.on(path, Reply::json(sound.replace("Second", &broken)));
            }
            let sources = [build(name, client(&[&upstream]), upstream.url("/"))];
            let reports = scrape_all(&sources, &anime(), AMPLE).await;
            let report = &reports[0];
            assert_eq!(report.state, State::Ok, "{name} with {what}: {:?}", report.message);
            let read: Vec<&str> = report.torrents.iter().map(|one| one.name.as_str()).collect();
            assert!(read.contains(&"First") && read.contains(&"Third"), "{name}, {what}: {read:?}");
        }
    }
}

/// One after another: each fills the machine's hands.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_cut_off() {
    let packed = Reply::ok(vec![b' '; 200 << 20]).gzip();
    for name in IndexName::ALL {
        let wire = wire::of(name);
        let rows: Vec<_> = (0..100_000).map(|number| (hash(number), String::new())).collect();
        let many = wire.list(&rows);
        // Either more than is read at all, or more than is kept.
        let fits = many.len() <= MOST_BYTES;
        let (state, kept) = if fits { (State::Ok, 4_000) } else { (State::Failed, 0) };
        let endless = Reply::ok(vec![b' '; 1 << 16]);
        for (day, reply, state, least) in [
            ("100,000 rows", Reply::ok(&many), state, kept),
            ("200 MB", endless.clone().repeated(200 << 20), State::Failed, 0),
            ("200 MB in 200 kB", packed.clone(), State::Failed, 0),
        ] {
            let upstream = Upstream::start();
            for path in wire.paths {
                upstream.on(path, reply.clone());
            }
            let sources = [build(name, client(&[&upstream]), upstream.url("/"))];
            let reports = scrape_all(&sources, &anime(), AMPLE).await;
            let report = &reports[0];
            let count = report.torrents.len();
            assert_eq!(report.state, state, "{name} with {day}: {:?}", report.message);
            assert!(count >= least && count <= 4_000, "{name} with {day}: {count}");
            let sentence = report.message.as_deref().unwrap_or_default();
            assert!(
                state == State::Ok || sentence.contains("more than 8 MiB"),
                "{name} with {day}: {sentence}"
            );
            assert!(upstream.sent_bytes() < 100 << 20, "{name} with {day}: the rest was not read");
        }
    }
}
