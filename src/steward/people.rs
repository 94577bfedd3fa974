//! Who owns a file: root, or the user of the service.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use super::words::Refusal;

/// The name of the service's user.
const SERVICE: &str = "credenza";

/// A user's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct User {
    pub(super) id: u32,
    pub(super) group: u32,
}

impl User {
    /// The service's, from `etc/passwd` (passwd(5)).
    pub(super) fn service(root: &Path) -> Result<Self, Refusal> {
        let text = std::fs::read_to_string(root.join("etc/passwd")).unwrap_or_default();
        text.lines().find_map(Self::parse).ok_or_else(|| {
            let message = "the image has no user `credenza`; flash the card anew";
            Refusal::new("damaged_image", message)
        })
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        (fields.next()? == SERVICE).then_some(())?;
        let mut number = || fields.next()?.parse().ok();
        number(); // the password's place
        Some(Self { id: number()?, group: number()? })
    }
}

/// Sees that the folder is there, with this mode and owner (`None`: who runs this). A link in its
/// place is refused: a disk from elsewhere could lead root to a folder of the system by it.
pub(super) fn folder(path: &Path, mode: u32, owner: Option<User>) -> Result<(), Refusal> {
    let make = || {
        DirBuilder::new().recursive(true).mode(mode).create(path)?;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::DIRECTORY;
        let flags = flags.bits().cast_signed();
        let folder = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        folder.set_permissions(Permissions::from_mode(mode))?;
        owner.map_or(Ok(()), |user| fchown(&folder, Some(user.id), Some(user.group)))
    };
    make().map_err(|error| cannot("make the folder", path, &error))
}

/// A system call that failed, as a sentence.
pub(super) fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Refusal {
    let message = format!("the box could not {what} {}: {error}", path.display());
    Refusal::new("storage", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_found_by_its_name() {
        for (line, wanted) in [
            ("credenza:x:200:201::/data/credenza:/bin/false", Some(User { id: 200, group: 201 })),
            ("credenza2:x:200:200::/:", None),
            ("root:x:0:0::/root:", None),
            ("credenza:x:many:200::/:", None),
            ("credenza", None),
        ] {
            assert_eq!(User::parse(line), wanted, "{line}");
        }
    }
}
