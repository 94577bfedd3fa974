//! `/torrentio/{path}`: the configured Torrentio, read-only.

use super::street::{FILM, OTHER, Street, addon_path, find, streams};
use crate::support::upstream::Reply;

#[test]
fn torrentios_own_addresses_are_passed_on_to_who_may_watch_and_kept_for_minutes() {
    let street = Street::new();
    street.addon.on("/manifest.json", Reply::json(r#"{"id":"an.addon"}"#));
    street.addon.on("/sort=size/manifest.json", Reply::json(r#"{"id":"sorted"}"#));
    street.addon.on("/stream/movie/tt1.json", Reply::html("<!doctype html><title>Hello</title>"));
    let server = street.serve();
    let path = format!("/torrentio/stream/movie/{FILM}.json");
    for _ in 0..3 {
        let answer = server.owner("GET", &path).send();
        assert_eq!((answer.status, answer.text()), (200, streams([2])));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("access-control-allow-origin"), None, "for our own pages alone");
    }
    assert_eq!(street.addon_asked(), 1, "kept");
    let head = server.owner("HEAD", &path).send();
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(server.owner("GET", "/torrentio/manifest.json?x=y").send().json()["id"], "an.addon");
    assert_eq!(
        server.owner("GET", "/torrentio/sort=size/manifest.json").send().json()["id"],
        "sorted"
    );
    let asked = street.addon_asked();

    for (method, path, status, code) in [
        ("GET", "/torrentio/realdebrid=KEY/manifest.json", 400, "no_keys_here"),
        ("GET", "/torrentio/sort=size%7Crealdebrid=KEY/manifest.json", 400, "no_keys_here"),
        ("GET", "/torrentio/configure", 404, "not_found"),
        ("GET", "/torrentio/resolve/realdebrid/KEY/HASH/null/0/x.json", 404, "not_found"),
        ("GET", "/torrentio/stream/movie/..%2f..%2fmanifest.json", 404, "not_found"),
        ("GET", "/torrentio/stream/movie/%2e%2e/manifest.json", 404, "not_found"),
        ("GET", "/torrentio//manifest.json", 404, "not_found"),
        ("POST", "/torrentio/manifest.json", 405, "method_not_allowed"),
        ("DELETE", "/torrentio/manifest.json", 405, "method_not_allowed"),
    ] {
        let answer = server.owner(method, path).send();
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].as_str()),
            (status, Some(code)),
            "{path}"
        );
        assert!(!answer.text().contains("KEY"), "{}", answer.text());
    }
    assert_eq!(server.get(&path).status, 401, "a stranger");
    assert_eq!(street.addon_asked(), asked, "none of these left the box");
    // What it does not have is no fault of it.
    let none = server.owner("GET", "/torrentio/meta/movie/tt7.json").send();
    assert_eq!((none.status, none.json()["error"]["code"].as_str()), (404, Some("not_found")));
    let page = server.owner("GET", "/torrentio/stream/movie/tt1.json").send();
    assert_eq!((page.status, page.json()["error"]["code"].as_str()), (502, Some("no_index")));
    for seen in street.addon.requests() {
        assert_eq!((seen.header("authorization"), seen.header("cookie")), (None, None));
    }
}

#[test]
fn the_same_peace_holds_for_both_doors() {
    let street = Street::new();
    let wall = Reply::html("Sorry, you have been blocked").with_status(403);
    street.addon.on(&addon_path(FILM), wall);
    let server = street.serve();
    let refused = server.owner("GET", &format!("/torrentio/stream/movie/{FILM}.json")).send();
    assert_eq!(refused.status, 502, "{}", refused.text());
    assert!(refused.text().contains("torrentio refuses this connection (403) until about "));
    assert_eq!(super::line(&find(&server, OTHER), "torrentio")["state"], "blocked");
    let again = server.owner("GET", &format!("/torrentio/stream/movie/{OTHER}.json")).send();
    assert_eq!(again.status, 502);
    assert_eq!(street.addon_asked(), 1);
}
