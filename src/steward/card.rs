//! The data partition before it is mounted: is it there, is it sound, does it reach to the end of
//! the card?

use std::path::Path;

use super::layout::Layout;
use super::mounts::mount;
use super::superblock::Superblock;
use super::tools::Tools;
use super::words::Refusal;

/// What only root may fill, so that a full partition still takes the clock and the slots' record.
const RESERVE_BYTES: u64 = 16 << 20;

/// Sectors of sysfs, whatever the disk says of itself.
const SECTOR: u64 = 512;

/// Room at the end that is not worth writing the partition table for: 4 MiB.
const SLACK: u64 = 8192;

/// The data partition's number.
const NUMBER: &str = "4";

/// Why the card's data partition cannot be used.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is none.
    Missing,
    /// It holds no file system of ours, or one with faults that do not mend by themselves.
    Damaged(String),
    /// The card takes no writes.
    ReadOnly,
}

/// Checks the file system, and grows it with its partition. What fails in growing is a notice: the
/// small partition serves too.
pub(super) fn check_and_grow(
    layout: &Layout,
    tools: &Tools,
    notices: &mut Vec<Refusal>,
) -> Result<(), Fault> {
    let device = &layout.start.data;
    if !device.exists() {
        return Err(Fault::Missing);
    }
    if sys(layout, device, "ro") == Some(1) || sys(layout, &layout.start.disk, "ro") == Some(1) {
        return Err(Fault::ReadOnly);
    }
    let found = Superblock::read(device).map_err(|error| Fault::Damaged(error.to_string()))?;
    if found.is_none() {
        return Err(Fault::Damaged("it holds no file system of this box".to_owned()));
    }
    check(tools, device, "-p")?;
    let grown = grow(layout, tools).and_then(|()| reserve(tools, device));
    if let Err(refusal) = grown {
        let message = format!(
            "the data partition could not be given all of the card ({}), so less fits on it; \
             start the box anew, and if that does not help, flash another card",
            refusal.message
        );
        notices.push(Refusal::new("data_not_grown", message));
    }
    Ok(())
}

/// An eMMC tells how much of its life is over (JESD84-B51, 7.4.64): in tenths, of each of its two
/// kinds of memory; 0x0B is beyond the end. Of SD cards nothing is known.
pub(super) fn worn(layout: &Layout) -> Option<Refusal> {
    /// More than nine tenths.
    const LAST: u8 = 0x0A;
    let disks = std::fs::read_dir(layout.folders.sys.join("block")).ok()?.flatten();
    let cards = disks.filter(|disk| disk.file_name().to_string_lossy().starts_with("mmcblk"));
    let mut told =
        cards.filter_map(|card| std::fs::read_to_string(card.path().join("device/life_time")).ok());
    let is_last = |tenths: &str| {
        let digits = tenths.strip_prefix("0x").unwrap_or(tenths);
        u8::from_str_radix(digits, 16).is_ok_and(|tenths| tenths >= LAST)
    };
    told.any(|text| text.split_whitespace().any(is_last)).then(|| {
        let message = "the card tells that it is nearly worn out, and will take no more writes one \
                       day; flash another card while this one still works";
        Refusal::new("card_worn", message)
    })
}

/// e2fsck(8): 0 is sound, 1 and 2 are mended, from 4 on it is not.
fn check(tools: &Tools, device: &Path, how: &str) -> Result<(), Fault> {
    let path = device.to_string_lossy();
    let mut arguments: Vec<&str> = how.split(' ').collect();
    arguments.push(&path);
    match tools.run("e2fsck", &arguments) {
        Ok(ended) if ended.code < 4 => Ok(()),
        Ok(ended) => Err(Fault::Damaged(ended.refusal().message)),
        Err(refusal) => Err(Fault::Damaged(refusal.message)),
    }
}

fn grow(layout: &Layout, tools: &Tools) -> Result<(), Refusal> {
    let (device, disk) = (&layout.start.data, &layout.start.disk);
    let shown = disk.to_string_lossy();
    if room_behind(layout) > SLACK {
        // One write to the partition table's sector. Not re-read as a whole: the other partitions
        // are in use; partx tells the kernel of this one.
        let arguments = ["--quiet", "--no-reread", "--wipe", "never", "-N", NUMBER, &*shown];
        tools.run_with("sfdisk", &arguments, ", +\n")?.well()?;
        tools.done("partx", &["--update", "--nr", NUMBER, &shown])?;
    }
    let sectors = sys(layout, device, "size").unwrap_or_default();
    let fits = |found: Superblock| found.bytes() + (SLACK * SECTOR) >= sectors * SECTOR;
    let found = Superblock::read(device).ok().flatten();
    if sectors == 0 || found.is_none_or(fits) {
        return Ok(());
    }
    // While it is mounted, because (1) then the kernel does it through the journal, and a plug
    // pulled in the middle is a mount that finds either size; (2) resize2fs on its own would leave
    // a file system that only a person can mend.
    let path = device.to_string_lossy();
    let data = &layout.folders.data;
    mount(tools, device, data, Some("ext4"), "noatime,nosuid,nodev,noexec")?;
    let online = tools.done("resize2fs", &[&path]);
    tools.done("umount", &[&data.to_string_lossy()])?;
    if online.is_err() {
        // A kernel that refuses (an image of another make): the other way, after a full check.
        check(tools, device, "-f -p").map_err(|_| Refusal::new("damaged", "it has faults"))?;
        tools.done("resize2fs", &[&path])?;
    }
    Ok(())
}

/// Sets root's share anew: growing keeps its percentage, not its size.
fn reserve(tools: &Tools, device: &Path) -> Result<(), Refusal> {
    let Some(found) = Superblock::read(device).ok().flatten() else { return Ok(()) };
    let wanted = (RESERVE_BYTES / found.block_bytes).min(found.blocks / 8);
    if u64::from(found.reserved) == wanted {
        return Ok(());
    }
    let arguments = ["-r", &wanted.to_string(), &device.to_string_lossy()];
    tools.done("tune2fs", &arguments).map(drop)
}

/// Sectors of the card behind the data partition; 0 where that is not known.
fn room_behind(layout: &Layout) -> u64 {
    let (device, disk) = (&layout.start.data, &layout.start.disk);
    let room = || {
        // An MBR counts sectors with 32 bits.
        let disk = sys(layout, disk, "size")?.min(u64::from(u32::MAX));
        let end = sys(layout, device, "start")? + sys(layout, device, "size")?;
        Some(disk.saturating_sub(end))
    };
    room().unwrap_or_default()
}

/// A number that the kernel says of a block device.
fn sys(layout: &Layout, device: &Path, what: &str) -> Option<u64> {
    let real = device.canonicalize().ok()?;
    let place = layout.folders.sys.join("class/block").join(real.file_name()?).join(what);
    std::fs::read_to_string(place).ok()?.trim().parse().ok()
}
