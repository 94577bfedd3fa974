//! Update bundles on disks that were plugged in. A foreign file system is mounted so that not a byte
//! of it changes, and only for as long as it is looked at.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::disks::{Found, Part};
use super::layout::Layout;
use super::mounts::{self, mount};
use super::people::cannot;
use super::tools::Tools;
use super::words::Refusal;

/// File systems that can be read without a write, and by which options. A journal is not played back.
const READABLE: [(&str, &str, &str); 7] = [
    ("vfat", "vfat", ""),
    ("exfat", "exfat", ""),
    ("ntfs", "ntfs3", ""),
    ("iso9660", "iso9660", ""),
    ("ext2", "ext4", ",noload"),
    ("ext3", "ext4", ",noload"),
    ("ext4", "ext4", ",noload"),
];

/// The bundles in the first folders of a disk.
pub(super) fn bundles(layout: &Layout, tools: &Tools, disk: &Found) -> Vec<String> {
    let mut names: Vec<String> = disk
        .parts
        .iter()
        .filter_map(|part| with(layout, tools, part, Turn::Now, |folder| Ok(listed(folder))).ok())
        .flatten()
        .collect();
    names.sort();
    names.dedup();
    names
}

fn listed(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| is_bundle(name)).take(100).collect()
}

/// The name of a bundle, and no way to another folder.
pub(super) fn is_bundle(name: &str) -> bool {
    let inner = name.strip_prefix("credenza-").and_then(|rest| rest.strip_suffix(".bundle"));
    inner.is_some_and(|inner| {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"._+~-".contains(&byte);
        !inner.is_empty() && inner.len() < 100 && inner.bytes().all(sound)
    })
}

/// Opens the bundle `name` of the disk for as long as `work` lasts.
pub(super) fn open<R>(
    layout: &Layout,
    tools: &Tools,
    disk: &Found,
    name: &str,
    mut work: impl FnMut(&mut File) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    for part in &disk.parts {
        let mut opened = |folder: &Path| {
            let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
            let path = folder.join(name);
            match OpenOptions::new().read(true).custom_flags(nofollow).open(&path) {
                Ok(mut file) if file.metadata().is_ok_and(|about| about.is_file()) => {
                    work(&mut file).map(Some)
                }
                _ => Ok(None),
            }
        };
        // A part that cannot be mounted is none with a bundle on it.
        let tried = with(layout, tools, part, Turn::Awaited, &mut opened);
        match tried {
            Ok(None) => {}
            Err(refusal) if refusal.code == UNREADABLE => {}
            Ok(Some(done)) => return Ok(done),
            Err(refusal) => return Err(refusal),
        }
    }
    let message =
        format!("there is no update {name} on that disk any more; look at the disks again");
    Err(Refusal::new("no_bundle", message))
}

const UNREADABLE: &str = "unreadable";

/// What to do while another reads a stick.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// A page that lists disks does not wait for an update that is read for minutes.
    Now,
    Awaited,
}

/// Shows `look` the first folder of a partition.
fn with<R>(
    layout: &Layout,
    tools: &Tools,
    part: &Part,
    when: Turn,
    look: impl FnOnce(&Path) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    // What is mounted already (our own disk) is looked at where it is.
    let mounted = mounts::all(&layout.folders);
    if let Some(mount) = mounted.iter().find(|mount| mount.device == part.device) {
        return look(&mount.at);
    }
    let kind = part.probe.holding.as_ref().map(|holding| holding.kind.as_str());
    let Some((_, kind, more)) = READABLE.iter().find(|(known, ..)| Some(*known) == kind) else {
        return Err(Refusal::new(UNREADABLE, "this file system is not read here"));
    };
    let place = layout.folders.run.join("usb");
    let turn = layout.folders.run.join("usb.lock");
    let turn = File::create(&turn).map_err(|error| cannot("lock", &turn, &error))?;
    match when {
        Turn::Now => turn
            .try_lock()
            .map_err(|_| Refusal::new(UNREADABLE, "another disk is being read; look again"))?,
        Turn::Awaited => turn.lock().map_err(|error| cannot("lock", &place, &error))?,
    }
    let options = format!("ro,nosuid,nodev,noexec{more}");
    mount(tools, &part.node, &place, Some(kind), &options)
        .map_err(|refusal| Refusal::new(UNREADABLE, refusal.message))?;
    let looked = look(&place);
    let _ = tools.run("umount", &[&place.to_string_lossy()]);
    looked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundles_name_leads_nowhere_else() {
        for name in ["credenza-rpi4-0.2.0.bundle", "credenza-qemu-1.0.0-rc.1+x.bundle"] {
            assert!(is_bundle(name), "{name}");
        }
        for name in [
            "",
            "credenza-.bundle",
            "credenza-a/../b.bundle",
            "credenza-a b.bundle",
            "../credenza-a.bundle",
            "credenza-a.bundle.part",
            "other-a.bundle",
        ] {
            assert!(!is_bundle(name), "{name}");
        }
    }
}
