//! What is said and heard in SSDP (UPnP Device Architecture 1.0, section 1): pure text.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Datagram, GROUP};

/// How long others may believe an announcement, in seconds. It is repeated long before: a Samsung
/// forgets a server that was silent for 35 minutes.
pub(super) const MAX_AGE_S: u32 = 1800;
/// Longest that an answer is put off, whatever `MX` allows.
const LONGEST_DELAY: Duration = Duration::from_secs(3);
/// What a search without `MX` allows: unicast searches have none (UDA 1.1, section 1.3.2).
const USUAL_DELAY: Duration = Duration::from_secs(1);

/// What the device is, besides its UUID and `upnp:rootdevice`.
const TYPES: [&str; 4] = [
    "urn:schemas-upnp-org:device:MediaServer:1",
    "urn:schemas-upnp-org:service:ContentDirectory:1",
    "urn:schemas-upnp-org:service:ConnectionManager:1",
    "urn:microsoft.com:service:X_MS_MediaReceiverRegistrar:1",
];

/// What is announced.
#[derive(Debug, Clone)]
pub struct Announced {
    /// Of the device, in its usual form of 36 characters.
    pub uuid: String,
    /// `SERVER`: system, UPnP version, product.
    pub server: String,
    /// Where its description is asked for, on each of our addresses.
    pub port: u16,
    /// The description's path, with its first `/`.
    pub path: &'static str,
}

impl Announced {
    /// Each of its six names as (`ST` or `NT`, `USN`).
    pub(super) fn names(&self) -> Vec<(String, String)> {
        let device = format!("uuid:{}", self.uuid);
        let of = |target: &str| (target.to_owned(), format!("{device}::{target}"));
        let mut names = vec![of("upnp:rootdevice"), (device.clone(), device.clone())];
        names.extend(TYPES.map(of));
        names
    }

    fn location(&self, from: Ipv4Addr) -> String {
        format!("http://{from}:{}{}", self.port, self.path)
    }

    /// The answers to a search, as the address `from` gives them.
    pub(super) fn answers(&self, search: &Search, from: Ipv4Addr) -> Vec<String> {
        let asked = |target: &String| {
            search.target.eq_ignore_ascii_case("ssdp:all")
                || target.eq_ignore_ascii_case(&search.target)
        };
        let names = self.names().into_iter().filter(|(target, _)| asked(target));
        let answer = |(target, usn): (String, String)| {
            format!(
                "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age={MAX_AGE_S}\r\nEXT:\r\n\
                 LOCATION: {}\r\nSERVER: {}\r\nST: {target}\r\nUSN: {usn}\r\n\r\n",
                self.location(from),
                self.server
            )
        };
        names.map(answer).collect()
    }

    /// What tells everybody that the device is there.
    pub(super) fn alive(&self, from: Ipv4Addr) -> Vec<String> {
        let alive = |(target, usn): (String, String)| {
            format!(
                "NOTIFY * HTTP/1.1\r\nHOST: {GROUP}\r\n\
                 CACHE-CONTROL: max-age={MAX_AGE_S}\r\nLOCATION: {}\r\nNT: {target}\r\n\
                 NTS: ssdp:alive\r\nSERVER: {}\r\nUSN: {usn}\r\n\r\n",
                self.location(from),
                self.server
            )
        };
        self.names().into_iter().map(alive).collect()
    }

    /// What tells everybody that it goes, or that what they knew of it is over.
    pub(super) fn byebye(&self) -> Vec<String> {
        let byebye = |(target, usn): (String, String)| {
            format!(
                "NOTIFY * HTTP/1.1\r\nHOST: {GROUP}\r\nNT: {target}\r\n\
                 NTS: ssdp:byebye\r\nUSN: {usn}\r\n\r\n"
            )
        };
        self.names().into_iter().map(byebye).collect()
    }
}

/// Somebody looks for devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    /// `ST`.
    pub(super) target: String,
    /// Within which time the answers are to be spread.
    pub(super) within: Duration,
}

impl Search {
    /// Reads a datagram; `None` where it is no search. Names of headers have any case.
    pub(super) fn read(datagram: &[u8]) -> Option<Self> {
        let datagram = Datagram::read(datagram)?;
        let mut first = datagram.first.split_ascii_whitespace();
        if (first.next(), first.next()) != (Some("M-SEARCH"), Some("*")) {
            return None;
        }
        let header = |wanted: &str| datagram.header(wanted);
        if !header("MAN")?.trim_matches('"').eq_ignore_ascii_case("ssdp:discover") {
            return None;
        }
        let target = header("ST").filter(|target| !target.is_empty())?.to_owned();
        let seconds = header("MX").and_then(|text| text.parse().ok());
        let within = seconds.map_or(USUAL_DELAY, Duration::from_secs).min(LONGEST_DELAY);
        Some(Self { target, within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Announced {
        Announced {
            uuid: "6c5d5b1e-0000-5000-8000-000000000001".to_owned(),
            server: "Linux/6 UPnP/1.0 DLNADOC/1.50 Credenza/1".to_owned(),
            port: 8080,
            path: "/dlna/description.xml",
        }
    }

    fn search(target: &str) -> Search {
        Search { target: target.to_owned(), within: Duration::ZERO }
    }

    #[test]
    fn a_search_is_read_whatever_the_case_of_its_headers() {
        let read = |text: &str| Search::read(text.as_bytes()).map(|s| (s.target, s.within));
        let head = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n";
        let found = |target: &str, s: u64| Some((target.to_owned(), Duration::from_secs(s)));
        for (rest, expected) in [
            ("MAN: \"ssdp:discover\"\r\nMX: 2\r\nST: ssdp:all\r\n\r\n", found("ssdp:all", 2)),
            (
                "man:\"ssdp:discover\"\r\nmx:120\r\nst:upnp:rootdevice\r\n",
                found("upnp:rootdevice", 3),
            ),
            ("Man: ssdp:discover\nMx: 0\nSt: uuid:x\n\n", found("uuid:x", 0)),
            ("MAN: \"ssdp:discover\"\r\nST: ssdp:all\r\n\r\n", found("ssdp:all", 1)),
            ("MAN: \"ssdp:discover\"\r\nMX: -1\r\nST: ssdp:all\r\n\r\n", found("ssdp:all", 1)),
            ("MAN: \"ssdp:alive\"\r\nST: ssdp:all\r\n\r\n", None),
            ("MX: 1\r\nST: ssdp:all\r\n\r\n", None),
            ("MAN: \"ssdp:discover\"\r\nST:\r\n\r\n", None),
        ] {
            assert_eq!(read(&format!("{head}{rest}")), expected, "{rest:?}");
        }
        for other in ["", "NOTIFY * HTTP/1.1\r\nNTS: ssdp:alive\r\n\r\n", "M-SEARCH\r\n", "\u{0}"] {
            assert_eq!(read(other), None, "{other:?}");
        }
        assert_eq!(Search::read(b"M-SEARCH * HTTP/1.1\r\nST: \xff\r\n"), None);
    }

    #[test]
    fn each_of_six_names_is_answered_for_itself_and_all_for_all() {
        let (device, from) = (device(), Ipv4Addr::new(10, 0, 0, 7));
        for all in ["ssdp:all", "SSDP:All"] {
            assert_eq!(device.answers(&search(all), from).len(), 6, "{all}");
        }
        for (target, usn) in device.names() {
            let answers = device.answers(&search(&target.to_uppercase()), from);
            assert_eq!(answers.len(), 1, "{target}");
            assert!(answers[0].contains(&format!("\r\nST: {target}\r\nUSN: {usn}\r\n\r\n")));
            let location = "\r\nLOCATION: http://10.0.0.7:8080/dlna/description.xml\r\n";
            assert!(answers[0].contains(location), "{}", answers[0]);
        }
        for other in ["urn:schemas-upnp-org:device:MediaServer:2", "uuid:other", "", "upnp"] {
            assert!(device.answers(&search(other), from).is_empty(), "{other}");
        }
    }

    #[test]
    fn what_is_announced_is_taken_back_under_the_same_names() {
        let device = device();
        let usn = |text: &String| {
            let line = text.lines().find_map(|line| line.strip_prefix("USN: "));
            line.map(str::to_owned)
        };
        let alive: Vec<_> = device.alive(Ipv4Addr::LOCALHOST).iter().map(usn).collect();
        let byebye: Vec<_> = device.byebye().iter().map(usn).collect();
        assert_eq!((alive.len(), &alive), (6, &byebye));
    }
}
