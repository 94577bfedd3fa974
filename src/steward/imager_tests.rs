use super::*;
use proptest::prelude::*;

fn wishes(name: Option<&str>, wifi: Option<(&str, &str, bool)>, country: Option<&str>) -> Wishes {
    Wishes {
        name: name.map(str::to_owned),
        wifi: wifi.map(|(ssid, password, hidden)| WifiWish::new(ssid, password, hidden)),
        country: country.map(str::to_owned),
    }
}

const OLD_NETPLAN: &str = "version: 2
wifis:
  renderer: networkd
  wlan0:
    dhcp4: true
    optional: true
    access-points:
      \"Mum's: home\":
        password: \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"
";

const NEW_NETPLAN: &str = "# made by Imager
network:
  version: 2
  wifis:
    wlan0:
      dhcp4: true
      regulatory-domain: \"GB\"
      access-points:
        Home:
          hidden: true
          auth:
            key-management: psk
            password: 00001111
";

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn each_kind_of_file_is_read() {
    let nothing = || wishes(None, None, None);
    let table: Vec<(Reader, &str, Result<Wishes, String>)> = vec![
        (network_config, OLD_NETPLAN, Ok(wishes(None, Some(("Mum's: home", KEY, false)), None))),
        (
            network_config,
            NEW_NETPLAN,
            Ok(wishes(None, Some(("Home", "00001111", true)), Some("GB"))),
        ),
        (network_config, "version: 2\nethernets:\n  eth0:\n    dhcp4: true\n", Ok(nothing())),
        (network_config, "network: {wifis: {wlan0: {access-points: {Open: }}}}", {
            Ok(wishes(None, Some(("Open", "", false)), None))
        }),
        (network_config, "wifis: [1, 2]\n", Ok(nothing())),
        (network_config, "wifis:\n  wlan0: {a: [\n", Err("line 3".to_owned())),
        (network_config, "", Ok(nothing())),
        (
            user_data,
            "#cloud-config\nhostname: den\nmanage_etc_hosts: true\nusers:\n- name: pi\n  sudo: x\n",
            Ok(wishes(Some("den"), None, None)),
        ),
        (user_data, "#cloud-config\nhostname: 007\n", Ok(wishes(Some("007"), None, None))),
        (user_data, "#cloud-config\nhostname:\n  - a\n", Ok(nothing())),
        (user_data, "hostname: \"den\nusers: []\n", Err("line 1".to_owned())),
        (
            custom,
            "config_version = 1\n[system]\nhostname = \"den\"\n[user]\nname = \"pi\"\n[wlan]\n\
             ssid = \"Home\"\npassword = \"12345678\"\npassword_encrypted = false\nhidden = true\n\
             country = \"GB\"\n[locale]\nkeymap = \"gb\"\n",
            Ok(wishes(Some("den"), Some(("Home", "12345678", true)), Some("GB"))),
        ),
        (custom, "[wlan]\ncountry = \"GB\"\n", Ok(wishes(None, None, Some("GB")))),
        (custom, "[wlan]\nssid = \"Open\"\n", Ok(wishes(None, Some(("Open", "", false)), None))),
        (custom, "[system]\nhostname = den\n", Err("line 2".to_owned())),
        (
            first_run,
            "#!/bin/bash\nif [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then\n   \
             /usr/lib/raspberrypi-sys-mods/imager_custom set_hostname den\nfi\n   \
             /usr/lib/raspberrypi-sys-mods/imager_custom set_wlan 'It'\\''s home' 'pass word' 'GB'\n\
             rm -f /boot/firstrun.sh\n",
            Ok(wishes(Some("den"), Some(("It's home", "pass word", false)), Some("GB"))),
        ),
        (
            first_run,
            "imager_custom set_wlan -h \"Home\" '12345678' 'DE'; reboot\n",
            Ok(wishes(None, Some(("Home", "12345678", true)), Some("DE"))),
        ),
        (first_run, "imager_custom enable_ssh -k 'ssh-ed25519 A'\necho $(id)\n", Ok(nothing())),
        (first_run, "\nimager_custom set_wlan 'Home 12345678\n", Err("line 2".to_owned())),
        (first_run, "imager_custom set_wlan \"$(reboot)\" x\n", Err("line 1".to_owned())),
        (first_run, "imager_custom set_wlan\n", Err("line 1".to_owned())),
    ];
    for (read, text, wanted) in table {
        assert_eq!(read(text), wanted, "{text}");
    }
}

#[test]
fn what_one_file_leaves_open_the_next_may_say() {
    let first = wishes(Some("a"), None, None);
    let second = wishes(Some("b"), Some(("Home", "", false)), Some("GB"));
    assert_eq!(first.or(second), wishes(Some("a"), Some(("Home", "", false)), Some("GB")));
}

proptest! {
    #[test]
    fn no_text_panics(text in "(?s)(imager_custom set_wlan |wifis:\n|\\[wlan\\]\n)?.{0,120}") {
        for (_, read) in FILES {
            let _ = read(&text);
        }
    }
}
