//! The swarm path against other people's software: descriptions from magnets, bytes before the whole
//! is here, seeking, names on disk, and what happens when something is missing.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use credenza::fetch::AddressPolicy;
use credenza::representation::Representation;
use credenza::swarm::{Content, Error, Options, Seeder, State, Swarm, SwarmFile};
use credenza::torrent::Magnet;
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::support::seeder::{Peer, Torrent, aria2, libtorrent, python, transmission};
use crate::support::skip;
use crate::support::tracker::Tracker;

const MIB: usize = 1 << 20;
/// What a household's line may give: 1.5 MB/s.
const RATE: u32 = 1_500_000;
const NO_PYTHON: &str = "needs Python with libtorrent (tests/run makes it)";

pub fn options(library: &Path, tracker: &Tracker) -> Options {
    Options {
        policy: AddressPolicy { allow_private: vec![tracker.addr()] },
        metadata_timeout: Duration::from_secs(20),
        patience: Duration::from_secs(20),
        ..Options::new(library.to_owned())
    }
}

pub fn swarm(options: Options) -> Swarm {
    let swarm = Swarm::new(options, TaskTracker::new());
    swarm.allow(true);
    swarm
}

/// All bytes of a range, or the error that ended it.
pub async fn read(file: &SwarmFile, range: Range<usize>) -> io::Result<Vec<u8>> {
    let mut stream = file.read(range.start as u64..range.end as u64);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

async fn same(file: &SwarmFile, source: &[u8], range: Range<usize>) {
    let got = timeout(Duration::from_secs(60), read(file, range.clone())).await;
    let got = got.unwrap_or_else(|_| panic!("{range:?} did not come")).unwrap();
    assert_eq!(Sha256::digest(&got), Sha256::digest(&source[range.clone()]), "{range:?}");
}

/// Polls on the runtime, at most `limit`.
pub async fn until(what: &str, limit: Duration, mut probe: impl FnMut() -> bool) {
    let wait = async {
        while !probe() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(limit, wait).await.is_ok(), "waited {limit:?} in vain for {what}");
}

/// Every file below `folder`, by its path in it.
pub fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(
                    entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned(),
                );
            }
        }
    }
    found.sort();
    found
}

/// Plays a film of 48 MiB from a seeder of 1.5 MB/s as a television does.
async fn plays_before_it_is_here(seeder: impl Fn(&Torrent, u32) -> Option<Peer>, without: &str) {
    // No colon: Transmission looks for such a file under another name, and has nothing to give.
    let torrent = Torrent::single("A film, the \u{e9}dition.mkv", 48 * MIB, 256 << 10);
    let tracker = Tracker::start();
    let Some(peer) = seeder(&torrent, RATE) else { return skip(without) };
    tracker.add(torrent.info_hash, peer.addr);
    let library = tempfile::tempdir().unwrap();
    let swarm = swarm(options(library.path(), &tracker));
    let magnet = torrent.magnet(&tracker);

    let metainfo = swarm.resolve(&magnet).await.unwrap();
    assert_eq!(metainfo.files[0].name, torrent.name);
    let source = &torrent.files[0].1;
    let length = source.len();
    let file = swarm.open(&magnet, 0).await.unwrap();
    assert_eq!((file.len(), file.media_type()), (length as u64, "video/x-matroska"));
    assert!(file.may_stall());

    let have = || swarm.status(&torrent.info_hash).unwrap().bytes_have;
    same(&file, source, 0..MIB).await;
    same(&file, source, length - MIB..length).await;
    assert!(have() < length as u64 / 2, "head and tail come first: {}", have());
    // A viewer jumps.
    same(&file, source, length * 9 / 10..length * 9 / 10 + MIB).await;
    same(&file, source, length * 6 / 10..length * 6 / 10 + MIB).await;
    assert!(have() < length as u64 * 3 / 4, "nothing but what is needed: {}", have());
    let name = format!("{}/0.mkv", torrent.info_hash);
    assert_eq!(names(library.path()), [name.as_str()], "only our names on the disk");
    let kept = std::fs::read(library.path().join(name)).unwrap();
    let middle = length * 45 / 100..length * 50 / 100;
    assert!(kept[middle].iter().all(|byte| *byte == 0), "the middle is not there yet");
    assert!(!file.is_complete());
    swarm.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_of_libtorrent_plays_before_it_is_here() {
    plays_before_it_is_here(libtorrent, NO_PYTHON).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_of_aria2_plays_before_it_is_here() {
    plays_before_it_is_here(aria2, "needs aria2c").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_of_transmission_plays_before_it_is_here() {
    plays_before_it_is_here(transmission, "needs transmission-daemon").await;
}

/// A torrent that our own seeder gives away, a tracker that names it, and a swarm.
struct Household {
    tracker: Tracker,
    seeder: Seeder,
    library: tempfile::TempDir,
    _folder: tempfile::TempDir,
}

impl Household {
    async fn new(torrents: &[&Torrent]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let content =
            |torrent: &&Torrent| -> Content { (torrent.bytes.clone(), torrent.files.clone()) };
        let content = torrents.iter().map(content).collect();
        let listen = "127.0.0.1:0".parse().unwrap();
        let seeder = Seeder::start(content, folder.path(), listen).await.unwrap();
        let tracker = Tracker::start();
        for torrent in torrents {
            tracker.add(torrent.info_hash, ([127, 0, 0, 1], seeder.port()).into());
        }
        let library = tempfile::tempdir().unwrap();
        Self { tracker, seeder, library, _folder: folder }
    }

    fn options(&self) -> Options {
        options(self.library.path(), &self.tracker)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_file_is_read_from_the_disk_without_the_engine() {
    let torrent = Torrent::single("film.mp4", 6 * MIB + 17, 64 << 10);
    let home = Household::new(&[&torrent]).await;
    let swarm = swarm(home.options());
    let file = swarm.open(&torrent.magnet(&home.tracker), 0).await.unwrap();
    until("the whole file", Duration::from_secs(30), || file.is_complete()).await;
    assert_eq!(swarm.status(&torrent.info_hash).unwrap().state, State::Complete);
    swarm.stop().await;
    same(&file, &torrent.files[0].1, 0..torrent.files[0].1.len()).await;
    same(&file, &torrent.files[0].1, 5..6).await;
    assert!(!file.may_stall());
    let kept = std::fs::read(file.complete_path().unwrap()).unwrap();
    assert!(kept == torrent.files[0].1);
    home.seeder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_believes_only_what_it_has_hashed_and_asks_nobody() {
    let films: Vec<_> = (1..=3)
        .map(|episode| {
            (format!("S01/E0{episode}.mkv"), crate::support::seeder::random(MIB + episode))
        })
        .collect();
    let torrent = Torrent::new("Pack", films, 64 << 10);
    let home = Household::new(&[&torrent]).await;
    let magnet = torrent.magnet(&home.tracker);
    let first = swarm(home.options());
    let second = first.open(&magnet, 1).await.unwrap();
    same(&second, &torrent.files[1].1, 0..MIB).await;
    // A second file of a torrent that is open already.
    let third = first.open(&magnet, 2).await.unwrap();
    same(&third, &torrent.files[2].1, 0..MIB).await;
    until("two episodes", Duration::from_secs(30), || second.is_complete() && third.is_complete())
        .await;
    let status = first.status(&torrent.info_hash).unwrap();
    assert_eq!(status.state, State::Complete, "only two of three were wanted: {status:?}");
    first.stop().await;
    home.seeder.stop().await;

    // One byte rots on the disk.
    let path = third.complete_path().unwrap().to_owned();
    let mut rotten = std::fs::read(&path).unwrap();
    rotten[100_000] ^= 1;
    std::fs::write(&path, rotten).unwrap();
    let again = swarm(Options { patience: Duration::from_millis(500), ..home.options() });
    again.add_metainfo(&torrent.bytes).unwrap();
    let asked = home.tracker.asked();
    let magnet = Magnet::new(torrent.info_hash);
    let second = again.open(&magnet, 1).await.unwrap();
    same(&second, &torrent.files[1].1, 0..MIB + 2).await;
    let third = again.open(&magnet, 2).await.unwrap();
    let error = read(&third, 100_000..100_001).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    assert_eq!(home.tracker.asked(), asked);
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_before_the_owner_allows_it() {
    let torrent = Torrent::single("film.mkv", MIB, 64 << 10);
    let home = Household::new(&[&torrent]).await;
    let swarm = Swarm::new(home.options(), TaskTracker::new());
    let magnet = torrent.magnet(&home.tracker);
    let refused = swarm.resolve(&magnet).await.unwrap_err();
    assert!(refused.to_string().contains("until the owner allows it"), "{refused}");
    swarm.add_metainfo(&torrent.bytes).unwrap();
    assert!(matches!(swarm.open(&magnet, 0).await, Err(Error::NotAllowed)));
    assert_eq!(home.tracker.asked(), 0);

    swarm.allow(true);
    let file = swarm.open(&magnet, 0).await.unwrap();
    same(&file, &torrent.files[0].1, 0..MIB).await;
    assert!(home.tracker.asked() > 0);
    // And back: the session ends.
    swarm.allow(false);
    let status = || swarm.status(&torrent.info_hash).unwrap().state;
    until("the session's end", Duration::from_secs(5), || status() == State::Paused).await;
    home.seeder.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_magnet_that_nobody_knows_ends_in_a_sentence() {
    let torrent = Torrent::single("film.mkv", MIB, 64 << 10);
    let tracker = Tracker::start();
    let library = tempfile::tempdir().unwrap();
    let options =
        Options { metadata_timeout: Duration::from_secs(1), ..options(library.path(), &tracker) };
    let swarm = swarm(options);
    let error = swarm.resolve(&torrent.magnet(&tracker)).await.unwrap_err().to_string();
    assert!(error.contains("no peer has sent the torrent's description in 1 s"), "{error}");
    // A tracker that may not be asked is as none.
    let other = Tracker::start();
    let error = swarm.resolve(&torrent.magnet(&other)).await.unwrap_err().to_string();
    assert!(error.contains("nobody can be asked"), "{error}");
    assert_eq!(other.asked(), 0);
    swarm.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_description_from_a_peer_is_refused() {
    if !python().is_file() {
        return skip(NO_PYTHON);
    }
    let tracker = Tracker::start();
    let library = tempfile::tempdir().unwrap();
    let swarm = swarm(options(library.path(), &tracker));
    for (bytes, word) in [
        (crate::support::hostile::path_traversal(), "refuse"),
        (crate::support::hostile::many_files(10_001), "10001 files"),
    ] {
        let torrent = Torrent::raw(bytes);
        let peer = libtorrent(&torrent, 0).unwrap();
        tracker.add(torrent.info_hash, peer.addr);
        let error = swarm.open(&torrent.magnet(&tracker), 0).await.err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(names(library.path()).is_empty());
    swarm.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_unread_torrent_is_set_aside_and_comes_back() {
    let one = Torrent::single("one.mkv", 2 * MIB, 64 << 10);
    let two = Torrent::single("two.mkv", 2 * MIB, 64 << 10);
    let home = Household::new(&[&one, &two]).await;
    let swarm = swarm(Options { max_torrents: 1, ..home.options() });
    let first = swarm.open(&one.magnet(&home.tracker), 0).await.unwrap();
    same(&first, &one.files[0].1, 0..MIB).await;
    let mut reading = first.read(0..2 * MIB as u64);
    let _ = reading.next().await.unwrap().unwrap();
    if !first.is_complete() {
        let refused = swarm.open(&two.magnet(&home.tracker), 0).await;
        assert!(first.is_complete() || matches!(refused, Err(Error::TooMany(1))));
    }
    drop(reading);
    let second = swarm.open(&two.magnet(&home.tracker), 0).await.unwrap();
    same(&second, &two.files[0].1, 0..MIB).await;
    assert_eq!(swarm.status(&one.info_hash).unwrap().state, State::Paused);
    same(&first, &one.files[0].1, 0..2 * MIB).await;
    swarm.stop().await;
    home.seeder.stop().await;
}

/// A small file system of its own, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn new(folder: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&folder).unwrap();
        Self::mount(&folder, &format!("size={size}")).then_some(Self(folder))
    }

    fn mount(folder: &Path, options: &str) -> bool {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder);
        command.output().is_ok_and(|output| output.status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_in_a_sentence_and_the_rest_goes_on() {
    let large = Torrent::single("large.mkv", 12 * MIB, 64 << 10);
    let small = Torrent::single("small.mkv", MIB, 64 << 10);
    let home = Household::new(&[&large, &small]).await;
    let Some(disk) = SmallDisk::new(home.library.path().join("disk"), "4M") else {
        return skip("needs the right to mount a tmpfs");
    };
    let swarm = swarm(options(&disk.0, &home.tracker));
    let kept = swarm.open(&small.magnet(&home.tracker), 0).await.unwrap();
    same(&kept, &small.files[0].1, 0..MIB).await;

    let file = swarm.open(&large.magnet(&home.tracker), 0).await.unwrap();
    // Somebody who stays at the beginning: of what was seen there is nothing to give up. Who reads on as
    // fast as it comes may well see all of it.
    let mut watching = file.read(0..(12 * MIB) as u64);
    let mut given = timeout(Duration::from_secs(60), watching.next()).await.unwrap();
    let sentence =
        "the disk of the library is full: free some space there, or set library.path to another";
    let status = || swarm.status(&large.info_hash).unwrap();
    until("the torrent to fail", Duration::from_secs(30), || status().state == State::Failed).await;
    assert_eq!(status().error.as_deref(), Some(sentence));
    let error = loop {
        match given.expect("the film does not fit") {
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
        given = timeout(Duration::from_secs(60), watching.next()).await.unwrap();
    };
    assert_eq!(error, sentence);
    drop(watching);
    same(&kept, &small.files[0].1, 0..MIB).await;

    // The owner makes room, and presses play again.
    let room =
        Command::new("mount").args(["-o", "remount,size=64M"]).arg(&disk.0).output().unwrap();
    assert!(room.status.success());
    same(&file, &large.files[0].1, 0..12 * MIB).await;
    swarm.stop().await;
    home.seeder.stop().await;
}

/// The disk fills up while a film is watched, so that its beginning is given up, and is full all the
/// same: once there is room again, all of the film is to be had again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_before_the_disk_was_full_comes_again_with_room() {
    let torrent = Torrent::single("film.mkv", 12 * MIB, 64 << 10);
    let tracker = Tracker::start();
    let library = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::new(library.path().join("disk"), "20M") else {
        return skip("needs the right to mount a tmpfs");
    };
    let Some(peer) = libtorrent(&torrent, RATE) else { return skip(NO_PYTHON) };
    tracker.add(torrent.info_hash, peer.addr);
    let swarm = swarm(options(&disk.0, &tracker));
    let file = swarm.open(&torrent.magnet(&tracker), 0).await.unwrap();
    // A viewer who has seen more than what is given up at a time, and pauses.
    let mut watching = file.read(0..(12 * MIB) as u64);
    let mut seen = 0;
    while seen < MIB + MIB / 4 {
        let chunk = timeout(Duration::from_secs(60), watching.next()).await.unwrap();
        seen += chunk.unwrap().unwrap().len();
    }
    let others = disk.0.join("somebody's");
    let _ = std::fs::write(&others, vec![1; 20 * MIB]);
    let failed = || swarm.status(&torrent.info_hash).unwrap().state == State::Failed;
    until("the torrent to fail", Duration::from_secs(60), failed).await;
    drop(watching);
    std::fs::remove_file(&others).unwrap();
    same(&file, &torrent.files[0].1, 0..12 * MIB).await;
    until("the whole file", Duration::from_secs(60), || file.is_complete()).await;
    swarm.stop().await;
}
