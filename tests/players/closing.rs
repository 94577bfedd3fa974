//! Connections that end in the middle of a body: the source's, which no player notices, and the
//! player's own, which each takes up again at the same byte.

use std::process::Command;
use std::thread;
use std::time::Duration;

use super::{LIMIT, MKV, matrix, mkv, torrent_of};
use crate::support::player::{self, Proof};
use crate::support::process::finish;
use crate::support::tap::Tap;
use crate::support::warehouse::Mood;
use crate::support::{has, skip, until, watcher};

/// Seconds of the film that are watched.
const WATCHED: u32 = 20;

type Watch = fn(&str) -> Result<Proof, String>;

/// Who is there of them.
fn players(ffmpeg: Watch) -> Vec<(&'static str, Watch)> {
    let needs = |program: &str, word: &'static str| (!has(program)).then_some(word);
    let all: [(&str, Option<&'static str>, Watch); 5] = [
        ("ffmpeg", needs("ffmpeg", "needs ffmpeg"), ffmpeg),
        ("mpv", needs("mpv", "needs mpv"), |url| player::mpv(url, 0, WATCHED, LIMIT)),
        ("GStreamer", needs("gst-launch-1.0", "needs GStreamer's tools"), |url| {
            player::gst_play(url, LIMIT)
        }),
        ("VLC", watcher::vlc_lacks(), |url| watcher::vlc(url, 0, WATCHED, LIMIT)),
        ("Chromium", watcher::chromium_lacks(), |url| watcher::chromium(url, 0, WATCHED, LIMIT)),
    ];
    let there = all.into_iter().filter(|(_, lacks, _)| {
        lacks.is_none_or(|lacks| {
            skip(lacks);
            false
        })
    });
    there.map(|(name, _, watch)| (name, watch)).collect()
}

#[test]
fn a_source_that_hangs_up_in_the_middle_is_noticed_by_no_player() {
    if !has("ffmpeg") {
        return skip("needs ffmpeg");
    }
    let torrent = torrent_of(&mkv(), MKV);
    let bought = matrix::bought(&torrent, 1_000_000);
    let (url, film) = (&bought.finished.url, &torrent.files[0].1);
    let watching: Vec<_> = players(|url| player::ffmpeg(url, 0, WATCHED, LIMIT))
        .into_iter()
        .map(|(name, watch)| {
            let tap = Tap::before(url, film);
            let through = tap.url(url);
            (name, tap, thread::spawn(move || watch(&through)))
        })
        .collect();
    for mib in [2, 4, 6] {
        until(&format!("{mib} MiB"), LIMIT, || {
            let has = |tap: &Tap| tap.bytes() >= mib << 20;
            watching.iter().all(|(_, tap, watch)| has(tap) || watch.is_finished()).then_some(())
        });
        let cut = bought.shop.warehouses[0].is(Mood::HangsUp);
        bought.shop.warehouses[0].is(Mood::Sound);
        assert!(cut > 0, "nothing was being read at {mib} MiB");
        println!("at {mib} MiB it hung up on {cut}");
    }
    for (name, tap, watch) in watching {
        let played = watch.join().unwrap();
        let proof = played.unwrap_or_else(|fault| panic!("{name}: {fault}\n{}", tap.describe()));
        assert!(name == "GStreamer" || proof.seconds > f64::from(WATCHED) - 1.5, "{proof:?}");
        println!("{name}: {} requests, none broke off", tap.exchanges().len());
        // No body broke off: what the source did was not seen.
        tap.is_sound();
    }
}

/// ffmpeg gives up unless it is told not to.
fn ffmpeg_that_reconnects(url: &str) -> Result<Proof, String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-nostats", "-v", "error", "-progress", "pipe:1"]);
    command.args(["-reconnect", "1", "-i", url, "-f", "null", "-"]);
    let said = finish(&mut command, LIMIT)?.text();
    let at = said.lines().rev().find_map(|line| line.strip_prefix("out_time_us="));
    let micros: f64 = at.and_then(|at| at.trim().parse().ok()).unwrap_or(0.0);
    Ok(Proof { player: "ffmpeg", seconds: micros / 1e6, frames: None, seekable: None })
}

#[test]
fn a_player_whose_line_is_cut_reads_on_at_the_same_byte() {
    if !has("ffmpeg") {
        return skip("needs ffmpeg");
    }
    let torrent = torrent_of(&mkv(), MKV);
    let bought = matrix::bought(&torrent, 3_000_000);
    let (url, film) = (&bought.finished.url, &torrent.files[0].1);
    for (name, watch) in players(ffmpeg_that_reconnects) {
        // The first megabytes are what every player has in one body.
        let tap = Tap::cutting(url, film, &[3 << 20]);
        let proof = watch(&tap.url(url));
        let proof = proof.unwrap_or_else(|fault| panic!("{name}: {fault}\n{}", tap.describe()));
        tap.is_sound();
        let exchanges = tap.exchanges();
        let cut = exchanges.iter().position(|one| one.bytes >= 3 << 20).expect("a cut");
        let next = exchanges[cut + 1..].iter().find(|one| one.first > 0);
        let next = next.unwrap_or_else(|| panic!("{name} never asked again: {}", tap.describe()));
        assert_eq!(next.status, 206, "{next:?}");
        // What it had received it does not ask for again, but for what lay in the sockets.
        let end = exchanges[cut].first + exchanges[cut].bytes;
        assert!(next.first + (4 << 20) >= end && next.first <= end, "{}", tap.describe());
        assert!(name == "GStreamer" || proof.seconds > f64::from(WATCHED) - 1.5, "{proof:?}");
        println!("{name}: cut at byte {end}, asked again from {}", next.first);
    }
    // Their readers have ended: nothing of it lasts.
    until("no reader", Duration::from_secs(20), || {
        let status = bought.finished.server.get("/api/status").json();
        (status["readers"] == 0 && status["streams"] == 0).then_some(())
    });
}
