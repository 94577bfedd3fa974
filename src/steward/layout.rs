//! Where everything of this box is: what the image says of itself, and what its first process found.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::words::{Refusal, Slot};

/// `box.toml`, written when the image is built.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The board, as bundles name it.
    pub board: String,
    /// The board, as people name it.
    pub name: String,
    /// This version.
    pub version: String,
    /// Its place in the order of versions.
    pub counter: u64,
    /// Where a `1` makes the next start the other slot's, once.
    pub one_shot: PathBuf,
    /// A folder of minisign public keys, each of which may sign an update.
    pub keys: PathBuf,
}

/// `start.toml`, written by the initramfs, which knows what was started.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The disk of the system.
    pub disk: PathBuf,
    /// The partition that the firmware reads first; the person's files are on it.
    pub selector: PathBuf,
    /// The two slots.
    pub slot_a: PathBuf,
    /// The two slots.
    pub slot_b: PathBuf,
    /// The data partition.
    pub data: PathBuf,
    /// The slot that was started.
    pub running: Slot,
}

/// Both, and the folders that the steward writes to.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Layout {
    pub image: Image,
    pub start: Start,
    pub folders: Folders,
}

/// Where things lie in the running system; tests put them all below one folder.
#[derive(Debug, Clone)]
pub struct Folders {
    /// What all of it lies below: `/` on the box.
    pub root: PathBuf,
    /// What lives as long as the system runs: notices, locks, the service's configuration.
    pub run: PathBuf,
    /// The mounted data partition.
    pub data: PathBuf,
    /// The mounted boot partition, with the person's files.
    pub selector: PathBuf,
    /// Where the disk for films is mounted.
    pub ssd: PathBuf,
    /// Kernel objects.
    pub sys: PathBuf,
    /// Device files.
    pub dev: PathBuf,
}

impl Folders {
    /// Those of the running system, or the same below `root`.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        let at = |path: &str| root.join(path);
        Self {
            root: root.to_owned(),
            run: at("run/credenza"),
            data: at("data"),
            selector: at("boot/selector"),
            ssd: at("srv/ssd"),
            sys: at("sys"),
            dev: at("dev"),
        }
    }

    /// A file of the kernel's own, such as `proc/uptime`: the one below the root, where a test put
    /// one there.
    pub(super) fn kernel_text(&self, path: &str) -> String {
        let own = std::fs::read_to_string(self.root.join(path));
        own.or_else(|_| std::fs::read_to_string(Path::new("/").join(path))).unwrap_or_default()
    }

    /// For how long the system has been running, in whole seconds (`proc_uptime(5)`).
    pub(super) fn uptime_s(&self) -> u64 {
        let text = self.kernel_text("proc/uptime");
        text.split(['.', ' ']).next().and_then(|whole| whole.parse().ok()).unwrap_or(0)
    }

    /// What the system itself keeps on the data partition; root's alone.
    #[must_use]
    pub fn system(&self) -> PathBuf {
        self.data.join("system")
    }
}

impl Layout {
    /// Reads both files below `root` (`/` on the box): `usr/share/credenza/box.toml` and
    /// `run/credenza/start.toml`.
    pub fn read(root: &Path) -> Result<Self, Refusal> {
        Ok(Self {
            image: read(&root.join("usr/share/credenza/box.toml"))?,
            start: read(&root.join("run/credenza/start.toml"))?,
            folders: Folders::below(root),
        })
    }

    /// The partition of a slot.
    #[must_use]
    pub fn slot(&self, slot: Slot) -> &Path {
        match slot {
            Slot::A => &self.start.slot_a,
            Slot::B => &self.start.slot_b,
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Refusal> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let sentence =
            format!("this is no Credenza box: {} cannot be read ({error})", path.display());
        Refusal::new("not_a_box", sentence)
    })?;
    toml::from_str(&text).map_err(|error| {
        let sentence =
            format!("{} is damaged: {}; flash the card anew", path.display(), error.message());
        Refusal::new("damaged_image", sentence)
    })
}
