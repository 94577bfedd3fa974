//! `credenza select` as a person types it: films, numbers without a season, files of several episodes,
//! packs, and what is checked by others.

use serde_json::{Value, json};

use super::with_input;

const MIB: u64 = 1 << 20;

/// A list of files, each with its size in MiB.
fn list(files: &[(&str, u64)]) -> Value {
    let numbered = (0_u32..).zip(files);
    numbered
        .map(|(index, (name, mib))| json!({"index": index, "name": name, "size": mib * MIB}))
        .collect()
}

#[test]
fn the_file_that_is_printed_is_the_one_that_was_asked_for() {
    let voyage = ["1097", "1098", "1099"].map(|number| format!("[G] Long Voyage - {number}.mkv"));
    let voyage: Vec<(&str, u64)> = voyage.iter().map(|name| (name.as_str(), 300)).collect();
    let pack = [
        ("Harbour Lights/Season 1/01.mkv", 700),
        ("Harbour Lights/Season 1/02.mkv", 700),
        ("Harbour Lights/Season 2/01.mkv", 700),
        ("Harbour Lights/Season 2/02.mkv", 700),
        ("Harbour Lights/Season 2/Extras/Making.Of.02.mkv", 900),
    ];
    let double = [("Harbour.Lights.S01E01-E02.mkv", 900), ("Harbour.Lights.S01E03.mkv", 500)];
    let film = [
        ("The.Lamp.2019.1080p/The.Lamp.2019.1080p.mkv", 4_000),
        ("The.Lamp.2019.1080p/Sample/sample.mkv", 40),
        ("The.Lamp.2019.1080p/The.Lamp.2019.nfo", 1),
    ];
    let collection = [("The.Lamp.2019.mkv", 4_000), ("The.Lamp.II.2022.mkv", 6_000)];
    let halves = [("The.Lamp.2019.cd1.avi", 700), ("The.Lamp.2019.cd2.avi", 710)];
    for (arguments, files, chosen, reason) in [
        // Films.
        (&[] as &[&str], &film[..], Some(0), "only_video"),
        (&["--name", "The.Lamp.2019"], &collection, Some(0), "exact_name"),
        (&["--file-index", "1"], &collection, Some(1), "index"),
        (&[], &collection, None, "different films"),
        (&["--name", "The.Lamp.2019"], &halves, Some(0), ""),
        (&[], &pack[..2], None, ""),
        // Numbers without a season.
        (&["--episode", "1098"], &voyage, Some(1), "absolute_episode"),
        (&["--stremio-id", "kitsu:990001:1099"], &voyage, Some(2), "absolute_episode"),
        (&["--episode", "98"], &voyage, None, ""),
        // Several episodes in one file, and packs.
        (&["--season", "1", "--episode", "2"], &double, Some(0), "multi_episode"),
        (&["--season", "1", "--episode", "3"], &double, Some(1), "exact_episode"),
        (&["--season", "1", "--episode", "2"], &pack, Some(1), "exact_episode"),
        (&["--stremio-id", "tt9900001:2:2"], &pack, Some(3), "exact_episode"),
        (&["--season", "3", "--episode", "2"], &pack, None, "another season"),
        (&["--name", "Show.S02", "--season", "1", "--episode", "1"], &[("01.mkv", 700)], None, ""),
    ] {
        let arguments: Vec<&str> = ["select"].iter().chain(arguments).copied().collect();
        let done = with_input(&arguments, &list(files).to_string());
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let answer: Value = serde_json::from_slice(&done.stdout).expect("one JSON object");
        let what = format!("{arguments:?}: {answer} {said}");
        assert_eq!(answer["file"]["index"].as_u64(), chosen, "{what}");
        assert_eq!(done.status.code(), Some(i32::from(chosen.is_none())), "{what}");
        if chosen.is_some() {
            let reasons = answer["match_reasons"].as_array().unwrap();
            assert!(reason.is_empty() || reasons.contains(&json!(reason)), "{what}");
        } else {
            assert!(answer["reason"].as_str().unwrap().contains(reason), "{what}");
            assert!(said.starts_with("credenza: ") && said.lines().count() == 1, "{what}");
        }
    }
}

#[test]
fn what_others_have_checked_goes_before_names() {
    let files = json!([
        {"index": 0, "name": "Harbour.Lights.S01E02.mkv", "size": 700 * MIB},
        {"index": 1, "name": "odd name.mkv", "size": 700 * MIB, "sid": "tt9900001:1:2"},
    ]);
    for (id, index, reason) in
        [("tt9900001:1:2", 1, "verified_episode"), ("tt9900009:1:2", 0, "exact_episode")]
    {
        let done = with_input(&["select", "--stremio-id", id], &files.to_string());
        let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(answer["file"]["index"], index, "{id}: {answer}");
        assert_eq!(answer["match_reasons"][0], reason, "{id}: {answer}");
    }
}
