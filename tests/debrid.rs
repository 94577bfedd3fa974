//! The debrid path: every answer of a store has its meaning, the token goes into one header, and a
//! link that dies at any byte is replaced without the reader seeing it.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::Duration;

use credenza::debrid::{Debrid, Error, Patience, Subscription};
use credenza::fetch::{AddressPolicy, Client, Roots};
use credenza::secret::Secret;
use credenza::stremthru::StremThru;
use credenza::torrent::{Availability, InfoHash, Magnet, Store};
use tokio_util::task::TaskTracker;

use crate::support::upstream::{Reply, Upstream};
use film::Film;

pub mod film;
mod link;

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
        settling: Duration::from_secs(2),
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
    type Is = fn(&Error) -> bool;
    let echo = format!(r#"{{"error":{{"code":"UNKNOWN","message":"bad key {CANARY} \u0007"}}}}"#);
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
        (Reply::reset_connection(), 200, |error| matches!(error, Error::Unreachable { .. })),
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
