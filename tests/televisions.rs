//! "Play on a television" with a real renderer (gmediarender, which plays with GStreamer) on another
//! host: found, told to play, asked how far it is, led, and followed.

mod captions;
mod cast;
mod claims;
mod following;
mod ranked;
mod told;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::installed::python;
use crate::support::netns::Lab;
use crate::support::process::{Beside, finish};
use crate::support::{has, skip, until};

const LIMIT: Duration = Duration::from_secs(60);
const FILM: &str = "tt9900101";
/// Where the television on the viewer takes orders.
const PORT: &str = "49494";
/// With what no sample has, so that nothing is quoted by luck.
const NAME: &str = "Tom & Jerry's <TV>";

fn missing() -> Option<&'static str> {
    Lab::missing().or_else(|| (!has("gmediarender")).then_some("needs gmediarender"))
}

/// A television on the viewer.
fn television(home: &Home) -> Beside {
    let mut command = home.lab.viewer.command("gmediarender");
    command.args(["-I", "lan0", "-f", NAME, "-u", "5f9ec1b3-ed59-79bb-4530-745e87cd6ff5"]);
    command.args(["-p", PORT]);
    // In the film's own time.
    command
        .args(["--gstout-videopipe=fakesink sync=true", "--gstout-audiopipe=fakesink sync=true"]);
    command.stderr(std::process::Stdio::null());
    Beside::start(&mut command)
}

fn found(home: &Home) -> String {
    found_as(home, NAME)
}

fn found_as(home: &Home, name: &str) -> String {
    until(name, LIMIT, || {
        let rows = listed(home);
        rows.iter().find(|row| row["name"] == name)?["id"].as_str().map(str::to_owned)
    })
}

fn listed(home: &Home) -> Vec<Value> {
    let told = home.get("/api/renderers").unwrap_or_default();
    told["renderers"].as_array().cloned().unwrap_or_default()
}

/// A Google Cast receiver on the viewer, of our own making: there is no other without its maker's
/// keys. It plays with mpv, as `mode` says (tests/support/receiver.py).
fn receiver(home: &Home, folder: &Path, name: &str, mode: &str) -> Beside {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    if !key.exists() {
        let mut make = std::process::Command::new("openssl");
        make.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]);
        make.args(["-subj", "/CN=cast"]).arg("-keyout").arg(&key).arg("-out").arg(&certificate);
        finish(&mut make, LIMIT).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/receiver.py");
    let mut command = home.lab.viewer.command(python().unwrap());
    command.arg(script).args([home.lab.viewer.address, name]).args([&certificate, &key]).arg(mode);
    let mut receiver = Beside::start(&mut command);
    receiver.line("the receiver", LIMIT, |line| (line == "ready").then_some(()));
    receiver
}

/// Why there can be no receiver on this machine, if so.
fn no_receiver() -> Option<&'static str> {
    let needed = ["mpv", "openssl"].into_iter().all(has) && python().is_some();
    Lab::missing().or_else(|| {
        (!needed).then_some("needs mpv, openssl and the Python environment of tests/run")
    })
}

/// What it does, once it is as it is wanted.
fn once(home: &Home, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    until(what, LIMIT, || home.get(&format!("/api/renderers/{id}")).ok().filter(&wanted))
}

fn position(standing: &Value) -> f64 {
    standing["position_s"].as_f64().unwrap_or(-1.0)
}

fn tell(home: &Home, id: &str, what: &str, body: &Value) {
    home.post(&format!("/api/renderers/{id}/{what}"), body).unwrap();
}

#[test]
fn a_television_is_found_plays_and_is_led_from_the_phone() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut home = Home::demo(&[]);
    let _television = television(&home);
    is_led(&home);
    assert!(home.stop());
}

#[test]
fn a_cast_receiver_is_found_plays_and_is_led_from_the_phone() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let mut receiver = receiver(&home, folder.path(), NAME, "");
    is_led(&home);
    receiver.close_input();
    assert!(receiver.ended(LIMIT).is_some());
    assert!(home.stop());
}

/// The whole evening of one television.
fn is_led(home: &Home) {
    let id = found(home);
    let played = home.post(&format!("/api/renderers/{id}/play"), &json!({"id": FILM})).unwrap();
    let media_id = played["media_id"].as_str().unwrap().to_owned();
    once(home, &id, "the picture", |told| told["state"] == "playing" && position(told) >= 1.0);

    tell(home, &id, "seek", &json!({"seconds": 40}));
    once(home, &id, "the place after the seek", |told| position(told) >= 41.0);
    tell(home, &id, "pause", &json!({}));
    once(home, &id, "the pause", |told| told["state"] == "paused");
    tell(home, &id, "volume", &json!({"percent": 30}));
    once(home, &id, "the volume", |told| {
        told["volume"].as_u64().is_some_and(|v| (28..=32).contains(&v))
    });
    // How far it is, is noted as of any player; while it is paused it stays there.
    until("the place in the library", LIMIT, || {
        let row = home.get(&format!("/api/library/{media_id}")).ok()?;
        (row["position_s"].as_f64()? >= 40.0).then_some(())
    });
    tell(home, &id, "stop", &json!({}));
    once(home, &id, "the end", |told| {
        ["stopped", "nothing"].iter().any(|state| told["state"] == *state)
    });

    // The next screen goes on where this one stopped.
    tell(home, &id, "play", &json!({"media_id": media_id}));
    once(home, &id, "the picture from before", |told| position(told) >= 40.0);
    tell(home, &id, "play", &json!({"media_id": media_id, "from_the_beginning": true}));
    once(home, &id, "the beginning", |told| {
        told["state"] == "playing" && (0.0..39.0).contains(&position(told))
    });
}

#[test]
fn the_pages_lead_it_without_script() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut home = Home::demo(&[]);
    let _television = television(&home);
    let id = found(&home);
    let url = home.post(&format!("/api/play/{FILM}"), &json!({})).unwrap()["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let signed = url.split_once("/v/").unwrap().1;
    let page = |path: &str, form: Option<&str>| {
        let mut curl = home.curl(path);
        curl.arg("--location");
        if let Some(form) = form {
            curl.args(["--data", form]);
        }
        finish(&mut curl, LIMIT).unwrap().text()
    };
    let player = page(&format!("/play/{signed}"), None);
    assert!(player.contains(&format!("href=\"/televisions/{signed}\"")), "{player}");
    let list = page(&format!("/televisions/{signed}"), None);
    assert!(
        list.contains("Tom &#38; Jerry&#39;s &#60;TV&#62;") || list.contains("Tom &amp; Jerry"),
        "{list}"
    );
    let remote = page(&format!("/televisions/{signed}"), Some(&format!("renderer={id}")));
    assert!(remote.contains(&format!("action=\"/television/{id}\"")), "{remote}");
    once(&home, &id, "the picture", |told| told["state"] == "playing" && position(told) >= 1.0);
    let remote = page(&format!("/television/{id}"), None);
    assert!(remote.contains("The Lamp and the Tide") && remote.contains("Pause"), "{remote}");
    page(&format!("/television/{id}"), Some("press=on"));
    once(&home, &id, "the jump", |told| position(told) >= 30.0);
    page(&format!("/television/{id}"), Some("press=stop"));
    once(&home, &id, "the end", |told| told["state"] == "stopped");
    assert!(home.stop());
}

#[test]
fn a_television_that_is_gone_is_told_in_one_sentence() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let home = Home::demo(&[]);
    let unknown = home.get("/api/renderers/no-such").unwrap_err();
    assert!(unknown.contains("no television called no-such was found"), "{unknown}");
    let television = television(&home);
    let id = found(&home);
    drop(television);
    let gone = home.post(&format!("/api/renderers/{id}/pause"), &json!({})).unwrap_err();
    assert!(gone.contains("does not answer"), "{gone}");
}
