//! What lies on the box, as files: the same bytes as everywhere, and lists that stay fast however
//! long the shelf is.

use std::path::Path;

use credenza::durable::State;
use credenza::swarm::Seeder;
use credenza::torrent::{InfoHash, TorrentFile, entity_tag};
use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use super::{LIMIT, child, list, names};
use crate::support::player::sha256;
use crate::support::process::{Ended, finish};
use crate::support::seeder::{Torrent, random};
use crate::support::server::Server;
use crate::support::world::{ID, World};
use crate::support::{has, skip, until};
use std::process::Command;

const NAME: &str = "Tom & Jerry <1> \"q\" é 日本";

fn rclone(url: &str, words: &[&str]) -> Result<Ended, String> {
    let mut command = Command::new("rclone");
    command.env("RCLONE_CONFIG", "/nonexistent/rclone.conf");
    command.args(["--webdav-url", url, "--webdav-vendor", "other", "--retries", "1"]);
    finish(command.args(words), LIMIT)
}

#[test]
fn rclone_reads_a_film_of_the_shelf_whole_and_in_part() {
    if !has("rclone") {
        return skip("needs rclone");
    }
    let release = "Tom.and.Jerry.2008.1080p.WEB-DL.x264-DAV.mkv";
    let film = Torrent::new(release, vec![(release.to_owned(), random(3 << 20))], 256 << 10);
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let content = vec![(film.bytes.clone(), film.files.clone())];
    let listen = "127.0.0.1:0".parse().unwrap();
    let seeder = runtime.block_on(Seeder::start(content, folder.path(), listen)).unwrap();
    let world = World::of(NAME);
    world.list(&[&film]).seeded_at(&film, ([127, 0, 0, 1], seeder.port()).into());
    let server = world.serve();
    assert!(names(&server, "/dav/On%20this%20box/Films/").is_empty());
    let press = || {
        let hash = film.info_hash;
        let answer = server.owner("POST", &format!("/api/play/{ID}?info_hash={hash}")).send();
        (answer.status == 200).then(|| answer.json())
    };
    let play = until("the film to play", LIMIT, press);
    let url = play["url"].as_str().unwrap().to_owned();
    let path = &url[url.find("/v/").unwrap()..];
    let source = &film.files[0].1;
    assert!(server.get(path).body == *source);
    let shown = || {
        // It is noted to be whole when it is looked at.
        let _ = server.ask("HEAD", path).send();
        let rows = list(&server, "/dav/On%20this%20box/Films/");
        rows.get(1).cloned()
    };
    let row = until("the film in its folder", LIMIT, shown);
    assert_eq!(row.name(), format!("{NAME} (2008).mkv"));
    let tag = server.ask("HEAD", path).send().header("etag").unwrap().to_owned();
    assert_eq!(row.property("getetag"), Some(tag.replace('"', "&quot;").as_str()));
    assert_eq!(row.property("getcontentlength"), Some(source.len().to_string().as_str()));
    let head = server.ask("HEAD", &row.href).send();
    assert_eq!(head.header("etag"), Some(tag.as_str()));
    assert_eq!(head.header("last-modified"), row.property("getlastmodified"));

    let dav = format!("{}/dav/", server.base);
    let at = format!(":webdav:On this box/Films/{}", row.name());
    let whole = rclone(&dav, &["cat", &at]).unwrap();
    assert_eq!(sha256(&whole.stdout), sha256(source));
    let part = rclone(&dav, &["cat", "--offset", "1000000", "--count", "1000", &at]).unwrap();
    assert!(part.stdout == source[1_000_000..1_001_000]);
    let folder = rclone(&dav, &["lsl", ":webdav:On this box/Films"]).unwrap().text();
    assert!(folder.contains(&source.len().to_string()) && folder.contains(NAME), "{folder}");

    // What is removed is listed no more, at once.
    let rows = server.owner("GET", "/api/library").send().json();
    let media_id = rows["titles"][0]["media_id"].as_str().unwrap().to_owned();
    let pin = json!({"pinned": true});
    assert_eq!(
        server.owner("PUT", &format!("/api/library/{media_id}")).json(&pin).send().status,
        200
    );
    assert_eq!(names(&server, "/dav/Pinned/").len(), 1);
    let removed = server.owner("DELETE", &format!("/api/library/{media_id}")).send();
    assert_eq!(removed.status, 200, "{}", removed.text());
    assert!(names(&server, "/dav/On%20this%20box/Films/").is_empty());
    runtime.block_on(seeder.stop());
}

/// As many titles as nobody has, whole on the disk, as the program keeps them.
fn fill(data: &Path, count: usize) {
    let state = State::open(&data.join("state.redb")).unwrap();
    for number in 0..count {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&(number as u64 + 1).to_be_bytes());
        let hash = InfoHash::from_bytes(bytes);
        let name = format!("Title.{number}.2008.mkv");
        let file =
            TorrentFile { index: Some(0), name, size_bytes: Some(4), ..TorrentFile::default() };
        let digest = Sha256::digest(entity_tag(&hash, &file).as_bytes());
        let media_id = HEXLOWER.encode(&digest[..10]);
        let folder = data.join("library").join(hash.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("0.mkv");
        std::fs::write(&path, b"film").unwrap();
        let letter = char::from(b'A' + u8::try_from(number % 5).unwrap());
        let playable = json!({
            "id": format!("tt{:07}", 5_000_000 + number),
            "info_hash": hash,
            "title": format!("{letter} title {number:05} (2008)"),
            "release": "Release",
            "trackers": [],
            "file": file,
            "via": "swarm",
            "store": null,
            "since": 1_700_000_000,
            "finished": path,
        });
        state.put(&format!("playable/{media_id}"), &playable).unwrap();
    }
}

fn memory_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_long_shelf_is_divided_and_reading_it_costs_no_memory() {
    const COUNT: usize = 2_000;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    fill(&data, COUNT);
    let world = World::of("The Long Evening");
    let server =
        Server::serve_on(&data, &world.configuration("[library]\nidle_minutes = 0\n"), None);
    let films = "/dav/On%20this%20box/Films/";
    assert_eq!(names(&server, films), ["A", "B", "C", "D", "E"]);
    let parts = names(&server, &child(&server, films, "B"));
    assert_eq!(parts.len(), 2, "{parts:?}");
    assert_eq!(parts[0], "B title 00001 (2008) \u{2013} B title 00996 (2008)");
    let part = child(&server, &child(&server, films, "B"), &parts[1]);
    let titles = names(&server, &part);
    assert_eq!((titles.len(), titles[0].as_str()), (200, "B title 01001 (2008).mkv"));
    let film = child(&server, &part, &titles[7]);
    assert_eq!(server.get(&film).body, b"film");

    // What the allocator keeps for its threads is no growth, nor is what a walk of the shelf takes
    // that falls into a round: what grows with the pages grows in every round.
    let mut grown = Vec::new();
    let is_flat = (0..30).any(|_| {
        let before = memory_kib(&server);
        for _ in 0..40 {
            assert_eq!(names(&server, &part).len(), 200);
        }
        grown.push(memory_kib(&server).saturating_sub(before));
        grown.last().is_some_and(|grown| *grown < 1 << 10)
    });
    println!("40 pages of 200 of {COUNT} by WebDAV: memory grew by {grown:?} KiB");
    assert!(is_flat, "{grown:?} KiB");
}
