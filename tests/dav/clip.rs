//! The clip that says why nothing plays.

use std::process::Command;
use std::time::Duration;

use credenza::clip::{Clip, SECONDS};
use credenza::representation::Representation as _;
use futures_util::TryStreamExt as _;

use super::{LIMIT, episode};
use crate::support::player;
use crate::support::process::finish;
use crate::support::server::{Server, credenza};
use crate::support::{has, skip, until};

const WORDS: &str = "Nothing can play yet: there is no debrid token, and peer-to-peer is not \
                     allowed. Open http://credenza.local/setup on a phone to change that.";

fn file(folder: &std::path::Path, heading: &str, words: &str) -> String {
    let clip = Clip::new(heading, words);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let parts: Vec<bytes::Bytes> =
        runtime.block_on(clip.read(0..clip.len()).try_collect()).unwrap();
    let path = folder.join("clip.mp4");
    std::fs::write(&path, parts.concat()).unwrap();
    path.to_string_lossy().into_owned()
}

/// A frame's luma, as ffmpeg decodes it.
fn luma(path: &str, at_s: u32) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-ss", &at_s.to_string(), "-i", path]);
    command.args(["-frames:v", "1", "-vf", "extractplanes=y", "-f", "rawvideo", "-"]);
    finish(&mut command, LIMIT).unwrap().stdout
}

#[test]
fn players_decode_every_frame_and_people_can_read_it() {
    if !player::PROGRAMS.into_iter().all(has) {
        return skip("needs ffmpeg, mpv, GStreamer's tools and curl");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "Été à Łódź", WORDS);
    let told = player::ffprobe(&path, LIMIT).unwrap();
    assert!((told.seconds - f64::from(SECONDS)).abs() < 0.1, "{told:?}");
    let all = player::ffmpeg(&path, 0, SECONDS, LIMIT).unwrap();
    assert_eq!(all.frames, Some(u64::from(SECONDS) * 25));
    player::gst_play(&path, LIMIT).unwrap();
    let found = player::gst_discoverer(&path, LIMIT).unwrap();
    assert_eq!(found.seekable, Some(true));
    let play = player::mpv(&path, 4, 2, LIMIT).unwrap();
    assert!(play.seconds > 4.5, "{play:?}");
    let (first, last) = (luma(&path, 0), luma(&path, 9));
    assert_eq!(first.len(), 1280 * 720);
    assert!(first == last, "it stands");
    assert!(first.iter().filter(|point| **point > 200).count() > 5_000, "letters");
}

#[test]
fn a_machine_reads_the_words_that_were_asked_for() {
    if !has("tesseract") || !has("ffmpeg") {
        return skip("needs tesseract and ffmpeg");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "The Lamp and the Tide", WORDS);
    let picture = folder.path().join("clip.png");
    let mut command = Command::new("ffmpeg");
    // Dark on light, and larger: as such programs like it.
    command.args(["-nostdin", "-v", "error", "-i", &path, "-frames:v", "1"]);
    command.args(["-vf", "negate,scale=2560:-1"]).arg(&picture);
    finish(&mut command, LIMIT).unwrap();
    let mut command = Command::new("tesseract");
    command.arg(&picture).args(["-", "--psm", "6"]).env("OMP_THREAD_LIMIT", "1");
    let said = finish(&mut command, LIMIT).unwrap().text();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in
        ["The Lamp and the Tide", "no debrid token", "peer-to-peer is not allowed", "setup"]
    {
        assert!(said.contains(words), "{said}");
    }
}

/// The household of the demonstration with neither a token nor consent for peers.
fn without_ways() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = credenza(&data);
    command.args(["demo", "--listen", "127.0.0.1:0", "--log", "debug"]);
    command.env("CREDENZA_SWARM_ENABLED", "ask");
    let server = Server::start(command, data, Some(folder));
    let off = serde_json::json!({"debrid": {"token": null}});
    let changed = server.owner("PUT", "/api/settings").json(&off).send();
    assert_eq!(changed.status, 200, "{}", changed.text());
    server
}

#[test]
fn a_set_is_shown_in_words_why_nothing_plays() {
    if !has("ffmpeg") {
        return skip("needs ffmpeg");
    }
    let server = without_ways();
    let path = episode(&server);
    let head = server.ask("HEAD", &path).send();
    let tag = head.header("etag").unwrap().to_owned();
    assert_eq!((head.status, head.header("content-type")), (200, Some("video/mp4")));
    assert!(tag.starts_with("\"clip-"), "{tag}");
    let whole = server.get(&path);
    assert_eq!((whole.status, whole.header("etag")), (200, Some(tag.as_str())));
    assert_eq!(head.header("content-length"), Some(whole.body.len().to_string().as_str()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clip.mp4");
    std::fs::write(&file, &whole.body).unwrap();
    let played = player::ffmpeg(&file.to_string_lossy(), 0, SECONDS, LIMIT).unwrap();
    assert_eq!(played.frames, Some(u64::from(SECONDS) * 25));
    assert!(server.log().contains("a set is shown why nothing plays"));

    // Once there is a way, the same address plays the film.
    let on = serde_json::json!({"swarm": {"enabled": true}});
    assert_eq!(server.owner("PUT", "/api/settings").json(&on).send().status, 200);
    let film = until("the film instead of the clip", Duration::from_secs(60), || {
        let head = server.ask("HEAD", &path).send();
        let tag = head.header("etag")?.to_owned();
        (!tag.contains("clip")).then_some(tag)
    });
    assert_eq!(server.ask("HEAD", &path).send().header("etag"), Some(film.as_str()));
}
