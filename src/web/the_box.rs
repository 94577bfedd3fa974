//! The pages of a box: its disk, its updates, its network.

use askama::Template;

use super::Frame;

/// The box, on the set-up page.
#[derive(Debug)]
pub struct TheBox {
    /// Why nothing of it is known.
    pub trouble: Option<String>,
    /// What kind of board it is.
    pub machine: String,
    /// The half of the card that runs, `A` or `B`, where it is known.
    pub slot: Option<String>,
    /// What is wrong with the card.
    pub data: Option<&'static str>,
    /// Room on the disk for films, where there is one.
    pub ssd: Option<String>,
    /// Disks that were plugged in.
    pub disks: Vec<DiskRow>,
    /// Why they are not known.
    pub disks_trouble: Option<String>,
    /// How it stands with updates.
    pub update: UpdateView,
    /// The name of the box's own Wi-Fi network, while it is open.
    pub access_point: Option<String>,
}

/// A disk that was plugged in.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct DiskRow {
    pub id: String,
    pub model: String,
    pub size: String,
    /// What stands on it; `None`: nothing.
    pub holds: Option<String>,
    pub ours: bool,
    pub consent: String,
}

/// A bundle on a disk.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct BundleRow {
    pub disk: String,
    pub model: String,
    pub name: String,
}

/// How it stands with updates.
#[derive(Debug, Clone)]
pub struct UpdateView {
    /// The one that runs.
    pub version: String,
    /// What is going on, in a sentence.
    pub line: String,
    /// What went wrong.
    pub trouble: Option<String>,
    /// How far it is.
    pub percent: Option<u64>,
    /// Whether there is one to install.
    pub offered: bool,
    /// The one that could be started.
    pub ready: Option<String>,
    /// The one to go back to.
    pub back: Option<String>,
    /// Whether nothing is under way.
    pub still: bool,
    /// When the owner's address last answered.
    pub checked: Option<String>,
    /// The owner's address.
    pub url: String,
    /// Bundles on disks.
    pub bundles: Vec<BundleRow>,
}

/// `/setup/disk`: what will be lost.
#[derive(Debug, Template)]
#[template(path = "format.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Format {
    pub frame: Frame,
    pub disk: DiskRow,
}

/// `/setup/update`: what is under way.
#[derive(Debug, Template)]
#[template(path = "update.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Update {
    pub frame: Frame,
    pub update: UpdateView,
}

/// `/setup/wifi`
#[derive(Debug, Template)]
#[template(path = "wifi.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Wifi {
    pub frame: Frame,
    pub networks: Vec<NetworkRow>,
    /// Why none could be looked for.
    pub trouble: Option<String>,
}

/// A Wi-Fi network in reach.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct NetworkRow {
    pub ssid: String,
    pub shown: String,
    pub strength: &'static str,
    pub open: bool,
}

/// A few words, after which the box goes away.
#[derive(Debug, Template)]
#[template(path = "words.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Words {
    pub frame: Frame,
    pub title: String,
    pub text: String,
}
