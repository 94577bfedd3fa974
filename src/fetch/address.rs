//! Which addresses may be asked: the public internet, and what the owner listed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use super::resolve::look_up;

/// Which addresses outgoing requests, trackers and web seeds may reach. By default the public
/// internet alone, so that no index, torrent or redirect can use us to speak to the router, to
/// another device of the house, or to ourselves.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// Exact private addresses that are allowed all the same.
    pub allow_private: Vec<SocketAddr>,
}

impl AddressPolicy {
    /// Whether `addr` may be connected to: it is public, or it is listed with exactly this port.
    #[must_use]
    pub fn permits(&self, addr: SocketAddr) -> bool {
        is_public(addr.ip()) || self.lists(addr)
    }

    /// Whether the owner listed `addr`. Port 0 is never listed: it stands for "not known".
    pub(super) fn lists(&self, addr: SocketAddr) -> bool {
        let plain = |addr: &SocketAddr| (addr.ip().to_canonical(), addr.port());
        addr.port() != 0 && self.allow_private.iter().any(|one| plain(one) == plain(&addr))
    }

    /// Whether a tracker or web seed may be handed to the torrent engine: its scheme is one of
    /// `http https udp ws wss`, it names a host and a port, and **every** address of the host is
    /// permitted. A name that has no address now is refused, since nobody can say where it will
    /// lead. (The engine resolves again by itself, so a name whose owner changes its address in
    /// between gets through to a tracker request; the engine sends a tracker nothing but its
    /// announce.)
    pub async fn permits_url(&self, url: &str) -> bool {
        let Some((host, port)) = target(url) else {
            return false;
        };
        match host {
            Host::Ipv4(ip) => self.permits(SocketAddr::new(ip.into(), port)),
            Host::Ipv6(ip) => self.permits(SocketAddr::new(ip.into(), port)),
            Host::Domain(name) => match look_up(&name, port).await {
                Ok(found) => !found.is_empty() && found.iter().all(|addr| self.permits(*addr)),
                Err(_) => false,
            },
        }
    }
}

/// Host and port of a tracker or web seed.
fn target(url: &str) -> Option<(Host, u16)> {
    let url = Url::parse(url).ok()?;
    let default = match url.scheme() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "udp" => None, // BEP 15: always written out
        _ => return None,
    };
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let port = url.port().or(default).filter(|port| *port != 0)?;
    // The url crate reads `0x7f.1` as an address only in web schemes; in `udp:` it is a name to
    // it, but an address to the system's resolver. So every host is read the web's way.
    let host = Host::parse(url.host_str()?).ok()?;
    Some((host, port))
}

/// Whether `ip` is an address of the public internet that nobody of this house owns.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// By the IANA IPv4 Special-Purpose Address Registry (RFC 6890), with multicast and 240/4.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let special = match ip.octets() {
        [0 | 10 | 127 | 224..=255, ..] => true, // this network, private, loopback, class D and E
        [100, b, ..] => b & 0b1100_0000 == 64,  // carrier-grade NAT, RFC 6598
        [169, 254, ..] | [192, 168, ..] => true, // link-local, private
        [172, b, ..] => b & 0b1111_0000 == 16,  // private
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true, // protocol assignments, documentation, 6to4
        [192, 31, 196, _] | [192, 52, 193, _] | [192, 175, 48, _] => true, // AS112, AMT
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true, // benchmarks, documentation
        _ => false,
    };
    !special
}

/// By the IANA IPv6 registries: only 2000::/3 is unicast of the internet, and in it the blocks
/// that embed an IPv4 address, or that are set apart, are refused.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    match ip.segments() {
        // 2001::/23: protocol assignments, Teredo, ORCHID, benchmarks.
        [0x2001, b, ..] if b < 0x200 => false,
        // 2001:db8::/32 and 3fff::/20: documentation. 2002::/16: 6to4.
        [0x2001, 0x0db8, ..] | [0x2002, ..] => false,
        [0x3fff, b, ..] if b < 0x1000 => false,
        // ISATAP (RFC 5214) embeds an IPv4 address in the last 32 bits.
        [_, _, _, _, 0x0000 | 0x0200, 0x5efe, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}
