//! The configuration at its edge: the file, the environment, and the sentences about mistakes.

use crate::support::server::{Server, credenza, run};
use credenza::config::{Config, KEYS, Key, SEED_VARIABLES};

#[test]
fn a_mistake_in_the_file_is_told_with_its_line_and_the_nearest_key() {
    for (text, wanted) in [
        (
            "[swarm]\nenabeld = true",
            "line 2: there is no key `swarm.enabeld`; did you mean `swarm.enabled`?",
        ),
        ("[server]\nlisten = 8080", "line 2: `server.listen` must be a text in quotes"),
        ("[server]\nlisten = \"8080\"", "line 2: `server.listen` must be an address and port"),
        ("swarm = true", "line 1: there is no key `swarm`"),
        (
            "[index.torrentio]\nurl = \"torrentio.example\"",
            "line 2: `index.torrentio.url` must be an http:// or https:// URL",
        ),
        ("[index.torrentio]\nurl = \"https://me:secret@x.example/\"", "without a user name"),
        (
            "[index.comet]\nurl = \"http://comet.example/c=secret\"",
            "line 2: `index.comet.url`: a key seems to stand in it, which everybody on the way could \
             read; give it with https://",
        ),
        (
            "[index]\nadded = [\"mine=http://a.example/api?apikey=secret\"]",
            "line 2: `index.added`, mine: a key seems to stand in it, which everybody on the way",
        ),
        ("[swarm]\nenabled = \"maybe\"", "line 2: `swarm.enabled` must be true, false or \"ask\""),
        (
            "[network]\nallow_private = [\"127.0.0.1\"]",
            "line 2: `network.allow_private` must be a list of exact addresses",
        ),
        ("[debrid]\nstore = \"1fichier\"", "must be one of realdebrid"),
        ("[lan]\nname = \" - \"", "must be a name of at most 58 bytes"),
        ("[swarm]\nport = 70000", "must be a smaller number"),
        ("[swarm", "line 1: this is no TOML"),
        ("[index.unheard]\nurl = \"https://x.example\"", "there is no key `index.unheard`"),
    ] {
        let refused = Config::from_text("credenza.toml", text).unwrap_err().to_string();
        assert!(refused.starts_with("credenza.toml line "), "{refused}");
        assert!(refused.contains(wanted), "{text}\n gave {refused}");
        assert!(!refused.contains("secret"), "{refused}");
    }
}

#[test]
fn a_number_is_read_in_its_own_base() {
    for (word, port) in [
        ("4096", 4096),
        ("4_096", 4096),
        ("0x1000", 4096),
        ("0xF_fF", 4095),
        ("0o777", 511),
        ("0b1_0000_0000_0000", 4096),
        ("+80", 80),
    ] {
        let config = Config::from_text("credenza.toml", &format!("[swarm]\nport = {word}"));
        assert_eq!(config.unwrap().swarm.port, Some(port), "{word}");
    }
    for word in ["-1", "0x1_0000", "1.5"] {
        let refused = Config::from_text("credenza.toml", &format!("[swarm]\nport = {word}"));
        assert!(refused.is_err(), "{word}");
    }
}

#[test]
fn the_program_ends_with_that_sentence_and_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "[library]\npaht = \"/x\"\n").unwrap();
    let done = run(credenza(folder.path()).args(["find", "tt1254207", "--config"]).arg(&file));
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains(
            "mine.toml line 2: there is no key `library.paht`; did you mean `library.path`?"
        ),
        "{said}"
    );
    assert!(done.stdout.is_empty());

    let done =
        run(credenza(folder.path()).args(["find", "tt1254207", "--config", "/nowhere.toml"]));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("/nowhere.toml: it cannot be read"), "{said}");

    let done = run(credenza(folder.path())
        .env("CREDENZA_SWARM_ENABELD", "true")
        .args(["find", "tt1254207"]));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains(
            "CREDENZA_SWARM_ENABELD: there is no such key; did you mean CREDENZA_SWARM_ENABLED?"
        ),
        "{said}"
    );
}

#[test]
fn the_environment_wins_over_the_file_and_ours_over_the_seeds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(
        &file,
        "[lan]\nname = \"from-file\"\nmdns = false\n[debrid]\ndevice_login_urls = [\"http://films.example\"]\n",
    )
    .unwrap();
    let mut command = credenza(folder.path());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(&file)
        .env("CREDENZA_LAN_NAME", "from-environment")
        .env("STREAM_AUTH_REQUIRED", "true")
        .env("CREDENZA_ACCESS_AUTH_REQUIRED", "false");
    let server = Server::start(command, folder.path().to_owned(), None);
    assert_eq!(server.get("/api/status").json()["name"], "from-environment");
    // auth_required = false: the page opens without anybody signed in.
    assert_eq!(server.get("/").status, 200);
    assert!(server.log().contains("debrid.device_login_urls"), "a key without effect is told");
}

#[test]
fn every_key_and_every_seed_variable_stands_in_the_documentation() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md"))
            .unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
    for Key { path, used, .. } in KEYS {
        let row = rows.iter().find(|row| row.contains(&format!("`{path}`")));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md has no row for {path}"));
        assert_eq!(row.contains("no effect yet"), !used, "{row}");
    }
    for (name, path, _) in SEED_VARIABLES {
        let row = rows.iter().find(|row| row.contains(&format!("`{name}`")));
        assert!(row.is_some_and(|row| row.contains(&format!("`{path}`"))), "no row for {name}");
    }
}
