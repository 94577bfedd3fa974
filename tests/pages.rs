//! Owner, pages and settings through the real program: what a person with a phone does, without
//! script, and what a stranger cannot do.

use serde_json::json;

use crate::support::http::Answer;
use crate::support::server::Server;

/// The value of the first attribute `name="…"` after `after`.
fn attribute(page: &str, after: &str, name: &str) -> String {
    let rest = &page[page.find(after).unwrap_or_else(|| panic!("{after} is not in {page}"))..];
    let start = rest.find(&format!("{name}=\"")).expect(name) + name.len() + 2;
    rest[start..].split('"').next().unwrap().to_owned()
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").expect("a redirect")
}

#[test]
fn an_owner_claims_signs_out_and_in_and_sets_a_token_that_is_never_shown_again() {
    let server = Server::demo();
    let code = server.claim_code();
    let page = server.get("/setup").text();
    assert!(page.contains("Make this box yours") && !page.contains(&code));

    let claim = |code: &str, password: &str| {
        server.ask("POST", "/setup/claim").form(&format!("code={code}&password={password}")).send()
    };
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = claim(wrong, "long-enough");
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("the code is wrong"), "{}", refused.text());
    assert_eq!(claim(&code, "short").status, 422);
    let claimed = claim(&code, "long-enough");
    assert_eq!(location(&claimed), "/setup?said=claimed");
    let cookie = claimed.header("set-cookie").unwrap().to_owned();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(claim(&code, "another-owner").status, 409, "once");

    let setup = |cookie: &str| server.ask("GET", "/setup").with("Cookie", cookie).send();
    assert!(setup(&cookie).text().contains("Debrid store"));
    assert_eq!(location(&setup("credenza_session=0000")), "/login?next=%2Fsetup");

    // The store of the demonstration takes one token alone; a wrong one is told at once.
    let keep = |token: &str| {
        let form = format!("store=realdebrid&token={token}");
        server.ask("POST", "/setup/debrid").with("Cookie", &cookie).form(&form).send()
    };
    let bad = keep("CANARY-WRONG-TOKEN-9d41");
    assert!(bad.text().contains("does not accept the token"), "{}", bad.text());
    let token = std::fs::read_to_string(server.data.join("household/debrid-token")).unwrap();
    assert_eq!(location(&keep(token.trim())), "/setup?said=token");
    let page = setup(&cookie).text();
    assert!(page.contains("A token is set"), "{page}");
    for secret in [token.trim(), "CANARY-WRONG-TOKEN-9d41"] {
        assert!(!page.contains(secret));
        let settings = server.owner("GET", "/api/settings").send().text();
        assert!(!settings.contains(secret), "{settings}");
        assert!(!server.log().contains(secret), "a token is in the log");
    }

    let out = server.ask("POST", "/logout").with("Cookie", &cookie).send();
    assert_eq!(location(&out), "/");
    assert_eq!(location(&setup(&cookie)), "/login?next=%2Fsetup", "the session is over");
    let login_to = |password: &str, next: &str| {
        server.ask("POST", "/login").form(&format!("password={password}&next={next}")).send()
    };
    let login = |password: &str| login_to(password, "//evil.example/");
    assert_eq!(login("wrong-password").status, 403);
    assert_eq!(location(&login("long-enough")), "/", "never to another host");
    for elsewhere in ["/%09/evil.example", "/%5Cevil.example", "%0D%0A/x", "https://evil.example"] {
        assert_eq!(location(&login_to("long-enough", elsewhere)), "/", "{elsewhere}");
    }
}

#[test]
fn a_viewer_searches_chooses_and_gets_a_picture_without_script() {
    let server = Server::demo();
    let id = "tt9900101";
    let candidates = server.get(&format!("/watch/{id}")).text();
    assert!(candidates.contains("at Real-Debrid at once"), "{candidates}");
    assert!(!candidates.contains("onclick"), "whole without script");
    // An index of anime that knows no films is no trouble.
    assert!(!candidates.contains("cannot be asked"), "{candidates}");
    // Of a series that is asked for as a film, nothing is played unless somebody chooses it.
    let series = server.get("/watch/tt9900102").text();
    assert!(candidates.contains("Play the best") && !series.contains("Play the best"), "{series}");
    assert!(series.contains("None of these is played by itself."), "{series}");
    let hash = attribute(&candidates, "name=\"info_hash\"", "value");
    assert_eq!(hash.len(), 40);
    assert_eq!(location(&server.get(&format!("/?q={id}"))), format!("/watch/{id}"));

    let chosen =
        server.ask("POST", &format!("/watch/{id}")).form(&format!("info_hash={hash}")).send();
    let player = location(&chosen).to_owned();
    let page = server.get(&player).text();
    let bytes = attribute(&page, "<source", "src");
    assert!(bytes.starts_with("/v/"), "{bytes}");
    assert_eq!(attribute(&page, "id=\"url\"", "value"), format!("{}{bytes}", server.base));
    let head = server.ask("HEAD", &bytes).send();
    assert_eq!((head.status, head.header("accept-ranges")), (200, Some("bytes")));
    let part = server.ask("GET", &bytes).with("Range", "bytes=0-99").send();
    assert_eq!((part.status, part.body.len()), (206, 100));

    let best = server.ask("POST", &format!("/watch/{id}")).form("").send();
    assert!(location(&best).starts_with("/play/"));
    // A series' id leads to its episodes.
    assert_eq!(location(&server.get("/?q=tt9900102")), "/series/tt9900102");
    assert_eq!(location(&server.get("/?q=tt9900102:1:1")), "/watch/tt9900102:1:1");
    // By name, and by episode.
    let found = server.get("/?q=harbour").text();
    let series = attribute(&found, "class=\"cards\"", "href");
    assert!(series.starts_with("/series/tt"), "{series}");
    let episodes = server.get(&series).text();
    assert!(attribute(&episodes, "class=\"cards\"", "href").ends_with(":1:1"));
}

/// Nine indexes that have to say the same hide the sentence that helps.
#[test]
fn an_id_that_no_index_understands_is_one_sentence_on_its_page() {
    let server = Server::demo();
    let page = server.get("/watch/mal:999999:1").text();
    assert!(
        page.contains("No index that is on understands mal ids; use a kitsu: or tt id"),
        "{page}"
    );
    assert!(!page.contains("cannot be asked"), "{page}");
}

#[test]
fn who_may_not_is_led_to_the_door() {
    let server = Server::serve("");
    for path in ["/", "/watch/tt1254207", "/series/tt0944947"] {
        assert_eq!(location(&server.get(path)), "/setup", "{path}: no owner yet");
    }
    for (method, path) in [
        ("GET", "/api/settings"),
        ("PUT", "/api/settings"),
        ("GET", "/api/find/tt1254207"),
        ("POST", "/api/play/tt1254207"),
    ] {
        let answer = server.ask(method, path).json(&json!({})).send();
        assert_eq!(answer.status, 401, "{method} {path}");
        assert_eq!(answer.json()["error"]["code"], "not_signed_in");
    }
    let cookie = server.claim("long-enough");
    assert_eq!(server.ask("GET", "/api/settings").with("Cookie", &cookie).send().status, 200);
    assert_eq!(location(&server.get("/")), "/login?next=%2F");
    // The key of local.key counts, another does not; forwarding headers count for nothing.
    assert_eq!(server.owner("GET", "/api/settings").send().status, 200);
    let stranger = server
        .ask("GET", "/api/settings")
        .with("Authorization", "Bearer 00")
        .with("X-Forwarded-For", "127.0.0.1");
    assert_eq!(stranger.send().status, 401);
    // Pages elsewhere.
    let foreign =
        server.owner("PUT", "/api/settings").json(&json!({})).with("Origin", "http://evil.example");
    assert_eq!(foreign.send().status, 403);
    assert_eq!(server.get("/").header("access-control-allow-origin"), None);
    let rebound = server.owner("GET", "/api/settings").with("Host", "evil.example");
    assert_eq!(rebound.send().status, 421);
}

#[test]
fn two_hundred_claims_at_once_make_one_owner() {
    let server = Server::serve("[box]\nclaim_code = \"424242\"\n");
    let body = json!({"code": "424242", "password": "long-enough"});
    // Twenty-five beside each other: a connection that is closed counts a moment longer among the
    // forty-eight that one address may have.
    let eight = || -> Vec<u16> {
        (0..8).map(|_| server.ask("POST", "/api/claim").json(&body).send().status).collect()
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..25).map(|_| scope.spawn(eight)).collect();
        claims.into_iter().flat_map(|claim| claim.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
}

#[test]
fn settings_take_what_they_know_and_name_what_they_do_not() {
    let server = Server::serve("");
    let put = |body: &serde_json::Value| server.owner("PUT", "/api/settings").json(body).send();
    let before = server.owner("GET", "/api/settings").send().json();
    assert_eq!(before["debrid"], json!({"store": null, "set": false, "ends": ""}));
    assert_eq!(before["swarm"], json!({"enabled": false, "fixed": false}));
    assert_eq!(put(&json!({"swarm": {"enabled": true}})).json()["swarm"]["enabled"], true);
    let unknown = put(&json!({"swram": {"enabled": true}}));
    assert_eq!(unknown.status, 400);
    assert!(unknown.text().contains("swram"), "{}", unknown.text());
    let store = put(&json!({"debrid": {"store": "1fichier", "token": "x"}}));
    assert!(store.text().contains("1fichier"), "{}", store.text());
    // A part that says nothing of the token leaves it.
    let part = put(&json!({"debrid": {"store": "torbox"}}));
    assert_eq!(part.status, 400, "{}", part.text());
    let text = server.owner("PUT", "/api/settings").form("a=b").send();
    assert_eq!(text.status, 415);
}

#[test]
fn consent_and_owner_survive_a_restart_and_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::serve_on(&data, "", None);
    let cookie = server.claim("long-enough");
    server.owner("PUT", "/api/settings").json(&json!({"swarm": {"enabled": true}})).send();
    drop(server); // SIGKILL
    let server = Server::serve_on(&data, "", None);
    let settings = server.ask("GET", "/api/settings").with("Cookie", &cookie).send();
    assert_eq!(settings.status, 200, "the session is still good: {}", settings.text());
    assert_eq!(settings.json()["swarm"]["enabled"], true);
    assert!(!server.log().contains("claim code"), "there is an owner");
    assert_eq!(server.stop(), 0);
    let server = Server::serve_on(&data, "[swarm]\nenabled = false\n", None);
    let settings = server.owner("GET", "/api/settings").send().json();
    assert_eq!(
        settings["swarm"],
        json!({"enabled": false, "fixed": true}),
        "the configuration wins here"
    );
    let refused =
        server.owner("PUT", "/api/settings").json(&json!({"swarm": {"enabled": true}})).send();
    assert_eq!(refused.json()["error"]["code"], "swarm_is_fixed");
}

#[test]
fn every_page_is_guarded_and_its_script_is_es5() {
    let server = Server::demo();
    let cookie = server.claim("long-enough");
    let chosen = server.ask("POST", "/watch/tt9900101").form("").send();
    let player = location(&chosen).to_owned();
    let pages =
        ["/", "/setup", "/login", "/watch/tt9900101", "/watch/nonsense", "/series/x", &player];
    for path in pages {
        let page = server.ask("GET", path).with("Cookie", &cookie).send();
        assert_ne!(page.status, 303, "{path}");
        let policy =
            page.header("content-security-policy").unwrap_or_else(|| panic!("{path}: no CSP"));
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        // Not no-referrer: under that, browsers send a form's Origin as null.
        assert_eq!(page.header("referrer-policy"), Some("same-origin"), "{path}");
        assert!(page.body.len() < 100_000, "{path}: {} bytes", page.body.len());
        assert!(page.text().contains("<!DOCTYPE html>"), "{path}");
    }
    let style = server.get("/assets/style.css").text();
    assert!(
        !style.contains("display: grid") && !style.contains("var(--"),
        "Chrome 38 knows neither"
    );
    // Kept for good at the address that a page gives, and not without the hash of what it holds.
    let home = server.get("/login").text();
    let (_, versioned) = home.split_once("/assets/page.js?v=").expect("a hash in the address");
    let hash = versioned.split('"').next().expect("an attribute's end");
    let age = |path: &str| server.get(path).header("cache-control").map(str::to_owned);
    let kept = age(&format!("/assets/style.css?v={hash}"));
    assert!(kept.is_some_and(|kept| kept.contains("immutable")));
    for path in ["/assets/style.css", "/assets/style.css?v=0123456789ab", "/assets/page.js"] {
        assert_eq!(age(path).as_deref(), Some("no-cache"), "{path}");
    }
    let script = server.get("/assets/page.js");
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    crate::support::es5(&script.text());
}
