//! What the pages say of Stremio.

use askama::Template;

use super::Frame;

/// Stremio's part of the set-up page.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Stremio {
    pub keys: Vec<StremioKey>,
    /// Whether the owner has an HTTPS address for this box.
    pub secure: bool,
    pub server_on: bool,
    pub server_fixed: bool,
    pub server_port: u16,
    pub server_addresses: Vec<String>,
}

/// A device's key, without the key.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct StremioKey {
    pub id: String,
    pub name: String,
    /// How long ago it was used, if it was since the start.
    pub used: Option<String>,
}

/// A key was made: its addresses, shown this once.
#[derive(Debug, Template)]
#[template(path = "stremio-installed.html")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Installed {
    pub frame: Frame,
    pub device: String,
    /// Whether it is an HTTPS address.
    pub secure: bool,
    pub link: String,
    pub manifest: String,
    /// The same for an app on the machine where this program runs.
    pub on_this_machine: String,
}
