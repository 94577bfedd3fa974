//! Laws of the choice, on names that nobody would think of.

use std::collections::HashMap;

use credenza::media::{Episode, Query, Wanted};
use credenza::release;
use credenza::select::{self, Merit, Preferences, Reason, Target};
use credenza::torrent::{InfoHash, Torrent, TorrentFile, unique};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::rank::{query, torrent};

/// Names made of what release names are made of.
fn name() -> impl Strategy<Value = String> {
    let word = "S[0-9]{1,2}|E[0-9]{1,3}|S[0-9]{1,2}E[0-9]{1,2}|Season [0-9]|[0-9]{1,4}|Show|Film|OVA|1080p|x264|20[0-9]{2}|sample|cd[12]|\\[G\\]|-|\\PC{0,3}";
    vec(word, 0..7).prop_map(|words| words.join(" "))
}

fn file() -> impl Strategy<Value = TorrentFile> {
    let folder = "(|Season [0-3]/|Specials/|Extras/|BDMV/STREAM/|VIDEO_TS/|CD[12]/)";
    let kind = "(\\.mkv|\\.avi|\\.vob|\\.m2ts|\\.srt|)";
    (folder, name(), kind, any::<Option<u32>>()).prop_map(|(folder, name, kind, size)| {
        let size_bytes = size.map(|size| u64::from(size) * 2);
        TorrentFile { name: format!("{folder}{name}{kind}"), size_bytes, ..TorrentFile::default() }
    })
}

fn targets(season: u32, number: u32) -> [Target; 4] {
    let episode = Episode { season, number };
    [
        Target::new(Wanted::Film),
        Target::new(Wanted::Episode(episode)),
        Target::new(Wanted::Absolute { number, also: None }),
        Target {
            numbers: vec![number + 100],
            ..Target::new(Wanted::Absolute { number, also: Some(episode) })
        },
    ]
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

    #[test]
    fn the_order_of_files_decides_nothing(
        files in vec(file(), 0..7), turn in 0usize..7, season in 0u32..4, number in 1u32..30,
    ) {
        let mut turned = files.clone();
        turned.rotate_left(turn.min(files.len()));
        turned.reverse();
        for target in targets(season, number) {
            let chosen = |files: &[TorrentFile]| {
                select::pick(files, &target).map(|pick| (pick.file.file, pick.match_reasons)).ok()
            };
            prop_assert_eq!(chosen(&files), chosen(&turned), "{:?}", target);
        }
    }

    #[test]
    fn a_season_that_contradicts_is_never_chosen(
        files in vec(file(), 1..7), season in 1u32..4, number in 1u32..30,
    ) {
        let target = Target::new(Wanted::Episode(Episode { season, number }));
        if let Ok(pick) = select::pick(&files, &target) {
            let told = release::parse(pick.file.file.base_name());
            let on_disc = pick.file.file.name.contains("BDMV") || pick.file.file.name.contains("VIDEO_TS");
            prop_assert!(
                told.seasons.is_empty() || told.seasons.contains(&season) || on_disc,
                "{:?} for season {}", pick.file, season
            );
        }
    }

    #[test]
    fn every_file_that_is_not_chosen_says_why(
        files in vec(file(), 0..7), season in 0u32..4, number in 1u32..30,
    ) {
        for target in targets(season, number) {
            let (chosen, considered) = match select::pick(&files, &target) {
                Ok(pick) => (1, pick.considered),
                Err(none) => (0, none.considered),
            };
            prop_assert_eq!(chosen + considered.len(), files.len());
            for one in considered.iter().filter(|one| one.score.is_none()) {
                prop_assert!(!one.match_reasons.is_empty(), "{:?}", one);
            }
        }
    }

    #[test]
    fn the_order_of_answers_decides_nothing(
        names in vec(name(), 0..9), turn in 0usize..9, film in any::<bool>(),
    ) {
        let query: Query =
            if film { query("tt0000001", "Film", 2019) } else { query("tt0000002:1:5", "Show", 2010) };
        let numbered = |name: &String, number: u8| Torrent {
            info_hash: InfoHash::from_bytes([number; 20]),
            ..torrent(number, name)
        };
        let torrents: Vec<Torrent> = names.iter().zip(0..).map(|(n, i)| numbered(n, i)).collect();
        let mut turned = torrents.clone();
        turned.rotate_left(turn.min(torrents.len()));
        let ranked = |torrents: Vec<Torrent>| {
            let uniques = torrents.into_iter().flat_map(|one| unique([one])).collect();
            select::rank(uniques, &HashMap::new(), &query, &Preferences::default())
        };
        let all = ranked(torrents);
        prop_assert_eq!(&all, &ranked(turned));
        for one in &all {
            let contradicts = !one.release.seasons.is_empty() && !one.release.seasons.contains(&1);
            prop_assert!(film || !contradicts || one.put_aside().is_some(), "{:?}", one);
            prop_assert!(!one.why().is_empty());
        }
    }
}

/// The page for owners must know every word that a program or a page may show.
#[test]
fn every_reason_stands_in_the_page_for_owners() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/choosing.md"))
        .expect("docs/choosing.md");
    let word = |value: serde_json::Value| format!("`{}`", value.as_str().unwrap_or_default());
    let merits = Merit::ALL.iter().map(|merit| serde_json::to_value(merit).unwrap());
    let reasons = Reason::ALL.iter().map(|reason| serde_json::to_value(reason).unwrap());
    for word in merits.chain(reasons).map(word) {
        assert!(page.contains(&word), "docs/choosing.md does not explain {word}");
    }
    for reason in Reason::ALL {
        let Some(points) = reason.points() else { continue };
        let word = word(serde_json::to_value(reason).unwrap());
        let row = page.lines().find(|line| line.starts_with('|') && line.contains(&word));
        let row = row.unwrap_or_else(|| panic!("no row for {word}"));
        assert!(row.contains(&format!("| {points} |")), "{row}");
    }
    let fields = serde_json::to_value(Preferences::default()).unwrap();
    for field in fields.as_object().unwrap().keys() {
        assert!(page.contains(&format!("`{field}`")), "docs/choosing.md has no row for {field}");
    }
}
