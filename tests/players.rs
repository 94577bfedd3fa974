//! Real players on the real program, while other people's software seeds the film at 2 MB/s: each
//! must decode frames past a seek, or read the right bytes, before the download has ended.

mod browser;
mod closing;
mod containers;
mod drought;
mod matrix;
mod storm;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::player::{self, Proof, sha256};
use crate::support::seeder::{self, Peer, Torrent};
use crate::support::server::Server;
use crate::support::world::{ID, World};
use crate::support::{film, has, skip, until};

/// As the issue has it: a line of 2 MB/s.
const RATE: u32 = 2_000_000;
/// A player may need a third of the file; at the line's rate that takes its time on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);
/// Seconds of film, and its rate: some 26 MB, thirteen seconds of the line.
const SECONDS: u32 = 60;
const KBIT_S: u32 = 3500;

/// A film as a single-file torrent.
fn torrent_of(path: &Path, name: &str) -> Torrent {
    Torrent::new(name, vec![(name.to_owned(), std::fs::read(path).unwrap())], 256 << 10)
}

struct Evening {
    torrent: Torrent,
    server: Server,
    play: Value,
    peer: Peer,
    _world: World,
}

impl Evening {
    fn url(&self) -> &str {
        self.play["url"].as_str().unwrap()
    }

    fn film(&self) -> &[u8] {
        &self.torrent.files[0].1
    }

    /// Bytes of the film that are on the disk by now.
    fn bytes_here(&self) -> u64 {
        use std::os::unix::fs::MetadataExt as _;
        let folder = self.server.data.join("library").join(self.torrent.info_hash.to_string());
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| file.metadata().unwrap().blocks() * 512).sum()
    }

    /// These bytes of the answer are those of the source.
    fn same_bytes(&self, range: std::ops::Range<usize>) {
        let header = format!("{}-{}", range.start, range.end - 1);
        let answer = player::curl(self.url(), Some(&header), LIMIT).unwrap();
        assert_eq!(answer.sha256(), sha256(&self.film()[range.clone()]), "{header}");
    }
}

fn evening(path: &Path, name: &str, seeder: fn(&Torrent, u32) -> Option<Peer>) -> Option<Evening> {
    evening_at(path, name, seeder, RATE)
}

/// The same on another line.
fn evening_at(
    path: &Path,
    name: &str,
    seeder: fn(&Torrent, u32) -> Option<Peer>,
    rate: u32,
) -> Option<Evening> {
    let torrent = torrent_of(path, name);
    let peer = seeder(&torrent, rate)?;
    let world = World::of("The Long Evening");
    world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
    let server = world.serve();
    let play = server.play(ID);
    assert_eq!(play["via"], "swarm", "{play}");
    Some(Evening { torrent, server, play, peer, _world: world })
}

fn missing() -> Option<&'static str> {
    player::PROGRAMS.into_iter().find(|program| !has(program))
}

/// Each player on a torrent of its own: none lives on the pieces that another has fetched.
fn plays(path: &Path, name: &str, watch: fn(&str) -> Result<Proof, String>) {
    if let Some(program) = missing() {
        return skip(&format!("needs {program}"));
    }
    let Some(evening) = evening(path, name, seeder::libtorrent) else {
        return skip("needs Python's libtorrent");
    };
    let proof =
        watch(evening.url()).unwrap_or_else(|fault| panic!("{fault}\n{}", evening.server.log()));
    let film = evening.film().len() as u64;
    let here = evening.bytes_here();
    println!("{proof:?}, {here} of {film} bytes here");
    assert!(here < film, "{} waited for the whole film", proof.player);
    // What it was given is what the source has, at the start, in the middle and at the end.
    let length = evening.film().len();
    evening.same_bytes(0..100_000);
    evening.same_bytes(length / 2..length / 2 + 100_000);
    evening.same_bytes(length - 100_000..length);
}

fn mp4() -> std::path::PathBuf {
    film::mp4_tail(&film::shelf(), SECONDS, KBIT_S)
}

fn mkv() -> std::path::PathBuf {
    film::mkv(&film::shelf(), SECONDS, KBIT_S)
}

const MP4: &str = "The.Long.Evening.2008.1080p.WEB-DL.x264-HOUSE.mp4";
const MKV: &str = "The.Long.Evening.2008.1080p.WEB-DL.x264-HOUSE.mkv";

fn ffprobe(url: &str) -> Result<Proof, String> {
    let proof = player::ffprobe(url, LIMIT)?;
    let whole = (proof.seconds - f64::from(SECONDS)).abs() < 2.0;
    if whole { Ok(proof) } else { Err(format!("not the whole film: {proof:?}")) }
}

fn past_40(proof: Proof) -> Result<Proof, String> {
    if proof.seconds > 40.5 { Ok(proof) } else { Err(format!("did not pass the seek: {proof:?}")) }
}

fn ffmpeg(url: &str) -> Result<Proof, String> {
    past_40(player::ffmpeg(url, 40, 2, LIMIT)?)
}

fn mpv(url: &str) -> Result<Proof, String> {
    past_40(player::mpv(url, 40, 2, LIMIT)?)
}

fn gst(url: &str) -> Result<Proof, String> {
    let proof = player::gst_discoverer(url, LIMIT)?;
    match proof.seekable {
        Some(true) => Ok(proof),
        _ => Err(format!("not seekable: {proof:?}")),
    }
}

#[test]
fn ffprobe_reads_an_mp4_whose_index_is_at_its_end() {
    plays(&mp4(), MP4, ffprobe);
}

#[test]
fn ffprobe_reads_an_mkv() {
    plays(&mkv(), MKV, ffprobe);
}

#[test]
fn a_seek_to_nine_tenths_needs_only_the_pieces_there() {
    for (seed, program) in [
        (seeder::libtorrent as fn(&Torrent, u32) -> Option<Peer>, "Python's libtorrent"),
        (seeder::transmission, "transmission-daemon"),
        (seeder::aria2, "aria2c"),
    ] {
        let Some(evening) = evening(&mkv(), MKV, seed) else {
            skip(&format!("needs {program}"));
            continue;
        };
        let film = evening.film().len();
        evening.same_bytes(film / 10 * 9..film / 10 * 9 + 300_000);
        let here = evening.bytes_here();
        assert!(here < film as u64, "{program}: {here} of {film} bytes were fetched for a seek");
    }
}

#[test]
fn the_whole_film_arrives_and_is_then_served_without_its_peer_and_after_a_restart() {
    let torrent = torrent_of(&mkv(), MKV);
    let Some(peer) = seeder::libtorrent(&torrent, 0) else {
        return skip("needs Python's libtorrent");
    };
    let world = World::of("The Long Evening");
    world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let allowed = world.configuration("[swarm]\nenabled = true\ndht = false\n");
    let server = Server::serve_on(&data, &allowed, None);
    let url = server.play(ID)["url"].as_str().unwrap().to_owned();
    let path = path_of(&url);
    let film = &torrent.files[0].1;
    let whole = player::curl(&url, None, LIMIT).unwrap();
    assert_eq!(whole.sha256(), sha256(film));
    // Once the last piece is hashed and synced, the film is served from the disk.
    let tag = until("the film to be finished", LIMIT, || {
        let answer = server.ask("HEAD", path).send();
        let tag = answer.header("etag").unwrap().to_owned();
        server.log().contains("the whole file is on the disk").then_some(tag)
    });
    // The names on the disk are ours.
    let library = data.join("library").join(torrent.info_hash.to_string());
    let names: Vec<_> =
        std::fs::read_dir(library).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["0.mkv"]);
    drop(peer);
    assert_eq!(server.stop(), 0);
    // No peer, no index and no consent: it lies on the disk, and the old link still leads there.
    let server = Server::serve_on(&data, "[swarm]\nenabled = false\n", None);
    let asked = server.ask("GET", path).with("If-Match", &tag).with("Range", "bytes=1000-1999");
    let answer = asked.send();
    assert_eq!(answer.status, 206, "{}", answer.text());
    assert_eq!(answer.body, film[1000..2000]);
}

#[test]
fn a_finished_film_that_was_deleted_is_never_served_as_zeros() {
    let torrent = torrent_of(&mkv(), MKV);
    let Some(peer) = seeder::libtorrent(&torrent, 0) else {
        return skip("needs Python's libtorrent");
    };
    let world = World::of("The Long Evening");
    world.list(&[&torrent]).seeded_at(&torrent, peer.addr);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let allowed =
        world.configuration("[swarm]\nenabled = true\ndht = false\ndownload_limit = 2000000\n");
    let server = Server::serve_on(&data, &allowed.replace("2000000", "0"), None);
    let url = server.play(ID)["url"].as_str().unwrap().to_owned();
    let path = path_of(&url).to_owned();
    player::curl(&url, None, LIMIT).unwrap();
    until("the film to be finished", LIMIT, || {
        server.ask("HEAD", &path).send();
        server.log().contains("the whole file is on the disk").then_some(())
    });
    // Chosen again, it plays from the disk: nobody is asked.
    assert_eq!(server.play(ID)["via"], "disk");
    assert_eq!(server.stop(), 0);
    std::fs::remove_dir_all(data.join("library")).unwrap();
    // From peers again, slowly: the engine makes a file of the full length, with holes.
    let server = Server::serve_on(&data, &allowed, None);
    assert_eq!(server.play(ID)["via"], "swarm");
    let first = server.ask("GET", &path).with("Range", "bytes=0-999").send();
    assert_eq!(first.body, torrent.files[0].1[..1000]);
    drop(server); // SIGKILL
    let server = Server::serve_on(&data, "[swarm]\nenabled = false\n", None);
    let middle = server.ask("GET", &path).with("Range", "bytes=13000000-13000999").send();
    assert_eq!(middle.status, 502, "{} bytes", middle.body.len());
}

fn path_of(url: &str) -> &str {
    &url[url.find("/v/").unwrap()..]
}

#[test]
fn when_a_reader_goes_away_its_stream_ends() {
    let Some(evening) = evening(&mkv(), MKV, seeder::libtorrent) else {
        return skip("needs Python's libtorrent");
    };
    // More readers than may ever be let in at once give up; who comes after them gets its bytes.
    for start in 0..80 {
        let range = format!("bytes={}-", start * 300_000);
        leave_at_once(&evening, &range);
    }
    let film = evening.film().len();
    until("bytes after a storm of aborts", LIMIT, || {
        let answer = evening.server.ask("GET", path_of(evening.url()));
        let last = format!("bytes={}-{}", film - 1000, film - 1);
        let answer = answer.with("Range", &last).try_send().ok()?;
        (answer.body == evening.film()[film - 1000..]).then_some(())
    });
}

/// Asks, and closes the connection as soon as an answer has begun.
fn leave_at_once(evening: &Evening, range: &str) {
    use std::io::{Read as _, Write as _};
    let address = evening.server.base.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let path = path_of(evening.url());
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nRange: {range}\r\n\r\n").unwrap();
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 206", "{range}");
}
