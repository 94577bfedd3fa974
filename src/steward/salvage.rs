//! A copy of the state in memory, from a card that can be read but not used.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use super::layer::Layer;
use super::layout::Layout;
use super::mounts::mount;
use super::superblock::Superblock;
use super::tools::Tools;

/// More than any household's state has; less than the memory that takes it.
const LARGEST: u64 = 64 << 20;

/// What the service can find again is left out, and films are.
const LEFT_OUT: [&str; 3] = ["credenza/cache", "credenza/library", "lost+found"];

/// Copies the state from the card into what is mounted at `/data`, whole or not at all.
pub(super) fn copy(layout: &Layout, tools: &Tools) -> bool {
    let layer = match Layer::over(&layout.start.data, layout, tools) {
        Ok(layer) => Some(layer),
        Err(refusal) => {
            tracing::warn!(error = refusal.message, "the card cannot be mended in memory");
            None
        }
    };
    let some = match &layer {
        Some(layer) => {
            // 0 is sound, up to 3 mended, and beyond that a mount may still read what is needed.
            let _ = tools.run("e2fsck", &["-y", &layer.device.to_string_lossy()]);
            copy_from(&layer.device, layout, tools)
        }
        None => is_whole(&layout.start.data) && copy_from(&layout.start.data, layout, tools),
    };
    if let Some(layer) = layer {
        layer.remove(tools);
    }
    some
}

/// Whether nothing waits in the journal: what is read without it would be torn.
fn is_whole(device: &Path) -> bool {
    Superblock::read(device).ok().flatten().is_some_and(|found| !found.waits_in_journal)
}

fn copy_from(device: &Path, layout: &Layout, tools: &Tools) -> bool {
    let card = layout.folders.run.join("card");
    let options = "ro,noload,nosuid,nodev,noexec";
    if let Err(refusal) = mount(tools, device, &card, Some("ext4"), options) {
        tracing::warn!(error = refusal.message, "the card cannot be read");
        return false;
    }
    let data = &layout.folders.data;
    let mut left = LARGEST;
    let copied = tree(&card, &card, data, &mut left);
    let some = copied.is_ok() && left < LARGEST;
    if let Err(error) = copied {
        tracing::warn!(%error, "the state could not be copied from the card");
        for half in ["credenza", "system"] {
            let _ = fs::remove_dir_all(data.join(half));
        }
    }
    let _ = tools.run("umount", &[&card.to_string_lossy()]);
    some
}

fn tree(top: &Path, from: &Path, to: &Path, left: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let shown = path.strip_prefix(top).unwrap_or(&path);
        if LEFT_OUT.iter().any(|out| shown == Path::new(out)) {
            continue;
        }
        let about = entry.metadata()?;
        if about.is_dir() {
            fs::create_dir_all(&target)?;
            tree(top, &path, &target, left)?;
        } else if about.is_file() {
            *left = left.checked_sub(about.len() + 1).ok_or(io::ErrorKind::StorageFull)?;
            fs::copy(&path, &target)?;
        } else {
            continue;
        }
        fs::set_permissions(&target, Permissions::from_mode(about.mode() & 0o7777))?;
        chown(&target, Some(about.uid()), Some(about.gid()))?;
    }
    Ok(())
}
