//! The disks that could keep films. Names such as `sda` change places from one start to the next, so
//! nothing is chosen by name: the system's disk is known by its device number and by its MBR
//! signature, and every other by its own serial number.

use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::Digest as _;

use super::holdings::{self, Probe};
use super::layout::Layout;
use super::mounts;
use super::serial;
use super::tools::Tools;
use super::words::{Disk, Refusal};

/// What real disks are called: SCSI, SATA and USB; `nvme`; cards; virtual ones. All else (loop, ram,
/// zram, sr, md, dm) is made of disks or is none.
const KINDS: [&str; 4] = ["sd", "nvme", "mmcblk", "vd"];

/// Where an MBR has its signature, and its end mark.
const SIGNATURE: u64 = 440;

/// A disk with what the steward needs to know besides.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) shown: Disk,
    pub(super) node: PathBuf,
    /// Itself where it has no partitions.
    pub(super) parts: Vec<Part>,
    /// Where a part of it is mounted, or what else uses it.
    pub(super) used_for: Option<String>,
}

/// What can hold a file system.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) node: PathBuf,
    pub(super) probe: Probe,
    /// `major:minor`.
    pub(super) device: String,
}

/// All of them, the system's own never among them.
pub(super) fn find(layout: &Layout, tools: &Tools) -> Result<Vec<Found>, Refusal> {
    let system = System::of(layout)?;
    let block = layout.folders.sys.join("block");
    let mut names: Vec<String> = fs::read_dir(&block)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| is_disk(name))
        .collect();
    names.sort();
    let looked = names.iter().filter_map(|name| look_at(layout, tools, &system, name));
    let mut found: Vec<Found> = looked.collect();
    // Two that give themselves the same number are told apart by their plugs.
    for at in 0..found.len() {
        let id = found[at].shown.id.clone();
        if found.iter().filter(|other| other.shown.id == id).count() > 1 {
            for other in found.iter_mut().filter(|other| other.shown.id == id) {
                let name = other.node.file_name().unwrap_or_default().to_string_lossy();
                other.shown.id = format!("{id}@{name}");
            }
        }
    }
    for disk in &mut found {
        disk.shown.consent = consent(layout, disk);
    }
    Ok(found)
}

/// `nvme0c0n1` is a path to a disk, `mmcblk0boot0` and `mmcblk0rpmb` are corners of a chip.
fn is_disk(name: &str) -> bool {
    let corner = name.contains("boot") || name.contains("rpmb") || name.contains("gp");
    let path = name.starts_with("nvme") && name.contains('c');
    KINDS.iter().any(|kind| name.starts_with(kind)) && !corner && !path
}

/// By what the system's disk is known.
struct System {
    device: Option<u64>,
    signature: Option<[u8; 4]>,
}

impl System {
    /// Without it no disk is safe to show.
    fn of(layout: &Layout) -> Result<Self, Refusal> {
        let disk = &layout.start.disk;
        let about = fs::metadata(disk).map_err(|error| {
            let message = format!(
                "the box cannot tell its own disk {} from others ({error}); start it anew",
                disk.display()
            );
            Refusal::new("no_system_disk", message)
        })?;
        let device = (about.rdev() != 0).then_some(about.rdev());
        Ok(Self { device, signature: signature(disk) })
    }

    fn is(&self, node: &Path) -> bool {
        let same = |own: u64| fs::metadata(node).is_ok_and(|about| about.rdev() == own);
        let same_device = || self.device.is_some_and(same);
        let same_signature = || self.signature.is_some() && signature(node) == self.signature;
        same_device() || same_signature()
    }
}

/// A disk's MBR signature; `None` where there is no MBR or none is set, as with GPT.
fn signature(disk: &Path) -> Option<[u8; 4]> {
    let mut bytes = [0; 72];
    fs::File::open(disk).ok()?.read_exact_at(&mut bytes, SIGNATURE).ok()?;
    let signature = [bytes[0], bytes[1], bytes[2], bytes[3]];
    (bytes[70..] == [0x55, 0xAA] && signature != [0; 4]).then_some(signature)
}

fn look_at(layout: &Layout, tools: &Tools, system: &System, name: &str) -> Option<Found> {
    let place = layout.folders.sys.join("block").join(name);
    let text = |path: &Path| Some(fs::read_to_string(path).ok()?.trim().to_owned());
    let node = layout.folders.dev.join(name);
    let sectors: u64 = text(&place.join("size"))?.parse().ok()?;
    let read_only = text(&place.join("ro")).is_some_and(|ro| ro != "0");
    if sectors == 0 || read_only || system.is(&node) {
        return None;
    }
    let bytes = sectors * 512;
    let whole = holdings::probe(tools, &node);
    let mut names: Vec<String> = fs::read_dir(&place)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|part| place.join(part).join("partition").exists())
        .collect();
    names.sort_by_key(|part| (part.len(), part.clone()));
    let part = |place: PathBuf, node: PathBuf, probe| {
        let device = text(&place.join("dev")).unwrap_or_default();
        Part { node, probe, device }
    };
    let mut parts: Vec<Part> = names
        .iter()
        .map(|name| {
            let node = layout.folders.dev.join(name);
            let probe = holdings::probe(tools, &node);
            part(place.join(name), node, probe)
        })
        .collect();
    let probes: Vec<Probe> = parts.iter().map(|part| part.probe.clone()).collect();
    let holds = holdings::in_words(&node, bytes, &whole, &probes);
    if parts.is_empty() {
        parts.push(part(place.clone(), node.clone(), whole));
    }
    let ours = |part: &Part| part.probe.holding.as_ref().is_some_and(holdings::Holding::is_ours);
    let shown = Disk {
        id: serial::id(&place, bytes),
        model: serial::model(&place),
        bytes,
        holds,
        ours: parts.iter().any(ours),
        consent: String::new(),
        bundles: Vec::new(),
    };
    let used_for = used_for(layout, &place, &parts);
    Some(Found { shown, node, parts, used_for })
}

/// Where it is mounted; or that something is built upon it.
fn used_for(layout: &Layout, place: &Path, parts: &[Part]) -> Option<String> {
    let own = fs::read_to_string(place.join("dev")).unwrap_or_default();
    let devices: Vec<&str> =
        parts.iter().map(|part| part.device.as_str()).chain([own.trim()]).collect();
    let mounted = mounts::all(&layout.folders);
    if let Some(mount) = mounted.iter().find(|mount| devices.contains(&mount.device.as_str())) {
        return Some(format!("mounted at {}", mount.at.display()));
    }
    let has_holder = |place: PathBuf| {
        fs::read_dir(place.join("holders")).is_ok_and(|mut holders| holders.next().is_some())
    };
    let names = parts.iter().filter_map(|part| part.node.file_name());
    let mut places = names.map(|name| place.join(name)).chain([place.to_owned()]);
    places.any(has_holder).then(|| "a part of another volume".to_owned())
}

/// A word that stands for this disk as it was shown: in this start, with this content, since it was
/// plugged in.
fn consent(layout: &Layout, disk: &Found) -> String {
    let name = disk.node.file_name().unwrap_or_default();
    let place = layout.folders.sys.join("block").join(name);
    // diskseq counts every disk that the kernel ever met.
    let plug = ["dev", "diskseq"].map(|what| fs::read_to_string(place.join(what)).ok());
    let inside: Vec<_> = disk.parts.iter().map(|part| &part.probe).collect();
    let shown = &disk.shown;
    let boot = layout.folders.kernel_text("proc/sys/kernel/random/boot_id");
    let all = format!("{boot}{plug:?}{}|{}|{}|{inside:?}", shown.id, shown.bytes, shown.holds);
    data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(all)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_disks_are_disks() {
        for name in ["sda", "sdab", "nvme0n1", "mmcblk0", "vdb"] {
            assert!(is_disk(name), "{name}");
        }
        for name in
            ["loop0", "ram1", "zram0", "sr0", "md0", "dm-0", "nvme0c0n1", "mmcblk0boot0", "mtd0"]
        {
            assert!(!is_disk(name), "{name}");
        }
    }
}
