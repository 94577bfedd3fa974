//! The disk for films: chosen, checked, gone and back, with recorded programs.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::rig::Rig;

fn plug(rig: &Rig, name: &str, device: &str, uuid: &str) {
    rig.write(&format!("sys/block/{name}/size"), "8192\n");
    rig.write(&format!("sys/block/{name}/ro"), "0\n");
    rig.write(&format!("sys/block/{name}/dev"), format!("{device}\n"));
    rig.write(&format!("sys/block/{name}/device/serial"), format!("{uuid}\n"));
    rig.write(&format!("dev/{name}"), vec![0; 4 << 20]);
    rig.write(&format!("sys/dev/block/{device}"), "");
    let holds = format!("ID_FS_TYPE=ext4\nID_FS_LABEL_ENC=credenza-ssd\nID_FS_UUID={uuid}\n");
    rig.write(&format!("blkid/{name}"), holds);
}

fn unplug(rig: &Rig, name: &str, device: &str) {
    std::fs::remove_dir_all(rig.path("sys/block").join(name)).unwrap();
    std::fs::remove_file(rig.path("sys/dev/block").join(device)).unwrap();
}

fn rig() -> Rig {
    let rig = Rig::new();
    // `mount` asks by the place of partitions; whole disks are asked here.
    let script = rig.read("usr/bin/mount").replace("block/*/", "block/");
    rig.write("usr/bin/mount", script);
    rig.run("prepare");
    rig
}

fn uuid(rig: &Rig) -> Option<String> {
    rig.done(&json!({"verb": "facts"}))["ssd"]["uuid"].as_str().map(str::to_owned)
}

#[test]
fn a_disk_is_gone_and_back_under_another_name() {
    let rig = rig();
    rig.run("adopt");
    assert_eq!(uuid(&rig), None);
    assert!(!rig.path("srv/ssd/credenza").exists(), "nothing is made in an empty mount point");

    plug(&rig, "sda", "8:0", "films");
    rig.run("adopt");
    assert_eq!(uuid(&rig).as_deref(), Some("films"));
    let options = "noatime,nosuid,nodev,noexec,errors=remount-ro";
    let mounted = format!("e2fsck -p /dev/sda\nmount -o {options} -t ext4 /dev/sda /srv/ssd\n");
    assert!(rig.calls().contains(&mounted), "{}", rig.calls());
    assert!(rig.path("srv/ssd/credenza").is_dir());

    unplug(&rig, "sda", "8:0");
    assert_eq!(uuid(&rig), None);
    for _ in 0..2 {
        rig.run("adopt");
        assert_eq!(rig.codes(), ["ssd_gone"]);
    }
    assert_eq!(rig.calls().matches("umount --lazy /srv/ssd\n").count(), 1);
    assert!(rig.notices()[0].1.contains("plug it in again"));

    plug(&rig, "sdb", "8:16", "films");
    rig.run("adopt");
    assert_eq!(uuid(&rig).as_deref(), Some("films"));
    assert_eq!(rig.notices(), []);
    // Called again by a second event: nothing happens.
    rig.run("adopt");
    assert_eq!(rig.calls().matches(" /dev/sdb /srv/ssd\n").count(), 1);
}

/// The event of its removal may never come.
#[test]
fn a_disk_that_comes_back_takes_the_place_of_what_it_left() {
    let rig = rig();
    plug(&rig, "sda", "8:0", "films");
    rig.run("adopt");
    unplug(&rig, "sda", "8:0");
    plug(&rig, "sdb", "8:16", "films");
    rig.run("adopt");
    assert!(rig.calls().contains("umount --lazy /srv/ssd\n"));
    assert_eq!(uuid(&rig).as_deref(), Some("films"));
}

#[test]
fn of_two_disks_the_one_used_last_is_taken() {
    let rig = rig();
    plug(&rig, "sda", "8:0", "one");
    plug(&rig, "sdb", "8:16", "two");
    rig.run("adopt");
    assert_eq!((uuid(&rig).as_deref(), rig.codes()), (Some("one"), vec!["ssd_two".to_owned()]));

    rig.write("data/system/ssd.json", "{\"uuid\":\"two\"}");
    rig.write("proc/self/mountinfo", "");
    rig.run("adopt");
    assert_eq!((uuid(&rig).as_deref(), rig.codes()), (Some("two"), vec![]));
}

#[test]
fn a_disk_with_faults_is_not_used_and_its_owner_is_told() {
    let rig = rig();
    plug(&rig, "sda", "8:0", "films");
    rig.tool("e2fsck", "exit 4");
    let output = rig.steward("adopt").output().unwrap();
    assert!(!output.status.success());
    assert_eq!((uuid(&rig), rig.codes()), (None, vec!["ssd_damaged".to_owned()]));
    assert!(rig.notices()[0].1.contains("copy what you need"), "{:?}", rig.notices());
    assert!(!rig.calls().contains("mke2fs") && !rig.path("srv/ssd/credenza").exists());
    rig.tool("e2fsck", "exit 1"); // mended
    rig.run("adopt");
    assert_eq!((uuid(&rig).as_deref(), rig.codes()), (Some("films"), vec![]));
}

/// What an adapter or a bad cable does: the kernel stops writing, and the owner is told.
#[test]
fn a_disk_that_takes_no_more_writes_is_told() {
    let rig = rig();
    plug(&rig, "sda", "8:0", "films");
    rig.run("adopt");
    let mounts = rig.read("proc/self/mountinfo");
    let at = mounts.find("8:0").unwrap();
    rig.write(
        "proc/self/mountinfo",
        mounts.clone()[..at].to_owned() + &mounts[at..].replace(" rw", " ro"),
    );
    let facts = rig.done(&json!({"verb": "facts"}));
    let notices = facts["notices"].as_array().unwrap();
    assert!(notices.iter().any(|notice| notice["code"] == "ssd_read_only"), "{notices:?}");
    assert_eq!(facts["ssd"]["uuid"], "films");
}

/// A disk that was prepared elsewhere leads root nowhere but to itself.
#[test]
fn a_link_on_the_disk_is_not_followed() {
    let rig = rig();
    std::os::unix::fs::symlink(rig.path("data/system"), rig.path("srv/ssd/credenza")).unwrap();
    std::fs::set_permissions(rig.path("data/system"), PermissionsExt::from_mode(0o755)).unwrap();
    plug(&rig, "sda", "8:0", "films");
    assert!(!rig.steward("adopt").output().unwrap().status.success());
    let mode = std::fs::metadata(rig.path("data/system")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert_eq!(rig.codes(), ["storage"]);
}

#[test]
fn a_disk_that_takes_no_trim_is_no_fault() {
    let rig = rig();
    rig.run("trim");
    assert!(!rig.calls().contains("fstrim"), "there is no disk");
    plug(&rig, "sda", "8:0", "films");
    rig.run("adopt");
    rig.tool("fstrim", "echo 'the discard operation is not supported' >&2; exit 1");
    rig.run("trim");
    assert!(rig.calls().ends_with("fstrim /srv/ssd\n"));
}
