//! How a disk calls itself, by what the kernel read from it (sysfs).

use std::fs;
use std::path::Path;

/// Where its own number may stand, the most particular first.
const NUMBERS: [&str; 5] = ["serial", "wwid", "device/wwid", "device/serial", "device/cid"];

/// Its serial number or the like; where it has none, its model and size.
pub(super) fn id(place: &Path, bytes: u64) -> String {
    let number = NUMBERS.iter().find_map(|number| word(&place.join(number)));
    let number = number.or_else(|| page_80(place)).or_else(|| of_usb(place));
    number.unwrap_or_else(|| format!("{}-{bytes}", plain(&model(place))))
}

/// Maker and model.
pub(super) fn model(place: &Path) -> String {
    let read = |what: &str| fs::read_to_string(place.join("device").join(what)).ok();
    let words: Vec<String> =
        ["vendor", "model", "name"].iter().filter_map(|what| read(what)).collect();
    let words = words.iter().flat_map(|text| text.split_whitespace());
    // virtio's maker is a number, and ATA disks name their bus.
    let words: Vec<&str> = words.filter(|word| !word.starts_with("0x") && *word != "ATA").collect();
    let shown: String =
        words.join(" ").chars().filter(|letter| !letter.is_control()).take(60).collect();
    if shown.is_empty() { "disk".to_owned() } else { shown }
}

/// The unit serial number that SCSI disks have on a page of their own (SPC-4, 7.8.15).
fn page_80(place: &Path) -> Option<String> {
    let page = fs::read(place.join("device/vpd_pg80")).ok()?;
    let text = plain(&String::from_utf8_lossy(page.get(4..)?));
    (!text.is_empty()).then_some(text)
}

/// The number of the USB device that the disk is behind.
fn of_usb(place: &Path) -> Option<String> {
    let place = place.canonicalize().ok()?;
    let device = place.ancestors().find(|folder| folder.join("idVendor").exists())?;
    word(&device.join("serial"))
}

fn word(path: &Path) -> Option<String> {
    let text = plain(&fs::read_to_string(path).ok()?);
    (!text.is_empty()).then_some(text)
}

/// As it can stand in a URL: runs of all else become one hyphen.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.trim().trim_matches('\0').chars().take(100) {
        if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | ':') {
            plain.push(letter);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    plain.trim_end_matches('-').to_owned()
}
