//! `/v/{key}/{name}` over real sockets: the whole table of ranges and preconditions on a file of
//! the disk, and the drip, aborts and `HEAD` on sources made to be late.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use bytes::Bytes;
use credenza::http::error::ApiError;
use credenza::http::router::{self, Asks, MediaFinder};
use credenza::http::server::Limits;
use credenza::library::DiskFile;
use credenza::representation::{ByteStream, Representation};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::server::wire::{Heard, Served, say, serve};

const SIZE: usize = (3 << 20) + 123;
const TAG: &str = "aa-0-3145851";

/// The content: each byte a function of its offset.
fn content(range: Range<usize>) -> Vec<u8> {
    range.map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

fn added() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(784_111_777) // Sun, 06 Nov 1994 08:49:37 GMT
}

/// Finds one thing under the key `k`.
struct One(Arc<dyn Representation>);

impl MediaFinder for One {
    fn find(
        &self,
        _asks: Asks,
        key: &str,
        _name: &str,
    ) -> BoxFuture<'static, Result<Arc<dyn Representation>, ApiError>> {
        let found = if key == "k" { Ok(Arc::clone(&self.0)) } else { Err(ApiError::not_found()) };
        async { found }.boxed()
    }
}

async fn serving(representation: impl Representation + 'static) -> Served {
    let media = router::media_routes(Arc::new(One(Arc::new(representation))));
    let any_host = Arc::new(|_: &str| true);
    serve(router::house(media, Router::new(), any_host), Limits::default()).await
}

/// A file of the disk, served; the folder goes when it is dropped.
async fn disk_file() -> (Served, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film");
    std::fs::write(&path, content(0..SIZE)).unwrap();
    let file = DiskFile::open(&path, TAG, "video/x-matroska", added()).unwrap();
    (serving(file).await, folder)
}

async fn ask(server: &Served, method: &str, lines: &str) -> Heard {
    let said = format!(
        "{method} /v/k/film.mkv HTTP/1.1\r\nHost: box.local\r\n{lines}Connection: close\r\n\r\n"
    );
    say(server.address, said).await
}

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Status, `Content-Range`, and the bytes of the content that are to come.
type Expected = (u16, String, Range<usize>);

fn part(range: Range<usize>) -> Expected {
    (206, format!("bytes {}-{}/{SIZE}", range.start, range.end - 1), range)
}

fn whole() -> Expected {
    (200, String::new(), 0..SIZE)
}

fn nothing(status: u16) -> Expected {
    (status, String::new(), 0..0)
}

async fn the_whole_table(server: Served) {
    let outside = || (416, format!("bytes */{SIZE}"), 0..0);
    let thousand = format!("Range: bytes={}\r\n", vec!["0-0"; 1000].join(","));
    let huge = "99999999999999999999999";
    let rows: Vec<(String, Expected)> = vec![
        (String::new(), whole()),
        ("Range: bytes=0-\r\n".into(), part(0..SIZE)),
        ("Range: bytes=0-0\r\n".into(), part(0..1)),
        ("Range: bytes=-500\r\n".into(), part(SIZE - 500..SIZE)),
        (format!("Range: bytes=-{}\r\n", SIZE + 1), part(0..SIZE)),
        (format!("Range: bytes=-{huge}\r\n"), part(0..SIZE)),
        (format!("Range: bytes=1048576-{SIZE}\r\n"), part(1 << 20..SIZE)),
        (format!("Range: bytes=5-{huge}\r\n"), part(5..SIZE)),
        ("Range: bytes=262143-262144\r\n".into(), part(262_143..262_145)), // over a chunk's edge
        (format!("Range: bytes={}-\r\n", SIZE - 1), part(SIZE - 1..SIZE)),
        (format!("Range: bytes={SIZE}-\r\n"), outside()), // VLC asks for it
        (format!("Range: bytes={huge}-\r\n"), outside()),
        ("Range: bytes=-0\r\n".into(), outside()),
        ("Range: bytes=9-3\r\n".into(), whole()),
        ("Range: bytes=x-y\r\n".into(), whole()),
        ("Range: npt=10-\r\n".into(), whole()),
        ("Range: bytes=0-1,5-9\r\n".into(), whole()),
        ("Range: bytes=0-1\r\nRange: bytes=5-9\r\n".into(), whole()),
        (thousand, whole()),
        (format!("Range: bytes=5-9\r\nIf-Range: \"{TAG}\"\r\n"), part(5..10)),
        ("Range: bytes=5-9\r\nIf-Range: \"other\"\r\n".into(), whole()),
        (format!("Range: bytes=5-9\r\nIf-Range: W/\"{TAG}\"\r\n"), whole()),
        ("Range: bytes=5-9\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n".into(), part(5..10)),
        ("Range: bytes=5-9\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n".into(), whole()),
        (format!("Range: bytes={SIZE}-\r\nIf-Range: \"other\"\r\n"), whole()),
        (format!("Range: bytes=5-9\r\nIf-Match: \"{TAG}\"\r\n"), part(5..10)),
        ("Range: bytes=5-9\r\nIf-Match: *\r\n".into(), part(5..10)),
        ("Range: bytes=5-9\r\nIf-Match: \"other\"\r\n".into(), nothing(412)),
        ("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n".into(), nothing(412)),
        (format!("If-None-Match: \"{TAG}\"\r\n"), nothing(304)),
        ("If-None-Match: \"other\"\r\n".into(), whole()),
        ("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n".into(), nothing(304)),
        ("getcontentFeatures.dlna.org: 1\r\nRange: bytes=0-0\r\n".into(), part(0..1)),
    ];
    for (lines, (status, content_range, bytes)) in rows {
        let shown = &lines[..lines.len().min(80)];
        let get = ask(&server, "GET", &lines).await;
        assert_eq!(get.status, status, "{shown}");
        assert_eq!(get.header("content-range"), content_range, "{shown}");
        assert_eq!(get.body.len(), bytes.len(), "{shown}");
        assert_eq!(digest(&get.body), digest(&content(bytes.clone())), "{shown}");
        if status != 304 {
            assert_eq!(get.header("content-length"), bytes.len().to_string(), "{shown}");
        }
        assert_eq!(get.header("etag"), format!("\"{TAG}\""), "{shown}");
        assert_eq!(get.header("accept-ranges"), "bytes", "{shown}");

        // HEAD ignores Range (RFC 9110, 14.2), and has no body.
        let head = ask(&server, "HEAD", &lines).await;
        let status = if [206, 416].contains(&status) { 200 } else { status };
        assert_eq!((head.status, head.body.len()), (status, 0), "HEAD {shown}");
        if status == 200 {
            assert_eq!(head.header("content-length"), SIZE.to_string(), "HEAD {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_answers_the_whole_table() {
    let (server, _folder) = disk_file().await;
    the_whole_table(server).await;
}

#[tokio::test]
async fn a_file_answers_the_whole_table_on_one_thread_too() {
    let (server, _folder) = disk_file().await;
    the_whole_table(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_may_stall_answers_the_whole_table() {
    let (source, _) = Source::new(u64::MAX);
    the_whole_table(serving(source).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_are_those_that_televisions_want() {
    let (server, _folder) = disk_file().await;
    let answer = ask(&server, "GET", "Range: bytes=0-9\r\n").await;
    for (name, value) in [
        ("content-type", "video/x-matroska"),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("cache-control", "no-transform"),
        ("x-content-type-options", "nosniff"),
        ("content-disposition", "inline"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "Content-Range, Content-Length, Accept-Ranges"),
        ("transfermode.dlna.org", "Streaming"),
        (
            "contentfeatures.dlna.org",
            "DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=01700000000000000000000000000000",
        ),
        ("realtimeinfo.dlna.org", "DLNA.ORG_TLAG=*"),
        ("content-encoding", ""),
        ("transfer-encoding", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let samsung =
        "User-Agent: SEC_HHP_[TV] Samsung Q7 (55)/1.0\r\ntransferMode.dlna.org: Background\r\n";
    let answer = ask(&server, "HEAD", samsung).await;
    assert_eq!(answer.header("content-type"), "video/x-mkv");
    assert_eq!(answer.header("transfermode.dlna.org"), "Background");
    for (lines, status) in [
        ("getcontentFeatures.dlna.org: 0\r\n", 400),
        ("TimeSeekRange.dlna.org: npt=10-\r\n", 406),
        ("PlaySpeed.dlna.org: DLNA.ORG_PS=2\r\n", 406),
    ] {
        assert_eq!(ask(&server, "GET", lines).await.status, status, "{lines}");
    }
    let options = ask(&server, "OPTIONS", "").await;
    assert_eq!((options.status, options.header("access-control-allow-headers")), (204, "Range"));
    assert_eq!(options.header("access-control-allow-origin"), "*");
    assert_eq!(ask(&server, "POST", "Content-Length: 0\r\n").await.status, 405);
    let stranger = "GET /v/other/film.mkv HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(say(server.address, stranger).await.status, 404);
    let old = "GET /v/k/film.mkv HTTP/1.0\r\nHost: x\r\nRange: bytes=7-9\r\n\r\n";
    let answer = say(server.address, old).await;
    assert_eq!((answer.status, answer.body), (206, content(7..10)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_carries_many_ranges() {
    let (server, _folder) = disk_file().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for start in (0..SIZE).step_by(300_007) {
        let end = (start + 70_000).min(SIZE);
        let said =
            format!("GET /v/k/f HTTP/1.1\r\nHost: x\r\nRange: bytes={start}-{}\r\n\r\n", end - 1);
        stream.write_all(said.as_bytes()).await.unwrap();
        while line(&mut stream).await != "\r\n" {}
        let mut body = vec![0; end - start];
        stream.read_exact(&mut body).await.unwrap();
        assert_eq!(digest(&body), digest(&content(start..end)), "{start}");
    }
}

/// One line of a head, with its end.
async fn line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        line.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(line).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_short_closes_the_connection() {
    let (server, folder) = disk_file().await;
    let file = std::fs::File::options().write(true).open(folder.path().join("film")).unwrap();
    file.set_len(1 << 20).unwrap();
    let answer = ask(&server, "GET", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(digest(&answer.body), digest(&content(0..1 << 20)), "what is there, and no zeros");
}

/// A source of the same content that can be late: bytes up to a mark that the test moves.
struct Source {
    mark: watch::Receiver<u64>,
    reads: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

/// The test's hand on a [`Source`].
struct Hand {
    mark: watch::Sender<u64>,
    /// How often it was read, and how many readers there are now.
    reads: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Source {
    fn new(mark: u64) -> (Self, Hand) {
        let (send, mark) = watch::channel(mark);
        let (reads, open) = (Arc::default(), Arc::default());
        let hand = Hand { mark: send, reads: Arc::clone(&reads), open: Arc::clone(&open) };
        (Self { mark, reads, open }, hand)
    }
}

/// Counts a reader down when its stream is dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Representation for Source {
    fn len(&self) -> u64 {
        SIZE as u64
    }
    fn media_type(&self) -> &'static str {
        "video/x-matroska"
    }
    fn entity_tag(&self) -> &'static str {
        TAG
    }
    fn last_modified(&self) -> SystemTime {
        added()
    }
    fn may_stall(&self) -> bool {
        true
    }
    fn read(&self, range: Range<u64>) -> ByteStream {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.open.fetch_add(1, Ordering::SeqCst);
        let start = (range, self.mark.clone(), Open(Arc::clone(&self.open)));
        stream::try_unfold(start, |(range, mut mark, open)| async move {
            if range.is_empty() {
                return Ok::<_, io::Error>(None);
            }
            let have = mark.wait_for(|&mark| mark > range.start).await.map_err(io::Error::other)?;
            let end = range.end.min(*have).min(range.start + 60_000);
            drop(have);
            let [from, to] = [range.start, end].map(|at| usize::try_from(at).unwrap());
            let chunk = Bytes::from(content(from..to));
            Ok(Some((chunk, (end..range.end, mark, open))))
        })
        .boxed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn head_and_refusals_open_nothing() {
    let (source, hand) = Source::new(0);
    let server = serving(source).await;
    for (method, lines) in [
        ("HEAD", ""),
        ("HEAD", "Range: bytes=5-9\r\n"),
        ("OPTIONS", ""),
        ("GET", "Range: bytes=99999999-\r\n"),
        ("GET", "If-Match: \"other\"\r\n"),
        ("GET", "If-None-Match: *\r\n"),
        ("GET", "TimeSeekRange.dlna.org: npt=10-\r\n"),
    ] {
        ask(&server, method, lines).await;
        assert_eq!(hand.reads.load(Ordering::SeqCst), 0, "{method} {lines}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_is_dripped_and_then_the_film_goes_on() {
    let (source, hand) = Source::new(2 << 20);
    let server = serving(source).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /v/k/f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let arrivals = Arc::new(Mutex::new((0_usize, Vec::<(Instant, usize)>::new())));
    let log = Arc::clone(&arrivals);
    let reading = TaskTracker::new().spawn(async move {
        while line(&mut stream).await != "\r\n" {}
        let (mut all, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            let size = stream.read(&mut buffer).await.unwrap();
            all.extend_from_slice(&buffer[..size]);
            let mut log = log.lock().unwrap();
            log.0 = all.len();
            log.1.push((Instant::now(), size));
            drop(log);
            if size == 0 {
                return all;
            }
        }
    });
    // What has come but for the reserve, and a drip of at least 1 KiB in each of four seconds.
    let least = (2 << 20) - (512 << 10);
    let limit = Instant::now() + Duration::from_secs(20);
    let stalled = loop {
        let now = arrivals.lock().unwrap().clone();
        if now.0 >= least + 4 * 1024 {
            break now;
        }
        assert!(Instant::now() < limit, "{} bytes", now.0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(stalled.0 <= least + (64 << 10), "a reserve is left: {} bytes", stalled.0);
    let tail = &stalled.1[stalled.1.len() - 4..];
    for pair in tail.windows(2) {
        let (gap, size) = (pair[1].0 - pair[0].0, pair[1].1);
        assert!(gap < Duration::from_secs(3), "silent for {gap:?}");
        assert!(size >= 1024, "{size} bytes");
    }
    hand.mark.send(u64::MAX).unwrap();
    let all = reading.await.unwrap();
    assert_eq!(digest(&all), digest(&content(0..SIZE)));
    assert_eq!(hand.reads.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_do_not_wait_for_the_first_byte() {
    let (source, _hand) = Source::new(0);
    let server = serving(source).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /v/k/f HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(20), line(&mut stream)).await.unwrap();
    assert_eq!(first, "HTTP/1.1 200 OK\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_aborts_leaves_no_reader() {
    let (source, hand) = Source::new(1 << 20);
    let server = serving(source).await;
    for round in 0..10 {
        let mut streams = Vec::new();
        for at in 0..30 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            let start = at * 30_000;
            let said = format!("GET /v/k/f HTTP/1.1\r\nHost: x\r\nRange: bytes={start}-\r\n\r\n");
            stream.write_all(said.as_bytes()).await.unwrap();
            let mut some = [0; 1000];
            stream.read_exact(&mut some).await.unwrap();
            if at % 2 == 0 {
                // Players leave by a reset.
                stream.set_zero_linger().unwrap();
            }
            streams.push(stream);
        }
        assert!(hand.open.load(Ordering::SeqCst) >= 30, "round {round}");
        drop(streams);
        let limit = Instant::now() + Duration::from_secs(20);
        while hand.open.load(Ordering::SeqCst) > 0 {
            assert!(Instant::now() < limit, "readers outlive their players");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let answer = ask(&server, "GET", "Range: bytes=0-99\r\n").await;
    assert_eq!((answer.status, answer.body), (206, content(0..100)));
}
