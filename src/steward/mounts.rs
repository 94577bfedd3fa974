//! What is mounted where, as the kernel says it (proc(5), `/proc/self/mountinfo`).

use std::path::{Path, PathBuf};

use super::layout::Folders;
use super::tools::Tools;
use super::words::Refusal;

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// `major:minor` of the device.
    pub(super) device: String,
    pub(super) at: PathBuf,
    pub(super) read_only: bool,
    pub(super) file_system: String,
}

/// All of them, in the order in which they were mounted.
pub(super) fn all(folders: &Folders) -> Vec<Mount> {
    folders.kernel_text("proc/self/mountinfo").lines().filter_map(parse).collect()
}

/// What is mounted at `place`; the last one hides those before.
pub(super) fn at(folders: &Folders, place: &Path) -> Option<Mount> {
    all(folders).into_iter().rfind(|mount| mount.at == place)
}

fn parse(line: &str) -> Option<Mount> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ').skip(2);
    let (device, _root, at) = (left.next()?, left.next()?, left.next()?);
    let mut right = right.split(' ');
    let (file_system, _source, of_disk) = (right.next()?, right.next()?, right.next()?);
    Some(Mount {
        device: device.to_owned(),
        at: PathBuf::from(unescaped(at)),
        // The file system's own word: a sandbox shows what others mounted as read-only, too.
        read_only: of_disk.split(',').any(|option| option == "ro"),
        file_system: file_system.to_owned(),
    })
}

/// Spaces and the like stand as `\040`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = &after[3..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Mounts `device` at `place`, which is made where it can be and is not there.
pub(super) fn mount(
    tools: &Tools,
    device: &Path,
    place: &Path,
    kind: Option<&str>,
    options: &str,
) -> Result<(), Refusal> {
    let _ = std::fs::create_dir_all(place);
    let (device, place) = (device.to_string_lossy(), place.to_string_lossy());
    let mut arguments = vec!["-o", options];
    if let Some(kind) = kind {
        arguments.extend(["-t", kind]);
    }
    arguments.extend([&*device, &*place]);
    tools.done("mount", &arguments).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        for (line, device, at, read_only, file_system) in [
            (
                "44 27 259:4 / /data rw,nosuid,noatime - ext4 /dev/mmcblk0p4 rw,lazytime",
                "259:4",
                "/data",
                false,
                "ext4",
            ),
            (
                "45 27 259:4 / /data rw,nosuid shared:3 - ext4 /dev/mmcblk0p4 ro",
                "259:4",
                "/data",
                true,
                "ext4",
            ),
            ("46 27 0:4 / /a\\040b\\134 ro - tmpfs none rw", "0:4", "/a b\\", false, "tmpfs"),
        ] {
            let wanted = Mount {
                device: device.to_owned(),
                at: PathBuf::from(at),
                read_only,
                file_system: file_system.to_owned(),
            };
            assert_eq!(parse(line), Some(wanted), "{line}");
        }
        for line in ["", "1 2 3", "a - b", "1 2 3:4 / /x rw - ext4"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
