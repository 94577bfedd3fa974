//! How far a television is, noted for the film that it shows and for no other.

use serde_json::{Value, json};

use super::{FILM, LIMIT, found_as, no_receiver, once, position, receiver, tell};
use crate::support::home::Home;
use crate::support::process::finish;
use crate::support::{skip, until};

const EPISODE: &str = "tt9900102:1:1";

/// Where somebody stopped, in seconds.
fn noted(home: &Home, media_id: &str) -> f64 {
    let row = home.get(&format!("/api/library/{media_id}")).unwrap_or_default();
    row["position_s"].as_f64().unwrap_or(0.0)
}

fn noted_from(home: &Home, media_id: &str, least: f64) -> f64 {
    until("the place in the library", LIMIT, || {
        Some(noted(home, media_id)).filter(|position| *position >= least)
    })
}

fn shows(home: &Home, id: &str, film: &Value) -> String {
    let played = home.post(&format!("/api/renderers/{id}/play"), film).unwrap();
    once(home, id, "the picture", |told| told["state"] == "playing" && position(told) >= 1.0);
    played["media_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_set_that_tells_no_name_does_not_move_the_film_before() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let _receiver = receiver(&home, folder.path(), "Nameless", "nameless");
    let id = found_as(&home, "Nameless");
    let first = shows(&home, &id, &json!({"id": EPISODE}));
    noted_from(&home, &first, 1.0);
    let second = shows(&home, &id, &json!({"id": FILM}));
    tell(&home, &id, "seek", &json!({"seconds": 30}));
    // Two rounds, so that whoever still follows the first has had one.
    let place = noted_from(&home, &second, 30.0);
    noted_from(&home, &second, place + 5.0);
    assert!(noted(&home, &first) < 30.0, "the second film's place was noted for the first");
    assert!(home.stop());
}

#[test]
fn a_film_is_followed_though_the_phone_went_away_while_it_began() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let _receiver = receiver(&home, folder.path(), "Slow", "slow");
    let id = found_as(&home, "Slow");
    let played = home.post(&format!("/api/play/{FILM}"), &json!({})).unwrap();
    let key =
        played["url"].as_str().unwrap().split("/v/").nth(1).unwrap().split('.').nth(1).unwrap();
    let media_id = data_encoding::BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
    let media_id = String::from_utf8(media_id).unwrap();
    let mut curl = home.curl(&format!("/api/renderers/{id}/play"));
    curl.args(["--max-time", "2", "--header", "Content-Type: application/json"]);
    curl.args(["--data", &json!({"media_id": media_id}).to_string()]);
    let answered = finish(&mut curl, LIMIT).map(|ended| ended.text());
    assert!(answered.is_err(), "the set takes three seconds to begin: {answered:?}");
    noted_from(&home, &media_id, 1.0);
    assert!(home.stop());
}
