//! Bad input at the edge a person sees: one sentence that names the culprit and what to do, the
//! right exit code or status, and nothing else harmed. What a parser alone can show stands beside
//! it: `indexes` (answers), `metainfo` (descriptions), `configuration`, `way_out` (the wire).

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::json;

use crate::support::seeder::{self, Torrent};
use crate::support::server::{Server, credenza, run};
use crate::support::skip;
use crate::support::world::{ID, World};

/// One sentence on standard error, code 1, nothing on standard output.
fn refused(done: &Output, wanted: &[&str]) {
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(done.stdout.is_empty(), "{}", String::from_utf8_lossy(&done.stdout));
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("credenza: ")).collect();
    assert_eq!(lines.len(), 1, "one sentence: {said}");
    for word in wanted {
        assert!(lines[0].contains(word), "{word} is not in: {}", lines[0]);
    }
}

fn serve(data: &Path) -> Command {
    let mut command = credenza(data);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
    command
}

#[test]
fn a_port_in_use_is_named_with_the_way_out_and_touches_no_store() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let done = run(credenza(&folder.path().join("data")).args(["serve", "--listen", &address]));
    refused(
        &done,
        &[&format!("port {} is in use", taken.local_addr().unwrap().port()), "--listen"],
    );
    assert!(!folder.path().join("data/state.redb").exists());
}

#[test]
fn a_corrupted_state_file_is_named_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.redb");
    std::fs::write(&file, "this is no state file ".repeat(5000)).unwrap();
    let before = std::fs::read(&file).unwrap();
    refused(&run(&mut serve(folder.path())), &["state.redb", "move"]);
    refused(&run(credenza(folder.path()).args(["find", "tt1254207"])), &["state.redb"]);
    assert_eq!(std::fs::read(&file).unwrap(), before, "it is not touched");
}

#[test]
fn a_corrupted_cache_is_put_aside_and_the_server_works() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::serve_on(&data, "", None);
    assert_eq!(server.stop(), 0);
    for file in std::fs::read_dir(data.join("cache")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::write(path, [0xA5; 4096]).unwrap();
        }
    }
    let server = Server::serve_on(&data, "", None);
    assert_eq!(server.get("/health").status, 200);
    assert!(server.log().contains("cache"), "{}", server.log());
    assert!(data.join("cache.bad").exists(), "kept once, for whoever wants to look");
}

#[test]
fn a_data_folder_that_cannot_be_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    refused(&run(&mut serve(&file.join("data"))), &["data folder", "--data"]);
    let missing = "[debrid]\nstore = \"torbox\"\ntoken_file = \"/nowhere/token\"\n";
    let configuration = folder.path().join("c.toml");
    std::fs::write(&configuration, missing).unwrap();
    let done = run(serve(&folder.path().join("data")).arg("--config").arg(configuration));
    refused(&done, &["/nowhere/token", "debrid.token_file"]);
}

#[test]
fn a_second_server_on_one_data_folder_is_refused_and_the_first_goes_on() {
    let server = Server::serve("");
    refused(&run(&mut serve(&server.data)), &["another credenza"]);
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn wrong_usage_is_code_2_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["fnid", "tt1254207"][..],
        &["find"],
        &["find", "tt1254207", "--jsn"],
        &["play", "the film"],
        &["serve", "--listen", "8080"],
        &["--log", "loud"],
        &["select", "--season", "x"],
        &["select", "--season", "1"],
    ] {
        let done = run(credenza(folder.path()).args(arguments));
        assert_eq!(done.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.starts_with("error: "), "{arguments:?}: {said}");
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn hashes_of_the_wrong_length_are_refused_and_base32_is_understood() {
    let server = Server::demo();
    let candidates = server.get("/api/find/tt9900101").json();
    let hash = candidates["candidates"][0]["info_hash"].as_str().unwrap().to_owned();
    let play =
        |hash: &str| server.ask("POST", &format!("/api/play/tt9900101?info_hash={hash}")).send();
    for bad in ["abc", &hash[..39], &format!("{hash}0"), &"g".repeat(40), &"1".repeat(32)] {
        let answer = play(bad);
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "bad_query");
        assert!(answer.text().contains("info hash"), "{}", answer.text());
    }
    let bytes = data_encoding::HEXLOWER.decode(hash.as_bytes()).unwrap();
    let answer = play(&data_encoding::BASE32_NOPAD.encode(&bytes));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["candidate"]["info_hash"], json!(hash));
    let unknown = play(&"0".repeat(40));
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["code"]),
        (404, &json!("not_a_candidate"))
    );
}

#[test]
fn a_torrent_without_a_video_is_passed_over_and_the_next_one_plays() {
    let text = vec![("readme.txt".to_owned(), vec![b'x'; 40_000])];
    let empty = Torrent::new("A.Film.2008.2160p.WEB-DL-NOBODY", text, 16 << 10);
    let film = Torrent::single("A.Film.2008.720p.HDTV-SOMEBODY.mkv", 300_000, 16 << 10);
    let (Some(first), Some(second)) = (seeder::libtorrent(&empty, 0), seeder::libtorrent(&film, 0))
    else {
        return skip("needs Python's libtorrent");
    };
    let world = World::of("A Film");
    world.list(&[&empty, &film]).seeded_at(&empty, first.addr).seeded_at(&film, second.addr);
    let server = world.serve();
    let only = format!("/api/play/{ID}?info_hash={}", empty.info_hash);
    let answer = server.ask("POST", &only).send();
    assert_eq!(answer.status, 502, "{}", answer.text());
    let passed = &answer.json()["error"]["detail"]["passed_over"][0];
    assert_eq!(
        (&passed["why"], &passed["info_hash"]),
        (&json!("no_file"), &json!(empty.info_hash.to_string()))
    );
    assert_eq!(server.play(ID)["candidate"]["info_hash"], json!(film.info_hash.to_string()));
}

#[test]
fn a_full_disk_is_told_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("library");
    std::fs::create_dir(&library).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=20M", "tmpfs"])
        .arg(&library)
        .output();
    if !mounted.is_ok_and(|done| done.status.success()) {
        return skip("needs the right to mount a tmpfs");
    }
    let film = Torrent::single("A.Film.2008.1080p.WEB-DL-SOMEBODY.mkv", 12 << 20, 64 << 10);
    let Some(peer) = seeder::libtorrent(&film, 2 << 20) else {
        unmount(&library);
        return skip("needs Python's libtorrent");
    };
    let world = World::of("A Film");
    world.list(&[&film]).seeded_at(&film, peer.addr);
    let more = format!(
        "[swarm]\nenabled = true\ndht = false\n[library]\npath = \"{}\"\n",
        library.display()
    );
    let server = Server::serve(&world.configuration(&more));
    // There is no room for it: it is not begun, and the sentence says what to do.
    let others = library.join("somebody's");
    std::fs::write(&others, vec![1; 12 << 20]).unwrap();
    let refused = server.ask("POST", &format!("/api/play/{ID}")).send();
    assert_eq!(refused.status, 502, "{}", refused.text());
    assert!(refused.text().contains("library's disk has"), "{}", refused.text());
    // There was room, and somebody takes it in the middle.
    std::fs::remove_file(&others).unwrap();
    let url = server.play(ID)["url"].as_str().unwrap().to_owned();
    let path = &url[url.find("/v/").unwrap()..];
    let _ = std::fs::write(&others, vec![1; 20 << 20]);
    // The connection is closed early, never filled with zeros.
    let whole = server.ask("GET", path).send();
    assert!(whole.body.len() < 12 << 20);
    assert_eq!(whole.body, film.files[0].1[..whole.body.len()]);
    let again = server.ask("POST", &format!("/api/play/{ID}")).send().text();
    let told = |text: &str| {
        text.contains("disk of the library is full") || text.contains("library's disk has")
    };
    assert!(told(&again) || told(&server.log()), "{again}\n{}", server.log());
    assert_eq!(server.get("/health").status, 200);
    // With room again, the same address plays.
    std::fs::remove_file(&others).unwrap();
    let (mut plays, mut last) = (false, String::new());
    let start = std::time::Instant::now();
    while !plays && start.elapsed() < Duration::from_secs(120) {
        match server.ask("GET", path).try_send() {
            Ok(answer) => {
                plays = answer.body == film.files[0].1;
                last = format!("{} with {} bytes", answer.status, answer.body.len());
            }
            Err(error) => last = error.to_string(),
        }
    }
    assert!(plays, "it does not play again: {last}\n{}", server.log());
    drop(server);
    unmount(&library);
}

fn unmount(folder: &Path) {
    let done = Command::new("umount").arg("-l").arg(folder).status();
    assert!(done.unwrap().success());
}
