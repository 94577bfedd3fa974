//! Which Host names are ours.
//!
//! A web page of a stranger can give its own name our address (DNS rebinding) and then speak to us
//! as if it were ours. Its requests carry its name as Host (RFC 9110, 7.2), and a page cannot change
//! that: so what names us by none of our names is refused. An address is safe, since a page that was
//! loaded from an address is ours.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{PoisonError, RwLock};

/// Longest Host that is read, in bytes: a DNS name has at most 253, and a port six more.
const LONGEST: usize = 260;

/// The names and addresses under which we may be asked.
pub struct HostList {
    /// Without `.local`, lower-case.
    name: RwLock<String>,
    more: Vec<String>,
    addresses: Box<dyn Fn() -> Vec<IpAddr> + Send + Sync>,
}

impl HostList {
    /// `name` is the machine's name on the LAN, such as `credenza`; `more` are names that the owner
    /// added; `addresses` gives the interfaces' own addresses, and is asked each time, since DHCP
    /// changes them.
    pub fn new(
        name: &str,
        more: impl IntoIterator<Item = String>,
        addresses: impl Fn() -> Vec<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: RwLock::new(bare(name)),
            more: more.into_iter().map(|name| plain(&name)).filter(|n| !n.is_empty()).collect(),
            addresses: Box::new(addresses),
        }
    }

    /// Takes another name: the LAN had one like it already (RFC 6762, 9).
    pub fn rename(&self, name: &str) {
        *self.name.write().unwrap_or_else(PoisonError::into_inner) = bare(name);
    }

    /// The name in the local network, without `.local`.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a request with this Host header is meant for us. Any port is: a forwarded one differs
    /// from ours.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        let Some(host) = without_port(host) else { return false };
        if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            let address = inner.parse::<Ipv6Addr>();
            return address.is_ok_and(|address| self.has_v6(address));
        }
        // Rust reads dotted decimals alone: 2130706433, 0x7f.1 and 127.1 are no addresses here.
        match host.parse::<Ipv4Addr>() {
            Ok(address) => {
                address == Ipv4Addr::LOCALHOST || (self.addresses)().contains(&IpAddr::V4(address))
            }
            Err(_) => self.has_name(&plain(host)),
        }
    }

    fn has_v6(&self, address: Ipv6Addr) -> bool {
        address == Ipv6Addr::LOCALHOST || (self.addresses)().contains(&IpAddr::V6(address))
    }

    fn has_name(&self, asked: &str) -> bool {
        if asked.is_empty() {
            return false;
        }
        let name = self.name.read().unwrap_or_else(PoisonError::into_inner);
        asked == "localhost"
            || (!name.is_empty() && asked.strip_suffix(".local").unwrap_or(asked) == *name)
            || self.more.iter().any(|more| more == asked)
    }
}

impl fmt::Debug for HostList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostList")
            .field("name", &self.name)
            .field("more", &self.more)
            .finish_non_exhaustive()
    }
}

/// Cuts the port off; `None` where the rest can be no host.
fn without_port(host: &str) -> Option<&str> {
    let sound = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
    if host.is_empty() || host.len() > LONGEST || !host.bytes().all(sound) {
        return None;
    }
    let end = host.rfind(']').map_or(0, |end| end + 1);
    let Some(colon) = host[end..].find(':') else { return Some(host) };
    let (host, port) = host.split_at(end + colon);
    let port = &port[1..];
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    (digits && port.parse::<u16>().is_ok()).then_some(host)
}

/// A name in the form that is compared: lower-case, without the dot of the root.
fn plain(name: &str) -> String {
    let name = name.trim();
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The same without `.local`.
fn bare(name: &str) -> String {
    let name = plain(name);
    name.strip_suffix(".local").unwrap_or(&name).to_owned()
}
