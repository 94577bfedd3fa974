//! The data partition: checked, grown to the end of the card, mounted. Where that cannot be, memory
//! takes its place, so that there is a box that answers and says so. It is never formatted here:
//! what does not look like our file system may still be all that is left of an owner's state.

use std::path::Path;

use super::card::{self, Fault};
use super::layout::Layout;
use super::mounts::{self, mount};
use super::people::{self, User};
use super::salvage;
use super::tools::Tools;
use super::words::Refusal;

/// `commit=30`: what must not be lost is flushed by who writes it; all else may wait, for the card's
/// sake. `errors=remount-ro`: what a worn card gives back wrong is not written upon.
const OPTIONS: &str = "noatime,lazytime,nosuid,nodev,noexec,commit=30,errors=remount-ro";

/// Who else keeps something at `/data`, and the view of it that it is given.
const CLOCK: [&str; 2] = ["systemd-timesyncd.service", "var-lib-systemd-timesync.mount"];

/// With less than this, the owner is told. Root has another 16 MiB (`card::RESERVE_BYTES`).
const LITTLE: u64 = 4 << 20;

/// Makes `/data` ready and says what the owner should know of it.
pub(super) fn make_ready(layout: &Layout, tools: &Tools) -> Vec<Refusal> {
    let mut notices = Vec::new();
    let data = &layout.folders.data;
    if mounts::at(&layout.folders, data).is_none() {
        match card::check_and_grow(layout, tools, &mut notices)
            .and_then(|()| on_card(layout, tools))
        {
            Ok(()) => {}
            Err(fault) => notices.push(in_memory(layout, tools, &fault)),
        }
    }
    notices.extend(folders(layout));
    notices
}

/// Before the server starts again: a card may have failed since it was mounted. Linux 6.12 goes on to
/// say `rw` of such a mount, while every write and most reads end in an error, so a write is tried.
/// Where it fails memory takes the card's place, with a copy of the state.
pub(super) fn look_again(layout: &Layout, tools: &Tools) -> Vec<Refusal> {
    let data = &layout.folders.data;
    let on_card = |mount: mounts::Mount| mount.file_system != "tmpfs";
    if !mounts::at(&layout.folders, data).is_some_and(on_card) || takes_writes(data) {
        return Vec::new();
    }
    // A card that is still mounted anywhere cannot be mended in memory (dm-snapshot: EBUSY).
    let [clock, view] = CLOCK;
    let _ = tools.run("systemctl", &["stop", clock, view]);
    let place = data.to_string_lossy();
    if tools.done("umount", &[&place]).is_err() {
        let _ = tools.run("umount", &["--lazy", &place]);
    }
    let mut notices = vec![in_memory(layout, tools, &Fault::ReadOnly)];
    let _ = tools.run("systemctl", &["start", "--no-block", clock]);
    notices.extend(folders(layout));
    notices
}

/// Whether ext4 stopped writing since the card was mounted (`errors=remount-ro`). In 6.12 neither
/// the mount's words nor every write tell of it: what lies in the file already is still overwritten
/// in place. e2fsck at the start has brought the count of what was before to 0
/// (Documentation/ABI/testing/sysfs-fs-ext4, `errors_count`).
pub(super) fn took_a_fault(layout: &Layout, mount: &mounts::Mount) -> bool {
    let sys = &layout.folders.sys;
    let Ok(disk) = std::fs::read_link(sys.join("dev/block").join(&mount.device)) else {
        return false;
    };
    let Some(name) = disk.file_name() else { return false };
    let count = std::fs::read_to_string(sys.join("fs/ext4").join(name).join("errors_count"));
    count.is_ok_and(|count| count.trim().parse().is_ok_and(|count: u64| count > 0))
}

/// A full card takes no byte more, and has failed in nothing.
fn takes_writes(data: &Path) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    match probe(data) {
        Ok(()) => true,
        Err(error) => matches!(error.kind(), StorageFull | QuotaExceeded),
    }
}

fn probe(data: &Path) -> std::io::Result<()> {
    let file = data.join(".written");
    std::fs::write(&file, b"")?;
    std::fs::remove_file(&file)
}

fn folders(layout: &Layout) -> impl Iterator<Item = Refusal> {
    [own_folder(layout), service_folder(layout)].into_iter().filter_map(Result::err)
}

/// Mounts the card's, and sees that it takes a write.
fn on_card(layout: &Layout, tools: &Tools) -> Result<(), Fault> {
    let (device, data) = (&layout.start.data, &layout.folders.data);
    mount(tools, device, data, Some("ext4"), OPTIONS)
        .map_err(|refusal| Fault::Damaged(refusal.message))?;
    match probe(data) {
        Err(error) if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem => {
            let _ = tools.run("umount", &[&data.to_string_lossy()]);
            Err(Fault::ReadOnly)
        }
        // A full disk still takes a name; if not even that, `full` says so.
        _ => Ok(()),
    }
}

/// Mounts memory in its place, with a copy of the state where that can still be read.
fn in_memory(layout: &Layout, tools: &Tools, fault: &Fault) -> Refusal {
    let data = &layout.folders.data;
    let options = "nosuid,nodev,noexec,mode=0755,size=96m";
    if let Err(refusal) = mount(tools, Path::new("credenza-data"), data, Some("tmpfs"), options) {
        return refusal;
    }
    let kept = !matches!(fault, Fault::Missing) && salvage::copy(layout, tools);
    let state = if kept {
        "it runs from a copy in memory, and what is changed now is lost when it is switched off"
    } else {
        "it starts as new, and what is set up now is lost when it is switched off"
    };
    match fault {
        Fault::Missing => Refusal::new(
            "data_missing",
            format!("the card has no data partition: {state}; flash the card anew"),
        ),
        Fault::Damaged(why) => Refusal::new(
            "data_damaged",
            format!(
                "the data partition of the card is damaged ({why}): {state}; flash a card anew, \
                 another one if this happened before"
            ),
        ),
        Fault::ReadOnly => Refusal::new(
            "card_read_only",
            format!(
                "the card takes no more writes, as worn-out cards do: {state}; flash another card \
                 and put it in"
            ),
        ),
    }
}

fn own_folder(layout: &Layout) -> Result<(), Refusal> {
    people::folder(&layout.folders.system(), 0o700, None)
}

fn service_folder(layout: &Layout) -> Result<(), Refusal> {
    let service = User::service(&layout.folders.root)?;
    people::folder(&layout.folders.data.join("credenza"), 0o700, Some(service))
}

/// What a full card means, for as long as it is full.
pub(super) fn full(layout: &Layout) -> Option<Refusal> {
    let left = rustix::fs::statvfs(&layout.folders.data).ok()?;
    let bytes = left.f_bavail.saturating_mul(left.f_frsize);
    (bytes < LITTLE).then(|| {
        let message = "the data partition of the card is full, so changes may not be kept: plug in \
                       a disk for films, or remove films that are kept on the card";
        Refusal::new("data_full", message)
    })
}
