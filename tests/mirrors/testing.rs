//! Sources are tested before they are read: all at once, and by what they really have.

use std::sync::Arc;
use std::time::{Duration, Instant};

use credenza::mirror::{Change, Error, Verdict};
use credenza::torrent::metainfo::{Metainfo, build};

use super::server::{Day, Mirror, film};
use super::{House, PATH, open, read, wanted};
use crate::support::upstream::{Reply, Upstream};

#[tokio::test]
async fn what_does_not_have_the_very_file_is_not_read_and_says_why() {
    let film = film(50_000);
    let private = Mirror::start(&film, Day::Sound);
    for (day, words) in [
        (Day::Whole, "cannot be read from any point"),
        (Day::Page, "cannot be read from any point"),
        (Day::WrongRange, "other bytes than it was asked for"),
        (Day::Longer(1), "another file there (400001 bytes instead of 400000)"),
        (Day::Status(404), "does not have the file (404)"),
        (Day::Status(403), "does not have the file (403)"),
        (Day::Status(416), "a shorter file"),
        (Day::Status(500), "answered with an error (500)"),
        (Day::Silent, "did not answer in time"),
        (Day::Shaky(100), "broke off"),
        (Day::SilentAt(200_001), "did not answer in time"),
        (Day::Redirect(private.url("/x")), "private address"),
    ] {
        let (bad, good) = (Mirror::start(&film, day.clone()), Mirror::start(&film, Day::Sound));
        let house = House::new(&[&bad, &good], &[]);
        house.own(&[&bad]).await;
        let refused = house.mirrors.open(&wanted(&film, &[])).await.err().unwrap();
        assert!(matches!(refused, Error::NoneWorks { tried: 1, .. }), "{day:?}: {refused}");
        let said = refused.to_string();
        assert!(said.contains(words) && said.contains("own 1"), "{day:?}: {said}");
        // Beside one that has it, it costs no time and no byte.
        let begun = Instant::now();
        let open = house.mirrors.open(&wanted(&film, &[good.url("/")])).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "{day:?}: {:?}", begun.elapsed());
        assert!(read(&open, 0..open.len()).await == (film.to_vec(), None), "{day:?}");
    }
    assert_eq!(private.heads().len(), 0, "no private address was asked");
}

#[tokio::test]
async fn no_private_address_is_asked_unless_it_is_allowed() {
    let film = film(5_000);
    let mirror = Mirror::start(&film, Day::Sound);
    let house = House::new(&[], &[mirror.url("/torrent")]);
    house.own(&[&mirror]).await;
    let port = mirror.addr.port();
    let seeds = [
        mirror.url("/"),
        format!("http://localhost:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("ftp://127.0.0.1:{port}/"),
    ];
    let refused = house.mirrors.open(&wanted(&film, &seeds)).await.err().unwrap();
    assert!(refused.to_string().contains("private address"), "{refused}");
    assert!(house.mirrors.metainfo(&super::info_hash()).await.is_err());
    assert_eq!(mirror.heads().len(), 0);
}

#[tokio::test]
async fn all_are_tested_at_once_and_what_most_have_is_the_film() {
    let film = film(50_000);
    let slow = Day::Slow(Duration::from_millis(500));
    let mut mirrors: Vec<Mirror> = (0..8).map(|_| Mirror::start(&film, slow.clone())).collect();
    mirrors.extend((0..4).map(|_| Mirror::start(&film, Day::Silent)));
    // Of the same length, with other bytes: the owner's first, and quicker than all.
    mirrors.insert(0, Mirror::start(&film, Day::Other(0)));
    let all: Vec<&Mirror> = mirrors.iter().collect();
    let house = House::new(&all, &[]);
    house.own(&all).await;
    let begun = Instant::now();
    let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(read(&open, 0..open.len()).await == (film.to_vec(), None));
    let sources = house.mirrors.sources().sources;
    let other = sources[0].health.as_ref().unwrap().last_failure.as_ref().unwrap();
    assert!(other.message.contains("other bytes there than the other sources"), "{other:?}");
}

#[tokio::test]
async fn the_owners_order_counts_until_health_says_otherwise_and_both_are_kept() {
    let film = film(50_000);
    let mirrors = [0, 1].map(|_| Mirror::start(&film, Day::Sound));
    let all: Vec<&Mirror> = mirrors.iter().collect();
    let house = House::new(&all, &[]);
    house.own(&all).await;
    let read_at = async |mirrors: &[Mirror]| {
        for mirror in mirrors {
            mirror.forget();
        }
        let open = house.mirrors.open(&wanted(&film, &[])).await.unwrap();
        assert!(read(&open, 0..open.len()).await == (film.to_vec(), None));
        // One request is the test.
        mirrors.iter().position(|mirror| mirror.heads().len() > 1).unwrap()
    };
    assert_eq!(read_at(&mirrors).await, 0);
    mirrors[0].turns(Day::Status(500));
    for _ in 0..6 {
        assert_eq!(read_at(&mirrors).await, 1);
    }
    mirrors[0].turns(Day::Sound);
    assert_eq!(read_at(&mirrors).await, 1, "it failed too often of late");
    let first = house.mirrors.source("OWN 1").unwrap().health.unwrap();
    assert!(first.shaky && first.failures == 6, "{first:?}");
    assert!(first.last_failure.unwrap().message.contains("own 1: it answered with an error (500)"));
    let second = house.mirrors.source("own 2").unwrap().health.unwrap();
    assert!(second.bytes >= 7 * film.len() as u64 && second.latency_ms.is_some(), "{second:?}");

    // After a restart both the sources and what was learnt are there.
    house.mirrors.keep().unwrap();
    let again = open(Vec::new(), &house.state, &[]);
    let kept = again.source("own 1").unwrap();
    assert_eq!((kept.priority, kept.enabled), (1, true));
    assert_eq!(kept.health.unwrap().failures, 6);
    // At another address it begins anew.
    let url = Some("https://elsewhere.example/{fileName}".to_owned());
    again.set("own 1", Change { url, ..Change::default() }).await.unwrap();
    assert_eq!(again.source("own 1").unwrap().health.unwrap().failures, 0);
    again.remove("Own 1").await.unwrap();
    assert!(matches!(again.remove("own 1").await, Err(Error::Source(_))));
    let again = open(Vec::new(), &house.state, &[]);
    assert_eq!(again.source("own 1"), None);
}

/// A torrent whose third file is the film, and a cache that has it.
fn described(film: &[u8], url_list: &[String]) -> (Metainfo, Vec<u8>) {
    let files = [("a.txt", &b"one"[..]), ("b.txt", b"two"), (PATH, film)];
    let metainfo = Metainfo::read(&build("Harbour & Lights", &files, 16_384, &[])).unwrap();
    let bytes = metainfo.torrent_bytes_with(&[], url_list);
    (metainfo, bytes)
}

#[tokio::test]
async fn what_needs_the_description_waits_for_it_or_is_skipped_with_a_word() {
    let film = film(50_000);
    let (mirror, cache) = (Mirror::start(&film, Day::Sound), Upstream::start());
    let (metainfo, bytes) = described(&film, &[]);
    let hash = metainfo.info_hash.to_string().to_uppercase();
    let mut bare = wanted(&film, &[mirror.url("/seed/")]);
    (bare.info_hash, bare.torrent_name, bare.file.index) = (metainfo.info_hash, None, None);
    let house = House::reaching(vec![mirror.addr, cache.addr()], &[cache.url("/t").to_string()]);
    let by_index = Some(mirror.url("/{infoHash}/{fileIndex}"));
    house.mirrors.set("by index", Change { url: by_index, ..Change::default() }).await.unwrap();
    let needs = Change {
        url: Some(mirror.url("/needs/{infoHash}")),
        needs_metadata: Some(true),
        ..Change::default()
    };
    house.mirrors.set("needs it", needs).await.unwrap();

    let refused = house.mirrors.open(&bare).await.err().unwrap();
    assert!(matches!(refused, Error::NeedsMetadata { .. }), "{refused}");
    assert!(refused.to_string().contains("wait for its torrent's description"), "{refused}");
    let lines = house.mirrors.test(&bare, None).await.unwrap();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        assert_eq!(line.state, Verdict::Skipped, "{line:?}");
        assert!(line.message.unwrap().contains("waits for the torrent's description"));
    }
    assert_eq!(mirror.heads().len(), 0);

    cache.on(&format!("/t/{hash}.torrent"), Reply::ok(&bytes));
    let open = house.mirrors.open(&bare).await.unwrap();
    assert!(read(&open, 0..open.len()).await == (film.to_vec(), None));
    let paths = mirror.paths();
    let seed = "/seed/Harbour%20%26%20Lights/Harbour%20Lights%20%282001%29/film%201.mkv";
    for path in [
        format!("/{}/2", metainfo.info_hash),
        format!("/needs/{}", metainfo.info_hash),
        seed.to_owned(),
    ] {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }

    // Not even its length was known.
    bare.file.size_bytes = None;
    let open = house.mirrors.open(&bare).await.unwrap();
    assert!(read(&open, 0..open.len()).await == (film.to_vec(), None));
}

#[tokio::test]
async fn the_web_seeds_of_a_cached_description_are_a_last_way() {
    let film = film(50_000);
    let (mirror, cache) = (Mirror::start(&film, Day::Sound), Upstream::start());
    let (metainfo, bytes) = described(&film, &[mirror.url("/seed/")]);
    let hash = metainfo.info_hash.to_string().to_uppercase();
    cache.on(&format!("/t/{hash}.torrent"), Reply::ok(&bytes));
    let house = House::reaching(vec![mirror.addr, cache.addr()], &[cache.url("/t").to_string()]);
    let mut wanted = wanted(&film, &[]);
    wanted.info_hash = metainfo.info_hash;
    assert!(!house.mirrors.has_any(&wanted));
    let open = house.mirrors.open(&wanted).await.unwrap();
    assert!(read(&open, 0..open.len()).await == (film.to_vec(), None));
}

#[tokio::test]
async fn a_description_is_taken_from_a_cache_only_where_it_has_the_hash() {
    let film = film(5_000);
    let (metainfo, bytes) = described(&film, &[]);
    let (other, others) = described(&film[8..], &[]);
    assert_ne!(metainfo.info_hash, other.info_hash);
    let hash = metainfo.info_hash.to_string().to_uppercase();
    let mut late = bytes.clone();
    late.resize(9 * 1024 * 1024, b' ');
    for (reply, words) in [
        (Reply::ok(&others), "another torrent"),
        (Reply::html("<html>not here</html>"), "does not have it"),
        (Reply::status(404), "does not have it"),
        (Reply::status(403), "refuses this connection"),
        (Reply::ok(b"d4:infoi5ee"), "this is no torrent"),
        (Reply::ok(&bytes[..bytes.len() - 1]), "this is no torrent"),
        (Reply::ok(&late), "more than 8 MiB"),
        (Reply::hang(), "did not answer in time"),
        (Reply::drop_connection(), "closed the connection"),
        (Reply::reset_connection(), "closed the connection"),
    ] {
        let (bad, good) = (Upstream::start(), Upstream::start());
        let path = format!("/{hash}.torrent");
        bad.on(&path, reply);
        good.on(&path, Reply::ok(&bytes));
        let caches = [bad.url("/").to_string(), good.url("/{INFOHASH}.torrent").to_string()];
        let caches = caches.map(|cache| cache.replace("%7B", "{").replace("%7D", "}"));
        let house = House::reaching(vec![bad.addr(), good.addr()], &caches[..1]);
        let refused = house.mirrors.metainfo(&metainfo.info_hash).await.unwrap_err().to_string();
        assert!(refused.contains(words), "{words}: {refused}");
        assert!(refused.contains(&bad.addr().to_string()) || refused.contains("127.0.0.1"));
        // The next one is asked without waiting for it.
        let house = House::reaching(vec![bad.addr(), good.addr()], &caches);
        let begun = Instant::now();
        assert_eq!(house.mirrors.metainfo(&metainfo.info_hash).await.unwrap(), bytes, "{words}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{words}: {:?}", begun.elapsed());
    }
    let none = House::new(&[], &[]).mirrors.metainfo(&metainfo.info_hash).await.unwrap_err();
    assert!(matches!(none, Error::NoCache), "{none}");
}

#[tokio::test]
async fn where_mirrors_are_off_nobody_is_asked() {
    let film = film(5_000);
    let mirror = Mirror::start(&film, Day::Sound);
    let house = House::new(&[&mirror], &[]);
    let options = credenza::mirror::Options {
        enabled: false,
        test_timeout: Duration::from_secs(1),
        torrent_caches: vec![mirror.url("/")],
    };
    let policy = credenza::fetch::AddressPolicy { allow_private: vec![mirror.addr] };
    let client = credenza::fetch::Client::new(policy, credenza::fetch::Roots::Bundled).unwrap();
    let off = credenza::mirror::Mirrors::new(client, Arc::clone(&house.state), options).unwrap();
    let wanted = wanted(&film, &[mirror.url("/")]);
    assert!(!off.has_any(&wanted));
    assert!(matches!(off.open(&wanted).await, Err(Error::Off)));
    assert!(matches!(off.metainfo(&wanted.info_hash).await, Err(Error::Off)));
    assert_eq!(mirror.heads().len(), 0);
}
