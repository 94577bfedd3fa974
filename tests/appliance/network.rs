//! The box's own Wi-Fi network: opened while there is no other, closed when there is, and closed to
//! look again where it was told of one that is late.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza::app::App;
use credenza::appliance::{Interfaces, Options, Timing};
use credenza::config::Config;

use crate::support::http;
use crate::support::the_box::TheBox;
use crate::support::{skip, until};

const LONG: Duration = Duration::from_secs(30);

/// A box whose cables and addresses the test holds.
struct Wired {
    the_box: TheBox,
    addresses: Arc<Mutex<Vec<(String, IpAddr)>>>,
    runtime: tokio::runtime::Runtime,
    app: Option<App>,
}

impl Wired {
    /// `knows_wifi`: it was told of a network on its card.
    fn new(knows_wifi: bool, unused: Duration) -> Result<Self, &'static str> {
        let the_box = TheBox::new()?;
        the_box.write("sys/class/net/wlan0/phy80211/name", "phy0\n");
        if knows_wifi {
            the_box.write("run/credenza/wifi.conf", "country=DE\n");
        }
        let addresses: Arc<Mutex<Vec<(String, IpAddr)>>> = Arc::default();
        let seen = Arc::clone(&addresses);
        let options = Options {
            root: Some(the_box.root().to_owned()),
            interfaces: Interfaces {
                sys: the_box.path("sys/class/net"),
                addresses: Arc::new(move || seen.lock().unwrap().clone()),
            },
            timing: Timing {
                look: Duration::from_millis(20),
                link_lost: Duration::from_millis(500),
                link_holds: Duration::from_millis(200),
                unused,
                ..Timing::default()
            },
            ..Options::default()
        };
        let mut config = Config::from_text("test", "").unwrap();
        config.listen = "0.0.0.0:0".parse().unwrap();
        config.lan.mdns = false;
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let data = the_box.data();
        std::fs::create_dir_all(&data).unwrap();
        let app = Some(runtime.block_on(App::start_as(config, &data, options)).unwrap());
        Ok(Self { the_box, addresses, runtime, app })
    }

    fn link(&self, interface: &str, carrier: bool, address: Option<&str>) {
        let carrier = if carrier { "1\n" } else { "0\n" };
        self.the_box.write(&format!("sys/class/net/{interface}/carrier"), carrier);
        let mut addresses = self.addresses.lock().unwrap();
        addresses.retain(|(name, _)| name != interface);
        addresses.extend(address.map(|address| (interface.to_owned(), address.parse().unwrap())));
    }

    fn opens(&self) {
        until("the box's own network", LONG, || self.the_box.is_access_point_open().then_some(()));
    }

    fn closes(&self) {
        until("its end", LONG, || (!self.the_box.is_access_point_open()).then_some(()));
    }

    fn times(&self, what: &str) -> usize {
        self.the_box.calls().matches(&format!("systemctl {what} credenza-ap.service")).count()
    }
}

impl Drop for Wired {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            self.runtime.block_on(app.stop());
        }
    }
}

#[test]
fn without_a_link_the_box_opens_a_network_and_with_one_it_closes_it() {
    let wired = match Wired::new(false, Duration::from_secs(3600)) {
        Ok(wired) => wired,
        Err(missing) => return skip(missing),
    };
    // What leads nowhere: a cable without an address, an address that nobody gave, no cable.
    wired.link("lo", true, Some("127.0.0.1"));
    wired.link("eth0", true, None);
    wired.link("eth1", true, Some("169.254.3.4"));
    wired.link("eth2", false, Some("192.168.1.7"));
    wired.link("eth3", true, Some("fe80::1"));
    wired.opens();
    // Its own address is no network to be had.
    wired.link("wlan0", true, Some("127.0.0.2"));
    let looks = wired.the_box.calls().len();
    std::thread::park_timeout(Duration::from_millis(600));
    assert!(wired.the_box.is_access_point_open() && wired.times("stop") == 0, "{looks}");

    wired.link("eth0", true, Some("192.168.1.7"));
    wired.closes();
    assert_eq!((wired.times("start"), wired.times("stop")), (1, 1));
    // The cable is pulled.
    wired.link("eth0", false, None);
    wired.link("wlan0", false, None);
    wired.opens();
    assert_eq!(wired.times("start"), 2);
}

#[test]
fn a_box_that_knows_a_wifi_network_looks_for_it_again_unless_somebody_is_there() {
    let wired = match Wired::new(true, Duration::from_secs(6)) {
        Ok(wired) => wired,
        Err(missing) => return skip(missing),
    };
    wired.opens();
    wired.closes();
    wired.opens();
    // Somebody is there: it stays.
    let port = wired.app.as_ref().unwrap().addresses()[0].port();
    let stops = wired.times("stop");
    let probe = || {
        http::get(&format!("http://127.0.0.2:{port}/hotspot-detect.html"))
            .with("Host", "captive.apple.com")
            .try_send()
    };
    let led = || probe().ok().filter(|answer| answer.status == 302).map(drop);
    until("the way to the set-up page", LONG, led);
    // Twice as long as it stays open for nobody. A phone that only probes would not keep it open.
    let page = || http::get(&format!("http://127.0.0.2:{port}/setup")).try_send();
    for _ in 0..120 {
        assert_eq!(page().unwrap().status, 200);
        std::thread::park_timeout(Duration::from_millis(100));
    }
    assert_eq!(wired.times("stop"), stops);
}

/// The radio is taken for the network that the box was told of, and that one is not joined: nobody has
/// a page or a screen open, so nobody asks how it stands but the box itself.
#[test]
fn a_network_of_its_own_that_was_closed_elsewhere_is_opened_again() {
    let wired = match Wired::new(true, Duration::from_secs(3600)) {
        Ok(wired) => wired,
        Err(missing) => return skip(missing),
    };
    wired.opens();
    std::fs::remove_file(wired.the_box.path("run/credenza/ap.json")).unwrap();
    until("it to be opened again", 4 * LONG, || {
        (wired.times("start") == 2 && wired.the_box.is_access_point_open()).then_some(())
    });
    assert_eq!(wired.times("stop"), 0);
}
