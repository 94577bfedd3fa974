//! A disk that can be pulled: a file behind a storage daemon, a loop device and ext4. Killing the
//! daemon gives what pulling a USB plug gives: every read and write fails at once. It can have bad
//! sectors, be slow, and stand still, too.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{has, until};

/// A disk, plugged in and mounted at [`PulledDisk::mount`], or not.
pub struct PulledDisk {
    folder: tempfile::TempDir,
    plugged: Option<Plugged>,
    times: u32,
    /// Sectors of 512 bytes that fail: at a read, or at a write.
    bad: Vec<(&'static str, u64)>,
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
        Self::formatted(mib, &[])
    }

    /// The same, with more words for `mkfs.ext4`.
    pub fn formatted(mib: u64, how: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        std::fs::File::create(&image).unwrap().set_len(mib << 20).unwrap();
        run("mkfs.ext4", &[&["-q", "-F"], how, &[&image.display().to_string()]].concat());
        std::fs::create_dir(folder.path().join("ssd")).unwrap();
        Self { folder, plugged: None, times: 0, bad: Vec::new() }
    }

    /// Its bytes, as a file; to be copied while it is not plugged in.
    pub fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// From the next time that it is plugged in, `work` (`read` or `write`) fails at these sectors.
    pub fn goes_bad(&mut self, work: &'static str, sectors: impl IntoIterator<Item = u64>) {
        self.bad = sectors.into_iter().map(|sector| (work, sector)).collect();
    }

    /// The sectors, of 512 bytes, that a file takes on its disk.
    pub fn sectors_of(file: &Path) -> Vec<std::ops::Range<u64>> {
        let said = run("filefrag", &["-b512", "-v", &file.display().to_string()]);
        let extent = |line: &str| {
            let mut fields = line.trim().split(':').map(str::trim);
            let _number = fields.next()?.parse::<u32>().ok()?;
            let place = fields.nth(1)?.split("..").next()?.trim().parse::<u64>().ok()?;
            let length = fields.next()?.parse::<u64>().ok()?;
            Some(place..place + length)
        };
        said.lines().filter_map(extent).collect()
    }

    /// The mount point.
    pub fn mount(&self) -> PathBuf {
        self.folder.path().join("ssd")
    }

    /// From the next time that it is plugged in, its first folder cannot be read. Of a disk that was
    /// formatted with blocks of 4 KiB.
    pub fn loses_its_first_folder(&mut self) {
        let image = self.image().display().to_string();
        let blocks = run("debugfs", &["-R", "blocks <2>", &image]);
        let blocks: Vec<u64> = blocks.split_whitespace().map(|n| n.parse().unwrap()).collect();
        assert!(!blocks.is_empty());
        self.goes_bad("read", blocks.into_iter().flat_map(|block| block * 8..(block + 1) * 8));
    }

    /// Plugs it in and mounts it.
    pub fn plug(&mut self) {
        self.times += 1;
        let export = self.folder.path().join(format!("export{}", self.times));
        std::fs::write(&export, "").unwrap();
        let file = format!("driver=file,node-name=file,filename={}", self.image().display());
        let mut faults = "driver=blkdebug,node-name=faulty,image=file".to_owned();
        for (number, (work, sector)) in self.bad.iter().enumerate() {
            let rule = format!("inject-error.{number}");
            let _ = write!(
                faults,
                ",{rule}.event=none,{rule}.iotype={work},{rule}.errno=5,{rule}.sector={sector}"
            );
        }
        let fuse = format!(
            "type=fuse,id=export,node-name=disk,mountpoint={},writable=on",
            export.display()
        );
        let socket = format!("socket,id=words,server=on,wait=off,path={}", self.words().display());
        let _ = std::fs::remove_file(self.words());
        let daemon = Command::new("qemu-storage-daemon")
            .args(["--chardev", &socket, "--monitor", "chardev=words"])
            .args(["--object", "throttle-group,id=pace"])
            .args(["--blockdev", &file, "--blockdev", &faults])
            .args(["--blockdev", "driver=throttle,node-name=disk,throttle-group=pace,file=faulty"])
            .args(["--export", &fuse])
            .spawn()
            .unwrap();
        until("the export", Duration::from_secs(60), || {
            (std::fs::metadata(&export).ok()?.len() > 0).then_some(())
        });
        let device = run("losetup", &["--find", "--show", &export.display().to_string()]);
        self.plugged = Some(Plugged { daemon, export, device });
        let device = &self.plugged.as_ref().unwrap().device;
        run("mount", &["-o", "noatime", device, &self.mount().display().to_string()]);
    }

    fn words(&self) -> PathBuf {
        self.folder.path().join("words")
    }

    /// From now on it does so many bytes a second; 0 is as many as it can.
    pub fn is_paced(&self, bytes_s: u64) {
        let stream = UnixStream::connect(self.words()).unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap()).lines();
        answers.next().unwrap().unwrap();
        let limits = format!(
            r#"{{"execute":"qom-set","arguments":{{"path":"/objects/pace","property":"limits","value":{{"bps-total":{bytes_s}}}}}}}"#
        );
        for words in [r#"{"execute":"qmp_capabilities"}"#, &limits] {
            writeln!(&stream, "{words}").unwrap();
            let answer = answers.next().unwrap().unwrap();
            assert!(answer.contains("return"), "{words}: {answer}");
        }
    }

    /// It stands still, as a disk that tidies itself up, or goes on.
    pub fn stands_still(&self, still: bool) {
        let Some(plugged) = &self.plugged else { return };
        let signal = if still { "-STOP" } else { "-CONT" };
        run("kill", &[signal, &plugged.daemon.id().to_string()]);
    }

    /// Takes it out as a person should: all is written first.
    pub fn unplug(&mut self) {
        if self.plugged.is_some() {
            end("umount", &[&self.mount().display().to_string()]);
        }
        self.pull();
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

/// What the kernel has in memory.
const CACHES: &str = "/proc/sys/vm/drop_caches";

/// Whether it can be told here to forget what it has read; in a container it often cannot.
pub fn caches_can_be_dropped() -> bool {
    std::fs::OpenOptions::new().write(true).open(CACHES).is_ok()
}

/// Tells it so: what is read then is read from the disk.
pub fn drop_caches() {
    std::fs::write(CACHES, "1").unwrap();
}

impl Drop for PulledDisk {
    fn drop(&mut self) {
        self.pull();
    }
}
