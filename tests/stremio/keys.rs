//! The add-on's keys: made and revoked by the owner, on the page and by programs, and told nowhere.

use serde_json::{Value, json};

use super::{below, install, path_of};
use crate::programs::House;

#[test]
fn a_wrong_key_and_a_revoked_one_open_nothing() {
    let house = House::new();
    let (one, other) = (install(&house, "Living room TV"), install(&house, "Phone"));
    let wrong = format!("/stremio/{}/manifest.json", "0".repeat(32));
    for path in [wrong.as_str(), "/stremio/x/manifest.json", "/stremio/x/y"] {
        let answer = house.server.get(path);
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let told = answer.json();
        assert!(told["err"].as_str().unwrap().contains("revoked"), "{told}");
        assert_eq!(told["error"]["code"], json!("bad_addon_key"));
    }
    let manifest = path_of(&one["manifest"]);
    let answer = house.server.get(&manifest);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(house.server.get(&below(&one, "nothing/here.json")).status, 404);
    let odd = house.server.ask("POST", &manifest).send();
    assert_eq!((odd.status, odd.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    let preflight = house.server.ask("OPTIONS", &manifest).with("Origin", "https://x.example");
    assert_eq!(preflight.send().status, 204);

    let listed = house.ask(200, "GET", "/api/stremio/keys", None);
    let names: Vec<&Value> =
        listed["keys"].as_array().unwrap().iter().map(|key| &key["name"]).collect();
    assert_eq!(names, ["Living room TV", "Phone"]);
    assert!(listed["keys"][0]["used"].is_u64(), "{listed}");

    let gone = format!("/api/stremio/keys/{}", one["id"].as_str().unwrap());
    house.ask(204, "DELETE", &gone, None);
    house.ask(404, "DELETE", &gone, None);
    assert_eq!(house.server.get(&manifest).status, 403);
    assert_eq!(house.server.get(&path_of(&other["manifest"])).status, 200);
    let house = house.restarted();
    assert_eq!(house.server.get(&manifest).status, 403);
    assert_eq!(house.server.get(&path_of(&other["manifest"])).status, 200);
}

#[test]
fn only_the_owner_makes_and_sees_keys_and_no_file_or_log_holds_one() {
    let house = House::new();
    let body = json!({"name": "TV"});
    for (method, path) in [
        ("GET", "/api/stremio/keys"),
        ("POST", "/api/stremio/keys"),
        ("DELETE", "/api/stremio/keys/0123456789ab"),
        ("GET", "/api/stremio/server"),
        ("PUT", "/api/stremio/server"),
    ] {
        let answer = house.server.ask(method, path).json(&body).send();
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
    }
    for name in ["", "  ", "a\nb", &"x".repeat(61)] {
        house.ask(400, "POST", "/api/stremio/keys", Some(&json!({"name": name})));
    }
    let made = install(&house, "TV");
    let path = path_of(&made["manifest"]);
    let key = path.split('/').nth(2).unwrap().to_owned();
    assert_eq!(key.len(), 32);
    assert_eq!(house.server.get(&path).status, 200);
    house.server.get(&below(&made, "stream/movie/tt9900101.json"));
    let listed = house.ask(200, "GET", "/api/stremio/keys", None).to_string();
    assert!(!listed.contains(&key));
    let data = house.data().to_owned();
    let log = house.server.log();
    assert!(!log.contains(&key), "the log holds the key");
    let House { server, folder: _folder, .. } = house;
    assert_eq!(server.stop(), 0);
    for entry in std::fs::read_dir(&data).unwrap().map_while(Result::ok) {
        if entry.path().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let held = bytes.windows(key.len()).any(|part| part == key.as_bytes());
            assert!(!held, "{:?} holds the key", entry.file_name());
        }
    }
}

#[test]
fn so_many_keys_are_kept_and_no_more() {
    let house = House::new();
    for number in 0..32 {
        install(&house, &format!("Device {number}"));
    }
    let refused = house.ask(409, "POST", "/api/stremio/keys", Some(&json!({"name": "One more"})));
    assert_eq!(refused["error"]["code"], json!("too_many_keys"));
}

/// The page, without script: a key is made, its addresses are shown once, and it is revoked.
#[test]
fn the_page_makes_a_key_and_says_what_plain_http_cannot_do() {
    let house = House::new();
    let cookie = house.server.claim("correct horse battery");
    let post = |path: &str, form: &str| {
        house.server.ask("POST", path).with("Cookie", &cookie).form(form).send()
    };
    let page = |path: &str| house.server.ask("GET", path).with("Cookie", &cookie).send().text();
    assert!(page("/setup").contains("This box speaks plain HTTP"));
    let made = post("/setup/stremio", "name=Living+room+%3CTV%3E");
    assert_eq!(made.status, 200, "{}", made.text());
    let text = made.text();
    assert!(
        text.contains("Living room &#60;TV&#62;") && text.contains("shown this once"),
        "{text}"
    );
    let at = text.find("http://127.0.0.1:").expect("the address on this machine");
    let address = &text[at..at + text[at..].find('"').unwrap()];
    let path = &address[address.find("/stremio/").unwrap()..];
    assert_eq!(house.server.get(path).status, 200);
    assert!(text.contains("stremio://") && text.contains("Stremio turns http into https"));

    let listed = house.ask(200, "GET", "/api/stremio/keys", None);
    let id = listed["keys"][0]["id"].as_str().unwrap();
    let setup = page("/setup");
    assert!(setup.contains(&format!("value=\"{id}\"")) && !setup.contains(path));
    let revoked = post("/setup/stremio/revoke", &format!("id={id}"));
    assert_eq!(revoked.status, 303, "{}", revoked.text());
    assert_eq!(house.server.get(path).status, 403);
    assert!(page("/setup?said=stremio-revoked").contains("The key is revoked"));
}
