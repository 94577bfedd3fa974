//! The debrid path: every answer of a store has its meaning, the token goes into one header, and a
//! link that dies at any byte is replaced without the reader seeing it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use credenza::debrid::{Debrid, Error, Patience, Stored, Subscription};
use credenza::fetch::{AddressPolicy, Client, Roots};
use credenza::representation::Representation;
use credenza::secret::Secret;
use credenza::stremthru::StremThru;
use credenza::torrent::{Availability, InfoHash, Magnet, Store, TorrentFile};
use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio_util::task::TaskTracker;

use crate::support::upstream::{Reply, Upstream};

const CANARY: &str = "CANARYd4Fq9TzW2mXk7RbV5sLh8Jp3NcY6gA1uEo";
const HASH: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
const ADD: &str = "/v0/store/magnets";
const LOOK: &str = "/v0/store/magnets/KPZ3DEMO7QK2A";
const LINK: &str = "/v0/store/link/generate";
const CHECK: &str = "/v0/store/magnets/check";
const DOWNLOADED: &str = include_str!("data/stremthru/magnets_add_201_downloaded.json");
const INVALID: &str = include_str!("data/stremthru/magnets_add_201_invalid_transient_rd.json");
const QUEUED: &str = include_str!("data/stremthru/magnets_add_201_queued.json");

fn debrid(store: &Upstream, film: Option<&Film>) -> (Debrid, TaskTracker) {
    let mut allow_private = vec![store.addr()];
    allow_private.extend(film.map(|film| film.addr));
    let client = Client::new(AddressPolicy { allow_private }, Roots::Bundled).unwrap();
    let account = Some((Store::RealDebrid, Secret::new(CANARY)));
    let wire = StremThru::new(client.clone(), store.url("/"), account);
    let tasks = TaskTracker::new();
    let patience = Patience {
        poll: Duration::from_millis(10),
        settling: Duration::from_millis(200),
        downloading: Duration::from_millis(50),
        breath: Duration::from_millis(5),
    };
    let debrid = Debrid::new(wire, client, Store::RealDebrid, tasks.clone());
    (debrid.with_patience(patience), tasks)
}

fn magnet() -> Magnet {
    Magnet::new(HASH.parse().unwrap())
}

fn created(body: &str) -> Reply {
    Reply::json(body).with_status(201)
}

/// Waits for what runs after an answer.
async fn drain(tasks: &TaskTracker) {
    tasks.close();
    tokio::time::timeout(Duration::from_secs(5), tasks.wait()).await.unwrap();
}

fn methods(store: &Upstream, method: &str) -> usize {
    store.requests().iter().filter(|seen| seen.method == method).count()
}

#[tokio::test]
async fn a_token_is_checked_by_asking_who_it_belongs_to() {
    for (body, email, subscription) in [
        (
            include_str!("data/stremthru/user_premium.json"),
            Some("user@example.org"),
            Subscription::Premium,
        ),
        (r#"{"data":{"email":"","subscription_status":"trial"}}"#, None, Subscription::Trial),
        (r#"{"data":{"subscription_status":"expired"}}"#, None, Subscription::Expired),
        (r#"{"data":{"email":null}}"#, None, Subscription::Other(String::new())),
        (
            r#"{"data":{"subscription_status":"gold"}}"#,
            None,
            Subscription::Other("gold".to_owned()),
        ),
    ] {
        let store = Upstream::start();
        store.on("/v0/store/user", Reply::json(body));
        let account = debrid(&store, None).0.account().await.unwrap();
        assert_eq!((account.email.as_deref(), account.subscription), (email, subscription));
    }
}

#[tokio::test]
async fn every_refusal_has_its_meaning_and_no_message_holds_the_token() {
    let echo = format!(r#"{{"error":{{"code":"UNKNOWN","message":"bad key {CANARY} \u0007"}}}}"#);
    type Is = fn(&Error) -> bool;
    let table: Vec<(Reply, u16, Is)> = vec![
        (
            Reply::json(include_str!("data/stremthru/magnets_add_error_401_bad_token.json")),
            401,
            |error| matches!(error, Error::BadToken { .. }),
        ),
        (Reply::json(include_str!("data/stremthru/magnets_add_error_429.json")), 429, |error| {
            matches!(error, Error::Limited { .. })
        }),
        (Reply::json(include_str!("data/stremthru/magnets_add_error_451.json")), 451, |error| {
            matches!(error, Error::Refused { .. })
        }),
        (
            Reply::json(include_str!("data/stremthru/magnets_add_error_store_limit.json")),
            503,
            |error| matches!(error, Error::StoreLimit { .. }),
        ),
        (
            Reply::json(include_str!("data/stremthru/magnets_check_error_no_subscription.json")),
            403,
            |error| matches!(error, Error::NoSubscription { .. }),
        ),
        (Reply::json(r#"{"error":{"code":"PAYMENT_REQUIRED"}}"#), 402, |error| {
            matches!(error, Error::NoSubscription { .. })
        }),
        (Reply::json(include_str!("data/stremthru/error_400_missing_store.json")), 400, |error| {
            matches!(error, Error::Odd { .. })
        }),
        (Reply::json(echo), 500, |error| matches!(error, Error::Odd { .. })),
        (Reply::json(r#"{"error":null}"#), 500, |error| matches!(error, Error::Odd { .. })),
        // No JSON: the status speaks.
        (Reply::ok(""), 401, |error| matches!(error, Error::BadToken { .. })),
        (Reply::ok(""), 429, |error| matches!(error, Error::Limited { .. })),
        (Reply::html("<title>x</title>"), 451, |error| matches!(error, Error::Refused { .. })),
        // A wall of bots is no expired subscription.
        (Reply::html("<title>x</title>"), 403, |error| matches!(error, Error::Unreachable { .. })),
        (Reply::html("<title>x</title>"), 200, |error| matches!(error, Error::Unreachable { .. })),
        (Reply::json(r#"{"data":null}"#), 201, |error| matches!(error, Error::Odd { .. })),
        (Reply::json("[]"), 201, |error| matches!(error, Error::Odd { .. })),
        (Reply::drop_connection(), 200, |error| matches!(error, Error::Unreachable { .. })),
    ];
    for (reply, status, is) in table {
        let store = Upstream::start();
        store.on(ADD, reply.clone().with_status(status));
        let error = debrid(&store, None).0.add(&magnet()).await.unwrap_err();
        assert!(is(&error), "{status} {reply:?}: {error:?}");
        let told = format!("{error} {error:?}");
        assert!(error.to_string().contains("realdebrid"), "{told}");
        assert!(!told.contains(CANARY) && !told.contains('\u{7}'), "{told}");
    }
}

#[tokio::test]
async fn only_cached_counts_and_rows_are_matched_by_hash() {
    let store = Upstream::start();
    store.on(CHECK, Reply::json(include_str!("data/stremthru/magnets_check.json")));
    let (debrid, _) = debrid(&store, None);
    let hash = |text: &str| text.parse::<InfoHash>().unwrap();
    let (absent, unknown) = (hash(&"c".repeat(40)), hash(&format!("{}2", "b".repeat(39))));
    // In another order than the answer's; `absent` is not in it.
    let asked = [absent, unknown, hash(HASH), unknown];
    let sid = "tt9900001:1:2".parse().unwrap();
    let found = debrid.check(&asked, Some(&sid)).await.unwrap();
    let seen: Vec<_> = found.iter().map(|row| (row.info_hash, row.availability)).collect();
    assert_eq!(seen, [(unknown, Availability::Unknown), (hash(HASH), Availability::Cached)]);
    let files = &found[1].files;
    assert_eq!(files[0].name, "Harbour.Lights.S01E01.1080p.WEB-DL.x264-DEMO.mkv");
    assert_eq!((files[1].index, files[1].size_bytes, &files[1].link), (None, None, &None));
    let request = &store.requests()[0];
    assert_eq!(request.method, "GET");
    assert!(request.query.ends_with("&sid=tt9900001%3A1%3A2"), "{}", request.query);
    // What was not asked for is not told.
    assert!(debrid.check(&[absent], None).await.unwrap().is_empty());
    assert!(debrid.check(&[], None).await.unwrap().is_empty());
    assert_eq!(store.requests().len(), 2);
}

#[tokio::test]
async fn many_hashes_go_in_chunks_and_one_that_fails_costs_only_itself() {
    let store = Upstream::start();
    let good = Reply::json(r#"{"data":{"items":[null,{"hash":5}]}}"#);
    store.script(CHECK, [Reply::json("{}").with_status(500), good]);
    let (debrid, _) = debrid(&store, None);
    let hashes: Vec<_> = (0..250_u8).map(|n| InfoHash::from_bytes([n; 20])).collect();
    assert!(debrid.check(&hashes, None).await.unwrap().is_empty());
    let mut counts: Vec<_> =
        store.requests().iter().map(|seen| seen.query.matches("%2C").count() + 1).collect();
    counts.sort_unstable();
    assert_eq!(counts, [50, 100, 100]);
    store.on(CHECK, Reply::status(401));
    let error = debrid.check(&hashes, None).await.unwrap_err();
    assert!(matches!(error, Error::BadToken { .. }), "{error:?}");
}

#[tokio::test]
async fn a_torrent_is_looked_at_until_it_is_ready() {
    let with = |status: &str| QUEUED.replace("\"queued\"", &format!("{status:?}"));
    for (first, looks) in [
        (DOWNLOADED.to_owned(), vec![]),
        // Real-Debrid, while it reads the magnet.
        (INVALID.to_owned(), vec![INVALID.to_owned(), with("queued"), DOWNLOADED.to_owned()]),
        (with("unknown"), vec![with("processing"), with("uploading"), DOWNLOADED.to_owned()]),
        (with("downloading"), vec![DOWNLOADED.to_owned()]),
    ] {
        let store = Upstream::start();
        store.on(ADD, created(&first));
        store.script(LOOK, looks.iter().map(Reply::json));
        let (debrid, tasks) = debrid(&store, None);
        let stored = debrid.add(&magnet()).await.unwrap();
        assert_eq!((stored.id.as_str(), stored.files.len()), ("KPZ3DEMO7QK2A", 3));
        assert!(stored.files[0].link.as_deref().unwrap().starts_with("stremthru://store/"));
        assert_eq!(stored.files[2].name, "Sample/harbour.lights.s01e02.sample.mkv");
        assert_eq!(stored.files[2].link, None);
        let body = String::from_utf8(store.requests()[0].body.clone()).unwrap();
        assert_eq!(body, format!(r#"{{"magnet":"magnet:?xt=urn:btih:{HASH}"}}"#));
        drain(&tasks).await;
        assert_eq!((methods(&store, "GET"), methods(&store, "DELETE")), (looks.len(), 0));
    }
}

#[tokio::test]
async fn what_does_not_become_ready_is_taken_out_again_unless_it_was_there_before() {
    type Is = fn(&Error) -> bool;
    let not_ready: Is = |error| matches!(error, Error::NotReady { .. });
    let failed: Is = |error| matches!(error, Error::Failed { .. });
    for (status, is) in [
        ("queued", not_ready),
        ("downloading", not_ready),
        ("processing", not_ready),
        ("invalid", failed),
        ("failed", failed),
    ] {
        for (added_at, ours) in [("9999-01-01T00:00:00Z", true), ("2020-01-01T00:00:00Z", false)] {
            let body = QUEUED
                .replace("\"queued\"", &format!("{status:?}"))
                .replace("2026-11-20T12:30:00Z", added_at);
            let store = Upstream::start();
            store.on(ADD, created(&body)).on(LOOK, Reply::json(&body));
            let (debrid, tasks) = debrid(&store, None);
            let error = debrid.add(&magnet()).await.unwrap_err();
            assert!(is(&error), "{status}: {error:?}");
            drain(&tasks).await;
            assert_eq!(methods(&store, "DELETE"), usize::from(ours), "{status} {added_at}");
        }
    }
}

#[tokio::test]
async fn another_torrent_than_the_one_added_is_no_answer() {
    let store = Upstream::start();
    store.on(ADD, created(&DOWNLOADED.replace(HASH, &"d".repeat(40))));
    let error = debrid(&store, None).0.add(&magnet()).await.unwrap_err();
    assert!(matches!(error, Error::Odd { .. }), "{error:?}");
}

/// What one link of the film's host does.
#[derive(Clone)]
enum Day {
    Sound,
    /// Breaks off at this byte, and answers with this status from then on.
    Dies(u64, u16),
    /// Breaks off every so many bytes, and always comes back.
    Shaky(u64),
    Status(u16),
    /// A page in the film's place.
    Page,
    /// Another file, so many bytes long.
    Other(usize),
}

/// A store's download host: serves ranges of one film, a behaviour a link.
struct Film {
    addr: SocketAddr,
    bytes: Arc<Vec<u8>>,
    /// Heads of all requests.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Film {
    fn start(days: Vec<Day>) -> Self {
        // No two places alike: 7 bytes of a counter and a mark.
        let bytes: Vec<u8> = (0..100_000_u64).flat_map(|n| (n << 8 | 0xA5).to_be_bytes()).collect();
        let bytes = Arc::new(bytes);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (addr, seen) = (listener.local_addr().unwrap(), Arc::default());
        let film = Self { addr, bytes: Arc::clone(&bytes), seen: Arc::clone(&seen) };
        let days = Arc::new(days);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (bytes, seen, days) =
                    (Arc::clone(&bytes), Arc::clone(&seen), Arc::clone(&days));
                std::thread::spawn(move || serve(stream, &bytes, &seen, &days).unwrap_or_default());
            }
        });
        film
    }

    /// The answer of `link/generate` with the link of this number.
    fn link(&self, number: usize) -> Reply {
        Reply::json(format!(r#"{{"data":{{"link":"http://{}/d/{number}/film.mkv"}}}}"#, self.addr))
    }

    fn file(&self) -> TorrentFile {
        TorrentFile {
            index: Some(0),
            name: "Harbour Lights/film.mkv".to_owned(),
            size_bytes: Some(self.bytes.len() as u64),
            link: Some("stremthru://store/realdebrid/opaque".to_owned()),
            ..TorrentFile::default()
        }
    }
}

fn serve(
    mut stream: TcpStream,
    bytes: &[u8],
    seen: &Mutex<Vec<String>>,
    days: &[Day],
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(head.clone());
    let number = head.split('/').nth(2).unwrap().parse::<usize>().unwrap();
    let range = head.lines().find_map(|line| line.strip_prefix("range: bytes=")).unwrap();
    let (first, last) = range.split_once('-').unwrap();
    let (first, last) = (first.parse::<usize>().unwrap(), last.parse::<usize>().unwrap());
    let (bytes, end) = match &days[number] {
        Day::Status(status) => return refuse(&mut stream, *status),
        Day::Dies(at, status) if first as u64 >= *at && first > 0 => {
            return refuse(&mut stream, *status);
        }
        Day::Page => {
            let page =
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<ht>";
            return stream.write_all(page.as_bytes());
        }
        Day::Sound => (bytes.to_vec(), last + 1),
        Day::Dies(at, _) => (bytes.to_vec(), (last + 1).min(usize::try_from(*at).unwrap())),
        Day::Shaky(each) => {
            (bytes.to_vec(), (last + 1).min(first + usize::try_from(*each).unwrap()))
        }
        Day::Other(len) => (vec![0xFF; *len], (last + 1).min(*len)),
    };
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-range: bytes {first}-{last}/{}\r\n\r\n",
        last + 1 - first,
        bytes.len()
    )?;
    stream.write_all(&bytes[first..end.max(first)])
}

fn refuse(stream: &mut TcpStream, status: u16) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
}

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
        let wanted = &film.bytes[range.start as usize..range.end as usize];
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
    for len in [1_000_000, 799_999, 400_000] {
        let film = Film::start(vec![Day::Dies(300_000, 410), Day::Other(len)]);
        let store = Upstream::start();
        store.script(LINK, [film.link(0), film.link(1)]);
        let (debrid, _) = debrid(&store, Some(&film));
        let open = debrid.open(&magnet(), &film.file()).await.unwrap();
        let (bytes, error) = read(&open, 0..open.len()).await;
        assert!(bytes == film.bytes[..300_000], "{len}: other bytes");
        let error = error.unwrap();
        assert!(error.contains("has other bytes than before"), "{error}");
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
    let plain = |film: &Film| film.file();
    let table: Vec<(Day, fn(&Film) -> TorrentFile, Is)> = vec![
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
    store.on("/v0/store/user", Reply::json(include_str!("data/stremthru/user_premium.json")));
    store.on(CHECK, Reply::json(include_str!("data/stremthru/magnets_check.json")));
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
