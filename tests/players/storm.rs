//! Sets that ask and leave: a browsing television reads 64 KiB, 128 KiB or 960 KiB of everything and
//! hangs up by a reset. What is left of two hundred of those is nothing, and a play is at once fine.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Evening, LIMIT, MKV, evening, evening_at, mkv, path_of, player, seeder, torrent_of};
use crate::support::server::Server;
use crate::support::tap::end_by_reset;
use crate::support::world::{ID, World};
use crate::support::{http, skip, until};

/// How much a set was seen to read before it leaves.
const READS: [usize; 3] = [64 << 10, 128 << 10, 960 << 10];
const STORM: usize = 200;
/// A line on which a place that nobody has asked for is not there by chance.
const SLOW: u32 = 550_000;

/// Asks from `start` on, reads so many bytes of the body, compares them, and leaves by a reset.
fn reads_and_leaves(evening: &Evening, start: usize, bytes: usize) {
    let film = &evening.film()[start..];
    let bytes = bytes.min(film.len());
    let address = evening.server.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let path = path_of(evening.url());
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nRange: bytes={start}-\r\n\r\n")
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 206"), "{}", String::from_utf8_lossy(&head));
    let mut body = vec![0; bytes];
    stream.read_exact(&mut body).unwrap();
    assert!(body == film[..bytes], "other bytes than the source's from {start} on");
    end_by_reset(&stream);
}

/// Two hundred of them, eight at a time, as many as a set opens at once.
fn storm(evening: &Evening) {
    thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for number in (thread..STORM).step_by(8) {
                    // Half of them look at the beginning; the others anywhere in the first half.
                    let place = number * 104_729 % (evening.film().len() / 2);
                    let start = if number % 2 == 0 { 0 } else { place };
                    reads_and_leaves(evening, start, READS[number % 3]);
                }
            });
        }
    });
}

fn status(evening: &Evening) -> Value {
    let path = format!("/api/stream/{}/status", evening.torrent.info_hash);
    evening.server.owner("GET", &path).send().json()
}

/// A figure of `/metrics`.
fn figure(evening: &Evening, name: &str) -> u64 {
    let text = evening.server.get("/metrics").text();
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{text}"));
    line.trim().parse().unwrap()
}

/// What it takes once the threads that read the disk for a storm have gone, each with its memory:
/// ten seconds after they were needed.
fn memory_at_rest(evening: &Evening) -> u64 {
    let threads = format!("/proc/{}/task", evening.server.pid());
    until("the readers of the disk to go", Duration::from_secs(60), || {
        (std::fs::read_dir(&threads).unwrap().count() <= 60).then_some(())
    });
    figure(evening, "process_resident_memory_bytes ")
}

/// Nobody reads: by every account there is.
fn nobody_reads(evening: &Evening) {
    until("no reader", Duration::from_secs(20), || {
        let none = status(evening)["readers"] == 0
            && figure(evening, "credenza_readers ") == 0
            && figure(evening, "credenza_streams_open ") == 0;
        none.then_some(())
    });
}

#[test]
fn two_hundred_aborts_leave_nothing_behind_and_a_play_is_at_once_fine() {
    let Some(evening) = evening_at(&mkv(), MKV, seeder::libtorrent, SLOW) else {
        return skip("needs Python's libtorrent");
    };
    // Once, so that what is made at the first use is made.
    reads_and_leaves(&evening, 0, READS[2]);
    nobody_reads(&evening);
    let files = figure(&evening, "process_open_fds ");
    storm(&evening);
    nobody_reads(&evening);
    // Where nobody has been yet: what those who left had wanted is not in its way.
    let far = evening.film().len() / 10 * 9;
    assert!(status(&evening)["bytes_have"].as_u64() < Some(far as u64), "it is there already");
    let began = Instant::now();
    evening.same_bytes(far..far + 300_000);
    println!("after the storm, 300 kB of a new place in {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let proof = player::ffmpeg(evening.url(), 0, 10, LIMIT);
    assert!(proof.clone().is_ok_and(|proof| proof.seconds > 9.0), "{proof:?}");
    // Again and again: once everything has been used, memory and open files grow no more.
    storm(&evening);
    nobody_reads(&evening);
    let memory = memory_at_rest(&evening);
    storm(&evening);
    nobody_reads(&evening);
    until("the files to be closed", Duration::from_secs(20), || {
        (figure(&evening, "process_open_fds ") <= files + 8).then_some(())
    });
    let grown = memory_at_rest(&evening).saturating_sub(memory);
    println!("open files {files}, memory {memory}, grown by {grown} in the third storm");
    assert!(grown < 16 << 20, "memory grew by {grown} bytes over the third storm");
}

#[test]
fn five_ranges_of_a_film_are_read_at_once() {
    let Some(evening) = evening(&mkv(), MKV, seeder::libtorrent) else {
        return skip("needs Python's libtorrent");
    };
    let film = evening.film().len();
    thread::scope(|scope| {
        for part in 0..5 {
            let evening = &evening;
            scope.spawn(move || evening.same_bytes(film / 5 * part..film / 5 * part + 1_500_000));
        }
    });
}

#[test]
fn the_very_bytes_or_none() {
    let Some(evening) = evening(&mkv(), MKV, seeder::libtorrent) else {
        return skip("needs Python's libtorrent");
    };
    let ask = |method: &str| http::ask(method, evening.url()).with("Range", "bytes=1000-1999");
    let first = ask("GET").send();
    let tag = first.header("etag").unwrap().to_owned();
    let modified = first.header("last-modified").unwrap().to_owned();
    let some = &evening.film()[1000..2000];
    for (name, value, status) in [
        ("If-Match", tag.as_str(), 206),
        ("If-Match", "*", 206),
        ("If-Match", &format!("\"other\", {tag}"), 206),
        ("If-Match", "\"other\"", 412),
        ("If-Range", &tag, 206),
        ("If-Range", &modified, 206),
        ("If-Range", "\"other\"", 200),
    ] {
        let answer = ask("GET").with(name, value).send();
        assert_eq!(answer.status, status, "{name}: {value}");
        assert_eq!(answer.header("etag"), Some(tag.as_str()), "{name}: {value}");
        match status {
            206 => assert!(answer.body == some, "{name}: {value}"),
            200 => assert!(answer.body == evening.film(), "{name}: {value}"),
            _ => assert!(answer.body.is_empty(), "{name}: {value}"),
        }
    }
    // The film is here by now; what it was, it is.
    assert_eq!(ask("GET").with("If-Match", &tag).send().status, 206);
    let head = ask("HEAD").send();
    assert_eq!((head.status, head.header("etag")), (200, Some(tag.as_str())));
}

#[test]
fn a_head_opens_nothing_that_is_not_open() {
    let torrent = torrent_of(&mkv(), MKV);
    let Some(peer) = seeder::libtorrent(&torrent, super::RATE) else {
        return skip("needs Python's libtorrent");
    };
    let world = World::of("The Long Evening");
    world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let configuration = world.configuration("[swarm]\nenabled = true\ndht = false\n");
    let server = Server::serve_on(&data, &configuration, None);
    let url = server.play(ID)["url"].as_str().unwrap().to_owned();
    let path = path_of(&url);
    let some = |server: &Server| server.ask("GET", path).with("Range", "bytes=0-999").send();
    let before = some(&server);
    assert_eq!(before.status, 206);
    assert_eq!(server.stop(), 0);
    let (server, asked) = (Server::serve_on(&data, &configuration, None), world.tracker.asked());
    // A set that lists what there is asks for heads, again and again.
    for _ in 0..20 {
        let head = server.ask("HEAD", path).with("Range", "bytes=0-").send();
        assert_eq!((head.status, head.header("etag")), (200, before.header("etag")));
        let length = torrent.files[0].1.len().to_string();
        assert_eq!(head.header("content-length"), Some(length.as_str()));
    }
    let text = server.get("/metrics").text();
    assert!(text.contains("credenza_swarm_torrents 0\n"), "{text}");
    assert_eq!(world.tracker.asked(), asked, "peers were looked for because of a HEAD");
    assert!(some(&server).body == torrent.files[0].1[..1000]);
}
