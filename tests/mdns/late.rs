//! What is told later than at the start: which kinds of services there are, to who asks for that alone;
//! and all of them anew under another name, where the first turns out to be another machine's.

use super::{
    KIND, LIMIT, OFFERS, advertise, assert_gone, assert_host_resolves, missing, seen, stop,
};
use super::{serve, wait_for_name};
use crate::support::installed::python;
use crate::support::netns::{Avahi, Lab};
use crate::support::process::finish;
use crate::support::{skip, until};

/// The kinds of services that are told of on this host's link (RFC 6763, 9).
const KINDS: &str = r"
import sys
from zeroconf import ZeroconfServiceTypes
for kind in ZeroconfServiceTypes.find(interfaces=[sys.argv[1]], timeout=3):
    print(kind)
";

#[test]
fn who_asks_what_kinds_of_services_there_are_is_told_of_each() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let Some(python) = python() else {
        return skip("needs the Python environment of tests/run");
    };
    let lab = Lab::new();
    let (mut program, _folder) = serve(&lab, "0.0.0.0:8080");
    let kinds = until("three kinds of services", LIMIT, || {
        let mut asker = lab.viewer.command(&python);
        let text = finish(asker.args(["-c", KINDS, lab.viewer.address]), LIMIT).ok()?.text();
        let told = ["_http", "_webdav", "_credenza"];
        let all =
            told.iter().all(|kind| text.lines().any(|line| line == format!("{kind}._tcp.local.")));
        all.then_some(text)
    });
    println!("{kinds}");
    program.interrupt();
    assert!(program.ended(LIMIT).is_some_and(|status| status.success()));
}

/// A box that starts before its cable is plugged in has a name that nobody could refuse it.
#[test]
fn services_are_told_anew_under_the_name_that_is_free() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    lab.server.ip("link set lan0 down").unwrap();
    let avahi = Avahi::start(&lab.viewer, "credenza");
    let mut child = advertise(&lab.server);
    wait_for_name(&mut child, "credenza.local");
    assert!(avahi.browse(KIND).is_empty(), "nobody hears us yet");
    lab.server.ip("link set lan0 up").unwrap();
    lab.server.ip("route add 224.0.0.0/4 dev lan0").unwrap();
    wait_for_name(&mut child, "credenza-2.local");
    assert_eq!(seen(&avahi).host, "credenza-2.local");
    for offer in OFFERS {
        let led = || {
            let services = avahi.browse(offer.kind);
            let ours =
                |one: &&super::Service| one.protocol == "IPv4" && one.host == "credenza-2.local";
            services.iter().find(ours).map(|one| (one.address.clone(), one.port))
        };
        assert_eq!(until(offer.kind, LIMIT, led), (lab.server.address.to_owned(), 8080));
    }
    assert_host_resolves(&avahi, "credenza-2.local", lab.server.address);
    assert_host_resolves(&avahi, "credenza.local", lab.viewer.address);
    stop(child);
    assert_gone(&avahi);
}
