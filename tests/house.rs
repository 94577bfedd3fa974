//! Keeps the house as ARCHITECTURE.md draws it: floors, the one home of each outside crate, the
//! length of files, and the links of the documents.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Floors from the ground up. Rooms of one floor never name each other, but where `SAME_FLOOR` says.
const FLOORS: &[&[&str]] = &[
    &[
        "bundle",
        "config",
        "fetch",
        "host_name",
        "media",
        "representation",
        "secret",
        "torrent",
        "xml",
    ],
    &["access", "cache", "clip", "durable", "release", "stremthru", "swarm"],
    &["debrid", "index", "library", "mirror", "select", "steward", "subtitle", "title"],
    &["playback"],
    &["appliance", "lan"],
    &["http", "web"],
    &["app", "cli", "demo"],
    &["main"],
];

/// Neighbours that may name each other, and why.
const SAME_FLOOR: &[(&str, &str, &str)] = &[
    ("fetch", "representation", "a body that is read piece by piece is a ByteStream"),
    ("fetch", "secret", "the header that carries the token"),
    ("config", "secret", "TMDB's key; an index's address may hold a key"),
    ("config", "torrent", "the names of indexes and stores"),
    ("media", "torrent", "a title names the index's words"),
    ("http", "web", "handlers fill templates"),
    ("cli", "app", "serve builds the house"),
    ("cli", "demo", "the demo command starts it"),
];

/// The one room that may name an outside crate.
const HOME_OF: &[(&str, &[&str])] = &[
    ("sled", &["cache"]),
    ("redb", &["durable"]),
    ("librqbit", &["swarm"]),
    ("anyhow", &["swarm"]),
    ("reqwest", &["fetch"]),
    ("rustls", &["fetch"]),
    ("rustls_platform_verifier", &["fetch"]),
    ("webpki_root_certs", &["fetch"]),
    ("axum", &["http"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("tower", &["http"]),
    ("mdns_sd", &["lan"]),
    ("rust_cast", &["lan"]),
    ("parse_torrent_title", &["release"]),
    ("regex_syntax", &["release"]),
    ("aho_corasick", &["release"]),
    ("askama", &["web"]),
    ("argon2", &["access"]),
    ("hmac", &["access"]),
    ("clap", &["cli"]),
    ("minisign_verify", &["bundle"]),
    ("rustix", &["library", "steward", "cli", "swarm"]),
    ("pbkdf2", &["steward"]),
    ("saphyr_parser", &["steward"]),
    ("sd_notify", &["appliance"]),
    ("qrcode", &["cli"]),
    ("quick_xml", &["xml"]),
    ("chrono", &["index"]),
    ("chardetng", &["subtitle"]),
    ("encoding_rs", &["subtitle"]),
    ("flate2", &["cache"]),
    ("image", &["title"]),
    ("unicode_width", &["cli"]),
    ("noto_sans_mono_bitmap", &["clip"]),
];

/// Names that say nothing of what a room is for.
const REFUSED_NAMES: &[&str] = &["utils", "util", "helpers", "common", "misc", "manager"];

const LONGEST: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, into);
        } else if path.to_string_lossy().ends_with(ending) {
            into.push(path);
        }
    }
}

/// Every source file: its room, its path for people, its text without comments.
fn sources() -> Vec<(String, String, String)> {
    let source = root().join("src");
    let mut paths = Vec::new();
    files(&source, ".rs", &mut paths);
    let read = |path: PathBuf| {
        let shown = path.strip_prefix(&source).unwrap().display().to_string();
        let room = shown.split(['/', '.']).next().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        (room, format!("src/{shown}"), code.collect::<Vec<_>>().join("\n"))
    };
    paths.into_iter().map(read).filter(|(room, ..)| room != "lib").collect()
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

/// The rooms that a text names as `crate::room` (or, in main, `credenza::room`).
fn named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for prefix in ["crate::", "credenza::"] {
        for (at, _) in code.match_indices(prefix) {
            let whole_word = code[..at]
                .chars()
                .next_back()
                .is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '$');
            let rest = &code[at + prefix.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            if whole_word {
                rooms.push(rest[..end].to_owned());
            }
        }
    }
    rooms
}

#[test]
fn every_room_names_only_rooms_below_it() {
    let mut faults = Vec::new();
    for (room, file, code) in sources() {
        let Some(floor) = floor_of(&room) else {
            faults.push(format!("{file}: the room {room} has no floor in tests/house.rs"));
            continue;
        };
        for other in named(&code).into_iter().filter(|other| *other != room) {
            if other.is_empty() {
                faults.push(format!(
                    "{file}: name the room (crate::room::…), not the face (crate::{{…)"
                ));
                continue;
            }
            let allowed = SAME_FLOOR.iter().any(|(from, to, _)| *from == room && *to == other);
            match floor_of(&other) {
                None => faults.push(format!("{file}: {other} is no room")),
                Some(below) if below < floor || allowed => {}
                Some(_) => faults.push(format!("{file}: {room} must not name {other}")),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The words of a line, as something divides them.
fn words<'a>(text: &'a str, between: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(between).map(str::trim).filter(|word| !word.is_empty())
}

#[test]
fn the_drawing_of_the_house_is_the_house() {
    let drawing = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let floors = drawing.split("## The floors").nth(1).unwrap();
    let (floors, rest) = floors.split_once("```text").unwrap().1.split_once("```").unwrap();
    let drawn: Vec<BTreeSet<&str>> = floors
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(_, line)| words(line.trim().split("  ").next().unwrap(), "·").collect())
        .collect();
    let mut built: Vec<BTreeSet<&str>> =
        FLOORS.iter().map(|floor| floor.iter().copied().collect()).collect();
    // `main` stands above the house.
    built.pop();
    built.reverse();
    assert_eq!(drawn, built);

    let table = rest.split("\n\n").find(|part| part.starts_with("| room")).unwrap();
    let mut rows: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut rooms: Vec<&str> = built.into_iter().flatten().collect();
    rows.sort_unstable();
    rooms.sort_unstable();
    assert_eq!(rows, rooms);
}

#[test]
fn every_outside_crate_has_one_home() {
    let mut faults = Vec::new();
    for (room, file, code) in sources() {
        for (name, homes) in HOME_OF {
            let named = code.match_indices(&format!("{name}::")).any(|(at, _)| {
                code[..at]
                    .chars()
                    .next_back()
                    .is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
            });
            if named && !homes.contains(&room.as_str()) {
                faults.push(format!("{file}: {name} lives in src/{} alone", homes[0]));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn indexes_do_not_name_each_other_and_rooms_have_honest_names() {
    let mut faults = Vec::new();
    let shared = [
        "mod",
        "scrape",
        "addon",
        "breaker",
        "breaker_tests",
        "clock",
        "decode",
        "health",
        "json",
        "relay",
        "stated",
        "terms",
        "torznab",
    ];
    let vendors: Vec<String> = sources()
        .iter()
        .filter_map(|(_, file, _)| {
            file.strip_prefix("src/index/")?.strip_suffix(".rs").map(str::to_owned)
        })
        .filter(|name| !shared.contains(&name.as_str()))
        .collect();
    for (_, file, code) in sources() {
        let stem = file.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if REFUSED_NAMES
            .iter()
            .any(|name| file.split('/').any(|part| part.trim_end_matches(".rs") == *name))
        {
            faults.push(format!("{file}: the name says nothing; call it what it is for"));
        }
        for vendor in vendors.iter().filter(|vendor| {
            file.starts_with("src/index/") && *vendor != stem && !shared.contains(&stem)
        }) {
            if code.contains(&format!("super::{vendor}")) {
                faults.push(format!("{file}: an index must not name the index {vendor}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Names of the tables that the rules were first written against; the rules must not know them.
const TOLD: &[&str] = &["One.Piece", "Yes.Dear", "360 Degrees", "Making.Of.mkv"];

#[test]
fn the_source_knows_no_name_of_the_samples() {
    let sample = root().join("tests/data/release-names/ptt_sample.json");
    let cases: serde_json::Value = serde_json::from_slice(&std::fs::read(sample).unwrap()).unwrap();
    let mut names: BTreeSet<&str> = TOLD.iter().copied().collect();
    for case in cases.as_array().unwrap() {
        let keys = case["names"].as_array().unwrap().iter().filter_map(|key| key.as_str());
        for (key, value) in keys.zip(case["values"].as_array().unwrap()) {
            let name = value.as_str().unwrap_or_default();
            let title = key.contains("title") && name.len() >= 10 && name.contains(' ');
            if title || (key == "release_name" && name.len() >= 10) {
                names.insert(name);
            }
        }
    }
    assert!(names.len() > 200, "{}", names.len());
    let mut paths = Vec::new();
    files(&root().join("src"), ".rs", &mut paths);
    for path in paths {
        let code = std::fs::read_to_string(&path).unwrap();
        let known: Vec<_> = names.iter().filter(|name| code.contains(**name)).collect();
        assert!(known.is_empty(), "{}: {known:?}", path.display());
    }
}

#[test]
fn no_file_outgrows_its_reader() {
    let mut paths = Vec::new();
    files(&root().join("src"), ".rs", &mut paths);
    files(&root().join("tests"), ".rs", &mut paths);
    let long = paths.iter().filter_map(|path| {
        let lines = std::fs::read_to_string(path).unwrap().lines().count();
        let shown = path.strip_prefix(root()).unwrap().display();
        (lines > LONGEST).then(|| format!("{shown}: {lines} lines; split it before {LONGEST}"))
    });
    let long: Vec<String> = long.collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn every_relative_link_of_the_documents_leads_somewhere() {
    let mut documents: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "BENCH.md"].map(|name| root().join(name)).into();
    files(&root().join("docs"), ".md", &mut documents);
    let mut dead = BTreeSet::new();
    for document in documents {
        let text = std::fs::read_to_string(&document)
            .unwrap_or_else(|_| panic!("{} is missing", document.display()));
        for (at, _) in text.match_indices("](") {
            let link = text[at + 2..].split([')', '#', ' ']).next().unwrap_or_default();
            let outside = link.is_empty() || link.contains("://") || link.starts_with("mailto:");
            if !outside && !document.parent().unwrap().join(link).exists() {
                dead.insert(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(dead.is_empty(), "dead links: {dead:?}");
}
