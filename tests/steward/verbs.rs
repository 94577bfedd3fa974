//! The protocol: what every verb has in common.

use std::fs::{self, File};

use serde_json::json;

use super::rig::{Rig, refusal};

#[test]
fn the_facts_of_a_box() {
    let rig = Rig::new();
    rig.write("boot/selector/credenza.toml", "x = 1\n");
    rig.run("prepare");
    let facts = rig.done(&json!({"verb": "facts"}));
    for (key, wanted) in [
        ("board", json!("qemu")),
        ("name", json!("a virtual box")),
        ("version", json!("0.1.0")),
        ("counter", json!(1)),
        ("running", json!("a")),
        ("data", json!("kept")),
        ("ssd", json!(null)),
        ("access_point", json!(null)),
    ] {
        assert_eq!(facts[key], wanted, "{key}");
    }
    assert_eq!(facts["notices"][0]["code"], "bad_configuration");
}

#[test]
fn where_the_state_lies_is_among_the_facts() {
    for (mounted, wanted, notice) in [
        ("1 1 0:9 / ROOT/data rw - ext4 x rw", "kept", false),
        ("1 1 0:9 / ROOT/data rw - ext4 x ro", "read_only", true),
        ("1 1 0:9 / ROOT/data rw - tmpfs x rw", "volatile", false),
        ("", "volatile", false),
    ] {
        let rig = Rig::new();
        rig.run("prepare");
        let root = rig.root().display().to_string();
        rig.write("proc/self/mountinfo", mounted.replace("ROOT", &root));
        let facts = rig.done(&json!({"verb": "facts"}));
        assert_eq!(facts["data"], wanted);
        let notices = facts["notices"].as_array().unwrap();
        let told = notices.iter().any(|notice| notice["code"] == "card_read_only");
        assert_eq!(told, notice, "{notices:?}");
    }
}

/// Linux 6.12 says `rw` of an ext4 that stopped writing; that it took an error is in sysfs.
#[test]
fn a_card_that_took_a_fault_is_told_of_before_anything_is_lost() {
    let rig = Rig::new();
    rig.run("prepare");
    let root = rig.root().display().to_string();
    rig.write("proc/self/mountinfo", format!("1 1 179:4 / {root}/data rw - ext4 x rw"));
    fs::create_dir_all(rig.path("sys/dev/block")).unwrap();
    let disk = "../../devices/mmc_host/mmcblk0/mmcblk0p4";
    std::os::unix::fs::symlink(disk, rig.path("sys/dev/block/179:4")).unwrap();
    for (count, wanted) in [("0\n", "kept"), ("2\n", "read_only")] {
        rig.write("sys/fs/ext4/mmcblk0p4/errors_count", count);
        let facts = rig.done(&json!({"verb": "facts"}));
        assert_eq!(facts["data"], wanted);
        let told = facts["notices"].to_string().contains("card_read_only");
        assert_eq!(told, wanted == "read_only", "{facts}");
    }
}

/// A start takes a while to reach a time server; after that it is worth a word, until one answered.
#[test]
fn a_clock_that_nobody_set_is_told_until_somebody_did() {
    let rig = Rig::new();
    rig.run("prepare");
    let told = || {
        let facts = rig.done(&json!({"verb": "facts"}));
        let notices = facts["notices"].as_array().unwrap().clone();
        notices.into_iter().find(|notice| notice["code"] == "clock_unset")
    };
    assert_eq!(told(), None, "ten seconds after the start");
    rig.write("proc/uptime", "60.00 50.00\n");
    let message = told().expect("a notice")["message"].to_string();
    assert!(message.contains("GMT") && message.contains("connect the box"), "{message}");
    rig.write("run/systemd/timesync/synchronized", "");
    assert_eq!(told(), None, "a time server has answered");
}

/// The answer is out before the box goes down: who asked is a page in a browser.
#[test]
fn a_start_anew_is_answered_first() {
    for (verb, call) in [("reboot", "reboot"), ("power_off", "poweroff")] {
        let rig = Rig::new();
        rig.run("prepare");
        assert_eq!(rig.ask(&json!({"verb": verb})), [json!({"done": null})]);
        assert!(rig.calls().ends_with(&format!("systemctl --no-block {call}\n")));
    }
}

#[test]
fn one_change_at_a_time() {
    let rig = Rig::new();
    rig.run("prepare");
    let lock = File::create(rig.path("run/credenza/change.lock")).unwrap();
    lock.lock().unwrap();
    let (code, sentence) = rig.refused(&json!({"verb": "reboot"}));
    assert!(code == "busy" && sentence.contains("try again"), "{sentence}");
    assert!(!rig.calls().contains("reboot"));
    rig.done(&json!({"verb": "facts"})); // looking is free
    drop(lock);
    rig.done(&json!({"verb": "reboot"}));
}

#[test]
fn nothing_but_the_verbs_is_done_and_nothing_is_repeated() {
    let rig = Rig::new();
    rig.run("prepare");
    let before = rig.calls();
    for line in [
        json!({"verb": "shell", "command": "id"}),
        json!({"verb": "join_wifi", "ssid": "Home", "password": ["swordfish"], "country": "GB"}),
        json!("reboot"),
        json!(null),
        json!("x".repeat(9 << 10)),
    ] {
        let answers = rig.ask(&line);
        let (code, sentence) = refusal(&answers[0]);
        assert_eq!((answers.len(), code.as_str()), (1, "bad_verb"));
        assert!(!sentence.contains("swordfish"), "{sentence}");
    }
    assert_eq!(rig.calls(), before);
}

#[test]
fn a_folder_that_is_no_box_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::bare();
    for (root, words) in [
        (folder.path(), "this is no Credenza box"),
        (rig.root(), "run/credenza/start.toml cannot be read"),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_credenza"));
        let output = command.args(["steward", "--root"]).arg(root).arg("prepare").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{said}");
    }
}
