//! What Raspberry Pi Imager leaves on the boot partition. Its four kinds of file are of several ages
//! of that program; of each only the name, the Wi-Fi network and the country are taken: there are no
//! users here, and no shell to log in to.

use serde::Deserialize;

use super::yaml;
use crate::secret::Secret;

/// What the person's files say of the box's name and its Wi-Fi.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) name: Option<String>,
    pub(super) wifi: Option<WifiWish>,
    pub(super) country: Option<String>,
}

/// A Wi-Fi network as it was written down, unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct WifiWish {
    pub(super) ssid: String,
    /// Empty for an open network.
    #[serde(default = "nothing")]
    pub(super) password: Secret,
    /// Whether it was written down as one that hides. Any is asked for by its name, so nothing
    /// follows from it.
    #[serde(default)]
    pub(super) hidden: bool,
}

fn nothing() -> Secret {
    Secret::new("")
}

impl WifiWish {
    fn new(ssid: &str, password: &str, hidden: bool) -> Self {
        Self { ssid: ssid.to_owned(), password: Secret::new(password), hidden }
    }
}

impl Wishes {
    /// Itself, with what it leaves open taken from `other`.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            wifi: self.wifi.or(other.wifi),
            country: self.country.or(other.country),
        }
    }
}

/// One kind of file: its text in, its wishes out; an error says where the text cannot be read.
type Reader = fn(&str) -> Result<Wishes, String>;

/// The files, the newest kind first: where two say different things, that is the one meant.
pub(super) const FILES: [(&str, Reader); 4] = [
    ("network-config", network_config),
    ("user-data", user_data),
    ("custom.toml", custom),
    ("firstrun.sh", first_run),
];

/// cloud-init's `#cloud-config`.
fn user_data(text: &str) -> Result<Wishes, String> {
    let root = yaml::parse(text)?;
    Ok(Wishes { name: root.get("hostname").text().map(str::to_owned), ..Wishes::default() })
}

/// netplan, version 2, with or without the outer `network:`.
fn network_config(text: &str) -> Result<Wishes, String> {
    let root = yaml::parse(text)?;
    let network = match root.get("network") {
        yaml::Node::Nothing => &root,
        inner => inner,
    };
    let mut wishes = Wishes::default();
    for (_, interface) in network.get("wifis").entries() {
        if let Some(country) = interface.get("regulatory-domain").text() {
            wishes.country.get_or_insert_with(|| country.to_owned());
        }
        if let Some((ssid, point)) = interface.get("access-points").entries().first() {
            let password =
                [point.get("password"), point.get("auth").get("password")].map(yaml::Node::text);
            let password = password.into_iter().flatten().next().unwrap_or_default();
            let hidden = point.get("hidden").text() == Some("true");
            wishes.wifi.get_or_insert_with(|| WifiWish::new(ssid, password, hidden));
        }
    }
    Ok(wishes)
}

/// Raspberry Pi OS's `custom.toml`.
fn custom(text: &str) -> Result<Wishes, String> {
    #[derive(Deserialize)]
    struct Custom {
        #[serde(default)]
        system: System,
        wlan: Option<Wlan>,
    }
    #[derive(Default, Deserialize)]
    struct System {
        hostname: Option<String>,
    }
    #[derive(Deserialize)]
    struct Wlan {
        #[serde(flatten)]
        wish: Option<WifiWish>,
        country: Option<String>,
    }
    let custom: Custom = toml::from_str(text).map_err(|error| {
        let before = text.get(..error.span().unwrap_or_default().start).unwrap_or_default();
        format!("line {}", before.matches('\n').count() + 1)
    })?;
    let country = custom.wlan.as_ref().and_then(|wlan| wlan.country.clone());
    let wifi = custom.wlan.and_then(|wlan| wlan.wish);
    Ok(Wishes { name: custom.system.hostname, wifi, country })
}

/// The script that Imager wrote for years. It is not run: only the calls that say what we ask for
/// are looked at, such as `/usr/lib/…/imager_custom set_wlan 'Home' 'secret' 'GB'`.
fn first_run(text: &str) -> Result<Wishes, String> {
    let mut wishes = Wishes::default();
    for (number, line) in text.lines().enumerate() {
        let Some((_, call)) = line.split_once("imager_custom ") else { continue };
        let words = words(call).ok_or_else(|| format!("line {}", number + 1))?;
        let mut words = words.iter().map(String::as_str);
        match words.next() {
            Some("set_hostname") => wishes.name = words.next().map(str::to_owned),
            Some("set_wlan") => {
                let mut words = words.peekable();
                let hidden = words.next_if_eq(&"-h").is_some();
                let plain = words.next_if_eq(&"-p").is_some();
                let hidden = hidden || plain && words.next_if_eq(&"-h").is_some();
                let ssid = words.next().ok_or_else(|| format!("line {}", number + 1))?;
                let password = words.next().unwrap_or_default();
                wishes.wifi = Some(WifiWish::new(ssid, password, hidden));
                wishes.country = words.next().map(str::to_owned);
            }
            Some("set_wlan_country") => wishes.country = words.next().map(str::to_owned),
            _ => {}
        }
    }
    Ok(wishes)
}

/// The words of a shell's line that has nothing to work out; `None` where there is, or a quote is
/// left open.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.trim().chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '\'' => break,
                        letter => word.push(letter),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '"' => break,
                        '$' | '`' => return None,
                        '\\' => word.push(letters.next()?),
                        letter => word.push(letter),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(letters.next()?),
            '$' | '`' => return None,
            ' ' | '\t' => words.extend(word.take()),
            ';' | '&' | '|' => break,
            '#' if word.is_none() => break,
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
#[path = "imager_tests.rs"]
mod tests;
