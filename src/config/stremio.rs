//! `[stremio]`: the server that Stremio's apps expect beside them.

use std::net::SocketAddr;

use super::{BadConfig, Consent, Given, Value};

/// `[stremio]`.
#[derive(Debug, Clone)]
pub struct StremioConfig {
    /// `stremio.server_enabled`: whether it is on; by default the owner says so.
    pub server: Consent,
    /// `stremio.server_listen`: where it listens.
    pub server_listen: SocketAddr,
    /// `stremio.origins`: whose pages may ask it, besides Stremio's.
    pub origins: Vec<String>,
}

impl Given {
    pub(super) fn stremio(&self) -> Result<StremioConfig, BadConfig> {
        let server = match self.0.get("stremio.server_enabled").map(|placed| &placed.value) {
            Some(Value::Bool(true)) => Consent::Given,
            Some(Value::Bool(false)) => Consent::Denied,
            _ => Consent::Ask,
        };
        let wanted = "an address and port, such as \"0.0.0.0:11470\"";
        let listen = self.parsed("stremio.server_listen", wanted)?;
        Ok(StremioConfig {
            server,
            server_listen: listen.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 11_470))),
            origins: self.list("stremio.origins"),
        })
    }
}
