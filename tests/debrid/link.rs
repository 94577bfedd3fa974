//! A link is read as a representation, whatever becomes of it.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use credenza::debrid::{Error, Stored};
use credenza::representation::Representation;
use credenza::torrent::TorrentFile;
use futures_util::StreamExt;
use futures_util::future::join_all;

use super::film::{Day, Film};
use super::{ADD, CANARY, CHECK, DOWNLOADED, HASH, INVALID, LINK, LOOK, created, debrid, magnet};
use crate::support::upstream::{Reply, Upstream};

async fn read(film: &Arc<dyn Representation>, range: Range<u64>) -> (Vec<u8>, Option<String>) {
    let mut stream = film.read(range);
    let mut bytes = Vec::new();
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => return (bytes, Some(error.to_string())),
        }
    }
    (bytes, None)
}

fn links(store: &Upstream) -> usize {
    store.requests().iter().filter(|seen| seen.path == LINK).count()
}

#[tokio::test]
async fn a_link_is_a_representation_of_the_files_bytes() {
    let (store, film) = (Upstream::start(), Film::start(vec![Day::Sound]));
    store.on(LINK, film.link(0));
    let (debrid, _) = debrid(&store, Some(&film));
    let since = UNIX_EPOCH + Duration::from_secs(1_000_000);
    let open = debrid.open_as_of(&magnet(), &film.file(), since).await.unwrap();
    let len = film.bytes.len() as u64;
    assert_eq!((open.len(), open.media_type(), open.may_stall()), (len, "video/x-matroska", true));
    assert_eq!(open.entity_tag(), credenza::torrent::entity_tag(&magnet().info_hash, &film.file()));
    assert_eq!(open.last_modified(), since);
    for range in [0..len, 0..1, 17..70_001, len - 1..len, 5..5] {
        let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
        let wanted = &film.bytes[start..end];
        assert_eq!(read(&open, range.clone()).await, (wanted.to_vec(), None), "{range:?}");
    }
    assert_eq!(links(&store), 1);
}

#[tokio::test]
async fn a_link_that_dies_at_any_byte_is_replaced_at_that_byte() {
    for status in [401, 403, 404, 410, 451, 500, 503] {
        for at in [1, 2, 4_095, 65_536, 300_000, 799_999] {
            let film = Film::start(vec![Day::Dies(at, status), Day::Sound]);
            let store = Upstream::start();
            store.script(LINK, [film.link(0), film.link(1)]);
            let (debrid, _) = debrid(&store, Some(&film));
            let open = debrid.open(&magnet(), &film.file()).await.unwrap();
            let (bytes, error) = read(&open, 0..open.len()).await;
            assert_eq!(error, None, "{status} at {at}");
            assert!(bytes == *film.bytes, "{status} at {at}: other bytes");
            assert_eq!(links(&store), 2, "{status} at {at}");
            let again = format!("range: bytes={at}-");
            assert!(film.seen.lock().unwrap().last().unwrap().contains(&again), "{at}");
        }
    }
}

#[tokio::test]
async fn a_shaky_line_is_no_dead_link() {
    let film = Film::start(vec![Day::Shaky(100_000)]);
    let store = Upstream::start();
    store.on(LINK, film.link(0));
    let (debrid, _) = debrid(&store, Some(&film));
    let open = debrid.open(&magnet(), &film.file()).await.unwrap();
    let (bytes, error) = read(&open, 3..open.len()).await;
    assert_eq!((error, links(&store)), (None, 1));
    assert!(bytes == film.bytes[3..], "other bytes");
}

#[tokio::test]
async fn bytes_of_another_length_are_never_put_behind_the_old_ones() {
    for len in [1_000_000, 799_999, 400_000, 200_000] {
        let film = Film::start(vec![Day::Dies(300_000, 410), Day::Other(len)]);
        let store = Upstream::start();
        store.script(LINK, [film.link(0), film.link(1)]).on(ADD, Reply::status(500));
        let (debrid, _) = debrid(&store, Some(&film));
        let open = debrid.open(&magnet(), &film.file()).await.unwrap();
        let (bytes, error) = read(&open, 0..open.len()).await;
        assert!(bytes == film.bytes[..300_000], "{len}: other bytes");
        let error = error.unwrap();
        // Where the new one does not reach that far, all there is to tell is its 416.
        let told = if len < 300_000 { "answered 416" } else { "has other bytes than before" };
        assert!(error.contains(told), "{error}");
        assert!(!error.contains("/d/") && !error.contains("opaque"), "{error}");
    }
}

#[tokio::test]
async fn a_dead_link_is_given_up_after_a_few_tries() {
    for day in [Day::Status(403), Day::Status(503), Day::Page, Day::Shaky(0)] {
        let film = Film::start(vec![Day::Dies(300_000, 403), day]);
        let store = Upstream::start();
        store.script(LINK, [film.link(0), film.link(1)]).on(ADD, Reply::status(500));
        let (debrid, _) = debrid(&store, Some(&film));
        let open = debrid.open(&magnet(), &film.file()).await.unwrap();
        let (bytes, error) = read(&open, 0..open.len()).await;
        assert!(bytes == film.bytes[..300_000], "other bytes");
        assert!(error.unwrap().contains("realdebrid"));
        assert!(film.seen.lock().unwrap().len() <= 8);
        assert!(store.requests().len() <= 6);
    }
}

#[tokio::test]
async fn where_the_store_has_lost_the_torrent_it_is_added_anew_and_the_same_file_found() {
    let film = Film::start(vec![Day::Dies(300_000, 404), Day::Sound]);
    let len = film.bytes.len();
    let body = format!(
        r#"{{"data":{{"id":"NEW","hash":"{HASH}","status":"downloaded","files":[
        {{"index":1,"path":"/Harbour Lights/other.mkv","size":{len},"link":"wrong"}},
        {{"index":-1,"path":"/film.mkv","size":{len},"link":"right"}}]}}}}"#
    );
    let store = Upstream::start();
    let gone = Reply::json(r#"{"error":{"code":"NOT_FOUND"}}"#).with_status(404);
    store.script(LINK, [film.link(0), gone, film.link(1)]).on(ADD, created(&body));
    let (debrid, _) = debrid(&store, Some(&film));
    let open = debrid.open(&magnet(), &film.file()).await.unwrap();
    let (bytes, error) = read(&open, 0..open.len()).await;
    assert_eq!(error, None);
    assert!(bytes == *film.bytes, "other bytes");
    let asked = store.requests().last().unwrap().body.clone();
    assert_eq!(String::from_utf8(asked).unwrap(), r#"{"link":"right"}"#);
}

#[tokio::test]
async fn readers_of_one_film_share_one_fresh_link() {
    let film = Film::start(vec![Day::Dies(1, 410), Day::Sound]);
    let store = Upstream::start();
    store.script(LINK, [film.link(0), film.link(1)]);
    let (debrid, _) = debrid(&store, Some(&film));
    let open = debrid.open(&magnet(), &film.file()).await.unwrap();
    join_all((1..=12_u64).map(|n| {
        let (open, film) = (&open, &film);
        async move {
            let (bytes, error) = read(open, n * 1_000..n * 50_000).await;
            assert_eq!(error, None);
            let n = usize::try_from(n).unwrap();
            assert!(bytes == film.bytes[n * 1_000..n * 50_000], "other bytes");
        }
    }))
    .await;
    assert_eq!(links(&store), 2);
}

#[tokio::test]
async fn what_cannot_be_played_is_said_at_once() {
    type Is = fn(&Error) -> bool;
    type File = fn(&Film) -> TorrentFile;
    let plain: File = Film::file;
    let table: Vec<(Day, File, Is)> = vec![
        (
            Day::Sound,
            |film| TorrentFile { link: None, ..film.file() },
            |error| matches!(error, Error::NoLink { .. }),
        ),
        // An archive in the place of the file.
        (Day::Other(5_000), plain, |error| matches!(error, Error::Changed { now: 5_000, .. })),
        (Day::Page, plain, |error| matches!(error, Error::NoRanges { .. })),
        (Day::Status(404), plain, |error| matches!(error, Error::DeadLink { status: 404, .. })),
    ];
    for (day, file, is) in table {
        let film = Film::start(vec![day]);
        let store = Upstream::start();
        store.on(LINK, film.link(0)).on(ADD, Reply::status(500));
        let (debrid, _) = debrid(&store, Some(&film));
        let error = debrid.open(&magnet(), &file(&film)).await.err().unwrap();
        assert!(is(&error), "{error:?}");
    }
    // A store that sends us into the house is not followed.
    let (store, inside) = (Upstream::start(), Film::start(vec![Day::Sound]));
    store.on(LINK, inside.link(0)).on(ADD, Reply::status(500));
    let error = debrid(&store, None).0.open(&magnet(), &inside.file()).await.err().unwrap();
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
    assert!(inside.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_token_is_in_one_header_to_stremthru_and_nowhere_else() {
    let film = Film::start(vec![Day::Dies(300_000, 403), Day::Sound]);
    let store = Upstream::start();
    store.on(ADD, created(INVALID)).on(LOOK, Reply::json(DOWNLOADED));
    store.on("/v0/store/user", Reply::json(include_str!("../data/stremthru/user_premium.json")));
    store.on(CHECK, Reply::json(include_str!("../data/stremthru/magnets_check.json")));
    store.script(LINK, [film.link(0), film.link(1)]);
    let (debrid, _) = debrid(&store, Some(&film));
    debrid.account().await.unwrap();
    debrid.check(&[magnet().info_hash], None).await.unwrap();
    let Stored { .. } = debrid.add(&magnet()).await.unwrap();
    let open = debrid.open(&magnet(), &film.file()).await.unwrap();
    assert_eq!(read(&open, 0..open.len()).await.1, None);
    assert_eq!(store.requests().len(), 6);
    for seen in store.requests() {
        assert_eq!(seen.header("x-stremthru-store-name"), Some("realdebrid"));
        let bearer = format!("Bearer {CANARY}");
        assert_eq!(seen.header("x-stremthru-store-authorization"), Some(bearer.as_str()));
        assert_eq!(format!("{seen:?}").matches(CANARY).count(), 1, "{seen:?}");
        assert!(!String::from_utf8_lossy(&seen.body).contains(CANARY));
    }
    assert!(film.seen.lock().unwrap().iter().all(|head| !head.contains(CANARY)));
}
