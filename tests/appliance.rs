//! The box as its owner meets it: the real server and the real steward, over real HTTP. Only what
//! the steward asks of systemd is recorded by a script, and its card is made of files.

mod network;
mod owner;
mod rescue;
mod screen;
mod trial;
mod update;
mod watchdog;
mod watching;

use std::time::Duration;

use serde_json::json;

use crate::support::server::Server;
use crate::support::the_box::TheBox;
use crate::support::{skip, until};

/// A path in a form or a query.
pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

const ROUTES: [(&str, &str); 12] = [
    ("GET", "/api/box/disks"),
    ("POST", "/api/box/disks/format"),
    ("PUT", "/api/box/update"),
    ("POST", "/api/box/update/check"),
    ("POST", "/api/box/update/install"),
    ("POST", "/api/box/update/restart"),
    ("POST", "/api/box/update/back"),
    ("GET", "/api/box/networks"),
    ("POST", "/api/box/wifi"),
    ("POST", "/api/box/reboot"),
    ("POST", "/api/box/off"),
    ("GET", "/api/box"),
];

const FORMS: [&str; 10] = [
    "/setup/disk",
    "/setup/wifi",
    "/setup/update/check",
    "/setup/update/install",
    "/setup/update/restart",
    "/setup/update/back",
    "/setup/update/url",
    "/setup/update/file",
    "/setup/reboot",
    "/setup/off",
];

#[test]
fn a_desktop_is_no_box_and_says_so() {
    let server = Server::serve("");
    for (method, path) in ROUTES {
        assert_eq!(server.ask(method, path).json(&json!({})).send().status, 401, "{method} {path}");
    }
    let cookie = server.claim("long-enough");
    for (method, path) in &ROUTES[..11] {
        let answer = server.owner(method, path).json(&json!({})).send();
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "not_a_box");
    }
    let standing = server.owner("GET", "/api/box").send().json();
    assert_eq!(
        (&standing["here"], &standing["facts"], &standing["update"], &standing["trouble"]),
        (&json!(false), &json!(null), &json!(null), &json!(null))
    );
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(page.contains("Debrid store"), "{page}");
    for section in ["disk", "update", "wifi", "box"] {
        assert!(!page.contains(&format!("<h2 id=\"{section}\"")), "{section}");
    }
    for path in FORMS {
        let form = server.ask("POST", path).with("Cookie", &cookie).form("url=").send();
        assert_eq!(form.status, 404, "{path}");
        assert!(form.text().contains("this is no Credenza box"), "{}", form.text());
    }
}

#[test]
fn a_stranger_changes_nothing_of_a_box() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    the_box.holds("0.4.0", 40);
    let server = the_box.serve("");
    let before = the_box.calls();
    for (method, path) in ROUTES {
        let answer = server.ask(method, path).json(&json!({})).send();
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    for path in FORMS {
        let answer = server.ask("POST", path).form("url=x").send();
        assert_eq!((answer.status, answer.header("location")), (303, Some("/setup")), "{path}");
    }
    // The owner's browser, led here by another site.
    let cookie = server.claim("long-enough");
    for path in FORMS.into_iter().chain(["/api/box/reboot", "/api/box/off"]) {
        let foreign = server.ask("POST", path).with("Cookie", &cookie);
        let foreign = foreign.with("Origin", "http://evil.example").form("").send();
        assert_eq!(foreign.status, 403, "{path}");
    }
    assert_eq!(server.ask("GET", "/api/box/screen").with("Cookie", &cookie).send().status, 403);
    // Looking how it stands is all that was asked.
    let news = the_box.calls().replacen(&before, "", 1);
    assert!(news.lines().all(|call| call.contains("is-active")), "{news}");
    assert_eq!(the_box.card.one_shot(), "");
}

#[test]
fn the_owner_sees_the_box() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    the_box.holds("0.2.0", 20);
    the_box.plug("sda", "Samsung T7", 1024);
    let server = the_box.serve("");
    let cookie = server.claim("long-enough");
    let standing = server.owner("GET", "/api/box").send().json();
    assert_eq!(standing["here"], true);
    for (key, wanted) in [
        ("board", json!("rpi4")),
        ("version", json!("0.3.0")),
        ("running", json!("a")),
        ("trial", json!(false)),
        ("other", json!({"version": "0.2.0", "counter": 20})),
        ("data", json!("kept")),
    ] {
        assert_eq!(standing["facts"][key], wanted, "{key}: {standing}");
    }
    assert_eq!(standing["update"]["state"], "idle");
    assert_eq!(standing["network"]["addresses"], json!([format!("{}/", server.base)]));
    let disks = server.owner("GET", "/api/box/disks").send().json();
    assert_eq!(disks[0]["model"], "Samsung T7", "{disks}");

    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    for words in [
        "Disk for films",
        "Samsung T7",
        "1.0 GiB",
        "Version 0.3.0 is running.",
        "Go back to version 0.2.0",
        "Join a Wi-Fi network",
        "Raspberry Pi 4",
        "slot A",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("onclick") && !page.contains("onsubmit"), "whole without script");

    for (form, call) in [("/setup/reboot", "reboot"), ("/setup/off", "poweroff")] {
        let said = server.ask("POST", form).with("Cookie", &cookie).form("").send();
        assert_eq!(said.status, 200, "{}", said.text());
        let called = format!("systemctl --no-block {call}\n");
        until(form, Duration::from_secs(20), || the_box.calls().contains(&called).then_some(()));
    }
}

#[test]
fn a_disk_is_erased_on_the_second_word_and_for_what_was_shown_alone() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    the_box.plug("sda", "Samsung <T7>", 1024);
    let server = the_box.serve("");
    let cookie = server.claim("long-enough");
    let get = |path: &str| server.ask("GET", path).with("Cookie", &cookie).send();
    let disk = server.owner("GET", "/api/box/disks").send().json()[0].clone();
    let id = encoded(disk["id"].as_str().unwrap());
    let confirm = get(&format!("/setup/disk?disk={id}")).text();
    for words in
        ["Samsung &#60;T7&#62;", "1.0 GiB", "will be lost", disk["consent"].as_str().unwrap()]
    {
        assert!(confirm.contains(words), "{words}: {confirm}");
    }
    let gone = get("/setup/disk?disk=another");
    assert_eq!(gone.status, 400);
    assert!(gone.text().contains("not plugged in any more"), "{}", gone.text());

    // What was shown is not what is there any more.
    the_box.write("sys/block/sda/size", "4096\n");
    let form = format!("disk={id}&consent={}", disk["consent"].as_str().unwrap());
    let late = server.ask("POST", "/setup/disk").with("Cookie", &cookie).form(&form).send();
    assert_eq!(late.status, 422, "{}", late.text());
    assert!(late.text().contains("look at it again"), "{}", late.text());
    let late = json!({"disk": disk["id"], "consent": disk["consent"]});
    let late = server.owner("POST", "/api/box/disks/format").json(&late).send();
    assert_eq!((late.status, &late.json()["error"]["code"]), (422, &json!("disk_changed")));
    assert!(!the_box.calls().contains("mke2fs") && !the_box.calls().contains("wipefs"));
}

#[test]
fn a_steward_that_does_not_answer_is_a_sentence_and_the_server_serves_on() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let server = the_box.serve("");
    let cookie = server.claim("long-enough");
    the_box.write("usr/share/credenza/box.toml", "not at all");
    let standing = server.owner("GET", "/api/box").send().json();
    // What was known is shown for a moment still.
    let trouble = crate::support::until("the trouble", std::time::Duration::from_secs(30), || {
        let standing = server.owner("GET", "/api/box").send().json();
        standing["trouble"].as_str().map(str::to_owned)
    });
    assert!(trouble.contains("does not answer"), "{standing} {trouble}");
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send();
    assert_eq!(page.status, 200);
    assert!(page.text().contains("does not answer"), "{}", page.text());
}
