//! One file system of a whole disk, on the owner's word.
//!
//! ext4, not f2fs, although the disk is flash: (1) films are written once and in long runs, where
//! f2fs gains nothing over the SSD's own mapping; (2) e2fsck mends what a pulled plug or a bad cable
//! leaves, fsck.f2fs gives up sooner; (3) ext4's journal has two decades of power cuts behind it;
//! (4) it discards, grows, and is read by any Linux machine that the owner plugs the disk into.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disks::{self, Found};
use super::holdings::LABEL;
use super::layout::Layout;
use super::people::cannot;
use super::ssd;
use super::tools::Tools;
use super::words::{Refusal, Ssd};

/// The unit that mounts the disk. Not done here: the steward that answers has its own view of the
/// mounts, which the service would not see.
const ADOPTION: &str = "credenza-ssd.service";

/// The mount itself, as systemd calls it.
const MOUNT: &str = "srv-ssd.mount";

/// More than the partition tables take, less than a disk that is worth it has.
const TABLES: u64 = 16 << 20;

/// Formats the disk `id` if it is still the one that was shown, and adopts it.
pub(super) fn format(
    layout: &Layout,
    tools: &Tools,
    id: &str,
    consent: &str,
) -> Result<Ssd, Refusal> {
    let before = agreed(layout, tools, id, consent)?;
    // While it is open, the kernel gives its name to no other disk; so what is looked at from here on
    // is what is formatted.
    let _held = File::open(&before.node).map_err(|error| cannot("open", &before.node, &error))?;
    let films = format!("mounted at {}", layout.folders.ssd.display());
    if before.used_for.as_ref() == Some(&films) {
        // The disk that is in use for films, formatted anew. systemd unmounts it where all see it.
        tools.done("systemctl", &["stop", MOUNT]).map_err(|refusal| {
            let message = format!(
                "the disk {} is being read ({}); stop the film and try again",
                before.shown.model, refusal.message
            );
            Refusal::new("disk_in_use", message)
        })?;
    }
    let disk = &agreed(layout, tools, id, consent)?;
    if let Some(use_) = &disk.used_for {
        let message =
            format!("the disk {} is in use ({use_}), so it stays as it is", disk.shown.model);
        return Err(Refusal::new("disk_in_use", message));
    }
    make(layout, tools, disk).map_err(|refusal| {
        let message = format!(
            "the disk {} could not be formatted: {}; unplug it, plug it in and try again, or take \
             another",
            disk.shown.model, refusal.message
        );
        Refusal::new("format_failed", message)
    })?;
    tools.done("systemctl", &["restart", ADOPTION])?;
    ssd::facts(layout).ok_or_else(|| {
        let message = "the disk was formatted, but could not be mounted; start the box anew";
        Refusal::new("ssd_not_mounted", message)
    })
}

/// The disk `id`, if it is still the one that was shown.
fn agreed(layout: &Layout, tools: &Tools, id: &str, consent: &str) -> Result<Found, Refusal> {
    let found = disks::find(layout, tools)?;
    let disk = found.into_iter().find(|disk| disk.shown.id == id).ok_or_else(|| {
        let message = "this disk is not plugged in any more; look at the disks again";
        Refusal::new("no_disk", message)
    })?;
    if disk.shown.consent != consent {
        let message = format!(
            "the disk {} is not as it was shown: it holds {} now; look at it again before you \
             agree",
            disk.shown.model, disk.shown.holds
        );
        return Err(Refusal::new("disk_changed", message));
    }
    Ok(disk)
}

fn make(layout: &Layout, tools: &Tools, disk: &Found) -> Result<(), Refusal> {
    // By the kernel's own name, which its partitions begin with.
    let whole = disk.node.canonicalize().map_err(|error| cannot("open", &disk.node, &error))?;
    let node = whole.to_string_lossy();
    // wipefs opens the disk for itself alone, so that the kernel has the last word on "in use". Old
    // signatures go first: a half-done format must not look like what it was.
    for part in &disk.parts {
        tools.done("wipefs", &["--all", "--quiet", &part.node.to_string_lossy()])?;
    }
    tools.done("wipefs", &["--all", "--quiet", &node])?;
    // The kernel is told by partx, which needs no table reader of the kernel's own.
    let _ = tools.run("partx", &["--delete", &node]);
    let arguments =
        ["--quiet", "--no-reread", "--wipe", "always", "--wipe-partitions", "always", "--label"];
    let arguments = [&arguments[..], &["gpt", &node]].concat();
    tools.run_with("sfdisk", &arguments, &format!("type=linux, name={LABEL}\n"))?.well()?;
    // udev may have been faster, and then this fails.
    let _ = tools.run("partx", &["--add", &node]);
    let part = first_partition(&whole);
    wait_for(layout, &part, disk.shown.bytes)?;
    // An inode for each 256 KiB: films are large, and the usual table would take 1.6 % of the disk.
    let arguments = ["-q", "-t", "ext4", "-b", "4096", "-i", "262144", "-m", "0", "-L", LABEL];
    let lazy = ["-E", "lazy_itable_init=1,lazy_journal_init=1,discard"];
    let part = part.to_string_lossy();
    tools.done("mke2fs", &[&arguments[..], &lazy, &[&*part]].concat()).map(drop)
}

/// `sda1`, but `nvme0n1p1`.
fn first_partition(disk: &Path) -> PathBuf {
    let name = disk.file_name().unwrap_or_default().to_string_lossy();
    let between = if name.ends_with(|letter: char| letter.is_ascii_digit()) { "p" } else { "" };
    disk.with_file_name(format!("{name}{between}1"))
}

/// Waits for the kernel to have the new partition, not one of before under the same name.
fn wait_for(layout: &Layout, part: &Path, disk_bytes: u64) -> Result<(), Refusal> {
    let name = part.file_name().unwrap_or_default();
    let size = layout.folders.sys.join("class/block").join(name).join("size");
    for _ in 0..100 {
        let sectors = std::fs::read_to_string(&size).ok().and_then(|text| text.trim().parse().ok());
        let bytes = sectors.map_or(0, |sectors: u64| sectors * 512);
        // Between the partition and the ends of the disk lie the tables, and what aligns it.
        if part.exists() && bytes <= disk_bytes && bytes + TABLES > disk_bytes {
            return Ok(());
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    Err(Refusal::new("no_partition", "its new partition did not appear"))
}
