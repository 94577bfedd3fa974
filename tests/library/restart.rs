//! Nothing but right bytes, whenever the program was killed; and the change from peers to the disk,
//! which no reader sees.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use serde_json::json;

use super::{Home, LIMIT, MIB};
use crate::support::http::{Answer, get};
use crate::support::server::Server;
use crate::support::until;

/// A reader of `path` from `at` on, who has had the headers and nothing more.
pub fn begin(server: &Server, path: &str, at: usize) -> TcpStream {
    let address = server.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nRange: bytes={at}-\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 206"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// What came until the connection ended, at most `most`.
fn read(stream: &mut TcpStream, most: usize) -> Vec<u8> {
    let mut got = Vec::new();
    let _ = stream.take(most as u64).read_to_end(&mut got);
    got
}

#[test]
fn after_a_kill_at_any_moment_only_right_bytes_are_served() {
    // 5 MB/s, so that every kill comes in the middle.
    const SLOWLY: &str = "download_limit = 5000000";
    let mut home = Home::new(&[20], "");
    home.stop();
    home.start_as(SLOWLY, "");
    let (id, path) = home.choose(0);
    for round in 0..6_usize {
        let mut reader = begin(home.server(), &path, round * 3 * MIB);
        let got = read(&mut reader, (round + 1) * MIB);
        let at = round * 3 * MIB;
        assert!(got == home.source(0)[at..at + got.len()], "round {round}");
        home.server().signal("KILL");
        home.server = None;
        // What a power cut does to what was not flushed yet.
        if let Ok(file) = std::fs::OpenOptions::new().write(true).open(home.file(0))
            && !is_noted_as_whole(&home, &id)
        {
            for lost in 0..4 {
                let at = (round * 7 + lost * 5) % 20 * MIB + 4096 * lost;
                file.write_all_at(&vec![0; 65536], at as u64).unwrap();
            }
        }
        home.start_as(SLOWLY, "");
    }
    home.watch(0, &path);
    home.whole(&id, &path);
    assert!(std::fs::read(home.file(0)).unwrap() == home.source(0));

    // What was noted as whole is served from the disk at once: no peer is there any more.
    home.no_peers();
    home.server().signal("KILL");
    home.server = None;
    home.start("");
    home.watch(0, &path);
    let answer: Answer =
        get(&format!("{}{path}", home.server().base)).with("Range", "bytes=-5").send();
    assert!(answer.body == home.source(0)[home.source(0).len() - 5..]);
}

/// Whether the film is noted as whole, in the state that a killed program has left.
fn is_noted_as_whole(home: &Home, id: &str) -> bool {
    let state = credenza::durable::State::open(&home.data.join("state.redb")).unwrap();
    let kept: serde_json::Value = state.get(&format!("playable/{id}")).unwrap().unwrap();
    kept["finished"] != json!(null)
}

#[test]
fn one_long_reader_does_not_see_the_change_from_peers_to_the_disk() {
    let home = Home::new(&[32], "");
    let (id, path) = home.choose(0);
    let mut reader = begin(home.server(), &path, 0);
    let mut got = vec![0; MIB];
    reader.read_exact(&mut got).unwrap();
    // The film becomes whole while this reader stands still; others come and go.
    until("the whole film", Duration::from_secs(60), || {
        let other = home.server().ask("GET", &path).with("Range", "bytes=7-8").send();
        assert!(other.body == home.source(0)[7..9]);
        (home.row(&id)["whole"] == json!(true)).then_some(())
    });
    home.no_peers();
    got.extend(read(&mut reader, home.source(0).len() - MIB));
    assert!(got == home.source(0), "{} bytes", got.len());
    home.watch(0, &path);
    assert!(home.server().log().contains("served from there"));
}

#[test]
fn a_film_that_was_cut_short_on_the_disk_does_not_pass_for_whole_when_peers_begin_it_again() {
    let mut home = Home::new(&[6], "");
    let (id, path) = home.have(0);
    home.stop();
    // As the check of a file system leaves it. The first who plays it has the engine make a file of its
    // whole length again, and what is not in it comes slowly.
    let slowly = "download_limit = 40000";
    let file = std::fs::OpenOptions::new().write(true).open(home.file(0)).unwrap();
    file.set_len(2 * MIB as u64).unwrap();
    home.start_as(slowly, "");
    let all = home.source(0).len() as u64;
    let mut first = begin(home.server(), &path, 0);
    until("a file of its whole length again", LIMIT, || {
        (file.metadata().unwrap().len() == all).then_some(())
    });
    let got = read(&mut first, MIB);
    assert!(home.source(0).starts_with(&got), "other bytes");
    // Neither to another reader nor after a restart.
    for _ in 0..2 {
        let mut reader = begin(home.server(), &path, 3 * MIB);
        reader.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let got = read(&mut reader, MIB);
        assert!(home.source(0)[3 * MIB..].starts_with(&got), "other bytes, {} of them", got.len());
        drop(reader);
        home.stop();
        assert!(!is_noted_as_whole(&home, &id));
        home.start_as(slowly, "");
    }
}
