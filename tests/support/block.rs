//! Real block devices for a test: loop devices with partitions, and a view of the mounts that is
//! gone with the test. Needs root.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::process::finish;
use super::{has, until};

const LIMIT: Duration = Duration::from_secs(30);

/// Why there can be no block devices on this machine, if so.
pub fn missing() -> Option<&'static str> {
    if !fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        return Some("needs root to make loop devices");
    }
    if !Path::new("/dev/loop-control").exists() {
        return Some("needs loop devices");
    }
    let tools = ["sfdisk", "partx", "losetup", "mke2fs", "unshare", "nsenter", "blkid"];
    (!tools.iter().all(|tool| has(tool))).then_some("needs util-linux, fdisk and e2fsprogs")
}

/// Runs a program that must end well.
pub fn run(program: &str, arguments: &[&str]) -> String {
    finish(Command::new(program).args(arguments), LIMIT).unwrap().text()
}

/// Writes a partition table by `sfdisk`'s script.
pub fn table(disk: &Path, script: &str) {
    let lines = disk.with_extension("sfdisk");
    fs::write(&lines, script).unwrap();
    let mut command = Command::new("sfdisk");
    command.args(["-q", "--no-reread"]).arg(disk).stdin(fs::File::open(lines).unwrap());
    assert!(command.status().unwrap().success(), "sfdisk: {script}");
}

/// A file as a disk. Let go when dropped.
pub struct Loop {
    pub node: String,
}

impl Loop {
    pub fn of(image: &Path) -> Self {
        Self::with(image, &[])
    }

    /// One that takes no writes.
    pub fn read_only(image: &Path) -> Self {
        Self::with(image, &["--read-only"])
    }

    fn with(image: &Path, how: &[&str]) -> Self {
        let image = image.display().to_string();
        let node = run("losetup", &[how, &["--find", "--show", &image]].concat());
        let disk = Self { node: node.trim().to_owned() };
        disk.reread();
        disk
    }

    /// Tells the kernel of the partitions; it may have no reader of tables of its own.
    pub fn reread(&self) {
        let _ = Command::new("partx").args(["--update", &self.node]).output();
    }

    pub fn name(&self) -> &str {
        self.node.trim_start_matches("/dev/")
    }

    pub fn part(&self, number: u32) -> String {
        format!("{}p{number}", self.node)
    }

    /// What the kernel says of a partition.
    pub fn number(&self, part: u32, what: &str) -> u64 {
        let place = format!("/sys/class/block/{}p{part}/{what}", self.name());
        fs::read_to_string(place).unwrap().trim().parse().unwrap()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // What was mounted in a room goes when the last of its processes has ended.
        for _ in 0..50 {
            let _ = Command::new("partx").args(["--delete", &self.node]).output();
            if !Path::new(&self.part(1)).exists() && !Path::new(&self.part(4)).exists() {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let _ = Command::new("losetup").args(["--detach", &self.node]).output();
    }
}

/// A view of the mounts of its own, which ends when this is dropped.
pub struct Room {
    keeper: Child,
}

impl Room {
    pub fn new() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sleep", "infinity"]);
        let keeper = command.stdin(Stdio::null()).spawn().unwrap();
        let view = |id: &str| fs::read_link(format!("/proc/{id}/ns/mnt")).ok();
        let (id, own) = (keeper.id().to_string(), view("self"));
        until("a view of the mounts", LIMIT, || {
            // Two steps: its own view, then the programme that keeps it.
            let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
            (view(&id) != own && name.trim() == "sleep").then_some(())
        });
        Self { keeper }
    }

    /// The same programme with the same arguments, inside.
    pub fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.arg("--mount").args(["--target", &self.keeper.id().to_string(), "--"]);
        inside.arg(command.get_program()).args(command.get_args());
        inside
    }

    /// A path as it is seen inside.
    pub fn seen(&self, path: &Path) -> PathBuf {
        let inside = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        inside.join(path.strip_prefix("/").unwrap())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
