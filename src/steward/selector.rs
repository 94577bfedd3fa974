//! Which slot starts: `autoboot.txt` on the selector partition, which the firmware reads at each
//! start. Writing that file's one sector is the whole commit of an update, so it is done in place,
//! with one write, and read again from the card.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::autoboot::{self, Selected};
use super::fat::{self, Found};
use super::partition::{forget_cached, refused_write};
use super::words::{Refusal, Slot};

const SECTOR: usize = 512;

/// What the selector says.
pub(super) fn selected(selector: &Path) -> Result<Selected, Refusal> {
    let file = File::open(selector).map_err(|error| damaged(&error.to_string()))?;
    let (found, sector) = read(&file)?;
    autoboot::parse(&sector[..found.bytes])
        .ok_or_else(|| damaged("its autoboot.txt names no slot of this box"))
}

/// Makes `slot` the one that starts. Cut off, it is the old one or this one.
pub(super) fn select(selector: &Path, slot: Slot) -> Result<(), Refusal> {
    let opened = OpenOptions::new().read(true).write(true).open(selector);
    let file = opened.map_err(|error| refused_write(&error))?;
    let (found, mut sector) = read(&file)?;
    let text = autoboot::rewritten(&sector[..found.bytes], slot)
        .ok_or_else(|| damaged("its autoboot.txt is too short to be mended"))?;
    sector[..found.bytes].copy_from_slice(&text);
    let kept = write(&file, &sector, found.offset).map_err(|error| refused_write(&error))?;
    if kept {
        return Ok(());
    }
    let sentence = "the card does not keep what is written to it; make a new card from the image";
    Err(Refusal::new("card_faulty", sentence))
}

/// Writes one sector, and says whether it is there when the card is asked.
fn write(file: &File, sector: &[u8; SECTOR], at: u64) -> io::Result<bool> {
    let written = file.write_at(sector, at)?;
    file.sync_data()?;
    forget_cached(file);
    let mut again = [0; SECTOR];
    file.read_exact_at(&mut again, at)?;
    Ok(written == SECTOR && again == *sector)
}

fn read(file: &File) -> Result<(Found, [u8; SECTOR]), Refusal> {
    let found = fat::find_autoboot(file).map_err(|fault| damaged(&fault.to_string()))?;
    let mut sector = [0; SECTOR];
    file.read_exact_at(&mut sector, found.offset).map_err(|error| damaged(&error.to_string()))?;
    Ok((found, sector))
}

fn damaged(what: &str) -> Refusal {
    let sentence = format!(
        "the boot partition of the card was changed ({what}); put autoboot.txt of the image onto it \
         again"
    );
    Refusal::new("selector_damaged", sentence)
}
