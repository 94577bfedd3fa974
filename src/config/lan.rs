//! `[lan]`: how the household finds us, and who is of it.

use ipnet::IpNet;

use super::{BadConfig, Given};

/// `[lan]`.
#[derive(Debug, Clone)]
pub struct LanConfig {
    /// `lan.name`: as people see it; the host name is made of it.
    pub name: String,
    /// `lan.mdns`: whether we are announced by multicast DNS.
    pub mdns: bool,
    /// `lan.upnp`: whether televisions find us by SSDP and browse the catalogue.
    pub upnp: bool,
    /// `lan.subnets`: networks that are of the household though a router lies between.
    pub subnets: Vec<IpNet>,
}

impl Given {
    pub(super) fn lan(&self) -> Result<LanConfig, BadConfig> {
        Ok(LanConfig {
            name: self.shown_name("lan.name", "Credenza")?,
            mdns: self.bool("lan.mdns", true),
            upnp: self.bool("lan.upnp", true),
            subnets: self.subnets("lan.subnets")?,
        })
    }

    fn subnets(&self, path: &str) -> Result<Vec<IpNet>, BadConfig> {
        let wanted = "a list of networks, such as [\"192.168.20.0/24\"]";
        let items = self.list(path);
        items.iter().map(|item| item.trim().parse().map_err(|_| self.wrong(path, wanted))).collect()
    }
}
