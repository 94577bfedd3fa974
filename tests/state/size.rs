//! How much the cache takes on the disk.

use super::*;

#[tokio::test]
async fn the_cache_stays_below_ten_megabytes_however_much_is_put() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("cache");
    let (cache, _) = Cache::open(&dir);
    let many = unpackable(torrents(250));
    let (rounds, mut most) = (96u32, 0);
    let title = Title {
        name: "A Film of a Long Name".repeat(20),
        year: Some(2020),
        imdb: None,
        aliases: Vec::new(),
        imdb_episode: None,
        air_date: None,
        ..Title::default()
    };
    let id = |number: u32| format!("tt{number:07}").parse::<StremioId>().unwrap();
    for round in 0..rounds {
        cache.put_found(&id(round + 1), &many);
        for number in 0..25 {
            cache.put_title(&id(round * 25 + number + 1), &title, "1");
        }
        for (store, said) in
            [(Store::TorBox, Availability::Cached), (Store::RealDebrid, Availability::Refused)]
        {
            let hash = |number: u32| {
                let mut bytes = [7; 20];
                bytes[..4].copy_from_slice(&(round * 300 + number).to_be_bytes());
                InfoHash::from_bytes(bytes)
            };
            let answer: Vec<_> = (0..300).map(|number| (hash(number), said)).collect();
            cache.put_availability(store, &answer);
        }
        if round % 8 == 7 {
            cache.tend().await;
            most = most.max(size_of(&dir));
        }
    }
    cache.flush().await;
    assert!(cache.found(&id(rounds)).is_some() && cache.found(&id(1)).is_none());
    drop(cache);
    most = most.max(size_of(&dir));
    println!("at most {most} bytes");
    assert!(most < 10_000_000, "{most}");
    assert!(Cache::open(&dir).0.found(&id(rounds)).is_some());
}

/// The same with names in which nothing repeats, which do not get smaller by being packed.
fn unpackable(mut torrents: Vec<Unique>) -> Vec<Unique> {
    for torrent in &mut torrents {
        let word = |place: u64| {
            let seed = u64::from_be_bytes(*torrent.info_hash.as_bytes().first_chunk().unwrap());
            let mixed = (seed ^ place).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31);
            format!("{:016x}", mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9))
        };
        torrent.name = (1..20).map(word).collect();
    }
    torrents
}
