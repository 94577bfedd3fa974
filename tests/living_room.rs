//! Televisions' own players, as far as they run here: a household of two hosts, the media server on one,
//! other people's control points on the other. Found by SSDP, listed by UPnP, played.

mod asked;
mod at_hand;
mod browsed;
mod cadence;
mod claimed;
mod coming;
mod found;
mod kodi;
mod libvlc;
mod named;
mod prepared;
mod probed;
mod quirks;
mod releases;
mod searched;
mod shelf;
mod two_cables;
mod unknown_sets;

use std::path::PathBuf;
use std::time::Duration;

use crate::support::home::Home;
use crate::support::installed::python;
use crate::support::netns::Lab;

/// A film of the demonstration.
const FILM: &str = "tt9900101";
/// What its box is called.
const NAME: &str = "Credenza demonstration";
/// How long an outside program may take.
const LIMIT: Duration = Duration::from_secs(60);
const DESCRIPTION: &str = "/dlna/description.xml";

/// The household, with televisions told of it.
fn home() -> Home {
    Home::demo(&[("CREDENZA_LAN_UPNP", "true")])
}

/// The tests' Python, where it has async-upnp-client.
fn control_point() -> Result<PathBuf, &'static str> {
    if let Some(reason) = Lab::missing() {
        return Err(reason);
    }
    let python = python().ok_or("needs the Python environment of tests/run")?;
    let client = python.with_file_name("upnp-client");
    if client.is_file() { Ok(python) } else { Err("needs async-upnp-client of tests/run") }
}
