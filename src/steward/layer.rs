//! A writable view of a device that is only read: what is written to it goes to memory (the kernel's
//! dm-snapshot, Documentation/admin-guide/device-mapper/snapshot). A file system whose power was
//! pulled is whole only once its journal has been played back, which is a write.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::tools::Tools;
use super::words::Refusal;

/// Room for what is written: a journal played back, and some repairs. Memory is taken as it fills.
const ROOM: u64 = 64 << 20;

/// What is written anew at once, in sectors of 512 bytes: one block of the file system.
const CHUNK: &str = "8";

/// The view; [`remove`](Self::remove) takes it away.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) device: PathBuf,
    name: String,
    written: PathBuf,
    holder: String,
}

impl Layer {
    /// Lays one over `device`.
    pub(super) fn over(device: &Path, layout: &Layout, tools: &Tools) -> Result<Self, Refusal> {
        let size = tools.done("blockdev", &["--getsz", &device.to_string_lossy()])?;
        let written = layout.folders.run.join("card.written");
        File::create(&written)
            .and_then(|file| file.set_len(ROOM))
            .map_err(|error| Refusal::new("no_memory", format!("no room in memory: {error}")))?;
        let shown = written.to_string_lossy();
        let holder = tools.done("losetup", &["--find", "--show", &shown])?.stdout.trim().to_owned();
        let name = format!("credenza-card-{}", std::process::id());
        let mut layer = Self { device: PathBuf::new(), name, written, holder };
        let sectors = size.stdout.trim();
        let table = format!("0 {sectors} snapshot {} {} N {CHUNK}", device.display(), layer.holder);
        // udev need not know of it, and is not waited for.
        let made = ["create", &layer.name, "--noudevrules", "--noudevsync", "--table", &table];
        // Its node in /dev/mapper is udev's business; the kernel's own is there at once.
        let asked = ["info", "--columns", "--noheadings", "-o", "blkdevname", &layer.name];
        match tools.done("dmsetup", &made).and_then(|_| tools.done("dmsetup", &asked)) {
            Ok(told) => {
                layer.device = Path::new("/dev").join(told.stdout.trim());
                Ok(layer)
            }
            Err(refusal) => {
                layer.remove(tools);
                Err(refusal)
            }
        }
    }

    /// Takes it away, with what was written.
    pub(super) fn remove(self, tools: &Tools) {
        let _ = tools.run("dmsetup", &["remove", "--noudevrules", "--noudevsync", &self.name]);
        let _ = tools.run("losetup", &["--detach", &self.holder]);
        let _ = std::fs::remove_file(&self.written);
    }
}
