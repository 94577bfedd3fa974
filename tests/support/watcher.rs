//! Players that tell where they stand while they play: VLC's library, Chromium, GStreamer, mpv.
//! Each plays in real time from `start` to `end` seconds, as a viewer sees it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::player::Proof;
use super::process::finish;
use super::{has, installed};

/// What `vlc` needs and this machine lacks.
pub fn vlc_lacks() -> Option<&'static str> {
    let Some(python) = installed::python() else {
        return Some("needs VLC's library for Python; tests/run installs it");
    };
    // Only whether it is there: a start of it that fails is the player's to tell.
    let found = (0..3).any(|_| {
        let probe =
            Command::new(&python).args(["-c", "import vlc; vlc.libvlc_get_version()"]).output();
        let done = probe.as_ref().is_ok_and(|output| output.status.success());
        if !done {
            eprintln!("VLC's library was not found: {probe:?}");
        }
        done
    });
    (!found).then_some("needs VLC's library; tests/run installs it")
}

/// What `chromium` needs and this machine lacks.
pub fn chromium_lacks() -> Option<&'static str> {
    if !has("chromium") || !has("node") {
        return Some("needs chromium and node");
    }
    let modules = installed::node_modules().map(|folder| folder.join("playwright-core"));
    let there = modules.is_some_and(|folder| folder.is_dir());
    (!there).then_some("needs playwright-core; tests/run installs it")
}

/// A script of the tests.
pub fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// A program of node that drives Chromium, whose path is its first argument.
pub fn with_chromium(path: &str) -> Command {
    let mut command = Command::new("node");
    command.env("NODE_PATH", installed::node_modules().unwrap_or_default());
    command.arg(script(path)).arg("/usr/bin/chromium");
    command
}

/// VLC's library.
pub fn vlc(url: &str, start: u32, end: u32, limit: Duration) -> Result<Proof, String> {
    let mut command = Command::new(installed::python().unwrap_or_default());
    command.arg(script("support/vlc_play.py")).arg(url);
    watched("vlc", command.arg(start.to_string()).arg(end.to_string()), (start, end), limit)
}

/// A `<video>` in Chromium.
pub fn chromium(url: &str, start: u32, end: u32, limit: Duration) -> Result<Proof, String> {
    let mut command = with_chromium("support/chromium.js");
    command.arg(url).arg(start.to_string()).arg(end.to_string());
    watched("chromium", &mut command, (start, end), limit)
}

/// Runs a player that prints `AT SECONDS FRAMES` lines; it has to get to `end` and to have decoded.
fn watched(
    player: &'static str,
    command: &mut Command,
    (start, end): (u32, u32),
    limit: Duration,
) -> Result<Proof, String> {
    let said = finish(command, limit)?.text();
    let last = said.lines().rev().find_map(|line| {
        let mut words = line.strip_prefix("AT ")?.split(' ');
        Some((words.next()?.parse::<f64>().ok()?, words.next()?.parse::<u64>().ok()?))
    });
    let (seconds, frames) = last.ok_or_else(|| format!("{player} told no place: {said:?}"))?;
    // It may stop of itself a moment before a film's end.
    let end = f64::from(end) - 1.0;
    if seconds < end || frames == 0 {
        let last = said.lines().next_back().unwrap_or_default();
        return Err(format!(
            "{player} from {start} s stood at {seconds} s, {frames} frames: {last}"
        ));
    }
    Ok(Proof { player, seconds, frames: Some(frames), seekable: None })
}

/// GStreamer's player in real time, its sinks showing nothing.
pub fn gst(url: &str, start: u32, end: u32, limit: Duration) -> Result<Proof, String> {
    let uri = if url.contains("://") { url.to_owned() } else { format!("file://{url}") };
    let mut command = Command::new("gst-play-1.0");
    command.args(["--no-interactive", &format!("--start-position={start}")]);
    command.args(["--videosink=fakesink sync=true", "--audiosink=fakesink sync=true", &uri]);
    let said = finish(&mut command, limit)?.text();
    // "0:00:40.1 / 0:01:00.0", each over the one before.
    let places = said.split(['\r', '\n']).filter_map(|line| line.trim().split_once(" / "));
    let places: Vec<f64> = places.filter_map(|(at, _)| super::player::clock(at)).collect();
    let seconds = *places.last().ok_or_else(|| format!("gst-play told no place: {said:?}"))?;
    // Who plays all of it gets there too.
    let before = 3.0..f64::from(start) - 3.0;
    let sought = !places.iter().any(|at| before.contains(at));
    if said.contains("ERROR") || !sought || seconds < f64::from(end) - 1.0 {
        return Err(format!("gst-play from {start} s stood at {seconds} s: {said:?}"));
    }
    Ok(Proof { player: "gst-play", seconds, frames: None, seekable: None })
}
