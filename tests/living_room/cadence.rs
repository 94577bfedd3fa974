//! What is told to everybody, in its order, as a control point hears it on the cable: first goodbye to what
//! was known from before, then twice the greeting, then, when the box stops, goodbye again (UDA 1.0, 1.1).

use std::process::Stdio;

use serde_json::Value;

use super::{DESCRIPTION, LIMIT};
use crate::support::home::Home;
use crate::support::netns::Lab;
use crate::support::process::{Beside, finish};
use crate::support::skip;

/// Prints each announcement as it comes: what it begins with, its headers, and after how long.
const LISTENER: &str = r#"
import json, socket, sys, time
own = sys.argv[1]
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
heard.bind(("", 1900))
heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.255.250") + socket.inet_aton(own))
print("ready", flush=True)
while True:
    text, sender = heard.recvfrom(4096)
    first, *lines = text.decode().split("\r\n")
    if first.startswith("NOTIFY"):
        rows = dict(line.split(": ", 1) for line in lines if ": " in line)
        print(json.dumps({"first": first, "from": sender[0], "at": time.monotonic(), **rows}), flush=True)
"#;

/// What the device is announced as, besides its UUID.
const TYPES: [&str; 5] = [
    "upnp:rootdevice",
    "urn:schemas-upnp-org:device:MediaServer:1",
    "urn:schemas-upnp-org:service:ContentDirectory:1",
    "urn:schemas-upnp-org:service:ConnectionManager:1",
    "urn:microsoft.com:service:X_MS_MediaReceiverRegistrar:1",
];

/// The next six, which are to be of this kind, under each name once; sorted, as (`NT`, `USN`).
fn six(listener: &mut Beside, kind: &str) -> (Vec<(String, String)>, Vec<Value>) {
    let mut next = || {
        let said = |line: &str| serde_json::from_str::<Value>(line).ok();
        listener.line(kind, LIMIT, said)
    };
    let rows: Vec<Value> = (0..6).map(|_| next()).collect();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    for row in &rows {
        assert_eq!(text(row, "first"), "NOTIFY * HTTP/1.1", "{row}");
        assert_eq!(text(row, "HOST"), "239.255.255.250:1900", "{row}");
        assert_eq!(text(row, "NTS"), kind, "{row}");
    }
    let mut names: Vec<_> = rows.iter().map(|row| (text(row, "NT"), text(row, "USN"))).collect();
    names.sort();
    (names, rows)
}

#[test]
fn goodbye_comes_first_then_two_greetings_and_goodbye_again() {
    if let Some(reason) = Lab::missing() {
        return skip(reason);
    }
    let lab = Lab::new();
    let mut command = lab.viewer.command("python3");
    command.args(["-c", LISTENER, lab.viewer.address]).stderr(Stdio::null());
    let mut listener = Beside::start(&mut command);
    listener.line("the listener", LIMIT, |line| (line == "ready").then_some(()));
    let mut home = Home::demo_in(lab, &[("CREDENZA_LAN_UPNP", "true")]);

    let description = finish(&mut home.curl(DESCRIPTION), LIMIT).unwrap().text();
    let device = description.split("<UDN>").nth(1).unwrap().split('<').next().unwrap();
    assert!(device.starts_with("uuid:") && device.len() == 41, "{device}");
    let of = |target: &str| (target.to_owned(), format!("{device}::{target}"));
    let mut names: Vec<(String, String)> = TYPES.into_iter().map(of).collect();
    names.push((device.to_owned(), device.to_owned()));
    names.sort();

    let (gone, rows) = six(&mut listener, "ssdp:byebye");
    assert_eq!(gone, names);
    assert!(rows.iter().all(|row| row["LOCATION"].is_null()), "{rows:?}");
    let began = rows[0]["at"].as_f64().unwrap();
    for _ in 0..2 {
        let (there, rows) = six(&mut listener, "ssdp:alive");
        assert_eq!(there, names);
        for row in &rows {
            assert_eq!(row["LOCATION"], format!("{}{DESCRIPTION}", home.base), "{row}");
            assert_eq!(row["CACHE-CONTROL"], "max-age=1800", "{row}");
            assert_eq!(row["from"], home.lab.server.address, "{row}");
            assert!(row["SERVER"].as_str().unwrap().contains(" UPnP/1.0 DLNADOC/1.50 "), "{row}");
            // They are meant for a set that lost one of the first, not for one that comes later.
            assert!(row["at"].as_f64().unwrap() - began < 5.0, "{row}");
        }
    }
    assert!(home.stop());
    assert_eq!(six(&mut listener, "ssdp:byebye").0, names, "nothing between, and goodbye");
}
