//! The media server that televisions find: who it is, and its announcement.

use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Error;
use crate::config::Config;
use crate::durable::State;
use crate::http::dlna::{DESCRIPTION, MediaServer};
use crate::lan::content_directory::Device;
use crate::lan::events::Subscriptions;
use crate::lan::ssdp::{Announced, Ssdp};
use crate::lan::{Links, uuid};
use crate::playback::Playback;

/// The id of this machine, made once: sets remember a server by what is made of it, whatever it is
/// called and wherever it stands.
const MACHINE: &str = "lan/machine";

/// The media server, unless `lan.upnp` is false.
pub(super) fn media_server(
    config: &Config,
    state: &State,
    playback: &Playback,
    links: &Links,
    (tasks, shutdown): (&TaskTracker, &CancellationToken),
) -> Result<Option<MediaServer>, Error> {
    if !config.lan.upnp {
        return Ok(None);
    }
    let device = Device {
        uuid: uuid::of_machine(&machine(state)?),
        name: config.lan.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
    };
    let updates = (playback.catalogue_version(), seconds_now());
    let subscriptions = Subscriptions::new(links.clone(), updates, tasks.clone(), shutdown.clone());
    Ok(Some(MediaServer { device, subscriptions }))
}

/// Announces it, where others can reach it.
pub(super) fn announce(
    server: &MediaServer,
    address: SocketAddr,
    links: &Links,
    tasks: &TaskTracker,
) -> Option<Ssdp> {
    let only = match address.ip() {
        ip if ip.is_loopback() => return None,
        IpAddr::V4(ip) if !ip.is_unspecified() => Some(ip),
        IpAddr::V6(ip) if !ip.is_unspecified() => return None,
        _ => None,
    };
    let device = Announced {
        uuid: server.device.uuid.clone(),
        server: server.device.server(),
        port: address.port(),
        path: DESCRIPTION,
    };
    match Ssdp::start(device, only, links.clone(), tasks) {
        Ok(ssdp) => Some(ssdp),
        Err(error) => {
            tracing::warn!("{error}");
            None
        }
    }
}

/// The clock, as far as 32 bits hold it (until 2106, then from 0 again). The list changes less often.
#[expect(clippy::cast_possible_truncation, reason = "the lower bits are what is wanted")]
fn seconds_now() -> u32 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() as u32
}

fn machine(state: &State) -> Result<String, Error> {
    if let Some(id) = state.get(MACHINE)? {
        return Ok(id);
    }
    let mut bytes = [0; 16];
    // Without randomness two boxes of a house would be one; the address of the state is no help.
    getrandom::fill(&mut bytes).map_err(|_| Error::NoChance)?;
    let id = data_encoding::HEXLOWER.encode(&bytes);
    state.put(MACHINE, &id)?;
    Ok(id)
}
