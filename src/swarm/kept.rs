//! What a disk has not kept of what was written to it, as the kernel tells it.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Advice, fadvise};

/// Flushes a file; the error where its disk has lost some of it. What is in memory of such a file is
/// forgotten, so that who reads it sees the disk. Blocks.
///
/// `doubted`: an earlier call ended with an error, so what was lost then was told already.
///
/// # Errors
/// The disk does not answer any more, or lost more while it was asked. Which of the two, the next
/// call knows.
pub(super) fn told_by_flush(path: &Path, doubted: bool) -> io::Result<Option<io::Error>> {
    let file = File::open(path)?;
    let earlier = || doubted.then(|| io::Error::other("an earlier flush failed"));
    let Some(error) = file.sync_all().err().or_else(earlier) else { return Ok(None) };
    // A loss is told once: this one is about what came since.
    file.sync_all()?;
    fadvise(&file, 0, None, Advice::DontNeed)?;
    Ok(Some(error))
}

/// Forgets what is in memory of a file and on its disk. The kernel keeps what somebody is reading just
/// then, so it is asked again once nobody does. Blocks.
pub(super) fn forget(path: &Path) -> io::Result<()> {
    Ok(fadvise(&File::open(path)?, 0, None, Advice::DontNeed)?)
}
