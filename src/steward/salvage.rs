//! A copy of the state in memory, from a card that can be read but not used.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use super::layout::Layout;
use super::mounts::mount;
use super::tools::Tools;

/// More than any household's state has; less than the memory that takes it.
const LARGEST: u64 = 64 << 20;

/// What the service can find again is left out, and films are.
const LEFT_OUT: [&str; 3] = ["credenza/cache", "credenza/library", "lost+found"];

/// Copies the state from the card into what is mounted at `/data`, whole or not at all.
pub(super) fn copy(layout: &Layout, tools: &Tools) -> bool {
    let card = layout.folders.run.join("card");
    // Not even the journal is played back: that would be a write.
    let options = "ro,noload,nosuid,nodev,noexec";
    if mount(tools, &layout.start.data, &card, Some("ext4"), options).is_err() {
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
