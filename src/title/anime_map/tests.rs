use super::build::{Builder, Place};
use super::*;

fn at(season: u32, number: u32) -> Episode {
    Episode { season, number }
}

fn entry(kitsu: u32, first: Option<Episode>) -> Entry {
    let imdb = "tt0000007".parse().ok();
    Entry {
        kitsu: Some(kitsu),
        anidb: Some(kitsu + 8_000_000),
        imdb,
        imdb_first: first,
        ..Entry::default()
    }
}

fn map(rows: &[Entry]) -> AnimeMap {
    let mut builder = Builder::default();
    for row in rows {
        builder.add(*row);
    }
    let map = AnimeMap::default();
    map.put(Table::read(builder.build(1).unwrap()).unwrap());
    map
}

/// Seasons of these lengths, and two specials.
fn order(lengths: &[u32]) -> Order {
    let seasons =
        (1..).zip(lengths).flat_map(|(season, last)| (1..=*last).map(move |n| at(season, n)));
    Order::of(seasons.chain([at(0, 1), at(0, 2)]))
}

#[test]
fn the_built_in_table_is_sound_and_written_again_is_the_same() {
    let table = Table::read(BUNDLED).unwrap();
    assert!(table.rows() > 7_000 && BUNDLED.len() < 600 << 10, "{}", BUNDLED.len());
    let mut builder = Builder::default();
    for row in table.entries() {
        builder.add(row);
    }
    let mut skipped = std::collections::BTreeMap::<u32, Vec<u32>>::new();
    for (kitsu, number) in table.all_skipped() {
        skipped.entry(kitsu).or_default().push(number);
    }
    for (kitsu, skipped) in skipped {
        let row = table.by_anime(AnimeBase::Kitsu, kitsu).next().unwrap();
        let (imdb, first) = (row.imdb.unwrap(), row.imdb_first);
        builder.place(kitsu, Place { imdb, first, skipped });
    }
    assert!(builder.build(table.day()).unwrap() == BUNDLED, "the program and make.py differ");
}

#[test]
fn a_damaged_table_is_refused() {
    for damage in 0..200 {
        let mut bytes = BUNDLED[..].to_vec();
        let place = damage * bytes.len() / 200;
        // The day of the data is nobody's business but people's.
        if (8..12).contains(&place) {
            continue;
        }
        bytes[place] ^= 0x10;
        assert!(Table::read(bytes).is_err(), "byte {place}");
    }
    for length in [0, 7, 8, 47, 48, 49, BUNDLED.len() - 1] {
        assert!(Table::read(BUNDLED[..length].to_vec()).is_err(), "{length} bytes");
    }
    assert!(Table::read([BUNDLED, b"x"].concat()).is_err());
}

#[test]
fn a_row_is_found_by_each_of_its_ids() {
    use AnimeBase::{AniDb, Kitsu, MyAnimeList};
    let map = AnimeMap::default();
    // Facts of the public lists (tests/data/anime-ids, bangumi-data).
    for (base, id, anidb, mal, tmdb) in [
        (AniDb, 69, Some(69), Some(21), Some((false, 37854))),
        (MyAnimeList, 21, Some(69), Some(21), Some((false, 37854))),
        (AniDb, 9541, Some(9541), Some(16498), Some((false, 1429))),
        (MyAnimeList, 1, Some(23), Some(1), Some((false, 30991))),
        (AniDb, 7, Some(7), Some(164), Some((true, 128))),
        (Kitsu, 142, Some(7), Some(164), Some((true, 128))),
        (Kitsu, 2895, Some(5459), Some(3269), Some((false, 8864))),
    ] {
        let found = map.anime(base, id).unwrap();
        let told = found.tmdb.map(|tmdb| (tmdb.film, tmdb.id));
        assert_eq!((found.anidb, found.mal, told), (anidb, mal, tmdb), "{base:?} {id}");
    }
    assert_eq!(map.anime(AniDb, 8_388_607), None);
    let film = map.of_imdb("tt0119698".parse().unwrap());
    assert_eq!(film.iter().map(|row| row.kitsu).collect::<Vec<_>>(), [Some(142)]);
    let seasons = map.of_imdb("tt3123886".parse().unwrap());
    let seasons: Vec<_> = seasons.iter().map(|row| (row.kitsu.unwrap(), row.imdb_first)).collect();
    assert_eq!(seasons, [(5, Some(at(1, 1))), (1007, Some(at(2, 1)))]);
    assert!(map.of_imdb("tt99999999".parse().unwrap()).is_empty());
}

#[test]
fn an_episode_at_imdb_is_in_the_entry_that_holds_it() {
    let spread = [entry(1, Some(at(1, 1))), entry(2, Some(at(2, 1))), entry(3, Some(at(2, 13)))];
    let long = [entry(1, Some(at(1, 1))), entry(9, Some(at(0, 5)))];
    let gap = [entry(1, Some(at(1, 1))), entry(4, Some(at(4, 1)))];
    let nobody_told = [entry(1, None)];
    let rivals = [entry(1, None), entry(2, None)];
    let one_told = [entry(1, None), entry(2, Some(at(1, 1)))];
    for (name, rows, lengths, asked, wanted) in [
        ("first", &spread[..], &[12, 24][..], at(1, 5), Some((1, 5))),
        ("second", &spread, &[12, 24], at(2, 3), Some((2, 3))),
        ("second half", &spread, &[12, 24], at(2, 13), Some((3, 1))),
        ("second half, no list", &spread, &[], at(2, 14), Some((3, 2))),
        ("a season not mapped yet", &spread, &[12, 24, 12], at(3, 1), None),
        ("through seasons", &long, &[8, 22, 17], at(3, 2), Some((1, 32))),
        ("through seasons, no list", &long, &[], at(3, 2), None),
        ("first season, no list", &long, &[], at(1, 7), Some((1, 7))),
        ("not listed yet", &long, &[8, 22, 17], at(3, 19), Some((1, 49))),
        ("a season not listed yet", &long, &[8, 22, 17], at(4, 2), Some((1, 49))),
        ("special", &long, &[8], at(0, 6), Some((9, 2))),
        ("special before the first", &long, &[8], at(0, 2), None),
        ("between", &gap, &[10, 10, 10, 10], at(3, 1), Some((1, 21))),
        ("after", &gap, &[10, 10, 10, 10], at(4, 2), Some((4, 2))),
        ("no place told", &nobody_told, &[10, 10], at(2, 1), Some((1, 11))),
        ("two without a place", &rivals, &[10], at(1, 1), None),
        ("one of two told", &one_told, &[10], at(1, 4), Some((2, 4))),
    ] {
        let map = map(rows);
        let rows = map.of_imdb("tt0000007".parse().unwrap());
        let found = map.holding_at_imdb(&rows, asked, &order(lengths));
        let found = found.map(|(row, number)| (row.kitsu.unwrap(), number));
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn an_anime_episode_stands_at_imdb_where_its_entry_begins() {
    let map = AnimeMap::default();
    for (first, lengths, number, wanted) in [
        (Some(at(1, 1)), &[12, 12][..], 5, Some(at(1, 5))),
        (Some(at(2, 1)), &[12, 12], 5, Some(at(2, 5))),
        (Some(at(2, 13)), &[], 2, Some(at(2, 14))),
        (None, &[], 7, Some(at(1, 7))),
        (None, &[8, 22, 17], 32, Some(at(3, 2))),
        (Some(at(1, 1)), &[8, 22, 17], 47, Some(at(3, 17))),
        // Beyond what is listed: of one season it may be new, of several nobody knows where.
        (Some(at(1, 1)), &[8], 9, Some(at(1, 9))),
        (Some(at(1, 1)), &[8, 22, 17], 48, None),
        (Some(at(0, 5)), &[8], 2, Some(at(0, 6))),
    ] {
        let found = map.at_imdb(&entry(9_000_001, first), number, &order(lengths));
        assert_eq!(found, wanted, "{first:?} {number}");
    }
}

#[test]
fn episodes_that_imdb_does_not_count_shift_those_after_them() {
    let list = r#"[{"kitsu_id":12,"imdb_id":"tt0000007","fromSeason":1,"fromEpisode":1,
        "nonImdbEpisodes":[3,5]}]"#;
    let mut reader = shapes::Reader::default();
    reader.take(list.as_bytes());
    let bytes = reader.finish().unwrap().build(1).unwrap();
    let map = AnimeMap::default();
    map.put(Table::read(bytes).unwrap());
    let rows = map.of_imdb("tt0000007".parse().unwrap());
    let order = order(&[3, 10]);
    for (own, imdb) in [
        (1, Some(at(1, 1))),
        (2, Some(at(1, 2))),
        (3, None),
        (4, Some(at(1, 3))),
        (5, None),
        (6, Some(at(2, 1))),
        (7, Some(at(2, 2))),
    ] {
        assert_eq!(map.at_imdb(&rows[0], own, &order), imdb, "{own}");
        if let Some(imdb) = imdb {
            let (_, number) = map.holding_at_imdb(&rows, imdb, &order).unwrap();
            assert_eq!(number, own, "{imdb}");
        }
    }
}

#[test]
fn a_fetched_map_is_asked_first_and_the_built_in_one_fills_its_gaps() {
    let kitsu = 9_000_000;
    let row = Entry { mal: Some(21), kitsu: Some(kitsu), ..Entry::default() };
    let map = map(&[row]);
    let found = map.anime(AnimeBase::MyAnimeList, 21).unwrap();
    assert_eq!((found.kitsu, found.anidb), (Some(kitsu), Some(69)));
    assert_eq!(map.anime(AnimeBase::AniDb, 9541).and_then(|row| row.mal), Some(16498));
}

proptest::proptest! {
    #[test]
    fn what_is_counted_there_is_counted_back(
        lengths in proptest::collection::vec(1u32..30, 1..6),
        skipped in proptest::collection::btree_set(1u32..60, 0..4),
        number in 1u32..80,
    ) {
        let skipped: Vec<u32> = skipped.into_iter().collect();
        let order = order(&lengths);
        let first = Some(at(1, 1));
        if let Some(place) = place::place_of(first, number, &skipped, &order)
            && lengths.iter().sum::<u32>() + u32::try_from(skipped.len()).unwrap() >= number
        {
            let rows = [entry(1, first)];
            let back = holding(&rows, place, &order, |row| row.imdb_first, |_| skipped.clone());
            proptest::prop_assert_eq!(back.map(|(_, number)| number), Some(number));
        }
    }

    #[test]
    fn never_panics_on_a_strangers_table(mut bytes in proptest::collection::vec(0u8..=255, 0..400)) {
        let _ = Table::read(bytes.clone());
        // With a head and a sum that are right, the rest may still be anything.
        let length = bytes.len() / table::ROW * table::ROW;
        bytes.truncate(length);
        let rows = u32::try_from(length / table::ROW).unwrap();
        let mut whole = table::MAGIC.to_vec();
        for count in [7, rows, 0, 0, 0, 0, 0, 0] {
            whole.extend_from_slice(&u32::to_le_bytes(count));
        }
        whole.extend_from_slice(&table::checksum(&bytes).to_le_bytes());
        whole.extend_from_slice(&bytes);
        let table = Table::read(whole).unwrap();
        proptest::prop_assert_eq!(table.entries().count(), rows as usize);
    }
}
