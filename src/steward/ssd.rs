//! The disk for films: adopted by its label, known by its UUID, mounted, let go.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::disks::{self, Part};
use super::holdings::Holding;
use super::layout::Layout;
use super::mounts::{self, Mount, mount};
use super::notices;
use super::people::{self, User, cannot};
use super::tools::Tools;
use super::words::{Refusal, Ssd};
use crate::durable::replace_file;

/// Its notices; each adoption says anew what is so.
const CODES: [&str; 5] = ["ssd_damaged", "ssd_gone", "ssd_two", "ssd_not_mounted", "disk_not_ours"];

/// Which disk it is: in memory the one of this start, in the data partition the one used last.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    uuid: String,
}

fn mounted_record(layout: &Layout) -> PathBuf {
    layout.folders.run.join("ssd.json")
}

fn last_record(layout: &Layout) -> PathBuf {
    layout.folders.system().join("ssd.json")
}

fn read(place: &PathBuf) -> Option<Known> {
    serde_json::from_slice(&fs::read(place).ok()?).ok()
}

fn write(place: &PathBuf, uuid: &str) -> Result<(), Refusal> {
    if read(place).is_some_and(|known| known.uuid == uuid) {
        return Ok(());
    }
    let text = serde_json::to_vec(&Known { uuid: uuid.to_owned() }).unwrap_or_default();
    replace_file(place, &text, 0o600).map_err(|error| cannot("write", place, &error))
}

/// Makes it so: lets go of a disk that was unplugged, and mounts the one that carries our label, if it
/// is there and none is mounted. For each event of a disk that comes or goes. What keeps a disk from
/// being used is a notice.
pub fn adopt(layout: &Layout) -> Result<(), Refusal> {
    let tools = Tools::below(&layout.folders.root);
    let_go(layout, &tools)?;
    notices::mended(layout, &CODES);
    let found = disks::find(layout, &tools)?;
    let ours = |part: &&Part| part.probe.holding.as_ref().is_some_and(Holding::is_ours);
    let parts: Vec<&Part> = found.iter().flat_map(|disk| &disk.parts).filter(ours).collect();
    if let Some(mount) = mounted(layout) {
        service_folder(layout)?;
        // Whoever mounted it may have been ended before it was noted.
        let part = parts.iter().find(|part| part.device == mount.device);
        return part.map_or(Ok(()), |part| note(layout, part));
    }
    let Some(part) = choose(layout, &parts) else {
        if mounted_record(layout).exists() {
            let message = "the disk for films was unplugged; plug it in again";
            notices::add(layout, &Refusal::new("ssd_gone", message));
        }
        return Ok(());
    };
    let done = check_and_mount(layout, &tools, part);
    if let Err(refusal) = &done {
        notices::add(layout, refusal);
    }
    done
}

/// The one used last; else the first, and the owner is told.
fn choose<'a>(layout: &Layout, parts: &[&'a Part]) -> Option<&'a Part> {
    let last = read(&last_record(layout));
    let uuid = |part: &Part| part.probe.holding.as_ref().map(|holding| holding.uuid.clone());
    let known = parts.iter().find(|part| uuid(part) == last.as_ref().map(|last| last.uuid.clone()));
    if parts.len() > 1 && known.is_none() {
        let message = "two disks for films are plugged in, and only one of them is used; unplug \
                       the one that is not needed and start the box anew";
        notices::add(layout, &Refusal::new("ssd_two", message));
    }
    known.or(parts.first()).copied()
}

fn check_and_mount(layout: &Layout, tools: &Tools, part: &Part) -> Result<(), Refusal> {
    // The node was asked for its UUID a moment ago; a name alone would be no choice.
    let node = part.node.to_string_lossy();
    let checked = tools.run("e2fsck", &["-p", &node])?;
    // e2fsck(8): 0 is sound, 1 and 2 are mended.
    if checked.code >= 4 {
        let message = "the disk for films has faults that do not mend by themselves, so it is not \
                       used; copy what you need on a computer, then let the box format it anew, or \
                       take another disk";
        return Err(Refusal::new("ssd_damaged", message));
    }
    let options = "noatime,nosuid,nodev,noexec,errors=remount-ro";
    mount(tools, &part.node, &layout.folders.ssd, Some("ext4"), options).map_err(|refusal| {
        let message = format!(
            "the disk for films could not be mounted ({}); unplug it and plug it in again",
            refusal.message
        );
        Refusal::new("ssd_not_mounted", message)
    })?;
    service_folder(layout)?;
    note(layout, part)
}

/// Notes which disk is mounted, and that it was the last.
fn note(layout: &Layout, part: &Part) -> Result<(), Refusal> {
    let uuid = part.probe.holding.as_ref().map(|holding| holding.uuid.as_str()).unwrap_or_default();
    write(&mounted_record(layout), uuid)?;
    write(&last_record(layout), uuid)
}

/// The service's folder on it; never in the empty mount point.
fn service_folder(layout: &Layout) -> Result<(), Refusal> {
    if mounted(layout).is_none() {
        return Ok(());
    }
    let service = User::service(&layout.folders.root)?;
    people::folder(&layout.folders.ssd.join("credenza"), 0o700, Some(service))
}

/// What is mounted, with its device there.
fn mounted(layout: &Layout) -> Option<Mount> {
    let mount = mounts::at(&layout.folders, &layout.folders.ssd)?;
    layout.folders.sys.join("dev/block").join(&mount.device).exists().then_some(mount)
}

/// Takes away the mount of a disk that is no longer plugged in, so that it can come back.
fn let_go(layout: &Layout, tools: &Tools) -> Result<(), Refusal> {
    let place = &layout.folders.ssd;
    // One mount may hide another; a bound ends what should never be endless.
    for _ in 0..8 {
        if mounts::at(&layout.folders, place).is_none() || mounted(layout).is_some() {
            break;
        }
        // Lazily: who has a film open holds it a while longer.
        tools.done("umount", &["--lazy", &place.to_string_lossy()])?;
    }
    Ok(())
}

/// Tells the disk which blocks hold nothing any more; many USB adapters do not pass that on.
pub fn trim(layout: &Layout) -> Result<(), Refusal> {
    if mounted(layout).is_none() {
        return Ok(());
    }
    let tools = Tools::below(&layout.folders.root);
    let ended = tools.run("fstrim", &[&layout.folders.ssd.to_string_lossy()])?;
    if ended.says("not supported") { Ok(()) } else { ended.well().map(drop) }
}

/// What the kernel does with a disk that gave it nonsense.
pub(super) fn read_only(layout: &Layout) -> Option<Refusal> {
    mounted(layout)?.read_only.then(|| {
        let message = "the disk for films took a fault and takes no more writes; unplug it and \
                       plug it in again, and if that happens again, take another disk or cable";
        Refusal::new("ssd_read_only", message)
    })
}

/// The disk for films, where one is adopted and there.
pub(super) fn facts(layout: &Layout) -> Option<Ssd> {
    mounted(layout)?;
    let place = &layout.folders.ssd;
    let space = rustix::fs::statvfs(place).ok()?;
    Some(Ssd {
        uuid: read(&mounted_record(layout))?.uuid,
        mount_point: place.to_string_lossy().into_owned(),
        bytes: space.f_blocks.saturating_mul(space.f_frsize),
        free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
    })
}
