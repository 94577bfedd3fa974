//! Every player on every container from every source: an index that stands at the end, and a seek.
//! One line a cell. What went over the wire is compared with the source, byte for byte.

use std::path::Path;
use std::thread;
use std::time::Instant;

use super::{Evening, LIMIT, MKV, MP4, mkv, mp4, seeder, torrent_of};
use crate::support::player::{self, Proof};
use crate::support::server::Server;
use crate::support::shop::Shop;
use crate::support::tap::Tap;
use crate::support::world::{ID, World};
use crate::support::{has, skip, until, watcher};

/// Slow enough that nobody can have had the whole film when it has shown what it was to show.
const SLOW: u32 = 600_000;

/// A player: its name, what it needs, and how it is told to play.
struct Player {
    name: &'static str,
    lacks: fn() -> Option<&'static str>,
    watch: fn(&str) -> Result<Proof, String>,
}

const PLAYERS: [Player; 5] = [
    Player { name: "ffmpeg", lacks: ffmpeg_lacks, watch: super::ffmpeg },
    Player { name: "mpv", lacks: mpv_lacks, watch: super::mpv },
    Player { name: "VLC", lacks: watcher::vlc_lacks, watch: vlc },
    Player { name: "GStreamer", lacks: gst_lacks, watch: gst },
    Player { name: "Chromium", lacks: watcher::chromium_lacks, watch: chromium },
];

fn ffmpeg_lacks() -> Option<&'static str> {
    (!has("ffmpeg")).then_some("needs ffmpeg")
}

fn mpv_lacks() -> Option<&'static str> {
    (!has("mpv")).then_some("needs mpv")
}

fn gst_lacks() -> Option<&'static str> {
    let there = has("gst-play-1.0") && has("gst-discoverer-1.0");
    (!there).then_some("needs GStreamer's tools")
}

fn vlc(url: &str) -> Result<Proof, String> {
    watcher::vlc(url, 40, 43, LIMIT)
}

/// It plays to the end, so it is sent there.
fn gst(url: &str) -> Result<Proof, String> {
    super::gst(url)?;
    watcher::gst(url, 55, 60, LIMIT)
}

fn chromium(url: &str) -> Result<Proof, String> {
    watcher::chromium(url, 40, 43, LIMIT)
}

/// Where a film can be had.
trait Place {
    fn server(&self) -> &Server;
    fn url(&self) -> &str;
    fn film(&self) -> &[u8];
    /// What is to be true when a player has played, and a word on it.
    fn afterwards(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

/// Plays one cell; its line, or what went wrong.
fn cell(place: &dyn Place, player: &Player, what: &str) -> Result<String, String> {
    let (tap, began) = (Tap::before(place.url(), place.film()), Instant::now());
    let played = (player.watch)(&tap.url(place.url()));
    let name = player.name;
    let fault = |fault: String| {
        let log = place.server().log();
        let last: Vec<&str> = log.lines().rev().take(30).collect();
        format!("{what}, {name}: {fault}\n{}\n{}", tap.describe(), last.join("\n"))
    };
    let proof = played.map_err(fault)?;
    tap.is_sound();
    let exchanges = tap.exchanges();
    if name == "VLC" {
        // Its later requests are all for the very bytes that it has begun with.
        let bound = exchanges.iter().filter(|one| one.header("if-match").is_some()).count();
        if bound == 0 || bound + 1 < exchanges.len() {
            return Err(fault(format!("{bound} of {} requests with If-Match", exchanges.len())));
        }
    }
    let more = place.afterwards().map_err(fault)?;
    Ok(format!(
        "{what:<22} {name:<10} to {:>4.1} s of the film, {} requests, {:>4.1} MB passed, {:.1} s{more}",
        proof.seconds,
        exchanges.len(),
        mb(tap.bytes()),
        began.elapsed().as_secs_f32()
    ))
}

fn mb(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}

/// Both containers beside each other; of each, the players one after the other.
type Column = fn(&Path, &str, &mut dyn FnMut(&dyn Place, &Player));

fn table(source: &str, column: Column) {
    let play = |container: &str, path: &Path, name: &str| {
        let mut faults = Vec::new();
        column(path, name, &mut |place, player| {
            if let Some(lacks) = (player.lacks)() {
                return skip(lacks);
            }
            match cell(place, player, &format!("{container} from {source}")) {
                Ok(line) => println!("{line}"),
                Err(fault) => faults.push(fault),
            }
        });
        faults
    };
    if !has("ffmpeg") {
        return skip("needs ffmpeg");
    }
    let faults = thread::scope(|scope| {
        let one = scope.spawn(|| play("MP4", &mp4(), MP4));
        let mut faults = play("MKV", &mkv(), MKV);
        faults.extend(one.join().unwrap());
        faults
    });
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

impl Place for Evening {
    fn server(&self) -> &Server {
        &self.server
    }
    fn url(&self) -> &str {
        Evening::url(self)
    }
    fn film(&self) -> &[u8] {
        Evening::film(self)
    }
    fn afterwards(&self) -> Result<String, String> {
        let (here, all) = (self.bytes_here(), self.film().len() as u64);
        let word = format!(", {:.1} of {:.1} MB here", mb(here), mb(all));
        if here < all { Ok(word) } else { Err(format!("it waited for the whole film{word}")) }
    }
}

#[test]
fn from_peers_while_the_film_is_coming() {
    table("peers", |path, name, play| {
        // Each on a torrent of its own: none lives on the pieces that another has fetched.
        for player in &PLAYERS {
            match super::evening_at(path, name, seeder::libtorrent, SLOW) {
                Some(evening) => play(&evening, player),
                None => skip("needs Python's libtorrent"),
            }
        }
    });
}

pub(super) struct Finished {
    pub(super) server: Server,
    pub(super) url: String,
    pub(super) film: Vec<u8>,
    _world: World,
}

impl Place for Finished {
    fn server(&self) -> &Server {
        &self.server
    }
    fn url(&self) -> &str {
        &self.url
    }
    fn film(&self) -> &[u8] {
        &self.film
    }
}

#[test]
fn from_the_disk_when_the_film_is_whole() {
    table("the disk", |path, name, play| {
        let torrent = torrent_of(path, name);
        let Some(peer) = seeder::libtorrent(&torrent, 0) else {
            return skip("needs Python's libtorrent");
        };
        let world = World::of("The Long Evening");
        world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
        let server = world.serve();
        let url = server.play(ID)["url"].as_str().unwrap().to_owned();
        player::curl(&url, None, LIMIT).unwrap();
        until("the film to be finished", LIMIT, || {
            server.ask("HEAD", super::path_of(&url)).send();
            server.log().contains("the whole file is on the disk").then_some(())
        });
        drop(peer);
        let film = torrent.files[0].1.clone();
        let place = Finished { server, url, film, _world: world };
        for player in &PLAYERS {
            play(&place, player);
        }
    });
}

pub(super) struct Bought {
    pub(super) finished: Finished,
    pub(super) shop: Shop,
}

impl Place for Bought {
    fn server(&self) -> &Server {
        &self.finished.server
    }
    fn url(&self) -> &str {
        &self.finished.url
    }
    fn film(&self) -> &[u8] {
        &self.finished.film
    }
    fn afterwards(&self) -> Result<String, String> {
        let library = self.finished.server.data.join("library");
        let kept = std::fs::read_dir(library).into_iter().flatten().count();
        if kept == 0 { Ok(String::new()) } else { Err(format!("{kept} things were kept unasked")) }
    }
}

#[test]
fn from_a_store_by_its_link() {
    table("a store", |path, name, play| {
        let torrent = torrent_of(path, name);
        let place = bought(&torrent, 4 << 20);
        for player in &PLAYERS {
            play(&place, player);
        }
    });
}

/// A film that a store has; nobody else.
pub(super) fn bought(torrent: &super::Torrent, rate: usize) -> Bought {
    let (world, shop) = (World::of("The Long Evening"), Shop::of(&[torrent], rate));
    world.list(&[torrent]);
    let server = Server::serve(&shop.configuration(&world, "[swarm]\nenabled = false\n"));
    let play = server.play(ID);
    assert_eq!(play["via"], "debrid", "{play}");
    let url = play["url"].as_str().unwrap().to_owned();
    let film = torrent.files[0].1.clone();
    Bought { finished: Finished { server, url, film, _world: world }, shop }
}
