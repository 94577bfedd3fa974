//! What the person wrote on the boot partition: `credenza.toml`, and Raspberry Pi Imager's files for
//! what that leaves open. Out of it come the service's configuration, the name and the Wi-Fi.

use std::fs::{self, File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use super::imager::{self, WifiWish, Wishes};
use super::layout::Layout;
use super::people::{User, cannot};
use super::wifi::{self, Country, Join};
use super::words::Refusal;
use crate::config::Config;
use crate::durable::replace_file;
use crate::host_name::host_label;
use crate::secret::Secret;

/// Ours.
const OWN: &str = "credenza.toml";

/// Larger than any of these files.
const LARGEST: u64 = 64 << 10;

/// What the box is called where nobody says.
const NAME: &str = "Credenza";

/// Reads the files and does what they say, as far as each can be understood.
pub(super) fn follow(layout: &Layout) -> Vec<Refusal> {
    let mut notices = Vec::new();
    let (table, own) = own(&layout.folders.selector, &mut notices);
    let wishes = own.or(of_imager(&layout.folders.selector, &mut notices));
    notices.extend(configure(layout, table, wishes.name.as_deref()).err());
    let name = wishes.name.as_deref().unwrap_or(NAME);
    notices.extend(call(layout, &host_label(name)).err());
    notices.extend(join(layout, &wishes).err());
    notices
}

/// `credenza.toml`: the service's part, and ours. One that cannot be used counts as empty: half a
/// configuration is none that anybody wrote.
fn own(selector: &Path, notices: &mut Vec<Refusal>) -> (toml::Table, Wishes) {
    let unused = |sentence: String| {
        let message = format!("{sentence}; nothing of this file is used until that is mended");
        Refusal::new("bad_configuration", message)
    };
    let text = match read(selector, OWN) {
        Ok(text) => text.unwrap_or_default(),
        Err(sentence) => {
            notices.push(unused(sentence));
            String::new()
        }
    };
    let parsed = Config::from_text(OWN, &text).map_err(|error| error.to_string());
    let parsed = parsed.and_then(|_| toml::from_str(&text).map_err(|error| error.to_string()));
    let mut table: toml::Table = parsed.unwrap_or_else(|sentence| {
        notices.push(unused(sentence));
        toml::Table::new()
    });
    let wishes = take_wishes(&mut table);
    (table, wishes)
}

/// Takes out what the service needs not know.
fn take_wishes(table: &mut toml::Table) -> Wishes {
    let text = |table: &toml::Table, section: &str, key: &str| {
        let text = table.get(section)?.get(key)?.as_str()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    let name = text(table, "lan", "name");
    let password = text(table, "box", "wifi_password").unwrap_or_default();
    let password = Secret::new(&password);
    let wifi =
        text(table, "box", "wifi_ssid").map(|ssid| WifiWish { ssid, password, hidden: false });
    let country = text(table, "box", "country");
    if let Some(own) = table.get_mut("box").and_then(toml::Value::as_table_mut) {
        own.retain(|key, _| key == "claim_code");
    }
    Wishes { name, wifi, country }
}

fn of_imager(selector: &Path, notices: &mut Vec<Refusal>) -> Wishes {
    let mut wishes = Wishes::default();
    for (name, reader) in imager::FILES {
        let found = read(selector, name).and_then(|text| match text {
            None => Ok(Wishes::default()),
            Some(text) => reader(&text).map_err(|place| {
                format!("{name} {place}: this cannot be read as Imager writes it")
            }),
        });
        match found {
            Ok(found) => wishes = wishes.or(found),
            Err(sentence) => {
                let message = format!(
                    "{sentence}; nothing of this file is used; write the card anew with Raspberry \
                     Pi Imager, or say it in {OWN}"
                );
                notices.push(Refusal::new("bad_imager_file", message));
            }
        }
    }
    wishes
}

/// Writes the service's configuration, readable for the service alone.
fn configure(layout: &Layout, mut table: toml::Table, name: Option<&str>) -> Result<(), Refusal> {
    let plain = table.clone();
    if let Some(name) = name {
        let lan = table.entry("lan").or_insert_with(|| toml::Table::new().into());
        lan.as_table_mut().and_then(|lan| lan.insert("name".to_owned(), name.into()));
    }
    let mut text = table.to_string();
    let sound = Config::from_text(OWN, &text);
    if sound.is_err() {
        text = plain.to_string();
    }
    let path = layout.folders.run.join(OWN);
    replace_file(&path, text.as_bytes(), 0o600).map_err(|error| cannot("write", &path, &error))?;
    let service = User::service(&layout.folders.root)?;
    let given = chown(&path, None, Some(service.group))
        .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o640)));
    given.map_err(|error| cannot("give the service", &path, &error))?;
    sound.map(drop).map_err(|_| {
        let message = format!(
            "the host name that Raspberry Pi Imager gave cannot be the box's name, so it is called \
             {NAME}; set lan.name in {OWN}"
        );
        Refusal::new("bad_name", message)
    })
}

/// Gives the running system its name; the kernel takes it as a write to this file (proc(5)).
fn call(layout: &Layout, label: &str) -> Result<(), Refusal> {
    let path = layout.folders.root.join("proc/sys/kernel/hostname");
    fs::write(&path, label).map_err(|error| cannot("write its name to", &path, &error))
}

/// Remembers the network, and gives the service that joins it what is remembered.
fn join(layout: &Layout, wishes: &Wishes) -> Result<(), Refusal> {
    let country = wishes.country.as_deref().map(Country::parse).transpose();
    let known = country.clone().ok().flatten();
    let wanted = wishes.wifi.as_ref().map(|wish| Join::new(wish, known.clone())).transpose();
    let kept =
        wifi::remember_files(layout, wanted.as_ref().ok().and_then(Option::as_ref), known.as_ref());
    wifi::to_service(layout)?;
    kept.and(wanted.map(drop)).and(country.map(drop))
}

/// A file of the boot partition as text. Windows likes to call it `NAME.txt`, and to begin it with a
/// byte order mark or to write it as UTF-16: all of that is read.
pub(super) fn read(selector: &Path, name: &str) -> Result<Option<String>, String> {
    let places = [selector.join(name), selector.join(format!("{name}.txt"))];
    let Some(place) = places.into_iter().find(|place| place.is_file()) else { return Ok(None) };
    let mut bytes = Vec::new();
    let file = File::open(place).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    file.map_err(|error| format!("{name} cannot be read ({error})"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("{name} is larger than 64 KiB"));
    }
    let text = match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    };
    let text = text.filter(|text| !text.contains('\0'));
    text.map(Some).ok_or_else(|| format!("{name} is no text; save it as UTF-8"))
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units: Vec<u16> = bytes.as_chunks().0.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok()
}
