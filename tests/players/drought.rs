//! Eighty seconds without a byte from the source, and no player leaves: the drip keeps each on the
//! connection that it has. All players at once, so that it takes the eighty seconds once.

use std::thread::{self, park_timeout};
use std::time::{Duration, Instant};

use super::{MKV, MP4, evening_at, matrix, mkv, mp4, seeder, torrent_of};
use crate::support::player::{self, Proof};
use crate::support::tap::Tap;
use crate::support::warehouse::Mood;
use crate::support::{has, skip, until, watcher};

/// As long as droughts last that were seen to end well.
const DROUGHT: Duration = Duration::from_secs(80);
/// The film's minute, the drought, and what a busy machine needs.
const LIMIT: Duration = Duration::from_secs(220);
/// By when the film flows again: lost peers are called every 20 s, and one takes up to 10 s to be
/// found dead.
const AFTERWARDS: Duration = Duration::from_secs(45);
/// Somewhat faster than the film is played: to a sixth of it within some seven seconds, and not to
/// three quarters before the last of the players has begun.
const RATE: u32 = 600_000;
/// So much has gone by to each player when the source falls silent.
const BEFORE: u64 = 4 << 20;

struct Player {
    name: &'static str,
    lacks: Option<&'static str>,
    watch: fn(&str) -> Result<Proof, String>,
}

/// Each plays the film from its beginning to its end.
fn all() -> Vec<Player> {
    let needs = |program: &str, word: &'static str| (!has(program)).then_some(word);
    vec![
        Player {
            name: "ffmpeg",
            lacks: needs("ffmpeg", "needs ffmpeg"),
            watch: |url| player::ffmpeg(url, 0, 60, LIMIT),
        },
        Player {
            name: "mpv",
            lacks: needs("mpv", "needs mpv"),
            watch: |url| player::mpv(url, 0, 60, LIMIT),
        },
        Player {
            name: "GStreamer",
            lacks: needs("gst-play-1.0", "needs GStreamer's tools"),
            watch: |url| watcher::gst(url, 0, 60, LIMIT),
        },
        Player {
            name: "VLC",
            lacks: watcher::vlc_lacks(),
            watch: |url| watcher::vlc(url, 0, 60, LIMIT),
        },
        Player {
            name: "Chromium",
            lacks: watcher::chromium_lacks(),
            watch: |url| watcher::chromium(url, 0, 60, LIMIT),
        },
    ]
}

/// Lets all of them watch; when each has had enough to have begun, `falls_silent`, and after eighty
/// seconds `goes_on`.
fn sit_through(
    what: &str,
    (url, film): (&str, &[u8]),
    falls_silent: impl FnOnce(),
    goes_on: impl FnOnce(),
) {
    let mut watching = Vec::new();
    for player in all() {
        if let Some(lacks) = player.lacks {
            skip(lacks);
            continue;
        }
        let tap = Tap::before(url, film);
        let (url, watch) = (tap.url(url), player.watch);
        watching.push((player.name, tap, thread::spawn(move || watch(&url))));
    }
    until("all players to have begun", Duration::from_secs(60), || {
        watching.iter().all(|(_, tap, _)| tap.bytes() >= BEFORE).then_some(())
    });
    falls_silent();
    let began = Instant::now();
    for (name, tap, _) in &watching {
        assert!(tap.bytes() < film.len() as u64 * 3 / 4, "{name} has nearly all of it already");
    }
    while began.elapsed() < DROUGHT {
        park_timeout(Duration::from_millis(200));
        for (name, _, watch) in &watching {
            assert!(!watch.is_finished(), "{name} left after {:?}", began.elapsed());
        }
    }
    goes_on();
    let over = Instant::now();
    let had: Vec<u64> = watching.iter().map(|(_, tap, _)| tap.bytes()).collect();
    until("all players to be given bytes again", AFTERWARDS, || {
        let mut flows = watching.iter().zip(&had);
        flows.all(|((_, tap, _), had)| tap.bytes() > had + (256 << 10)).then_some(())
    });
    println!("{what}: the film goes on {:.1} s after the drought", over.elapsed().as_secs_f32());
    let mut faults = Vec::new();
    for (name, tap, watch) in watching {
        let played = watch.join().unwrap();
        // In the drought itself nobody asked again.
        let again = |at: Instant| at > began && at < over;
        let asked = tap.exchanges().iter().filter(|one| again(one.began)).count();
        match played {
            Ok(proof) if asked == 0 && proof.seconds > 58.0 => {
                println!("{what}: {name} played to {:.1} s, {:?}", proof.seconds, proof.frames);
                tap.is_sound();
            }
            other => faults.push(format!(
                "{what}, {name}: asked {asked} times in the drought; {other:?}\n{}",
                tap.describe()
            )),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn of_peers_is_sat_through_by_every_player_on_one_connection() {
    let Some(evening) = evening_at(&mkv(), MKV, seeder::libtorrent, RATE) else {
        return skip("needs Python's libtorrent");
    };
    let peer = &evening.peer;
    sit_through(
        "peers",
        (evening.url(), evening.film()),
        || peer.falls_silent(true),
        || peer.falls_silent(false),
    );
}

#[test]
fn of_a_store_is_sat_through_by_every_player_on_one_connection() {
    let torrent = torrent_of(&mp4(), MP4);
    let bought = matrix::bought(&torrent, RATE as usize);
    let warehouse = &bought.shop.warehouses[0];
    sit_through(
        "a store",
        (&bought.finished.url, &torrent.files[0].1),
        || {
            warehouse.is(Mood::Silent);
        },
        || {
            warehouse.is(Mood::Sound);
        },
    );
}
