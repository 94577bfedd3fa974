//! The choice of a torrent's file, and the order of torrents: tables of one-line cases.

mod discs;
mod laws;
mod preferences;
mod rank;
mod verified;

use credenza::cli::Ending;
use credenza::cli::select::{Ask, run};
use credenza::media::{Episode, Query, StremioId, Wanted};
use credenza::select::{self, Reason, Target};
use credenza::torrent::TorrentFile;
use serde_json::{Value, json};

const GIB: u64 = 1 << 30;

fn file(name: &str) -> TorrentFile {
    TorrentFile { name: name.to_owned(), size_bytes: Some(GIB), ..TorrentFile::default() }
}

fn files(names: &[&str]) -> Vec<TorrentFile> {
    let numbered = names.iter().zip(0..);
    numbered.map(|(name, index)| TorrentFile { index: Some(index), ..file(name) }).collect()
}

fn episode(season: u32, number: u32) -> Target {
    Target::new(Wanted::Episode(Episode { season, number }))
}

fn absolute(number: u32, also: Option<(u32, u32)>) -> Target {
    let also = also.map(|(season, number)| Episode { season, number });
    Target::new(Wanted::Absolute { number, also })
}

fn film(title: &str, year: u16) -> Target {
    Target { title: Some(title.to_owned()), year: Some(year), ..Target::new(Wanted::Film) }
}

fn in_torrent(name: &str, target: Target) -> Target {
    Target { torrent_name: Some(name.to_owned()), ..target }
}

/// The name of the file that is chosen, or `-`.
fn chosen(names: &[&str], target: &Target) -> String {
    match select::pick(&files(names), target) {
        Ok(pick) => pick.file.file.name,
        Err(_) => "-".to_owned(),
    }
}

/// Why the only video of a torrent is chosen or not.
fn why(name: &str, target: &Target) -> Vec<Reason> {
    match select::pick(&[file(name)], target) {
        Ok(pick) => pick.match_reasons,
        Err(none) => none.considered[0].match_reasons.clone(),
    }
}

#[test]
fn the_table_of_scores_stands_as_mended() {
    use Reason::*;
    for (name, season, number, points, reason) in [
        ("One.Piece.S01E001.1080p.mkv", 1, 1, 1000.1, ExactEpisode),
        ("One.Piece.E001-E010.1080p.mkv", 1, 5, 500.1, MultiEpisode),
        ("One.Piece.001.mkv", 1, 1, 1000.1, ExactEpisode),
        ("One Piece - 001 [1080p].mkv", 1, 1, 1000.1, ExactEpisode),
        ("One Piece - 500 [1080p].mkv", 1, 500, 1000.1, ExactEpisode),
        ("One Piece - E01-E10.mkv", 1, 5, 500.1, MultiEpisode),
        ("Show.S01E01E02.mkv", 1, 2, 500.1, MultiEpisode),
        ("Show.1x05.mkv", 1, 5, 1000.1, ExactEpisode),
        ("[SubsPlease] Show - 05v2 (1080p) [ABCD1234].mkv", 1, 5, 1000.1, ExactEpisode),
        ("Show Episode 12.mkv", 1, 12, 1000.1, ExactEpisode),
        ("Season 2/05.mkv", 2, 5, 1000.1, ExactEpisode),
        ("Show S02/E05 - Name.mkv", 2, 5, 1000.1, ExactEpisode),
        ("Yes.Dear.103.XviD.avi", 1, 3, 1000.1, ExactEpisode),
        ("0103.mkv", 1, 3, 1000.1, ExactEpisode),
    ] {
        let pick = select::pick(&[file(name)], &episode(season, number)).expect(name);
        assert_eq!(pick.match_reasons, [reason], "{name}");
        assert!((pick.score - points).abs() < 0.001, "{name}: {}", pick.score);
        assert_eq!(pick.file.episode, Some(number), "{name}");
    }
}

#[test]
fn what_is_no_such_episode_is_passed_over_with_a_reason() {
    use Reason::*;
    for (name, season, number, reason) in [
        ("One.Piece.S02E001.mkv", 1, 1, SeasonContradicts),
        ("Season 2/05.mkv", 1, 5, SeasonContradicts),
        ("Show/Specials/Show - 05.mkv", 1, 5, SeasonContradicts),
        ("Show OVA 01.mkv", 1, 1, SeasonContradicts),
        ("Show - 05.mkv", 0, 5, SeasonContradicts),
        ("Random.Video.mkv", 1, 1, NoEpisode),
        ("Show - 12.5.mkv", 1, 12, NoEpisode),
        ("Show - S01E05.5 - Recap.mkv", 1, 5, NoEpisode),
        ("Show.S01E02.mkv", 1, 1, NoEpisode),
        ("Show.1920x1080.mkv", 20, 1080, NoEpisode),
        ("Show.1920x1080.mkv", 1, 1080, NoEpisode),
        ("Show.Name.2019.720p.mkv", 1, 19, NoEpisode),
        ("Show S01 1080p.mkv", 1, 1, NoEpisode),
        ("Extras/Making.Of.mkv", 1, 1, Extra),
        ("[G] Show - NCOP01.mkv", 1, 1, Extra),
        ("[G] Show - NCED 01 [1080p].mkv", 1, 1, Extra),
        ("sample.mkv", 1, 1, Sample),
        ("Sample/Show.S01E01.mkv", 1, 1, Sample),
        ("Show.S01E01.sample.mkv", 1, 1, Sample),
        ("Show.S01E01.srt", 1, 1, NotVideo),
        ("Show.S01E01.gif", 1, 1, NotVideo),
    ] {
        assert_eq!(why(name, &episode(season, number)), [reason], "{name} for {season}:{number}");
    }
}

#[test]
fn the_right_file_of_a_pack_is_chosen() {
    for (names, target, expected) in [
        (
            &["Show.S01E01.mkv", "Show.S01E02.mkv", "Show.S01E10.mkv"][..],
            episode(1, 2),
            "Show.S01E02.mkv",
        ),
        (&["Show.S01E01.mkv", "Show.S02E01.mkv"], episode(2, 1), "Show.S02E01.mkv"),
        (&["Season 1/01.mkv", "Season 2/01.mkv"], episode(2, 1), "Season 2/01.mkv"),
        (&["Season 1/01.mkv", "Season 1/02.mkv"], episode(2, 1), "-"),
        (
            &["One.Piece.001.mkv", "One.Piece.002.mkv", "One.Piece.011.mkv"],
            episode(1, 11),
            "One.Piece.011.mkv",
        ),
        (&["Area 51 1.mkv", "Area 51 2.mkv", "Area 51 3.mkv"], episode(1, 3), "Area 51 3.mkv"),
        (&["Show 101.avi", "Show 102.avi", "Show 110.avi"], episode(1, 10), "Show 110.avi"),
        (&["Show 003.avi", "Show 103.avi"], episode(1, 3), "Show 003.avi"),
        (&["Show.S01E01-E02.mkv", "Show.S01E02.mkv"], episode(1, 2), "Show.S01E02.mkv"),
        (
            &["Show.S01E01.mkv", "Show.S01E01.sample.mkv", "Show.S01E01.nfo"],
            episode(1, 1),
            "Show.S01E01.mkv",
        ),
        (&["Specials/01.mkv", "Season 1/01.mkv"], episode(0, 1), "Specials/01.mkv"),
        (&["Show.S00E01.mkv", "Show.S01E01.mkv"], episode(0, 1), "Show.S00E01.mkv"),
        (&["Naruto - 116 - 360 Degrees.mkv", "Naruto - 117 - Attack.mkv"], episode(1, 200), "-"),
        (
            &["Naruto - 116 - 360 Degrees.mkv", "Naruto - 117 - Attack.mkv"],
            episode(1, 116),
            "Naruto - 116 - 360 Degrees.mkv",
        ),
        (
            &["[G] Show - 01 [9E199846].mkv", "[G] Show - 02 [0A1B2C3D].mkv"],
            episode(1, 2),
            "[G] Show - 02 [0A1B2C3D].mkv",
        ),
    ] {
        assert_eq!(chosen(names, &target), expected, "{names:?}");
    }
}

#[test]
fn the_name_of_the_torrent_tells_a_season_that_its_files_do_not() {
    let names = ["01.mkv", "02.mkv"];
    for (torrent, season, expected) in [
        ("Show.S02.1080p.WEB-DL", 2, "02.mkv"),
        ("Show.S02.1080p.WEB-DL", 1, "-"),
        ("Show 1080p", 1, "02.mkv"),
        ("Show.S01-S03.1080p", 1, "02.mkv"),
    ] {
        assert_eq!(chosen(&names, &in_torrent(torrent, episode(season, 2))), expected, "{torrent}");
    }
    let target = in_torrent("Show.S01-S03.1080p", episode(1, 2));
    assert_eq!(why("02.mkv", &target), [Reason::EpisodeOnly]);
    let target = in_torrent("Show.S01E05.1080p.WEB-G", episode(1, 5));
    assert_eq!(why("a1b2c3.mkv", &target), [Reason::OnlyVideo]);
    let target = in_torrent("Show.S02E05.1080p.WEB-G", episode(1, 5));
    assert!(select::pick(&[file("a1b2c3.mkv")], &target).is_err());
}

#[test]
fn anime_is_counted_by_itself_or_as_imdb_does() {
    use Reason::*;
    for (name, target, reason) in [
        ("One Piece - 500 [1080p].mkv", absolute(500, None), AbsoluteEpisode),
        ("One Piece - 1098.mkv", absolute(1098, Some((22, 10))), AbsoluteEpisode),
        ("One.Piece.S22E10.mkv", absolute(1098, Some((22, 10))), ExactEpisode),
        ("One.Piece.S01E1098.mkv", absolute(1098, Some((22, 10))), AbsoluteEpisode),
        ("One.Piece.S22E1098.mkv", absolute(1098, Some((22, 10))), AbsoluteEpisode),
        ("One Piece - 010.mkv", absolute(1098, Some((22, 10))), NoEpisode),
        ("Show S2 - 03.mkv", absolute(3, Some((2, 3))), ExactEpisode),
        ("Show.S01E03.mkv", absolute(3, Some((2, 3))), SeasonContradicts),
        ("Show.S01E13.mkv", absolute(1, Some((1, 13))), ExactEpisode),
        ("Show.S01E01.mkv", absolute(1, Some((1, 13))), NoEpisode),
        ("Show.S02E05.mkv", absolute(5, None), EpisodeOnly),
    ] {
        assert_eq!(why(name, &target), [reason], "{name}");
    }
    let halves = ["Show - 01.mkv", "Show - 13.mkv"];
    assert_eq!(chosen(&halves, &absolute(1, Some((1, 13)))), "Show - 13.mkv");
}

#[test]
fn a_day_names_an_episode() {
    let target = Target { air_date: Some("2024-03-12".to_owned()), ..episode(29, 30) };
    let days = ["The.Daily.Show.2024.03.11.720p.mkv", "The.Daily.Show.2024.03.12.720p.mkv"];
    assert_eq!(chosen(&days, &target), days[1]);
    assert_eq!(why(days[1], &target), [Reason::AirDate]);
    assert_eq!(why(days[0], &target), [Reason::NoEpisode]);
}

#[test]
fn what_the_crowd_has_verified_goes_before_names() {
    let with = |name: &str, sid: Option<&str>, asid: Option<&str>| TorrentFile {
        sid: sid.map(str::to_owned),
        asid: asid.map(str::to_owned),
        ..file(name)
    };
    let asked = |id: &str| {
        let id: StremioId = id.parse().unwrap();
        Target::of(&Query { id, title: None }, None, None)
    };
    let list =
        [with("Show.S01E05.mkv", None, None), with("odd name.mkv", Some("tt0000001:1:5"), None)];
    let pick = select::pick(&list, &asked("tt0000001:1:5")).unwrap();
    assert_eq!((pick.file.file.name.as_str(), pick.score.floor()), ("odd name.mkv", 2000.0));
    assert_eq!((pick.file.season, pick.file.episode), (Some(1), Some(5)));
    let pick = select::pick(&list, &asked("tt0000002:1:5")).unwrap();
    assert_eq!(pick.file.file.name, "Show.S01E05.mkv", "another series says nothing");
    let other = [with("Show.S01E05.mkv", Some("tt0000001:1:6"), None)];
    assert!(select::pick(&other, &asked("tt0000001:1:5")).is_err(), "verified as another");
    let anime = [with("x.mkv", None, Some("69:500")), with("x 500.mkv", None, Some("69:501"))];
    assert_eq!(select::pick(&anime, &asked("anidb:69:500")).unwrap().file.file.name, "x.mkv");
}

#[test]
fn a_film_is_the_only_video_the_title_or_the_largest() {
    let sized = |name: &str, size: u64| TorrentFile { size_bytes: Some(size), ..file(name) };
    for (list, target, expected) in [
        (vec![sized("x.mkv", 9)], film("Film", 2019), "x.mkv"),
        (
            vec![sized("Film.2019.mkv", GIB), sized("Sample/Film.mkv", GIB), sized("f.nfo", 1)],
            film("Film", 2019),
            "Film.2019.mkv",
        ),
        (
            vec![sized("Alien.1979.mkv", GIB), sized("Aliens.1986.mkv", 2 * GIB)],
            film("Alien", 1979),
            "Alien.1979.mkv",
        ),
        (
            vec![sized("Alien.1979.mkv", GIB), sized("Aliens.1986.mkv", 2 * GIB)],
            film("Aliens", 1986),
            "Aliens.1986.mkv",
        ),
        (
            vec![sized("Dune.1984.mkv", 2 * GIB), sized("Dune.2021.mkv", GIB)],
            film("Dune", 2021),
            "Dune.2021.mkv",
        ),
        (
            vec![sized("Alien.1979.mkv", GIB), sized("Aliens.1986.mkv", 2 * GIB)],
            film("Predator", 1987),
            "-",
        ),
        (
            vec![sized("Alien.1979.mkv", GIB), sized("Aliens.1986.mkv", 2 * GIB)],
            Target::new(Wanted::Film),
            "-",
        ),
        (
            vec![sized("Film.mkv", GIB), sized("www.site.mp4", GIB / 100)],
            Target::new(Wanted::Film),
            "Film.mkv",
        ),
        (
            vec![sized("Film.2019.cd1.avi", GIB), sized("Film.2019.cd2.avi", 2 * GIB)],
            film("Film", 2019),
            "Film.2019.cd1.avi",
        ),
        (
            vec![sized("Film.2019.720p.mkv", GIB), sized("Film.2019.1080p.mkv", 2 * GIB)],
            film("Film", 2019),
            "Film.2019.1080p.mkv",
        ),
        (
            vec![sized("Film.2019.mkv", GIB), sized("Film.2019.Trailer.mkv", 2 * GIB)],
            film("Film", 2019),
            "Film.2019.mkv",
        ),
        (
            vec![sized("Show.S01E01.mkv", GIB), sized("Show.S01E02.mkv", 2 * GIB)],
            film("Show", 2019),
            "-",
        ),
        (vec![sized("f.srt", 9)], film("Film", 2019), "-"),
        (vec![], film("Film", 2019), "-"),
        (
            vec![sized("Wonder.Woman.1984.mkv", GIB)],
            film("Wonder Woman 1984", 2020),
            "Wonder.Woman.1984.mkv",
        ),
        (vec![sized("Dune.1984.mkv", GIB)], in_torrent("Dune.2021.1080p", film("Dune", 2021)), "-"),
        (vec![sized("Dune.1984.mkv", GIB)], in_torrent("Dune", film("Dune", 2021)), "-"),
        // An index that puts a film's name on another film's hash.
        (
            vec![sized("Other.Film.2014.1080p.mkv", GIB)],
            in_torrent("Film.2019.1080p", film("Film", 2019)),
            "-",
        ),
        (
            vec![sized("Sen.to.Chihiro.2001.mkv", GIB)],
            in_torrent("Sen to Chihiro 2001", film("Spirited Away", 2001)),
            "Sen.to.Chihiro.2001.mkv",
        ),
        (
            vec![sized("grp-flm.mkv", GIB)],
            in_torrent("Film.2019.1080p", film("Film", 2019)),
            "grp-flm.mkv",
        ),
    ] {
        let picked =
            select::pick(&list, &target).map_or("-".to_owned(), |pick| pick.file.file.name);
        assert_eq!(picked, expected, "{list:?}");
    }
    let two = [sized("Alien.1979.mkv", GIB), sized("Aliens.1986.mkv", 2 * GIB)];
    let refused = select::pick(&two, &Target::new(Wanted::Film)).unwrap_err();
    assert!(refused.reason.contains("different films"), "{refused}");
    let pointed = Target { file_index: Some(1), ..Target::new(Wanted::Film) };
    let pick = select::pick(&files(&["Alien.1979.mkv", "Aliens.1986.mkv"]), &pointed).unwrap();
    assert_eq!((pick.file.file.index, pick.match_reasons), (Some(1), vec![Reason::Index]));
}

#[test]
fn small_reasons_tell_equal_files_apart() {
    let names = ["Show.S01E01.mkv", "Other.S01E01.mkv"];
    let target = Target { title: Some("Other".to_owned()), ..episode(1, 1) };
    assert_eq!(chosen(&names, &target), "Other.S01E01.mkv");
    let target =
        Target { aliases: vec!["Other".to_owned()], title: Some("X".to_owned()), ..episode(1, 1) };
    assert_eq!(why("Other.S01E01.mkv", &target), [Reason::ExactEpisode, Reason::Alias]);
    let target = in_torrent("Show.S01E01.mkv", episode(1, 1));
    assert_eq!(
        why("Show.S01E01.mkv", &target),
        [Reason::ExactEpisode, Reason::ExactName, Reason::Title]
    );
    let target = Target { file_index: Some(1), ..episode(1, 1) };
    assert_eq!(chosen(&["a.S01E01.mkv", "b.S01E01.mkv"], &target), "b.S01E01.mkv");
}

#[test]
fn a_file_without_link_is_passed_over_only_where_another_has_one() {
    let linked = TorrentFile { link: Some("stremthru://x".to_owned()), ..file("Show.S01E02.mkv") };
    let list = [file("Show.S01E01.mkv"), linked];
    let refused = select::pick(&list, &episode(1, 1)).unwrap_err();
    assert!(refused.considered.iter().any(|one| one.match_reasons == [Reason::NoLink]));
    assert!(select::pick(&list[..1], &episode(1, 1)).is_ok());
}

#[test]
fn twenty_thousand_files_are_quick_enough() {
    let episodes = (0..20_000).map(|n| {
        file(&format!(
            "Show/Season {}/Show.S{0:02}E{:03}.1080p.WEB.x264-G.mkv",
            n / 200 + 1,
            n % 200
        ))
    });
    let list: Vec<TorrentFile> = episodes.collect();
    // A regular expression compiled a file would take minutes: the runner's own limit.
    let pick = select::pick(&list, &episode(42, 117)).unwrap();
    assert_eq!(pick.file.file.name, "Show/Season 42/Show.S42E117.1080p.WEB.x264-G.mkv");
}

fn printed(ask: &Ask, input: &str) -> (Value, Result<(), String>) {
    let mut out = Vec::new();
    let outcome = run(ask, input.as_bytes(), &mut out).map_err(|ending| match ending {
        Ending::Failed(sentence) => sentence,
        other => panic!("{other:?}"),
    });
    (serde_json::from_slice(&out).unwrap_or(Value::Null), outcome)
}

#[test]
fn the_command_prints_the_choice_as_agreed() {
    let ask = Ask { season: Some(1), episode: Some(1), ..Ask::default() };
    let input = json!([
        {"index": 0, "name": "Show.S01E01.1080p.mkv", "size": 1_580_000_000_u64},
        {"index": "1", "name": "sample.mkv", "size": "2000"},
        {"index": -1, "name": "Show.S02E01.mkv", "size": null, "extra": {}},
    ]);
    let (answer, outcome) = printed(&ask, &input.to_string());
    assert_eq!(outcome, Ok(()));
    let score = answer["score"].as_f64().unwrap();
    assert!((score - 1000.147).abs() < 0.001, "{score}");
    assert_eq!(
        answer["file"],
        json!({"index": 0, "name": "Show.S01E01.1080p.mkv", "size": 1_580_000_000_u64, "season": 1, "episode": 1})
    );
    assert_eq!(answer["match_reasons"], json!(["exact_episode"]));
    assert_eq!(
        answer["considered"],
        json!([
            {"name": "Show.S02E01.mkv", "score": null, "match_reasons": ["season_contradicts"]},
            {"name": "sample.mkv", "score": null, "match_reasons": ["sample"]},
        ])
    );
}

#[test]
fn the_command_refuses_in_one_sentence() {
    let film = Ask::default();
    for (ask, input, told) in [
        (film.clone(), "[]", "lists no files"),
        (film.clone(), r#"[{"name":"a.txt"}]"#, "none of the torrent's 1 files is a video"),
        (film.clone(), r#"[{"name":"sample.mkv"}]"#, "samples or extras"),
        (film.clone(), "[", "line 1, column 1"),
        (film.clone(), "", "line 1, column 0"),
        (film.clone(), "{}", "not a JSON array"),
        (film.clone(), "<html>", "not a JSON array"),
        (film.clone(), "[{\"name\": 5}]", "line 1, column 11"),
        (Ask { season: Some(1), ..film.clone() }, "[]", "--episode"),
        (
            Ask { season: Some(1), episode: Some(2), ..film },
            r#"[{"name":"S.S02E02.mkv"}]"#,
            "of another season",
        ),
    ] {
        let (answer, outcome) = printed(&ask, input);
        let sentence = outcome.unwrap_err();
        assert!(sentence.contains(told) && !sentence.contains('\n'), "{input}: {sentence}");
        assert!(answer.is_null() || answer["file"].is_null(), "{input}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn strangers_files_never_end_the_program(
        names in proptest::collection::vec("(\\PC{0,40}|[sSeExX0-9 ._/()\\[\\]-]{0,40})(\\.mkv)?", 0..8),
        season in 0u32..30, number in 1u32..2000,
    ) {
        let list: Vec<TorrentFile> = names.iter().map(|name| file(name)).collect();
        let _ = select::pick(&list, &episode(season, number));
        let _ = select::pick(&list, &absolute(number, None));
        let _ = select::pick(&list, &Target::new(Wanted::Film));
    }
}
