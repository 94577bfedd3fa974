//! The Wi-Fi network that the box joins, as a file for `wpa_supplicant`. Name and key stand in it as
//! hexadecimal digits, so that no name can say anything else to its reader, and the password itself
//! is not kept.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;

use super::imager::WifiWish;
use super::layout::Layout;
use super::people::cannot;
use super::tools::Tools;
use super::words::Refusal;
use crate::durable::replace_file;
use crate::secret::Secret;

/// The service that keeps the box in the network.
pub(super) const SERVICE: &str = "credenza-wifi.service";

/// ISO 3166: which channels the law allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Country(String);

impl Country {
    /// Two letters; people's `UK` is `GB` there.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let code = text.trim().to_ascii_uppercase();
        if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Ok(Self(if code == "UK" { "GB".to_owned() } else { code }));
        }
        let message = "the Wi-Fi country must be two letters, such as \"GB\" or \"DE\"";
        Err(Refusal::new("bad_country", message))
    }

    pub(super) fn code(&self) -> &str {
        &self.0
    }
}

/// A network that can be joined: checked, and its key worked out.
#[derive(Debug, Clone)]
pub(super) struct Join {
    ssid: String,
    /// 64 hexadecimal digits; `None`: an open network.
    key: Option<Secret>,
    country: Option<Country>,
}

impl Join {
    pub(super) fn new(wish: &WifiWish, country: Option<Country>) -> Result<Self, Refusal> {
        let ssid = wish.ssid.clone();
        // IEEE 802.11: 1 to 32 bytes.
        if ssid.is_empty() || ssid.len() > 32 {
            let message = "a Wi-Fi network's name has 1 to 32 bytes; look it up and write it again";
            return Err(Refusal::new("bad_ssid", message));
        }
        let key = key(&ssid, wish.password.expose())?;
        Ok(Self { ssid, key, country })
    }

    /// `wpa_supplicant.conf(5)`.
    fn conf(&self) -> String {
        let mut text = heading(self.country.as_ref());
        let ssid = HEXLOWER.encode(self.ssid.as_bytes());
        // Asked for by its name: nobody can tell which networks hide, and one that does not answers too.
        let _ = write!(text, "network={{\n\tssid={ssid}\n\tscan_ssid=1\n");
        match &self.key {
            Some(key) => {
                let _ = write!(text, "\tkey_mgmt=WPA-PSK WPA-PSK-SHA256\n\tieee80211w=1\n");
                let _ = writeln!(text, "\tpsk={}", key.expose());
            }
            None => text.push_str("\tkey_mgmt=NONE\n"),
        }
        text + "}\n"
    }
}

/// The lines before the networks; shared with the box's own network.
pub(super) fn heading(country: Option<&Country>) -> String {
    country.map_or_else(String::new, |country| format!("country={}\n", country.code()))
}

/// IEEE 802.11i, annex H.4: the key of a password in a network of this name.
fn key(ssid: &str, password: &str) -> Result<Option<Secret>, Refusal> {
    let hex = password.len() == 64 && password.bytes().all(|byte| byte.is_ascii_hexdigit());
    match password.len() {
        0 => Ok(None),
        64 if hex => Ok(Some(Secret::new(&password.to_ascii_lowercase()))),
        8..=63 if !password.contains(char::is_control) => {
            let salt = ssid.as_bytes();
            let key = pbkdf2::pbkdf2_hmac_array::<sha1::Sha1, 32>(password.as_bytes(), salt, 4096);
            Ok(Some(Secret::new(&HEXLOWER.encode(&key))))
        }
        _ => {
            let message = "a Wi-Fi password has 8 to 63 characters, or is a key of 64 hexadecimal \
                           digits; look it up on the router and write it again";
            Err(Refusal::new("bad_password", message))
        }
    }
}

/// The verb: joins a network now and after each start.
pub(super) fn join(
    layout: &Layout,
    tools: &Tools,
    wish: &WifiWish,
    country: &str,
) -> Result<(), Refusal> {
    let join = Join::new(wish, Some(Country::parse(country)?))?;
    remember(layout, Some(&join), join.country.as_ref())?;
    to_service(layout)?;
    // Not waited for: an access point that has to go first may carry the answer.
    tools.done("systemctl", &["--no-block", "restart", SERVICE]).map(drop)
}

/// Keeps a network and a country for each start.
fn remember(
    layout: &Layout,
    join: Option<&Join>,
    country: Option<&Country>,
) -> Result<(), Refusal> {
    let system = layout.folders.system();
    if let Some(join) = join {
        keep(&system.join("wifi.conf"), &join.conf())?;
    }
    if let Some(country) = country {
        keep(&system.join("country"), country.code())?;
    }
    Ok(())
}

/// Keeps what the files on the boot partition say, once: until they say something else, what the
/// owner chose in the browser stands.
pub(super) fn remember_files(
    layout: &Layout,
    join: Option<&Join>,
    country: Option<&Country>,
) -> Result<(), Refusal> {
    let seen = layout.folders.system().join("wifi-of-files");
    let said = join.map_or_else(|| heading(country), Join::conf);
    if said.is_empty() {
        return match fs::remove_file(&seen) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(cannot("remove", &seen, &error))
            }
            _ => Ok(()),
        };
    }
    if fs::read_to_string(&seen).is_ok_and(|before| before == said) {
        return Ok(());
    }
    remember(layout, join, country)?;
    keep(&seen, &said)
}

/// Gives the remembered network, if there is one, to the service that joins it.
pub(super) fn to_service(layout: &Layout) -> Result<(), Refusal> {
    match fs::read_to_string(layout.folders.system().join("wifi.conf")) {
        Ok(conf) => keep(&layout.folders.run.join("wifi.conf"), &conf),
        Err(_) => Ok(()),
    }
}

/// The country that was last given.
pub(super) fn country(layout: &Layout) -> Option<Country> {
    let text = fs::read_to_string(layout.folders.system().join("country")).ok()?;
    Country::parse(&text).ok()
}

fn keep(path: &Path, text: &str) -> Result<(), Refusal> {
    replace_file(path, text.as_bytes(), 0o600).map_err(|error| cannot("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(ssid: &str, password: &str) -> WifiWish {
        WifiWish { ssid: ssid.to_owned(), password: Secret::new(password), hidden: false }
    }

    #[test]
    fn a_password_becomes_the_key_of_the_standards_examples() {
        for (ssid, password, wanted) in [
            (
                "IEEE",
                "password",
                "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e",
            ),
            (
                "ThisIsASSID",
                "ThisIsAPassword",
                "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af",
            ),
        ] {
            assert_eq!(key(ssid, password).unwrap().unwrap().expose(), wanted);
        }
    }

    #[test]
    fn a_name_cannot_say_anything_to_the_supplicant() {
        let join = Join::new(&wish("a\"\n}\nx=", "password"), Country::parse("uk").ok()).unwrap();
        let conf = join.conf();
        assert!(conf.starts_with("country=GB\nnetwork={\n\tssid=61220a7d0a783d\n"), "{conf}");
        assert!(!conf.contains("password") && !format!("{join:?}").contains("psk"));
        let open = Join::new(&wish("Open", ""), None).unwrap().conf();
        assert_eq!(open, "network={\n\tssid=4f70656e\n\tscan_ssid=1\n\tkey_mgmt=NONE\n}\n");
    }

    #[test]
    fn what_no_network_can_have_is_refused() {
        for (ssid, password, code) in [
            ("", "password", "bad_ssid"),
            ("123456789012345678901234567890123", "password", "bad_ssid"),
            ("Home", "1234567", "bad_password"),
            ("Home", "pass\nword", "bad_password"),
            ("Home", &"x".repeat(64), "bad_password"),
        ] {
            assert_eq!(Join::new(&wish(ssid, password), None).unwrap_err().code, code);
        }
        for country in ["", "G", "GBR", "4\n", "G1"] {
            assert_eq!(Country::parse(country).unwrap_err().code, "bad_country");
        }
    }
}
