//! The box's own Wi-Fi network, for a box that no cable and no network reaches: open, named after
//! the hardware address, and every name in it leads to the box. Its files are written by the unit
//! before it starts (`credenza steward access-point`), because the steward that answers may not speak
//! to the radio.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::layout::Layout;
use super::networks;
use super::people::cannot;
use super::tools::Tools;
use super::wifi;
use super::words::{AccessPoint, Refusal};
use crate::durable::replace_file;

/// The unit that is the network.
const SERVICE: &str = "credenza-ap.service";

/// Where the box answers in it.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1));

fn place(layout: &Layout) -> PathBuf {
    layout.folders.run.join("ap.json")
}

/// The verb.
pub(super) fn set(
    layout: &Layout,
    tools: &Tools,
    up: bool,
) -> Result<Option<AccessPoint>, Refusal> {
    if !up {
        tools.done("systemctl", &["stop", SERVICE])?;
        let _ = fs::remove_file(place(layout));
        // The one radio had left the owner's network for this; without one, that does nothing.
        tools.done("systemctl", &["--no-block", "start", wifi::SERVICE])?;
        return Ok(None);
    }
    // Asked of a unit that is bound to a device, systemd would wait for one that never comes.
    networks::interface(layout).ok_or_else(no_wifi)?;
    tools.done("systemctl", &["start", SERVICE]).map_err(|refusal| {
        let message = format!(
            "the box could not open its own Wi-Fi network ({}); use a network cable",
            refusal.message
        );
        Refusal::new("no_access_point", message)
    })?;
    Ok(Some(told(layout).ok_or_else(|| {
        let message = "the box could not open its own Wi-Fi network; use a network cable";
        Refusal::new("no_access_point", message)
    })?))
}

/// The network, while it is open.
pub(super) fn open(layout: &Layout, tools: &Tools) -> Option<AccessPoint> {
    let known = told(layout)?;
    let active = tools.run("systemctl", &["is-active", "--quiet", SERVICE]).ok()?;
    (active.code == 0).then_some(known)
}

fn told(layout: &Layout) -> Option<AccessPoint> {
    serde_json::from_slice(&fs::read(place(layout)).ok()?).ok()
}

/// The work before the unit starts: its files. Networks in reach are listed first, as the radio
/// cannot look for them once it is one.
pub(super) fn write(layout: &Layout, tools: &Tools) -> Result<(), Refusal> {
    if let Err(refusal) = networks::scan(layout, tools) {
        tracing::warn!("{refusal}");
    }
    let interface = networks::interface(layout).ok_or_else(no_wifi)?;
    let address = layout.folders.sys.join("class/net").join(&interface).join("address");
    let address = fs::read_to_string(address).map_err(|_| no_wifi())?;
    let ssid = name(&address).ok_or_else(no_wifi)?;
    let hex = data_encoding::HEXLOWER.encode(ssid.as_bytes());
    let heading = wifi::heading(wifi::country(layout).as_ref());
    // 2412 MHz is channel 1, which every country allows and every telephone has.
    let network = format!(
        "{heading}ap_scan=2\nnetwork={{\n\tssid={hex}\n\tmode=2\n\tkey_mgmt=NONE\n\
         \tfrequency=2412\n}}\n"
    );
    let names = format!(
        "interface={interface}\nexcept-interface=lo\nbind-dynamic\nno-resolv\nno-hosts\n\
         no-poll\naddress=/#/{ADDRESS}\nlocal-ttl=10\ndhcp-authoritative\n\
         dhcp-range=10.77.0.10,10.77.0.250,255.255.255.0,10m\n\
         dhcp-option=option:router,{ADDRESS}\ndhcp-option=option:dns-server,{ADDRESS}\n\
         dhcp-leasefile={}\n",
        layout.folders.run.join("ap-leases").display()
    );
    let told = AccessPoint { ssid, address: ADDRESS };
    let told = serde_json::to_string(&told).unwrap_or_default();
    let run = &layout.folders.run;
    for (file, text) in [("ap.conf", network), ("ap-dnsmasq.conf", names), ("ap.json", told)] {
        let file = run.join(file);
        replace_file(&file, text.as_bytes(), 0o644)
            .map_err(|error| cannot("write", &file, &error))?;
    }
    Ok(())
}

fn no_wifi() -> Refusal {
    Refusal::new("no_wifi", "this box has no Wi-Fi; use a network cable")
}

/// `Credenza-` and the last two bytes of the hardware address.
fn name(address: &str) -> Option<String> {
    let mut bytes = address.trim().rsplit(':');
    let (last, before) = (bytes.next()?, bytes.next()?);
    let digits = format!("{before}{last}").to_ascii_uppercase();
    let sound = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    sound.then(|| format!("Credenza-{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_ends_in_the_hardware_address() {
        for (address, wanted) in [
            ("dc:a6:32:01:0a:ff\n", Some("Credenza-0AFF")),
            ("", None),
            ("ff", None),
            ("a:b:c", None),
            ("xx:yy", None),
        ] {
            assert_eq!(name(address).as_deref(), wanted, "{address}");
        }
    }
}
