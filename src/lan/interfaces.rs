//! Which network interfaces lead to the household, and at which of their addresses somebody listens.

use std::net::{IpAddr, Ipv6Addr};

/// The address on which the server listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listening(pub(super) IpAddr);

impl Default for Listening {
    /// On all.
    fn default() -> Self {
        Self(Ipv6Addr::UNSPECIFIED.into())
    }
}

impl Listening {
    /// Whether who comes to `own`, an address of this machine, is heard. `::` hears IPv4 too.
    pub(super) fn covers(self, own: IpAddr) -> bool {
        match self.0 {
            IpAddr::V4(all) if all.is_unspecified() => own.is_ipv4(),
            IpAddr::V6(all) if all.is_unspecified() => true,
            one => one.to_canonical() == own,
        }
    }
}

/// Whether `name` is an interface that a container engine made. No television is behind one, and
/// an announcement there would only tell containers of us.
pub(super) fn is_of_containers(name: &str) -> bool {
    let is_docker_network = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    name.starts_with("docker")
        || name.starts_with("podman")
        || name.starts_with("veth")
        || name.strip_prefix("br-").is_some_and(is_docker_network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bridges_of_containers_are_not_the_household() {
        for name in ["docker0", "veth12ab34c", "br-0123456789ab", "podman1", "docker_gwbridge"] {
            assert!(is_of_containers(name), "{name}");
        }
        // A bridge that an owner made is often the only way to the household.
        for name in ["eth0", "wlan0", "br0", "br-lan", "end0", "enp3s0", "wlp2s0", "usb0"] {
            assert!(!is_of_containers(name), "{name}");
        }
    }
}
