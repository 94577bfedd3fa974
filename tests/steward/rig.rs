//! A folder that looks like a box.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Stands for `mount`: what it is told is remembered as the kernel would say it.
const MOUNT: &str = r#"
kind=ext4 how=rw
while :; do case $1 in
    -o) options=$2; shift 2 ;;
    -t) kind=$2; shift 2 ;;
    *) break ;;
esac; done
case $options in
    remount*) exit 0 ;;
    ro*) how=ro ;;
esac
device=$(cat "$root"/sys/block/*/"${1##*/}"/dev 2>/dev/null || echo 0:9)
echo "1 1 $device / $2 $how - $kind $1 $how" >>"$root/proc/self/mountinfo"
"#;

const UMOUNT: &str = r#"
for place; do :; done
sed -i "\\# / $place #d" "$root/proc/self/mountinfo"
"#;

/// What a test does to a box.
pub type Change = fn(&Rig);

pub struct Rig {
    folder: TempDir,
}

impl Rig {
    /// A box with every outside program recorded and none of its own disks but a file.
    pub fn new() -> Self {
        let rig = Self::bare();
        rig.write("proc/self/mountinfo", "");
        rig.tool("mount", MOUNT);
        rig.tool("umount", UMOUNT);
        for quiet in ["systemctl", "e2fsck", "resize2fs", "tune2fs", "sfdisk", "partx", "fstrim"] {
            rig.tool(quiet, "");
        }
        // What no test looks for is nothing.
        rig.tool("blkid", "cat \"$root/blkid/${4##*/}\" 2>/dev/null || exit 2");
        rig.write("card.img", superblock());
        let card = rig.path("card.img").display().to_string();
        rig.start(&card, &card, &card);
        rig
    }

    /// The files of a box, and no programs.
    pub fn bare() -> Self {
        let rig = Self { folder: tempfile::tempdir().unwrap() };
        let me = fs::metadata(rig.folder.path()).unwrap();
        rig.write("etc/passwd", format!("credenza:x:{}:{}::/:/bin/false\n", me.uid(), me.gid()));
        rig.write(
            "usr/share/credenza/box.toml",
            "board = \"qemu\"\nname = \"a virtual box\"\nversion = \"0.1.0\"\ncounter = 1\n\
             one_shot = \"/nonexistent/tryboot\"\nkeys = \"/nonexistent/keys\"\n",
        );
        rig.write("proc/sys/kernel/hostname", "localhost");
        rig.write("proc/sys/kernel/random/boot_id", "this-start\n");
        rig.write("proc/uptime", "10.00 10.00\n");
        for folder in ["boot/selector", "data", "dev", "srv/ssd", "sys/block", "sys/class/net"] {
            fs::create_dir_all(rig.path(folder)).unwrap();
        }
        rig
    }

    /// `start.toml`.
    pub fn start(&self, disk: &str, selector: &str, data: &str) {
        let text = format!(
            "disk = \"{disk}\"\nselector = \"{selector}\"\nslot_a = \"/nonexistent/a\"\n\
             slot_b = \"/nonexistent/b\"\ndata = \"{data}\"\nrunning = \"a\"\n"
        );
        self.write("run/credenza/start.toml", text);
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A program of the box: records how it was called, then runs `script`.
    pub fn tool(&self, name: &str, script: &str) {
        let root = self.root().display();
        let bytes =
            format!("#!/bin/sh\nroot='{root}'\necho \"{name} $*\" >>\"$root/calls\"\n{script}\n");
        let path = format!("usr/bin/{name}");
        self.write(&path, bytes);
        fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What the recorded programs were told, with the root left out.
    pub fn calls(&self) -> String {
        let text = fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.replace(&self.root().display().to_string(), "")
    }

    /// The program, to be run as it is or in another's view of the mounts.
    pub fn steward(&self, work: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_credenza"));
        command.env_clear().arg("steward").arg("--root").arg(self.root()).arg(work);
        command
    }

    /// Runs it; it must end well.
    pub fn run(&self, work: &str) {
        well(&self.steward(work).output().unwrap());
    }

    /// Codes and sentences.
    pub fn notices(&self) -> Vec<(String, String)> {
        notices(&self.read("run/credenza/notices.json"))
    }

    pub fn codes(&self) -> Vec<String> {
        self.notices().into_iter().map(|(code, _)| code).collect()
    }

    /// Asks for a verb; the lines that answer.
    pub fn ask(&self, verb: &Value) -> Vec<Value> {
        ask(&mut self.steward("answer"), verb)
    }

    /// Asks for a verb that must be done.
    pub fn done(&self, verb: &Value) -> Value {
        let answer = self.ask(verb).pop().unwrap();
        answer.get("done").unwrap_or_else(|| panic!("{verb}: {answer}")).clone()
    }

    /// Asks for a verb that must be refused: its code and sentence.
    pub fn refused(&self, verb: &Value) -> (String, String) {
        refusal(&self.ask(verb).pop().unwrap())
    }
}

pub fn refusal(answer: &Value) -> (String, String) {
    let refused = answer.get("refused").unwrap_or_else(|| panic!("not refused: {answer}"));
    let text = |key: &str| refused[key].as_str().unwrap().to_owned();
    (text("code"), text("message"))
}

pub fn notices(text: &str) -> Vec<(String, String)> {
    let all: Vec<Value> = serde_json::from_str(text).unwrap();
    let text = |notice: &Value, key: &str| notice[key].as_str().unwrap().to_owned();
    all.iter().map(|notice| (text(notice, "code"), text(notice, "message"))).collect()
}

/// Writes the verb to the program and reads its lines.
pub fn ask(command: &mut Command, verb: &Value) -> Vec<Value> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let _ = writeln!(input, "{verb}");
    drop(input);
    let output = child.wait_with_output().unwrap();
    well(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn well(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

/// The head of an ext4 file system, for those who only look for that.
fn superblock() -> Vec<u8> {
    let mut bytes = vec![0; 64 << 10];
    bytes[1024 + 0x4..][..4].copy_from_slice(&8192_u32.to_le_bytes());
    bytes[1024 + 0x18] = 2; // 4 KiB
    bytes[1024 + 0x38..][..2].copy_from_slice(&[0x53, 0xEF]);
    bytes
}
