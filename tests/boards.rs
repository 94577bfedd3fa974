//! The boards: each is a folder of facts, and what builds for them agrees with it. The cross build
//! itself is `just cross BOARD`: it takes minutes, and another architecture's packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn file(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn boards() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("board");
    let mut boards: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    boards.sort();
    boards
}

/// `KEY=VALUE` lines; a shell reads them, so nothing but plain values may stand there.
fn meta(board: &str) -> BTreeMap<String, String> {
    let text = file(&format!("board/{board}/meta"));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (key, value) = line.split_once('=').expect(line);
            let value = value.trim_matches('"');
            assert!(!value.contains(['$', '`', '"', '\\', ';']), "{board}: {line}");
            (key.to_owned(), value.to_owned())
        })
        .collect()
}

/// The scripts that read a board's facts.
const RECIPES: [&str; 2] = ["image/cross.sh", "image/stage/facts.sh"];

/// Everything of the recipe that may not know one board from another.
fn recipe_files() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("image/stage");
    let stages = fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("image/stage/{}", entry.unwrap().file_name().into_string().unwrap()));
    let scripts = ["image/cross.sh", "image/build.sh", "image/initramfs/init"];
    stages.chain(scripts.map(str::to_owned)).collect()
}

#[test]
fn every_board_says_what_the_recipes_ask_for() {
    let texts = RECIPES.map(file);
    let lists = texts.each_ref().map(|text| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix("for fact in ")).unwrap();
        line.trim_end_matches("; do")
    });
    let asked: BTreeSet<&str> = lists.iter().flat_map(|list| list.split(' ')).collect();
    for board in boards() {
        let said = meta(&board);
        assert_eq!(said.keys().map(String::as_str).collect::<BTreeSet<_>>(), asked, "{board}");
    }
}

#[test]
fn every_board_has_a_disk_of_its_own() {
    let mut disks = BTreeMap::new();
    for board in boards() {
        let disk = meta(&board)["DISK_ID"].clone();
        let text = file(&format!("board/{board}/cmdline.txt"));
        assert!(text.contains("credenza.disk=@DISK_ID@"), "{board}: cmdline.txt names no disk");
        assert_eq!(text.lines().count(), 1, "{board}: the firmware reads one line of cmdline.txt");
        if let Some(other) = disks.insert(disk, board.clone()) {
            panic!("{board} and {other} have one DISK_ID: a start would find the other's card");
        }
    }
}

/// The Raspberry Pis' driver writes the seconds modulo 16 into the hardware, and the kernel feeds that
/// every 8 s (image/README.md, "A start"): 64 s would be a reset at once.
#[test]
fn no_watchdog_counts_less_than_it_takes_to_feed_it() {
    let mut found = Vec::new();
    for board in boards() {
        let text = file(&format!("board/{board}/start-modules.txt"));
        let words = text.lines().flat_map(|line| line.split('#').next().unwrap().split(' '));
        let own = words.filter_map(|word| word.strip_prefix("heartbeat=")).map(str::to_owned);
        let before = found.len();
        found.extend(own.map(|seconds| (format!("{board}, initramfs"), seconds)));
        assert_eq!(found.len(), before + 1, "{board}: start-modules.txt arms one watchdog");
    }
    let place = "image/rootfs/usr/lib/systemd/system.conf.d/credenza.conf";
    let text = file(place);
    let lines = text.lines().filter_map(|line| line.split_once("WatchdogSec="));
    found.extend(lines.map(|(which, seconds)| (format!("{place}, {which}"), seconds.to_owned())));
    assert_eq!(found.len(), boards().len() + 2, "{found:?}");
    for (place, seconds) in found {
        let seconds: u32 = seconds.trim_end_matches('s').parse().expect(&place);
        assert!(seconds % 16 > 10, "{place}: {seconds} s are {} s to the hardware", seconds % 16);
    }
}

#[test]
fn what_nobody_has_started_says_so() {
    for board in boards() {
        let said = meta(&board);
        let real = said["IMAGER_DEVICES"] != "none";
        assert_eq!(real, said["STATUS"] == "built, not yet booted on hardware", "{board}");
    }
}

/// Two builds into one folder: the second begins by clearing away, so it must wait before it does.
#[test]
fn a_second_build_leaves_the_first_alone() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("qemu")).unwrap();
    let first = out.join("qemu/of the first build");
    fs::write(&first, "").unwrap();
    let script = "fail() { echo \"$*\" >&2; exit 1; }\n\
        say() { echo \"$*\"; }\n\
        . image/stage/facts.sh; board=qemu; choose_folders; echo ready";
    let mut second = Command::new("bash");
    second.args(["-euc", script]).current_dir(env!("CARGO_MANIFEST_DIR"));
    second.env("OUT", &out).env("XDG_CACHE_HOME", folder.path()).stdout(Stdio::piped());
    // What the first one holds while it works.
    let lock = fs::File::create(out.join(".qemu.lock")).unwrap();
    lock.lock().unwrap();
    let mut second = second.spawn().unwrap();
    let mut said = BufReader::new(second.stdout.take().unwrap()).lines();
    let waits = said.next().unwrap().unwrap();
    assert!(waits.contains("another build of qemu"), "{waits}");
    assert!(first.exists(), "what the first build has made so far is gone");
    lock.unlock().unwrap();
    assert_eq!(said.next().unwrap().unwrap(), "ready");
    assert!(second.wait().unwrap().success());
    assert!(!first.exists(), "what an earlier build left is in this one");
}

#[test]
fn what_builds_and_what_checks_licences_name_the_targets_of_the_boards() {
    let targets: BTreeSet<String> =
        boards().iter().map(|board| meta(board)["TARGET"].clone()).collect();
    let cross: toml::Table = file("Cross.toml").parse().unwrap();
    let crossed: BTreeSet<String> = cross["target"].as_table().unwrap().keys().cloned().collect();
    assert_eq!(crossed, targets, "Cross.toml");
    let deny: toml::Table = file("deny.toml").parse().unwrap();
    for target in &targets {
        let checked = deny["graph"]["targets"].as_array().unwrap();
        assert!(checked.iter().any(|t| t.as_str() == Some(target)), "deny.toml lacks {target}");
    }
}

#[test]
fn the_recipe_knows_no_board() {
    for name in recipe_files() {
        let text = file(&name);
        let code = text.lines().filter(|line| !line.trim().starts_with('#'));
        // qemu-user-static is a program, no board.
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
        let words: BTreeSet<&str> =
            code.flat_map(|line| line.split(|letter| !is_part(letter))).collect();
        for board in boards() {
            assert!(!words.contains(board.as_str()), "{name} must read {board} from its meta");
        }
    }
}
