//! The command line beside a server that runs on the same data folder.

use std::process::Command;
use std::time::Duration;

use credenza::access::{LocalKey, RunningServer};
use credenza::torrent::IndexName;
use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::support::netns::Lab;
use crate::support::server::{Server, credenza, run};
use crate::support::upstream::Upstream;
use crate::support::{has, only, skip, until};

/// An id that no index understands, of a number that no map has.
const NOBODYS: &str = "mal:99999999:1";

fn said(done: &std::process::Output) -> String {
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// What `find ID` says in the demonstration's world, without a server.
fn find_alone(world: &Server, id: &str, more: &[(&str, &str)]) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = credenza(folder.path());
    command.args(["find", id, "--json", "--config"]);
    command.arg(world.data.join("credenza.toml"));
    run(command.envs(more.iter().copied()))
}

#[test]
fn find_names_what_kept_every_index_from_answering() {
    let world = Server::demo();
    for done in [
        find_alone(&world, NOBODYS, &[]),
        run(credenza(&world.data).args(["find", NOBODYS, "--json"])),
    ] {
        assert_eq!(done.status.code(), Some(1));
        // A title service that does not know the id either may be warned of before.
        assert_eq!(
            said(&done).lines().last(),
            Some("credenza: no index that is on understands mal ids; use a kitsu: or tt id")
        );
        let found: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(found["id"], NOBODYS);
    }
    // Its key is what would lead on, not another kind of id that nobody here knows.
    let done = find_alone(&world, "tmdb:movie:99999999", &[]);
    assert_eq!(done.status.code(), Some(1));
    let last = said(&done).lines().last().unwrap_or_default().to_owned();
    assert!(last.contains("is not known") && last.contains("title.tmdb_key"), "{last}");
    let variable =
        |index: &str, key: &str| format!("CREDENZA_INDEX_{}_{key}", index.to_uppercase());
    let off = IndexName::ALL.map(|index| variable(index.as_str(), "ENABLED"));
    let mut off: Vec<(&str, &str)> = off.iter().map(|name| (name.as_str(), "false")).collect();
    let done = find_alone(&world, "tt9900101", &off);
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("every index is switched off; "), "{}", said(&done));
    assert!(!said(&done).contains("network"), "{}", said(&done));
    // All are off but one, which is refused a connection: that one is named.
    off.retain(|(name, _)| !name.contains("TORRENTIO"));
    off.push(("CREDENZA_INDEX_TORRENTIO_URL", "http://127.0.0.1:9/"));
    let done = find_alone(&world, "tt9900101", &off);
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("torrentio"), "{}", said(&done));
}

#[test]
fn find_beside_a_server_prints_the_same_and_each_index_as_it_answers() {
    let server = Server::demo();
    let done = run(credenza(&server.data).args(["find", "tt9900102:1:2", "--json"]));
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert_eq!(said(&done), "", "no terminal, no progress");
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(found["indexes"].as_array().unwrap().len(), IndexName::ALL.len());
    assert!(!found["candidates"].as_array().unwrap().is_empty());

    if !has("script") {
        return skip("needs script of bsdutils");
    }
    let shown = on_a_terminal(&server, 80, "find tt9900102:1:2 > /dev/null");
    for index in ["torrentio", "stremthru", "zilean"] {
        assert!(
            shown.lines().any(|line| line.starts_with(index) && line.contains(" torrents in ")),
            "{shown}"
        );
    }
}

/// What a terminal of so many columns shows.
fn on_a_terminal(server: &Server, columns: usize, arguments: &str) -> String {
    let program = credenza(&server.data);
    let words: Vec<_> = std::iter::once(program.get_program()).chain(program.get_args()).collect();
    let words = words.join(std::ffi::OsStr::new(" ")).into_string().unwrap();
    let line = format!("stty cols {columns} && {words} {arguments}");
    let done = run(Command::new("script").args(["-qec", &line, "/dev/null"]).env("NO_COLOR", "1"));
    let shown = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{shown}");
    shown
}

#[test]
fn find_fits_a_narrow_terminal() {
    if !has("script") || !has("stty") {
        return skip("needs script of bsdutils and stty");
    }
    let server = Server::demo();
    for columns in [20, 40] {
        let mut seen = String::new();
        until("the search to be kept", Duration::from_secs(20), || {
            seen = on_a_terminal(&server, columns, "find tt9900101");
            seen.contains("--anew").then_some(())
        });
        for line in seen.lines() {
            // A word that is wider by itself breaks as the terminal breaks it.
            let fits = line.width() <= columns || !line.trim().contains(' ');
            assert!(fits, "{columns} columns: {line}\n{seen}");
        }
        let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
        for whole in [
            " of 7 answered",
            " of them different",
            " ago; --anew searches again.",
            "Plays at once from",
        ] {
            assert!(words.contains(whole), "{whole}: {seen}");
        }
    }
}

#[test]
fn the_key_is_not_told_to_a_stranger_who_took_the_port() {
    let stranger = Upstream::start();
    let folder = tempfile::tempdir().unwrap();
    LocalKey::read_or_make(folder.path()).unwrap();
    let file = folder.path().join("test.toml");
    let off = format!("{}[title]\ncinemeta_url = \"http://127.0.0.1:9/\"\n", only(&[]));
    std::fs::write(&file, off).unwrap();
    let mut gone = Command::new("true").spawn().unwrap();
    gone.wait().unwrap();
    for pid in [gone.id(), 0, u32::MAX] {
        let left = RunningServer { address: stranger.addr(), pid };
        left.write(folder.path()).unwrap();
        for command in ["find", "play"] {
            let mut ask = credenza(folder.path());
            ask.args([command, "tt1254207", "--config"]).arg(&file);
            ask.env("CREDENZA_SERVER_LISTEN", "127.0.0.1:0");
            assert_eq!(run(&mut ask).status.code(), Some(1));
        }
    }
    let told = stranger.requests().iter().any(|seen| seen.header("authorization").is_some());
    assert!(!told, "{:?}", stranger.requests());
}

#[test]
fn whoever_runs_is_asked_for_its_health_without_the_key() {
    // Its process is ours and alive, but what it says is no server's word.
    let stranger = Upstream::start();
    let folder = tempfile::tempdir().unwrap();
    LocalKey::read_or_make(folder.path()).unwrap();
    let left = RunningServer { address: stranger.addr(), pid: std::process::id() };
    left.write(folder.path()).unwrap();
    let mut ask = credenza(folder.path());
    ask.args(["find", "anidb:69:1"]);
    assert_eq!(run(&mut ask).status.code(), Some(1));
    let requests = stranger.requests();
    assert!(requests.iter().any(|seen| seen.path == "/health"), "{requests:?}");
    assert!(requests.iter().all(|seen| seen.header("authorization").is_none()), "{requests:?}");
}

#[test]
fn a_server_on_one_address_of_the_network_is_asked_through_loopback() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let in_lab = |arguments: &[&str]| {
        let mut command = lab.server.command(env!("CARGO_BIN_EXE_credenza"));
        command.arg("--data").arg(&data).args(arguments);
        // The household's own rule lets everybody watch; the owner's rights are what is asked for.
        command.env("CREDENZA_ACCESS_AUTH_REQUIRED", "true");
        command
    };
    let demo = in_lab(&["demo", "--listen", &format!("{}:0", lab.server.address)]);
    let server = Server::start(demo, data.clone(), None);
    assert!(server.base.starts_with("http://10.99.0.1:"), "{}", server.base);
    assert!(!server.out().contains("127.0.0.1"), "{}", server.out());
    let done = run(&mut in_lab(&["play", "tt9900101"]));
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let url = String::from_utf8(done.stdout).unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(server.stop(), 0);
}
