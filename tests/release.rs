//! What a name says, against a sample of PTT's cases (`data/release-names`), which it must not know
//! but understand, and against strangers' bytes.

#![expect(clippy::disallowed_types, reason = "a test's own limit, on the wall clock")]

mod batch;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use credenza::release::{self, Release};
use serde_json::{Value, json};

/// A field of PTT's, and ours in the same form. `None`: a field that we do not print.
fn ours(field: &str, release: &Release) -> Option<Value> {
    let value = serde_json::to_value(release).expect("a release is JSON");
    Some(match field {
        "bit_depth" => match release.bit_depth {
            Some(bits) => json!(format!("{bits}bit")),
            None => Value::Null,
        },
        "complete" => json!(release.batch),
        "title" | "year" | "seasons" | "episodes" | "resolution" | "quality" | "codec" | "hdr"
        | "audio" | "channels" | "languages" | "group" | "extension" => value[field].clone(),
        _ => return None,
    })
}

/// Whether two values say the same; the order of a list says nothing.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && b.iter().all(|item| a.contains(item))
        }
        (Value::Array(a), Value::Null) => a.is_empty(),
        _ => ours == theirs,
    }
}

/// Every claim of the sample: name, field, what PTT says.
fn claims() -> Vec<(String, String, Value)> {
    let sample: Vec<Value> =
        serde_json::from_str(include_str!("data/release-names/ptt_sample.json"))
            .expect("the form of the sample");
    let of_case = |case: &Value| {
        let name = case["values"][0].as_str().expect("the form of the sample").to_owned();
        let claims = claims_of(case).into_iter();
        claims.map(move |(field, value)| (name.clone(), field, value)).collect::<Vec<_>>()
    };
    sample.iter().flat_map(of_case).collect()
}

/// The claims of one case: field, what PTT says.
fn claims_of(case: &Value) -> Vec<(String, Value)> {
    let list = |key: &str| case[key].as_array().expect("the form of the sample").clone();
    let mut claims = Vec::new();
    for (parameter, value) in list("names").iter().zip(&list("values")).skip(1) {
        match (parameter.as_str().expect("the form of the sample"), value) {
            ("expected_output", Value::Object(fields)) => {
                claims.extend(fields.iter().map(|(field, value)| (field.clone(), value.clone())));
            }
            ("expected_episode", value) => claims.push(("episodes".to_owned(), value.clone())),
            ("expected_title", Value::Null) | ("expected" | "expect_year_presence", _) => {}
            (field, value) => claims.push((field.replace("expected_", ""), value.clone())),
        }
    }
    claims
}

/// Field, hits that are reached, claims. What is missed: titles that PTT itself reads oddly (a site
/// or a station for the title); languages guessed from Iberian grammar or from a region's code;
/// `TRUE WEB-DL` as `TrueHD`, `DTSEX`; a group before a bare ` mkv`.
const REACHED: &[(&str, usize, usize)] = &[
    ("audio", 40, 42),
    ("bit_depth", 9, 9),
    ("channels", 17, 17),
    ("codec", 43, 43),
    ("complete", 17, 17),
    ("episodes", 126, 126),
    ("extension", 13, 13),
    ("group", 38, 39),
    ("hdr", 9, 9),
    ("languages", 51, 54),
    ("quality", 66, 66),
    ("resolution", 47, 47),
    ("seasons", 91, 91),
    ("title", 79, 82),
    ("year", 30, 30),
];

#[test]
fn the_sample_of_ptt_is_read_at_least_as_well_as_before() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::default();
    for (name, field, theirs) in claims() {
        let Some(ours) = ours(&field, &release::parse(&name)) else { continue };
        let count = counts.entry(field.clone()).or_default();
        count.1 += 1;
        if same(&ours, &theirs) {
            count.0 += 1;
        } else {
            println!("{field}: {name}\n    ours {ours}, PTT's {theirs}");
        }
    }
    for (field, hits, all) in REACHED {
        let (ours, claims) = counts[*field];
        assert!(
            ours >= *hits && claims == *all,
            "{field}: {ours} of {claims}, were {hits} of {all}"
        );
    }
    println!("{counts:?}");
}

/// Family of the sample, misses in the half that was tuned on, misses in the other, cases, and what
/// is missed and why.
///
/// Tuned on are the cases at even places of the file; the odd ones were looked at when that was
/// done. The first draft of the room was measured on all of them, so the odd half is no fair judge
/// of it. A fairer one is what PTT tests besides (at the same commit, some 760 cases, not kept
/// here), which was read for the first time when this table stood: 178 of 181 claims on episodes and
/// 135 of 137 on seasons; then ranges in brackets (`0001-1071+Movies`), ranges joined by a word
/// (`E01 \u{e0} E12`) and ordinals (`1\u{aa} a 8\u{aa} temporada`) were added, which gives 181 and 136.
const MISSES: &[(&str, usize, usize, usize, &str)] = &[
    ("test_episodes.py", 0, 0, 70, "none"),
    ("test_season.py", 0, 0, 37, "none"),
    // Title, seasons and episodes of one name, all three.
    ("test_main.py", 1, 0, 54, "a site in thick brackets, which PTT takes for the title"),
];

#[test]
fn at_most_one_miss_in_episodes_and_in_seasons_and_two_in_all_three() {
    let sample: Vec<Value> =
        serde_json::from_str(include_str!("data/release-names/ptt_sample.json"))
            .expect("the form of the sample");
    for (family, tuned_on, looked_at, cases, why) in MISSES {
        let of_family = sample.iter().enumerate().filter(|(_, case)| case["file"] == *family);
        let (mut misses, mut count) = ([0, 0], 0);
        for (place, case) in of_family {
            count += 1;
            let name = case["values"][0].as_str().expect("the form of the sample");
            let release = release::parse(name);
            let counted = ["title", "seasons", "episodes"];
            let wrong: Vec<_> = claims_of(case)
                .into_iter()
                .filter(|(field, theirs)| {
                    let combined = *family == "test_main.py" || field != "title";
                    let ours = ours(field, &release).unwrap_or_default();
                    combined && counted.contains(&field.as_str()) && !same(&ours, theirs)
                })
                .collect();
            if !wrong.is_empty() {
                println!("{family} {place} {name}: {wrong:?}");
                misses[place % 2] += 1;
            }
        }
        assert_eq!((misses, count), ([*tuned_on, *looked_at], *cases), "{family}: {why}");
        let allowed = if *family == "test_main.py" { 2 } else { 1 };
        assert!(misses.iter().sum::<usize>() <= allowed, "{family}");
    }
}

#[test]
fn numbers_that_cannot_be_are_not_told() {
    for (name, seasons, episodes) in [
        ("Movie.1920x1080.mkv", &[][..], &[][..]),
        ("Show.S01E02.1920x1080.mkv", &[1], &[2]),
        ("Naruto - 116 - 360 Degrees of Vision.mkv", &[], &[116]),
        ("[G] Show 1098 VOSTFR FHD (1920x1080).mp4", &[], &[1098]),
        ("[DB]_Bleach_264_[012073FE].avi", &[], &[264]),
        ("Show.S01E01E02.mkv", &[1], &[1, 2]),
        ("Show.S01E01-E03.mkv", &[1], &[1, 2, 3]),
        ("Show.S00E05.mkv", &[0], &[5]),
        ("Show.S02.1080p", &[2], &[]),
        ("Show.S01-S03.1080p", &[1, 2, 3], &[]),
        ("Show.1x05.mkv", &[1], &[5]),
        ("The.Daily.Show.2024.03.12.720p.mkv", &[], &[]),
        ("Blade.Runner.2049.2017.1080p.mkv", &[], &[]),
        ("1917.2019.1080p.mkv", &[], &[]),
        ("12.Angry.Men.1957.1080p.mkv", &[], &[]),
        ("Apollo 13 (1995).mkv", &[], &[]),
        ("Ocean's 8 2018 720p.mkv", &[], &[]),
    ] {
        let release = release::parse(name);
        assert_eq!((&release.seasons[..], &release.episodes[..]), (seasons, episodes), "{name}");
    }
}

#[test]
fn a_batch_holds_more_than_one_episode() {
    for (name, batch) in [
        ("Show.S01.1080p.WEB-DL", true),
        ("Show.S01-S07.1080p", true),
        ("Show Season 2 [1080p]", true),
        ("[G] Show - 01-26 [BD 1080p]", true),
        ("[G] Show (Batch) [1080p]", true),
        ("Show Complete Series 720p", true),
        ("Show.S01E01-E10.1080p", true),
        ("Show.S01E01.1080p", false),
        ("[G] Show - 05 [1080p].mkv", false),
        ("Film.2019.1080p", false),
        ("The.Daily.Show.2024.03.12.720p.mkv", false),
    ] {
        assert_eq!(release::parse(name).batch, batch, "{name}");
    }
}

#[test]
fn a_line_of_parse_has_the_agreed_fields() {
    let line =
        json!(release::parse("Show.S01E02.2160p.WEB-DL.DDP5.1.DV.HDR10.10bit.H.265-GRP.mkv"));
    assert_eq!(
        line,
        json!({
            "name": "Show.S01E02.2160p.WEB-DL.DDP5.1.DV.HDR10.10bit.H.265-GRP.mkv", "title": "Show",
            "year": null, "seasons": [1], "episodes": [2], "resolution": "2160p", "quality": "WEB-DL",
            "codec": "hevc", "bit_depth": 10, "hdr": ["DV", "HDR"], "audio": ["Dolby Digital Plus"],
            "channels": ["5.1"], "languages": [], "group": "GRP", "batch": false, "extension": "mkv",
            "is_video": true, "is_sample": false
        })
    );
}

#[test]
fn a_hostile_name_is_read_in_bounded_time() {
    let _ = release::parse("warm up");
    for part in
        ["(", "[", "1-", "s01 ", "1x1 ", "- ", "{", "e1&", "\u{416}", "a.", "0", "\u{4e00}[", " / "]
    {
        let name = part.repeat(2000);
        let start = Instant::now();
        let _ = release::parse(&name);
        println!("{part:?}: {:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(5), "{part:?}: {:?}", start.elapsed());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn strangers_bytes_never_end_the_program(bytes in proptest::collection::vec(0u8.., 0..300)) {
        let release = release::parse(&String::from_utf8_lossy(&bytes));
        proptest::prop_assert!(release.name.len() <= release::MAX_NAME_BYTES);
    }

    #[test]
    fn names_of_release_words_never_end_the_program(
        words in proptest::collection::vec("S[0-9]{1,3}|E[0-9]{1,5}|[0-9]{1,5}|[\\[({][a-zA-Z0-9\u{30a2}]{0,9}[\\])}]|1080p|x264|20[0-9]{2}|\\PC{1,4}|-|~|/|\u{2161}|complete|season", 0..16),
        between in "[ ._]",
    ) {
        let release = release::parse(&words.join(&between));
        proptest::prop_assert!(release.episodes.len() <= 10_000);
    }
}
