//! The sockets and the guards: what a stranger can send, and that no handler sees what it must not.
//! Everything is spoken byte by byte over loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::routing::{any, get};
use axum::{Extension, Router};
use credenza::http::plain::{self, Ask, Reply};
use credenza::http::router;
use credenza::http::server::{self, Limits, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// No answer takes longer than this on loopback.
const LONG: Duration = Duration::from_secs(20);

/// A server under test.
pub struct Served {
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
    pub done: JoinHandle<()>,
}

/// Serves `routes` on a port of loopback.
pub async fn serve(routes: Router, limits: Limits) -> Served {
    let listener = server::listen(([127, 0, 0, 1], 0).into()).await.unwrap().with_limits(limits);
    let address = listener.address();
    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let serving = server::serve(listener, routes, tasks.clone(), shutdown.clone());
    Served { address, shutdown, done: tasks.spawn(serving) }
}

/// What came back.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Heard {
    /// The value of a header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        line.unwrap_or_default()
    }
}

/// Splits what a connection said; `status` 0 where it said nothing.
pub fn heard(bytes: &[u8]) -> Heard {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    Heard { status, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
}

/// Sends `bytes` and hears until the server closes.
pub async fn say(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Heard {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may have answered and closed before all is sent.
    let _ = stream.write_all(bytes.as_ref()).await;
    rest(stream).await
}

/// Hears until the server closes; a reset ends it too.
async fn rest(mut stream: TcpStream) -> Heard {
    let mut all = Vec::new();
    let _ = timeout(LONG, stream.read_to_end(&mut all)).await.expect("the server closes");
    heard(&all)
}

/// A house of one page, one API route that counts its calls, and a handler that panics.
fn house(calls: &Arc<AtomicUsize>) -> Router {
    let count = |calls: &Arc<AtomicUsize>| {
        let calls = Arc::clone(calls);
        move || async move {
            calls.fetch_add(1, Ordering::SeqCst);
            "reached"
        }
    };
    let who = |Extension(Peer(peer)): Extension<Peer>, headers: axum::http::HeaderMap| async move {
        format!("{} {:?}", peer.ip(), headers.keys().map(ToString::to_string).collect::<Vec<_>>())
    };
    let rest = Router::new()
        .route("/", get(|| async { axum::response::Html("<p>a page</p>") }))
        .route("/api/thing", any(count(calls)))
        .route("/echo", any(|body: String| async move { body }))
        .route("/who", get(who))
        .route("/panic", get(|| async { panic!("on purpose") as &'static str }));
    let media = Router::new().route("/v/{key}/{name}", any(count(calls)));
    let ours = |host: &str| ["127.0.0.1:8080", "box.local", "box.local:8080"].contains(&host);
    router::house(media, rest, Arc::new(ours))
}

async fn served() -> (Served, Arc<AtomicUsize>) {
    let calls = Arc::default();
    (serve(house(&calls), Limits::default()).await, calls)
}

#[tokio::test]
async fn a_port_in_use_is_told_in_one_sentence() {
    let first = server::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let port = first.address().port();
    let error = server::listen(first.address()).await.unwrap_err();
    let expected = format!(
        "port {port} is in use by another program: stop it, or choose another with --listen 0.0.0.0:PORT"
    );
    assert_eq!(error.to_string(), expected);
    let nobodys = server::listen("192.0.2.1:0".parse().unwrap()).await.unwrap_err();
    assert!(nobodys.to_string().starts_with("192.0.2.1 is no address of this machine"));
}

#[tokio::test]
async fn a_host_that_is_not_ours_reaches_no_handler() {
    let (server, calls) = served().await;
    let long = format!("{}.local", "a".repeat(8000));
    let hosts = [
        "",
        " ",
        "evil.com",
        "evil.com:80",
        "evil.com:8080",
        "192.168.1.5.evil.com",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8081",
        "127.0.0.1:08080",
        "127.0.0.1.:8080",
        "127.0.0.1:8080.",
        "127-0-0-1.nip.io:8080",
        "127.0.0.1.nip.io:8080",
        "127.0.0.1.nip.io",
        "box.local.",
        "BOX.local.evil.com",
        "box.local.evil.com",
        "evil.com.box.local",
        "evil.com#box.local",
        "evil.com/box.local",
        "evil.com\\box.local",
        "evil.com?box.local",
        "evil.com@box.local",
        "user@box.local",
        "user:pass@box.local",
        "box.local@evil.com",
        "box.local:80@evil.com",
        "box.local evil.com",
        "box.local,evil.com",
        "box.local;evil.com",
        "box.local, box.local",
        "box.local\tevil.com",
        "box.local:",
        "box.local:0",
        "box.local:99999",
        "box.local:-1",
        "box.local:8080:8080",
        "*",
        "*.local",
        ".",
        "..",
        ".local",
        "local",
        "box",
        "box_local",
        "[::1]:8080",
        "[::ffff:127.0.0.1]:8080",
        "[::ffff:7f00:1]",
        "::1",
        "[::1",
        "[box.local]",
        "2130706433",
        "2130706433:8080",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.1:8080",
        "0177.0.0.1",
        "0.0.0.0:8080",
        "localhost",
        "localhost:8080",
        "b%6fx.local",
        "b\u{f6}x.local",
        "xn--bx-fka.local",
        "http://box.local",
        "null",
        "box.local\0",
        "box.local\0.evil.com",
        &long,
    ];
    for host in hosts {
        for target in ["/api/thing", "/v/key/film.mkv", "/health", "/nowhere", "/"] {
            for method in ["GET", "POST", "OPTIONS"] {
                let said = format!(
                    "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
                );
                let answer = say(server.address, said).await;
                assert!([400, 421, 431].contains(&answer.status), "{host:?}: {}", answer.head);
            }
        }
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0, "no handler was reached");
}

#[tokio::test]
async fn one_host_is_ours_and_both_when_the_target_is_absolute() {
    let (server, _) = served().await;
    for (request, status) in [
        ("GET /api/thing HTTP/1.1\r\nHost: box.local\r\n", 200),
        ("GET /api/thing HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n", 200),
        ("GET http://box.local/api/thing HTTP/1.1\r\nHost: box.local\r\n", 200),
        ("GET http://evil.com/api/thing HTTP/1.1\r\nHost: box.local\r\n", 421),
        ("GET http://box.local/api/thing HTTP/1.1\r\nHost: evil.com\r\n", 421),
        ("GET http://user@box.local/api/thing HTTP/1.1\r\nHost: box.local\r\n", 421),
        ("GET /api/thing HTTP/1.1\r\nHost: box.local\r\nHost: box.local\r\n", 400),
        ("GET /api/thing HTTP/1.1\r\nHost: box.local\r\nHost: evil.com\r\n", 400),
        ("GET /api/thing HTTP/1.1\r\n", 400),
        ("GET /api/thing HTTP/1.0\r\nHost: box.local\r\n", 200),
        ("GET /api/thing HTTP/1.0\r\n", 421),
        ("GET http://box.local/api/thing HTTP/1.0\r\n", 200),
    ] {
        let answer = say(server.address, format!("{request}Connection: close\r\n\r\n")).await;
        assert_eq!(answer.status, status, "{request}");
    }
}

#[tokio::test]
async fn what_another_sites_page_sends_reaches_no_handler() {
    let (server, calls) = served().await;
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for lines in [
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
            "Sec-Fetch-Site: none\r\n",
            "Origin: http://evil.com\r\n",
            "Origin: http://box.local:8081\r\n",
            "Origin: https://evil.com\r\nSec-Fetch-Site: same-origin\r\n",
            "Origin: null\r\n",
            "Content-Type: text/plain\r\n",
        ] {
            let said = format!(
                "{method} /api/thing HTTP/1.1\r\nHost: box.local\r\n{lines}Content-Length: 0\r\n\
                 Connection: close\r\n\r\n"
            );
            let answer = say(server.address, said).await;
            assert_eq!(answer.status, 403, "{method} {lines}");
            assert!(answer.body.starts_with(br#"{"error":{"code":"cross_site""#), "{answer:?}");
        }
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0, "no handler was reached");
    for lines in ["", "Origin: http://box.local\r\n", "Sec-Fetch-Site: same-origin\r\n"] {
        let said = format!(
            "POST /api/thing HTTP/1.1\r\nHost: box.local\r\n{lines}Content-Length: 0\r\n\
             Connection: close\r\n\r\n"
        );
        assert_eq!(say(server.address, said).await.status, 200, "{lines}");
    }
}

#[tokio::test]
async fn both_lengths_at_once_are_refused_and_chunks_alone_are_read() {
    let (server, _) = served().await;
    let start = "POST /echo HTTP/1.1\r\nHost: box.local\r\n";
    let chunks = "3\r\nabc\r\n0\r\n\r\n";
    for lines in [
        "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 13\r\n",
        "transfer-encoding: chunked\r\nX: y\r\ncOnTeNt-LeNgTh: 0\r\n",
    ] {
        let answer = say(server.address, format!("{start}{lines}\r\n{chunks}")).await;
        assert_eq!(answer.status, 400, "{lines}");
        assert_eq!(answer.header("connection"), "close");
    }
    let last = "Connection: close\r\n\r\n";
    let alone = format!("{start}Transfer-Encoding: chunked\r\n{last}{chunks}");
    assert_eq!(say(server.address, alone).await.body, b"abc");
    // A length in the request before does not count.
    let two = format!(
        "{start}Content-Length: 2\r\n\r\nab{start}Transfer-Encoding: chunked\r\n{last}{chunks}"
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let (first, second) = two.split_at(start.len() + 23);
    stream.write_all(first.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let size = stream.read(&mut answer).await.unwrap();
    assert!(answer[..size].starts_with(b"HTTP/1.1 200"));
    stream.write_all(second.as_bytes()).await.unwrap();
    let answer = rest(stream).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"abc".as_slice()));
}

#[tokio::test]
async fn malformed_requests_are_refused_or_closed() {
    let (server, calls) = served().await;
    let flood: String = (0..65).map(|n| format!("X-{n}: y\r\n")).collect();
    let fat = format!("X: {}\r\n", "y".repeat(20_000));
    let folded = "X: a\r\n b\r\n";
    let head = "GET /api/thing HTTP/1.1\r\nHost: box.local\r\n";
    for said in [
        format!("{head}{flood}\r\n"),
        format!("{head}{fat}\r\n"),
        format!("{head}{folded}\r\n"),
        format!("{head}X : y\r\n\r\n"),
        format!("{head}: y\r\n\r\n"),
        format!("{head}X: \0\r\n\r\n"),
        format!("{head}Content-Length: -1\r\n\r\n"),
        format!("{head}Content-Length: 1, 2\r\n\r\n"),
        format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        format!("{head}Content-Length: 99999999999999999999999\r\n\r\n"),
        format!("{head}Transfer-Encoding: gzip\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked, gzip\r\n\r\n"),
        format!("GET /{} HTTP/1.1\r\nHost: box.local\r\n\r\n", "a".repeat(70_000)),
        "GET /api/thing HTTP/2.0\r\nHost: box.local\r\n\r\n".to_owned(),
        "GET /api/thing HTTP/1.1 \r\nHost: box.local\r\n\r\n".to_owned(),
        "GET api/thing HTTP/1.1\r\nHost: box.local\r\n\r\n".to_owned(),
        "GE\0T / HTTP/1.1\r\nHost: box.local\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n".to_owned(), // TLS
        "GET\r\n\r\n".to_owned(),
    ] {
        let answer = say(server.address, &said).await;
        let refused = answer.status == 0 || (400..500).contains(&answer.status);
        assert!(refused, "{:?} -> {}", &said[..said.len().min(80)], answer.head);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0, "no handler was reached");
}

#[tokio::test]
async fn half_a_header_is_cut_and_costs_nobody_else() {
    assert_eq!(Limits::default().header_time, Duration::from_secs(10));
    let limits = Limits { header_time: Duration::from_millis(400), ..Limits::default() };
    let server = serve(house(&Arc::default()), limits).await;
    let start = Instant::now();
    let mut held = Vec::new();
    for said in ["", "GET", "GET / HTTP/1.1\r\nHost: box.local\r\nX: "] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        held.push(stream);
    }
    let other = "GET /health HTTP/1.1\r\nHost: box.local\r\nConnection: close\r\n\r\n";
    assert_eq!(say(server.address, other).await.status, 200);
    for stream in held {
        rest(stream).await;
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn of_six_hundred_connections_forty_eight_are_held() {
    let (server, _) = served().await;
    let mut held = Vec::new();
    for _ in 0..600 {
        held.push(TcpStream::connect(server.address).await.unwrap());
    }
    // Someone at another address is not hurt.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(server.address).await.unwrap();
    let said = b"GET /health HTTP/1.1\r\nHost: box.local\r\nConnection: close\r\n\r\n";
    other.write_all(said).await.unwrap();
    assert_eq!(rest(other).await.status, 200);

    let (mut answered, mut refused) = (0, 0);
    for mut stream in held {
        let _ = stream.write_all(said).await;
        match rest(stream).await.status {
            200 => answered += 1,
            // A reset may overtake the 503.
            0 | 503 => refused += 1,
            status => panic!("{status}"),
        }
    }
    assert_eq!((answered, refused), (48, 552));
    assert_eq!(say(server.address, said).await.status, 200, "places are given back");
}

#[tokio::test]
async fn the_total_is_limited_over_all_addresses() {
    let limits = Limits { connections: 20, connections_per_ip: 8, ..Limits::default() };
    assert_eq!((Limits::default().connections, Limits::default().connections_per_ip), (512, 48));
    let server = serve(house(&Arc::default()), limits).await;
    let mut held = Vec::new();
    for n in 0..40_u8 {
        let socket = TcpSocket::new_v4().unwrap();
        let from = IpAddr::from([127, 0, 0, 10 + n % 10]);
        socket.bind((from, 0).into()).unwrap();
        held.push(socket.connect(server.address).await.unwrap());
    }
    let said = b"GET /health HTTP/1.1\r\nHost: box.local\r\nConnection: close\r\n\r\n";
    let mut answered = 0;
    for mut stream in held {
        let _ = stream.write_all(said).await;
        answered += usize::from(rest(stream).await.status == 200);
    }
    assert_eq!(answered, 20);
}

#[tokio::test]
async fn a_panic_is_one_requests_500_with_an_id() {
    let (server, _) = served().await;
    let said = "GET /panic HTTP/1.1\r\nHost: box.local\r\n\r\n\
        GET /health HTTP/1.1\r\nHost: box.local\r\nConnection: close\r\n\r\n";
    let answer = say(server.address, said).await;
    assert_eq!(answer.status, 500);
    let body = String::from_utf8(answer.body).unwrap();
    assert!(body.starts_with(r#"{"error":{"code":"internal","detail":{"id":""#), "{body}");
    assert!(!body.contains("on purpose"));
    assert!(body.contains("HTTP/1.1 200 OK"), "the same connection goes on: {body}");
}

#[tokio::test]
async fn bodies_have_a_size_and_a_time() {
    let (server, _) = served().await;
    let head = "POST /echo HTTP/1.1\r\nHost: box.local\r\nConnection: close\r\n";
    let full = "x".repeat(64 << 10);
    let length = full.len();
    let fits = say(server.address, format!("{head}Content-Length: {length}\r\n\r\n{full}")).await;
    assert_eq!((fits.status, fits.body.len()), (200, length));
    let more = say(server.address, format!("{head}Content-Length: {}\r\n\r\n", length + 1)).await;
    assert_eq!(more.status, 413);
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n10001\r\n{full}x\r\n0\r\n\r\n");
    assert_eq!(say(server.address, chunked).await.status, 413);

    let start = Instant::now();
    let slow = say(server.address, format!("{head}Content-Length: 10\r\n\r\nabc")).await;
    assert_eq!(slow.status, 408);
    assert!((9..13).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn forwarding_headers_are_not_even_seen() {
    let (server, _) = served().await;
    let said = "GET /who HTTP/1.1\r\nHost: box.local\r\nX-Forwarded-For: 10.0.0.1\r\n\
        X-Forwarded-Host: evil.com\r\nForwarded: for=10.0.0.1\r\nX-Real-IP: 10.0.0.1\r\n\
        Connection: close\r\n\r\n";
    let answer = say(server.address, said).await;
    assert_eq!(answer.body, br#"127.0.0.1 ["host", "connection"]"#);
}

#[tokio::test]
async fn every_answer_tells_browsers_what_it_is() {
    let (server, _) = served().await;
    for (target, status) in [("/", 200), ("/health", 200), ("/nowhere", 404), ("/panic", 500)] {
        let said = format!("GET {target} HTTP/1.1\r\nHost: box.local\r\nConnection: close\r\n\r\n");
        let answer = say(server.address, said).await;
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{target}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{target}");
        let policy = answer.header("content-security-policy");
        assert_eq!(policy.starts_with("default-src 'none'; "), target == "/", "{target}: {policy}");
    }
}

#[tokio::test]
async fn a_drain_ends_idle_connections_at_once_and_long_answers_at_its_limit() {
    let slow = get(|| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "late"
    });
    let quick = get(|| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "in time"
    });
    let routes = Router::new().route("/slow", slow).route("/quick", quick);
    let limits = Limits { drain: Duration::from_secs(1), ..Limits::default() };
    let server = serve(routes, limits).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    let slow = tokio::task::spawn(say(server.address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
    let quick = tokio::task::spawn(say(server.address, "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"));
    tokio::time::sleep(Duration::from_millis(100)).await; // both are under way
    let start = Instant::now();
    server.shutdown.cancel();
    assert_eq!(rest(idle).await.status, 0);
    assert!(start.elapsed() < Duration::from_millis(700), "{:?}", start.elapsed());
    assert_eq!(quick.await.unwrap().body, b"in time");
    timeout(Duration::from_secs(3), server.done).await.expect("serve returns").unwrap();
    assert_eq!(slow.await.unwrap().status, 0);
    assert!(TcpStream::connect(server.address).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn a_plain_host_answers_by_a_function() {
    let listener = server::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let (address, tasks) = (listener.address(), TaskTracker::new());
    let responder = Arc::new(|ask: Ask| {
        let said = format!(
            "{} {} {:?} {:?} {:?}",
            ask.method,
            ask.path,
            ask.query,
            ask.header("x-token"),
            ask.body
        );
        let status = if ask.query("missing").is_some() { 404 } else { 200 };
        Reply::text(status, "text/plain", said)
    });
    let shutdown = CancellationToken::new();
    let serving = plain::serve_plain(listener, responder, tasks.clone(), shutdown.clone());
    let done = tasks.spawn(serving);
    let said = "POST /a%20b?x=1&y=%C3%A4+z HTTP/1.1\r\nHost: any.example\r\nX-Token: t\r\n\
        Content-Length: 2\r\nConnection: close\r\n\r\nhi";
    let answer = say(address, said).await;
    let text = String::from_utf8(answer.body).unwrap();
    assert_eq!(text, r#"POST /a%20b [("x", "1"), ("y", "ä z")] Some("t") b"hi""#);
    let said = "GET /?missing HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n";
    assert_eq!(say(address, said).await.status, 404);
    shutdown.cancel();
    done.await.unwrap();
}

/// Runs in a process of its own, since it takes all descriptors: the parent starts itself again.
#[test]
fn without_descriptors_open_connections_go_on_and_new_ones_wait() {
    const NAME: &str = "server::without_descriptors_open_connections_go_on_and_new_ones_wait";
    const INNER: &str = "FEW_DESCRIPTORS";
    if std::env::vars_os().any(|(key, _)| key == INNER) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(run_out_of_descriptors());
    }
    let status = std::process::Command::new("sh")
        .args(["-c", r#"ulimit -n 100 && exec "$0" --exact "$1" --nocapture"#])
        .arg(std::env::current_exe().unwrap())
        .arg(NAME)
        .env(INNER, "1")
        .status();
    assert!(status.unwrap().success());
}

async fn run_out_of_descriptors() {
    let limits = Limits { connections_per_ip: 512, ..Limits::default() };
    let server = serve(house(&Arc::default()), limits).await;
    let keep = "GET /health HTTP/1.1\r\nHost: box.local\r\n\r\n";
    let close = "GET /health HTTP/1.1\r\nHost: box.local\r\nConnection: close\r\n\r\n";
    let mut open = TcpStream::connect(server.address).await.unwrap();
    let mut buffer = [0; 4096];
    let stat = std::fs::File::open("/proc/self/stat").unwrap();
    open.write_all(keep.as_bytes()).await.unwrap();
    assert!(open.read(&mut buffer).await.unwrap() > 0);

    // The client's half of a connection takes the last descriptor before the server's can.
    let mut held = Vec::new();
    while let Ok(Ok(stream)) =
        timeout(Duration::from_millis(500), TcpStream::connect(server.address)).await
    {
        held.push(stream);
    }
    let before = processor_ticks(&stat);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let spent = processor_ticks(&stat) - before;
    assert!(spent < 20, "the accept loop spins: {spent} hundredths of a second in one");
    open.write_all(keep.as_bytes()).await.unwrap();
    let size = open.read(&mut buffer).await.unwrap();
    assert!(buffer[..size].starts_with(b"HTTP/1.1 200"), "the open connection goes on");

    drop(held);
    let limit = Instant::now() + LONG;
    loop {
        if TcpStream::connect(server.address).await.is_ok()
            && say(server.address, close).await.status == 200
        {
            break;
        }
        assert!(Instant::now() < limit, "the server does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Processor time of this process, in hundredths of a second, from its `stat`.
fn processor_ticks(stat: &std::fs::File) -> u64 {
    let mut text = [0; 2048];
    let size = stat.read_at(&mut text, 0).unwrap();
    let text = String::from_utf8_lossy(&text[..size]).into_owned();
    let after_name = text.rsplit_once(')').unwrap().1;
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}
