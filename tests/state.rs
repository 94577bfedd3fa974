//! What is kept: the state survives a killed process and is never harmed by being opened; the cache
//! opens whatever lies in its folder.

#![allow(clippy::unwrap_used, reason = "what the tests share panics as a test does")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test that starts itself again is told so by a variable"
)]

mod size;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use credenza::cache::Cache;
use credenza::durable::{Error, State};
use credenza::media::{StremioId, Title};
use credenza::torrent::{Availability, InfoHash, Store, Unique};

use crate::support::{has, skip};

/// Set in a process of this very test binary that is started to be killed, or to fill a disk.
const CHILD: &str = "CREDENZA_TEST_STATE_CHILD";

#[test]
fn what_was_put_is_there_after_a_restart_in_files_that_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("state.redb");
    let state = State::open(&path).unwrap();
    state.put("settings/swarm", &true).unwrap();
    state.put("settings/store", "realdebrid").unwrap();
    state.put("other", &vec![1, 2]).unwrap();
    state.remove("other").unwrap();
    state.remove("never").unwrap();
    drop(state);

    let state = State::open(&path).unwrap();
    assert_eq!(state.get("settings/swarm").unwrap(), Some(true));
    assert_eq!(state.get::<String>("settings/store").unwrap().as_deref(), Some("realdebrid"));
    assert_eq!(state.get::<Vec<u32>>("other").unwrap(), None);
    assert_eq!(state.keys("settings/").unwrap(), ["settings/store", "settings/swarm"]);
    assert_eq!(state.keys("").unwrap().len(), 2);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

/// The caller's own reason to refuse an update.
#[derive(Debug)]
struct Refused;

impl From<Error> for Refused {
    fn from(fault: Error) -> Self {
        panic!("{fault}")
    }
}

#[test]
fn an_update_is_one_transaction_however_many_ask() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("state.redb")).unwrap();
    let first: usize = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..20u32)
            .map(|number| {
                let state = &state;
                scope.spawn(move || {
                    let bytes = number.to_string();
                    let won = state.put_bytes_once("owner", bytes.as_bytes()).unwrap();
                    state
                        .update("count", |old: Option<u32>| {
                            Ok::<_, Error>((Some(old.unwrap_or(0) + 1), ()))
                        })
                        .unwrap();
                    usize::from(won)
                })
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).sum()
    });
    assert_eq!(first, 1);
    assert_eq!(state.get::<u32>("count").unwrap(), Some(20));

    // A refusal takes everything back.
    let refused = state.update("count", |_: Option<u32>| Err::<(Option<u32>, ()), _>(Refused));
    assert!(refused.is_err());
    assert_eq!(state.get::<u32>("count").unwrap(), Some(20));
}

#[test]
fn a_value_of_another_kind_is_a_sentence_that_does_not_quote_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(&folder.path().join("state.redb")).unwrap();
    state.put("token", "SECRET7F").unwrap();
    let fault = state.get::<u32>("token").unwrap_err().to_string();
    assert_eq!(fault, "the entry \"token\" of state.redb is not understood; set it again");
}

#[test]
fn a_second_process_is_told_that_the_folder_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    let _first = State::open(&path).unwrap();
    let fault = State::open(&path).unwrap_err().to_string();
    assert!(fault.starts_with("another credenza runs on this data folder"), "{fault}");
}

#[test]
fn a_state_of_a_newer_credenza_is_refused_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    let state = State::open(&path).unwrap();
    state.put("a", "kept for the newer one").unwrap();
    state.put_bytes("\0schema", b"2").unwrap();
    drop(state);
    let fault = State::open(&path).unwrap_err();
    assert!(matches!(&fault, Error::Newer { .. }), "{fault}");
    assert!(fault.to_string().contains("newer credenza (layout 2, this one knows 1)"), "{fault}");
    // redb notes in the file that it was open; the entries are as they were.
    let kept = fs::read(&path).unwrap();
    assert!(kept.windows(22).any(|part| part == b"kept for the newer one"));
}

#[test]
fn a_damaged_state_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    let state = State::open(&path).unwrap();
    for number in 0..50 {
        state.put(&format!("key/{number}"), &"x".repeat(500)).unwrap();
    }
    drop(state);
    let whole = fs::read(&path).unwrap();
    let mut cases: Vec<(String, Vec<u8>)> = vec![
        ("one byte".to_owned(), b"r".to_vec()),
        ("garbage".to_owned(), b"<html>not found</html>".repeat(999)),
        ("zeros".to_owned(), vec![0; whole.len()]),
    ];
    for length in [8, 9, 64, 320, 4095, 4096, 8192, whole.len() / 2] {
        cases.push((format!("cut at {length}"), whole[..length].to_vec()));
    }
    let mut no_header = whole.clone();
    no_header[9..512].fill(0xa5);
    cases.push(("header overwritten".to_owned(), no_header));
    for (name, bytes) in cases {
        fs::write(&path, &bytes).unwrap();
        let fault = State::open(&path).expect_err(&name);
        assert!(matches!(fault, Error::Damaged { .. }), "{name}: {fault}");
        let sentence = fault.to_string();
        assert!(sentence.contains("state.redb is damaged and was left as it is"), "{sentence}");
        assert!(fs::read(&path).unwrap() == bytes, "{name}: the file was changed");
    }
    // Damage in the middle is found at the opening, at the reading, or never met; nothing panics.
    for at in (4096..whole.len() - 4096).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at..at + 4096].fill(0x5a);
        fs::write(&path, &bytes).unwrap();
        if let Ok(state) = State::open(&path) {
            for number in 0..50 {
                let value = state.get::<String>(&format!("key/{number}"));
                assert!(value.is_err() || value.unwrap().is_none_or(|v| v == "x".repeat(500)));
            }
        }
    }
}

#[test]
fn an_empty_file_becomes_a_state_and_a_folder_in_its_place_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    fs::write(&path, b"").unwrap();
    State::open(&path).unwrap().put("a", &1).unwrap();
    assert_eq!(State::open(&path).unwrap().get("a").unwrap(), Some(1));
    for path in [folder.path().to_owned(), path.join("state.redb"), "/proc/state.redb".into()] {
        let fault = State::open(&path).unwrap_err();
        assert!(matches!(fault, Error::NotOpened { .. }), "{path:?}: {fault}");
    }
}

#[test]
fn a_process_killed_at_any_moment_loses_no_acknowledged_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    if let Some(path) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&path));
    }
    let mut acknowledged = None;
    // Twelve at least; more where the machine is so slow that they hardly wrote.
    let wrote = |acknowledged: Option<u64>| acknowledged > Some(20);
    for round in 0..120u64 {
        if round >= 12 && wrote(acknowledged) {
            break;
        }
        let mut child = this_test("a_process_killed_at_any_moment_loses_no_acknowledged_write")
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::park_timeout(Duration::from_millis((60 + round * 23).min(2_000)));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        // The last line may have been cut.
        let whole = lines.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let last = whole.lines().filter_map(|line| line.strip_prefix("done ")).next_back();
        acknowledged = last.map(|last| last.parse::<u64>().unwrap()).or(acknowledged);
        let Ok(state) = State::open(&path) else {
            panic!("round {round}: {}", State::open(&path).unwrap_err())
        };
        let Some(acknowledged) = acknowledged else { continue };
        let kept = state.get::<u64>("last").unwrap().unwrap_or(0);
        assert!(kept >= acknowledged, "round {round}: {kept} < {acknowledged}");
        for number in acknowledged.saturating_sub(20)..=acknowledged {
            let entry = state.get::<String>(&format!("entry/{}", number % 40)).unwrap();
            assert!(entry.is_some_and(|entry| entry.len() == 900), "round {round}");
        }
    }
    assert!(wrote(acknowledged), "the child hardly wrote: {acknowledged:?}");
}

fn write_until_killed(path: &Path) {
    let state = State::open(path).unwrap();
    let first = state.get::<u64>("last").unwrap().map_or(0, |last| last + 1);
    for number in first.. {
        let entry = format!("{number:0900}");
        state.put(&format!("entry/{}", number % 40), &entry).unwrap();
        state.put("last", &number).unwrap();
        println!("\ndone {number}");
    }
}

#[test]
fn a_full_disk_is_a_sentence_harms_nothing_and_is_got_over() {
    const NAME: &str = "a_full_disk_is_a_sentence_harms_nothing_and_is_got_over";
    if let Some(folder) = std::env::var_os(CHILD) {
        return fill_the_disk(Path::new(&folder));
    }
    if !has("unshare") || !has("mount") {
        return skip("needs unshare and mount");
    }
    let folder = tempfile::tempdir().unwrap();
    let mounts = "mount -t tmpfs -o size=6M none \"$0\" 2>/dev/null || exit 77; exec \"$@\"";
    let test = this_test(NAME);
    let status = Command::new("unshare")
        .args(["--mount", "--user", "--map-root-user", "sh", "-c", mounts])
        .arg(folder.path())
        .arg(test.get_program())
        .args(test.get_args())
        .env(CHILD, folder.path())
        .output()
        .unwrap();
    if status.status.code() == Some(77)
        || String::from_utf8_lossy(&status.stderr).contains("unshare")
    {
        return skip("may not mount a small disk");
    }
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
}

fn fill_the_disk(folder: &Path) {
    let state = State::open(&folder.join("state.redb")).unwrap();
    state.put("owner", "kept").unwrap();
    let ballast = folder.join("ballast");
    let mut size = 6 << 20;
    while size > 4096 {
        // The last bytes of the disk: what does not fit is tried by halves.
        let old = fs::read(&ballast).unwrap_or_default();
        if fs::write(&ballast, vec![1; old.len() + size]).is_err() {
            let _ = fs::write(&ballast, old);
            size /= 2;
        }
    }
    let mut fault = None;
    for number in 0..400 {
        if let Err(why) = state.put(&format!("big/{number}"), &"x".repeat(60_000)) {
            fault = Some(why);
            break;
        }
    }
    let fault = fault.expect("a disk of 6 MB takes no 24 MB");
    assert!(matches!(fault, Error::DiskFull { .. }), "{fault:?}");
    assert!(fault.to_string().starts_with("the disk that holds state.redb is full"), "{fault}");
    // What was there is read while the disk is still full, or at the latest once it is not.
    if let Ok(kept) = state.get::<String>("owner") {
        assert_eq!(kept.as_deref(), Some("kept"));
    }
    fs::remove_file(&ballast).unwrap();
    assert_eq!(state.get::<String>("owner").unwrap().as_deref(), Some("kept"));
    state.put("after", &1).unwrap();
    drop(state);
    let state = State::open(&folder.join("state.redb")).unwrap();
    assert_eq!(state.get("after").unwrap(), Some(1));
    assert_eq!(state.get::<String>("owner").unwrap().as_deref(), Some("kept"));
}

/// This test binary, told to run one test of this file and to show what it prints.
fn this_test(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("state::{name}"), "--nocapture", "--test-threads=1"]);
    command
}

fn film() -> StremioId {
    "tt1254207".parse().unwrap()
}

fn torrents(count: u8) -> Vec<Unique> {
    let torrent = |number| Unique {
        info_hash: InfoHash::from_bytes([number; 20]),
        name: format!("A.Film.2020.1080p.WEB-DL-{number}"),
        other_names: Vec::new(),
        size_bytes: Some(1 << 30),
        seeders: None,
        file_index: None,
        file_name: None,
        trackers: vec!["udp://tracker.example:1337/announce".to_owned()],
        indexer: None,
        files: [].into(),
        found_by: Vec::new(),
    };
    (0..count).map(torrent).collect()
}

#[tokio::test]
async fn the_cache_remembers_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("cache");
    let (cache, notice) = Cache::open(&dir);
    assert_eq!(notice, None);
    let [a, b, c, d] = [1, 2, 3, 4].map(|number| InfoHash::from_bytes([number; 20]));
    cache.put_found(&film(), &torrents(3));
    cache.put_availability(
        Store::RealDebrid,
        &[(a, Availability::Cached), (b, Availability::NotCached), (c, Availability::Unknown)],
    );
    cache.put_refused(Store::RealDebrid, &d);
    cache.put_availability(Store::RealDebrid, &[(d, Availability::Cached)]);
    cache.flush().await;
    drop(cache);

    let (cache, notice) = Cache::open(&dir);
    assert_eq!(notice, None);
    let (found, age) = cache.found(&film()).unwrap();
    assert_eq!(found, torrents(3));
    assert!(age < Duration::from_secs(60), "{age:?}");
    let said = |hash| cache.availability(Store::RealDebrid, hash).map(|(said, _)| said);
    assert_eq!(said(&a), Some(Availability::Cached));
    assert_eq!(said(&b), Some(Availability::NotCached));
    assert_eq!(said(&c), None);
    assert_eq!(said(&d), Some(Availability::Refused));
    assert!(cache.refused(Store::RealDebrid, &d) && !cache.refused(Store::TorBox, &d));
    assert_eq!(cache.availability(Store::TorBox, &a), None);

    // In use: the other one keeps its own in memory and moves nothing.
    let (other, notice) = Cache::open(&dir);
    assert!(notice.unwrap().contains("in use by another credenza"));
    assert_eq!(other.found(&film()), None);
    other.put_found(&film(), &torrents(1));
    assert_eq!(other.found(&film()).unwrap().0.len(), 1);
    assert_eq!(cache.found(&film()).unwrap().0.len(), 3);
}

type Damage = fn(&[u8]) -> Vec<u8>;

#[tokio::test]
async fn the_cache_opens_whatever_lies_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good");
    let (cache, _) = Cache::open(&good);
    cache.put_found(&film(), &torrents(200));
    cache.flush().await;
    drop(cache);
    drop(Cache::open(&good)); // the engine makes a snapshot when it finds something
    let files: Vec<String> = fs::read_dir(&good)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| good.join(name).is_file())
        .collect();
    assert!(files.iter().any(|name| name == "db") && files.iter().any(|name| name == "conf"));
    assert!(files.iter().any(|name| name.starts_with("snap.")), "{files:?}");
    let damages: [(&str, Damage); 6] = [
        ("empty", |_| Vec::new()),
        ("cut in half", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("short by a byte", |bytes| bytes[..bytes.len().saturating_sub(1)].to_vec()),
        ("garbage", |bytes| b"<html>".iter().copied().cycle().take(bytes.len()).collect()),
        ("zeros", |bytes| vec![0; bytes.len()]),
        ("every 97th byte turned", |bytes| {
            bytes.iter().enumerate().map(|(n, b)| if n % 97 == 5 { !b } else { *b }).collect()
        }),
    ];
    for file in &files {
        for (name, damage) in damages {
            let dir = folder.path().join("cache");
            copy(&good, &dir);
            fs::write(dir.join(file), damage(&fs::read(good.join(file)).unwrap())).unwrap();
            works(&dir, &format!("{file} {name}")).await;
            let again = Cache::open(&dir).1;
            assert_eq!(again, None, "{file} {name}: not mended");
            fs::remove_dir_all(&dir).unwrap();
        }
    }
    // Half a snapshot beside the whole ones (spacejam/sled#1533).
    let dir = folder.path().join("cache");
    copy(&good, &dir);
    fs::write(dir.join("snap.0000000000000FFF.generating"), b"half").unwrap();
    works(&dir, "half a snapshot").await;
}

#[tokio::test]
async fn the_cache_opens_where_no_folder_can_be() {
    let folder = tempfile::tempdir().unwrap();
    // A file in its place is moved aside, once and again.
    let dir = folder.path().join("cache");
    for _ in 0..2 {
        let _ = fs::remove_dir_all(&dir);
        fs::write(&dir, b"a file").unwrap();
        let notice = works(&dir, "a file").await.expect("a notice");
        assert!(notice.contains("was moved to") && notice.contains("cache.bad"), "{notice}");
        assert_eq!(fs::read(folder.path().join("cache.bad")).unwrap(), b"a file");
    }
    // No folder can be made here, by root either.
    for dir in [folder.path().join("cache.bad").join("cache"), "/proc/credenza-cache".into()] {
        let notice = works(&dir, "nowhere").await.expect("a notice");
        assert!(notice.starts_with("no cache can be kept in"), "{notice}");
    }
}

/// Opens the cache, and sees that it keeps what it is given.
async fn works(dir: &Path, case: &str) -> Option<String> {
    let (cache, notice) = Cache::open(dir);
    let other: StremioId = "tt0944947:1:1".parse().unwrap();
    let _ = cache.found(&film());
    cache.put_found(&other, &torrents(2));
    assert_eq!(cache.found(&other).map(|(found, _)| found.len()), Some(2), "{case}");
    cache.flush().await;
    notice
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn size_of(dir: &Path) -> u64 {
    let size = |entry: fs::DirEntry| match entry.metadata().unwrap() {
        metadata if metadata.is_dir() => size_of(&entry.path()),
        metadata => metadata.len(),
    };
    fs::read_dir(dir).unwrap().map(|entry| size(entry.unwrap())).sum()
}
