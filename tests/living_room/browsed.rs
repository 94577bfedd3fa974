//! Browsed by async-upnp-client, whose strict mode is the nearest thing to a validator that anybody may
//! have: every action, every page, every title; and how long a page takes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::libvlc::begin;
use super::shelf::{self, TRAPS, long_name};
use super::{DESCRIPTION, control_point, home, quirks};
use crate::support::home::Home;
use crate::support::process::finish;
use crate::support::server::Server;
use crate::support::{skip, until};

const LIMIT: Duration = Duration::from_secs(120);
const IS_AUTHORIZED: &str = "X_MS_MediaReceiverRegistrar/IsAuthorized";
const IS_VALIDATED: &str = "X_MS_MediaReceiverRegistrar/IsValidated";
const REGISTER: &str = "X_MS_MediaReceiverRegistrar/RegisterDevice";

/// What browse.py tells of the tree.
fn tree(python: &Path, home: &Home, page: &str, prefixes: &str) -> Value {
    let mut command = home.lab.viewer.command(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/living_room/browse.py"));
    command.arg(home.lab.viewer.address).arg(format!("{}{DESCRIPTION}", home.base));
    command.args([page, "4", prefixes]);
    let text = finish(&mut command, LIMIT).unwrap().text();
    serde_json::from_str(&text).unwrap()
}

/// One action by `upnp-client --strict`; what it gives.
fn called(python: &Path, home: &Home, action: &[&str]) -> Result<Value, String> {
    let mut command = home.lab.viewer.command(python.with_file_name("upnp-client"));
    command.args(["--strict", "call-action"]).arg(format!("{}{DESCRIPTION}", home.base));
    let text = finish(command.args(action), LIMIT)?.text();
    let told: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    Ok(told["out_parameters"].clone())
}

#[test]
fn every_action_is_taken_by_a_strict_control_point() {
    let python = match control_point() {
        Ok(python) => python,
        Err(reason) => return skip(reason),
    };
    let mut home = home();
    let call = |action: &[&str]| called(&python, &home, action);
    let browse = [
        "CD/Browse",
        "ObjectID=0",
        "BrowseFlag=BrowseDirectChildren",
        "Filter=*",
        "StartingIndex=0",
        "RequestedCount=0",
        "SortCriteria=",
    ];
    let told = call(&browse).unwrap();
    println!("{told}");
    assert_eq!(told["NumberReturned"], told["TotalMatches"]);
    assert!(told["NumberReturned"].as_u64().unwrap() >= 2);
    for (action, argument) in [
        (vec!["CD/GetSearchCapabilities"], "SearchCaps"),
        (vec!["CD/GetSortCapabilities"], "SortCaps"),
        (vec!["CD/GetSystemUpdateID"], "Id"),
        (vec!["CD/X_GetFeatureList"], "FeatureList"),
        (vec!["CM/GetProtocolInfo"], "Source"),
        (vec!["CM/GetCurrentConnectionIDs"], "ConnectionIDs"),
        (vec!["CM/GetCurrentConnectionInfo", "ConnectionID=0"], "Direction"),
        (vec![IS_AUTHORIZED, "DeviceID="], "Result"),
        (vec![IS_VALIDATED, "DeviceID="], "Result"),
        (vec![REGISTER, "RegistrationReqMsg="], "RegistrationRespMsg"),
    ] {
        let told = call(&action).unwrap_or_else(|error| panic!("{action:?}: {error}"));
        assert!(!told[argument].is_null(), "{action:?}: {told}");
    }
    for (action, code) in [
        (["CD/Browse", "ObjectID=nobody's", "BrowseFlag=BrowseMetadata"].as_slice(), "701"),
        (&["CD/Browse", "ObjectID=nobody", "BrowseFlag=BrowseDirectChildren"], "701"),
        (&["CM/GetCurrentConnectionInfo", "ConnectionID=9"], "706"),
    ] {
        let rest = ["Filter=*", "StartingIndex=0", "RequestedCount=0", "SortCriteria="];
        let rest = if action.len() == 3 { &rest[..] } else { &[] };
        let refused = call(&[action, rest].concat()).unwrap_err();
        assert!(refused.contains(code), "{action:?}: {refused}");
    }
    is_bookmarked(&home, &call);
    assert!(home.stop());
}

/// A film that somebody began is told where to go on, as a Samsung does, and tells it again.
fn is_bookmarked(home: &Home, call: &dyn Fn(&[&str]) -> Result<Value, String>) {
    begin(home);
    let begun = || {
        let told = call(&[
            "CD/Browse",
            "ObjectID=continue",
            "BrowseFlag=BrowseDirectChildren",
            "Filter=*",
            "StartingIndex=0",
            "RequestedCount=0",
            "SortCriteria=",
        ]);
        told.unwrap()["Result"].as_str().unwrap().to_owned()
    };
    let list = until("what was begun", LIMIT, || Some(begun()).filter(|it| it.contains("<item ")));
    let id = list.split("<item id=\"").nth(1).unwrap_or_else(|| panic!("{list}"));
    let id = format!("ObjectID={}", id.split('"').next().unwrap());
    let bookmark = ["CD/X_SetBookmark", "CategoryType=VIDEO", "RID=0", id.as_str(), "PosSecond=17"];
    call(&bookmark).unwrap();
    until("the bookmark", LIMIT, || begun().contains("BM=17</sec:dcmInfo>").then_some(()));
}

#[test]
fn the_whole_tree_is_read_page_by_page_whatever_its_names() {
    let python = match control_point() {
        Ok(python) => python,
        Err(reason) => return skip(reason),
    };
    let mut titles: Vec<String> = (0..298).map(|number| format!("Film {number}")).collect();
    titles.extend([TRAPS.to_owned(), long_name()]);
    let mut home = Home::serve_after(&[("CREDENZA_LAN_UPNP", "true")], |data| {
        shelf::fill(data, &titles);
    });
    let one_by_one = tree(&python, &home, "1", "pinned,here");
    let at_once = tree(&python, &home, "0", "pinned,here");
    println!("pages one by one: {}; at once: {}", one_by_one["pages"], at_once["pages"]);
    assert_eq!(one_by_one["found"], at_once["found"], "paging gives the same");
    assert_eq!(at_once["name"], "Credenza");
    assert_eq!(at_once["root"], json!(["0", "-1"]));
    assert_eq!(at_once["metadata"]["same"], true);
    assert_eq!(at_once["subscribed"], true);
    // What the client asked for itself stands among them; these came by themselves.
    let events = at_once["events"].to_string();
    for told in ["SystemUpdateID", "SourceProtocolInfo"] {
        assert!(events.contains(told), "{events}");
    }
    assert_eq!((&at_once["music"], at_once["protocols"].as_u64() > Some(5)), (&json!(0), true));
    let found: BTreeMap<String, Value> = serde_json::from_value(at_once["found"].clone()).unwrap();
    // Nobody owns this box, so its claim code is among them.
    let is_film = |row: &&Value| {
        let title = row["title"].as_str().unwrap_or_default();
        row["class"] == "object.item.videoItem" && !title.starts_with("Claim code ")
    };
    let films = found.values().filter(is_film);
    let named: Vec<&str> = films.clone().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(named.len(), 300);
    for title in &titles {
        assert!(named.contains(&title.as_str()), "{title}");
    }
    for film in films {
        let res = &film["res"][0];
        let protocol = res["protocol"].as_str().unwrap();
        assert!(protocol.starts_with("http-get:*:video/x-matroska:DLNA.ORG_OP=01"), "{protocol}");
        assert!(res["uri"].as_str().unwrap().starts_with(&format!("{}/v/", home.base)));
        assert_eq!((res["duration"].as_str(), res["size"].is_null()), (Some("1:02:03.500"), false));
    }
    assert!(home.stop());
}

#[test]
fn the_number_of_the_list_changes_with_the_list_alone() {
    let python = match control_point() {
        Ok(python) => python,
        Err(reason) => return skip(reason),
    };
    let mut home = home();
    let number = || called(&python, &home, &["CD/GetSystemUpdateID"]).unwrap()["Id"].clone();
    let first = number();
    assert_eq!(number(), first, "not with the clock");
    begin(&home);
    until("another number", LIMIT, || (number() != first).then_some(()));
    assert!(home.stop());
}

/// Ten thousand titles on the shelf: what a page takes, and what the program grows by while a set
/// walks through all of them. The limits are wide, since tests run beside each other; what is printed
/// is what counts.
#[test]
fn a_page_of_ten_thousand_titles_comes_soon_and_costs_no_memory() {
    let titles: Vec<String> = (0..10_000).map(|number| format!("Film {number:05}")).collect();
    let server = quirks::served(&titles);
    // What is kept of the state's file, within its bounds, fills with the first walks.
    let walks: Vec<_> = (0..4).map(|_| (walk(&server), resident_kib(server.pid()))).collect();
    let resident: Vec<u64> = walks.iter().map(|(_, kib)| *kib).collect();
    // A walk over the disks in between has its own room once; what pages cost, each walk would.
    let steps = resident.windows(2).map(|two| two[1].saturating_sub(two[0]));
    let grown = steps.min().unwrap_or_default();
    let (films, mut times) = walks.into_iter().next_back().unwrap().0;
    times.sort_unstable();
    println!(
        "{films} films in {} pages: median {:?}, worst {:?}; KiB after each walk: {resident:?}",
        times.len(),
        times[times.len() / 2],
        times[times.len() - 1],
    );
    assert_eq!(films, 10_000);
    assert!(grown < 4 * 1024, "{grown} KiB");
}

/// Every folder of what is pinned, a hundred rows a page: how many films there are, and what each page
/// took.
fn walk(server: &Server) -> (usize, Vec<Duration>) {
    let mut times = Vec::new();
    let (mut films, mut folders) = (0, vec!["pinned".to_owned()]);
    while let Some(folder) = folders.pop() {
        let mut start = 0;
        loop {
            let arguments = format!(
                "<ObjectID>{folder}</ObjectID><BrowseFlag>BrowseDirectChildren</BrowseFlag>\
                 <Filter>*</Filter><StartingIndex>{start}</StartingIndex>\
                 <RequestedCount>100</RequestedCount><SortCriteria/>"
            );
            let began = Instant::now();
            let answer =
                quirks::call(server, "Kodi/20.5", "content-directory", "Browse", &arguments);
            times.push(began.elapsed());
            assert_eq!(answer.status, 200, "{}", answer.text());
            let text = credenza::xml::unescape(&answer.text()).into_owned();
            let ids = |kind: &str| -> Vec<String> {
                let opens = format!("<{kind} id=\"");
                let rows = text.split(&opens).skip(1);
                rows.map(|row| row.split('"').next().unwrap().to_owned()).collect()
            };
            films += ids("item").len();
            let inside = ids("container");
            start += inside.len() + ids("item").len();
            folders.extend(inside);
            let total = text.split("<TotalMatches>").nth(1).unwrap().split('<').next().unwrap();
            if start >= total.parse::<usize>().unwrap() {
                break;
            }
        }
    }
    (films, times)
}

/// What a process has in memory.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
