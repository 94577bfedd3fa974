//! Wi-Fi networks in reach, as iw(8) lists them. The scan itself is a unit of its own, because the
//! steward that answers has no network; it leaves its list in memory.

use std::fs;
use std::path::PathBuf;

use super::layout::Layout;
use super::people::cannot;
use super::tools::Tools;
use super::wifi;
use super::words::{Network, Refusal};
use crate::durable::replace_file;

/// The unit that runs `credenza steward scan`.
const SERVICE: &str = "credenza-scan.service";

fn place(layout: &Layout) -> PathBuf {
    layout.folders.run.join("networks.json")
}

/// The verb: a fresh list, or the last one where the radio is busy being an access point.
pub(super) fn list(layout: &Layout, tools: &Tools) -> Result<Vec<Network>, Refusal> {
    let fresh = tools.done("systemctl", &["start", SERVICE]);
    match (fs::read(place(layout)), fresh) {
        (Ok(text), _) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
        (Err(_), Err(refusal)) => Err(no_list(&refusal.message)),
        (Err(error), Ok(_)) => Err(no_list(&error.to_string())),
    }
}

fn no_list(why: &str) -> Refusal {
    let message = format!(
        "the box finds no Wi-Fi networks ({why}); use a network cable, or write the network into \
         credenza.toml on the card"
    );
    Refusal::new("no_wifi", message)
}

/// The work of the unit: scans and leaves the list.
pub(super) fn scan(layout: &Layout, tools: &Tools) -> Result<(), Refusal> {
    let Some(interface) = interface(layout) else {
        return Err(no_list("this box has no Wi-Fi"));
    };
    if let Some(country) = wifi::country(layout) {
        // At worst, some channels stay unheard.
        let _ = tools.run("iw", &["reg", "set", country.code()]);
    }
    let heard = tools.done("iw", &["dev", &interface, "scan"])?;
    let text = serde_json::to_vec(&parse(&heard.stdout)).unwrap_or_default();
    let place = place(layout);
    replace_file(&place, &text, 0o600).map_err(|error| cannot("write", &place, &error))
}

/// The name of the first Wi-Fi interface.
pub(super) fn interface(layout: &Layout) -> Option<String> {
    let entries = fs::read_dir(layout.folders.sys.join("class/net")).ok()?;
    let wireless = |path: &PathBuf| path.join("phy80211").exists();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(wireless)
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names.into_iter().next()
}

/// Reads iw's list: each name once, at its strongest, the strongest first.
fn parse(heard: &str) -> Vec<Network> {
    let mut found: Vec<Network> = Vec::new();
    let mut station = Network { ssid: String::new(), signal: -100, protected: false };
    let mut take = |station: &mut Network| {
        let empty = Network { ssid: String::new(), signal: -100, protected: false };
        let station = std::mem::replace(station, empty);
        // A hidden network has no name, or one of zeros.
        if station.ssid.trim_matches('\0').is_empty() {
            return;
        }
        match found.iter_mut().find(|other| other.ssid == station.ssid) {
            Some(known) if known.signal >= station.signal => {}
            Some(known) => *known = station,
            None => found.push(station),
        }
    };
    for line in heard.lines() {
        if line.starts_with("BSS ") {
            take(&mut station);
        }
        // Deeper lines belong to a block such as `RSN:`.
        let Some(field) = line.strip_prefix('\t').filter(|field| !field.starts_with('\t')) else {
            continue;
        };
        match field.split_once(':') {
            Some(("SSID", name)) => {
                station.ssid = unescaped(name.strip_prefix(' ').unwrap_or(name));
            }
            Some(("signal", level)) => {
                let whole = level.trim().split(['.', ' ']).next().unwrap_or_default();
                station.signal = whole.parse().unwrap_or(-100);
            }
            Some(("RSN" | "WPA", _)) => station.protected = true,
            Some(("capability", words)) => {
                station.protected |= words.split(' ').any(|word| word == "Privacy");
            }
            _ => {}
        }
    }
    take(&mut station);
    found.sort_by_key(|network| std::cmp::Reverse(network.signal));
    found
}

/// iw prints what is no printable ASCII as `\xe4`, and a backslash as `\\`.
fn unescaped(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (*first, after) {
            (b'\\', [b'x', high, low, left @ ..]) => {
                let digits = [*high, *low];
                let code = std::str::from_utf8(&digits).ok();
                match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
                    Some(byte) => {
                        bytes.push(byte);
                        rest = left;
                    }
                    None => bytes.push(b'\\'),
                }
            }
            (b'\\', [b'\\', left @ ..]) => {
                bytes.push(b'\\');
                rest = left;
            }
            (byte, _) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_recorded_scan_is_read() {
        let heard = include_str!("../../tests/data/iw-scan.txt");
        let found: Vec<_> = parse(heard)
            .into_iter()
            .map(|network| (network.ssid, network.signal, network.protected))
            .collect();
        let wanted = [
            ("Home", -43, true),
            ("Caf\u{e9} \\ Bar", -58, false),
            ("Old WEP", -71, true),
            (" leading", -80, true),
        ];
        assert_eq!(found, wanted.map(|(name, signal, safe)| (name.to_owned(), signal, safe)));
    }

    proptest! {
        #[test]
        fn no_answer_of_the_radio_panics(text in "(?s)(BSS |\tSSID: |\tsignal: |\n|\\\\x|.){0,200}") {
            for network in parse(&text) {
                prop_assert!(!network.ssid.is_empty());
            }
        }
    }
}
