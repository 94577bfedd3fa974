//! Sets that nobody knows and that come by WebDAV, or by the address of a film alone: they are listed with
//! what they asked, so that an owner can report them. Programs of computers and phones are none.

use serde_json::Value;

use super::quirks::{KODI, browse, on};
use super::shelf;
use crate::support::http::ask;
use crate::support::server::Server;

const NOBODYS: &str = "Nobody's TV/1.0";

fn sets(server: &Server) -> Vec<Value> {
    server.owner("GET", "/api/sets").send().json()["sets"].as_array().unwrap().clone()
}

/// What the one that calls itself so is listed with.
fn asked_by(server: &Server, agent: &str) -> Option<Value> {
    let row = sets(server).into_iter().find(|row| row["user_agent"] == agent)?;
    assert_eq!(row["profile"], "unknown", "{row}");
    Some(row["asked"].clone())
}

#[test]
fn a_set_that_nobody_knows_is_listed_however_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    shelf::lay(folder.path(), &[("tt7000000".to_owned(), "A film".to_owned())]);
    let server = on(folder.path(), &[("CREDENZA_ACCESS_AUTH_REQUIRED", "false")]);
    let films = "/dav/On%20this%20box/Films/";
    let propfind = |agent: &str| {
        let ask = server.ask("PROPFIND", films).with("Depth", "1").with("User-Agent", agent);
        let answer = ask.send();
        assert_eq!(answer.status, 207, "{}", answer.text());
        answer.text()
    };
    let list = server.get("/files/On%20this%20box/Films/playlist.m3u8").text();
    let film = list.lines().find(|line| line.contains("/v/")).unwrap();
    let get = |agent: &str, more: &[(&str, &str)]| {
        let ask = ask("GET", film).with("User-Agent", agent);
        let answer = more.iter().fold(ask, |ask, (name, value)| ask.with(name, value)).send();
        assert!(matches!(answer.status, 200 | 206), "{agent}: {}", answer.status);
    };

    let programs = [
        "Lavf/61.1.100",
        "libmpv",
        "VLC/3.0.24 LibVLC/3.0.24",
        KODI,
        "rclone/v1.60.1-DEV",
        "GStreamer souphttpsrc 1.22.0 libsoup/3.2.2",
        "curl/8.5.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Version/17.2",
        "",
    ];
    for program in programs {
        propfind(program);
        get(program, &[]);
    }
    assert_eq!(sets(&server), Vec::<Value>::new(), "none of them is a television");

    propfind("Nobody's Box/2.0");
    assert_eq!(
        asked_by(&server, "Nobody's Box/2.0").unwrap(),
        Value::from(vec!["WebDAV: PROPFIND"])
    );
    let more = [("Range", "bytes=0-1"), ("getcontentFeatures.dlna.org", "1")];
    get("Nobody's Player/3.0", &more);
    get("Nobody's Player/3.0", &more);
    let asked = asked_by(&server, "Nobody's Player/3.0").unwrap();
    assert_eq!(asked, Value::from(vec!["GET of a .mkv by Range, getcontentfeatures.dlna.org"]));
    let browser = "Mozilla/5.0 (Linux) AppleWebKit/537.36 HbbTV/1.4.1 (+DRM;Nobody;TV55;1.0;;)";
    get(browser, &[]);
    assert!(asked_by(&server, browser).is_some(), "a browser that says it is a television");
    // The page is for whoever has claimed the box.
    server.claim("long enough for a test");
    let page = server.owner("GET", "/setup").send().text();
    assert!(page.contains("Nobody&#39;s Player/3.0") && page.contains("GET of a .mkv"), "{page}");

    // One that is given lists stands once, and no number of others has it forgotten.
    assert_eq!(browse(&server, NOBODYS, "0", "BrowseDirectChildren").status, 200);
    get(NOBODYS, &[]);
    let asked = asked_by(&server, NOBODYS).unwrap();
    assert_eq!(asked, Value::from(vec!["Browse", "GET of a .mkv"]));
    for number in 0..60 {
        get(&format!("Nobody's number {number}"), &[]);
    }
    let all = sets(&server);
    assert_eq!(all.len(), 1 + 16, "{all:?}");
    assert!(asked_by(&server, NOBODYS).is_some(), "{all:?}");
    assert!(asked_by(&server, "Nobody's number 0").is_none());
}
