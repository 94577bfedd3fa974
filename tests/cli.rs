//! The commands as a person types them.

mod beside;
mod choosing;
mod ending;

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http;
use crate::support::server::{Server, credenza, run};
use crate::support::until;

fn with_input(arguments: &[&str], input: &str) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = credenza(folder.path());
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn parse_reads_arguments_or_a_name_a_line() {
    let names = "Harbour.Lights.S01E02.1080p.WEB-DL.x264-DEMO.mkv\nA Film 2020 2160p BluRay\n";
    let done = with_input(&["parse"], names);
    assert_eq!(done.status.code(), Some(0));
    let lines: Vec<Value> = String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["seasons"], &lines[0]["episodes"]), (&json!([1]), &json!([2])));
    assert_eq!((&lines[0]["resolution"], &lines[0]["is_video"]), (&json!("1080p"), &json!(true)));
    assert_eq!((&lines[1]["year"], &lines[1]["is_video"]), (&json!(2020), &json!(false)));
    let done = with_input(&["parse", "One.mkv", "Two.mkv"], "");
    assert_eq!(String::from_utf8(done.stdout).unwrap().lines().count(), 2);
}

#[test]
fn select_picks_or_says_why_not() {
    let files = json!([
        {"index": 0, "name": "Harbour.Lights.S01E01.mkv", "size": 900},
        {"index": 1, "name": "Harbour.Lights.S01E02.mkv", "size": "1000"},
        {"index": -1, "name": "sample.mkv", "size": null},
    ]);
    let done = with_input(&["select", "--season", "1", "--episode", "2"], &files.to_string());
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let picked: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(picked["file"]["index"], 1);
    assert_eq!(picked["match_reasons"], json!(["exact_episode"]));
    let done = with_input(&["select", "--season", "2", "--episode", "2"], &files.to_string());
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).starts_with("credenza: "));
    let done = with_input(&["select"], "{\"not\": \"a list\"}");
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&done.stderr).lines().count(), 1);
}

#[test]
fn play_asks_the_running_server_and_prints_a_link_that_plays() {
    let server = Server::demo();
    let done = run(credenza(&server.data).args(["play", "tt9900101"]));
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let url = String::from_utf8(done.stdout).unwrap().trim().to_owned();
    assert!(url.starts_with(&format!("{}/v/", server.base)), "{url}");
    assert_eq!(http::get(&url).with("Range", "bytes=0-9").send().body.len(), 10);

    let done = run(credenza(&server.data).args(["play", "tt9900102:1:2", "--json"]));
    let play: Value = serde_json::from_slice(&done.stdout).unwrap();
    for key in
        ["id", "url", "via", "store", "candidate", "file", "score", "match_reasons", "passed_over"]
    {
        assert!(play.get(key).is_some(), "{key}: {play}");
    }
    assert_eq!((&play["via"], &play["store"]), (&json!("debrid"), &json!("realdebrid")));
    assert!(play["file"].get("link").is_none(), "the store's name of a file stays here");

    let done = run(credenza(&server.data).args(["play", "tt9999999"]));
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("no index lists tt9999999"));
}

#[test]
fn play_without_a_server_serves_until_it_is_interrupted() {
    let world = Server::demo();
    let configuration = world.data.join("credenza.toml");
    let folder = tempfile::tempdir().unwrap();
    let mut command = credenza(folder.path());
    command.args(["play", "tt9900101", "--listen", "127.0.0.1:0", "--config"]).arg(configuration);
    // The first line on standard output is the link.
    let player = Server::start(command, folder.path().to_owned(), None);
    let url = player.out().lines().next().unwrap().to_owned();
    assert!(url.contains("/v/"), "{url}");
    assert_eq!(http::get(&url).with("Range", "bytes=0-9").send().status, 206);
    assert_eq!(player.stop(), 0);
}

#[test]
fn serve_and_demo_drain_and_exit_0_on_both_signals() {
    for signal in ["INT", "TERM"] {
        let server = Server::demo();
        assert!(server.data.join("server.json").exists());
        let data = server.data.clone();
        // What to try comes after the address, by which the server counts as started.
        for words in ["this is a demonstration", "tt9900101"] {
            until(words, Duration::from_secs(20), || server.out().contains(words).then_some(()));
        }
        assert_eq!(server.stop_by(signal), 0);
        assert!(!data.join("server.json").exists());
    }
}

#[test]
fn without_a_ca_store_the_bundled_roots_are_used_and_peers_can_be_met() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = credenza(&data);
    command.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    command.args(["demo", "--listen", "127.0.0.1:0"]);
    // The demonstration's seeder is a session of the engine, which starts with no roots at all not.
    let server = Server::start(command, data.clone(), None);
    assert!(server.log().contains("bundled roots"), "{}", server.log());
    let pem = std::fs::read_to_string(data.join("roots.pem")).unwrap();
    assert!(pem.matches("BEGIN CERTIFICATE").count() > 50);
    server.owner("PUT", "/api/settings").json(&json!({"debrid": {"token": null}})).send();
    assert_eq!(server.play("tt9900102:1:1")["via"], "swarm");
}

#[test]
fn the_program_says_who_it_is() {
    let done = with_input(&["--version"], "");
    assert_eq!(
        String::from_utf8(done.stdout).unwrap().trim(),
        format!("credenza {}", env!("CARGO_PKG_VERSION"))
    );
    let help = String::from_utf8(with_input(&["--help"], "").stdout).unwrap();
    for command in ["serve", "find", "play", "parse", "select", "demo"] {
        assert!(help.contains(command), "{help}");
    }
}
