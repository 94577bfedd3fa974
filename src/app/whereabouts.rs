//! Under which addresses and names people find this server.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::access::HostList;
use crate::appliance::Appliance;
use crate::http::host::HostRule;
use crate::http::rooms::Whereabouts;
use crate::playback::Playback;
use crate::steward::words::Refusal;

/// Where it listens, and by which name it is announced.
pub(super) struct Place {
    pub(super) listen: SocketAddr,
    pub(super) hosts: Arc<HostList>,
    /// The name that was asked for, as a host's label.
    pub(super) asked: String,
    pub(super) announced: bool,
}

impl Place {
    /// Where it answers: each address of this machine, if it listens on all of them.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        if !self.listen.ip().is_unspecified() {
            return vec![self.listen];
        }
        let v4 = own_addresses().into_iter().filter(IpAddr::is_ipv4);
        v4.map(|ip| SocketAddr::new(ip, self.listen.port())).collect()
    }
}

/// Tells the story where people find this server.
pub(super) fn tell_front_door(playback: &Playback, place: &Arc<Place>) {
    // Weak: the place knows the box, and the box the story; held whole, none would ever end.
    let front = Arc::downgrade(place);
    playback.tell_front_door(move || {
        let front = front.upgrade();
        let told = front.and_then(|front| {
            let named = front.named();
            named.or_else(|| Whereabouts::addresses(front.as_ref()).into_iter().next())
        });
        told.unwrap_or_default()
    });
}

impl Whereabouts for Place {
    fn addresses(&self) -> Vec<String> {
        let all = Self::addresses(self).into_iter();
        all.filter(|at| !at.ip().is_loopback() || self.listen.ip().is_loopback()).map(url).collect()
    }

    fn port(&self) -> u16 {
        self.listen.port()
    }

    fn named(&self) -> Option<String> {
        let port = without_default(self.listen.port());
        self.announced.then(|| format!("http://{}.local{port}/", self.hosts.name()))
    }

    fn notice(&self) -> Option<Refusal> {
        let (asked, got) = (&self.asked, self.hosts.name());
        (self.announced && got != *asked).then(|| {
            let sentence = format!(
                "another machine in this network is called {asked}.local, so this one is found as \
                 {got}.local; give it a name of its own as lan.name in its configuration (on a box: \
                 in credenza.toml on the card), and start it anew"
            );
            Refusal::new("name_taken", sentence)
        })
    }
}

/// Port 80 need not be said.
fn without_default(port: u16) -> String {
    if port == 80 { String::new() } else { format!(":{port}") }
}

fn url(at: SocketAddr) -> String {
    let port = without_default(at.port());
    match at.ip() {
        IpAddr::V4(ip) => format!("http://{ip}{port}/"),
        IpAddr::V6(ip) => format!("http://[{ip}]{port}/"),
    }
}

/// Which Host names are ours; and who came in by the box's own Wi-Fi network, and so to whichever
/// name it was, is to be led to the set-up page.
pub(super) struct Hosts {
    pub(super) list: Arc<HostList>,
    pub(super) appliance: Arc<Appliance>,
}

impl HostRule for Hosts {
    fn allows(&self, host: &str) -> bool {
        self.list.allows(host)
    }

    fn portal(&self, local: SocketAddr) -> Option<String> {
        let address = self.appliance.portal_at(local.ip())?;
        Some(url(SocketAddr::new(address, local.port())))
    }

    fn visited(&self) {
        self.appliance.visited();
    }
}

/// Every address of this machine.
pub(super) fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> = interfaces.iter().map(if_addrs::Interface::ip).collect();
    // What a person can type on a phone first.
    addresses.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
    addresses.dedup();
    addresses
}
