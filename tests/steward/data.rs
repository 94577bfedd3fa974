//! The data partition that cannot be used, and the one that can, with recorded programs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::rig::{Change, Rig};

#[test]
fn a_sound_start_makes_everything_ready_and_says_nothing() {
    let rig = Rig::new();
    rig.run("prepare");
    assert_eq!(rig.notices(), [], "{}", rig.calls());
    let calls = rig.calls();
    let options = "noatime,lazytime,nosuid,nodev,noexec,commit=30,errors=remount-ro";
    assert!(calls.contains("e2fsck -p /card.img\n"), "{calls}");
    assert!(calls.contains(&format!("mount -o {options} -t ext4 /card.img /data\n")), "{calls}");
    assert!(calls.contains("mount -o ro,nosuid,nodev,noexec /card.img /boot/selector\n"));
    for folder in ["data/credenza", "data/system"] {
        let mode = fs::metadata(rig.path(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
    assert_eq!(rig.read("proc/sys/kernel/hostname"), "credenza");
    let mode = fs::metadata(rig.path("run/credenza/credenza.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // Once more, as systemd would after a crash: nothing is mounted twice.
    rig.run("prepare");
    assert_eq!(rig.calls().matches(" /data\n").count(), 1);
}

/// However the data partition fails: memory takes its place, a sentence says what to do, and all
/// other steps are done.
#[test]
fn each_fault_of_the_data_partition_ends_in_a_box_that_answers() {
    let faults: [(&str, &[&str], Change); 5] = [
        ("data_missing", &["no data partition", "flash the card anew"], |rig| {
            let card = rig.path("card.img").display().to_string();
            rig.start(&card, &card, "/nonexistent/p4");
        }),
        ("data_damaged", &["no file system of this box", "flash a card anew"], |rig| {
            rig.write("card.img", vec![0xA5; 64 << 10]);
        }),
        ("data_damaged", &["UNEXPECTED INCONSISTENCY", "flash a card anew"], |rig| {
            rig.tool("e2fsck", "echo 'UNEXPECTED INCONSISTENCY' >&2; exit 4");
        }),
        ("data_damaged", &["bad superblock", "flash a card anew"], |rig| {
            // Only memory can be mounted.
            rig.tool(
                "mount",
                "case $* in *tmpfs*) ;; *) echo 'bad superblock' >&2; exit 32 ;; esac",
            );
        }),
        ("card_read_only", &["takes no more writes", "flash another card"], |rig| {
            rig.write("sys/class/block/card.img/ro", "1\n");
        }),
    ];
    for (code, words, break_it) in faults {
        let rig = Rig::new();
        break_it(&rig);
        let before = fs::read(rig.path("card.img")).unwrap();
        rig.write("boot/selector/credenza.toml", "[lan]\nname = \"Den\"\n");
        rig.run("prepare");
        let notices = rig.notices();
        let (_, sentence) = notices.iter().find(|notice| notice.0 == code).unwrap_or_else(|| {
            panic!("{code}: {notices:?} {}", rig.calls());
        });
        assert!(words.iter().all(|word| sentence.contains(word)), "{sentence}");
        assert!(rig.calls().contains("-t tmpfs credenza-data /data\n"), "{}", rig.calls());
        assert_eq!(rig.read("proc/sys/kernel/hostname"), "den");
        assert!(rig.path("data/credenza").is_dir() && rig.path("data/system").is_dir());
        assert_eq!(fs::read(rig.path("card.img")).unwrap(), before, "{code}: it was written to");
        assert!(!rig.calls().contains("mke2fs"), "{}", rig.calls());
    }
}

/// What the kernel says of its mount does not tell that it failed.
#[test]
fn a_card_that_fails_while_the_box_runs_gives_way_to_memory() {
    let rig = Rig::new();
    rig.run("prepare");
    rig.run("look-again");
    assert_eq!(rig.notices(), [], "a sound card is left alone");
    assert!(!rig.calls().contains("umount"), "{}", rig.calls());
    // No write of a file comes through.
    fs::create_dir(rig.path("data/.written")).unwrap();
    rig.run("look-again");
    let notices = rig.notices();
    assert_eq!(rig.codes(), ["card_read_only"]);
    assert!(notices[0].1.contains("takes no more writes"), "{notices:?}");
    let calls = rig.calls();
    let (left, taken) =
        (calls.find("umount /data\n"), calls.find("-t tmpfs credenza-data /data\n"));
    assert!(left.is_some() && left < taken, "{calls}");
    // Once is enough: what lies in memory is not looked at.
    rig.run("look-again");
    assert_eq!(rig.calls().matches("credenza-data /data\n").count(), 1, "{}", rig.calls());
}

/// Growing is worth a notice, never a box without its state.
#[test]
fn a_partition_that_does_not_grow_is_used_as_it_is() {
    let rig = Rig::new();
    rig.tool("tune2fs", "echo 'no such luck' >&2; exit 1");
    rig.run("prepare");
    let notices = rig.notices();
    assert_eq!(rig.codes(), ["data_not_grown"]);
    assert!(notices[0].1.contains("no such luck"), "{notices:?}");
    assert!(rig.calls().contains(",errors=remount-ro -t ext4 /card.img /data\n"));
}

/// JESD84-B51, 7.4.64: by tenths of what it can take; 0x0B is beyond. Few SD cards tell of it.
#[test]
fn a_card_that_tells_of_its_end_is_to_be_replaced() {
    let rig = Rig::new();
    rig.run("prepare");
    for (said, is_told) in [
        ("0x01 0x02\n", false),
        ("0x09 0x00\n", false),
        ("0x00 0x0a\n", true),
        ("0x0b 0x01\n", true),
        ("0x0A\n", true),
        ("\n", false),
        ("worn\n", false),
    ] {
        rig.write("sys/block/mmcblk0/device/life_time", said);
        let facts = rig.done(&json!({"verb": "facts"}));
        let notices = facts["notices"].as_array().unwrap();
        let told = notices.iter().find(|notice| notice["code"] == "card_worn");
        assert_eq!(told.is_some(), is_told, "{said}: {notices:?}");
        assert!(told.is_none_or(|told| told["message"].as_str().unwrap().contains("another card")));
    }
}
