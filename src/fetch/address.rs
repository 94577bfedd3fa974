//! Which addresses may be asked: the public internet, and what the owner listed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;

use ipnet::IpNet;
use url::{Host, Url};

use super::resolve::look_up;

/// Address blocks that are no public internet, by the IANA special-purpose registries (RFC 6890).
/// Of IPv6, all outside `2000::/3` is refused first: loopback, unique local, link-local, multicast,
/// v4-mapped and v4-compatible addresses, NAT64.
const SPECIAL: [&str; 23] = [
    "0.0.0.0/8",         // this network, RFC 791
    "10.0.0.0/8",        // private, RFC 1918
    "100.64.0.0/10",     // carrier-grade NAT, RFC 6598
    "127.0.0.0/8",       // loopback, RFC 1122
    "169.254.0.0/16",    // link-local, RFC 3927; cloud metadata
    "172.16.0.0/12",     // private
    "192.0.0.0/24",      // protocol assignments, RFC 6890
    "192.0.2.0/24",      // documentation, RFC 5737
    "192.31.196.0/24",   // AS112, RFC 7535
    "192.52.193.0/24",   // AMT, RFC 7450
    "192.88.99.0/24",    // 6to4 relays, RFC 7526
    "192.168.0.0/16",    // private
    "192.175.48.0/24",   // AS112, RFC 7534
    "198.18.0.0/15",     // benchmarks, RFC 2544
    "198.51.100.0/24",   // documentation
    "203.0.113.0/24",    // documentation
    "224.0.0.0/4",       // multicast, RFC 5771
    "240.0.0.0/4",       // reserved, and broadcast
    "2001::/23",         // protocol assignments: Teredo, ORCHID, benchmarks
    "2001:db8::/32",     // documentation, RFC 3849
    "2002::/16",         // 6to4, RFC 3056: embeds an IPv4 address
    "2620:4f:8000::/48", // AS112
    "3fff::/20",         // documentation, RFC 9637
];

static SPECIAL_NETS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    SPECIAL.iter().map(|net| net.parse().expect("the table holds networks only")).collect()
});

/// Which addresses outgoing requests, trackers and web seeds may reach. By default the public
/// internet alone, so that no index, torrent or redirect can use us to speak to the router, to
/// another device of the house, or to ourselves.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// Exact private addresses that are allowed all the same.
    pub allow_private: Vec<SocketAddr>,
}

impl AddressPolicy {
    /// Whether `addr` may be connected to: it is public and not this machine's own, or it is
    /// listed with exactly this port.
    #[must_use]
    pub fn permits(&self, addr: SocketAddr) -> bool {
        self.lists(addr) || (is_public(addr.ip()) && !is_at_home(addr.ip()))
    }

    /// Whether the owner listed `addr`. Port 0 is never listed: it stands for "not known".
    pub(super) fn lists(&self, addr: SocketAddr) -> bool {
        let same = |one: &SocketAddr| one.ip() == addr.ip() && one.port() == addr.port();
        addr.port() != 0 && self.allow_private.iter().any(same)
    }

    /// Whether a tracker or web seed may be handed to the torrent engine: its scheme is one of
    /// `http https udp ws wss`, it names a host and a port, and **every** address of the host is
    /// permitted. A name that has no address now is refused, since nobody can say where it will
    /// lead.
    ///
    /// The engine resolves again by itself, so whoever owns the name can still change its address
    /// in between; what then reaches a private address is an announce, not a request of their
    /// choice.
    pub async fn permits_url(&self, url: &str) -> bool {
        let Some((host, port)) = target(url) else {
            return false;
        };
        match host {
            Host::Ipv4(ip) => self.permits(SocketAddr::new(ip.into(), port)),
            Host::Ipv6(ip) => self.permits(SocketAddr::new(ip.into(), port)),
            Host::Domain(name) => look_up(&name, port).await.is_ok_and(|found| {
                !found.is_empty() && found.iter().all(|addr| self.permits(*addr))
            }),
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

/// Whether `ip` is an address of the public internet.
fn is_public(ip: IpAddr) -> bool {
    let unicast = match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000 && !is_isatap(ip),
    };
    unicast && !SPECIAL_NETS.iter().any(|net| net.contains(&ip))
}

/// Whether the last 32 bits embed an IPv4 address (RFC 5214, 6.1).
fn is_isatap(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [_, _, _, _, 0x0000 | 0x0200, 0x5efe, ..])
}

/// Whether a public address is this machine's own, or, in IPv6, one of a neighbour on its network:
/// there the devices of a house have public addresses too.
fn is_at_home(ip: IpAddr) -> bool {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.iter().any(|interface| match (&interface.addr, ip) {
        (if_addrs::IfAddr::V4(own), IpAddr::V4(ip)) => own.ip == ip,
        (if_addrs::IfAddr::V6(own), IpAddr::V6(ip)) => {
            // A wider prefix is a tunnel to the internet, not a house.
            let prefix = own.prefixlen.max(48);
            ipnet::Ipv6Net::new(own.ip, prefix).is_ok_and(|net| net.contains(&ip))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for (ip, expected) in [
            ("1.1.1.1", true),
            ("8.8.8.8", true),
            ("100.63.255.255", true),
            ("100.128.0.0", true),
            ("172.15.255.255", true),
            ("172.32.0.0", true),
            ("192.0.1.0", true),
            ("198.17.255.255", true),
            ("198.20.0.0", true),
            ("223.255.255.255", true),
            ("2606:4700:4700::1111", true),
            ("2a00:1450:4001:82a::200e", true),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("10.0.0.1", false),
            ("100.64.0.1", false),
            ("100.127.255.255", false),
            ("127.0.0.1", false),
            ("127.255.255.254", false),
            ("169.254.169.254", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.0.0.170", false),
            ("192.0.2.1", false),
            ("192.88.99.1", false),
            ("192.168.1.1", false),
            ("198.18.0.1", false),
            ("198.19.255.255", false),
            ("198.51.100.7", false),
            ("203.0.113.7", false),
            ("224.0.0.251", false),
            ("239.255.255.250", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::127.0.0.1", false),
            ("::8.8.8.8", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", false),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::808:808", false),
            ("64:ff9b:1::a00:1", false),
            ("100::1", false),
            ("2001::1", false),
            ("2001:20::1", false),
            ("2001:db8::1", false),
            ("2002:7f00:1::1", false),
            ("3fff::1", false),
            ("2606:4700::5efe:7f00:1", false),
            ("2606:4700::200:5efe:a00:1", false),
            ("4000::1", false),
            ("fc00::1", false),
            ("fd12:3456::1", false),
            ("fe80::1", false),
            ("fec0::1", false),
            ("ff02::fb", false),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), expected, "{ip}");
        }
    }

    #[test]
    fn a_listed_private_address_is_permitted_with_its_own_port_alone() {
        let policy = AddressPolicy { allow_private: vec!["127.0.0.1:8801".parse().unwrap()] };
        for (addr, expected) in [
            ("127.0.0.1:8801", true),
            ("127.0.0.1:8802", false),
            ("127.0.0.1:0", false),
            ("127.0.0.2:8801", false),
            ("[::1]:8801", false),
            ("[::ffff:127.0.0.1]:8801", false),
            ("1.1.1.1:8801", true),
        ] {
            assert_eq!(policy.permits(addr.parse().unwrap()), expected, "{addr}");
        }
    }

    #[tokio::test]
    async fn a_tracker_on_a_private_address_is_refused_however_it_is_written() {
        let policy = AddressPolicy { allow_private: vec!["127.0.0.1:6969".parse().unwrap()] };
        for (url, expected) in [
            ("udp://1.1.1.1:6969/announce", true),
            ("http://1.1.1.1/announce", true),
            ("wss://1.1.1.1", true),
            ("udp://127.0.0.1:6969", true), // listed
            ("udp://127.1:6969", true),     // the same
            ("udp://127.0.0.1:6970", false),
            ("udp://1.1.1.1", false), // no port
            ("udp://0x7f.1:80", false),
            ("udp://2130706433:80", false),
            ("udp://%3127.0.0.1:80", false),
            ("udp://127.0.0.1.:80", false),
            ("udp://localhost:80", false),
            ("udp://[::1]:80", false),
            ("udp://[::ffff:7f00:1]:80", false),
            ("http://192.168.1.1/announce", false),
            ("ws://10.0.0.1", false),
            ("https://user:word@1.1.1.1/", false),
            ("ftp://1.1.1.1:21/", false),
            ("file:///etc/passwd", false),
            ("udp://1.1.1.1:0", false),
            ("udp://no-such-name.invalid:80", false),
            ("", false),
        ] {
            assert_eq!(policy.permits_url(url).await, expected, "{url}");
        }
    }
}
