//! The data partition of a real card: four partitions on a loop device, with the real programs of
//! Debian, in a view of the mounts that ends with the test. p1 is ext4 here, as not every kernel
//! that runs tests knows FAT.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use serde_json::json;

use super::rig::{self, Rig};
use crate::support::block::{self, Loop, Room};
use crate::support::skip;

const MIB: u64 = 1 << 20;

struct Card {
    rig: Rig,
    room: Room,
    disk: Loop,
}

impl Card {
    /// A card of 160 MiB whose image ends after 85.
    fn new() -> Self {
        let rig = Rig::bare();
        let image = rig.path("card.img");
        fs::File::create(&image).unwrap().set_len(160 * MIB).unwrap();
        block::table(
            &image,
            "label: dos\nlabel-id: 0x43524544\nstart=2048,size=32768,type=e\n\
             start=34816,size=32768,type=c\nstart=67584,size=32768,type=c\n\
             start=100352,size=65536,type=83\n",
        );
        let disk = Loop::of(&image);
        block::run("mke2fs", &["-q", "-t", "ext4", &disk.part(1)]);
        let resize = ["-q", "-t", "ext4", "-b", "4096", "-m", "50", "-E", "resize=4194304"];
        block::run("mke2fs", &[&resize[..], &[&disk.part(4)]].concat());
        rig.start(&disk.node, &disk.part(1), &disk.part(4));
        for folder in ["class", "dev"] {
            let real = format!("/sys/{folder}");
            let _ = fs::remove_dir_all(rig.path("sys").join(folder));
            std::os::unix::fs::symlink(real, rig.path("sys").join(folder)).unwrap();
        }
        // The kernel's own view of the mounts, not a file's.
        let card = Self { rig, room: Room::new(), disk };
        card.rig.tool("systemctl", "");
        card
    }

    fn prepare(&self) {
        let mut command = self.room.inside(&self.rig.steward("prepare"));
        rig::well(&command.output().unwrap());
    }

    fn codes(&self) -> Vec<String> {
        self.rig.codes()
    }

    fn facts(&self) -> serde_json::Value {
        let mut command = self.room.inside(&self.rig.steward("answer"));
        let answers = rig::ask(&mut command, &json!({"verb": "facts"}));
        answers.last().unwrap()["done"].clone()
    }

    /// What lies at `path` as the steward sees it, below what it mounted.
    fn seen(&self, path: &str) -> std::path::PathBuf {
        self.room.seen(&self.rig.path(path))
    }

    /// The next start, with a card that takes no writes.
    fn lock(&mut self) {
        self.start_anew();
        self.disk = Loop::read_only(&self.rig.path("card.img"));
        self.rig.start(&self.disk.node, &self.disk.part(1), &self.disk.part(4));
    }

    /// The same with what reached the card before its power was pulled.
    fn lose_power(&mut self) {
        let image = self.rig.path("card.img");
        let cut = self.rig.path("cut.img");
        fs::copy(&image, &cut).unwrap();
        self.start_anew();
        self.disk = Loop::read_only(&cut);
        self.rig.start(&self.disk.node, &self.disk.part(1), &self.disk.part(4));
    }

    /// The next start: nothing is mounted, and what lay in memory is gone.
    fn start_anew(&mut self) {
        self.room = Room::new();
    }
}

fn missing() -> Option<&'static str> {
    block::missing()
}

fn dumpe2fs(device: &str, wanted: &str) -> String {
    let output = Command::new("dumpe2fs").args(["-h", device]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(wanted)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {wanted}: {text}")).trim().to_owned()
}

#[test]
fn the_data_partition_grows_to_the_end_of_the_card_once() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut card = Card::new();
    card.prepare();
    assert_eq!(card.rig.notices(), []);
    assert_eq!(card.facts()["data"], "kept");
    fs::write(card.seen("data/credenza/state.redb"), "the owner").unwrap();
    card.start_anew();

    let end = 160 * MIB / 512;
    assert_eq!(card.disk.number(4, "start") + card.disk.number(4, "size"), end);
    let blocks: u64 = dumpe2fs(&card.disk.part(4), "Block count").parse().unwrap();
    assert_eq!(blocks * 4096, (end - 100_352) * 512);
    assert_eq!(dumpe2fs(&card.disk.part(4), "Reserved block count"), "3552", "an eighth");
    assert_eq!(dumpe2fs(&card.disk.part(4), "Filesystem state"), "clean");
    block::run("e2fsck", &["-f", "-n", &card.disk.part(4)]);

    let table = |card: &Card| {
        let mut bytes = [0; 512];
        fs::File::open(&card.disk.node).unwrap().read_exact_at(&mut bytes, 0).unwrap();
        bytes
    };
    let before = table(&card);
    assert_eq!(before[440..444], [0x44, 0x45, 0x52, 0x43], "the card keeps its signature");
    // Not written a second time: this is called at each start.
    card.rig.tool("sfdisk", "exit 1");
    card.prepare();
    assert_eq!(card.rig.notices(), []);
    assert_eq!(fs::read_to_string(card.seen("data/credenza/state.redb")).unwrap(), "the owner");
    assert_eq!(table(&card), before);
}

#[test]
fn a_partition_of_junk_is_left_as_it_is() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let card = Card::new();
    let junk: Vec<u8> = (0..32 * MIB).map(|at| (at % 251) as u8).collect();
    fs::write(card.disk.part(4), &junk).unwrap();
    card.prepare();
    assert_eq!(card.codes(), ["data_damaged"]);
    assert_eq!(card.facts()["data"], "volatile");
    assert!(card.seen("data/credenza").is_dir());
    assert!(fs::read(card.disk.part(4)).unwrap() == junk, "it was written to");
    assert_eq!(card.disk.number(4, "size"), 65536, "and it did not grow");
}

/// Worn-out cards do this. The box answers, with its owner, and says that the card must go.
#[test]
fn a_card_that_takes_no_writes_runs_from_a_copy() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut card = Card::new();
    card.prepare();
    fs::write(card.seen("data/credenza/state.redb"), "the owner").unwrap();
    fs::create_dir(card.seen("data/credenza/library")).unwrap();
    fs::write(card.seen("data/credenza/library/film.mkv"), "a film").unwrap();
    card.lock();
    card.prepare();
    assert_eq!(card.codes(), ["card_read_only"]);
    assert!(card.rig.notices()[0].1.contains("copy in memory"));
    assert_eq!(card.facts()["data"], "read_only");
    let state = card.seen("data/credenza/state.redb");
    assert_eq!(fs::read_to_string(&state).unwrap(), "the owner");
    fs::write(&state, "changed").unwrap();
    assert!(!card.seen("data/credenza/library").exists(), "films are not state");
}

/// What is in the journal alone cannot be had without playing it back, and that is a write: it goes
/// to memory. Where the kernel cannot do that, a torn copy is worse than none.
#[test]
fn a_card_that_lost_its_power_and_takes_no_writes_gives_all_or_nothing() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut card = Card::new();
    card.prepare();
    for number in 0..200 {
        fs::write(card.seen(&format!("data/credenza/note-{number}")), "before").unwrap();
    }
    fs::write(card.seen("data/credenza/state.redb"), "the owner").unwrap();
    block::run("sync", &["-f", &card.seen("data/credenza").display().to_string()]);
    card.lose_power();
    let waits = dumpe2fs(&card.disk.part(4), "Filesystem features");
    assert!(waits.contains("needs_recovery"), "the case is none: {waits}");
    card.prepare();
    assert_eq!(card.codes(), ["card_read_only"]);
    let state = fs::read_to_string(card.seen("data/credenza/state.redb"));
    if fs::read_to_string("/proc/misc").unwrap().contains("device-mapper") {
        assert_eq!(state.unwrap(), "the owner");
        let notes = fs::read_dir(card.seen("data/credenza")).unwrap().count();
        assert_eq!(notes, 201);
    } else {
        assert_eq!(state.unwrap_err().kind(), std::io::ErrorKind::NotFound);
        assert!(card.rig.notices()[0].1.contains("starts as new"));
    }
}

/// The journal of a card that lost its power is played back; what is beyond that is told.
#[test]
fn a_damaged_file_system_is_told_and_kept() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let card = Card::new();
    let file = fs::OpenOptions::new().write(true).open(card.disk.part(4)).unwrap();
    // The group descriptors and the inode table.
    file.write_all_at(&vec![0xFF; 256 << 10], 4096).unwrap();
    file.sync_all().unwrap();
    card.prepare();
    let notices = card.rig.notices();
    assert!(notices.iter().any(|notice| notice.0 == "data_damaged"), "{notices:?}");
    assert_eq!(card.facts()["data"], "volatile");
    assert!(card.seen("data/credenza").is_dir());
    assert!(!card.rig.calls().contains("mke2fs"));
}

/// A box without a clock of its own starts in 1970: a file system from the future is no fault.
#[test]
fn a_file_system_from_the_future_is_sound() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut card = Card::new();
    card.prepare();
    card.start_anew();
    for time in ["mtime", "wtime", "lastcheck"] {
        let set = format!("set_super_value {time} 20370101");
        block::run("debugfs", &["-w", "-R", &set, &card.disk.part(4)]);
    }
    card.prepare();
    assert_eq!(card.rig.notices(), []);
    assert_eq!(card.facts()["data"], "kept");
}

#[test]
fn a_full_partition_is_told_and_root_still_writes() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut card = Card::new();
    card.prepare();
    let fill = card.seen("data/credenza/fill");
    block::run("fallocate", &["-l", "96M", &fill.display().to_string()]);
    fs::write(card.seen("boot/selector/x"), "").unwrap_err(); // it is mounted to be read
    let told = |card: &Card| -> Vec<String> {
        let facts = card.facts();
        let full = |notice: &&serde_json::Value| notice["code"] == "data_full";
        let told = facts["notices"].as_array().unwrap().iter().filter(full);
        told.map(|notice| notice["message"].as_str().unwrap().to_owned()).collect()
    };
    // While it runs; not once a start alone.
    assert_eq!(told(&card).len(), 1, "{}", card.facts());
    card.start_anew();
    card.prepare();
    assert_eq!(told(&card).len(), 1, "once: {}", card.facts());
    assert!(told(&card)[0].contains("remove films"), "{:?}", told(&card));
    fs::write(card.seen("data/system/clock"), vec![0; 1 << 20]).unwrap();
    // Room again: nothing to tell.
    fs::remove_file(card.seen("data/credenza/fill")).unwrap();
    assert_eq!(told(&card), [""; 0]);
}
