//! What a television cannot play is not what a phone sends it.

use std::time::Instant;

use serde_json::json;

use super::{FILM, LIMIT, found_as, missing, once, position, tell};
use crate::support::home::Home;
use crate::support::process::{Beside, finish};
use crate::support::skip;

/// Plays no Matroska, as the table of sets has it.
const CONSOLE: &str = "PLAYSTATION 3 & more";

fn console(home: &Home) -> Beside {
    let mut command = home.lab.viewer.command("gmediarender");
    command.args(["-I", "lan0", "-f", CONSOLE, "-u", "5f9ec1b3-ed59-79bb-4530-745e87cd6ff6"]);
    command
        .args(["--gstout-videopipe=fakesink sync=true", "--gstout-audiopipe=fakesink sync=true"]);
    command.stderr(std::process::Stdio::null());
    Beside::start(&mut command)
}

#[test]
fn a_television_is_sent_a_release_that_it_can_play() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut home = Home::demo(&[]);
    let _console = console(&home);
    let found = home.get(&format!("/api/find/{FILM}")).unwrap();
    let rows = found["candidates"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"].as_str().unwrap().contains("720p")).unwrap();
    let hash = row["info_hash"].as_str().unwrap();
    let chosen = home.post(&format!("/api/play/{FILM}?info_hash={hash}"), &json!({})).unwrap();
    let path = chosen["url"].as_str().unwrap().split("/v/").nth(1).unwrap();
    assert_eq!(path.rsplit('.').next(), Some("mkv"), "{path}");

    let id = found_as(&home, CONSOLE);
    let media_id = path.split('.').nth(1).unwrap().as_bytes();
    let media_id = data_encoding::BASE64URL_NOPAD.decode(media_id).unwrap();
    let media_id = String::from_utf8(media_id).unwrap();
    // On the phone it was watched for half a minute.
    let mut noted = home.curl(&format!("/api/library/{media_id}"));
    noted.args(["-X", "PUT", "-H", "Content-Type: application/json"]);
    noted.args(["-d", "{\"position_s\": 30, \"duration_s\": 66}"]);
    println!("{}", finish(&mut noted, LIMIT).unwrap().text());
    // From the page on which the film was chosen.
    let pressed = Instant::now();
    let mut press = home.curl(&format!("/televisions/{path}"));
    press.args(["--data-urlencode", &format!("renderer={id}")]);
    println!("{}", finish(&mut press, LIMIT).unwrap().text());
    let shows = |ending: &str| {
        once(&home, &id, ending, |told| {
            let url = told["url"].as_str().unwrap_or_default();
            told["state"] == "playing" && url.ends_with(ending)
        })
    };
    shows(".mp4");
    // In the other release it goes on there: nobody sees more of a film than time has passed.
    let told = once(&home, &id, "the place", |told| position(told) >= 30.0);
    let ahead = position(&told) - pressed.elapsed().as_secs_f64();
    assert!(ahead > 5.0, "{ahead} s ahead of the clock: {told}");
    // Who says which bytes gets them.
    tell(&home, &id, "play", &json!({"media_id": media_id}));
    shows(".mkv");
    tell(&home, &id, "play", &json!({"id": FILM}));
    shows(".mp4");
    assert!(home.stop());
}
