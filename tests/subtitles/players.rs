//! Players and a browser show them: a cue that is on the screen, not an exit code.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::{house_of_peers, listed, media_id};
use crate::programs::House;
use crate::support::process::finish;
use crate::support::{has, installed, skip};

const LIMIT: Duration = Duration::from_secs(120);
/// What the film's first and second cues say.
const FIRST: &str = "This is a demonstration.";
const SECOND: &str = "The lamp has turned since before the harbour had a name.";

fn url(house: &House, path: &Value) -> String {
    format!("{}{}", house.server.base, path.as_str().unwrap())
}

#[test]
fn ffmpeg_reads_both_formats() {
    if !has("ffmpeg") {
        return skip("needs ffmpeg");
    }
    let house = house_of_peers();
    let play = house.server.play("tt9900101");
    let rows = listed(&house, &media_id(&play), 1);
    for form in ["srt", "vtt"] {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "warning", "-i", &url(&house, &rows[0][form])]);
        command.args(["-f", "srt", "-"]);
        let ended = finish(&mut command, LIMIT).unwrap();
        assert_eq!(ended.stderr.trim(), "", "{form}");
        let text = ended.text();
        assert!(text.contains(FIRST) && text.contains(SECOND), "{form}: {text}");
        let times = text.lines().filter(|line| line.contains("-->")).count();
        let wanted = String::from_utf8_lossy(credenza::demo::reel::FILM_SRT);
        assert_eq!(times, wanted.matches("-->").count(), "{form}");
    }
}

#[test]
fn mpv_shows_them_beside_the_film() {
    if !has("mpv") {
        return skip("needs mpv");
    }
    let house = house_of_peers();
    let play = house.server.play("tt9900101");
    let rows = listed(&house, &media_id(&play), 1);
    for form in ["srt", "vtt"] {
        let mut command = Command::new("mpv");
        command.args(["--no-config", "--vo=null", "--ao=null", "--start=8", "--length=3"]);
        command.args(["--msg-level=all=error,statusline=status", "--sid=1"]);
        command.arg(format!("--sub-file={}", url(&house, &rows[0][form])));
        command.args(["--term-status-msg=SHOWN ${sub-text}\\n", "--"]);
        command.arg(play["url"].as_str().unwrap());
        let ended = finish(&mut command, LIMIT).unwrap();
        let said = ended.text() + &ended.stderr;
        assert!(
            said.contains(&format!("SHOWN {SECOND}")),
            "{form}: {said}\n{}",
            house.server.log()
        );
    }
}

/// Opens the page, plays, and prints which cue of which track is on the screen.
const BROWSE: &str = r"
const { chromium } = require('playwright-core');
(async () => {
  const browser = await chromium.launch({
    executablePath: process.argv[1],
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
  });
  const page = await browser.newPage();
  const errors = [];
  page.on('console', (line) => { if (line.type() === 'error') { errors.push(line.text()); } });
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('dialog', (dialog) => { errors.push('dialog ' + dialog.message()); dialog.dismiss(); });
  await page.goto(process.argv[2]);
  const tracks = await page.evaluate(() => {
    const video = document.querySelector('video');
    video.muted = true;
    video.play();
    return Array.from(video.textTracks).map((one) => [one.mode, one.language, one.label]);
  });
  const shown = await page.waitForFunction(() => {
    const video = document.querySelector('video');
    const track = video.textTracks[0];
    const cues = track && track.activeCues;
    return cues && cues.length > 0 && video.currentTime > 0 ? cues[0].text : null;
  }, null, { timeout: 90000 });
  console.log(JSON.stringify({ tracks, shown: await shown.jsonValue(), errors }));
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
";

#[test]
fn a_browser_shows_a_cue_on_the_picture() {
    let browser = ["/usr/bin/chromium", "/usr/bin/google-chrome"]
        .into_iter()
        .find(|path| std::path::Path::new(path).is_file());
    let (Some(browser), Some(modules)) = (browser, installed::node_modules()) else {
        return skip("needs chromium and playwright-core; tests/run installs them");
    };
    let house = House::new();
    let wanted = json!({"preferences": {"subtitles": ["en", "de"]}});
    house.ask(200, "PUT", "/api/settings", Some(&wanted));
    let play = house.server.play("tt9900101");
    listed(&house, &media_id(&play), 2);
    let page = play["url"].as_str().unwrap().replace("/v/", "/play/");
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules).args(["-e", BROWSE, browser, &page]);
    let ended = finish(&mut command, LIMIT).unwrap_or_else(|error| {
        panic!(
            "{error}\n{}\n{}",
            crate::support::http::get(&page).send().text(),
            house.server.log()
        )
    });
    let told: Value = serde_json::from_str(ended.text().trim()).unwrap();
    assert!(told["shown"].as_str().unwrap().starts_with(FIRST), "{told}");
    assert_eq!(told["tracks"][0][0], "showing", "what the owner wants is shown unasked: {told}");
    assert_eq!(told["tracks"][0][1], "en");
    assert!(told["tracks"].as_array().unwrap().iter().any(|track| track[1] == "de"), "{told}");
    assert_eq!(told["errors"], json!([]));
}
