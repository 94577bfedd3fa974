//! A disk of which every write is recorded in its order, and what a power cut leaves of it. The
//! recorder is QEMU's `blklogwrites` driver, in the format of Linux's dm-log-writes; files of FUSE
//! stand for the disk's partitions, so nothing of the kernel's is needed but FUSE.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::Beside;
use super::{has, until};

pub const SECTOR: usize = 512;
const LIMIT: Duration = Duration::from_secs(20);
const MISSING: &str = "needs qemu-storage-daemon (Debian: qemu-system-common)";
/// Of an entry's flags: the disk was asked to keep all that came before.
const FLUSH: u64 = 1;
/// Of an entry's flags: sectors were given up; no bytes follow.
const DISCARD: u64 = 4;

/// What the disk was told.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    Write { at: usize, bytes: Vec<u8> },
    Flush,
}

/// A disk at work.
pub struct Recorded {
    folder: tempfile::TempDir,
    partitions: Vec<PathBuf>,
    /// The recorder, and what cuts its one file into partitions.
    daemons: Vec<Beside>,
}

impl Recorded {
    /// What is missing on this machine to record a disk.
    pub fn missing() -> Option<&'static str> {
        (!has("qemu-storage-daemon")).then_some(MISSING)
    }

    /// A disk that begins as `image`, with partitions at these places, of these lengths. Says why,
    /// where that is not possible.
    pub fn start(image: &[u8], partitions: &[(usize, usize)]) -> Result<Self, String> {
        if !has("qemu-storage-daemon") {
            return Err(MISSING.to_owned());
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("image"), image).unwrap();
        fs::write(at("whole"), "").unwrap();
        File::create(at("log")).unwrap().set_len(1 << 30).unwrap();
        let names: Vec<String> =
            (1..=partitions.len()).map(|number| format!("p{number}")).collect();
        let files: Vec<PathBuf> = names.iter().map(|name| at(name)).collect();
        for file in &files {
            fs::write(file, "").unwrap();
        }
        let mut disk = Self { folder, partitions: files, daemons: Vec::new() };

        let (image_file, log) = (disk.at("image"), disk.at("log"));
        disk.export(&[
            node(&format!("driver=file,node-name=image,filename={image_file}")),
            node(&format!("driver=file,node-name=log,filename={log}")),
            node("driver=blklogwrites,node-name=whole,file=image,log=log,log-super-update-interval=1"),
            export("whole", &disk.at("whole")),
        ])?;
        disk.wait_for("whole", image.len())?;
        let whole = disk.at("whole");
        let mut options = Vec::new();
        for (name, (start, length)) in names.iter().zip(partitions) {
            options
                .push(node(&format!("driver=file,node-name=f{name},filename={whole},locking=off")));
            options.push(node(&format!(
                "driver=raw,node-name={name},file=f{name},offset={start},size={length}"
            )));
            options.push(export(name, &disk.at(name)));
        }
        disk.export(&options)?;
        for (name, (_, length)) in names.iter().zip(partitions) {
            disk.wait_for(name, *length)?;
        }
        Ok(disk)
    }

    /// One partition that is no disk but this node of QEMU's block layer, such as one that keeps
    /// nothing.
    pub fn fake(options: &str, length: usize, writable: bool) -> Result<Self, String> {
        if !has("qemu-storage-daemon") {
            return Err(MISSING.to_owned());
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p1");
        fs::write(&file, "").unwrap();
        let mut disk = Self { folder, partitions: vec![file], daemons: Vec::new() };
        let [option, mut how] = export("fake", &disk.at("p1"));
        if !writable {
            how = how.replace("writable=on", "writable=off");
        }
        disk.export(&[node(&format!("node-name=fake,{options}")), [option, how]])?;
        disk.wait_for("p1", length)?;
        Ok(disk)
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn export(&mut self, options: &[[String; 2]]) -> Result<(), String> {
        let mut command = Command::new("qemu-storage-daemon");
        let mut daemon = Beside::start(command.args(options.iter().flatten()));
        // One that cannot use FUSE ends at once.
        let ended = daemon.ended(Duration::from_millis(200));
        self.daemons.push(daemon);
        ended.map_or(Ok(()), |status| Err(format!("needs FUSE as root: {status}")))
    }

    fn wait_for(&mut self, name: &str, length: usize) -> Result<(), String> {
        let path = self.folder.path().join(name);
        let daemon = self.daemons.last_mut().unwrap();
        until(&format!("the export of {name}"), LIMIT, || {
            if let Some(status) = daemon.ended(Duration::ZERO) {
                return Some(Err(format!("needs FUSE as root: {status}")));
            }
            let ready = fs::metadata(&path).is_ok_and(|file| file.len() == length as u64);
            ready.then_some(Ok(()))
        })
    }

    pub fn partition(&self, number: usize) -> &Path {
        &self.partitions[number]
    }

    /// How many entries the log has, once it grows no more: a write is acknowledged before the log's
    /// count says so.
    pub fn entries(&self) -> usize {
        let mut last = None;
        until("the log to stand still", LIMIT, || {
            let now = count(&self.folder.path().join("log"));
            std::thread::park_timeout(Duration::from_millis(25));
            let still = last == Some(now);
            last = Some(now);
            still.then_some(now)
        })
    }

    /// How many [`Entry`]s [`finish`](Self::finish) would give by now: a flush that comes with a write
    /// is one of its own.
    pub fn steps(&self) -> usize {
        self.entries();
        read(&self.folder.path().join("log")).len()
    }

    /// Ends the recording: all that was written, and what the disk holds.
    pub fn finish(mut self) -> (Vec<Entry>, Vec<u8>) {
        self.entries();
        self.stop();
        let entries = read(&self.folder.path().join("log"));
        (entries, fs::read(self.folder.path().join("image")).unwrap())
    }

    /// From the partitions back to the recorder, each by the signal at which it unmounts.
    fn stop(&mut self) {
        for mut daemon in self.daemons.drain(..).rev() {
            daemon.interrupt();
            daemon.ended(LIMIT);
        }
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.stop();
    }
}

fn node(options: &str) -> [String; 2] {
    ["--blockdev".to_owned(), options.to_owned()]
}

fn export(node: &str, path: &str) -> [String; 2] {
    let options =
        format!("type=fuse,id=export-{node},node-name={node},mountpoint={path},writable=on");
    ["--export".to_owned(), options]
}

fn double(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().unwrap())
}

/// The log's first sector: magic, version, count of entries, sector size (Linux
/// drivers/md/dm-log-writes.c, `struct log_write_super`).
fn count(log: &Path) -> usize {
    let mut head = [0; SECTOR];
    File::open(log).unwrap().read_exact_at(&mut head, 0).unwrap();
    let magic = double(&head);
    assert!(magic == 0 || magic == 0x006a_7366_7773_6872, "no log of writes: {magic:x}");
    usize::try_from(double(&head[16..])).unwrap()
}

/// Entries, each a sector of {sector, count of sectors, flags, length of data} before its bytes.
fn read(log: &Path) -> Vec<Entry> {
    let file = File::open(log).unwrap();
    let mut place = SECTOR as u64;
    let mut entries = Vec::new();
    for _ in 0..count(log) {
        let mut head = [0; SECTOR];
        file.read_exact_at(&mut head, place).unwrap();
        place += SECTOR as u64;
        let [sector, sectors, flags] = [0, 8, 16].map(|at| double(&head[at..]));
        assert_eq!(
            flags & !FLUSH,
            0,
            "an entry that this reader does not know ({DISCARD}: discard)"
        );
        let mut bytes = vec![0; usize::try_from(sectors).unwrap() * SECTOR];
        file.read_exact_at(&mut bytes, place).unwrap();
        place += bytes.len() as u64;
        // A flush that comes with a write is done before it.
        if flags & FLUSH != 0 {
            entries.push(Entry::Flush);
        }
        if !bytes.is_empty() {
            entries.push(Entry::Write { at: usize::try_from(sector).unwrap() * SECTOR, bytes });
        }
    }
    entries
}
