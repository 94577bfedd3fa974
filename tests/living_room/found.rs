//! Found: gssdp-discover sees each of the six names under the address of the cable; a goodbye takes
//! them away; a new address is told by itself; who is not near hears nothing.

use std::process::Stdio;
use std::time::Duration;

use super::{DESCRIPTION, home};
use crate::support::home::Home;
use crate::support::netns::{FAR, Lab, Namespace};
use crate::support::process::{Beside, finish};
use crate::support::server::credenza;
use crate::support::{has, skip, until};

const LIMIT: Duration = Duration::from_secs(60);
const TYPES: [&str; 5] = [
    "upnp:rootdevice",
    "urn:schemas-upnp-org:device:MediaServer:1",
    "urn:schemas-upnp-org:service:ContentDirectory:1",
    "urn:schemas-upnp-org:service:ConnectionManager:1",
    "urn:microsoft.com:service:X_MS_MediaReceiverRegistrar:1",
];

pub fn missing() -> Option<&'static str> {
    Lab::missing().or_else(|| (!has("gssdp-discover")).then_some("needs gssdp-discover"))
}

/// What gssdp-discover on this host has seen within some seconds: pairs of USN and location.
pub fn seen(host: &Namespace, target: &str) -> Vec<(String, String)> {
    let mut command = host.command("gssdp-discover");
    command.args(["-i", "lan0", "--timeout=5", "-t", target]);
    let text = finish(&mut command, LIMIT).unwrap().text();
    let mut rows = Vec::new();
    let mut usn = String::new();
    for line in text.lines() {
        if let Some((_, value)) = line.split_once("USN:") {
            value.trim().clone_into(&mut usn);
        }
        if let Some((_, value)) = line.split_once("Location:") {
            rows.push((usn.clone(), value.trim().to_owned()));
        }
    }
    rows.sort();
    rows.dedup();
    rows
}

#[test]
fn every_name_is_found_under_the_address_of_the_cable() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut home = home();
    let location = format!("{}{DESCRIPTION}", home.base);
    let all = seen(&home.lab.viewer, "ssdp:all");
    println!("ssdp:all: {all:?}");
    assert_eq!(all.len(), 6, "{all:?}");
    assert!(all.iter().all(|(_, at)| *at == location), "{all:?}");
    let device = all.iter().find(|(usn, _)| !usn.contains("::")).unwrap().0.clone();
    for target in TYPES.into_iter().chain([device.as_str()]) {
        let found = seen(&home.lab.viewer, target);
        let expected =
            if target == device { device.clone() } else { format!("{device}::{target}") };
        assert_eq!(found, [(expected, location.clone())], "{target}");
    }
    assert!(seen(&home.lab.viewer, "urn:schemas-upnp-org:device:MediaRenderer:1").is_empty());
    assert!(home.stop());
}

/// A control point that only listens, a line for whatever comes and goes.
const LISTENER: &str = r#"
import socket, struct, sys
own = sys.argv[1]
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
heard.bind(("", 1900))
heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.255.250") + socket.inet_aton(own))
print("ready", flush=True)
while True:
    text, sender = heard.recvfrom(4096)
    rows = dict(line.split(": ", 1) for line in text.decode().split("\r\n") if ": " in line)
    if text.startswith(b"NOTIFY"):
        print(rows.get("NTS"), rows.get("NT"), rows.get("LOCATION", "-"), sender[0], flush=True)
"#;

fn listener(lab: &Lab) -> Beside {
    let mut command = lab.viewer.command("python3");
    command.args(["-c", LISTENER, lab.viewer.address]).stderr(Stdio::null());
    let mut listener = Beside::start(&mut command);
    listener.line("the listener", LIMIT, |line| (line == "ready").then_some(()));
    listener
}

#[test]
fn who_listens_hears_a_greeting_a_new_address_and_a_goodbye() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let mut home = home();
    let mut listener = listener(&home.lab);
    home.lab.move_server_to("10.99.0.7");
    let at = format!("http://10.99.0.7:8080{DESCRIPTION} 10.99.0.7");
    for target in TYPES {
        let wanted = format!("ssdp:alive {target} {at}");
        listener.line(&wanted, LIMIT, |line| (line == wanted).then_some(()));
    }
    assert!(home.stop());
    for target in TYPES {
        let wanted = format!("ssdp:byebye {target} - 10.99.0.7");
        listener.line(&wanted, LIMIT, |line| (line == wanted).then_some(()));
    }
}

/// Asks from an address, to the group and to the server alone, and counts bytes there and back.
const ASKER: &str = r#"
import socket, sys, time
source, server, target, times = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.bind((source, 0))
asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[5]))
asker.settimeout(0.2)
text = ("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: %s\r\n\r\n" % target).encode()
sent = 0
for _ in range(times):
    for to in ("239.255.255.250", server):
        sent += asker.sendto(text, (to, 1900))
back, answers, end, last = 0, 0, time.monotonic() + 4, 0
begun = time.monotonic()
while time.monotonic() < end:
    try:
        answer, _ = asker.recvfrom(4096)
    except socket.timeout:
        continue
    back += len(answer)
    answers += 1
    last = time.monotonic() - begun
print(sent, answers, back, "%.2f" % last)
"#;

/// Bytes sent, answers, bytes that came back, and when the last came.
fn asked(lab: &Lab, from: &str, target: &str, times: u32) -> (u64, u64, u64, f64) {
    let mut command = lab.viewer.command("python3");
    let times = times.to_string();
    let server = lab.server.address;
    command.args(["-c", ASKER, from, server, target, &times, lab.viewer.address]);
    let text = finish(&mut command, LIMIT).unwrap().text();
    let mut words = text.split_whitespace();
    let mut number = || words.next().unwrap().parse().unwrap();
    let (sent, answers, back) = (number(), number(), number());
    (sent, answers, back, words.next().unwrap().parse().unwrap())
}

#[test]
fn far_searches_get_no_byte_and_near_ones_no_more_than_their_due() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let lab = Lab::new().with_a_far_address();
    let mut home = Home::demo_in(lab, &[("CREDENZA_LAN_UPNP", "true")]);
    let near = home.lab.viewer.address;
    let (sent, answers, back, last) = asked(&home.lab, near, "ssdp:all", 1);
    println!("ssdp:all twice: {answers} answers, {back} bytes for {sent}, the last after {last} s");
    assert_eq!(answers, 12, "the group and the address alone");
    // A search without MX has 3 s.
    assert!(last <= 2.0, "within MX, of 1 s: {last}");
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let factor = back as f64 / sent as f64;
    println!("amplification on the link: {factor:.1}");
    assert!(factor < 20.0);
    assert_eq!(asked(&home.lab, FAR, "ssdp:all", 3).1, 0, "a far address hears nothing");
    assert_eq!(asked(&home.lab, near, "urn:nobody:device:X:1", 1).1, 0);
    // A flood is answered ten times a second.
    let (_, answers, ..) = asked(&home.lab, near, "upnp:rootdevice", 100);
    println!("200 searches at once: {answers} answers");
    assert!((1..=20).contains(&answers), "{answers}");
    assert!(home.stop());
}

/// A cable and Wi-Fi into one network: an address each, and the server at one of them alone.
#[test]
fn a_search_is_answered_by_the_address_at_which_the_server_listens() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    lab.server.ip("addr add 10.99.0.7/24 dev lan0").unwrap();
    for address in [lab.server.address, "10.99.0.7"] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = lab.server.inside(&credenza(&folder.path().join("data")));
        command.env("CREDENZA_LAN_MDNS", "false").env("CREDENZA_LAN_UPNP", "true");
        let listen = format!("{address}:8080");
        let mut program = Beside::start(command.args(["serve", "--listen", &listen]));
        program.line("an address", LIMIT, |line| line.starts_with("http://").then_some(()));
        until("the announcement", LIMIT, || {
            (asked(&lab, lab.viewer.address, "upnp:rootdevice", 1).1 > 0).then_some(())
        });
        program.interrupt();
        assert!(program.ended(LIMIT).is_some_and(|status| status.success()));
    }
}
