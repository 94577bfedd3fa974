//! What the person wrote on the boot partition.

use super::rig::Rig;

#[test]
fn our_file_goes_to_the_service_without_what_is_the_boxs() {
    let rig = Rig::new();
    rig.write(
        "boot/selector/credenza.toml",
        "[lan]\nname = \"Mum's TV\"\n[box]\nwifi_ssid = \"Home\"\nwifi_password = \"secret word\"\n\
         country = \"GB\"\nclaim_code = \"123456\"\n[swarm]\nport = 4242\n",
    );
    rig.run("prepare");
    assert_eq!(rig.notices(), []);
    let table: toml::Table = toml::from_str(&rig.read("run/credenza/credenza.toml")).unwrap();
    let wanted =
        "[lan]\nname = \"Mum's TV\"\n[box]\nclaim_code = \"123456\"\n[swarm]\nport = 4242\n";
    assert_eq!(table, toml::from_str(wanted).unwrap());
    assert_eq!(rig.read("proc/sys/kernel/hostname"), "mums-tv");
}

#[test]
fn imagers_files_say_what_ours_leaves_open() {
    let rig = Rig::new();
    rig.write("boot/selector/user-data", "#cloud-config\nhostname: den\nusers: [{name: pi}]\n");
    rig.write(
        "boot/selector/custom.toml",
        "[system]\nhostname = \"old\"\n[wlan]\ncountry = \"de\"\n",
    );
    rig.run("prepare");
    assert_eq!(rig.notices(), []);
    assert_eq!(rig.read("proc/sys/kernel/hostname"), "den");
    let table: toml::Table = toml::from_str(&rig.read("run/credenza/credenza.toml")).unwrap();
    assert_eq!(table["lan"]["name"].as_str(), Some("den"));
    assert_eq!(rig.read("data/system/country"), "DE");

    rig.write("boot/selector/credenza.toml", "[lan]\nname = \"Attic\"\n");
    rig.run("prepare");
    assert_eq!(rig.read("proc/sys/kernel/hostname"), "attic");
}

/// Windows hides `.txt` from its people, and marks its texts.
#[test]
fn a_file_from_windows_is_read() {
    let text = "[lan]\r\nname = \"Den\"\r\n";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&b"\xEF\xBB\xBF"[..], text.as_bytes()].concat();
    let wide = [&b"\xFF\xFE"[..], &wide].concat();
    for bytes in [text.as_bytes().to_vec(), marked, wide] {
        let rig = Rig::new();
        rig.write("boot/selector/credenza.toml.txt", bytes);
        rig.run("prepare");
        assert_eq!(rig.notices(), []);
        assert_eq!(rig.read("proc/sys/kernel/hostname"), "den");
    }
}

/// Each bad file has its sentence; the service still has a configuration, the box a name, and what
/// stands in the other files is done.
#[test]
fn a_bad_file_is_named_and_everything_else_is_done() {
    let long = vec![b'#'; 70 << 10];
    let table: [(&str, &[u8], &str, &[&str]); 12] = [
        (
            "credenza.toml",
            b"[lan]\nname = \"Den\"\n[box\n",
            "bad_configuration",
            &["credenza.toml line 3", "no TOML", "nothing of this file is used"],
        ),
        (
            "credenza.toml",
            b"[lan]\nnmae = \"Den\"\n",
            "bad_configuration",
            &["credenza.toml line 2", "did you mean `lan.name`?"],
        ),
        ("credenza.toml", b"[swarm]\nport = \"x\"\n", "bad_configuration", &["`swarm.port`"]),
        ("credenza.toml", b"[box]\nclaim_code = \"12\"\n", "bad_configuration", &["six digits"]),
        ("credenza.toml", b"\xC3\x28", "bad_configuration", &["no text", "UTF-8"]),
        ("credenza.toml", &long, "bad_configuration", &["larger than 64 KiB"]),
        (
            "credenza.toml",
            b"[box]\nwifi_ssid = \"Home\"\nwifi_password = \"short\"\n",
            "bad_password",
            &["8 to 63", "router"],
        ),
        ("credenza.toml", b"[box]\ncountry = \"England\"\n", "bad_country", &["two letters"]),
        (
            "network-config",
            b"wifis:\n  wlan0: {a: [\n",
            "bad_imager_file",
            &["network-config line 3", "Raspberry Pi Imager"],
        ),
        ("user-data", b"hostname: \"x\n", "bad_imager_file", &["user-data line 1"]),
        ("custom.toml", b"[system\n", "bad_imager_file", &["custom.toml line 1"]),
        (
            "firstrun.sh",
            b"imager_custom set_wlan 'Home\n",
            "bad_imager_file",
            &["firstrun.sh line 1"],
        ),
    ];
    for (name, bytes, code, words) in table {
        let rig = Rig::new();
        rig.write(&format!("boot/selector/{name}"), bytes);
        let other = if name == "user-data" { "custom.toml" } else { "user-data" };
        let says =
            if other == "user-data" { "hostname: den\n" } else { "[system]\nhostname='den'" };
        rig.write(&format!("boot/selector/{other}"), says);
        rig.write("boot/selector/reset-owner", "");
        rig.run("prepare");
        let notices = rig.notices();
        assert_eq!(rig.codes(), [code], "{notices:?}");
        assert!(words.iter().all(|word| notices[0].1.contains(word)), "{notices:?}");
        assert!(!notices[0].1.contains("short"), "a password was printed");
        let table: toml::Table = toml::from_str(&rig.read("run/credenza/credenza.toml")).unwrap();
        assert_eq!(table["lan"]["name"].as_str(), Some("den"), "{name}");
        assert_eq!(rig.read("proc/sys/kernel/hostname"), "den", "{name}");
        assert!(rig.path("data/credenza/reset-owner").exists(), "{name}");
    }
}

#[test]
fn a_name_that_is_none_is_replaced() {
    let rig = Rig::new();
    rig.write("boot/selector/user-data", "hostname: \"---\"\n");
    rig.run("prepare");
    assert_eq!(rig.codes(), ["bad_name"]);
    assert_eq!(rig.read("proc/sys/kernel/hostname"), "credenza");
    assert_eq!(rig.read("run/credenza/credenza.toml").trim(), "");
}

#[test]
fn a_boot_partition_that_cannot_be_mounted_leaves_a_box_that_answers() {
    let rig = Rig::new();
    rig.tool("mount", "case $* in */boot/selector*) echo 'wrong fs type' >&2; exit 32 ;; esac");
    rig.run("prepare");
    assert_eq!(rig.codes(), ["no_boot_partition"]);
    assert!(rig.notices()[0].1.contains("wrong fs type"));
    assert_eq!(rig.read("run/credenza/credenza.toml"), "");
    assert_eq!(rig.read("proc/sys/kernel/hostname"), "credenza");
}
