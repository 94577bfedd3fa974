//! A disk that can be pulled: a file behind a storage daemon, a loop device and ext4. Killing the
//! daemon gives what pulling a USB plug gives: every read and write fails at once.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{has, until};

/// A disk, plugged in and mounted at [`PulledDisk::mount`], or not.
pub struct PulledDisk {
    folder: tempfile::TempDir,
    plugged: Option<Plugged>,
    times: u32,
}

struct Plugged {
    daemon: Child,
    export: PathBuf,
    device: String,
}

fn run(command: &str, arguments: &[&str]) -> String {
    let done = Command::new(command).args(arguments).output().unwrap();
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command} {arguments:?}: {words}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Ends what may have ended already.
fn end(command: &str, arguments: &[&str]) {
    let _ = Command::new(command).args(arguments).stderr(Stdio::null()).status();
}

impl PulledDisk {
    /// What is missing on this machine to make one.
    pub fn missing() -> Option<&'static str> {
        let root = run("id", &["-u"]) == "0";
        let programs = ["qemu-storage-daemon", "losetup", "mkfs.ext4", "mount"];
        let program = programs.into_iter().find(|program| !has(program));
        let devices = ["/dev/fuse", "/dev/loop-control"];
        let device = devices.into_iter().find(|device| !Path::new(device).exists());
        if root { program.or(device) } else { Some("root") }
    }

    /// A formatted disk of `mib` MiB, not plugged in.
    pub fn new(mib: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        std::fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
        run("mkfs.ext4", &["-q", "-F", &image.display().to_string()]);
        std::fs::create_dir(folder.path().join("ssd")).unwrap();
        Self { folder, plugged: None, times: 0 }
    }

    /// The mount point.
    pub fn mount(&self) -> PathBuf {
        self.folder.path().join("ssd")
    }

    /// Plugs it in and mounts it.
    pub fn plug(&mut self) {
        self.times += 1;
        let export = self.folder.path().join(format!("export{}", self.times));
        std::fs::write(&export, "").unwrap();
        let file = format!(
            "driver=file,node-name=disk,filename={}",
            self.folder.path().join("image").display()
        );
        let fuse = format!(
            "type=fuse,id=export,node-name=disk,mountpoint={},writable=on",
            export.display()
        );
        let daemon = Command::new("qemu-storage-daemon")
            .args(["--blockdev", &file, "--export", &fuse])
            .spawn()
            .unwrap();
        until("the export", Duration::from_secs(10), || {
            (std::fs::metadata(&export).ok()?.len() > 0).then_some(())
        });
        let device = run("losetup", &["--find", "--show", &export.display().to_string()]);
        self.plugged = Some(Plugged { daemon, export, device });
        let device = &self.plugged.as_ref().unwrap().device;
        run("mount", &["-o", "noatime", device, &self.mount().display().to_string()]);
    }

    /// Pulls it; what was mounted there is gone, as a box's own rules have it.
    pub fn pull(&mut self) {
        let Some(mut plugged) = self.plugged.take() else { return };
        plugged.daemon.kill().unwrap();
        plugged.daemon.wait().unwrap();
        end("umount", &["-l", &self.mount().display().to_string()]);
        end("losetup", &["-d", &plugged.device]);
        end("umount", &["-l", &plugged.export.display().to_string()]);
    }
}

impl Drop for PulledDisk {
    fn drop(&mut self) {
        self.pull();
    }
}
