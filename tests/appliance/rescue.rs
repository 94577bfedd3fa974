//! A start that would fail: a box does without what cannot be used, and says so on its page.

use crate::support::http::Answer;
use crate::support::server::Server;
use crate::support::skip;
use crate::support::the_box::TheBox;

/// What the box tells its owner, on the page and to programs.
fn told(server: &Server) -> (Answer, String) {
    let cookie = server.claim("long-enough");
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send();
    let facts = server.owner("GET", "/api/box").send().json()["facts"].clone();
    (page, facts["notices"].to_string())
}

#[test]
fn a_wrong_line_of_the_configuration_costs_that_line_and_not_the_box() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let caches = r#"[mirror]
torrent_caches = ["https://sound.example/{infoHash}.torrent", "nowhere"]
"#;
    for (line, words, kept) in [
        ("[prefer]\nexclude = [\"telesync\"]\nlanguages = [\"german\"]\n", "german", "telesync"),
        ("[prefer]\nhdr = \"yes\"\nexclude = [\"telesync\"]\n", "hdr", "telesync"),
        (caches, "torrent_caches", "prefer"),
        (
            "[debrid]\nstore = \"torbox\"\ntoken_file = \"/nowhere/token\"\n",
            "/nowhere/token",
            "prefer",
        ),
    ] {
        let _ = std::fs::remove_dir_all(the_box.data());
        let server = the_box.serve(&format!("[lan]\nname = \"Mum's TV\"\n{line}"));
        let (page, notices) = told(&server);
        assert_eq!(page.status, 200);
        for words in [words, "credenza.toml", "started without"] {
            assert!(notices.contains(words), "{line}: {words}: {notices}");
        }
        assert!(page.text().contains("credenza.toml on the card"), "{line}: {}", page.text());
        // The other lines count, and so does what is right beside it.
        assert!(page.text().contains("Mum"), "{line}");
        assert!(!notices.contains("sound.example"), "{notices}");
        let settings = server.owner("GET", "/api/settings").send().text();
        assert!(settings.contains(kept), "{line}: {kept}: {settings}");
        assert_eq!(server.stop(), 0);
    }
}

#[test]
fn a_damaged_state_is_put_aside_and_the_box_begins_anew() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let server = the_box.serve("");
    server.claim("long-enough");
    assert_eq!(server.stop(), 0);
    let state = the_box.data().join("state.redb");
    let junk = "this is no state file ".repeat(5000);
    for number in [1, 2, 3, 3] {
        std::fs::write(&state, &junk).unwrap();
        // What the owner writes onto the card changes nothing of it.
        std::fs::write(the_box.data().join("reset-owner"), "").unwrap();
        let server = the_box.serve("");
        assert_eq!(server.get("/api/status").json()["owner"], false);
        let (page, notices) = told(&server);
        assert!(notices.contains("state_damaged") && notices.contains("anew"), "{notices}");
        assert!(page.text().contains("begun anew"), "{}", page.text());
        assert_eq!(server.stop(), 0);
        let aside = state.with_extension(format!("damaged-{number}"));
        assert_eq!(std::fs::read_to_string(aside).unwrap(), junk, "kept as it was");
    }
    let server = the_box.serve("");
    assert_eq!(server.get("/api/status").json()["owner"], true, "and it stays");
}
