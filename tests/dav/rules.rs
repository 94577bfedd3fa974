//! RFC 4918 as far as a tree has to keep it that is only read; and who may read it.

use data_encoding::BASE64;

use super::{LIMIT, child, list, names, propfind, rows};
use crate::support::server::Server;
use crate::support::until;

#[test]
fn a_tree_that_is_only_read_answers_as_rfc_4918_says() {
    let server = Server::demo();
    let options = server.ask("OPTIONS", "/dav/").send();
    assert_eq!((options.status, options.header("dav")), (204, Some("1")));
    assert_eq!(options.header("allow"), Some("OPTIONS, GET, HEAD, PROPFIND"));

    for depth in ["infinity", "Infinity"] {
        let refused = propfind(&server, "/dav/", depth);
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("<D:propfind-finite-depth/>"), "{}", refused.text());
    }
    assert_eq!(server.ask("PROPFIND", "/dav/").send().status, 403, "without Depth it is infinity");
    assert_eq!(propfind(&server, "/dav/", "2").status, 400);

    let own = rows(&propfind(&server, "/dav/Films/", "0").text());
    assert_eq!((own.len(), own[0].href.as_str()), (1, "/dav/Films/"));
    assert!(own[0].xml.contains("<D:resourcetype><D:collection/></D:resourcetype>"));
    // However its letters were sent, a folder knows itself by them.
    let oddly = list(&server, "/dav/%46ilms/");
    assert_eq!(oddly[0].href, "/dav/%46ilms/");
    assert!(oddly[1].href.starts_with("/dav/%46ilms/"), "{}", oddly[1].href);
    assert_eq!(list(&server, "/dav/Films")[0].href, "/dav/Films/");
    let ranged = server.ask("PROPFIND", "/dav/").with("Depth", "1").with("Range", "bytes=0-");
    assert_eq!(ranged.send().status, 207, "Kodi sends a range here too");

    let ask = |body: &str| {
        let ask = server.ask("PROPFIND", "/dav/Films/").with("Depth", "0");
        ask.bytes("application/xml", body.as_bytes()).send()
    };
    let some = ask("<propfind xmlns=\"DAV:\"><prop><displayname/><quota/></prop></propfind>");
    assert!(some.text().contains("<D:displayname>Films</D:displayname>"), "{}", some.text());
    assert!(some.text().contains("<D:quota/></D:prop><D:status>HTTP/1.1 404"), "{}", some.text());
    assert!(!some.text().contains("resourcetype"));
    // Who asks for no property is told of none (section 14.24 wants a propstat all the same).
    let none = ask("<D:propfind xmlns:D=\"DAV:\"><D:prop/></D:propfind>");
    assert_eq!(none.status, 207, "{}", none.text());
    let told = "<D:href>/dav/Films/</D:href><D:propstat><D:prop></D:prop>\
                <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>";
    assert!(none.text().contains(told), "{}", none.text());
    // A property's name is its namespace and its letters (section 4.2): another's is another.
    let foreign =
        ask("<D:propfind xmlns:D=\"DAV:\" xmlns:x=\"urn:x&amp;y\"><D:prop><x:displayname/>\
         <D:displayName/></D:prop></D:propfind>")
        .text();
    assert!(!foreign.contains(">Films<"), "{foreign}");
    assert!(foreign.contains("displayname xmlns=\"urn:x&amp;y\"/>"), "{foreign}");
    assert!(foreign.contains("<D:displayName/>"), "{foreign}");
    assert_eq!(ask("<propfind xmlns=\"DAV:\"><prop>").status, 400);
    assert_eq!(ask("<!DOCTYPE a [<!ENTITY b \"c\">]><propfind/>").status, 400);

    for path in
        ["/dav/Films/folder.jpg", "/dav/nothing/", "/dav/%ff", "/dav/../setup", "/dav/a/b/c"]
    {
        assert_eq!(propfind(&server, path, "0").status, 404, "{path}");
        assert_eq!(server.get(path).status, 404, "{path}");
        assert_eq!(server.ask("HEAD", path).send().status, 404, "{path}");
    }
    let film = child(&server, "/dav/Films/", "The Lamp and the Tide (2024).mkv");
    assert_eq!(propfind(&server, &format!("{film}/below"), "0").status, 404);
    for method in ["PUT", "DELETE", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "PROPPATCH", "POST"]
    {
        let refused = server.ask(method, &film).send();
        assert_eq!(refused.status, 405, "{method}");
        assert_eq!(refused.header("allow"), Some("OPTIONS, GET, HEAD, PROPFIND"));
    }
    let folder = server.get("/dav/Films");
    assert_eq!((folder.status, folder.header("location")), (301, Some("/dav/Films/")));
    assert_eq!(server.get("/files").header("location"), Some("/files/"));
}

/// What `just living-room` reads of each client; an address may hold a key, so none is told.
#[test]
fn the_log_tells_what_was_asked_and_no_address() {
    let server = Server::serve(
        "[title]\ncinemeta_url = \"http://127.0.0.1:9/\"\nkitsu_url = \"http://127.0.0.1:9/\"\n\
         [network]\nallow_private = [\"127.0.0.1:9\"]\n[access]\nauth_required = false\n",
    );
    assert_eq!(propfind(&server, "/dav/On%20this%20box/", "0").status, 207);
    let media = server.ask("GET", "/v/a.secret-key.b/film.mkv").with("Range", "bytes=4096-");
    assert_eq!(media.send().status, 403);
    assert_eq!(server.get("/another-secret/x").status, 404);
    let told = |wanted: &str| until(wanted, LIMIT, || server.log().contains(wanted).then_some(()));
    told("method=PROPFIND first=\"dav\" status=207");
    told("method=GET first=\"v\" from=4096 status=403");
    told("method=GET first=\"\" status=404");
    for secret in ["secret", "film.mkv", "On%20this"] {
        assert!(!server.log().contains(secret), "{secret}: {}", server.log());
    }
}

#[test]
fn a_page_of_links_says_the_names_that_its_links_lead_to() {
    let server = Server::demo();
    let page = server.get("/files/").text();
    assert!(page.contains("<a href=\"Films/\">Films/</a>"), "{page}");
    assert!(page.contains("<a href=\"On%20this%20box/\">On this box/</a>"), "{page}");
    let films = server.get("/files/Films/").text();
    let link = "<a href=\"The%20Lamp%20and%20the%20Tide%20%282024%29.mkv\">\
                The Lamp and the Tide (2024).mkv</a>";
    assert!(films.contains(link), "{films}");
    assert!(films.contains("<a href=\"../\">../</a>") && films.contains("playlist.m3u8"));
    let m3u = server.get("/files/Films/playlist.m3u");
    assert!(m3u.header("content-type").unwrap().starts_with("audio/x-mpegurl"));
    let text = m3u.text();
    assert!(
        text.starts_with("#EXTM3U\n#EXTINF:-1,The Lamp and the Tide (2024)\nhttp://"),
        "{text}"
    );
    assert_eq!(server.get("/files/Films/playlist.pls").status, 404);
    assert_eq!(server.ask("PUT", "/files/Films/").send().status, 405);
}

#[test]
fn who_is_asked_for_shows_the_owners_password() {
    let demo = Server::demo();
    let seen = names(&demo, "/dav/").len();
    let server = Server::serve("");
    let path = "/dav/";
    let ask = |credentials: Option<&str>| {
        let ask = server.ask("PROPFIND", path).with("Depth", "1");
        match credentials {
            Some(credentials) => {
                let value = format!("Basic {}", BASE64.encode(credentials.as_bytes()));
                ask.with("Authorization", &value).send()
            }
            None => ask.send(),
        }
    };
    // There is no owner yet: nobody may.
    assert_eq!(ask(Some("me:long-enough")).status, 401);
    let cookie = server.claim("long-enough");
    let refused = ask(None);
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").unwrap().starts_with("Basic realm="));
    assert!(!refused.text().contains("Films"));
    for path in ["/files/", "/files/Films/playlist.m3u8", "/dav/Films/x.mkv"] {
        assert_eq!(server.get(path).status, 401, "{path}");
    }
    assert_eq!(ask(Some("me:wrong-enough")).status, 401);
    let let_in = ask(Some("anybody:long-enough"));
    assert_eq!((let_in.status, rows(&let_in.text()).len()), (207, seen + 1));
    let by_session = server.ask("GET", "/files/").with("Cookie", &cookie).send();
    assert_eq!(by_session.status, 200);
    // Guesses are slowed down, and who knows the password is not kept out by them for long.
    let statuses: Vec<u16> =
        (0..8).map(|guess| ask(Some(&format!("me:guess-number-{guess}"))).status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(ask(Some("anybody:long-enough")).status, 207, "it was right a moment ago");
}
