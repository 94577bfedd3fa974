//! A power cut at any write of the data folder, with the real program at work on it (F-01, F-02), and
//! a disk that says it has kept what it has not (F-09).
//!
//! The disk is recorded write by write. At each cut two disks are made: one with every write so far,
//! and one with every write before the last flush and any half, by sectors of 512 bytes, of the later
//! ones. Then it is mounted as after a start (the journal is replayed), and looked at.
//!
//! F-01 and F-09 cut at every write. What is smaller than it could be: F-02 cuts at some 20 of the writes,
//! spread over all; `CREDENZA_CUTS` is how many each takes at most (`just faults`: every write). The second
//! cut of F-01 is no cut of the disk: the program is killed while it gets over the first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::park_timeout;
use std::time::Duration;

use credenza::durable::{Error, State};
use serde_json::json;

use super::LIMIT;
use crate::library::Home;
use crate::support::block::{self, run};
use crate::support::recorded::{Entry, Recorded};
use crate::support::server::Server;
use crate::support::world::ID;
use crate::support::{skip, until};

/// What the state file has under each key.
type Entries = BTreeMap<String, Vec<u8>>;

/// What was done on a recorded disk.
struct Recording {
    base: Vec<u8>,
    writes: Vec<Entry>,
    /// What was acknowledged, and after how many entries of the log.
    acknowledged: Vec<(usize, Entries)>,
}

/// An ext4 file system at work.
struct Mounted {
    device: String,
    at: PathBuf,
}

impl Mounted {
    fn new(disk: &Path, at: &Path) -> Result<Self, String> {
        fs::create_dir_all(at).unwrap();
        let device = run("losetup", &["--find", "--show", &disk.display().to_string()]);
        let mounted = Self { device: device.trim().to_owned(), at: at.to_owned() };
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "ext4", "-o", "noatime", &mounted.device]).arg(at);
        let done = mount.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        if done.status.success() { Ok(mounted) } else { Err(said) }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let done = |program: &str, argument: &str, more: &str| {
            let mut command = std::process::Command::new(program);
            command.arg(argument).arg(more).output().is_ok_and(|said| said.status.success())
        };
        // A program that another thread starts has our files too until it is executed, and the disk is
        // busy for as long; the next cut would then be written below a file system that is still there.
        if done("mountpoint", "-q", &self.at.display().to_string()) {
            until("the disk to be let go", LIMIT, || {
                done("umount", "-v", &self.at.display().to_string()).then_some(())
            });
        }
        done("losetup", "--detach", &self.device);
    }
}

fn missing() -> Option<&'static str> {
    block::missing().or_else(Recorded::missing)
}

/// An empty ext4 file system of this size. Blocks of 1 KiB, so that a write is torn more often.
fn formatted(mib: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
    let how = ["-q", "-F", "-b", "1024", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
    run("mkfs.ext4", &[&how[..], &[image.to_str().unwrap()]].concat());
    fs::read(image).unwrap()
}

/// Records what `work` does in a folder of a fresh disk of this size; it acknowledges by the function
/// that it is given, and kills what it has started.
fn record(
    mib: u64,
    work: impl FnOnce(&Path, &mut dyn FnMut(Entries)),
) -> Result<Recording, String> {
    let base = formatted(mib);
    let disk = Recorded::start(&base, &[(0, base.len())])?;
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    let mounted = Mounted::new(disk.partition(0), &folder.path().join("disk"))?;
    work(&mounted.at.join("data"), &mut |entries| acknowledged.push((disk.steps(), entries)));
    drop(mounted);
    let (writes, _) = disk.finish();
    Ok(Recording { base, writes, acknowledged })
}

/// What a state file says, that another process may be working with.
fn entries_of(state: &Path) -> Entries {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("state.redb");
    until("a look at the state", LIMIT, || {
        fs::copy(state, &copy).unwrap();
        State::open(&copy).ok().map(|state| all_of(&state))
    })
}

fn all_of(state: &State) -> Entries {
    let keys = state.keys("").unwrap();
    keys.into_iter().map(|key| (key.clone(), state.get_bytes(&key).unwrap().unwrap())).collect()
}

/// Numbers that are the same at each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// What a drive writes wholly or not at all, in bytes: a sector, and no drive does less.
const WHOLE: usize = 512;
/// Where ext4's superblock lies. It is two sectors with one checksum, is written in place, and half of one
/// is nothing that a program above could mend: drives with sectors of 4096 bytes, as all cards and SSDs
/// have inside, write it wholly, and so does this one.
const SUPERBLOCK: Range<usize> = 1024..2048;

/// How a power cut goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cut {
    /// All that was written so far is there.
    Plain,
    /// All before the last flush, and any half of the later parts.
    Torn,
    /// The disk lied: all but the last forty writes, and any half of those.
    Lied,
}

impl Recording {
    /// The disk after a cut at this entry.
    fn disk(&self, at: usize, cut: Cut) -> Vec<u8> {
        let mut disk = self.base.clone();
        let so_far = &self.writes[..=at];
        let flushed = so_far.iter().rposition(|entry| *entry == Entry::Flush).unwrap_or(0);
        let sure = match cut {
            Cut::Plain => at + 1,
            Cut::Torn => flushed,
            Cut::Lied => at.saturating_sub(40),
        };
        let mut random = Random(0x5eed + at as u64 + other_halves());
        for (number, entry) in so_far.iter().enumerate() {
            let Entry::Write { at, bytes } = entry else { continue };
            let mut is_kept = || number < sure || random.next().is_multiple_of(2);
            let superblock_is_kept = is_kept();
            for (place, part) in (*at..).step_by(WHOLE).zip(bytes.chunks(WHOLE)) {
                let superblock = SUPERBLOCK.contains(&place);
                if if superblock { superblock_is_kept } else { is_kept() } {
                    disk[place..][..part.len()].copy_from_slice(part);
                }
            }
        }
        disk
    }

    /// Some of its writes, spread evenly.
    fn cuts(&self, most: usize) -> Vec<usize> {
        let writes: Vec<usize> =
            (0..self.writes.len()).filter(|at| self.writes[*at] != Entry::Flush).collect();
        let step = writes.len().div_ceil(most).max(1);
        writes.into_iter().step_by(step).collect()
    }

    /// Mounts the disk after each of these cuts, and has it looked at, two at a time.
    fn look(&self, cuts: &[(usize, Cut)], look: impl Fn(usize, Cut, Result<&Path, String>) + Sync) {
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let folder =
                        tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
                    let image = folder.path().join("image");
                    while let Some((at, cut)) = cuts.get(next.fetch_add(1, Ordering::SeqCst)) {
                        fs::write(&image, self.disk(*at, *cut)).unwrap();
                        let disk = folder.path().join("disk");
                        let mounted = Mounted::new(&image, &disk);
                        let at_data = mounted.as_ref().map(|disk| disk.at.join("data"));
                        look(*at, *cut, at_data.as_deref().map_err(|why| (*why).clone()));
                    }
                });
            }
        });
    }
}

/// `CREDENZA_HALVES`, a number, has other halves of the writes kept.
fn other_halves() -> u64 {
    let number = std::env::var("CREDENZA_HALVES").ok().and_then(|number| number.parse().ok());
    number.unwrap_or(0_u64).wrapping_mul(7_919_017)
}

fn most_cuts(by_default: usize) -> usize {
    std::env::var("CREDENZA_CUTS").ok().and_then(|most| most.parse().ok()).unwrap_or(by_default)
}

/// The owner sets the box up: it is claimed, told of sources, and told what it likes.
fn set_up(data: &Path, note: &mut dyn FnMut(Entries)) {
    let configuration = format!("{}[access]\nauth_required = true\n", crate::support::only(&[]));
    let server = Server::serve_on(data, &configuration, None);
    let mut note = || note(entries_of(&data.join("state.redb")));
    note();
    server.claim("a long password of this test");
    note();
    for number in 0..4 {
        let source = json!({"name": format!("Friend {number}"), "url": format!("http://friend{number}.example.com/{{infoHash}}/{{fileName}}")});
        let added = server.owner("POST", "/api/sources").json(&source).send();
        assert_eq!(added.status, 201, "{}", added.text());
        note();
    }
    server.signal("KILL");
}

#[test]
fn f01_a_power_cut_at_any_write_of_a_set_up_loses_nothing_that_was_acknowledged() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let recording = match record(24, set_up) {
        Ok(recording) => recording,
        Err(reason) => return skip(&reason),
    };
    let marks = &recording.acknowledged;
    assert_eq!(marks.len(), 6);
    let cuts = recording.cuts(most_cuts(usize::MAX));
    let cuts: Vec<(usize, Cut)> =
        cuts.iter().flat_map(|at| [(*at, Cut::Plain), (*at, Cut::Torn)]).collect();
    let (started, cut_again) = (AtomicUsize::new(0), AtomicUsize::new(0));
    recording.look(&cuts, |at, cut, data| {
        let data = data.unwrap_or_else(|why| panic!("cut at {at} ({cut:?}): not mounted: {why}"));
        let file = data.join("state.redb");
        let last = marks.iter().rposition(|(entry, _)| *entry <= at);
        if let Some(last) = last {
            let state =
                State::open(&file).unwrap_or_else(|why| panic!("cut at {at} ({cut:?}): {why}"));
            let found = all_of(&state);
            for (key, sure) in &marks[last].1 {
                let later: BTreeSet<_> =
                    marks[last..].iter().map(|(_, all)| all.get(key)).collect();
                let now = found.get(key);
                // One that changes with every acknowledgement may stand between two of them.
                let in_between = later.len() > 1 && now.is_some();
                assert!(
                    now == Some(sure) || later.contains(&now) || in_between,
                    "cut at {at} ({cut:?}): {key} is lost"
                );
            }
        } else if file.exists() {
            drop(State::open(&file).unwrap_or_else(|why| panic!("cut at {at} ({cut:?}): {why}")));
        }
        // The program itself, at some of them: it starts, and is claimed whole or not at all.
        if at % 8 == 0 && data.exists() {
            let server = Server::serve_on(data, "[access]\nauth_required = true\n", None);
            let health = server.get("/health");
            assert_eq!(health.status, 200, "cut at {at} ({cut:?}): {}", server.log());
            let claimed = last.is_some_and(|last| marks[last].1.contains_key("owner"));
            let answer = server.owner("GET", "/api/sources").send();
            assert_eq!(answer.status, 200, "cut at {at}: {}\n{}", answer.text(), server.log());
            let login = "password=a long password of this test&next=/";
            let login = server.ask("POST", "/login").form(login).send();
            let lets_in = login.header("set-cookie").is_some();
            assert!(!claimed || lets_in, "cut at {at} ({cut:?}): {}", login.text());
            let sources = last.map_or(0, |last| last.saturating_sub(1));
            let known = answer.text().matches("Friend ").count();
            assert!(known >= sources, "cut at {at} ({cut:?}): {known} of {sources} sources");
            if cut == Cut::Torn {
                // And cut again, while it gets over the first.
                server.signal("KILL");
                drop(server);
                drop(State::open(&file).unwrap());
                cut_again.fetch_add(1, Ordering::SeqCst);
            } else {
                assert_eq!(server.stop(), 0);
            }
            started.fetch_add(1, Ordering::SeqCst);
        }
    });
    let (started, writes) = (started.into_inner(), recording.writes.len());
    println!("{writes} entries, {} cuts, {started} starts of the program", cuts.len());
    assert!(cuts.len() >= 80 && started >= 4);
}

#[test]
fn f09_a_disk_that_lies_about_flushes_loses_time_and_never_passes_for_sound() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let recording = match record(24, set_up) {
        Ok(recording) => recording,
        Err(reason) => return skip(&reason),
    };
    let marks = &recording.acknowledged;
    let first = marks[0].0;
    let cuts = recording.cuts(most_cuts(usize::MAX)).into_iter().filter(|at| *at > first);
    let cuts: Vec<(usize, Cut)> = cuts.map(|at| (at, Cut::Lied)).collect();
    let (sound, refused, lost) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let count = |which: &AtomicUsize| which.fetch_add(1, Ordering::SeqCst);
    recording.look(&cuts, |at, _, data| {
        let Ok(data) = data else {
            // A file system that does not mount is told to the owner, and never formatted.
            count(&lost);
            return;
        };
        let file = data.join("state.redb");
        let state = match State::open(&file) {
            Ok(state) => state,
            Err(why) => {
                assert!(matches!(why, Error::Damaged { .. } | Error::NotOpened { .. }), "{why}");
                count(&refused);
                return;
            }
        };
        let keys = state.keys("").unwrap_or_default();
        for key in keys {
            let Ok(Some(found)) = state.get_bytes(&key) else { continue };
            let known: Vec<_> = marks.iter().filter_map(|(_, all)| all.get(&key)).collect();
            if ["owner", "sources"].iter().any(|one| key.contains(one)) && !known.is_empty() {
                let text = String::from_utf8_lossy(&found).into_owned();
                assert!(known.contains(&&found), "cut at {at}: {key} has become {text}");
            } else {
                assert!(
                    serde_json::from_slice::<serde_json::Value>(&found).is_ok()
                        || key.starts_with('\0'),
                    "cut at {at}: {key} is no value"
                );
            }
        }
        count(&sound);
    });
    let (sound, refused, lost) = (sound.into_inner(), refused.into_inner(), lost.into_inner());
    println!(
        "{} lies: {sound} with a sound state, {refused} refused in a sentence, {lost} not mounted",
        cuts.len()
    );
    assert!(sound > 0 && cuts.len() >= 40);
}

/// So that the power is cut in the midst of it.
const SLOWLY: &str = "download_limit = 2000000";

#[test]
fn f02_after_a_power_cut_in_a_download_only_the_films_bytes_are_served() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut home = Home::new(&[5], "");
    home.stop();
    let own = home.data.clone();
    let slow = home.configuration(SLOWLY, "");
    let recording = record(48, |data, _| {
        home.data = data.to_owned();
        home.server = Some(Server::serve_on(data, &slow, None));
        let (media_id, path) = home.choose(0);
        home.watch(0, &path);
        home.whole(&media_id, &path);
        // What the kernel holds back it writes within half a minute; a cut must see some of it.
        run("sync", &["-f", data.to_str().unwrap()]);
        home.server().signal("KILL");
        home.server = None;
    });
    home.data = own;
    let recording = match recording {
        Ok(recording) => recording,
        Err(reason) => return skip(&reason),
    };
    let cuts = recording.cuts(most_cuts(20));
    let cuts: Vec<(usize, Cut)> =
        cuts.iter().flat_map(|at| [(*at, Cut::Torn), (*at, Cut::Plain)]).collect();
    let fast = home.configuration("", "");
    let (watched, whole) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (source, hash) = (home.source(0), home.films[0].info_hash);
    recording.look(&cuts, |at, cut, data| {
        let data = data.unwrap_or_else(|why| panic!("cut at {at} ({cut:?}): not mounted: {why}"));
        let noted = State::open(&data.join("state.redb")).ok().is_some_and(|state| {
            let keys = state.keys("playable/").unwrap();
            keys.iter().any(|key| {
                let kept: serde_json::Value = state.get(key).unwrap().unwrap();
                kept["finished"] != json!(null)
            })
        });
        let server = Server::serve_on(data, &fast, None);
        let press = || server.owner("POST", &format!("/api/play/{ID}?info_hash={hash}")).send();
        let answer =
            until("the film to play", LIMIT, || Some(press()).filter(|one| one.status == 200));
        let url = answer.json()["url"].as_str().unwrap().to_owned();
        let path = url[url.find("/v/").unwrap()..].to_owned();
        if noted {
            whole.fetch_add(1, Ordering::SeqCst);
        }
        let mut read = server.get(&path).body;
        for _ in 0..20 {
            if read.len() == source.len() {
                break;
            }
            assert!(source.starts_with(&read), "cut at {at} ({cut:?}): other bytes");
            park_timeout(Duration::from_millis(200));
            read = server.get(&path).body;
        }
        assert!(read == source, "cut at {at} ({cut:?}): other bytes, {} of them", read.len());
        watched.fetch_add(1, Ordering::SeqCst);
    });
    let (watched, whole) = (watched.into_inner(), whole.into_inner());
    println!("{watched} cuts, {whole} of them after the film was whole: every byte is the film's");
    assert!(watched >= 10 && whole >= 1);
}
