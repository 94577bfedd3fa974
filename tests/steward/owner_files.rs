//! Files by which the one who holds the card proves it: `reset-owner` and `debug-key.pub`.

use super::rig::Rig;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEqhZ0kXl1p4sYx9bSE2N8m7pXo3Pq3K4uWv5y6z7A8B me\n";

#[test]
fn the_owner_is_reset_once() {
    let rig = Rig::new();
    rig.write("boot/selector/reset-owner", "");
    rig.run("prepare");
    assert_eq!(rig.notices(), []);
    assert!(rig.path("data/credenza/reset-owner").exists());
    assert!(!rig.path("boot/selector/reset-owner").exists());
    let calls = rig.calls();
    assert!(calls.contains("mount -o remount,rw /boot/selector\n"), "{calls}");
    assert!(calls.ends_with("mount -o remount,ro /boot/selector\n"), "{calls}");

    std::fs::remove_file(rig.path("data/credenza/reset-owner")).unwrap();
    rig.run("prepare");
    assert!(!rig.path("data/credenza/reset-owner").exists());
}

/// A card with its write lock on must not make a box that is nobody's at each start.
#[test]
fn a_file_that_cannot_be_removed_resets_once_all_the_same() {
    let rig = Rig::new();
    rig.write("boot/selector/reset-owner.txt", "");
    let script = rig.read("usr/bin/mount").replace("remount*) exit 0", "remount*) exit 32");
    rig.write("usr/bin/mount", script);
    for start in 0..2 {
        rig.run("prepare");
        assert_eq!(rig.codes(), ["reset_file_stays"]);
        assert_eq!(rig.path("data/credenza/reset-owner").exists(), start == 0);
        let _ = std::fs::remove_file(rig.path("data/credenza/reset-owner"));
    }
}

#[test]
fn a_debug_key_is_good_for_24_hours_over_all_starts() {
    let rig = Rig::new();
    let door = "run/credenza/debug/authorized_keys";
    rig.write("boot/selector/debug-key.pub", KEY);
    rig.run("prepare");
    assert_eq!(rig.codes(), ["debug_key"]);
    assert_eq!(rig.read(door), KEY);

    rig.write("proc/uptime", "72000.5 1.0\n"); // 20 hours
    rig.run("debug-key");
    assert_eq!(rig.read(door), KEY);

    std::fs::remove_dir_all(rig.path("run/credenza/debug")).unwrap(); // as a new start would
    rig.write("proc/uptime", "10.0 1.0\n");
    rig.run("prepare");
    assert_eq!(rig.read(door), KEY);
    rig.write("proc/uptime", "14399.0 1.0\n");
    rig.run("debug-key");
    assert_eq!(rig.read(door), KEY);
    rig.write("proc/uptime", "14401.0 1.0\n");
    rig.run("debug-key");
    assert!(!rig.path("run/credenza/debug").exists());
    assert!(rig.calls().ends_with("systemctl --no-block stop credenza-debug.service\n"));
    assert!(rig.notices()[0].1.contains("are over"), "{:?}", rig.notices());

    rig.run("prepare");
    assert!(!rig.path("run/credenza/debug").exists());
    assert!(rig.notices()[0].1.contains("are over"));

    // A start without the file, and the card was in somebody's hand again.
    std::fs::rename(rig.path("boot/selector/debug-key.pub"), rig.path("key")).unwrap();
    rig.run("prepare");
    assert_eq!(rig.notices(), []);
    std::fs::rename(rig.path("key"), rig.path("boot/selector/debug-key.pub")).unwrap();
    rig.run("prepare");
    assert_eq!(rig.read(door), KEY);
}

#[test]
fn what_is_no_key_opens_nothing() {
    for text in ["", "hello\n", "command=\"reboot\" ssh-ed25519 AAAA\n", "-----BEGIN KEY-----\n"] {
        let rig = Rig::new();
        rig.write("boot/selector/debug-key.pub", text);
        rig.run("prepare");
        assert_eq!(rig.codes(), ["bad_debug_key"], "{text}");
        assert!(!rig.path("run/credenza/debug").exists(), "{text}");
    }
}
