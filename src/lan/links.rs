//! Who is of the household: whoever a packet reaches without a router, and the subnets that the owner
//! adds.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;

use super::interfaces::{Listening, is_of_containers};

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
    /// Whether it leads to the household, and so is one on which we make ourselves known.
    pub to_household: bool,
}

impl Link {
    /// The address `net` of the interface of this name; `to_one` where that is a line to one other
    /// machine. Such a line is a tunnel nearly always, and the network that it names belongs to whoever
    /// sells it: the customers of a VPN are no household. Of it our own address alone is near, unless
    /// the owner has added the network with `more`.
    fn new(interface: &str, net: IpNet, to_one: bool, more: &[IpNet]) -> Self {
        let tunnel = to_one && !more.iter().any(|added| added.contains(&net));
        let net = if tunnel { IpNet::from(net.addr()) } else { net };
        let to_household = !tunnel && !net.addr().is_loopback() && !is_of_containers(interface);
        Self { interface: interface.to_owned(), index: None, net, to_household }
    }

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
    listening: Listening,
    seen: Mutex<Option<(Instant, Vec<Link>)>>,
}

impl Links {
    /// With `more` subnets that are of the household though a router lies between (`lan.subnets`).
    #[must_use]
    pub fn new(more: Vec<IpNet>) -> Self {
        Self(Arc::new(Inner { more, listening: Listening::default(), seen: Mutex::default() }))
    }

    /// The same, where the server listens on this address: others are not told to come to another.
    #[must_use]
    pub fn listening_on(&self, address: IpAddr) -> Self {
        let (more, listening) = (self.0.more.clone(), Listening(address));
        Self(Arc::new(Inner { more, listening, seen: Mutex::default() }))
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
        let links = look(&self.0.more);
        *seen = Some((Instant::now(), links.clone()));
        links
    }

    /// The addresses at which we make ourselves known: none of loopback, of containers' networks or of
    /// a tunnel.
    #[must_use]
    pub fn of_household(&self) -> Vec<Link> {
        self.all().into_iter().filter(|link| link.to_household).collect()
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
        let holds = |link: &Link| link.net.contains(&address);
        address.is_loopback() || link_local || self.all().iter().any(holds)
    }

    /// Whether `address` is one of this machine.
    #[must_use]
    pub fn is_own(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_loopback() || self.all().iter().any(|link| link.address() == address)
    }

    /// Our own address on the link that leads to `address`, of those at which the server listens: that
    /// in the narrowest network, and the first of several in one (a cable and Wi-Fi).
    #[must_use]
    pub fn local_for(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        let hears = |link: &Link| self.0.listening.covers(link.address());
        let links = self.all().into_iter().filter(|link| link.net.contains(&address));
        let narrowest = links.filter(hears).min_by_key(|link| Reverse(link.net.prefix_len()));
        narrowest.map(|link| link.address())
    }
}

fn look(more: &[IpNet]) -> Vec<Link> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.into_iter().filter_map(|interface| link(&interface, more)).collect()
}

fn link(interface: &if_addrs::Interface, more: &[IpNet]) -> Option<Link> {
    let net = match &interface.addr {
        if_addrs::IfAddr::V4(v4) => {
            IpNet::with_netmask(v4.ip.into(), Ipv4Addr::into(v4.netmask)).ok()?
        }
        if_addrs::IfAddr::V6(v6) => {
            IpNet::with_netmask(v6.ip.into(), Ipv6Addr::into(v6.netmask)).ok()?
        }
    };
    let link = Link::new(&interface.name, net, interface.is_p2p(), more);
    Some(Link { index: interface.index, ..link })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(own: &[&str], more: &[&str]) -> Links {
        let named: Vec<_> = own.iter().map(|net| ("eth0", *net)).collect();
        links_of(&named, more)
    }

    /// Interfaces with their addresses; `tun` and what follows is a line to one machine.
    fn links_of(own: &[(&str, &str)], more: &[&str]) -> Links {
        let links = Links::new(more.iter().map(|net| net.parse().unwrap()).collect());
        see(&links, own);
        links
    }

    fn see(links: &Links, own: &[(&str, &str)]) {
        let link = |(name, net): &(&str, &str)| {
            Link::new(name, net.parse().unwrap(), name.starts_with("tun"), &links.0.more)
        };
        let far = Instant::now() + Duration::from_secs(3600);
        *links.0.seen.lock().unwrap() = Some((far, own.iter().map(link).collect()));
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

    #[test]
    fn behind_a_tunnel_there_is_no_household_unless_the_owner_says_so() {
        let own = [("eth0", "192.168.1.5/24"), ("tun0", "10.8.0.2/16"), ("tun1", "10.9.0.2/24")];
        let links = links_of(&own, &["10.9.0.0/24"]);
        for (address, near) in
            [("192.168.1.9", true), ("10.8.0.3", false), ("10.8.0.2", true), ("10.9.0.3", true)]
        {
            assert_eq!(links.is_near(address.parse().unwrap()), near, "{address}");
        }
        let known: Vec<String> =
            links.of_household().into_iter().map(|link| link.interface).collect();
        assert_eq!(known, ["eth0", "tun1"]);
        assert_eq!(links.local_for("10.8.0.3".parse().unwrap()), None);
    }

    #[test]
    fn nobody_is_led_to_an_address_at_which_nobody_listens() {
        let own = [("eth0", "192.168.1.5/24"), ("wlan0", "192.168.1.6/24"), ("eth1", "10.0.0.1/8")];
        for (listens, from_home, from_ten) in [
            ("0.0.0.0", Some("192.168.1.5"), Some("10.0.0.1")),
            ("::", Some("192.168.1.5"), Some("10.0.0.1")),
            ("192.168.1.5", Some("192.168.1.5"), None),
            ("192.168.1.6", Some("192.168.1.6"), None),
            ("127.0.0.1", None, None),
        ] {
            let links = Links::new(Vec::new()).listening_on(listens.parse().unwrap());
            see(&links, &own);
            for (from, expected) in [("192.168.1.9", from_home), ("10.7.7.7", from_ten)] {
                let expected: Option<IpAddr> = expected.map(|own| own.parse().unwrap());
                assert_eq!(links.local_for(from.parse().unwrap()), expected, "{listens} {from}");
            }
            assert!(links.is_own("192.168.1.6".parse().unwrap()));
            assert!(!links.is_own("192.168.1.7".parse().unwrap()));
        }
    }
}
