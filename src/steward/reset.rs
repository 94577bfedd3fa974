//! `reset-owner`: an empty file that a person with the card in hand puts on the boot partition to
//! own the box again. Handed to the service, which does it, and taken off the card.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::layout::Layout;
use super::people::{User, cannot};
use super::tools::Tools;
use super::words::Refusal;
use crate::durable::replace_file;

const NAME: &str = "reset-owner";

/// Hands the wish on, once.
pub(super) fn consume(layout: &Layout, tools: &Tools) -> Result<(), Refusal> {
    let done = layout.folders.system().join("reset-done");
    let Some(file) = file(&layout.folders.selector) else {
        let _ = fs::remove_file(&done);
        return Ok(());
    };
    // Which file it was: a card that cannot be written would reset the owner at each start.
    let about = fs::metadata(&file).map_err(|error| cannot("look at", &file, &error))?;
    let which = format!("{} {} {}", about.mtime(), about.mtime_nsec(), about.len());
    if fs::read_to_string(&done).is_ok_and(|before| before == which) {
        return Err(stays());
    }
    // First handed on, then taken away: a plug pulled in between does it twice, before anybody
    // could own the box in between.
    let wish = layout.folders.data.join("credenza").join(NAME);
    let given = replace_file(&wish, b"", 0o600).and_then(|()| {
        let service = User::service(&layout.folders.root).map_err(std::io::Error::other)?;
        std::os::unix::fs::lchown(&wish, Some(service.id), Some(service.group))
    });
    given.map_err(|error| cannot("write", &wish, &error))?;
    if take_away(layout, tools, &file).is_err() {
        replace_file(&done, which.as_bytes(), 0o600)
            .map_err(|error| cannot("write", &done, &error))?;
        return Err(stays());
    }
    Ok(())
}

fn stays() -> Refusal {
    let message = "the owner was reset, but the file reset-owner could not be removed from the \
                   card; remove it yourself";
    Refusal::new("reset_file_stays", message)
}

/// The file, also as Windows names an empty text document.
fn file(selector: &Path) -> Option<PathBuf> {
    let places = [NAME.to_owned(), format!("{NAME}.txt")].map(|name| selector.join(name));
    places.into_iter().find(|place| place.is_file())
}

fn take_away(layout: &Layout, tools: &Tools, file: &Path) -> Result<(), Refusal> {
    let selector = layout.folders.selector.to_string_lossy();
    tools.done("mount", &["-o", "remount,rw", &selector])?;
    let removed = fs::remove_file(file)
        .and_then(|()| Ok(rustix::fs::syncfs(fs::File::open(&layout.folders.selector)?)?));
    tools.done("mount", &["-o", "remount,ro", &selector])?;
    removed.map_err(|error| cannot("remove", file, &error))
}
