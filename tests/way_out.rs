//! The way out keeps its promises: no private address is reached however it is written, no secret
//! leaves with a redirect or an error, and no answer costs more time or memory than its limit.

use std::time::{Duration, SystemTime};

use credenza::fetch::{AddressPolicy, Client, Error, Method, Request, Roots, at};
use credenza::fetch::{bundled_roots_pem, system_roots_present};
use credenza::secret::Secret;
use futures_util::StreamExt;
use tokio::time::Instant;
use url::Url;

use crate::support::upstream::{Reply, Upstream};

mod clock;
mod inward;
mod trackers;

use inward::INWARD;

const CANARY: &str = "CANARYq7Zt2LxV9sRk4WmJ8bHn3YcP6dFgA1uEo0T";

fn client(policy: AddressPolicy) -> Client {
    Client::new(policy, Roots::Bundled).expect("the bundled roots are always there")
}

fn get(url: Url) -> Request {
    Request::get(url).within(Duration::from_secs(10))
}

fn secret_get(url: Url) -> Request {
    let secret = Some(("X-StremThru-Store-Authorization", "Bearer ", Secret::new(CANARY)));
    Request { secret, ..get(url) }
}

fn host(upstream: &Upstream) -> String {
    upstream.addr().ip().to_string()
}

#[tokio::test]
async fn no_way_to_write_an_inward_address_gets_through() {
    let upstream = Upstream::start();
    let client = client(AddressPolicy::default());
    let mut asked = 0;
    for form in INWARD {
        let text = form.replace("PORT", &upstream.addr().port().to_string());
        // What the URL standard refuses can never become a request.
        let Ok(url) = Url::parse(&text) else { continue };
        asked += 1;
        let error = client.send(get(url.clone())).await.expect_err(form);
        let fits = match &error {
            Error::PrivateAddress { .. } | Error::BadUrl { .. } => true,
            // A machine may not know these names at all.
            Error::Unreachable { .. } => {
                url.domain().is_some_and(|name| name.contains("localhost"))
            }
            _ => false,
        };
        assert!(fits, "{form}: {error}");
        client.open(get(url)).await.expect_err(form);
    }
    assert!(asked >= 60, "only {asked} forms are URLs");
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn only_web_schemes_and_web_ports_are_asked() {
    let client = client(AddressPolicy::default());
    for form in [
        "ftp://1.1.1.1/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "gopher://1.1.1.1:70/",
        "ws://1.1.1.1/",
        "unix:/run/x.sock",
        "http://1.1.1.1:22/",
        "http://1.1.1.1:25/",
        "http://1.1.1.1:0/",
        "https://user@1.1.1.1/",
    ] {
        let error = client.send(get(Url::parse(form).unwrap())).await.expect_err(form);
        assert!(matches!(error, Error::BadUrl { .. }), "{form}: {error}");
    }
}

#[tokio::test]
async fn a_listed_address_is_reached_with_its_own_port_alone() {
    let (listed, other) = (Upstream::start(), Upstream::start());
    listed.on("/", Reply::ok("here"));
    listed.on("/away", Reply::redirect(302, other.url("/")));
    listed.on("/named", Reply::redirect(302, format!("http://localhost:{}/", other.addr().port())));
    let client = client(listed.policy());
    assert_eq!(client.send(get(listed.url("/"))).await.unwrap().body, "here");
    // By a name that leads to the listed address, too.
    let named = format!("http://localhost:{}/", listed.addr().port());
    let answer = client.send(get(Url::parse(&named).unwrap())).await.unwrap();
    assert_eq!(answer.body, "here");
    let named = format!("http://localhost:{}/", other.addr().port());
    for url in
        [other.url("/"), Url::parse(&named).unwrap(), listed.url("/away"), listed.url("/named")]
    {
        let error = client.send(get(url.clone())).await.unwrap_err();
        assert!(matches!(error, Error::PrivateAddress { .. }), "{url}: {error}");
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn each_hop_of_a_redirect_is_judged_and_the_fourth_is_refused() {
    let upstream = Upstream::start();
    for (from, to) in [("/1", "/2"), ("/2", "/3"), ("/3", "/4"), ("/4", "/end"), ("/loop", "/loop")]
    {
        upstream.on(from, Reply::redirect(302, to));
    }
    upstream.on("/end", Reply::ok("end"));
    let client = client(upstream.policy());
    assert_eq!(client.send(get(upstream.url("/2"))).await.unwrap().body, "end");
    assert_eq!(client.open(get(upstream.url("/2"))).await.unwrap().status, 200);
    for path in ["/1", "/loop"] {
        let error = client.send(get(upstream.url(path))).await.unwrap_err();
        assert!(matches!(error, Error::Redirected { .. }), "{path}: {error}");
    }
    for to in ["http://10.0.0.1/", "http://[::1]/", "//127.0.0.9/", "file:///etc/passwd", "http://"]
    {
        upstream.on("/bad", Reply::redirect(307, to));
        let error = client.send(get(upstream.url("/bad"))).await.unwrap_err();
        let fits = matches!(error, Error::PrivateAddress { .. } | Error::BadUrl { .. });
        assert!(fits, "{to}: {error}");
    }
    // A call with effects is not made twice, at an address that nobody chose.
    upstream.on("/post", Reply::redirect(307, "/end"));
    let post = Request { method: Method::Post, ..get(upstream.url("/post")) };
    assert!(matches!(client.send(post).await, Err(Error::Redirected { .. })));
}

#[tokio::test]
async fn a_secret_reaches_its_host_and_never_follows_a_redirect() {
    let (upstream, other) = (Upstream::start(), Upstream::start());
    let policy = AddressPolicy { allow_private: vec![upstream.addr(), other.addr()] };
    let client = client(policy);
    other.on("/", Reply::ok("stolen"));
    for status in [301, 302, 303, 307, 308] {
        for to in [other.url("/"), upstream.url("/elsewhere")] {
            upstream.on("/token", Reply::redirect(status, &to));
            let error = client.send(secret_get(upstream.url("/token"))).await.unwrap_err();
            assert_eq!(error, Error::Redirected { host: host(&upstream) });
            let error = client.open(secret_get(upstream.url("/token"))).await.unwrap_err();
            assert_eq!(error, Error::Redirected { host: host(&upstream) });
        }
    }
    assert_eq!(other.connections(), 0);
    let seen = upstream.requests();
    assert!(seen.iter().all(|one| one.path == "/token"));
    let expected = format!("Bearer {CANARY}");
    assert_eq!(seen[0].header("x-stremthru-store-authorization"), Some(expected.as_str()));
}

#[tokio::test]
async fn a_secret_crosses_no_unencrypted_line_outside_the_house() {
    let client = client(AddressPolicy::default());
    for url in ["http://1.1.1.1/", "http://stremthru.example/", "http://1.1.1.1:8080/"] {
        let error = client.send(secret_get(Url::parse(url).unwrap())).await.unwrap_err();
        assert!(matches!(error, Error::BadUrl { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_canary_is_in_no_error_and_no_debug_output() {
    let upstream = Upstream::start();
    let client = client(upstream.policy());
    let garbage = Reply::ok("gzip?").header("Content-Encoding", "gzip");
    let faults = [
        ("/hang", Reply::hang()),
        ("/drop", Reply::drop_connection()),
        ("/reset", Reply::reset_connection()),
        ("/cut", Reply::json("[1,2,3,4]").cut_after(3)),
        ("/gzip", Reply::json("[1,2,3,4,5,6,7,8,9]").truncated_gzip()),
        ("/garbage", garbage),
        ("/html", Reply::html("<html><title>Login</title>")),
        ("/301", Reply::redirect(301, format!("/{CANARY}?{CANARY}"))),
        ("/403", Reply::html("<html>no").with_status(403)),
        ("/429", Reply::status(429).header("Retry-After", "1000000000")),
        ("/500", Reply::status(500)),
        ("/big", Reply::ok(vec![b'x'; 1 << 20]).repeated(20 << 20)),
    ];
    let mut urls: Vec<Url> = Vec::new();
    for (path, reply) in faults {
        upstream.on(path, reply);
        urls.push(upstream.url(&format!("{path}?token={CANARY}")));
    }
    for odd in
        ["http://10.0.0.1/", "http://no-such-name.invalid/", "ftp://1.1.1.1/", "https://u@1.1.1.1/"]
    {
        urls.push(Url::parse(&format!("{odd}{CANARY}?token={CANARY}#{CANARY}")).unwrap());
    }
    for url in urls {
        let request = secret_get(url.clone()).within(Duration::from_millis(700));
        let plain = Request { url: upstream.url("/"), ..request.clone() };
        assert!(!format!("{plain:?}").contains(CANARY));
        let error = client.get_json::<serde_json::Value>(request).await.expect_err(url.path());
        let shown = format!("{error} {error:?} {error:#?} {client:?}");
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(shown.contains(error.host()) && !shown.contains("token="), "{shown}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[tokio::test]
async fn a_body_of_200_mb_is_left_after_8_mib() {
    let upstream = Upstream::start();
    upstream.on("/", Reply::ok(vec![b'x'; 1 << 16]).repeated(200_000_000));
    let error = client(upstream.policy()).send(get(upstream.url("/"))).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { host: host(&upstream) });
    // What lay in socket buffers on the way comes on top of the 8 MiB.
    assert!(upstream.sent_bytes() < 32 << 20, "{}", upstream.sent_bytes());
    upstream.on("/", Reply::ok(vec![b'x'; 8 << 20]));
    let answer = client(upstream.policy()).send(get(upstream.url("/"))).await.unwrap();
    assert_eq!(answer.body.len(), 8 << 20);
}

#[tokio::test]
async fn a_bomb_is_left_after_8_mib_unpacked() {
    let upstream = Upstream::start();
    upstream.on("/", Reply::json(vec![b' '; 256 << 20]).gzip());
    let start = Instant::now();
    let error = client(upstream.policy()).send(get(upstream.url("/"))).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { host: host(&upstream) });
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[tokio::test]
async fn packed_answers_are_unpacked_and_broken_ones_are_one_sentence() {
    let upstream = Upstream::start();
    let client = client(upstream.policy());
    let long = format!("[{}1]", "1,".repeat(5000));
    upstream.on("/gzip", Reply::json(&long).gzip());
    upstream.on("/cut-gzip", Reply::json(&long).truncated_gzip());
    upstream.on("/no-gzip", Reply::json(&long).header("Content-Encoding", "gzip"));
    upstream.on("/no-brotli", Reply::json(&long).header("Content-Encoding", "br"));
    upstream.on("/cut", Reply::json(&long).cut_after(100));
    let whole: Vec<u8> = client.get_json(get(upstream.url("/gzip"))).await.unwrap();
    assert_eq!(whole.len(), 5001);
    assert_eq!(upstream.requests()[0].header("accept-encoding"), Some("gzip,br"));
    for path in ["/cut-gzip", "/no-gzip", "/no-brotli", "/cut"] {
        let error = client.send(get(upstream.url(path))).await.expect_err(path);
        assert_eq!(error, Error::CutShort { host: host(&upstream) }, "{path}");
    }
    // Bytes of a range must be the bytes themselves.
    let opened = client.open(get(upstream.url("/gzip"))).await;
    assert!(matches!(opened, Err(Error::CutShort { .. })));
    let seen = upstream.requests();
    let last = seen.last().unwrap();
    assert_eq!(last.header("accept-encoding"), Some("identity"));
    let user_agent = concat!("credenza/", env!("CARGO_PKG_VERSION"));
    assert_eq!(last.header("user-agent"), Some(user_agent));
}

#[tokio::test]
async fn a_drip_and_a_hang_end_in_time() {
    let upstream = Upstream::start();
    upstream.on("/drip", Reply::json("[1,2,3,4,5,6,7,8,9]").drip(1, Duration::from_secs(1)));
    upstream.on("/hang", Reply::hang());
    let client = client(upstream.policy());
    for path in ["/drip", "/hang"] {
        let start = Instant::now();
        let request = get(upstream.url(path)).within(Duration::from_millis(1500));
        let error = client.send(request).await.unwrap_err();
        assert_eq!(error, Error::TimedOut { host: host(&upstream) }, "{path}");
        assert!(start.elapsed() < Duration::from_secs(8), "{path}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn an_opened_body_may_drip_on_but_not_fall_silent() {
    let upstream = Upstream::start();
    let client = client(upstream.policy());
    let film = Reply::ok("0123456789").with_status(206);
    let film = film.header("Content-Range", "bytes 5-14/900").header("ETag", "\"x\"");
    upstream.on("/drip", film.clone().drip(1, Duration::from_millis(300)));
    upstream.on("/silent", film.clone().drip(5, Duration::from_secs(20)));
    upstream.on("/cut", film.clone().cut_after(4));
    upstream.on("/whole", film);
    // Ten drips of 0.3 s outlast a limit of 2 s, which is one on silence.
    for (path, bytes, kind) in [
        ("/whole", 10, None),
        ("/drip", 10, None),
        ("/silent", 5, Some(std::io::ErrorKind::TimedOut)),
        ("/cut", 4, Some(std::io::ErrorKind::ConnectionAborted)),
    ] {
        let request = get(upstream.url(path)).within(Duration::from_secs(2));
        let mut opened = client.open(request).await.unwrap();
        assert_eq!((opened.status, opened.content_range), (206, Some((5, 900))), "{path}");
        assert_eq!(opened.entity_tag.as_deref(), Some("\"x\""));
        let (mut read, mut ended) = (0, None);
        while let Some(piece) = opened.body.next().await {
            match piece {
                Ok(piece) => read += piece.len(),
                Err(error) => ended = Some(error),
            }
        }
        assert_eq!((read, ended.as_ref().map(std::io::Error::kind)), (bytes, kind), "{path}");
        assert!(ended.is_none_or(|error| !error.to_string().contains(path)));
    }
    // The length is told where it is known.
    let opened = client.open(get(upstream.url("/whole"))).await.unwrap();
    assert_eq!(opened.length, Some(10));
}

#[tokio::test]
async fn retry_after_is_honoured_within_the_call_and_told_otherwise() {
    let upstream = Upstream::start();
    let client = client(upstream.policy());
    let date = |s| httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(s));
    let limited = |wait: &str| Reply::status(429).header("Retry-After", wait);
    // (the name, replies, whether the call succeeds, requests that arrive)
    for (name, replies, good, requests) in [
        ("zero", vec![limited("0"), Reply::json("1")], true, 2),
        ("seconds", vec![limited("1"), Reply::json("1")], true, 2),
        ("date", vec![limited(&date(2)), Reply::json("1")], true, 2),
        ("503", vec![limited("0").with_status(503), Reply::json("1")], true, 2),
        ("twice", vec![limited("0"), limited("0"), Reply::json("1")], true, 3),
        ("thrice", vec![limited("0")], false, 3),
        ("too long for the call", vec![limited("50"), Reply::json("1")], false, 1),
        ("a far date", vec![limited(&date(3000)), Reply::json("1")], false, 1),
        ("absurd", vec![limited("1000000000"), Reply::json("1")], false, 1),
        ("absurder", vec![limited("99999999999999999999999"), Reply::json("1")], false, 1),
        ("no word", vec![Reply::status(429), Reply::json("1")], false, 1),
        ("no number", vec![limited("soon"), Reply::json("1")], false, 1),
        ("503 without", vec![Reply::status(503), Reply::json("1")], false, 1),
        ("dropped", vec![Reply::drop_connection(), Reply::json("1")], true, 2),
        ("dropped for good", vec![Reply::drop_connection()], false, 3),
        ("reset", vec![Reply::reset_connection(), Reply::json("1")], true, 2),
        ("reset for good", vec![Reply::reset_connection()], false, 3),
    ] {
        let before = upstream.connections();
        upstream.script("/", replies);
        let start = Instant::now();
        let result = client.get_json::<u8>(get(upstream.url("/"))).await;
        assert_eq!(result.is_ok(), good, "{name}: {result:?}");
        assert_eq!(upstream.connections() - before, requests, "{name}");
        assert!(start.elapsed() < Duration::from_secs(10), "{name}: {:?}", start.elapsed());
        if let Err(Error::Limited { retry_after, .. }) = result {
            assert!(retry_after.is_none_or(|wait| wait <= Duration::from_secs(86_400)), "{name}");
        }
    }
}

#[tokio::test]
async fn a_url_arrives_as_it_was_made() {
    let upstream = Upstream::start();
    let base = upstream.url("/my/base");
    upstream.on("/my/base/v0/a%2Fb", Reply::json("1"));
    let url = at(&base, &["v0", "a/b"], &[("q", "a&b=c")]);
    let one: u8 = client(upstream.policy()).get_json(get(url)).await.unwrap();
    assert_eq!((one, upstream.requests()[0].query.as_str()), (1, "q=a%26b%3Dc"));
}

#[tokio::test]
async fn only_a_get_is_repeated() {
    let upstream = Upstream::start();
    let client = client(upstream.policy());
    upstream.script("/", [Reply::status(429).header("Retry-After", "0"), Reply::json("1")]);
    let body = serde_json::json!({"magnet": "x"});
    let post = Request { method: Method::Post, json: Some(body), ..get(upstream.url("/")) };
    let error = client.send(post).await.unwrap_err();
    assert!(error.is_limited(), "{error}");
    let seen = upstream.requests();
    assert_eq!((seen.len(), seen[0].method.as_str()), (1, "POST"));
    assert_eq!(seen[0].body, br#"{"magnet":"x"}"#);
}

#[tokio::test]
async fn a_refusal_is_a_sentence_that_names_the_host() {
    let upstream = Upstream::start();
    let client = client(upstream.policy());
    let wall = Reply::html("<!DOCTYPE html><html><head><title>Just a moment...</title>");
    for (reply, words) in [
        (
            Reply::html("<h1>Sorry, you have been blocked").with_status(403),
            "refuses this connection (403)",
        ),
        (Reply::status(418), "refuses this connection (418)"),
        (wall.clone(), "refuses this connection (200)"),
        (wall.with_status(503), "refuses this connection (503)"),
        (Reply::json("{}").with_status(403), "refuses this connection (403)"),
        (Reply::json("{}").with_status(429), "has had too many requests"),
        (
            Reply::html("<html><title>Welcome to our hotel</title>"),
            "sent a web page where JSON was expected; a login page of the network?",
        ),
        (Reply::ok("\u{feff}  <html>"), "sent a web page where JSON was expected"),
        (Reply::ok("not json"), "sent something else where JSON was expected"),
        (Reply::ok(""), "sent something else where JSON was expected"),
        (Reply::json("[".repeat(10_000)), "sent something else where JSON was expected"),
        (Reply::status(500), "answered with an error (500)"),
        (Reply::status(404), "answered with an error (404)"),
    ] {
        upstream.on("/path", reply);
        let asked = client.get_json::<serde_json::Value>(get(upstream.url("/path"))).await;
        let sentence = asked.unwrap_err().to_string();
        let expected = format!("{} {words}", host(&upstream));
        assert!(sentence.starts_with(&expected), "{sentence:?} is not {expected:?}…");
    }
    // An API's own words go to its reader.
    upstream.on("/api", Reply::json(r#"{"error":{"code":"FORBIDDEN"}}"#).with_status(403));
    let answer = client.send(get(upstream.url("/api"))).await.unwrap();
    let body: serde_json::Value = answer.body_json().unwrap();
    assert_eq!((answer.status, body["error"]["code"].as_str()), (403, Some("FORBIDDEN")));
}

#[tokio::test]
async fn nothing_that_listens_is_a_sentence_too() {
    let gone = Upstream::start();
    let (policy, url) = (gone.policy(), gone.url("/x"));
    drop(gone);
    let client = client(policy);
    crate::support::until("the port to close", Duration::from_secs(5), || {
        std::net::TcpStream::connect(url.socket_addrs(|| None).unwrap()[0]).is_err().then_some(())
    });
    let error = client.send(get(url)).await.unwrap_err();
    assert_eq!(error.to_string(), "127.0.0.1 cannot be reached: nothing listens there");
    let nobody = Url::parse("https://no-such-name.invalid/x").unwrap();
    let error = client.send(get(nobody)).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. } | Error::TimedOut { .. }), "{error}");
}

#[test]
fn the_bundled_roots_are_pem_that_the_system_would_read() {
    let pem = bundled_roots_pem();
    let count = pem.matches("-----BEGIN CERTIFICATE-----\n").count();
    assert!(count > 100, "{count}");
    assert_eq!(count, pem.matches("-----END CERTIFICATE-----\n").count());
    assert!(pem.lines().all(|line| line.len() <= 64));
    // Either client can be made wherever it says so.
    assert_eq!(
        system_roots_present(),
        Client::new(AddressPolicy::default(), Roots::System).is_ok()
    );
}
