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

/// The facts that a script asks for.
fn asked_for(script: &str) -> Vec<String> {
    let list = script.lines().find_map(|line| line.trim().strip_prefix("for fact in ")).unwrap();
    list.trim_end_matches("; do").split(' ').map(str::to_owned).collect()
}

#[test]
fn every_board_says_what_the_recipes_ask_for() {
    let asked: BTreeSet<String> = RECIPES.iter().flat_map(|name| asked_for(&file(name))).collect();
    for board in boards() {
        let said = meta(&board);
        assert_eq!(said.keys().cloned().collect::<BTreeSet<_>>(), asked, "{board}");
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

/// A forgotten fact would be a card that does not start.
#[test]
fn a_fact_that_a_board_does_not_say_is_named() {
    let repository = env!("CARGO_MANIFEST_DIR");
    let script = "fail() { echo \"$*\" >&2; exit 1; }\n. \"$RECIPE\"; read_facts \"$BOARD\"";
    let read = |place: &std::path::Path, board: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-euc", script]).current_dir(place).env("BOARD", board);
        let done = bash.env("RECIPE", format!("{repository}/image/stage/facts.sh")).output();
        let done = done.unwrap();
        (done.status.success(), String::from_utf8(done.stderr).unwrap().trim().to_owned())
    };
    for board in boards() {
        let whole = fs::read_to_string(format!("{repository}/board/{board}/meta")).unwrap();
        for fact in asked_for(&file("image/stage/facts.sh")) {
            let place = tempfile::TempDir::new().unwrap();
            let folder = place.path().join("board").join(&board);
            fs::create_dir_all(&folder).unwrap();
            for file in ["cmdline.txt", "start-modules.txt", "modules.txt"] {
                fs::copy(format!("{repository}/board/{board}/{file}"), folder.join(file)).unwrap();
            }
            let lines = whole.lines().filter(|line| !line.starts_with(&format!("{fact}=")));
            fs::write(folder.join("meta"), lines.collect::<Vec<_>>().join("\n")).unwrap();
            let (read, said) = read(place.path(), &board);
            assert!(!read, "{board} without {fact}");
            assert_eq!(said, format!("board/{board}/meta does not say {fact}"));
        }
        assert!(read(std::path::Path::new(repository), &board).0, "{board} as it is");
    }
    let (read, said) = read(std::path::Path::new(repository), "toaster");
    assert!(!read && said.starts_with("no board 'toaster'; there are: "), "{said}");
}

/// Mirrors keep only the newest version of a package. The mirror here is made of two functions; all
/// else is the recipe's own.
#[test]
fn a_package_that_is_gone_from_the_mirror_is_resolved_anew_and_openly() {
    let folder = tempfile::TempDir::new().unwrap();
    let (lock, root) = (folder.path().join("lock"), folder.path().join("root"));
    fs::create_dir(&root).unwrap();
    for list in ["packages.txt", "dropped.txt"] {
        fs::write(root.join(list), "").unwrap();
    }
    let stand_in = "import os, sys\n\
        recipe = open('image/stage/packages.py').read()\n\
        body, end = recipe.rsplit('\\nmain()', 1)\n\
        exec(body)\n\
        class Apt:\n    def __init__(self, cache): pass\n\
        def resolve(*_): return ['image busybox 2.0 arm64 bb']\n\
        def fetch(_, lines, folder): return [line for line in lines if ' 1.0 ' in line]\n\
        main()\n";
    let run = |locked: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", stand_in]).arg(&lock).args(["cache", "debs"]).arg(&root);
        python.args(["linux-image", "none"]).env("LOCKED", locked);
        let done = python.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8(said).unwrap())
    };
    let (made, said) = run("");
    assert!(made, "{said}");
    let whole = fs::read_to_string(&lock).unwrap();
    assert!(whole.contains("busybox 2.0"), "{whole}");
    fs::write(&lock, whole.replace("2.0", "1.0")).unwrap();

    let (made, said) = run("1");
    assert!(!made && said.contains("busybox 1.0 is gone from the mirror"), "{said}");
    assert!(said.contains("run without LOCKED=1, and commit the lock"), "{said}");
    assert!(fs::read_to_string(&lock).unwrap().contains("busybox 1.0"), "it was left as it is");

    let (made, said) = run("");
    assert!(made, "{said}");
    for line in ["busybox 1.0 is gone from the mirror", ": - busybox 1.0", ": + busybox 2.0"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(fs::read_to_string(&lock).unwrap(), whole);
}

/// The package's unit is the box's, changed line by line: what the change does not find is a fault.
#[test]
fn the_packages_unit_is_made_of_the_boxes() {
    let made = |unit: &str| {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("credenza.service");
        fs::write(&path, unit).unwrap();
        let mut python = Command::new("python3");
        python.arg("image/package/unit.py").arg(path).current_dir(env!("CARGO_MANIFEST_DIR"));
        let done = python.output().unwrap();
        let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
        (done.status.success(), said)
    };
    let unit = file("image/rootfs/usr/lib/systemd/system/credenza.service");
    let (is_made, package) = made(&unit);
    assert!(is_made, "{package}");
    for line in ["StateDirectory=credenza", "RestartSec=1s", "NoNewPrivileges=yes"] {
        assert!(package.lines().any(|one| one == line), "{line}: {package}");
    }
    let (is_made, said) = made(&unit.replace("RestartSec=", "RestartSecond="));
    assert!(!is_made && said.contains("the box's unit has 0 times: RestartSec="), "{said}");
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
