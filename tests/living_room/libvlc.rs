//! libVLC finds the box by UPnP, lists a folder, and plays and seeks a film of it: frames that were
//! decoded count. By mDNS it does not find it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::shelf::{TRAPS, lay_traps};
use super::{FILM, NAME, home};
use crate::support::home::Home;
use crate::support::installed::python;
use crate::support::netns::{Avahi, Lab};
use crate::support::process::{Beside, finish};
use crate::support::{has, skip, until};

const LIMIT: Duration = Duration::from_secs(240);

/// Has the film on the shelf as one that somebody stopped watching.
pub fn begin(home: &Home) -> String {
    // A search may be too slow for its own patience beside other tests.
    let play = || home.post(&format!("/api/play/{FILM}"), &json!({})).ok();
    let played = until("the film", LIMIT, play);
    let path = played["url"].as_str().unwrap().split("/v/").nth(1).unwrap().to_owned();
    let key = path.split('.').nth(1).unwrap();
    let media_id = data_encoding::BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
    let media_id = String::from_utf8(media_id).unwrap();
    let mut curl = home.curl(&format!("/api/library/{media_id}"));
    curl.args(["--request", "PUT", "--header", "Content-Type: application/json"]);
    curl.args(["--data", &json!({"position_s": 5, "duration_s": 60}).to_string()]);
    let told: Value = serde_json::from_str(&finish(&mut curl, LIMIT).unwrap().text()).unwrap();
    told["title"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
}

/// The Python that has VLC's bindings, or why this cannot be tried.
fn vlc() -> Result<PathBuf, &'static str> {
    if let Some(reason) = Lab::missing() {
        return Err(reason);
    }
    let python = python().filter(|_| has("vlc"));
    python.ok_or("needs VLC and the Python environment of tests/run")
}

/// What VLC tells once it has listed `title` below a folder of the server, played it and sought in it.
fn watched(home: &Home, python: &Path, [server, title, folder]: [&str; 3]) -> Value {
    // VLC asks once, loses the answer now and then, and crashes now and then while it reads a list:
    // its list is opened again, as a viewer would.
    let told = until("VLC to list the box", LIMIT, || {
        let mut command = home.lab.viewer.command(python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/living_room/watch.py"));
        let text = finish(command.args([server, title, folder]), LIMIT).ok()?.text();
        let told: Value = serde_json::from_str(text.lines().last()?).ok()?;
        told["titles"].as_array()?.contains(&json!(title)).then_some(told)
    });
    assert!(told["servers"].as_array().unwrap().contains(&json!(server)), "{told}");
    assert!(told["mrl"].as_str().unwrap().starts_with(&home.base), "{told}");
    assert!(told["decoded"].as_u64().unwrap() >= 25, "{told}");
    assert!(told["sought"].as_f64().unwrap() >= 0.6, "{told}");
    told
}

#[test]
fn vlc_finds_the_box_and_plays_a_film_of_its_list() {
    let python = match vlc() {
        Ok(python) => python,
        Err(reason) => return skip(reason),
    };
    let mut home = home();
    let title = begin(&home);
    let told = watched(&home, &python, [NAME, &title, "Continue watching"]);
    println!("{told}");
    assert!(home.stop());
}

#[test]
fn vlc_lists_every_name_that_is_hard_and_plays_one() {
    let python = match vlc() {
        Ok(python) => python,
        Err(reason) => return skip(reason),
    };
    let mut titles = Vec::new();
    let mut home = Home::serve_after(&[("CREDENZA_LAN_UPNP", "true")], |data| {
        titles = lay_traps(data);
    });
    let told = watched(&home, &python, ["Credenza", TRAPS, "On this box/Films"]);
    let listed: Vec<&str> =
        told["titles"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    println!("{} titles; {} frames of {TRAPS}", listed.len(), told["decoded"]);
    for title in &titles {
        assert!(listed.contains(&title.as_str()), "{title} is not in {listed:?}");
    }
    assert_eq!(listed.len(), titles.len(), "each once");
    assert!(home.stop());
}

/// Prints what VLC shows by mDNS once that of the name in the first argument is among it, and two seconds
/// later.
const BY_MDNS: &str = r#"
import os, sys, time, vlc
instance = vlc.Instance("--vout=dummy", "--aout=dummy", "--verbose=-1")
discoverer = instance.media_discoverer_new("avahi")
discoverer.start()
def titles():
    rows = discoverer.media_list()
    rows.lock()
    found = [rows.item_at_index(at).get_meta(vlc.Meta.Title) for at in range(rows.count())]
    rows.unlock()
    return found
end = time.monotonic() + 30
while sys.argv[1] not in titles() and time.monotonic() < end:
    time.sleep(0.1)
time.sleep(2)
print("\n".join(titles()), flush=True)
os._exit(0)
"#;

/// It looks for other services there: it finds the box by UPnP alone.
#[test]
fn vlc_does_not_look_by_mdns_for_what_the_box_is() {
    const OTHER: &str = "Somebody's files";
    let python = match vlc().and_then(|python| Avahi::missing().map_or(Ok(python), Err)) {
        Ok(python) => python,
        Err(reason) => return skip(reason),
    };
    if !has("avahi-publish") {
        return skip("needs avahi-publish");
    }
    let mut home = Home::demo(&[("CREDENZA_LAN_MDNS", "true")]);
    let avahi = Avahi::start(&home.lab.viewer, "viewer");
    let mut publish = avahi.command("avahi-publish");
    publish.args(["-s", OTHER, "_sftp-ssh._tcp", "22"]).stderr(std::process::Stdio::null());
    let _other = Beside::start(&mut publish);
    for kind in ["_http._tcp", "_webdav._tcp", "_credenza._tcp", "_sftp-ssh._tcp"] {
        until(kind, LIMIT, || (!avahi.browse(kind).is_empty()).then_some(()));
    }
    let mut command = avahi.command(&python.to_string_lossy());
    let shown = finish(command.args(["-c", BY_MDNS, OTHER]), LIMIT).unwrap().text();
    println!("VLC shows by mDNS: {shown}");
    assert!(shown.lines().any(|title| title == OTHER), "{shown}");
    assert!(!shown.contains("Credenza"), "then docs/televisions.md is to say so: {shown}");
    drop(avahi);
    assert!(home.stop());
}
