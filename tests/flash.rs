//! `just flash`: the image onto a card, for somebody who is not root and has a user's PATH. The card
//! is a loop device; `sudo` and `id` are stand-ins where a user's way is tried.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::block::{Loop, missing, run};
use crate::support::process::finish;
use crate::support::{has, skip};

const LIMIT: Duration = Duration::from_secs(120);
const MIB: usize = 1 << 20;

/// One that is not like the next.
fn sector(number: usize) -> [u8; 512] {
    [number.to_le_bytes()[0]; 512]
}

/// A folder as a build leaves it, with an image of some megabytes; and a card.
struct Desk {
    folder: TempDir,
    image: Vec<u8>,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let image: Vec<u8> = (0..4 * MIB / 512).flat_map(sector).collect();
        let name = folder.path().join("credenza-qemu-0.0.1.img");
        fs::write(&name, &image).unwrap();
        let name = name.display().to_string();
        run("xz", &["-0", &name]);
        let said = run("sha256sum", &[&format!("{name}.xz")]);
        let sum = said.split(' ').next().unwrap();
        fs::write(format!("{name}.xz.sha256"), format!("{sum}  credenza-qemu-0.0.1.img.xz\n"))
            .unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        Self { folder, image }
    }

    /// A file of `bytes` that has never been written, to be a card.
    fn blank(&self, bytes: usize) -> std::path::PathBuf {
        let path = self.folder.path().join("card");
        fs::write(&path, vec![0xa5; bytes]).unwrap();
        path
    }

    /// A program in the place of another, first in the PATH.
    fn stand_in(&self, name: &str, script: &str) {
        let path = self.folder.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs it and types `answer`; what it said, or the sentence that it ended with.
    fn flash(&self, device: &str, answer: &str) -> Result<String, String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("image/flash.sh");
        let typed = format!("printf '{answer}' | '{}' qemu '{device}'", script.display());
        let mut command = Command::new("/bin/bash");
        command.args(["-o", "pipefail", "-c", &typed]).env("OUT", self.folder.path());
        // What Debian gives a user: no /usr/sbin.
        let own = self.folder.path().join("bin");
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", own.display()));
        finish(&mut command, LIMIT).map(|ended| ended.text())
    }
}

/// Whether this machine can try it; says so where not.
fn can() -> bool {
    let reason = missing().or((!has("xz") || !has("lsblk")).then_some("needs xz-utils"));
    if let Some(reason) = reason {
        skip(reason);
    }
    reason.is_none()
}

#[test]
fn the_image_is_on_the_card_after_its_name_was_typed() {
    if !can() {
        return;
    }
    let desk = Desk::new();
    let file = desk.blank(6 * MIB);
    let card = Loop::of(&file);
    let said = desk.flash(&card.node, &format!("{}\\n", card.node)).unwrap();
    assert!(said.contains("holds credenza-qemu-0.0.1.img.xz"), "{said}");
    assert!(fs::read(&file).unwrap()[..desk.image.len()] == desk.image[..], "other bytes");
}

#[test]
fn a_user_is_asked_for_root_where_the_card_is_touched_alone() {
    if !can() {
        return;
    }
    let desk = Desk::new();
    let log = desk.folder.path().join("sudo.log");
    desk.stand_in("id", "echo 1000");
    desk.stand_in("sudo", &format!("echo \"$1\" >>'{}'; exec \"$@\"", log.display()));
    let file = desk.blank(6 * MIB);
    let card = Loop::of(&file);
    desk.flash(&card.node, &format!("{}\\n", card.node)).unwrap();
    assert!(fs::read(&file).unwrap()[..desk.image.len()] == desk.image[..], "other bytes");
    let asked = fs::read_to_string(log).unwrap();
    assert!(asked.lines().all(|program| program == "dd"), "root was asked for: {asked}");
    assert_eq!(asked.lines().count(), 2, "once to write, once to read back: {asked}");
}

#[test]
fn what_is_no_card_or_was_not_meant_is_left_alone() {
    if !can() {
        return;
    }
    let desk = Desk::new();
    for (bytes, answer, sentence) in [
        (6 * MIB, "/dev/other\\n", "not confirmed; nothing was written"),
        (6 * MIB, "", "not confirmed; nothing was written"),
        (2 * MIB, "CARD\\n", "take a larger card"),
    ] {
        let file = desk.blank(bytes);
        let card = Loop::of(&file);
        let said = desk.flash(&card.node, &answer.replace("CARD", &card.node)).unwrap_err();
        assert!(said.contains(sentence), "{sentence}: {said}");
        drop(card);
        assert!(fs::read(&file).unwrap().iter().all(|byte| *byte == 0xa5), "{sentence}");
    }
    let file = desk.blank(MIB).display().to_string();
    let said = desk.flash(&file, "").unwrap_err();
    assert!(said.contains("is no block device"), "{said}");
    desk.stand_in("id", "echo 1000");
    fs::remove_file(desk.folder.path().join("credenza-qemu-0.0.1.img.xz")).unwrap();
    let card = Loop::of(&desk.blank(6 * MIB));
    let said = desk.flash(&card.node, "").unwrap_err();
    assert!(said.contains("build it first: just image qemu"), "{said}");
}
