//! Who is of the household: whoever a packet reaches without a router, and the subnets that the owner
//! adds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;

use super::interfaces::is_of_containers;

/// How long the interfaces are believed: a set's forty ranges of a film need not each ask the kernel.
const BELIEVED: Duration = Duration::from_secs(2);

/// An address of ours, and the network in which it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The interface's name, such as `eth0`.
    pub interface: String,
    /// Its number in the kernel.
    pub index: Option<u32>,
    /// Our address there, with the length of the network's prefix.
    pub net: IpNet,
}

impl Link {
    /// Our address there.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.net.addr()
    }
}

/// The networks that this machine stands in. Clones look at the same.
#[derive(Clone)]
pub struct Links(Arc<Inner>);

struct Inner {
    more: Vec<IpNet>,
    seen: Mutex<Option<(Instant, Vec<Link>)>>,
}

impl Links {
    /// With `more` subnets that are of the household though a router lies between (`lan.subnets`).
    #[must_use]
    pub fn new(more: Vec<IpNet>) -> Self {
        Self(Arc::new(Inner { more, seen: Mutex::default() }))
    }

    /// Every address of ours that others reach, that of containers' networks among them: a player in
    /// a container of this machine is of the household.
    #[must_use]
    pub fn all(&self) -> Vec<Link> {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, links)) = seen.as_ref()
            && at.elapsed() < BELIEVED
        {
            return links.clone();
        }
        let links = look();
        *seen = Some((Instant::now(), links.clone()));
        links
    }

    /// The addresses at which we make ourselves known: none of loopback or of containers' networks.
    #[must_use]
    pub fn of_household(&self) -> Vec<Link> {
        let all = self.all().into_iter();
        all.filter(|link| !link.address().is_loopback() && !is_of_containers(&link.interface))
            .collect()
    }

    /// Whether `address` is of this machine, or reached without a router (also IPv6's `fe80::/10`), or
    /// of a subnet that the owner added.
    #[must_use]
    pub fn is_near(&self, address: IpAddr) -> bool {
        self.is_on_link(address)
            || self.0.more.iter().any(|net| net.contains(&address.to_canonical()))
    }

    /// The same without the owner's subnets: who can send us nothing from farther away than a switch.
    #[must_use]
    pub fn is_on_link(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let link_local = match address {
            IpAddr::V4(_) => false,
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        address.is_loopback() || link_local || self.link_to(address).is_some()
    }

    /// Our own address on the link that leads to `address`.
    #[must_use]
    pub fn local_for(&self, address: IpAddr) -> Option<IpAddr> {
        self.link_to(address.to_canonical()).map(|link| link.address())
    }

    /// The narrowest network of ours that holds `address`.
    fn link_to(&self, address: IpAddr) -> Option<Link> {
        let holding = self.all().into_iter().filter(|link| link.net.contains(&address));
        holding.max_by_key(|link| link.net.prefix_len())
    }
}

fn look() -> Vec<Link> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.into_iter().filter_map(|interface| link(&interface)).collect()
}

fn link(interface: &if_addrs::Interface) -> Option<Link> {
    let net = match &interface.addr {
        if_addrs::IfAddr::V4(v4) => {
            IpNet::with_netmask(v4.ip.into(), Ipv4Addr::into(v4.netmask)).ok()?
        }
        if_addrs::IfAddr::V6(v6) => {
            IpNet::with_netmask(v6.ip.into(), Ipv6Addr::into(v6.netmask)).ok()?
        }
    };
    Some(Link { interface: interface.name.clone(), index: interface.index, net })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(own: &[&str], more: &[&str]) -> Links {
        let parse = |net: &&str| net.parse::<IpNet>().unwrap();
        let link = |net: &&str| Link { interface: "eth0".into(), index: None, net: parse(net) };
        let links = Links::new(more.iter().map(parse).collect());
        let far = Instant::now() + Duration::from_secs(3600);
        *links.0.seen.lock().unwrap() = Some((far, own.iter().map(link).collect()));
        links
    }

    #[test]
    fn the_household_is_what_is_reached_without_a_router() {
        let links = links(
            &["127.0.0.1/8", "192.168.1.5/24", "10.0.0.9/30", "2001:db8:1::5/64", "fe80::1/64"],
            &["192.168.20.0/24", "fd00:7::/48"],
        );
        for (address, near, on_link) in [
            ("127.0.0.1", true, true),
            ("127.9.9.9", true, true),
            ("::1", true, true),
            ("192.168.1.77", true, true),
            ("::ffff:192.168.1.77", true, true),
            ("192.168.2.77", false, false),
            ("10.0.0.10", true, true),
            ("10.0.0.13", false, false),
            ("192.168.20.4", true, false),
            ("::ffff:192.168.20.4", true, false),
            ("2001:db8:1::99", true, true),
            ("2001:db8:2::99", false, false),
            ("fd00:7:0:3::1", true, false),
            ("fe80::77", true, true),
            ("8.8.8.8", false, false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(links.is_near(address), near, "{address}");
            assert_eq!(links.is_on_link(address), on_link, "{address}");
        }
    }

    #[test]
    fn our_address_on_a_link_is_that_of_the_narrowest_network() {
        let links = links(&["10.0.0.1/8", "10.1.0.1/16", "192.168.1.5/24"], &[]);
        for (address, own) in [
            ("10.1.2.3", Some("10.1.0.1")),
            ("10.2.2.3", Some("10.0.0.1")),
            ("192.168.1.9", Some("192.168.1.5")),
            ("172.16.0.1", None),
        ] {
            let own: Option<IpAddr> = own.map(|own| own.parse().unwrap());
            assert_eq!(links.local_for(address.parse().unwrap()), own, "{address}");
        }
    }
}
