//! A box's card, made of files below one folder, and the real steward that works on it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::bundle::{Bundle, Key, slot_image};
use super::has;
use super::process::finish;

/// Of a slot's partition: the image's room, and the 64 KiB for the head.
pub const SLOT_BYTES: u64 = 4 << 20;
pub const TAIL: usize = 64 << 10;
/// A card's `autoboot.txt`, padded to a sector.
pub const AUTOBOOT: &str = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n";

/// What a steward runs.
const TOOLS: [&str; 9] =
    ["systemctl", "mount", "umount", "e2fsck", "resize2fs", "tune2fs", "partx", "sfdisk", "blkid"];

const LIMIT: Duration = Duration::from_secs(30);

/// What the tests of cards need; the reason to skip where it is not here.
pub fn missing_tools() -> Option<&'static str> {
    let there = has("minisign") && has("mcopy") && mkfs().is_some();
    (!there).then_some("needs minisign, mtools and dosfstools")
}

/// `mkfs.vfat` lies where a user's path often does not lead.
fn mkfs() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&folders).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("mkfs.vfat")).find(|program| program.is_file())
}

/// A card that runs version 0.3.0, counter 30, from slot A; the other slot is empty.
pub struct Card {
    pub folder: tempfile::TempDir,
    selector: PathBuf,
    slots: [PathBuf; 2],
}

impl Card {
    /// A card of files, for a box that knows these keys.
    pub fn new(keys: &[&Key]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dev = folder.path().join("dev");
        fs::create_dir_all(&dev).unwrap();
        let [selector, a, b] = ["p1", "p2", "p3"].map(|name| dev.join(name));
        fs::write(&selector, selector_image("-F 16 -n CREDENZA", 16 << 20)).unwrap();
        fs::write(&a, slot_image(30, SLOT_BYTES)).unwrap();
        fs::write(&b, vec![0xff; usize::try_from(SLOT_BYTES).unwrap()]).unwrap();
        Self::on(folder, keys, selector, [a, b])
    }

    /// A card whose partitions are somewhere else.
    pub fn on(
        folder: tempfile::TempDir,
        keys: &[&Key],
        selector: PathBuf,
        slots: [PathBuf; 2],
    ) -> Self {
        let at = |path: &str| folder.path().join(path);
        for path in [
            "usr/share/credenza/update-keys",
            "usr/bin",
            "etc",
            "proc/self",
            "boot/selector",
            "run/credenza",
            "run/systemd/timesync",
            "data/system",
        ] {
            fs::create_dir_all(at(path)).unwrap();
        }
        for (number, key) in keys.iter().enumerate() {
            let public = at(&format!("usr/share/credenza/update-keys/{number}.pub"));
            fs::copy(key.public(), public).unwrap();
        }
        // Whatever a steward would mount or start anew, it is not on the machine that tests it.
        for program in TOOLS {
            let script = at(&format!("usr/bin/{program}"));
            fs::write(&script, "#!/bin/sh\n[ \"$1\" != is-active ]\n").unwrap();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mounted = ["data", "boot/selector"]
            .map(|path| format!("1 1 0:9 / {} rw - ext4 none rw\n", at(path).display()));
        fs::write(at("proc/self/mountinfo"), mounted.concat()).unwrap();
        let me = fs::metadata(folder.path()).unwrap();
        let passwd = format!("credenza:x:{}:{}::/:/bin/false\n", me.uid(), me.gid());
        fs::write(at("etc/passwd"), passwd).unwrap();
        fs::write(at("one_shot"), "").unwrap();
        // A time server has answered: how long the testing machine has run is no trouble of the box.
        fs::write(at("run/systemd/timesync/synchronized"), "").unwrap();
        let card = Self { folder, selector, slots };
        card.runs('a', "0.3.0", 30);
        card
    }

    /// The box has been started from this slot.
    pub fn runs(&self, slot: char, version: &str, counter: u64) {
        let at = |path: &str| self.folder.path().join(path);
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        let image = format!(
            "board = \"rpi4\"\nname = \"Raspberry Pi 4\"\nversion = \"{version}\"\ncounter = {counter}\n\
             one_shot = {}\nkeys = {}\n",
            quoted(&at("one_shot")),
            quoted(&at("usr/share/credenza/update-keys")),
        );
        fs::write(at("usr/share/credenza/box.toml"), image).unwrap();
        let start = format!(
            "disk = \"/dev/none\"\nselector = {}\nslot_a = {}\nslot_b = {}\ndata = \"/dev/none\"\n\
             running = \"{slot}\"\n",
            quoted(&self.selector),
            quoted(&self.slots[0]),
            quoted(&self.slots[1]),
        );
        fs::write(at("run/credenza/start.toml"), start).unwrap();
        // The firmware has read it.
        fs::write(at("one_shot"), "").unwrap();
    }

    pub fn selector(&self) -> &Path {
        &self.selector
    }

    pub fn slot(&self, slot: char) -> &Path {
        &self.slots[usize::from(slot == 'b')]
    }

    /// What the firmware would be told at the next start.
    pub fn one_shot(&self) -> String {
        fs::read_to_string(self.folder.path().join("one_shot")).unwrap()
    }

    /// The initramfs' mark of a start on trial.
    pub fn trial_mark(&self) -> PathBuf {
        self.folder.path().join("run/credenza/trial")
    }

    /// A file of the system's own on the data partition.
    pub fn system(&self, name: &str) -> Option<Value> {
        let text = fs::read(self.folder.path().join("data/system").join(name)).ok()?;
        Some(serde_json::from_slice(&text).unwrap())
    }

    /// `autoboot.txt`, as mtools reads it.
    pub fn autoboot(&self) -> Vec<u8> {
        let mut command = Command::new("mtype");
        command.args(["-i"]).arg(&self.selector).arg("::autoboot.txt");
        finish(command.env("MTOOLS_SKIP_CHECK", "1"), LIMIT).unwrap().stdout
    }

    /// Asks the real steward; what follows the line is `body`. Its last word: done, or the refusal's
    /// code and sentence.
    pub fn ask(&self, verb: &Value, body: &[u8]) -> Result<Value, (String, String)> {
        self.said(verb, body).last().map(outcome).expect("an answer")
    }

    /// All that the steward says.
    pub fn said(&self, verb: &Value, body: &[u8]) -> Vec<Value> {
        let mut child = self.steward("answer").spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).map(|_| text).unwrap()
        });
        // A steward that has refused reads no further.
        let _ =
            stdin.write_all(format!("{verb}\n").as_bytes()).and_then(|()| stdin.write_all(body));
        drop(stdin);
        let status = child.wait().unwrap();
        let text = reader.join().unwrap();
        assert!(status.success(), "the steward ended with {status}: {text}");
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The real program on this card.
    pub fn steward(&self, work: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_credenza"));
        command.args(["steward", "--root"]).arg(self.folder.path()).arg(work);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// Puts a version into a slot as an update would have.
    pub fn holds(&self, slot: char, bundle: &Bundle) {
        let mut bytes = vec![0; usize::try_from(SLOT_BYTES).unwrap()];
        bytes[..bundle.payload.len()].copy_from_slice(&bundle.payload);
        let (head, tail) = (bundle.head(), bytes.len() - TAIL);
        bytes[tail..tail + head.len()].copy_from_slice(&head);
        fs::write(self.slot(slot), bytes).unwrap();
    }

    pub fn facts(&self) -> Value {
        self.ask(&json!({"verb": "facts"}), b"").unwrap()
    }

    pub fn install(&self, bundle: &[u8]) -> Result<Value, (String, String)> {
        self.ask(&json!({"verb": "install"}), bundle)
    }

    pub fn try_other(&self, back: bool) -> Result<Value, (String, String)> {
        self.ask(&json!({"verb": "try_other", "back": back}), b"")
    }

    pub fn commit(&self) -> Result<Value, (String, String)> {
        self.ask(&json!({"verb": "commit"}), b"")
    }
}

fn outcome(last: &Value) -> Result<Value, (String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match last.get("refused") {
        Some(refused) => Err((text(&refused["code"]), text(&refused["message"]))),
        None => Ok(last.get("done").unwrap_or_else(|| panic!("no last word: {last}")).clone()),
    }
}

/// A selector's file system as `mkfs.vfat` and mtools make it, with `autoboot.txt` and others.
pub fn selector_image(options: &str, bytes: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    fs::File::create(&image).unwrap().set_len(bytes).unwrap();
    let mut command = Command::new(mkfs().unwrap());
    finish(command.args(options.split(' ')).arg(&image), LIMIT).unwrap();
    for (name, content) in [
        ("bootcode.bin", "x".repeat(50_000)),
        ("config.txt", String::new()),
        ("autoboot.txt", format!("{AUTOBOOT:#<511}\n")),
        ("credenza.toml", "# nothing".to_owned()),
    ] {
        put(&image, name, content.as_bytes());
    }
    fs::read(&image).unwrap()
}

/// Puts a file onto a FAT file system, in the place of one of its name.
pub fn put(image: &Path, name: &str, content: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    mtools("mcopy", &["-o"], image, &[file.path().to_str().unwrap(), &format!("::{name}")]);
}

/// Runs one of the mtools on an image.
pub fn mtools(tool: &str, options: &[&str], image: &Path, arguments: &[&str]) {
    let mut command = Command::new(tool);
    command.args(options).arg("-i").arg(image).args(arguments);
    finish(command.env("MTOOLS_SKIP_CHECK", "1"), LIMIT).unwrap();
}
