//! The order of the torrents that were found.

#![allow(unused_imports)]

use super::*;
use std::collections::{BTreeMap, HashMap};

use credenza::cli::Ending;
use credenza::cli::select::{Ask, run};
use credenza::media::{Episode, Query, StremioId, Title, Wanted};
use credenza::select::{self, Candidate, Merit, Preferences, Reason, Target};
use credenza::torrent::{Availability, IndexName, InfoHash, Store, Torrent, TorrentFile, unique};
use serde_json::{Value, json};

pub(super) fn torrent(number: u8, name: &str) -> Torrent {
    Torrent {
        info_hash: InfoHash::from_bytes([number; 20]),
        name: name.to_owned(),
        size_bytes: Some(2 * GIB),
        seeders: Some(20),
        file_index: None,
        file_name: None,
        trackers: Vec::new(),
        indexer: None,
        files: [].into(),
        index: IndexName::Torrentio,
    }
}

pub(super) fn query(id: &str, name: &str, year: u16) -> Query {
    let title = Title {
        name: name.to_owned(),
        year: Some(year),
        imdb: None,
        aliases: Vec::new(),
        imdb_episode: None,
        air_date: None,
        ..Title::default()
    };
    Query { id: id.parse().expect("an id"), title: Some(title) }
}

fn ranked(torrents: Vec<Torrent>, stores: &[(u8, Availability)], query: &Query) -> Vec<Candidate> {
    let of = |one: &(u8, Availability)| {
        (InfoHash::from_bytes([one.0; 20]), BTreeMap::from([(Store::RealDebrid, one.1)]))
    };
    let availability: HashMap<_, _> = stores.iter().map(of).collect();
    select::rank(unique(torrents), &availability, query, &Preferences::default())
}

fn order(names: &[&str], stores: &[(u8, Availability)], query: &Query) -> Vec<u8> {
    let torrents = names.iter().zip(0..).map(|(name, number)| torrent(number, name)).collect();
    ranked(torrents, stores, query).iter().map(|one| one.torrent.info_hash.as_bytes()[0]).collect()
}

#[test]
fn torrents_stand_in_the_order_of_a_living_room() {
    use Availability::*;
    let film = query("tt0000001", "Film", 2019);
    let series = query("tt0000002:1:5", "Show", 2010);
    for (names, stores, query, expected) in [
        // 1080p before 2160p before 720p; a cinema's recording behind all of them.
        (
            &[
                "Film.2019.HDCAM.1080p",
                "Film.2019.720p.WEB-DL",
                "Film.2019.2160p.WEB-DL",
                "Film.2019.1080p.WEB-DL",
            ][..],
            &[][..],
            &film,
            &[3, 2, 1, 0][..],
        ),
        (&["Film.2019.1080p.WEB-DL", "Film.2019.720p.WEB-DL"], &[(1, Cached)], &film, &[1, 0]),
        (&["Film.2019.1080p.WEB-DL", "Film.2019.HDCAM"], &[(1, Cached)], &film, &[0, 1]),
        (&["Film.2019.1080p.WEB-DL", "Film.2019.HDCAM"], &[(0, Refused)], &film, &[1, 0]),
        (&["Other.2019.1080p.WEB-DL", "Film.2019.480p"], &[(0, Cached)], &film, &[1, 0]),
        (&["Film.1999.1080p.WEB-DL", "Film.2019.480p"], &[(0, Cached)], &film, &[1, 0]),
        (&["Film.S01E01.1080p.WEB-DL", "Film.2019.480p"], &[(0, Cached)], &film, &[1, 0]),
        (&["Show.S02E05.1080p.WEB-DL", "Show.S01E05.480p"], &[(0, Cached)], &series, &[1, 0]),
        (&["Show.S01E06.1080p.WEB-DL", "Show.S01E05.480p"], &[(0, Cached)], &series, &[1, 0]),
        (&["Show.S01.1080p.WEB-DL", "Show.S01E05.480p"], &[(0, Cached)], &series, &[0, 1]),
        (&["Show.S01-S03.1080p.WEB-DL", "Show.S02.1080p.WEB-DL"], &[(1, Cached)], &series, &[0, 1]),
    ] {
        assert_eq!(order(names, stores, query), expected, "{names:?}");
    }
}

#[test]
fn what_was_listed_by_its_id_is_demoted_for_its_name_and_not_put_aside() {
    use Merit::{TitleDiffers, TitleUnknown};
    let film = query("tt0000001", "Film", 2019);
    let series = query("tt0000002:1:5", "Show", 2010);
    let (by_id, by_words) = (IndexName::Torrentio, IndexName::Zilean);
    for (name, index, query, merit) in [
        ("Andere.2019.1080p.WEB-DL", by_id, &film, TitleUnknown),
        ("Andere.2019.1080p.WEB-DL", by_words, &film, TitleDiffers),
        ("Andere.2018.1080p.WEB-DL", by_id, &film, TitleDiffers),
        ("Andere.1080p.WEB-DL", by_id, &film, TitleDiffers),
        ("Otra.S01E05.1080p.WEB-DL", by_id, &series, TitleUnknown),
        ("Otra.S01.1080p.WEB-DL", by_id, &series, TitleUnknown),
        ("Otra.S01E05.1080p.WEB-DL", by_words, &series, TitleDiffers),
        ("Otra.S02E05.1080p.WEB-DL", by_id, &series, TitleDiffers),
        ("[G] Otra - 05 [1080p].mkv", by_id, &series, TitleDiffers),
        // A name that goes on where the title ends is another series'.
        ("Show.Beyond.S01E05.1080p.WEB-DL", by_id, &series, TitleDiffers),
    ] {
        let found = Torrent { index, ..torrent(1, name) };
        let all = ranked(vec![found], &[], query);
        assert!(all[0].reasons.contains(&merit), "{name} by {index}: {:?}", all[0].reasons);
        let aside = merit == TitleDiffers;
        assert_eq!(all[0].put_aside().is_some(), aside, "{name} by {index}");
        assert_eq!(all[0].why().contains("it is called otherwise"), !aside, "{}", all[0].why());
    }
    // Whatever speaks against what is called as the film is: `Andere` may be another film.
    let cached = [(0, Availability::Cached)];
    for right in ["Film.2019.480p", "Film.2019.CAM.x264", "Film.2019.HDCAM.480p"] {
        assert_eq!(order(&["Andere.2019.1080p.WEB-DL", right], &cached, &film), [1, 0], "{right}");
    }
    // It comes before what is never played by itself.
    let names = ["Film.2012.1080p.WEB-DL", "Andere.2019.480p"];
    assert_eq!(order(&names, &cached, &film), [1, 0]);
}

#[test]
fn a_pack_is_not_refused_and_a_program_stands_last() {
    let series = query("tt0000002:1:5", "Show", 2010);
    let pack = ranked(vec![torrent(1, "Show.S01.1080p.WEB-DL")], &[], &series);
    assert!(pack[0].score > 0.0 && pack[0].reasons.contains(&Merit::SeasonPack), "{pack:?}");
    let virus = Torrent {
        files: files(&["Show.S01E05.mkv.exe"]).into(),
        ..torrent(1, "Show.S01E05.1080p")
    };
    let empty = Torrent { files: files(&["readme.txt"]).into(), ..torrent(2, "Show.S01E05.1080p") };
    let other = torrent(3, "Different.S01E05.1080p");
    let all = ranked(vec![virus, empty, other], &[(1, Availability::Cached)], &series);
    assert_eq!(all[0].torrent.info_hash.as_bytes()[0], 3);
    assert!(all[1..].iter().all(|one| one.score < -50_000.0), "{all:?}");
}

#[test]
fn a_candidate_is_printed_as_agreed() {
    let film = query("tt0000001", "Film", 2019);
    let found = Torrent {
        file_index: Some(3),
        file_name: Some("Film.mkv".to_owned()),
        trackers: vec!["udp://tracker.example:1".to_owned()],
        indexer: Some("Nyaa".to_owned()),
        ..torrent(1, "Film.2019.1080p.WEB-DL.DV.DDP5.1.H.265-GRP")
    };
    let all = ranked(vec![found], &[(1, Availability::Cached)], &film);
    let mut value = serde_json::to_value(&all[0]).unwrap();
    let score = value.as_object_mut().unwrap().remove("score").unwrap();
    assert!(score.as_f64().unwrap() > 10_000.0);
    assert_eq!(
        value,
        json!({
            "info_hash": "0101010101010101010101010101010101010101",
            "name": "Film.2019.1080p.WEB-DL.DV.DDP5.1.H.265-GRP",
            "size_bytes": 2 * GIB, "seeders": 20, "file_index": 3, "file_name": "Film.mkv",
            "trackers": ["udp://tracker.example:1"], "found_by": ["torrentio"], "indexer": "Nyaa",
            "availability": {"realdebrid": "cached"},
            "release": {
                "title": "Film", "year": 2019, "seasons": [], "episodes": [], "resolution": "1080p",
                "quality": "WEB-DL", "codec": "hevc", "bit_depth": null, "hdr": ["DV"],
                "audio": ["Dolby Digital Plus"], "channels": ["5.1"], "languages": [],
                "group": "GRP", "batch": false
            },
            "reasons": ["cached", "title_match", "year_match", "1080p", "web", "dolby_vision_only", "seeders"]
        })
    );
}
