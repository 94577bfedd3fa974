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
use crate::lan::{Advertisement, Links, uuid};
use crate::playback::Playback;

/// The id of this machine, made once: sets remember a server by what is made of it, whatever it is
/// called and wherever it stands.
const MACHINE: &str = "lan/machine";

/// From where the list's number counted at the last start.
const LISTED: &str = "lan/listed";
/// More than a list changes in a run that is shorter than so many seconds.
const CHANGES: u32 = 1000;

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
    let updates = (playback.catalogue_version(), first_number(state)?);
    let subscriptions = Subscriptions::new(links.clone(), updates, tasks.clone(), shutdown.clone());
    Ok(Some(MediaServer { device, names: None, subscriptions }))
}

/// The same under the names that others see, where those are announced.
pub(super) fn named(
    server: Option<MediaServer>,
    advertisement: Option<&Advertisement>,
) -> Option<MediaServer> {
    let names = advertisement.map(Advertisement::names);
    server.map(|server| MediaServer { names, ..server })
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

/// From where the list's number counts: beyond all that was told before this start, by the clock, and
/// where that stands or goes back (a board has none while it is off) by what was begun from before.
fn first_number(state: &State) -> Result<u32, Error> {
    let before: u32 = state.get(LISTED)?.unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = u32::try_from(now).unwrap_or(1);
    let first = now.max(before.checked_add(CHANGES).unwrap_or(1));
    if let Err(error) = state.put(LISTED, &first) {
        tracing::debug!(%error, "the number of the list is not kept");
    }
    Ok(first)
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
