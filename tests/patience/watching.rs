//! Who watches a search: programs by events, people at a terminal or on a page.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use super::street::{FILM, OTHER, Street, addon_path, after, events, find, hash, hashes, streams};
use crate::support::server::{Server, credenza, run};
use crate::support::upstream::Reply;
use crate::support::{has, skip, until};

/// A street whose add-on has answered after so long.
fn slow(pause: Duration) -> Street {
    let street = Street::new();
    let body = streams([2, 3]);
    street.addon.on(&addon_path(FILM), after(Reply::json(&body), body.len(), pause));
    street
}

/// What the cache has of the film.
fn kept(server: &Server) -> serde_json::Value {
    until("an answer from the cache", Duration::from_secs(30), || {
        let found = find(server, FILM);
        found["found_before_s"].is_u64().then_some(found)
    })
}

#[test]
fn events_tell_each_index_then_what_is_found_so_far_and_the_whole_at_the_end() {
    let street = slow(Duration::from_secs(4));
    let server = street.serve();
    let path = format!("/api/find/{FILM}");
    let answer = server.owner("GET", &path).with("Accept", "text/event-stream").send();
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = events(&answer);
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    let index = |wanted: &str| {
        let is =
            |(name, data): &(String, serde_json::Value)| name == "index" && data["index"] == wanted;
        events.iter().position(is).unwrap_or_else(|| panic!("no {wanted}: {names:?}"))
    };
    assert_eq!(names.iter().filter(|name| **name == "index").count(), 3, "{names:?}");
    let first = names.iter().position(|name| *name == "candidates").unwrap();
    assert!(index("zilean") < first && first < index("torrentio"), "{names:?}");
    assert_eq!(events[first].1["partial"], true);
    assert_eq!(hashes(&events[first].1), [hash(1)]);
    let health = events[first].1["health"].as_str().unwrap();
    assert!(health.ends_with(" of 3 answered so far"), "{health}");
    assert_eq!(names[names.len() - 2..], ["candidates", "done"]);
    let whole = &events[events.len() - 2].1;
    assert_eq!(
        (hashes(whole), &whole["partial"]),
        (vec![hash(1), hash(2), hash(3)], &false.into())
    );
    assert_eq!(events.last().unwrap().1["health"], "3 of 3 answered");
    let mut again = kept(&server);
    for changed in ["elapsed_ms", "found_before_s"] {
        again[changed] = whole[changed].clone();
    }
    assert_eq!(*whole, again);

    // A second look has all at once, in the same order.
    let answer = server.owner("GET", &path).with("Accept", "text/event-stream").send();
    let names: Vec<String> =
        super::street::events(&answer).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["index", "index", "index", "candidates", "done"]);
    let stranger = server.ask("GET", &path).with("Accept", "text/event-stream").send();
    assert_eq!(stranger.status, 401);
}

/// Follows a search until its events hold this; the connection, and what was heard.
pub(super) fn follow(server: &Server, path: &str, awaited: &str) -> (TcpStream, String) {
    let address = server.base.strip_prefix("http://").unwrap();
    let key = std::fs::read_to_string(server.data.join("local.key")).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\
         Connection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        key.trim()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let (mut heard, mut buffer) = (String::new(), [0; 4096]);
    while !heard.contains(awaited) {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "it ended: {heard}");
        heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    (stream, heard)
}

fn open_files(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count()
}

#[test]
fn who_goes_away_takes_nothing_from_the_others_and_leaves_nothing_behind() {
    let street = slow(Duration::from_secs(4));
    let server = street.serve();
    find(&server, OTHER);
    let before = open_files(&server);
    let path = format!("/api/find/{FILM}");
    let timed = |_| {
        let start = Instant::now();
        (follow(&server, &path, "event: candidates\n"), start.elapsed())
    };
    let gone: Vec<_> = (0..20).map(timed).collect();
    let first = gone.iter().map(|(_, took)| *took).min().unwrap();
    println!("the first candidate was told {first:?} after the question");
    assert!(first < Duration::from_millis(3_500), "{first:?}");
    drop(gone);
    let found = kept(&server);
    assert_eq!(hashes(&found), [hash(1), hash(2), hash(3)]);
    assert_eq!(
        street.addon.requests().iter().filter(|seen| seen.path == addon_path(FILM)).count(),
        1
    );
    // The way out keeps a connection or two for the next call.
    until("the connections to be closed", Duration::from_secs(30), || {
        (open_files(&server) <= before + 4).then_some(())
    });
}

#[test]
fn a_page_fills_as_the_search_goes_on_and_is_whole_without_script() {
    let street = slow(Duration::from_secs(3));
    let server = street.serve();
    let page = |path: &str| server.owner("GET", path).send().text();
    let live = page(&format!("/watch/{FILM}?live=1"));
    assert!(live.contains(&format!("data-events=\"/watch/{FILM}/events\"")), "{live}");
    assert!(live.contains("<noscript>") && live.contains(&format!("href=\"/watch/{FILM}\"")));
    let pieces = server.owner("GET", &format!("/watch/{FILM}/events")).send();
    assert_eq!(pieces.header("content-type"), Some("text/event-stream"));
    let text = pieces.text();
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what}: {text}"));
    assert!(at("event: index") < at("event: found"), "{text}");
    assert!(at("data: zilean lists 1") < at(&hash(1)) && at(&hash(1)) < at(&hash(2)), "{text}");
    assert!(at("Searching …") < at("event: done"), "{text}");
    assert!(text.trim_end().ends_with("data: 3 of 3 answered"), "{text}");
    assert!(!text.contains("<html") && text.contains("Play the best"));
    kept(&server);
    let whole = page(&format!("/watch/{FILM}"));
    for part in [&hash(1), &hash(2), &hash(3), "3 of 3 answered", "Found ", "Search anew"] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    assert_eq!(server.get(&format!("/watch/{FILM}/events")).status, 401, "a stranger");
}

#[test]
fn a_terminal_sees_each_index_and_a_table_that_fits_and_a_file_none_of_that() {
    if !has("script") {
        return skip("needs script (util-linux)");
    }
    let street = Street::new();
    let wall = Reply::html("Sorry, you have been blocked").with_status(403);
    street.addon.on(&addon_path(FILM), wall);
    let server = street.serve();
    let piped = run(credenza(&server.data).args(["find", FILM]));
    let (table, said) =
        (String::from_utf8(piped.stdout).unwrap(), String::from_utf8(piped.stderr).unwrap());
    assert!(table.contains(&hash(1)) && !table.contains('\u{1b}'), "{table}");
    assert_eq!(said, "", "standard error is quiet where nobody looks");

    let on_terminal = |no_colour: bool| {
        let program = env!("CARGO_BIN_EXE_credenza");
        let data = server.data.display();
        let line = format!("stty cols 60; {program} --data {data} find {FILM}");
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).stdin(std::process::Stdio::null());
        command.env_remove("NO_COLOR");
        if no_colour {
            command.env("NO_COLOR", "1");
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let plain = on_terminal(true);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    assert!(plain.contains("zilean          1 torrents in "), "{plain}");
    assert!(plain.contains("torrentio refuses this connection (403) until about "), "{plain}");
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("; 2 of 3 answered"), "{plain}");
    let table = &plain[plain.find(&format!("{FILM}  A Film")).unwrap()..];
    for line in table.lines() {
        assert!(line.trim_end().chars().count() <= 60, "{line:?}");
    }
    assert!(on_terminal(false).contains("\u{1b}[1m"), "in colour");
}
