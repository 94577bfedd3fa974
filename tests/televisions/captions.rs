//! Subtitles on a Google Cast receiver: it is told of them with the film, fetches them as a browser does,
//! and shows those that the owner wants.

use serde_json::{Value, json};

use super::{FILM, LIMIT, found_as, no_receiver, receiver, tell};
use crate::support::home::Home;
use crate::support::process::Beside;
use crate::support::{skip, until};

/// What it was told to load, and what it fetched.
fn loaded(receiver: &mut Beside) -> Value {
    receiver.line("the film", LIMIT, |line| serde_json::from_str(line.strip_prefix("LOAD ")?).ok())
}

#[test]
fn a_cast_receiver_is_given_the_subtitles_that_the_owner_wants() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let wanted = ("CREDENZA_PREFER_SUBTITLES", "de,en");
    let (mut home, folder) = (Home::demo(&[wanted]), tempfile::tempdir().unwrap());
    let mut receiver = receiver(&home, folder.path(), "Cinema", "");
    let id = found_as(&home, "Cinema");
    let play = || home.post(&format!("/api/renderers/{id}/play"), &json!({"id": FILM})).ok();
    let media_id = until("the film", LIMIT, play)["media_id"].as_str().unwrap().to_owned();
    loaded(&mut receiver);
    // What a set waits for is a second; by now they are known.
    until("both languages", LIMIT, || {
        let told = home.get(&format!("/api/subtitles/{media_id}")).ok()?;
        let rows = told["subtitles"].as_array()?;
        let has = |code: &str| rows.iter().any(|row| row["language"] == code);
        (has("ger") && has("eng")).then_some(())
    });
    tell(&home, &id, "play", &json!({"media_id": media_id}));
    let told = loaded(&mut receiver);
    println!("{}", told["asked"]);
    let tracks = told["asked"]["media"]["tracks"].as_array().unwrap();
    let row = |track: &Value| {
        let url = track["trackContentId"].as_str().unwrap();
        assert!(url.starts_with(&format!("{}/sub/", home.base)), "{url}");
        assert!(!track["name"].as_str().unwrap().is_empty(), "{track}");
        let rest = ["type", "subtype", "trackContentType"].map(|name| track[name].clone());
        assert_eq!(rest, [json!("TEXT"), json!("SUBTITLES"), json!("text/vtt")], "{track}");
        (track["trackId"].clone(), track["language"].clone())
    };
    let rows: Vec<(Value, Value)> = tracks.iter().map(row).collect();
    assert_eq!(rows[..2], [(json!(1), json!("de")), (json!(2), json!("en"))], "{tracks:?}");
    assert_eq!(told["asked"]["activeTrackIds"], json!([1]), "the language wanted most");
    let texts = told["tracks"].as_array().unwrap();
    for text in texts {
        assert_eq!(
            (&text["type"], &text["origin"]),
            (&json!("text/vtt; charset=utf-8"), &json!("*"))
        );
        assert!(text["text"].as_str().unwrap().starts_with("WEBVTT\n"), "{text}");
    }
    assert!(texts[0]["text"].as_str().unwrap().contains("Dies ist eine Vorführung."), "{texts:?}");
    assert!(home.stop());
}

#[test]
fn where_the_owner_named_no_language_none_is_shown_unasked() {
    if let Some(reason) = no_receiver() {
        return skip(reason);
    }
    let (mut home, folder) = (Home::demo(&[]), tempfile::tempdir().unwrap());
    let mut receiver = receiver(&home, folder.path(), "Cinema", "");
    let id = found_as(&home, "Cinema");
    let play = || home.post(&format!("/api/renderers/{id}/play"), &json!({"id": FILM})).ok();
    let media_id = until("the film", LIMIT, play)["media_id"].as_str().unwrap().to_owned();
    loaded(&mut receiver);
    until("subtitles", LIMIT, || {
        let told = home.get(&format!("/api/subtitles/{media_id}")).ok()?;
        (!told["subtitles"].as_array()?.is_empty()).then_some(())
    });
    tell(&home, &id, "play", &json!({"media_id": media_id}));
    let told = loaded(&mut receiver);
    assert!(!told["asked"]["media"]["tracks"].as_array().unwrap().is_empty(), "{told}");
    assert_eq!(told["asked"]["activeTrackIds"], json!([]));
    assert!(home.stop());
}
