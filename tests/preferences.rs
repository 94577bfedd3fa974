//! What the owner prefers, through the real program: by the API, by the page, and by the
//! configuration; kept over a restart, and in effect at the next search.

use serde_json::{Value, json};

use crate::support::http::Answer;
use crate::support::seeder::Torrent;
use crate::support::server::Server;
use crate::support::world::{ID, World};

fn put(server: &Server, preferences: &Value) -> Answer {
    server.owner("PUT", "/api/settings").json(&json!({"preferences": preferences})).send()
}

fn preferences(server: &Server) -> Value {
    server.owner("GET", "/api/settings").send().json()["preferences"].clone()
}

/// The reasons of the best candidate.
fn reasons(server: &Server) -> Value {
    let found = server.owner("GET", &format!("/api/find/{ID}")).send().json();
    found["candidates"][0]["reasons"].clone()
}

fn has(reasons: &Value, word: &str) -> bool {
    reasons.as_array().is_some_and(|all| all.iter().any(|one| one == word))
}

#[test]
fn a_preference_counts_from_the_next_search_on_and_outlives_a_restart() {
    let world = World::of("Big Buck Bunny");
    world.list(&[&Torrent::single("Big.Buck.Bunny.2008.1080p.mkv", 1 << 16, 1 << 14)]);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let prefer = "[prefer]\nmax_film_mib = 4096\nlanguages = [\"DE\"]\n[title]";
    let configuration = world.configuration("").replacen("[title]", prefer, 1);
    let server = Server::serve_on(&data, &configuration, None);
    let before = preferences(&server);
    assert_eq!((&before["max_film_mib"], &before["languages"]), (&json!(4096), &json!(["de"])));
    assert_eq!(before["resolutions"][0], "1080p");
    assert!(!has(&reasons(&server), "not_cached"), "{}", reasons(&server));

    let changed = put(&server, &json!({"cached_only": true, "languages": ["en", "fr"]}));
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert!(has(&reasons(&server), "not_cached"), "{}", reasons(&server));
    let now = preferences(&server);
    assert_eq!((&now["languages"], &now["max_film_mib"]), (&json!(["en", "fr"]), &json!(4096)));

    for (wrong, told) in [
        (json!({"colour": "red"}), "colour"),
        (json!({"languages": ["english"]}), "two letters"),
        (json!({"resolutions": ["8k"]}), "8k"),
        (json!({"exclude": ["x"]}), "two to forty"),
        (json!(5), "bad_settings"),
    ] {
        let refused = put(&server, &wrong);
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(refused.text().contains(told), "{wrong}: {}", refused.text());
    }
    assert_eq!(preferences(&server), now, "what is refused changes nothing");
    let stranger = server.ask("PUT", "/api/settings").json(&json!({"preferences": {}})).send();
    assert_eq!(stranger.status, 401);

    drop(server);
    let server = Server::serve_on(&data, &configuration, None);
    assert_eq!(preferences(&server), now);
    put(&server, &json!({"languages": null, "cached_only": null}));
    assert_eq!(preferences(&server), before, "null gives a field back to the configuration");
}

#[test]
fn the_page_changes_what_was_changed_on_it() {
    let world = World::of("Big Buck Bunny");
    let server = Server::serve(&world.configuration(""));
    let cookie = server.claim("long-enough");
    let page = || server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(page().contains("What you prefer") && page().contains("1080p first"), "{}", page());
    let form = |more: &str| {
        format!(
            "resolutions=2160p%2C1440p%2C1080p%2C720p%2Csd&max_resolution=2160p&hdr=prefer\
             &dolby_vision=any&seeders=much&languages=de%2C+fr&max_film_mib=20480&max_episode_mib=0&max_mbit_s=40\
             &exclude=some+word%2C+other&subtitles=en%2C+de{more}"
        )
    };
    let send = |form: &str| {
        let ask = server.ask("POST", "/setup/preferences").with("Cookie", &cookie);
        ask.form(form).send()
    };
    let kept = send(&form("&cannot_av1=true&cached_only=true&opensubtitles=true"));
    assert_eq!(kept.header("location"), Some("/setup?said=preferences"), "{}", kept.text());
    let now = preferences(&server);
    assert_eq!(
        now,
        json!({
            "resolutions": ["2160p", "1440p", "1080p", "720p", "sd"], "max_resolution": null,
            "max_film_mib": 20480, "max_episode_mib": null, "max_mbit_s": 40,
            "languages": ["de", "fr"], "only_these_languages": false, "hdr": "prefer",
            "dolby_vision": "any", "seeders": "much", "cannot_play": ["av1"], "cached_only": true,
            "exclude": ["some word", "other"], "subtitles": ["en", "de"], "opensubtitles": true
        })
    );
    let shown = page();
    for word in [
        "value=\"de, fr\"",
        "value=\"some word, other\"",
        "name=\"cannot_av1\" value=\"true\" checked",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    // A box that is not ticked is not sent, and that unticks it.
    send(&form(""));
    let now = preferences(&server);
    assert_eq!((&now["cannot_play"], &now["cached_only"]), (&json!([]), &json!(false)));
    assert_eq!(now["opensubtitles"], json!(false));
    let wrong = send(&form("").replace("languages=de%2C+fr", "languages=german"));
    assert!(wrong.status == 400 && wrong.text().contains("two letters"), "{}", wrong.text());
    let stranger = server.ask("POST", "/setup/preferences").form(&form("")).send();
    assert_eq!(stranger.header("location"), Some("/login?next=%2Fsetup"));
}

#[test]
fn a_wrong_preference_in_the_configuration_is_told_at_the_start() {
    use credenza::config::Config;
    use credenza::select::Preferences;
    let config = Config::from_text("x.toml", "[prefer]\nresolutions = [\"8k\"]\n").unwrap();
    let told = Preferences::default().with(&config.prefer, &Preferences::default());
    assert!(told.unwrap_err().to_string().contains("8k"));
    let unknown = Config::from_text("x.toml", "[prefer]\nlanguage = [\"de\"]\n").unwrap_err();
    assert!(unknown.to_string().contains("prefer.languages"), "{unknown}");
}
