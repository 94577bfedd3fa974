//! What stands on a disk or a partition, as blkid(8) finds it and as people call it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::tools::Tools;

/// Our label: a file system that carries it is a disk for films.
pub(super) const LABEL: &str = "credenza-ssd";

/// A file system, or whatever else is known to begin like this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holding {
    /// blkid's word: `ext4`, `vfat`.
    pub(super) kind: String,
    pub(super) label: String,
    pub(super) uuid: String,
}

/// What blkid says of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) holding: Option<Holding>,
    /// The partition table's own number, where there is one.
    pub(super) table: Option<String>,
}

/// Looks at the device itself, not at what blkid remembers.
pub(super) fn probe(tools: &Tools, device: &Path) -> Probe {
    let arguments = ["-p", "-o", "udev", &device.to_string_lossy()];
    // Exit code 2: nothing that it knows; 8: several things at once, which is nothing we can use.
    let said = tools.run("blkid", &arguments).map(|ended| ended.stdout).unwrap_or_default();
    parse(&said)
}

fn parse(said: &str) -> Probe {
    let value = |wanted: &str| {
        let mut lines = said.lines().filter_map(|line| line.split_once('='));
        lines.find(|(key, _)| *key == wanted).map(|(_, value)| value.to_owned())
    };
    let holding = value("ID_FS_TYPE").map(|kind| Holding {
        kind,
        label: unescaped(&value("ID_FS_LABEL_ENC").unwrap_or_default()),
        uuid: value("ID_FS_UUID").unwrap_or_default(),
    });
    let table = value("ID_PART_TABLE_TYPE")
        .map(|kind| format!("{kind} {}", value("ID_PART_TABLE_UUID").unwrap_or_default()));
    Probe { holding, table }
}

/// udev's `\x20`; and nothing that would not print.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => rest = after,
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).trim().chars().filter(|letter| !letter.is_control()).collect()
}

impl Holding {
    /// Whether this is a disk for films of ours.
    pub(super) fn is_ours(&self) -> bool {
        self.kind == "ext4" && self.label == LABEL
    }

    /// In words: `NTFS "Windows"`.
    pub(super) fn words(&self) -> String {
        let kind = match self.kind.as_str() {
            "vfat" => "FAT",
            "exfat" => "exFAT",
            "ntfs" => "NTFS",
            "hfsplus" => "HFS+",
            "apfs" => "APFS",
            "BitLocker" => "a BitLocker volume",
            "crypto_LUKS" => "an encrypted volume",
            "LVM2_member" => "a part of an LVM volume",
            "linux_raid_member" => "a part of a RAID",
            "zfs_member" => "a part of a ZFS pool",
            other => other,
        };
        if self.label.is_empty() { kind.to_owned() } else { format!("{kind} \"{}\"", self.label) }
    }
}

/// A disk in words, from what it holds itself and what its partitions do.
pub(super) fn in_words(disk: &Path, bytes: u64, whole: &Probe, partitions: &[Probe]) -> String {
    if let Some(holding) = &whole.holding {
        return holding.words();
    }
    if !partitions.is_empty() {
        let unknown = || "an unknown partition".to_owned();
        let words = partitions
            .iter()
            .map(|part| part.holding.as_ref().map_or_else(unknown, Holding::words));
        return words.collect::<Vec<_>>().join(", ");
    }
    match (&whole.table, is_blank(disk, bytes)) {
        (Some(_), _) => "an empty partition table".to_owned(),
        (None, Ok(true)) => "nothing".to_owned(),
        (None, _) => "something unknown".to_owned(),
    }
}

/// Whether the first and the last MiB are zeros.
fn is_blank(disk: &Path, bytes: u64) -> std::io::Result<bool> {
    let mut file = File::open(disk)?;
    let mut piece = vec![0; 1 << 20];
    for at in [0, bytes.saturating_sub(1 << 20)] {
        file.seek(SeekFrom::Start(at))?;
        let length = file.by_ref().take(1 << 20).read(&mut piece)?;
        if piece[..length].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blkid_says_becomes_words() {
        for (said, words, ours) in [
            ("ID_FS_TYPE=ntfs\nID_FS_LABEL_ENC=My\\x20\\xc3\\xa9\n", "NTFS \"My \u{e9}\"", false),
            ("ID_FS_TYPE=ext4\nID_FS_LABEL_ENC=credenza-ssd\n", "ext4 \"credenza-ssd\"", true),
            ("ID_FS_TYPE=vfat\nID_FS_LABEL_ENC=credenza-ssd\n", "FAT \"credenza-ssd\"", false),
            ("ID_FS_TYPE=crypto_LUKS\nID_FS_UUID=1\n", "an encrypted volume", false),
            ("ID_FS_TYPE=xfs\nID_FS_LABEL_ENC=a\\x0ab\\x\n", "xfs \"ab\"", false),
        ] {
            let holding = parse(said).holding.unwrap();
            assert_eq!((holding.words().as_str(), holding.is_ours()), (words, ours));
        }
        assert_eq!(parse(""), Probe::default());
    }
}
