//! Which files of a torrent are a film's subtitles, and what their names say: by a table of how they
//! lie in real torrents.

use credenza::subtitle::{Beside, Language, beside, read_name};
use credenza::torrent::TorrentFile;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    what: String,
    film: String,
    files: Vec<(String, u64)>,
    expect: Vec<(String, Option<String>, String)>,
}

fn file((name, size): &(String, u64)) -> TorrentFile {
    TorrentFile { name: name.clone(), size_bytes: Some(*size), ..TorrentFile::default() }
}

fn told(one: Beside) -> (String, Option<String>, String) {
    let named = one.named;
    let flags = [(named.forced, "forced"), (named.sdh, "sdh")];
    let flags: Vec<&str> = flags.into_iter().filter(|flag| flag.0).map(|flag| flag.1).collect();
    let language = named.language.map(|language| language.code().to_owned());
    (one.file.name, language, flags.join(" "))
}

#[test]
fn subtitles_are_found_beside_their_film_and_beside_no_other() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../data/subtitles/names.json")).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let files: Vec<TorrentFile> = case.files.iter().map(file).collect();
        let film = files.iter().find(|file| file.name == case.film).unwrap();
        let mut found: Vec<_> = beside(&files, film).into_iter().map(told).collect();
        let mut expected = case.expect.clone();
        found.sort();
        expected.sort();
        if found != expected {
            wrong.push(format!("{}:\n  found    {found:?}\n  expected {expected:?}", case.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn forms_of_a_language_have_names_of_their_own() {
    for (name, tag, label) in [
        ("Film.pt-BR.srt", "pt-BR", "Portuguese (Brazil)"),
        ("Film.pob.srt", "pt-BR", "Portuguese (Brazil)"),
        ("Brazilian.por.srt", "pt-BR", "Portuguese (Brazil)"),
        ("Film.pt.srt", "pt", "Portuguese"),
        ("Film.zht.srt", "zh-Hant", "Chinese (traditional)"),
        ("Simplified.chi.srt", "zh-Hans", "Chinese (simplified)"),
        ("Latin American.spa.srt", "es-419", "Spanish (Latin America)"),
        ("Film.es-ES.srt", "es", "Spanish"),
        ("Film.fil.srt", "fil", "Filipino"),
        ("Film.scc.srt", "sr", "Serbian"),
    ] {
        let language = read_name(name, None).language.unwrap_or_else(|| panic!("{name}"));
        assert_eq!((language.tag(), language.name().as_str()), (tag, label), "{name}");
    }
    assert_eq!(Language::of_code("web"), None, "no code of two or three letters that is used");
    assert_eq!(Language::of_code("the"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 400 } else { 4000 }))]

    /// Strangers' names: whatever they are, nothing breaks, and a language is one of the table's.
    #[test]
    fn no_name_breaks_the_reader(name in "[ -~éßЖ日\u{202e}./\\\\_-]{0,60}", film in "[A-Za-z. é]{0,12}") {
        for film in [None, Some(film.as_str())] {
            if let Some(language) = read_name(&name, film).language {
                prop_assert_eq!(language.code().len(), 3);
                prop_assert!(!language.name().is_empty());
            }
        }
    }

    /// Every subtitle that is found is one of the torrent's files, once.
    #[test]
    fn what_is_found_is_there(
        names in prop::collection::vec("(Subs/|S1/|)(Film|Show S01E0[1-3]|2_Eng|en|)([.](en|de|forced))?[.](mkv|srt|sub|idx|ass)", 0..12),
        at in 0_usize..12,
    ) {
        let files: Vec<TorrentFile> = names.iter().map(|name| file(&(name.clone(), 1000))).collect();
        let Some(film) = files.get(at) else { return Ok(()) };
        let found = beside(&files, film);
        prop_assert!(found.len() <= files.len());
        for one in found {
            prop_assert!(files.contains(&one.file));
            prop_assert!(one.file.name.ends_with("srt") || one.file.name.ends_with("sub") || one.file.name.ends_with("ass"));
        }
    }
}
