//! Discs, parts, pieces, and numbers through all seasons: which file, and why not the others.

use credenza::media::{AnimePlace, Query, StremioId, Title};
use credenza::select::{self, Reason, Target};
use credenza::torrent::TorrentFile;

use super::{GIB, absolute, chosen, episode, film, in_torrent, why};

const MIB: u64 = 1 << 20;

fn sized(list: &[(&str, u64)]) -> Vec<TorrentFile> {
    let files = list.iter().map(|(name, size)| TorrentFile {
        name: (*name).to_owned(),
        size_bytes: Some(*size),
        ..TorrentFile::default()
    });
    files.collect()
}

#[test]
fn of_a_film_in_parts_the_first_is_played_and_of_a_disc_the_feature() {
    let asked = film("Film", 2019);
    for (list, expected) in [
        (&[("Film.2019.cd1.avi", GIB), ("Film.2019.cd2.avi", 2 * GIB)][..], "Film.2019.cd1.avi"),
        (&[("Film.2019.CD2.avi", GIB), ("Film.2019.CD1.avi", GIB)], "Film.2019.CD1.avi"),
        (&[("CD1/film.avi", GIB), ("CD2/film.avi", 2 * GIB)], "CD1/film.avi"),
        (
            &[
                ("BDMV/STREAM/00000.m2ts", 50 * MIB),
                ("BDMV/STREAM/00001.m2ts", 30 * GIB),
                ("BDMV/STREAM/00002.m2ts", 4 * GIB),
                ("BDMV/index.bdmv", 1),
            ],
            "BDMV/STREAM/00001.m2ts",
        ),
        (
            &[
                ("VIDEO_TS/VIDEO_TS.VOB", MIB),
                ("VIDEO_TS/VTS_01_0.VOB", MIB),
                ("VIDEO_TS/VTS_01_1.VOB", 300 * MIB),
                ("VIDEO_TS/VTS_02_1.VOB", GIB),
                ("VIDEO_TS/VTS_02_2.VOB", GIB),
                ("VIDEO_TS/VTS_02_3.VOB", GIB),
            ],
            "VIDEO_TS/VTS_02_1.VOB",
        ),
        (
            &[("grp-flm.mkv", 4 * GIB), ("Film.2019.mkv", 60 * MIB)],
            "grp-flm.mkv", // the other is a sample that is not called one
        ),
        (
            &[("Film.2019.1080p.mkv", 4 * GIB), ("Bonus/Film.2019.Making.Of.mkv", 6 * GIB)],
            "Film.2019.1080p.mkv",
        ),
        (
            &[("Film.2019.1080p.mkv", 4 * GIB), ("Film.2019.Trailer.mkv", 6 * GIB)],
            "Film.2019.1080p.mkv",
        ),
    ] {
        let pick =
            select::pick(&sized(list), &asked).unwrap_or_else(|no| panic!("{list:?}: {no:?}"));
        assert_eq!(pick.file.file.name, expected, "{list:?}");
        assert_eq!(pick.considered.len(), list.len() - 1, "{list:?}");
    }
    let list = sized(&[("Film.2019.cd1.avi", GIB), ("Film.2019.cd2.avi", GIB)]);
    let pick = select::pick(&list, &asked).unwrap();
    assert_eq!(pick.considered[0].match_reasons, [Reason::LaterPart]);
}

#[test]
fn the_parts_of_a_disc_are_no_episodes() {
    for names in [
        &["VIDEO_TS/VTS_01_1.VOB", "VIDEO_TS/VTS_01_2.VOB", "VIDEO_TS/VTS_01_3.VOB"][..],
        &["BDMV/STREAM/00001.m2ts", "BDMV/STREAM/00002.m2ts"],
        &["00001.m2ts", "00002.m2ts"],
    ] {
        for number in 1..4 {
            assert_eq!(chosen(names, &episode(1, number)), "-", "{names:?}");
            assert_eq!(chosen(names, &absolute(number, None)), "-", "{names:?}");
        }
    }
}

#[test]
fn a_piece_of_an_episode_is_passed_over_by_its_size() {
    let list = sized(&[("Show.S01E01.1080p.mkv", 2 * GIB), ("s/Show.S01E01.mkv", 30 * MIB)]);
    let target = in_torrent("Show.S01E01", episode(1, 1));
    let pick = select::pick(&list, &target).unwrap();
    assert_eq!(pick.file.file.name, "Show.S01E01.1080p.mkv");
    assert_eq!(pick.considered[0].match_reasons, [Reason::Sample]);
}

#[test]
fn a_count_through_all_seasons_finds_the_episode_of_a_later_season() {
    use Reason::*;
    let asked = Target { numbers: vec![1098], ..episode(22, 10) };
    for (name, reason) in [
        ("Show.S22E10.mkv", ExactEpisode),
        ("Show - 1098 [1080p].mkv", AbsoluteEpisode),
        ("Show.S01E1098.mkv", AbsoluteEpisode),
        ("[G] Show (1090-1100).mkv", MultiEpisode),
        ("Show - 010.mkv", NoEpisode),
        ("Show.S01E10.mkv", SeasonContradicts),
        ("Show.S21E10.mkv", SeasonContradicts),
    ] {
        assert_eq!(why(name, &asked), [reason], "{name}");
    }
    let names = ["Show - 010.mkv", "Show - 1097.mkv", "Show - 1098.mkv"];
    assert_eq!(chosen(&names, &asked), "Show - 1098.mkv");
    // Of the first season both counts are one.
    let first = Target { numbers: vec![5], ..episode(1, 5) };
    assert_eq!(why("Show - 05.mkv", &first), [ExactEpisode]);
}

#[test]
fn what_anidb_calls_it_is_known_for_ids_of_imdb_too() {
    let id: StremioId = "tt0000001:2:3".parse().unwrap();
    let anidb = Some(AnimePlace { id: 69, episode: Some(28) });
    let title = Title { name: "Show".to_owned(), anidb, is_anime: true, ..Title::default() };
    let target = Target::of(&Query { id, title: Some(title) }, None, None);
    let with = |name: &str, asid: &str| TorrentFile {
        asid: Some(asid.to_owned()),
        ..sized(&[(name, GIB)]).remove(0)
    };
    let list = [with("a.mkv", "69:27"), with("b.mkv", "69:28"), with("c.mkv", "70:28")];
    let pick = select::pick(&list, &target).unwrap();
    assert_eq!(
        (pick.file.file.name.as_str(), pick.match_reasons[0]),
        ("b.mkv", Reason::VerifiedEpisode)
    );
}

#[test]
fn names_of_three_digits_are_season_and_episode_only_where_nothing_else_fits() {
    for (names, target, expected) in [
        (&["Show.103.avi", "Show.104.avi", "Show.205.avi"][..], episode(1, 4), "Show.104.avi"),
        (&["Show.103.avi", "Show.104.avi", "Show.205.avi"], episode(2, 5), "Show.205.avi"),
        (&["Show.103.avi", "Show.104.avi"], episode(2, 3), "-"),
        (&["Show.099.avi", "Show.103.avi"], episode(1, 3), "-"),
        (&["Show.103.avi", "Show.104.avi"], episode(1, 103), "Show.103.avi"),
    ] {
        assert_eq!(chosen(names, &target), expected, "{names:?}");
    }
}
