//! The owner's indexes through the real program: added, switched and removed by the API and by the
//! page, kept over a restart, in effect at once, and nothing that is a secret told.

mod wires;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::support::until;
use crate::support::upstream::{Reply, Upstream};
use crate::support::world::{ID, World};

const KEY: &str = "CANARY-KEY-5d21f0";

/// An add-on in this house, with a key in its address, that lists one torrent.
fn add_on() -> Upstream {
    let upstream = Upstream::start();
    let manifest =
        json!({"id": "x", "resources": ["stream"], "types": ["movie"], "idPrefixes": ["tt"]});
    upstream.on(&format!("/{KEY}/manifest.json"), Reply::json(manifest.to_string()));
    let stream = json!({"infoHash": "c".repeat(40), "title": "Big Buck Bunny 2008 1080p BluRay\n\u{1F464} 9 \u{1F4BE} 1 GB"});
    let path = format!("/{KEY}/stream/movie/{ID}.json");
    upstream.on(&path, Reply::json(json!({"streams": [stream]}).to_string()));
    upstream
}

fn address(upstream: &Upstream) -> String {
    upstream.url(&format!("/{KEY}/manifest.json")).to_string()
}

fn put(server: &Server, body: &Value) -> crate::support::http::Answer {
    server.owner("PUT", "/api/settings").json(body).send()
}

fn settings(server: &Server) -> Value {
    server.owner("GET", "/api/settings").send().json()["indexes"].clone()
}

/// The line of one index in a search; `null` where it is not mentioned.
fn line(server: &Server, name: &str) -> Value {
    let found = server.owner("GET", &format!("/api/find/{ID}")).send().json();
    let lines = found["indexes"].as_array().unwrap_or_else(|| panic!("{found}")).clone();
    lines.into_iter().find(|line| line["index"] == name).unwrap_or_default()
}

#[test]
fn an_index_in_the_house_is_added_asked_switched_off_and_removed_at_once() {
    let world = World::of("Big Buck Bunny");
    world.list(&[]);
    let (folder, mine) = (tempfile::tempdir().unwrap(), add_on());
    let data = folder.path().join("data");
    let server = Server::serve_on(&data, &world.configuration(""), None);
    assert_eq!(line(&server, "mine"), Value::Null);

    // Its address is private, and stands in no list: that the owner names it is enough.
    let added = put(&server, &json!({"indexes": {"mine": {"url": address(&mine)}}}));
    assert_eq!(added.status, 200, "{}", added.text());
    let shown = format!("http://{}/\u{2026}", mine.addr());
    let wanted = json!({"url": shown, "enabled": true, "added": true});
    assert_eq!(added.json()["indexes"]["mine"], wanted);
    let found = line(&server, "mine");
    assert_eq!((&found["state"], &found["torrents"]), (&json!("ok"), &json!(1)), "{found}");

    let off = put(
        &server,
        &json!({"indexes": {"mine": {"enabled": false}, "torrentio": {"enabled": false}}}),
    );
    assert_eq!(off.status, 200, "{}", off.text());
    for name in ["mine", "torrentio"] {
        assert_eq!(line(&server, name)["state"], "off", "{name}");
    }

    // What the owner has said wins over the file, also after a kill.
    drop(server);
    let server = Server::serve_on(&data, &world.configuration(""), None);
    let kept = settings(&server);
    assert_eq!(kept["mine"], json!({"url": shown, "enabled": false, "added": true}));
    assert_eq!(kept["torrentio"]["enabled"], false);
    put(&server, &json!({"indexes": {"mine": {"enabled": true}, "torrentio": null}}));
    assert_eq!(line(&server, "mine")["state"], "ok");
    assert_eq!(settings(&server)["torrentio"]["enabled"], true);

    let removed = put(&server, &json!({"indexes": {"mine": null}}));
    assert_eq!(removed.json()["indexes"]["mine"], Value::Null);
    assert_eq!(line(&server, "mine"), Value::Null);
    assert!(!server.log().contains(KEY), "the key is in the log");
}

#[test]
fn what_was_found_a_moment_ago_hides_no_index_that_came_since() {
    let world = World::of("Big Buck Bunny");
    world.list(&[]);
    let (first, second) = (add_on(), add_on());
    let server = Server::serve(&world.configuration(""));
    put(&server, &json!({"indexes": {"first": {"url": address(&first)}}}));
    until("the search to be kept", Duration::from_secs(30), || {
        let found = server.owner("GET", &format!("/api/find/{ID}")).send().json();
        found["found_before_s"].is_u64().then_some(())
    });
    let asked = first.requests().len();
    put(&server, &json!({"indexes": {"second": {"url": address(&second)}}}));
    assert_eq!(line(&server, "second")["state"], "ok");
    assert!(first.requests().len() > asked, "a whole new search");
    // Fewer to ask is no reason to search anew; what is gone is not spoken of.
    put(&server, &json!({"indexes": {"second": null}}));
    assert_eq!(line(&server, "second"), Value::Null);
    put(&server, &json!({"indexes": {"first": {"enabled": false}}}));
    assert_eq!(line(&server, "first")["state"], "off");
}

#[test]
fn consent_to_one_address_is_none_to_another_nor_for_another_index() {
    let world = World::of("Big Buck Bunny");
    world.list(&[]);
    let (mine, inside) = (add_on(), Upstream::start());
    let server = Server::serve(&world.configuration(""));
    // A redirect from the named address to another private one is not followed.
    let elsewhere = inside.url("/manifest.json");
    mine.on(&format!("/{KEY}/manifest.json"), Reply::redirect(302, elsewhere.as_str()));
    put(&server, &json!({"indexes": {"mine": {"url": address(&mine)}}}));
    let refused = line(&server, "mine");
    assert_eq!(refused["state"], "failed", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("private address"), "{refused}");
    assert_eq!(inside.connections(), 0);
    // A name that leads there is not the address.
    let by_name = format!("http://localhost:{}/manifest.json", inside.addr().port());
    put(&server, &json!({"indexes": {"named": {"url": by_name}}}));
    assert_eq!(line(&server, "named")["state"], "failed");
    // Nor may a name that leads to an address that another index was given.
    let by_name = format!("http://localhost:{}/{KEY}/manifest.json", mine.addr().port());
    let before = mine.connections();
    put(
        &server,
        &json!({"indexes": {"mine": null, "named": {"url": by_name}, "other": {"url": address(&mine), "enabled": false}}}),
    );
    assert_eq!(line(&server, "named")["state"], "failed");
    assert_eq!((inside.connections(), mine.connections()), (0, before));
}

#[test]
fn each_mistake_is_one_sentence_and_changes_nothing() {
    let world = World::of("Big Buck Bunny");
    let more = "[index]\nadded = [\"filed=https://addon.example/manifest.json\"]\n";
    let server =
        Server::serve(&world.configuration("").replacen("[title]", &format!("{more}[title]"), 1));
    let before = settings(&server);
    assert_eq!(
        before["filed"],
        json!({"url": "https://addon.example/manifest.json", "enabled": true, "added": true})
    );
    let fine = "https://addon.example/manifest.json";
    let seventeen: serde_json::Map<String, Value> =
        (0..17).map(|n| (format!("index-{n}"), json!({"url": fine}))).collect();
    for (indexes, status, code, words) in [
        (json!({"Mine": {"url": fine}}), 400, "bad_index_name", "is no name for an index"),
        (
            json!({"mine": {"url": "addon.example/KEY"}}),
            400,
            "bad_index_address",
            "begins with http",
        ),
        (
            json!({"mine": {"url": "ftp://a.example/KEY"}}),
            400,
            "bad_index_address",
            "begins with http",
        ),
        (
            json!({"mine": {"url": "https://me:KEY@a.example/"}}),
            400,
            "bad_index_address",
            "user name",
        ),
        (
            json!({"mine": {"url": "https://a.example/\u{2026}"}}),
            400,
            "bad_index_address",
            "cut for the eye",
        ),
        (
            json!({"mine": {"url": "http://addon.example/api?apikey=KEY"}}),
            400,
            "bad_index_address",
            "mine cannot be looked for there: a key seems to stand in it, which everybody on the way \
             could read; give it with https://",
        ),
        (
            json!({"comet": {"url": "http://addon.example/eyJhcGlrZXkiOiJLRVkifQ9"}}),
            400,
            "bad_index_address",
            "comet cannot be looked for there: a key",
        ),
        (json!({"mine": {"enabled": true}}), 404, "no_such_index", "give its address"),
        (json!({"mine": {}}), 404, "no_such_index", "give its address"),
        (json!({"mine": null}), 404, "no_such_index", "there is no index named mine"),
        (json!({"filed": null}), 409, "index_is_configured", "stands in the configuration"),
        (Value::Object(seventeen), 409, "too_many_indexes", "at most 16"),
        (json!({"torrentio": {"url": "nowhere"}}), 400, "bad_index_address", "torrentio cannot be"),
        (json!({"mine": {"uri": fine}}), 400, "bad_settings", "uri"),
        // The second is wrong: the first is not kept either.
        (
            json!({"mine": {"url": fine}, "other": {"url": "KEY"}}),
            400,
            "bad_index_address",
            "other",
        ),
    ] {
        let refused = put(&server, &json!({"indexes": indexes}));
        let said = refused.json();
        assert_eq!((refused.status, &said["error"]["code"]), (status, &json!(code)), "{said}");
        let message = said["error"]["message"].as_str().unwrap();
        assert!(message.contains(words) && !message.contains("KEY"), "{message}");
        assert_eq!(settings(&server), before, "{message}");
    }
    let stranger = server.ask("PUT", "/api/settings").json(&json!({"indexes": {}})).send();
    assert_eq!(stranger.status, 401);
}

#[test]
fn the_page_adds_switches_and_removes_without_script() {
    let world = World::of("Big Buck Bunny");
    world.list(&[]);
    let mine = add_on();
    let server = Server::serve(&world.configuration(""));
    let cookie = server.claim("long-enough");
    let page = || server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    let send = |path: &str, pairs: &[(&str, &str)]| {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        server.ask("POST", path).with("Cookie", &cookie).form(&form).send()
    };
    let before = page();
    for word in [
        "torrentio</strong> is on",
        "zilean</strong> is off",
        "Switch torrentio off",
        "Add the index",
    ] {
        assert!(before.contains(word), "{word}: {before}");
    }
    assert!(!before.contains("Remove torrentio"));

    let address = address(&mine);
    let added = send("/setup/indexes/add", &[("name", " Mine "), ("address", &address)]);
    assert_eq!(
        added.header("location"),
        Some("/setup?said=index-added#indexes"),
        "{}",
        added.text()
    );
    let with_it = page();
    assert!(
        with_it.contains("mine</strong> is on") && with_it.contains("Remove mine"),
        "{with_it}"
    );
    assert!(!with_it.contains(KEY), "the key is on the page");
    assert_eq!(line(&server, "mine")["state"], "ok");

    let again = send("/setup/indexes/add", &[("name", "mine"), ("address", &address)]);
    assert_eq!(again.status, 409);
    assert!(again.text().contains("there is an index named mine already"), "{}", again.text());
    let ours = send("/setup/indexes/add", &[("name", "torrentio"), ("address", &address)]);
    assert_eq!(ours.status, 409, "a name of ours is taken");
    let bad = send("/setup/indexes/add", &[("name", "other"), ("address", "nonsense")]);
    assert!(bad.status == 400 && bad.text().contains("begins with http"), "{}", bad.text());

    let open = [("name", "other"), ("address", "http://addon.example/api?apikey=CANARY")];
    let open = send("/setup/indexes/add", &open);
    assert!(open.status == 400 && open.text().contains("give it with https://"), "{}", open.text());
    assert!(!open.text().contains("CANARY"), "{}", open.text());

    send("/setup/indexes/switch", &[("name", "mine"), ("enabled", "false")]);
    assert!(page().contains("mine</strong> is off"));
    assert_eq!(line(&server, "mine")["state"], "off");
    send("/setup/indexes/remove", &[("name", "mine")]);
    assert!(!page().contains("Remove mine"));
    let stranger = server.ask("POST", "/setup/indexes/remove").form("name=torrentio").send();
    assert_eq!(stranger.header("location"), Some("/login?next=%2Fsetup"));
    assert!(!server.log().contains(KEY), "the key is in the log");
}

#[test]
fn an_index_of_the_file_is_asked_and_its_mistakes_are_told_without_the_address() {
    use credenza::config::Config;
    let world = World::of("Big Buck Bunny");
    world.list(&[]);
    let mine = add_on();
    let added = format!("[index]\nadded = [\"mine={}\"]\n[title]", address(&mine));
    let server = Server::serve(&world.configuration("").replacen("[title]", &added, 1));
    assert_eq!(line(&server, "mine")["state"], "ok");
    for (list, words) in [
        ("\"https://a.example/KEY?x=y\"", "must be a list such as"),
        ("\"KEY\"", "must be a list such as"),
        ("\"Mine=https://a.example/KEY\"", "is no name for an index"),
        ("\"zilean=https://a.example/KEY\"", "this name is taken"),
        ("\"a=https://a.example/KEY\", \"a=https://b.example/KEY\"", "this name is taken"),
        ("\"mine=a.example/KEY\"", "begins with http"),
    ] {
        let refused = Config::from_text("x.toml", &format!("[index]\nadded = [{list}]\n"));
        let refused = refused.unwrap_err().to_string();
        assert!(refused.starts_with("x.toml line 2: `index.added`"), "{refused}");
        assert!(refused.contains(words) && !refused.contains("KEY"), "{refused}");
    }
    let many: Vec<String> = (0..17).map(|n| format!("\"i{n}=https://a.example/\"")).collect();
    let many = Config::from_text("x.toml", &format!("[index]\nadded = [{}]\n", many.join(",")));
    assert!(many.unwrap_err().to_string().contains("at most 16"));
}
