//! Wi-Fi: from the card, from the browser, and the box's own.

use serde_json::json;

use super::rig::Rig;

const FILE: &str = "boot/selector/credenza.toml";
const KEPT: &str = "data/system/wifi.conf";

fn join(ssid: &str) -> serde_json::Value {
    json!({"verb": "join_wifi", "ssid": ssid, "password": "from the browser", "country": "DE"})
}

#[test]
fn the_network_on_the_card_is_remembered_until_something_else_is_said() {
    let rig = Rig::new();
    let of = |ssid: &str| {
        format!("[box]\nwifi_ssid = \"{ssid}\"\nwifi_password = \"password\"\ncountry = \"gb\"\n")
    };
    rig.write(FILE, of("IEEE"));
    rig.run("prepare");
    assert_eq!(rig.notices(), []);
    let conf = rig.read(KEPT);
    assert!(conf.starts_with("country=GB\nnetwork={\n\tssid=49454545\n"), "{conf}");
    let key = "psk=f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e";
    assert!(conf.contains(key), "{conf}");
    // A network that hides is found by its name alone, and nobody can tell from the name which do.
    assert!(conf.contains("\tscan_ssid=1\n"), "{conf}");
    assert_eq!(rig.read("run/credenza/wifi.conf"), conf);

    // The owner's choice in the browser outlives a start with the same old file...
    rig.done(&join("Home"));
    let chosen = rig.read(KEPT);
    assert!(chosen.contains("country=DE") && chosen.contains("ssid=486f6d65"), "{chosen}");
    assert!(chosen.contains("\tscan_ssid=1\n"), "{chosen}");
    rig.run("prepare");
    assert_eq!(rig.read("run/credenza/wifi.conf"), chosen);
    // ... also without it ...
    std::fs::remove_file(rig.path(FILE)).unwrap();
    rig.run("prepare");
    assert_eq!(rig.read("run/credenza/wifi.conf"), chosen);
    // ... but what is written anew counts.
    rig.write(FILE, of("IEEE"));
    rig.run("prepare");
    assert_eq!(rig.read(KEPT), conf);
    assert!(!rig.calls().contains("password"), "{}", rig.calls());
}

#[test]
fn joining_restarts_the_service_and_tells_nobody_the_password() {
    let rig = Rig::new();
    rig.run("prepare");
    rig.done(&join("a\"}\nb"));
    assert!(rig.calls().ends_with("systemctl --no-block restart credenza-wifi.service\n"));
    let all = rig.calls() + &rig.read(KEPT) + &rig.read("run/credenza/wifi.conf");
    assert!(!all.contains("browser") && all.contains("ssid=61227d0a62\n"), "{all}");
    for (verb, code) in [
        (json!({"verb": "join_wifi", "ssid": "", "password": "", "country": "GB"}), "bad_ssid"),
        (
            json!({"verb": "join_wifi", "ssid": "a", "password": "b", "country": "GB"}),
            "bad_password",
        ),
        (
            json!({"verb": "join_wifi", "ssid": "a", "password": "", "country": "G\n"}),
            "bad_country",
        ),
    ] {
        assert_eq!(rig.refused(&verb).0, code);
    }
}

fn with_radio() -> Rig {
    let rig = Rig::new();
    rig.run("prepare");
    rig.write("sys/class/net/eth0/address", "dc:a6:32:00:00:01\n");
    rig.write("sys/class/net/wlan0/address", "dc:a6:32:01:0a:ff\n");
    rig.write("sys/class/net/wlan0/phy80211/index", "0\n");
    rig.write("scan.txt", include_str!("../data/iw-scan.txt"));
    rig.tool("iw", "case $* in *scan) cat \"$root/scan.txt\" ;; esac");
    // What systemd would start.
    let program = env!("CARGO_BIN_EXE_credenza");
    rig.tool(
        "systemctl",
        &format!(
            "case $* in\n\
             'start credenza-scan.service') exec {program} steward --root \"$root\" scan ;;\n\
             'start credenza-ap.service') exec {program} steward --root \"$root\" access-point ;;\n\
             esac"
        ),
    );
    rig
}

#[test]
fn networks_in_reach_are_listed() {
    let rig = with_radio();
    rig.done(&join("Home"));
    let found = rig.done(&json!({"verb": "networks"}));
    assert_eq!(found[0], json!({"ssid": "Home", "signal": -43, "protected": true}));
    assert_eq!(found.as_array().unwrap().len(), 4);
    assert!(rig.calls().contains("iw reg set DE\niw dev wlan0 scan\n"), "{}", rig.calls());
    // A radio that is busy: the last list is better than none.
    rig.tool("iw", "echo 'Device or resource busy' >&2; exit 240");
    assert_eq!(rig.done(&json!({"verb": "networks"})), found);
}

#[test]
fn a_box_without_wifi_says_so() {
    let rig = Rig::new();
    rig.run("prepare");
    rig.tool("systemctl", "echo 'Job failed' >&2; exit 1");
    let (code, sentence) = rig.refused(&json!({"verb": "networks"}));
    assert_eq!(code, "no_wifi");
    assert!(sentence.contains("Job failed") && sentence.contains("cable"), "{sentence}");
    let (code, sentence) = rig.refused(&json!({"verb": "access_point", "up": true}));
    assert!(code == "no_wifi" && sentence.contains("cable"), "{sentence}");
    assert!(!rig.calls().contains("start credenza-ap"), "systemd would wait for a radio");
}

#[test]
fn the_boxs_own_network_opens_and_closes() {
    let rig = with_radio();
    let open = rig.done(&json!({"verb": "access_point", "up": true}));
    assert_eq!(open, json!({"ssid": "Credenza-0AFF", "address": "10.77.0.1"}));
    let conf = rig.read("run/credenza/ap.conf");
    assert!(conf.contains("mode=2") && conf.contains("key_mgmt=NONE"), "{conf}");
    assert!(conf.contains("ssid=43726564656e7a612d30414646\n"), "{conf}");
    let names = rig.read("run/credenza/ap-dnsmasq.conf");
    for line in ["interface=wlan0", "address=/#/10.77.0.1", "no-resolv"] {
        assert!(names.lines().any(|other| other == line), "{line}: {names}");
    }
    // Networks were listed while the radio still could.
    assert_eq!(rig.done(&json!({"verb": "networks"})).as_array().unwrap().len(), 4);
    assert_eq!(rig.done(&json!({"verb": "facts"}))["access_point"], open);
    rig.done(&json!({"verb": "access_point", "up": false}));
    assert_eq!(rig.done(&json!({"verb": "facts"}))["access_point"], json!(null));
    let calls = "systemctl stop credenza-ap.service\n\
                 systemctl --no-block start credenza-wifi.service\n";
    assert!(rig.calls().contains(calls), "{}", rig.calls());
}
