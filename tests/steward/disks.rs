//! Disks that could keep films: what is listed, what is never listed, and what consent is for.

use std::fs;

use serde_json::{Value, json};

use super::rig::{Change, Rig};
use crate::support::block::{self, Loop, Room};
use crate::support::skip;

/// A disk in the rig: what the kernel says of it, and a file in its place.
fn plug(rig: &Rig, name: &str, number: &str, serial: &str, bytes: &[u8]) {
    let at = |what: &str| format!("sys/block/{name}/{what}");
    rig.write(&at("size"), format!("{}\n", bytes.len() / 512));
    rig.write(&at("ro"), "0\n");
    rig.write(&at("dev"), format!("{number}\n"));
    rig.write(&at("device/vendor"), "ACME    \n");
    rig.write(&at("device/model"), "Disk 9000       \n");
    rig.write(&at("device/serial"), format!("{serial}\n"));
    rig.write(&format!("dev/{name}"), bytes);
    rig.write(&format!("sys/dev/block/{number}"), "");
}

fn partition(rig: &Rig, disk: &str, number: u32, device: &str, blkid: &str) {
    let name = format!("{disk}{number}");
    rig.write(&format!("sys/block/{disk}/{name}/partition"), format!("{number}\n"));
    rig.write(&format!("sys/block/{disk}/{name}/dev"), format!("{device}\n"));
    rig.write(&format!("sys/dev/block/{device}"), "");
    rig.write(&format!("dev/{name}"), "");
    rig.write(&format!("blkid/{name}"), blkid);
}

/// A card with an MBR of this signature.
fn with_signature(signature: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0; 4 << 20];
    bytes[440..444].copy_from_slice(&signature);
    bytes[510..512].copy_from_slice(&[0x55, 0xAA]);
    bytes
}

fn rig() -> Rig {
    let rig = Rig::new();
    let disk = rig.path("dev/mmcblk0").display().to_string();
    plug(&rig, "mmcblk0", "179:0", "system", &with_signature(*b"CRED"));
    let card = rig.path("card.img").display().to_string();
    rig.start(&disk, &card, &card);
    rig.run("prepare");
    rig
}

fn disks(rig: &Rig) -> Vec<Value> {
    rig.done(&json!({"verb": "disks"})).as_array().unwrap().clone()
}

fn format(disk: &Value) -> Value {
    json!({"verb": "format", "disk": disk["id"], "consent": disk["consent"]})
}

#[test]
fn disks_are_shown_with_what_they_hold() {
    let rig = rig();
    plug(&rig, "sda", "8:0", "A1 / 2", &vec![0; 4 << 20]);
    plug(&rig, "sdb", "8:16", "B", &vec![0; 4 << 20]);
    partition(&rig, "sdb", 1, "8:17", "ID_FS_TYPE=vfat\nID_FS_LABEL_ENC=EFI\n");
    partition(&rig, "sdb", 2, "8:18", "ID_FS_TYPE=ntfs\nID_FS_LABEL_ENC=My\\x20films\n");
    partition(&rig, "sdb", 10, "8:26", "");
    plug(&rig, "sdc", "8:32", "C", &vec![0x42; 2 << 20]);
    // None of these is a disk that could keep films.
    for (name, number) in [("loop0", "7:0"), ("sr0", "11:0"), ("zram0", "252:0"), ("ram0", "1:0")] {
        plug(&rig, name, number, name, &vec![0; 1 << 20]);
    }
    plug(&rig, "sdd", "8:48", "an empty card reader", b"");
    plug(&rig, "sde", "8:64", "locked", &vec![0; 1 << 20]);
    rig.write("sys/block/sde/ro", "1\n");

    let shown: Vec<_> = disks(&rig)
        .iter()
        .map(|disk| (disk["id"].clone(), disk["holds"].clone(), disk["bytes"].clone()))
        .collect();
    let wanted = [
        ("A1-2", "nothing", 4 << 20),
        ("B", "FAT \"EFI\", NTFS \"My films\", an unknown partition", 4 << 20),
        ("C", "something unknown", 2 << 20),
    ];
    assert_eq!(shown, wanted.map(|(id, holds, bytes)| (json!(id), json!(holds), json!(bytes))));
    assert_eq!(disks(&rig)[0]["model"], "ACME Disk 9000");
}

/// The names of two disks changed places: what was called `mmcblk0` when the steward was told of it
/// is another disk now, and the system's is called `vda`. Once, only mke2fs's own check of what is
/// mounted kept a trial from formatting the system.
#[test]
fn the_systems_disk_is_no_choice_whatever_it_is_called() {
    let rig = rig();
    plug(&rig, "vda", "254:0", "other", &with_signature(*b"CRED"));
    plug(&rig, "vdb", "254:16", "store", &with_signature(*b"ELSE"));
    let shown = disks(&rig);
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["id"], "store");
    for id in ["other", "system"] {
        let verb = json!({"verb": "format", "disk": id, "consent": shown[0]["consent"]});
        assert_eq!(rig.refused(&verb).0, "no_disk");
    }
    // Not even known what the system's disk is: then no disk is safe to show.
    rig.start("/nonexistent/disk", "/nonexistent/p1", "/nonexistent/p4");
    let (code, sentence) = rig.refused(&json!({"verb": "disks"}));
    assert!(code == "no_system_disk" && sentence.contains("start it anew"), "{sentence}");
}

#[test]
fn consent_is_for_one_disk_as_it_was_shown() {
    let changes: [(&str, Change); 5] = [
        ("something was written on it", |rig| {
            rig.write("blkid/sda1", "ID_FS_TYPE=ext4\nID_FS_LABEL_ENC=photos\n");
        }),
        ("it has another size", |rig| rig.write("sys/block/sda/size", "4096\n")),
        ("another start", |rig| rig.write("proc/sys/kernel/random/boot_id", "the next\n")),
        ("it was unplugged and plugged in", |rig| rig.write("sys/block/sda/diskseq", "9\n")),
        ("the same label on another file system", |rig| {
            rig.write("blkid/sda1", "ID_FS_TYPE=ntfs\nID_FS_UUID=2\n");
        }),
    ];
    for (what, change) in changes {
        let rig = rig();
        plug(&rig, "sda", "8:0", "A", &vec![0; 4 << 20]);
        partition(&rig, "sda", 1, "8:1", "ID_FS_TYPE=ntfs\nID_FS_UUID=1\n");
        plug(&rig, "sdb", "8:16", "B", &vec![0; 4 << 20]);
        let shown = disks(&rig);
        let swapped =
            json!({"verb": "format", "disk": shown[0]["id"], "consent": shown[1]["consent"]});
        assert_eq!(rig.refused(&swapped).0, "disk_changed");
        change(&rig);
        let (code, sentence) = rig.refused(&format(&shown[0]));
        assert_eq!(code, "disk_changed", "{what}");
        assert!(sentence.contains("look at it again"), "{sentence}");
        assert!(!rig.calls().contains("wipefs") && !rig.calls().contains("mke2fs"), "{what}");
    }
}

#[test]
fn a_disk_in_use_stays_as_it_is() {
    let rig = rig();
    plug(&rig, "sda", "8:0", "A", &vec![0; 4 << 20]);
    partition(&rig, "sda", 1, "8:1", "ID_FS_TYPE=ext4\n");
    plug(&rig, "sdb", "8:16", "B", &vec![0; 4 << 20]);
    rig.write("sys/block/sdb/holders/dm-0", "");
    rig.write("proc/self/mountinfo", "1 1 8:1 / /mnt/a rw - ext4 x rw\n");
    for (disk, words) in disks(&rig).iter().zip(["mounted at /mnt/a", "another volume"]) {
        let (code, sentence) = rig.refused(&format(disk));
        assert!(code == "disk_in_use" && sentence.contains(words), "{sentence}");
    }
    assert!(!rig.calls().contains("wipefs"));
}

#[test]
fn two_disks_that_call_themselves_the_same_are_told_apart() {
    let rig = rig();
    for (name, number) in [("sda", "8:0"), ("sdb", "8:16")] {
        plug(&rig, name, number, "0123456789ABCDE", &vec![0; 4 << 20]);
    }
    let shown = disks(&rig);
    assert_eq!(shown[0]["id"], "0123456789ABCDE@sda");
    assert_eq!(shown[1]["id"], "0123456789ABCDE@sdb");
    assert_ne!(shown[0]["consent"], shown[1]["consent"]);
}

/// A real disk, in the view of the steward that answers.
struct Real {
    rig: Rig,
    room: Room,
    disk: Loop,
}

impl Real {
    fn new() -> Self {
        let rig = Rig::bare();
        let system = rig.path("system.img");
        fs::write(&system, with_signature(*b"CRED")).unwrap();
        let system = system.display().to_string();
        rig.start(&system, &system, &system);
        fs::create_dir_all(rig.path("data/system")).unwrap();
        let image = rig.path("ssd.img");
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        let disk = Loop::of(&image);
        let link = |from: String, to: &str| {
            std::os::unix::fs::symlink(from, rig.path(to)).unwrap();
        };
        link(disk.node.clone(), "dev/sda");
        link(disk.part(1), &format!("dev/{}p1", disk.name()));
        link(format!("/sys/block/{}", disk.name()), "sys/block/sda");
        link("/sys/dev".to_owned(), "sys/dev");
        link("/sys/class/block".to_owned(), "sys/class/block");
        let program = env!("CARGO_BIN_EXE_credenza");
        let adopt = format!("exec {program} steward --root \"$root\" adopt");
        rig.tool("systemctl", &format!("case $* in *credenza-ssd.service) {adopt} ;; esac"));
        Self { rig, room: Room::new(), disk }
    }

    fn ask(&self, verb: &Value) -> Value {
        let mut command = self.room.inside(&self.rig.steward("answer"));
        super::rig::ask(&mut command, verb).pop().unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        block::run("sync", &[]);
        fs::read(self.rig.path("ssd.img")).unwrap()
    }
}

#[test]
fn a_foreign_disk_is_not_touched_before_the_owner_agrees_and_used_after() {
    if let Some(reason) = block::missing() {
        return skip(reason);
    }
    let real = Real::new();
    block::table(&real.rig.path("ssd.img"), "label: dos\nstart=2048,size=65536,type=83\n");
    real.disk.reread();
    block::run("mke2fs", &["-q", "-t", "ext4", "-L", "photos", &real.disk.part(1)]);
    // With a journal that would be played back by whoever mounts it carelessly.
    let before = real.bytes();

    let adopt = real.room.inside(&real.rig.steward("adopt")).output().unwrap();
    super::rig::well(&adopt);
    let shown = real.ask(&json!({"verb": "disks"}))["done"][0].clone();
    assert_eq!(shown["holds"], "ext4 \"photos\"");
    assert!(real.bytes() == before, "listing wrote to the disk");

    let done = real.ask(&format(&shown));
    let ssd = &done["done"];
    assert!(ssd["uuid"].as_str().is_some_and(|uuid| uuid.len() == 36), "{done}");
    assert!(ssd["free_bytes"].as_u64().unwrap() > 40 << 20, "{done}");
    assert!(real.room.seen(&real.rig.path("srv/ssd/credenza")).is_dir());
    assert!(!real.rig.path("srv/ssd/credenza").exists(), "the mount point itself stays empty");
    let table = block::run("sfdisk", &["--dump", &real.disk.node]);
    assert!(table.contains("label: gpt") && table.matches("start=").count() == 1, "{table}");
    let part = block::run("blkid", &["-p", "-o", "udev", &real.disk.part(1)]);
    assert!(part.contains("ID_FS_LABEL=credenza-ssd") && part.contains("ID_FS_BLOCK_SIZE=4096"));
    let shown = real.ask(&json!({"verb": "disks"}))["done"][0].clone();
    assert_eq!(shown["ours"], true);
    let refused = real.ask(&format(&shown));
    assert_eq!(refused["refused"]["code"], "disk_in_use", "{refused}");
}

/// A disk with nothing on it at all, as it comes from the shop.
#[test]
fn a_blank_disk_is_formatted() {
    if let Some(reason) = block::missing() {
        return skip(reason);
    }
    let real = Real::new();
    let shown = real.ask(&json!({"verb": "disks"}))["done"][0].clone();
    assert_eq!(shown["holds"], "nothing");
    assert!(real.ask(&format(&shown))["done"]["uuid"].is_string());
    super::rig::well(&real.room.inside(&real.rig.steward("trim")).output().unwrap());
}

/// A stick with updates: named, read, and not a byte of it changed.
#[test]
fn updates_on_a_stick_are_found() {
    if let Some(reason) = block::missing() {
        return skip(reason);
    }
    let real = Real::new();
    let folder = real.rig.path("stick");
    let good = "credenza-qemu-0.2.0.bundle";
    real.rig.write(&format!("stick/{good}"), "no bundle at all");
    real.rig.write("stick/film.mkv", "");
    real.rig.write("stick/below/credenza-qemu-9.bundle", "");
    std::os::unix::fs::symlink("/etc/passwd", folder.join("credenza-link-1.bundle")).unwrap();
    let arguments = ["-q", "-t", "ext4", "-d", &folder.display().to_string(), &real.disk.node];
    block::run("mke2fs", &arguments);
    let before = real.bytes();
    let shown = real.ask(&json!({"verb": "disks"}))["done"][0].clone();
    assert_eq!(shown["bundles"], json!(["credenza-link-1.bundle", good]));
    let install = |name: &str| {
        let verb = json!({"verb": "install_from_disk", "disk": shown["id"], "name": name});
        real.ask(&verb)["refused"]["code"].as_str().unwrap().to_owned()
    };
    // What the slots say of it is theirs; that they were asked is ours.
    assert!(install(good) != "no_bundle" && install(good) != "no_disk");
    for name in ["credenza-link-1.bundle", "credenza-gone-1.bundle", "../etc/passwd", "film.mkv"] {
        assert_eq!(install(name), "no_bundle", "{name}");
    }
    assert!(real.bytes() == before, "the stick was written to");
}
