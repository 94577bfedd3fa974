//! libVLC finds the box by UPnP, lists a folder, and plays and seeks a film of it: frames that were
//! decoded count.

use std::time::Duration;

use serde_json::{Value, json};

use super::{FILM, NAME, home};
use crate::support::home::Home;
use crate::support::installed::python;
use crate::support::netns::Lab;
use crate::support::process::finish;
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

#[test]
fn vlc_finds_the_box_and_plays_a_film_of_its_list() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let Some(python) = python().filter(|_| has("vlc")) else {
        return skip("needs VLC and the Python environment of tests/run");
    };
    let mut home = home();
    let title = begin(&home);
    // VLC asks once, loses the answer now and then, and crashes now and then while it reads a list:
    // its list is opened again, as a viewer would.
    let told = until("VLC to list the box", LIMIT, || {
        let mut command = home.lab.viewer.command(&python);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/living_room/watch.py"));
        let text = finish(command.args([NAME, &title]), LIMIT).ok()?.text();
        let told: Value = serde_json::from_str(text.lines().last()?).ok()?;
        told["titles"].as_array()?.contains(&json!(title)).then_some(told)
    });
    println!("{told}");
    assert!(told["servers"].as_array().unwrap().contains(&json!(NAME)), "{told}");
    assert!(told["titles"].as_array().unwrap().contains(&json!(title)), "{told}");
    assert!(told["mrl"].as_str().unwrap().starts_with(&home.base), "{told}");
    assert!(told["decoded"].as_u64().unwrap() >= 25, "{told}");
    assert!(told["sought"].as_f64().unwrap() >= 0.6, "{told}");
    assert!(home.stop());
}
