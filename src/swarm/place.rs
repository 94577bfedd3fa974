//! Where piece data lies: on a disk that comes and goes while it is there, else where it always can.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;

/// Where piece data may lie.
#[derive(Debug, Clone)]
pub struct Place {
    mount: Option<PathBuf>,
    always: PathBuf,
}

/// A folder on one mounted file system. After a disk was pulled and plugged in again it is another
/// one under the same name: what was open on the first is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) folder: PathBuf,
    device: Option<u64>,
}

impl Place {
    /// In the folder `credenza` of the file system at `mount` while one is mounted there, else in
    /// `always`. Nothing is ever written to a mount point that is empty.
    #[must_use]
    pub fn new(mount: Option<PathBuf>, always: PathBuf) -> Self {
        Self { mount, always }
    }

    /// The folder where new data goes now.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.now().folder
    }

    /// The folder where new data goes now, and the other one, where data may lie since before.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.folder()];
        let mounted = self.mounted().map(|spot| spot.folder);
        for other in mounted.into_iter().chain([self.always.clone()]) {
            if !folders.contains(&other) {
                folders.push(other);
            }
        }
        folders
    }

    /// The folder that is always there.
    #[must_use]
    pub fn always(&self) -> &Path {
        &self.always
    }

    /// Where new data goes now.
    pub(super) fn now(&self) -> Spot {
        let writable = |spot: &Spot| spot.folder.parent().is_some_and(takes_writes);
        self.mounted()
            .filter(writable)
            .unwrap_or_else(|| Spot { folder: self.always.clone(), device: device(&self.always) })
    }

    fn mounted(&self) -> Option<Spot> {
        let mount = self.mount.as_ref()?;
        let device_there = device(mount)?;
        // A mount point is on another device than the folder it is in.
        if device(mount.parent()?) == Some(device_there) {
            return None;
        }
        Some(Spot { folder: mount.join("credenza"), device: Some(device_there) })
    }
}

impl From<PathBuf> for Place {
    fn from(always: PathBuf) -> Self {
        Self::new(None, always)
    }
}

impl PartialEq<Spot> for Place {
    /// Whether `spot` is where new data goes now. A folder that was not made yet is no other one.
    fn eq(&self, spot: &Spot) -> bool {
        let now = self.now();
        now.folder == spot.folder && (now.device == spot.device || spot.device.is_none())
    }
}

/// Whether a file system may be written to. After errors it is mounted anew without: what is whole
/// there plays, and what comes goes where it can.
fn takes_writes(mount: &Path) -> bool {
    let told = rustix::fs::statvfs(mount);
    told.is_ok_and(|told| !told.f_flag.contains(StatVfsMountFlags::RDONLY))
}

fn device(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|metadata| metadata.dev())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_mount_point_is_never_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let (mount, always) = (folder.path().join("ssd"), folder.path().join("library"));
        std::fs::create_dir_all(&mount).unwrap();
        let place = Place::new(Some(mount.clone()), always.clone());
        assert_eq!(place.now().folder, always);
        assert!(place == place.now());
        std::fs::remove_dir(&mount).unwrap();
        assert_eq!(place.now().folder, always);
        // Something is mounted at /proc wherever tests run.
        let place = Place::new(Some("/proc".into()), always);
        assert_eq!(place.now().folder, Path::new("/proc/credenza"));
    }
}
