//! Kodi finds the box by SSDP, and its WebDAV folders by mDNS; it lists, plays and seeks by both ways.
//! What stands on its screen counts: the film writes its own time into the picture.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::libvlc::begin;
use super::shelf::{TRAPS, lay_traps};
use super::{NAME, home};
use crate::support::home::Home;
use crate::support::kodi::{Kodi, seconds_of};
use crate::support::netns::{Avahi, Lab};
use crate::support::process::finish;
use crate::support::{has, skip, until};

const LIMIT: Duration = Duration::from_secs(120);
/// Where it is told to go on; the film lasts a minute.
const SOUGHT: u32 = 40;

fn missing() -> Option<&'static str> {
    let reader = (!has("tesseract") || !has("ffmpeg")).then_some("needs tesseract and ffmpeg");
    Lab::missing().or_else(Kodi::missing).or(reader)
}

/// The second of the film that the picture itself tells, once it can be read and is `least` or later: a
/// screen without a card of its own is behind the player.
fn second_on_screen(kodi: &Kodi, least: u32) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("screen.png");
    until("a time on the screen", LIMIT, || {
        // Its lower right corner, dark on light and larger, as such programs like it.
        kodi.screen(&picture, "crop=420:70:860:650,negate,scale=1260:-1").ok()?;
        let mut reader = Command::new("tesseract");
        reader.arg(&picture).args(["-", "--psm", "7"]).env("OMP_THREAD_LIMIT", "1");
        let said = finish(&mut reader, LIMIT).ok()?.text();
        let seconds = said.split("00:00:").nth(1)?.get(..2)?.to_owned();
        println!("on the screen: {}", said.trim());
        seconds.parse().ok().filter(|second| *second >= least)
    })
}

/// Plays what stands at an address, and seeks in it; what Kodi told of it at its beginning.
fn plays_and_seeks(kodi: &Kodi, address: &str) -> Value {
    kodi.play(address);
    let begun = kodi.passes(1.0);
    let now = kodi.playing().unwrap();
    println!("{address}: at {begun} s: {now}");
    assert_eq!(now["canseek"], true, "{now}");
    assert!((60.0..70.0).contains(&seconds_of(&now["totaltime"])), "{now}");
    kodi.seek(SOUGHT);
    let sought = kodi.passes(f64::from(SOUGHT) + 0.5);
    let shown = second_on_screen(kodi, SOUGHT);
    println!("past the seek: {sought} s, {shown} s on the screen");
    assert!((SOUGHT..70).contains(&shown), "{shown}");
    kodi.stop();
    now
}

/// What the box remembers of the set that called itself Kodi.
fn seen(home: &Home) -> Value {
    let sets = home.owner_get("/api/sets");
    let kodi = |row: &&Value| row["profile"] == "Kodi";
    sets["sets"].as_array().unwrap().iter().find(kodi).cloned().unwrap_or_else(|| panic!("{sets}"))
}

#[test]
fn kodi_finds_the_box_by_upnp_plays_and_seeks() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut home = home();
    let title = begin(&home);
    let kodi = Kodi::start(&home.lab.viewer, &["upnp://"], &[]);
    println!("Kodi {}", kodi.version());
    let server = kodi.find("upnp://", |name| name == NAME);
    let folder = kodi.find(&server, |name| name == "Continue watching");
    let film = kodi.find(&folder, |name| name == title);
    let told = plays_and_seeks(&kodi, &film);
    // At the first play: Kodi asks once, and keeps what it heard.
    assert!(!told["subtitles"].as_array().unwrap().is_empty(), "{told}");
    let asked = seen(&home);
    println!("{asked}");
    assert_eq!(asked["address"], home.lab.viewer.address, "{asked}");
    let all = asked["asked"].to_string();
    assert!(all.contains("description") && all.contains("Browse"), "{asked}");
    drop(kodi);
    assert!(home.stop());
}

/// Every film below a folder: its name and address.
fn films(kodi: &Kodi, folder: &str) -> Vec<(String, String)> {
    let (films, folders) = until(folder, LIMIT, || {
        let told = kodi.films_and_folders(folder).ok()?;
        (!told.0.is_empty() || !told.1.is_empty()).then_some(told)
    });
    let below = folders.iter().flat_map(|folder| self::films(kodi, folder));
    films.into_iter().chain(below).collect()
}

/// Each of the titles is listed, whatever stands behind it, and the one that is hardest plays.
fn lists_every_name(kodi: &Kodi, films: &[(String, String)], titles: &[String]) {
    println!("{} films", films.len());
    let of = |title: &String| {
        films.iter().find(|(name, _)| name == title || *name == format!("{title}.mkv"))
    };
    for title in titles {
        assert!(of(title).is_some(), "{title} is not in {films:?}");
    }
    assert_eq!(films.len(), titles.len(), "each once");
    plays_and_seeks(kodi, &of(&TRAPS.to_owned()).unwrap().1);
}

#[test]
fn kodi_lists_every_name_that_is_hard_by_upnp_and_by_webdav_and_plays_one() {
    if let Some(reason) = missing() {
        return skip(reason);
    }
    let mut titles = Vec::new();
    let mut home = Home::serve_after(&[("CREDENZA_LAN_UPNP", "true")], |data| {
        titles = lay_traps(data);
    });
    let dav = format!("{}/dav/", home.base.replace("http://", "dav://"));
    let kodi = Kodi::start(&home.lab.viewer, &["upnp://", &dav], &[]);
    let mut folder = kodi.find("upnp://", |name| name == "Credenza");
    for step in ["On this box", "Films"] {
        folder = kodi.find(&folder, |name| name == step);
    }
    lists_every_name(&kodi, &films(&kodi, &folder), &titles);
    lists_every_name(&kodi, &films(&kodi, &format!("{dav}On%20this%20box/Films/")), &titles);
    drop(kodi);
    assert!(home.stop());
}

#[test]
fn kodi_finds_our_webdav_folders_by_mdns_plays_and_seeks() {
    if let Some(reason) = missing().or_else(Avahi::missing) {
        return skip(reason);
    }
    let mut home = Home::demo(&[("CREDENZA_LAN_MDNS", "true")]);
    let title = begin(&home);
    let avahi = Avahi::start(&home.lab.viewer, "viewer");
    let dav = format!("{}/dav/", home.base.replace("http://", "dav://"));
    let environment = [("DBUS_SYSTEM_BUS_ADDRESS", avahi.bus())];
    let kodi = Kodi::start(&home.lab.viewer, &["zeroconf://", &dav], &environment);
    let server = kodi.find("zeroconf://", |name| name.starts_with(NAME));
    // The address that it makes of what it was told has to be one that it can open.
    assert_eq!(kodi.find(&server, |_| true), dav);
    let folder = kodi.find(&dav, |name| name == "Continue watching");
    let film = kodi.find(&folder, |name| name.starts_with(&title));
    plays_and_seeks(&kodi, &film);
    // A title that nobody has opened: what lies beside it is there at its first play.
    let series = kodi.find(&dav, |name| name == "Series");
    let series = kodi.find(&series, |name| name.starts_with("Harbour Watch"));
    let season = kodi.find(&series, |name| name == "Season 1");
    let episode = kodi.find(&season, |name| name.starts_with("S01E03"));
    kodi.play(&episode);
    kodi.passes(1.0);
    let told = kodi.playing().unwrap();
    println!("{episode}: {told}");
    assert!(!told["subtitles"].as_array().unwrap().is_empty(), "{told}");
    drop(kodi);
    assert!(home.stop());
}
