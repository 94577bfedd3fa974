//! A box with two interfaces, such as cable and Wi-Fi, each into a network of its own: on either, others
//! are told of that one's address, and reach it there.

use std::time::Duration;

use super::DESCRIPTION;
use super::found::{missing, seen};
use crate::support::home::Home;
use crate::support::netns::{Avahi, Lab, Namespace, ON_OTHER};
use crate::support::process::finish;
use crate::support::{skip, until};

const LIMIT: Duration = Duration::from_secs(60);
const KINDS: [&str; 3] = ["_http._tcp", "_webdav._tcp", "_credenza._tcp"];

/// The description of the media server, as this host gets it there.
fn description(host: &Namespace, location: &str) -> String {
    let mut curl = host.command("curl");
    curl.args(["--silent", "--show-error", "--fail", "--max-time", "20", location]);
    finish(&mut curl, LIMIT).unwrap().text()
}

#[test]
fn each_network_is_told_of_the_address_in_it() {
    if let Some(reason) = missing().or_else(Avahi::missing) {
        return skip(reason);
    }
    let lab = Lab::new();
    let other = lab.with_another_cable();
    let mut home =
        Home::demo_in(lab, &[("CREDENZA_LAN_UPNP", "true"), ("CREDENZA_LAN_MDNS", "true")]);
    let lab = &home.lab;
    for (host, own) in [(&lab.viewer, lab.server.address), (&other, ON_OTHER)] {
        let location = format!("http://{own}:8080{DESCRIPTION}");
        let all = seen(host, "ssdp:all");
        assert_eq!(all.len(), 6, "{own}: {all:?}");
        assert!(all.iter().all(|(_, at)| *at == location), "{own}: {all:?}");
        let text = description(host, &location);
        assert!(text.contains(&format!("<friendlyName>{}", super::NAME)), "{own}: {text}");

        let avahi = Avahi::start(host, "viewer");
        for kind in KINDS {
            let found = until(kind, LIMIT, || {
                let services = avahi.browse(kind).into_iter();
                let found: Vec<_> = services.filter(|one| one.protocol == "IPv4").collect();
                (!found.is_empty()).then_some(found)
            });
            let at = |one: &crate::support::netns::Service| (one.address.clone(), one.port);
            let told: Vec<_> = found.iter().map(at).collect();
            assert_eq!(told, [(own.to_owned(), 8080)], "{kind}: {found:?}");
            let resolved =
                avahi.command("avahi-resolve").args(["-4", "-n", &found[0].host]).output();
            let resolved = String::from_utf8_lossy(&resolved.unwrap().stdout).into_owned();
            assert_eq!(resolved.split_whitespace().last(), Some(own), "{kind}: {resolved}");
        }
    }
    assert!(home.stop());
}
