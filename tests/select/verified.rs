//! What the crowd has checked: the list and the choice of the file believe it alike.

use std::collections::HashMap;

use credenza::media::{AnimePlace, Episode, Query, Title};
use credenza::select::{self, Merit, Preferences, Reason, Target};
use credenza::torrent::{IndexName, InfoHash, Torrent, TorrentFile, unique};

fn file(name: &str, sid: &str, asid: &str) -> TorrentFile {
    let told = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    TorrentFile {
        name: name.to_owned(),
        size_bytes: Some(1 << 30),
        sid: told(sid),
        asid: told(asid),
        ..TorrentFile::default()
    }
}

/// The anime "Show": entry 500 at `AniDB`, tt0000001 at IMDb.
fn query(id: &str, anidb: Option<u32>, at_imdb: Option<Episode>) -> Query {
    let title = Title {
        name: "Show".to_owned(),
        imdb: "tt0000001".parse().ok(),
        imdb_episode: at_imdb,
        anidb: Some(AnimePlace { id: 500, episode: anidb }),
        is_anime: true,
        ..Title::default()
    };
    Query { id: id.parse().unwrap(), title: Some(title) }
}

/// Whether the list says that a torrent of these files was checked, and the file that is chosen for
/// having been checked.
fn believed(files: &[TorrentFile], query: &Query) -> (bool, Option<String>) {
    let torrent = Torrent {
        info_hash: InfoHash::from_bytes([1; 20]),
        name: "Show 1080p".to_owned(),
        size_bytes: None,
        seeders: None,
        file_index: None,
        file_name: None,
        trackers: Vec::new(),
        indexer: None,
        files: files.into(),
        index: IndexName::StremThru,
    };
    let none = HashMap::<_, _>::new();
    let ranked = select::rank(unique([torrent]), &none, query, &Preferences::default());
    let listed = ranked[0].reasons.contains(&Merit::VerifiedEpisode);
    let pick = select::pick(files, &Target::of(query, None, None)).ok();
    let pick = pick.filter(|pick| pick.match_reasons.contains(&Reason::VerifiedEpisode));
    (listed, pick.map(|pick| pick.file.file.name))
}

#[test]
fn what_was_asked_decides_before_a_number_that_a_map_worked_out() {
    let third = Some(Episode { season: 2, number: 3 });
    let place = query("tt0000001:2:3", Some(4), None);
    let own = query("anidb:500:4", Some(4), third);
    let kitsu = query("kitsu:7:4", Some(4), third);
    let film = query("kitsu:7", None, None);
    for (files, query, chosen) in [
        // The map counts a recap that the crowd's list at AniDB does not.
        (vec![file("a.mkv", "tt0000001:2:3", "500:3")], &place, Some("a.mkv")),
        (vec![file("a.mkv", "tt0000001:2:4", "500:4")], &place, None),
        (
            vec![file("a.mkv", "tt0000001:2:3", "500:3"), file("b.mkv", "tt0000001:2:4", "500:4")],
            &place,
            Some("a.mkv"),
        ),
        // Where the place at IMDb is not told, or is another series', the entry at AniDB counts.
        (vec![file("a.mkv", "", "500:4")], &place, Some("a.mkv")),
        (vec![file("a.mkv", "tt0000009:2:3", "500:4")], &place, Some("a.mkv")),
        (vec![file("a.mkv", "tt0000009:2:3", "501:4")], &place, None),
        // Asked by an anime's own catalogue it is the other way round.
        (
            vec![file("a.mkv", "tt0000001:2:3", "500:3"), file("b.mkv", "tt0000001:2:4", "500:4")],
            &own,
            Some("b.mkv"),
        ),
        (vec![file("a.mkv", "tt0000001:2:3", "")], &own, Some("a.mkv")),
        (vec![file("a.mkv", "tt0000001:2:3", "500:3")], &kitsu, None),
        // A film is checked by its place at IMDb, whatever catalogue it was asked by.
        (
            vec![file("a.mkv", "tt0000001", ""), file("b.mkv", "tt0000002", "")],
            &film,
            Some("a.mkv"),
        ),
        (vec![file("a.mkv", "", "500"), file("b.mkv", "", "501")], &film, Some("a.mkv")),
    ] {
        let (listed, pick) = believed(&files, query);
        assert_eq!(pick.as_deref(), chosen, "{}: {files:?}", query.id);
        assert_eq!(listed, chosen.is_some(), "{}: {files:?}", query.id);
    }
}
