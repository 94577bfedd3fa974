//! What a television cannot play is not what a phone sends it.

use serde_json::json;

use super::{FILM, LIMIT, found_as, missing, once, tell};
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
    // From the page on which the film was chosen.
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
    // Who says which bytes gets them.
    let media_id = path.split('.').nth(1).unwrap().as_bytes();
    let media_id = data_encoding::BASE64URL_NOPAD.decode(media_id).unwrap();
    let media_id = String::from_utf8(media_id).unwrap();
    tell(&home, &id, "play", &json!({"media_id": media_id}));
    shows(".mkv");
    tell(&home, &id, "play", &json!({"id": FILM}));
    shows(".mp4");
    assert!(home.stop());
}
