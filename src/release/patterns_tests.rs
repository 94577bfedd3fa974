use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::{kind, language, number, picture, sound};
use super::*;

/// Every list of patterns, each with the patterns as they are written.
static LISTS: LazyLock<Vec<(&Patterns, Vec<Regex>)>> = LazyLock::new(|| {
    let lists: [&Patterns; 5] = [
        &kind::PATTERNS,
        &language::PATTERNS,
        &number::PATTERNS,
        &picture::PATTERNS,
        &sound::PATTERNS,
    ];
    let written = |list: &Patterns| list.each.iter().map(|p| Regex::new(p.text).unwrap()).collect();
    lists.into_iter().map(|list| (list, written(list))).collect()
});

/// Whatever stands in the recordings and samples: names, among much else.
static CORPUS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let parts = text.split(['"', '\n', '<', '>']).filter(|part| part.len() > 3);
                texts.extend(parts.map(|part| part.chars().take(300).collect()));
            }
        }
    }
    texts.sort();
    texts.dedup();
    texts
});

/// That each pattern is said to stand in `name` where it does, and nowhere else.
fn is_told(name: &str) -> Result<(), String> {
    for (list, written) in LISTS.iter() {
        let seen = list.of(name);
        let told: Vec<usize> = seen.places().collect();
        let standing = |(place, pattern): (usize, &Regex)| pattern.is_match(name).then_some(place);
        let standing: Vec<usize> = written.iter().enumerate().filter_map(standing).collect();
        if told != standing {
            let pattern = |place: &usize| list.each[*place].text;
            let (told, standing) = (told.iter().map(pattern), standing.iter().map(pattern));
            let lists = (told.collect::<Vec<_>>(), standing.collect::<Vec<_>>());
            return Err(format!("{name:?}: told and standing are {lists:?}"));
        }
    }
    Ok(())
}

#[test]
fn each_pattern_is_seen_in_the_recordings_where_it_stands() {
    assert!(CORPUS.len() > 1000, "{}", CORPUS.len());
    for name in CORPUS.iter() {
        is_told(name).unwrap();
        is_told(&name.replace([' ', '.'], "_")).unwrap();
        is_told(&name.to_uppercase()).unwrap();
    }
}

#[test]
fn few_patterns_are_tried_in_an_ordinary_name() {
    let name = "A.Film.2020.1080p.BluRay.x264-GROUP.mkv";
    let tried: u32 = LISTS.iter().map(|(list, _)| list.of(name).may_stand.count_ones()).sum();
    let all: usize = LISTS.iter().map(|(_, written)| written.len()).sum();
    assert!(tried < 12 && all > 60, "{tried} of {all}");
}

/// Words in which the patterns stand, or nearly.
const WORDS: &[&str] = &[
    "S01E02",
    "1920x1080",
    "1900×800p",
    "E01 to E12",
    "Ep.3 à E4",
    "(01-26)",
    "【01~12】",
    "batch",
    "COMPLETE SERIES",
    "1ª a 3ª Temporada",
    "stagioni",
    "12v2",
    "серия 5",
    "СЕРИИ (7",
    "720i",
    "576p",
    "WQHD",
    "QuadHD",
    "WEB-DLRip",
    "WEB.DL Rip",
    "BDMux",
    "HD TV Rip",
    "VHSRip",
    "PDTV",
    "PreDVDRip",
    "S-print",
    "remux",
    "[BD]",
    " BD ",
    "x.264",
    "AVC",
    "HEVC-10",
    "Hi10P",
    "DoVi",
    "DV",
    "HDR10+",
    "HDR10P",
    "HDR",
    "SDR",
    "DTS-HD.MA",
    "DTSX",
    "DTS",
    "Dolby Atmos",
    "TrueHD",
    "FLAC2.0",
    "E-AC-3",
    "DDP 5.1",
    "DDPA5",
    "DD2+",
    "DD Plus",
    "-AC3",
    "DD5.1",
    "Dolby D",
    "QAAC",
    "HE-AAC",
    "Opus",
    "LPCM",
    "MP3",
    "Clean Audio",
    "5.1ch",
    "AAC 5 1",
    "x7.1x2",
    "MA_7 1",
    "2.0",
    "FLAC_2_0",
    "stereo",
    "mono",
    "ESubs",
    "+Hin",
    "Hin&",
    "telugu",
    "(Tel",
    "Tam)",
    "TAMIL",
    "malayalam",
    "മ",
    "kannada",
    "ಕ",
    "marathi",
    "gujarati",
    "ગ",
    "Panjabi",
    "bangla",
    "ব",
    "の",
    "中",
    "Ж",
    "ع",
    "ก",
    "ह",
    "sample",
    "/Samples/",
    "ſample",
    "DTſ",
    "\u{212a}annada",
    "İ",
    "é",
    "_",
    "2019",
    "The",
    "A",
    "١٢",
    "x",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn each_pattern_is_seen_in_any_mix_where_it_stands(
        words in proptest::collection::vec(
            prop_oneof![
                4 => proptest::sample::select(WORDS).prop_map(str::to_owned),
                2 => proptest::sample::select(CORPUS.as_slice()),
                1 => "[ -~]{1,8}",
                1 => "\\PC{1,4}",
                1 => "[A-Za-z]{1,4}[0-9]{0,2}",
            ],
            1..7,
        ),
        between in proptest::collection::vec("[ ._,/()+-]{0,2}", 7),
        case in 0..4,
    ) {
        let mixed = words.iter().zip(&between).flat_map(|(word, end)| [word.as_str(), end.as_str()]);
        let name = mixed.collect::<String>();
        let name = match case {
            0 => name.to_uppercase(),
            1 => name.to_lowercase(),
            _ => name,
        };
        prop_assert_eq!(is_told(&name), Ok(()));
    }
}
