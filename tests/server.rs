//! The sockets: limits, malformed requests, the drain; and in `guards` what stands in front of the
//! handlers.
//! Everything is spoken byte by byte over loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod guards;
pub mod wire;

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use credenza::http::plain::{self, Ask, Reply};
use credenza::http::server::{self, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::guards::{house, served};
use self::wire::{LONG, rest, say, serve};

#[tokio::test]
async fn a_port_in_use_is_told_in_one_sentence() {
    let first = server::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let port = first.address().port();
    let error = server::listen(first.address()).await.unwrap_err();
    let expected = format!(
        "port {port} is in use by another program: stop it, or choose another with --listen 127.0.0.1:PORT"
    );
    assert_eq!(error.to_string(), expected);
    let nobodys = server::listen("192.0.2.1:0".parse().unwrap()).await.unwrap_err();
    assert!(nobodys.to_string().starts_with("192.0.2.1 is no address of this machine"));
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
    let flood = "X: y\r\n".repeat(64);
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
    let limits = Limits { header_time: Duration::from_secs(2), ..Limits::default() };
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
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
}

async fn from(own: &str, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(own.parse().unwrap()).unwrap();
    socket.connect(server).await.unwrap()
}

#[tokio::test]
async fn a_proxy_of_this_machine_may_bring_a_whole_household() {
    let server = serve(house(&Arc::default()), Limits::default()).await;
    let said = b"GET /health HTTP/1.1\r\nHost: box.local\r\nConnection: close\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..200 {
        held.push(TcpStream::connect(server.address).await.unwrap());
    }
    for mut stream in held {
        stream.write_all(said).await.unwrap();
        assert_eq!(rest(stream).await.status, 200);
    }
}

#[tokio::test]
async fn of_six_hundred_connections_forty_eight_are_held() {
    // None of them is held until its time for a head is over, on the slowest machine.
    let limits = Limits { header_time: Duration::from_secs(60), ..Limits::default() };
    let server = serve(house(&Arc::default()), limits).await;
    let mut held = Vec::new();
    for _ in 0..600 {
        held.push(from("127.0.0.9:0", server.address).await);
    }
    // Someone at another address is not hurt.
    let mut other = from("127.0.0.2:0", server.address).await;
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
    let mut again = from("127.0.0.9:0", server.address).await;
    again.write_all(said).await.unwrap();
    assert_eq!(rest(again).await.status, 200, "places are given back");
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
async fn a_drain_ends_idle_connections_at_once_and_long_answers_at_its_limit() {
    let begun = Arc::new(AtomicUsize::new(0));
    let (one, two) = (Arc::clone(&begun), Arc::clone(&begun));
    let slow = get(async move || {
        one.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(60)).await;
        "late"
    });
    let quick = get(async move || {
        two.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await;
        "in time"
    });
    let routes = Router::new().route("/slow", slow).route("/quick", quick);
    let limits = Limits { drain: Duration::from_secs(5), ..Limits::default() };
    let server = serve(routes, limits).await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    let tasks = TaskTracker::new();
    let slow = tasks.spawn(say(server.address, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
    let quick = tasks.spawn(say(server.address, "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"));
    while begun.load(Ordering::SeqCst) < 2 {
        assert!(!slow.is_finished() && !quick.is_finished(), "both are under way");
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    server.shutdown.cancel();
    assert_eq!(rest(idle).await.status, 0);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(quick.await.unwrap().body, b"in time");
    timeout(Duration::from_secs(20), server.done).await.expect("serve returns").unwrap();
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
