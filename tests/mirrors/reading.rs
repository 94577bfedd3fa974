//! A mirror is read as a representation, whatever becomes of it.

use std::time::{Duration, Instant, UNIX_EPOCH};

use credenza::torrent::entity_tag;

use super::server::{Day, Mirror, film};
use super::{House, info_hash, read, wanted};

#[tokio::test]
async fn a_web_seed_is_a_representation_of_the_files_bytes() {
    let film = film(100_000);
    let mirror = Mirror::start(&film, Day::Sound);
    let house = House::new(&[&mirror], &[]);
    let wanted = wanted(&film, &[mirror.url("/seeds")]);
    assert!(house.mirrors.has_any(&wanted));
    let since = UNIX_EPOCH + Duration::from_secs(1_000_000);
    let open = house.mirrors.open_as_of(&wanted, since).await.unwrap();
    let len = film.len() as u64;
    assert_eq!((open.len(), open.media_type(), open.may_stall()), (len, "video/x-matroska", true));
    assert_eq!(open.entity_tag(), entity_tag(&info_hash(), &wanted.file));
    assert_eq!(open.last_modified(), since);
    for range in [0..len, 0..1, 17..70_001, len - 1..len, 5..5] {
        let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
        assert_eq!(
            read(&open, range.clone()).await,
            (film[start..end].to_vec(), None),
            "{range:?}"
        );
    }
    let path = "/seeds/Harbour%20%26%20Lights/Harbour%20Lights%20%282001%29/film%201.mkv";
    assert!(mirror.paths().iter().all(|asked| asked == path), "{:?}", mirror.paths());
}

#[tokio::test]
async fn a_mirror_that_dies_at_any_byte_is_followed_by_another_at_that_byte() {
    let film = film(100_000);
    let (first, second) = (Mirror::start(&film, Day::Sound), Mirror::start(&film, Day::Sound));
    let house = House::new(&[&first, &second], &[]);
    house.own(&[&first, &second]).await;
    let mut slowest = Duration::ZERO;
    for at in [1, 2, 4_095, 4_096, 4_097, 65_536, 300_001, 799_999] {
        let mut deaths: Vec<Day> =
            [401, 403, 404, 410, 451, 500, 503].map(|status| Day::DiesAt(at, status)).into();
        deaths.push(Day::ResetsAt(at));
        for death in deaths {
            first.turns(Day::Sound);
            let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
            first.turns(death.clone());
            second.forget();
            let begun = Instant::now();
            let (bytes, error) = read(&open, 0..open.len()).await;
            assert_eq!(error, None, "{death:?}");
            assert!(bytes == *film, "{death:?}: other bytes");
            let start = second.last_start().expect("the second one was read");
            // A reset takes along what was on its way.
            let lost = matches!(death, Day::ResetsAt(_));
            assert!(start <= at && (lost || at - start <= 4_096), "{death:?}: from {start}");
            slowest = slowest.max(begun.elapsed());
        }
    }
    // Less than the patience with a silent one.
    assert!(slowest < Duration::from_millis(2_800), "{slowest:?} for a film with a death in it");
}

#[tokio::test]
async fn a_mirror_that_falls_silent_is_followed_by_another_and_comes_last_from_then_on() {
    let film = film(100_000);
    for death in [Day::SilentAt(300_001), Day::TricklesAt(300_001)] {
        let (first, second) = (Mirror::start(&film, Day::Sound), Mirror::start(&film, Day::Sound));
        let house = House::new(&[&first, &second], &[]);
        house.own(&[&first, &second]).await;
        let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
        first.turns(death.clone());
        second.forget();
        assert!(read(&open, 0..open.len()).await == (film.to_vec(), None), "{death:?}");
        let start = second.last_start().expect("the second one was read");
        assert!(start <= 300_001 && 300_001 - start <= 5_200, "{death:?}: from {start}");
        // The film is opened anew, and the first one is quick to be tested.
        first.turns(Day::Sound);
        let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
        first.forget();
        second.forget();
        assert!(read(&open, 0..open.len()).await == (film.to_vec(), None), "{death:?}");
        assert_eq!((first.heads().len(), second.heads().len()), (0, 1), "{death:?}");
    }
}

/// The longest wait between two pieces, over 320 deaths at places that look random.
#[tokio::test]
async fn from_a_death_to_the_next_byte_it_takes_less_than_two_seconds() {
    let film = film(40_000);
    let len = film.len() as u64;
    let (first, second) = (Mirror::start(&film, Day::Sound), Mirror::start(&film, Day::Sound));
    let house = House::new(&[&first, &second], &[]);
    house.own(&[&first, &second]).await;
    let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
    let mut gaps = Vec::new();
    for number in 0..320_u64 {
        let at = 1 + (number * 2_654_435_761) % (len - 1);
        let death = match number % 9 {
            kind @ 0..7 => {
                let statuses = [401, 403, 404, 410, 451, 500, 503];
                Day::DiesAt(at, statuses[usize::try_from(kind).unwrap()])
            }
            7 => Day::ResetsAt(at),
            _ => Day::Shaky(at),
        };
        // The one that is read now is the one that dies.
        let (dies, lives) = if number % 2 == 0 { (&first, &second) } else { (&second, &first) };
        dies.turns(death.clone());
        lives.turns(Day::Sound);
        let (mut stream, mut bytes, mut gap) = (open.read(0..len), Vec::new(), Duration::ZERO);
        let mut last = Instant::now();
        while let Some(piece) = futures_util::StreamExt::next(&mut stream).await {
            bytes.extend_from_slice(&piece.unwrap_or_else(|error| panic!("{death:?}: {error}")));
            gap = gap.max(last.elapsed());
            last = Instant::now();
        }
        assert!(bytes == *film, "{death:?}: other bytes");
        gaps.push(gap);
    }
    gaps.sort();
    let (middle, p99, longest) = (gaps[159], gaps[316], gaps[319]);
    println!("320 deaths: {middle:?} in the middle, {p99:?} at p99, {longest:?} at most");
    assert!(p99 < Duration::from_secs(2), "{p99:?} at p99");
}

#[tokio::test]
async fn a_film_goes_on_through_the_deaths_of_all_but_one_and_ends_only_with_the_last() {
    let film = film(100_000);
    let mirrors: Vec<Mirror> = (0..6).map(|_| Mirror::start(&film, Day::Sound)).collect();
    let all: Vec<&Mirror> = mirrors.iter().collect();
    let house = House::new(&all, &[]);
    house.own(&all).await;
    let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
    for (number, mirror) in (1..).zip(&mirrors) {
        mirror.turns(Day::DiesAt(150_000 * number, 404));
    }
    mirrors[3].turns(Day::Sound);
    let (bytes, error) = read(&open, 0..open.len()).await;
    assert_eq!(error, None);
    assert!(bytes == *film, "other bytes");

    // Three stand by, no more: with the fourth the film ends, in a sentence.
    mirrors[3].turns(Day::DiesAt(600_000, 410));
    let open = house.mirrors.open(&wanted(&film, &[])).await;
    drop(open);
    for mirror in &mirrors {
        mirror.turns(Day::Sound);
    }
    let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
    for mirror in &mirrors {
        mirror.turns(Day::DiesAt(300_000, 410));
        mirror.forget();
    }
    let (bytes, error) = read(&open, 0..open.len()).await;
    let error = error.expect("all are dead");
    assert!(error.contains("all mirrors of film 1.mkv broke off"), "{error}");
    assert!(bytes.len() >= 295_000 && bytes == film[..bytes.len()], "other bytes");
    let asked = mirrors.iter().filter(|mirror| !mirror.heads().is_empty()).count();
    assert_eq!(asked, 4, "the best and three more");
}

#[tokio::test]
async fn a_shaky_line_is_no_dead_mirror() {
    let film = film(100_000);
    let mirror = Mirror::start(&film, Day::Sound);
    let house = House::new(&[&mirror], &[]);
    let open = house.mirrors.open(&wanted(&film, &[mirror.url("/")])).await.unwrap();
    mirror.turns(Day::Shaky(100_000));
    let (bytes, error) = read(&open, 3..open.len()).await;
    assert_eq!(error, None);
    assert!(bytes == film[3..], "other bytes");
}

#[tokio::test]
async fn a_silent_backup_holds_up_nobody() {
    let film = film(100_000);
    let mirrors: Vec<Mirror> = (0..4).map(|_| Mirror::start(&film, Day::Sound)).collect();
    let all: Vec<&Mirror> = mirrors.iter().collect();
    let house = House::new(&all, &[]);
    house.own(&all).await;
    let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
    mirrors[0].turns(Day::ResetsAt(400_000));
    mirrors[1].turns(Day::Silent);
    mirrors[2].turns(Day::Silent);
    let begun = Instant::now();
    let (bytes, error) = read(&open, 0..open.len()).await;
    assert_eq!(error, None);
    assert!(bytes == *film, "other bytes");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn bytes_of_another_file_are_never_put_behind_the_films() {
    let film = film(100_000);
    let names = ["first", "second", "third"];
    for other in [Day::Longer(1), Day::Other(0), Day::Whole, Day::Page, Day::WrongRange] {
        let mirrors = names.map(|_| Mirror::start(&film, Day::Sound));
        let all: Vec<&Mirror> = mirrors.iter().collect();
        let house = House::new(&all, &[]);
        house.own(&all).await;
        let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
        mirrors[0].turns(Day::DiesAt(300_000, 404));
        mirrors[1].turns(other.clone());
        let (bytes, error) = read(&open, 0..open.len()).await;
        assert_eq!(error, None, "{other:?}: the third has it");
        assert!(bytes == *film, "{other:?}: other bytes");
        // The same where no third is there: an end, and no byte of the other file.
        mirrors[2].turns(Day::Status(404));
        let (bytes, error) = read(&open, 0..open.len()).await;
        assert!(error.is_some(), "{other:?}");
        assert!(bytes == film[..bytes.len()] && bytes.len() <= 300_000, "{other:?}: other bytes");
    }
}

#[tokio::test]
async fn a_reader_that_waits_long_between_two_pieces_is_no_stall() {
    use futures_util::StreamExt as _;
    let film = film(1_000_000);
    let mirror = Mirror::start(&film, Day::Sound);
    let house = House::new(&[&mirror], &[]);
    let open = house.mirrors.open(&wanted(&film, &[mirror.url("/")])).await.unwrap();
    mirror.forget();
    let mut stream = open.read(0..open.len());
    let (mut bytes, mut pauses) = (Vec::new(), 0);
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.unwrap());
        if pauses < 2 {
            pauses += 1;
            // Longer than the patience with a silent mirror.
            tokio::time::sleep(Duration::from_millis(3_100)).await;
        }
    }
    assert!(bytes == *film, "other bytes");
    assert_eq!(mirror.heads().len(), 1, "one connection");
}
