//! What the firmware of a Raspberry Pi does with a card, written from its documentation and from
//! the layout of the card, and from nothing of the steward's.

use std::cell::RefCell;
use std::collections::HashMap;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::bundle::Key;

/// The partitions of a card, by their number in `autoboot.txt`, as ranges of its bytes.
pub type Partitions = [std::ops::Range<usize>; 3];

/// A card in the firmware's hands.
pub struct Firmware<'a> {
    partitions: Partitions,
    key: &'a Key,
    /// Heads that minisign was asked about.
    signed: RefCell<HashMap<Vec<u8>, bool>>,
    /// Checksums of slots as they were last seen: a slot is summed again only when it has changed.
    sums: RefCell<HashMap<usize, (Vec<u8>, String)>>,
}

impl<'a> Firmware<'a> {
    pub fn new(partitions: Partitions, key: &'a Key) -> Self {
        Self { partitions, key, signed: RefCell::default(), sums: RefCell::default() }
    }

    /// What starts, and from which partition; `once` is the one-shot flag. An error is a box that
    /// does not start.
    pub fn starts(&self, card: &[u8], once: bool) -> Result<(usize, u64), String> {
        let text = autoboot(&card[self.partitions[0].clone()])?;
        let partition = boot_partition(&text, once)?;
        let counter = self.holds(card, partition)?.ok_or("the slot has no head")?;
        Ok((partition, counter))
    }

    /// Which version stands in a slot's head; an error where head or slot are not as signed.
    pub fn holds(&self, card: &[u8], partition: usize) -> Result<Option<u64>, String> {
        let slot = &card[self.partitions.get(partition - 1).ok_or("no slot")?.clone()];
        let tail = &slot[slot.len() - (64 << 10)..];
        if tail.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let mut lines = tail.splitn(3, |byte| *byte == b'\n');
        let magic = lines.next().unwrap();
        let sizes = String::from_utf8_lossy(lines.next().ok_or("no sizes")?).into_owned();
        let rest = lines.next().ok_or("no manifest")?;
        if magic != b"credenza-bundle 1" {
            return Ok(None);
        }
        let (manifest, signature) = sizes.split_once(' ').ok_or("bad sizes")?;
        let [manifest, signature] =
            [manifest, signature].map(|size| size.parse::<usize>().unwrap());
        let (manifest, signature) = rest[..manifest + signature].split_at(manifest);
        let mut signed = self.signed.borrow_mut();
        let head = rest[..manifest.len() + signature.len()].to_vec();
        if !*signed.entry(head).or_insert_with(|| self.key.verifies(manifest, signature)) {
            return Ok(None);
        }
        let said: serde_json::Value = serde_json::from_slice(manifest).unwrap();
        let bytes = usize::try_from(said["slot_bytes"].as_u64().unwrap()).unwrap();
        let mut sums = self.sums.borrow_mut();
        let (seen, sum) = sums.entry(partition).or_default();
        if *seen != slot[..bytes] {
            *seen = slot[..bytes].to_vec();
            *sum = HEXLOWER.encode(&Sha256::digest(&seen));
        }
        if said["slot_sha256"] != sum.as_str() {
            return Err(format!("partition {partition} is not what its head says"));
        }
        Ok(said["counter"].as_u64())
    }
}

/// `autoboot.txt` of a FAT16 file system with sectors of 512 bytes.
fn autoboot(partition: &[u8]) -> Result<String, String> {
    let word = |at: usize| usize::from(u16::from_le_bytes([partition[at], partition[at + 1]]));
    let (cluster, reserved, tables) =
        (usize::from(partition[13]), word(14), usize::from(partition[16]));
    let folder = (reserved + tables * word(22)) * 512;
    let first_cluster = folder + word(17) * 32;
    for entry in partition[folder..first_cluster].chunks(32) {
        if entry.starts_with(b"AUTOBOOTTXT") {
            let number = usize::from(u16::from_le_bytes([entry[26], entry[27]]));
            let bytes = usize::from(u16::from_le_bytes([entry[28], entry[29]]));
            let start = first_cluster + (number - 2) * cluster * 512;
            let text = &partition[start..start + bytes.min(512)];
            return String::from_utf8(text.to_vec()).map_err(|error| error.to_string());
        }
    }
    Err("no autoboot.txt".to_owned())
}

/// By the documentation: settings of `[all]` hold always, those of `[tryboot]` with the flag; a
/// later one replaces an earlier one.
fn boot_partition(text: &str, once: bool) -> Result<usize, String> {
    let (mut holds, mut partition, mut a_b) = (true, None, false);
    for line in text.lines().map(str::trim) {
        match line {
            "[all]" => holds = true,
            "[tryboot]" => holds = once,
            _ if line.starts_with('[') => holds = false,
            _ if holds => match line.split_once('=') {
                Some(("boot_partition", number)) => partition = number.parse().ok(),
                Some(("tryboot_a_b", value)) => a_b = value == "1",
                _ => {}
            },
            _ => {}
        }
    }
    if !a_b {
        return Err("without tryboot_a_b a flag would look for tryboot.txt".to_owned());
    }
    partition.ok_or_else(|| format!("no boot_partition in {text:?}"))
}
