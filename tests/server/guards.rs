//! The guards in front of the handlers: what a stranger sends must not reach them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::routing::{any, get};
use axum::{Extension, Router};
use credenza::http::router;
use credenza::http::server::{Limits, Peer};
use tokio::time::Instant;

use super::wire::{Served, say, serve};

/// A house of one page, one API route that counts its calls, and a handler that panics.
pub fn house(calls: &Arc<AtomicUsize>) -> Router {
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

pub async fn served() -> (Served, Arc<AtomicUsize>) {
    let calls = Arc::default();
    (serve(house(&calls), Limits::default()).await, calls)
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
        ("GET /api/thing HTTP/1.0\r\n", 200),
        ("GET http://evil.com/api/thing HTTP/1.0\r\n", 421),
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
    assert!((9..30).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
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
        // `no-referrer` would make browsers send the page's own forms with `Origin: null`.
        let referrer = if target == "/" { "same-origin" } else { "no-referrer" };
        assert_eq!(answer.header("referrer-policy"), referrer, "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{target}");
        let policy = answer.header("content-security-policy");
        assert_eq!(policy.starts_with("default-src 'none'; "), target == "/", "{target}: {policy}");
    }
}
