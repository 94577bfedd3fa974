//! The captive portal: who comes by the box's own Wi-Fi network, whatever name they asked for, is
//! led to the set-up page. Everywhere else, and when that network is closed, a foreign Host is turned
//! away as ever (S-01). Here the network's address is 127.0.0.2, and the household's 127.0.0.1.

use std::time::Duration;

use crate::support::http::{self, Answer};
use crate::support::server::Server;
use crate::support::the_box::TheBox;
use crate::support::{skip, until};

/// What systems ask to see whether a network leads to the internet, and whom.
const PROBES: [(&str, &str); 7] = [
    ("connectivitycheck.gstatic.com", "/generate_204"),
    ("clients3.google.com", "/generate_204"),
    ("captive.apple.com", "/hotspot-detect.html"),
    ("www.msftconnecttest.com", "/connecttest.txt"),
    ("www.msftncsi.com", "/ncsi.txt"),
    ("detectportal.firefox.com", "/canonical.html"),
    ("nmcheck.gnome.org", "/check_network_status.txt"),
];

/// The server, listening on every address as a box does.
fn serve(the_box: &TheBox) -> (Server, u16) {
    let mut server = the_box.serve_at("0.0.0.0:0", "");
    let port = server.base.rsplit(':').next().unwrap().parse().unwrap();
    server.base = format!("http://127.0.0.1:{port}");
    (server, port)
}

fn ask(address: &str, port: u16, host: &str, path: &str) -> Answer {
    http::get(&format!("http://{address}:{port}{path}")).with("Host", host).send()
}

fn code(answer: &Answer) -> String {
    answer.json()["error"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_phone_in_the_boxs_own_network_is_led_to_the_set_up_page_and_nobody_else_is() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    let (server, port) = serve(&the_box);
    for (host, path) in PROBES {
        for address in ["127.0.0.1", "127.0.0.2"] {
            let answer = ask(address, port, host, path);
            assert_eq!((answer.status, code(&answer).as_str()), (421, "unknown_host"), "{host}");
        }
    }

    the_box.opens_access_point();
    let portal = format!("http://127.0.0.2:{port}/setup");
    until("the portal", Duration::from_secs(20), || {
        // It is known once anybody asks how the box stands.
        server.owner("GET", "/api/box").send();
        (ask("127.0.0.2", port, PROBES[0].0, PROBES[0].1).status == 302).then_some(())
    });
    for (host, path) in
        PROBES.into_iter().chain([("evil.example", "/api/box"), ("x", "/v/key/name")])
    {
        let led = ask("127.0.0.2", port, host, path);
        assert_eq!((led.status, led.header("location")), (302, Some(portal.as_str())), "{host}");
        assert_eq!(led.header("cache-control"), Some("no-store"));
        let refused = ask("127.0.0.1", port, host, path);
        assert_eq!(refused.status, 421, "{host}: the household's side is as ever");
    }
    // Where it is led to, there is the page, which needs no other name.
    let page = ask("127.0.0.2", port, &format!("127.0.0.2:{port}"), "/setup");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Make this box yours"), "{}", page.text());
    // Whatever they send, nothing of it is read.
    let posted = http::ask("POST", &format!("http://127.0.0.2:{port}/api/claim"))
        .with("Host", "evil.example")
        .json(&serde_json::json!({"code": server.claim_code(), "password": "long-enough"}))
        .send();
    assert_eq!(posted.status, 302);
    assert_eq!(server.get("/api/status").json()["owner"], false);
    // What no browser sends is malformed here as everywhere.
    let none = http::get(&format!("http://127.0.0.2:{port}/")).with("Host", "").send();
    assert!([302, 400].contains(&none.status));

    std::fs::remove_file(the_box.path("run/credenza/ap.json")).unwrap();
    until("its end", Duration::from_secs(20), || {
        server.owner("GET", "/api/box").send();
        (ask("127.0.0.2", port, PROBES[0].0, PROBES[0].1).status == 421).then_some(())
    });
    let gone = ask("127.0.0.2", port, &format!("127.0.0.2:{port}"), "/setup");
    assert_eq!(gone.status, 421, "an address that is not the machine's is nobody's name");
}

#[test]
fn over_the_boxs_own_network_the_answer_comes_before_the_network_goes() {
    let the_box = match TheBox::new() {
        Ok(the_box) => the_box,
        Err(missing) => return skip(missing),
    };
    the_box.opens_access_point();
    let (server, port) = serve(&the_box);
    let cookie = server.claim("long-enough");
    server.owner("GET", "/api/box").send();
    let form = "ssid=Home+%26+Garden&password=long-enough-too&country=de&other=";
    let join = |address: &str, form: &str| {
        http::ask("POST", &format!("http://{address}:{port}/setup/wifi"))
            .with("Cookie", &cookie)
            .form(form)
            .send()
    };
    let before = the_box.calls();
    let told = join("127.0.0.2", form);
    assert_eq!(told.status, 200, "{}", told.text());
    assert!(told.text().contains("joins Home &#38; Garden"), "{}", told.text());
    assert!(!the_box.calls().replacen(&before, "", 1).contains("credenza-wifi"), "not yet");
    let joined = "credenza-wifi.service";
    until("the join", Duration::from_secs(20), || the_box.calls().contains(joined).then_some(()));
    assert!(!server.log().contains("long-enough-too"), "no password is in the log");

    // By the household's network it is done, or refused, before the answer; and while the box still
    // joins the first one, it says that it is busy.
    let bad = until("the end of the first", Duration::from_secs(20), || {
        let bad = join("127.0.0.1", "ssid=Home&password=short&country=DE&other=");
        (bad.status != 409).then_some(bad)
    });
    assert_eq!(bad.status, 422, "{}", bad.text());
    assert!(bad.text().contains("password"), "{}", bad.text());
    let none = join("127.0.0.1", "ssid=&password=&country=DE&other=");
    assert_eq!(none.status, 400);
    let good = join("127.0.0.1", "ssid=Home&password=&country=DE&other=Hidden");
    assert_eq!(good.header("location"), Some("/setup?said=wifi#wifi"), "{}", good.text());
}
