//! `debug-key.pub`: keys of people who may look into the running box by ssh, for 24 hours in which
//! it is on. The hours are counted over starts, by a timer (`credenza steward debug-key`), because a
//! box without a network has no other clock. When the file is gone for a start, another 24 may begin.

use std::fs;
use std::path::PathBuf;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::boot_files;
use super::layout::Layout;
use super::people::{cannot, folder};
use super::tools::Tools;
use super::words::Refusal;
use crate::durable::replace_file;

const NAME: &str = "debug-key.pub";
const SERVICE: &str = "credenza-debug.service";
const LIMIT_S: u64 = 24 * 60 * 60;

/// What a start counts at least, so that quick starts come to an end too.
const START_S: u64 = 15 * 60;

/// How long these keys have been good for.
#[derive(Debug, Serialize, Deserialize)]
struct Used {
    sha256: String,
    /// In starts before this one.
    before_s: u64,
    /// In this one.
    now_s: u64,
}

fn record(layout: &Layout) -> PathBuf {
    layout.folders.system().join("debug-key.json")
}

fn keys_folder(layout: &Layout) -> PathBuf {
    layout.folders.run.join("debug")
}

/// At each start: opens the door if there is a key with time left. What is said is a notice: an owner
/// should know that the door is open.
pub(super) fn at_start(layout: &Layout) -> Result<Option<Refusal>, Refusal> {
    let text = boot_files::read(&layout.folders.selector, NAME);
    let text = text.map_err(|sentence| Refusal::new("bad_debug_key", sentence))?;
    let Some(text) = text else {
        let _ = fs::remove_file(record(layout));
        return Ok(None);
    };
    let keys: Vec<&str> = text.lines().map(str::trim).filter(|line| is_key(line)).collect();
    if keys.is_empty() {
        let message = "debug-key.pub holds no public ssh key; copy a line such as `ssh-ed25519 \
                       AAAA… name` into it, or remove the file";
        return Err(Refusal::new("bad_debug_key", message));
    }
    let keys = keys.join("\n") + "\n";
    let sha256 = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(&keys));
    let before_s = match read(layout).filter(|used| used.sha256 == sha256) {
        Some(used) => used.before_s + used.now_s.max(START_S),
        None => 0,
    };
    if before_s >= LIMIT_S {
        return Ok(Some(over()));
    }
    write(layout, &Used { sha256, before_s, now_s: 0 })?;
    let door = keys_folder(layout);
    folder(&door, 0o700, None)?;
    let door = door.join("authorized_keys");
    replace_file(&door, keys.as_bytes(), 0o600).map_err(|error| cannot("write", &door, &error))?;
    let message = "the box can be entered by ssh with the key in debug-key.pub, for 24 hours in \
                   all; remove the file from the card when nobody needs that";
    Ok(Some(Refusal::new("debug_key", message)))
}

/// The timer's work: counts, and closes the door when the time is over.
pub(super) fn count(layout: &Layout, tools: &Tools) -> Result<Option<Refusal>, Refusal> {
    if !keys_folder(layout).exists() {
        return Ok(None);
    }
    let used = read(layout);
    let now_s = layout.folders.uptime_s();
    let spent = used.as_ref().map_or(now_s, |used| used.before_s + now_s);
    if let Some(used) = used {
        write(layout, &Used { now_s, ..used })?;
    }
    if spent < LIMIT_S {
        return Ok(None);
    }
    let door = keys_folder(layout);
    fs::remove_dir_all(&door).map_err(|error| cannot("remove", &door, &error))?;
    tools.done("systemctl", &["--no-block", "stop", SERVICE])?;
    Ok(Some(over()))
}

fn over() -> Refusal {
    let message = "the 24 hours of the key in debug-key.pub are over; remove the file from the \
                   card (after a start without it, it may be used again)";
    Refusal::new("debug_key", message)
}

fn read(layout: &Layout) -> Option<Used> {
    serde_json::from_slice(&fs::read(record(layout)).ok()?).ok()
}

fn write(layout: &Layout, used: &Used) -> Result<(), Refusal> {
    let path = record(layout);
    let text = serde_json::to_vec(used).unwrap_or_default();
    replace_file(&path, &text, 0o600).map_err(|error| cannot("write", &path, &error))
}

/// A line of OpenSSH's `authorized_keys` (sshd(8)) without options: kind, key, comment.
fn is_key(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (Some(kind), Some(key)) = (words.next(), words.next()) else { return false };
    let kinds = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384"];
    let kinds = kinds.into_iter().chain(["ecdsa-sha2-nistp521", "sk-ssh-ed25519@openssh.com"]);
    let Ok(bytes) = BASE64.decode(key.as_bytes()) else { return false };
    // The key says its kind again, after the length of that word (RFC 4253 section 6.6).
    let said = bytes.get(4..4 + kind.len());
    kinds.into_iter().any(|known| known == kind) && said == Some(kind.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_public_key_opens_the_door() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIEqhZ0kXl1p4sYx9bSE2N8m7pXo3Pq3K4uWv5y6z7A8B";
        for (line, good) in [
            (format!("ssh-ed25519 {key} me@there"), true),
            (format!("ssh-ed25519 {key}"), true),
            (format!("ssh-rsa {key}"), false),
            (format!("command=\"x\" ssh-ed25519 {key}"), false),
            (format!("# ssh-ed25519 {key}"), false),
            ("ssh-ed25519".to_owned(), false),
            ("-----BEGIN OPENSSH PRIVATE KEY-----".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_key(&line), good, "{line}");
        }
    }
}
