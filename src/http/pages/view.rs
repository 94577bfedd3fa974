//! The box in words, as its pages show it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::appliance::{Appliance, Phase, Status};
use crate::http::rooms::Rooms;
use crate::steward::words::{DataState, Disk, Facts, Network, Ssd};
use crate::web;

/// What the set-up page shows of the box.
pub(super) async fn whole(rooms: &Rooms) -> Option<web::TheBox> {
    let appliance: &Appliance = &rooms.appliance;
    if !appliance.is_here() {
        return None;
    }
    let (facts, trouble) = match appliance.facts().await {
        Ok(facts) => (Some(facts), None),
        Err(error) => (None, Some(web::sentence(&error.to_string()))),
    };
    let disks = appliance.disks().await;
    let disks_trouble = disks.as_ref().err().map(|error| web::sentence(&error.to_string()));
    let disks = disks.unwrap_or_default();
    let update = update(&appliance.update_status(), facts.as_ref(), &disks);
    let facts = facts.as_ref();
    Some(web::TheBox {
        trouble,
        machine: facts.map(|facts| facts.name.clone()).unwrap_or_default(),
        slot: facts.map(|facts| format!("{:?}", facts.running)),
        // The steward's notices stand on top already, and may say more.
        data: facts.filter(|facts| facts.notices.is_empty()).and_then(|facts| data(facts.data)),
        ssd: facts.and_then(|facts| facts.ssd.as_ref()).map(ssd),
        disks: disks.into_iter().map(disk).collect(),
        disks_trouble,
        update,
        access_point: appliance.access_point().map(|access_point| access_point.ssid),
    })
}

/// What is wrong with where the state lies.
fn data(state: DataState) -> Option<&'static str> {
    match state {
        DataState::Kept => None,
        DataState::ReadOnly => Some(
            "The card takes no more writes: films play, but nothing new is kept. Make a new card soon.",
        ),
        DataState::Volatile => Some(
            "The part of the card that keeps things is missing or damaged: everything that is set here \
             is forgotten when the box is switched off. Make a new card from the image.",
        ),
    }
}

fn ssd(ssd: &Ssd) -> String {
    format!("{} in all, {} free", web::size(ssd.bytes), web::size(ssd.free_bytes))
}

/// A disk that was plugged in.
pub(super) fn disk(disk: Disk) -> web::DiskRow {
    let holds = match web::plain(&disk.holds) {
        nothing if nothing.is_empty() || nothing == "nothing" => None,
        holds => Some(holds),
    };
    web::DiskRow {
        id: disk.id,
        model: Some(web::plain(&disk.model))
            .filter(|model| !model.trim().is_empty())
            .unwrap_or_else(|| "a disk without a name".to_owned()),
        size: web::size(disk.bytes),
        holds,
        ours: disk.ours,
        consent: disk.consent,
    }
}

/// Wi-Fi networks, the strongest first, each once.
pub(super) fn networks(mut networks: Vec<Network>) -> Vec<web::NetworkRow> {
    networks.sort_by(|a, b| b.signal.cmp(&a.signal).then_with(|| a.ssid.cmp(&b.ssid)));
    let mut rows: Vec<web::NetworkRow> = Vec::new();
    for network in networks.into_iter().filter(|network| !network.ssid.is_empty()) {
        if rows.iter().all(|row| row.ssid != network.ssid) {
            // dBm: beside the access point some -40; -80 hardly carries a film.
            let strength = match network.signal {
                -60.. => "strong",
                -72.. => "good",
                _ => "weak",
            };
            let shown = web::plain(&network.ssid);
            rows.push(web::NetworkRow {
                ssid: network.ssid,
                shown,
                strength,
                open: !network.protected,
            });
        }
    }
    rows
}

/// How it stands with updates.
pub(super) fn update(status: &Status, facts: Option<&Facts>, disks: &[Disk]) -> web::UpdateView {
    let version = facts.map(|facts| facts.version.clone()).unwrap_or_default();
    let other = facts.and_then(|facts| facts.other.as_ref());
    let trial = facts.is_some_and(|facts| facts.trial);
    let counter = facts.map_or(0, |facts| facts.counter);
    let under_way = matches!(status.state, Phase::Checking | Phase::Receiving | Phase::Restarting);
    let still = !under_way && !trial;
    let bundles = disks.iter().flat_map(|disk| {
        disk.bundles.iter().map(|name| web::BundleRow {
            disk: disk.id.clone(),
            model: web::plain(&disk.model),
            name: name.clone(),
        })
    });
    web::UpdateView {
        version,
        line: line(status, trial),
        trouble: status.message.as_deref().filter(|_| !under_way).map(web::sentence),
        percent: status.progress.map(|done| (done.bytes * 100).checked_div(done.of).unwrap_or(0)),
        offered: still && status.state == Phase::Available,
        ready: other
            .filter(|other| still && other.counter > counter)
            .map(|other| other.version.clone()),
        back: other
            .filter(|other| still && other.counter < counter)
            .map(|other| other.version.clone()),
        still,
        checked: status.checked.map(ago),
        url: status.url.clone().unwrap_or_default(),
        bundles: if still { bundles.collect() } else { Vec::new() },
    }
}

/// The state in a sentence.
fn line(status: &Status, trial: bool) -> String {
    let version = status
        .version
        .as_deref()
        .map_or_else(|| "the new version".to_owned(), |version| format!("version {version}"));
    match status.state {
        _ if trial => {
            "This version is on trial: in a minute or two it has proved itself, or the one \
                       before it comes back."
                .to_owned()
        }
        Phase::Idle | Phase::Failed => String::new(),
        Phase::Checking => "Looking for a newer version…".to_owned(),
        Phase::Available => format!("There is a newer one: {version}."),
        Phase::Receiving if status.waiting => {
            format!("As soon as nobody is watching, {version} is installed.")
        }
        Phase::Receiving => format!("Installing {version}…"),
        Phase::Ready => {
            format!("{version} is installed, and waits to be started.").replacen('v', "V", 1)
        }
        Phase::Restarting if status.waiting => {
            format!("As soon as nobody is watching, the box starts {version}.")
        }
        Phase::Restarting => {
            format!("The box starts {version}. In a minute or two it answers again.")
        }
    }
}

/// How long ago, in the words of a person.
fn ago(then: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match now.saturating_sub(then) / (24 * 3600) {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}
