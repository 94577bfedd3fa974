//! Names of files in a torrent: shown to people, never used on disk, and judged all the same.

use super::{Bad, NameFault};

/// Longest part of a path, in bytes: what Linux file systems hold.
const LONGEST_NAME: usize = 255;
/// Longest path, in bytes.
const LONGEST_PATH: usize = 1_024;
/// Most parts of a path.
const DEEPEST: usize = 16;
/// Names that are devices on Windows, whatever follows a point behind them: who copies the library
/// there, or opens it there over the network, would speak to a device.
const DEVICES: &[&str] = &[
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// One part of a path, or a torrent's name, as text. What is not UTF-8 (torrents of the years before
/// `path.utf-8`) is shown with replacement characters.
pub(super) fn part(bytes: &[u8]) -> Result<String, Bad> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    match fault(&text, bytes.len()) {
        None => Ok(text),
        Some(fault) => Err(Bad::Name { name: shown(&text), fault }),
    }
}

/// A whole path, `/` between its parts.
pub(super) fn path<'a>(parts: impl Iterator<Item = Option<&'a [u8]>>) -> Result<String, Bad> {
    let mut path = String::new();
    for (depth, bytes) in parts.enumerate() {
        let part = part(bytes.ok_or(Bad::Missing("path"))?)?;
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&part);
        if depth >= DEEPEST {
            return Err(Bad::Name { name: shown(&path), fault: NameFault::Deep });
        }
        if path.len() > LONGEST_PATH {
            return Err(Bad::Name { name: shown(&path), fault: NameFault::TooLong });
        }
    }
    if path.is_empty() { Err(Bad::Missing("path")) } else { Ok(path) }
}

fn fault(text: &str, length: usize) -> Option<NameFault> {
    if length > LONGEST_NAME {
        Some(NameFault::TooLong)
    } else if text.is_empty() || text == "." {
        Some(NameFault::Empty)
    } else if text == ".." {
        Some(NameFault::Parent)
    } else if text.contains(['/', '\\']) {
        Some(NameFault::Separator)
    } else if text.chars().any(char::is_control) {
        Some(NameFault::Control)
    } else if text.chars().any(is_invisible) {
        Some(NameFault::Invisible)
    } else {
        let stem = text.split('.').next().unwrap_or(text).trim_end();
        let device = DEVICES.iter().any(|device| device.eq_ignore_ascii_case(stem));
        device.then_some(NameFault::Device)
    }
}

/// Bidirectional controls (Unicode Standard Annex 9) and characters without width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The start of a bad name, fit for a sentence.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() || is_invisible(c) { '\u{FFFD}' } else { c };
    text.chars().take(40).map(plain).collect()
}
