//! `[swarm]`: whether peers may be met, and how many of them for how much.

use std::num::NonZeroU32;

use super::{BadConfig, Consent, Given, Value};

/// `[swarm]`.
#[derive(Debug, Clone)]
pub struct SwarmConfig {
    /// Whether peers may be met at all.
    pub consent: Consent,
    /// Port for incoming peers, TCP and UDP; `None`: none are taken in.
    pub port: Option<u16>,
    /// Whether the DHT is asked for peers.
    pub dht: bool,
    /// Whether peers in the local network are looked for (BEP 14).
    pub local_discovery: bool,
    /// Whether the router is asked to forward the port.
    pub port_forwarding: bool,
    /// Torrents at once.
    pub max_torrents: usize,
    /// Peers of one torrent.
    pub max_peers: usize,
    /// Bytes per second; `None`: no limit.
    pub download_limit: Option<NonZeroU32>,
    /// Bytes per second; `None`: no limit.
    pub upload_limit: Option<NonZeroU32>,
    /// Trackers that are asked for every torrent.
    pub trackers: Vec<String>,
}

impl Given {
    pub(super) fn swarm(&self) -> Result<SwarmConfig, BadConfig> {
        let consent = match self.0.get("swarm.enabled").map(|placed| &placed.value) {
            Some(Value::Bool(true)) => Consent::Given,
            Some(Value::Bool(false)) => Consent::Denied,
            _ => Consent::Ask,
        };
        let port: u16 = self.number("swarm.port", 0)?;
        Ok(SwarmConfig {
            consent,
            port: (port > 0).then_some(port),
            dht: self.bool("swarm.dht", true),
            local_discovery: self.bool("swarm.local_discovery", false),
            port_forwarding: self.bool("swarm.port_forwarding", false),
            max_torrents: self.number("swarm.max_torrents", 25)?,
            max_peers: self.number("swarm.max_peers", 128)?,
            download_limit: self.limit("swarm.download_limit")?,
            upload_limit: self.limit("swarm.upload_limit")?,
            trackers: self.list("swarm.trackers"),
        })
    }

    /// A limit of 0 is none, as the seeds have it.
    fn limit(&self, path: &str) -> Result<Option<NonZeroU32>, BadConfig> {
        Ok(NonZeroU32::new(self.number(path, 0)?))
    }
}
