//! Updates as the owner meets them: by a file, from an address, from the page; and back.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::Answer;
use crate::support::server::Server;
use crate::support::the_box::TheBox;
use crate::support::upstream::{Reply, Upstream};
use crate::support::{skip, until};

const LONG: Duration = Duration::from_secs(60);

fn send(server: &Server, bundle: &[u8]) -> Answer {
    server.owner("PUT", "/api/box/update").bytes("application/octet-stream", bundle).send()
}

fn standing(server: &Server) -> Value {
    server.owner("GET", "/api/box").send().json()
}

fn update(server: &Server) -> Value {
    standing(server)["update"].clone()
}

fn comes_to(server: &Server, state: &str) -> Value {
    until(&format!("{state}; {}", update(server)), LONG, || {
        Some(update(server)).filter(|update| update["state"] == state)
    })
}

#[test]
fn a_bundle_that_is_sent_is_ready_and_is_started_on_the_owners_word() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let server = the_box.serve("");
    let nothing = server.owner("POST", "/api/box/update/restart").send();
    assert_eq!((nothing.status, &nothing.json()["error"]["code"]), (409, &json!("nothing_ready")));
    let back = server.owner("POST", "/api/box/update/back").send();
    assert_eq!(back.json()["error"]["code"], "nothing_before");

    let taken = send(&server, &the_box.bundle("0.4.0", 40).bytes());
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(taken.json(), json!({"version": "0.4.0", "counter": 40}));
    assert_eq!(standing(&server)["facts"]["other"], json!({"version": "0.4.0", "counter": 40}));
    let ready = update(&server);
    assert_eq!((&ready["state"], &ready["version"]), (&json!("ready"), &json!("0.4.0")));
    assert!(!the_box.was_rebooted(), "not without a word");

    let begun = server.owner("POST", "/api/box/update/restart").send();
    assert_eq!(begun.status, 202, "{}", begun.text());
    until("the new start", LONG, || the_box.was_rebooted().then_some(()));
    assert_eq!(the_box.card.one_shot(), "1", "once");
    assert_eq!(update(&server)["state"], "restarting");
}

#[test]
fn what_is_refused_is_told_in_the_stewards_sentence_however_large_it_was() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let server = the_box.serve("");
    let mut other_board = the_box.bundle("0.4.0", 40);
    other_board.manifest =
        other_board.manifest.iter().map(|b| if *b == b'4' { b'5' } else { *b }).collect();
    for (what, bytes, code) in [
        ("no bundle", vec![0; 24 << 20], "not_a_bundle"),
        ("nothing", Vec::new(), "not_a_bundle"),
        ("a changed word", other_board.bytes(), "bad_signature"),
        ("an older one", the_box.bundle("0.2.0", 20).bytes(), "too_old"),
        ("the running one", the_box.bundle("0.3.0", 30).bytes(), "already_installed"),
    ] {
        let refused = send(&server, &bytes);
        assert_eq!(refused.status, 422, "{what}: {}", refused.text());
        assert_eq!(refused.json()["error"]["code"], code, "{what}: {}", refused.text());
        let told = update(&server);
        assert_eq!(
            (&told["state"], &told["message"]),
            (&json!("failed"), &refused.json()["error"]["message"])
        );
    }
    assert_eq!(standing(&server)["facts"]["other"], json!(null));
}

#[test]
fn a_sender_that_goes_away_leaves_nothing_behind() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let server = the_box.serve("");
    let bundle = the_box.bundle("0.4.0", 40).bytes();
    let address = server.base.trim_start_matches("http://");
    let key = std::fs::read_to_string(server.data.join("local.key")).unwrap();
    let mut sender = TcpStream::connect(address).unwrap();
    let head = format!(
        "PUT /api/box/update HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n",
        key.trim(),
        bundle.len()
    );
    sender.write_all(head.as_bytes()).unwrap();
    sender.write_all(&bundle[..bundle.len() * 3 / 4]).unwrap();
    let half = until("half of it", LONG, || {
        let update = update(&server);
        update["progress"]["bytes"].as_u64().filter(|_| update["state"] == "receiving")
    });
    assert!(half > 0 && half < bundle.len() as u64);
    assert_eq!(send(&server, &bundle).json()["error"]["code"], "busy", "one at a time");
    drop(sender);
    let failed = comes_to(&server, "failed");
    assert!(failed["message"].as_str().unwrap().contains("broke off"), "{failed}");
    assert_eq!(standing(&server)["facts"]["other"], json!(null));
    let again = until("the next one", LONG, || {
        let answer = send(&server, &bundle);
        (answer.status != 422 && answer.status != 409).then_some(answer)
    });
    assert_eq!(again.status, 200, "{}", again.text());
}

#[test]
fn an_address_is_asked_for_the_head_alone_and_the_owner_installs() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let upstream = Upstream::start();
    let path = "/updates/credenza-rpi4.bundle";
    upstream.on(path, Reply::ok(the_box.bundle("0.3.0", 30).bytes()));
    let allowed = format!("[network]\nallow_private = [\"{}\"]\n", upstream.addr());
    let server = the_box.serve(&allowed);
    let cookie = server.claim("long-enough");
    let post =
        |path: &str, form: &str| server.ask("POST", path).with("Cookie", &cookie).form(form).send();
    let check = || server.owner("POST", "/api/box/update/check").send();
    assert_eq!(check().json()["error"]["code"], "no_update_url");
    assert_eq!(post("/setup/update/url", "url=ftp%3A%2F%2Fx%2Fy").status, 422);
    let template = format!("{}updates/credenza-{{board}}.bundle", upstream.url("/"));
    let set = post("/setup/update/url", &format!("url={}", super::encoded(&template)));
    assert_eq!(set.header("location"), Some("/setup?said=url#update"), "{}", set.text());
    assert_eq!(server.owner("GET", "/api/settings").send().json()["update"]["url"], template);

    // The same version: nothing to do.
    assert_eq!(check().json()["state"], "idle", "{}", check().text());
    assert!(update(&server)["checked"].as_u64().unwrap() > 1_700_000_000);

    // Not one of ours, and another's.
    upstream.on(path, Reply::html("<h1>Moved</h1>"));
    assert_eq!(check().json()["error"]["code"], "not_a_bundle");
    upstream.on(path, Reply::status(404));
    assert_eq!(check().json()["error"]["code"], "update_url", "{}", check().text());
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(page.contains("has no update there") && page.contains("Last looked today"), "{page}");

    // A newer one. Its head is enough, and is whole before the body stands still.
    let bundle = the_box.bundle("0.4.0", 40);
    upstream.on(path, Reply::ok(bundle.bytes()).cut_after(bundle.head().len() + 30_000));
    let found = check().json();
    assert_eq!(
        (&found["state"], &found["version"]),
        (&json!("available"), &json!("0.4.0")),
        "{found}"
    );
    assert_eq!(standing(&server)["facts"]["other"], json!(null), "nothing is written unasked");
    let page = server.ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(
        page.contains("There is a newer one: version 0.4.0") && page.contains("Install it"),
        "{page}"
    );

    // It breaks off on the way, then does not.
    assert_eq!(post("/setup/update/install", "").header("location"), Some("/setup/update"));
    let broken = comes_to(&server, "failed");
    assert!(broken["message"].as_str().unwrap().contains("broke off"), "{broken}");
    upstream.on(path, Reply::ok(bundle.bytes()));
    assert_eq!(check().json()["state"], "available");
    assert_eq!(post("/setup/update/install", "").header("location"), Some("/setup/update"));
    until("the new start", LONG, || the_box.was_rebooted().then_some(()));
    assert_eq!(standing(&server)["facts"]["other"]["version"], "0.4.0");
    let page = server.ask("GET", "/setup/update").with("Cookie", &cookie).send().text();
    assert!(page.contains("The box starts version 0.4.0"), "{page}");
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");
}

#[test]
fn a_private_address_is_asked_only_where_the_owner_listed_it() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let upstream = Upstream::start();
    let url = upstream.url("/x.bundle");
    let server = the_box.serve(&format!("[update]\nurl = \"{url}\"\n"));
    let refused = server.owner("POST", "/api/box/update/check").send();
    assert_eq!(refused.status, 502, "{}", refused.text());
    assert!(refused.text().contains("network.allow_private"), "{}", refused.text());
    assert_eq!(upstream.requests().len(), 0);
}

#[test]
fn the_page_sends_a_file_without_script() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let server = the_box.serve("");
    let cookie = server.claim("long-enough");
    let form = |name: &str, bytes: &[u8]| {
        let mut body = format!(
            "--X\r\nContent-Disposition: form-data; name=\"bundle\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--X--\r\n");
        let ask = server.ask("POST", "/setup/update/file").with("Cookie", &cookie);
        ask.bytes("multipart/form-data; boundary=X", &body).send()
    };
    let nothing = form("", b"");
    assert_eq!(nothing.status, 400);
    assert!(nothing.text().contains("choose a file first"), "{}", nothing.text());
    let film = form("film.mkv", &vec![7; 9 << 20]);
    assert_eq!(film.status, 422);
    assert!(film.text().contains("this is no update bundle"), "{}", film.text());
    let bundle = the_box.bundle("0.4.0", 40).bytes();
    let taken = form("credenza-rpi4-0.4.0.bundle", &bundle);
    assert_eq!(taken.header("location"), Some("/setup/update"), "{}", taken.text());
    let page = server.ask("GET", "/setup/update").with("Cookie", &cookie).send().text();
    assert!(page.contains("Start version 0.4.0"), "{page}");
}

#[test]
fn the_owner_goes_back_and_what_was_left_is_not_offered_again() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    the_box.holds("0.2.0", 20);
    let server = the_box.serve("");
    let cookie = server.claim("long-enough");
    let back = server.ask("POST", "/setup/update/back").with("Cookie", &cookie).form("").send();
    assert_eq!(back.header("location"), Some("/setup/update"), "{}", back.text());
    until("the new start", LONG, || the_box.was_rebooted().then_some(()));
    assert_eq!(the_box.card.one_shot(), "1");
}
