//! The name over IPv6: which addresses are told, and that they answer.

use std::path::Path;

use super::{KIND, LIMIT, assert_is_ours, missing, seen, serve};
use crate::support::installed::python;
use crate::support::netns::{Avahi, Lab};
use crate::support::process::finish;
use crate::support::{skip, until};

/// IPv6 addresses of the two hosts, such as a router's announcements give.
const SERVER_6: &str = "fd99:7::1";
const VIEWER_6: &str = "fd99:7::2";

/// A lab whose hosts have an IPv6 address beside the link-local one.
fn lab_of_both_families() -> Lab {
    let lab = Lab::new();
    for (host, address) in [(&lab.server, SERVER_6), (&lab.viewer, VIEWER_6)] {
        host.ip(&format!("addr add {address}/64 dev lan0 nodad")).unwrap();
    }
    lab
}

/// What `name` answers to a question of one type that is sent over IPv6 to `ff02::fb` (RFC 6762, 3): the
/// address that answered, and a line for each record of the answer.
const ASKER: &str = r#"
import socket, sys
from zeroconf import DNSIncoming, DNSOutgoing, DNSQuestion, const
name, kind = sys.argv[1], {"A": const._TYPE_A, "AAAA": const._TYPE_AAAA}[sys.argv[2]]
asked = DNSOutgoing(const._FLAGS_QR_QUERY)
asked.add_question(DNSQuestion(name, kind, const._CLASS_IN))
link = socket.if_nametoindex("lan0")
asker = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
asker.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, link)
asker.settimeout(0.5)
# A port other than 5353: the answer comes to us alone (6.7).
for _ in range(20):
    asker.sendto(asked.packets()[0], ("ff02::fb", 5353, 0, link))
    try:
        bytes, sender = asker.recvfrom(9000)
        break
    except socket.timeout:
        pass
else:
    sys.exit("nobody answered")
print("from", sender[0].split("%")[0])
for record in DNSIncoming(bytes).answers():
    if record.type in (const._TYPE_A, const._TYPE_AAAA):
        print("address", socket.inet_ntop(socket.AF_INET if record.type == const._TYPE_A else socket.AF_INET6, record.address))
    elif record.type == const._TYPE_NSEC:
        print("none but", *record.rdtypes)
"#;

/// The lines of [`ASKER`].
fn told_over_ipv6(lab: &Lab, python: &Path, kind: &str) -> Vec<String> {
    until("an answer over IPv6", LIMIT, || {
        let mut asker = lab.viewer.command(python);
        asker.args(["-c", ASKER, "credenza.local.", kind]);
        let text = finish(&mut asker, LIMIT).ok()?.text();
        println!("{kind}: {text}");
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines() {
            // Each of the services has the name, and tells of it.
            if !lines.iter().any(|told| told == line) {
                lines.push(line.to_owned());
            }
        }
        Some(lines)
    })
}

#[test]
fn over_ipv6_the_name_leads_to_an_address_that_answers() {
    let Some(python) = python() else {
        return skip("needs the Python environment of tests/run");
    };
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = lab_of_both_families();
    // As the box does.
    let (mut program, _folder) = serve(&lab, "[::]:8080");
    let told = told_over_ipv6(&lab, &python, "AAAA");
    assert!(told[0].starts_with("from f"), "over IPv6: {told:?}");
    // A link-local address is no use without the interface, which programs leave out of URLs.
    assert_eq!(told[1..], [format!("address {SERVER_6}")]);
    let told = told_over_ipv6(&lab, &python, "A");
    assert_eq!(told[1..], [format!("address {}", lab.server.address)]);

    let avahi = Avahi::start(&lab.viewer, "viewer");
    let over_six = || avahi.browse(KIND).into_iter().find(|service| service.protocol == "IPv6");
    let service = until("the service over IPv6", LIMIT, over_six);
    assert!([SERVER_6, lab.server.address].contains(&service.address.as_str()), "{service:?}");
    let said = finish(avahi.command("avahi-resolve").args(["-6", "-n", "credenza.local"]), LIMIT);
    assert_eq!(said.unwrap().text().split_whitespace().last(), Some(SERVER_6));
    for host in [format!("[{SERVER_6}]:8080"), "credenza.local:8080".to_owned()] {
        let mut ask = lab.viewer.command("curl");
        ask.args(["--silent", "--fail", "--globoff", "--header", &format!("Host: {host}")]);
        finish(ask.arg(format!("http://[{SERVER_6}]:8080/")), LIMIT).unwrap();
    }
    program.interrupt();
    assert!(program.ended(LIMIT).is_some_and(|status| status.success()));
}

#[test]
fn who_listens_on_ipv4_alone_tells_no_ipv6_address() {
    let Some(python) = python() else {
        return skip("needs the Python environment of tests/run");
    };
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let lab = lab_of_both_families();
    let (mut program, _folder) = serve(&lab, "0.0.0.0:8080");
    let told = told_over_ipv6(&lab, &python, "A");
    assert_eq!(told[1..], [format!("address {}", lab.server.address)]);
    // Denied at once, so that nobody waits for one (6.1): there is type 1, A, and no other.
    assert_eq!(told_over_ipv6(&lab, &python, "AAAA")[1..], ["none but 1"]);
    let avahi = Avahi::start(&lab.viewer, "viewer");
    assert_is_ours(&seen(&avahi), &lab);
    assert!(avahi.browse(KIND).iter().all(|service| service.address == lab.server.address));
    program.interrupt();
    assert!(program.ended(LIMIT).is_some_and(|status| status.success()));
}
