//! The catalogue as files, through the real program: WebDAV, pages of links, playlists. The clients
//! are other people's; a film counts as played where frames were decoded past a seek.

mod beside;
mod clip;
mod litmus;
mod names;
mod playlist;
mod rules;
mod shelf;

use std::time::Duration;

use crate::support::http::Answer;
use crate::support::player::{self, PROGRAMS};
use crate::support::server::Server;
use crate::support::{has, skip};

const LIMIT: Duration = Duration::from_secs(120);

/// One entry of a folder as `PROPFIND` tells it: its address, and its properties' XML.
#[derive(Debug, Clone)]
struct Row {
    href: String,
    xml: String,
}

impl Row {
    /// What stands in a property; `None` where it is not told.
    fn property(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.xml.split_once(&format!("<D:{name}>"))?;
        Some(rest.split_once(&format!("</D:{name}>"))?.0)
    }

    fn name(&self) -> String {
        let name = self.href.trim_end_matches('/').rsplit('/').next().unwrap();
        percent_encoding::percent_decode_str(name).decode_utf8().unwrap().into_owned()
    }
}

fn propfind(server: &Server, path: &str, depth: &str) -> Answer {
    server.ask("PROPFIND", path).with("Depth", depth).send()
}

/// The folder itself, then what it holds.
fn list(server: &Server, path: &str) -> Vec<Row> {
    let answer = propfind(server, path, "1");
    assert_eq!(answer.status, 207, "{path}: {}\n{}", answer.text(), server.log());
    rows(&answer.text())
}

fn rows(body: &str) -> Vec<Row> {
    let responses = body.split("<D:response>").skip(1);
    let row = |xml: &str| {
        let (_, rest) = xml.split_once("<D:href>").unwrap();
        let href = rest.split_once("</D:href>").unwrap().0;
        assert!(href.is_ascii() && !href.contains('&'), "{href}");
        Row { href: href.to_owned(), xml: xml.to_owned() }
    };
    responses.map(row).collect()
}

/// The names in a folder.
fn names(server: &Server, path: &str) -> Vec<String> {
    list(server, path)[1..].iter().map(Row::name).collect()
}

/// The address of what is called so in a folder.
fn child(server: &Server, path: &str, name: &str) -> String {
    let rows = list(server, path);
    let row = rows[1..].iter().find(|row| row.name() == name);
    let known = || rows.iter().map(Row::name).collect::<Vec<_>>();
    row.unwrap_or_else(|| panic!("{name} is not in {path}: {:?}", known())).href.clone()
}

const EPISODE: &str = "S01E02 Small Hours.mkv";

/// The way to an episode that nobody has chosen yet.
fn episode(server: &Server) -> String {
    let series = child(server, "/dav/", "Series");
    let harbour = child(server, &series, "Harbour Watch (2023)");
    let season = child(server, &harbour, "Season 1");
    child(server, &season, EPISODE)
}

#[test]
fn an_episode_that_nobody_chose_plays_by_its_name_and_stays_the_same() {
    if !PROGRAMS.into_iter().all(has) {
        return skip("needs ffmpeg, mpv, GStreamer's tools and curl");
    }
    let server = Server::demo();
    let expected = [
        "Continue watching",
        "On this box",
        "Downloading",
        "Pinned",
        "Searches",
        "Films",
        "Series",
    ];
    assert_eq!(names(&server, "/dav/")[..7], expected);
    let path = episode(&server);
    let season = path.rsplit_once('/').unwrap().0.to_owned() + "/";
    assert_eq!(names(&server, &season)[0], "S01E01 The First Bell.mkv");
    let before = list(&server, &season);
    assert_eq!(before[2].property("getcontentlength"), None, "not known yet");

    let head = server.ask("HEAD", &path).send();
    assert_eq!(head.status, 200, "{}", server.log());
    assert!(head.header("content-type").unwrap().starts_with("video/"));
    let (length, tag) = (head.header("content-length").unwrap(), head.header("etag").unwrap());
    assert!(!tag.contains("clip"), "{tag}: {}", server.log());
    let whole = server.get(&path);
    assert_eq!((whole.status, whole.header("etag")), (200, Some(tag)));
    assert_eq!(whole.body.len().to_string(), length);
    let part = server.ask("GET", &path).with("Range", "bytes=-100").with("If-Match", tag).send();
    assert_eq!(part.status, 206, "{}", part.text());
    assert!(part.body == whole.body[whole.body.len() - 100..]);

    // The same under its signed address.
    let playlist = server.get(&format!("{}playlist.m3u8", season.replace("/dav/", "/files/")));
    let signed = playlist.text().lines().rfind(|line| line.contains("/S01E02")).unwrap().to_owned();
    let signed = signed[signed.find("/v/").unwrap()..].to_owned();
    let again = server.ask("HEAD", &signed).send();
    assert_eq!((again.header("etag"), again.header("content-length")), (Some(tag), Some(length)));
    let after = list(&server, &season);
    let quoted = tag.replace('"', "&quot;");
    assert_eq!(after[2].property("getcontentlength"), Some(length));
    assert_eq!(after[2].property("getetag"), Some(quoted.as_str()));

    let url = format!("{}{path}", server.base);
    let seek = player::ffmpeg(&url, 30, 3, LIMIT).unwrap();
    assert!(seek.frames >= Some(20) && seek.seconds > 32.0, "{seek:?}");
    let play = player::mpv(&format!("{}{signed}", server.base), 20, 2, LIMIT).unwrap();
    assert!(play.seconds > 20.5, "{play:?}");
    let list = format!("{}{}playlist.xspf", server.base, season.replace("/dav/", "/files/"));
    let titles = server.get(&list[server.base.len()..]).text();
    assert!(titles.contains("<title>S01E02 Small Hours</title>"), "{titles}");

    // Who has begun it finds it again. Where it stood is told under the id of the bytes.
    let url = server.play("tt9900102:1:2")["url"].as_str().unwrap().to_owned();
    let key = url.split("/v/").nth(1).unwrap().split('.').nth(1).unwrap();
    let media_id = data_encoding::BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
    let media_id = String::from_utf8(media_id).unwrap();
    let at = serde_json::json!({"position_s": 20.0, "duration_s": 66.0});
    let put = server.owner("PUT", &format!("/api/library/{media_id}")).json(&at).send();
    assert!(put.status < 300, "{}", put.text());
    let begun = names(&server, "/dav/Continue%20watching/");
    assert!(begun[0].starts_with("Harbour Watch (2023) S01E02"), "{begun:?}");
    let head = server.ask("HEAD", &child(&server, "/dav/Continue%20watching/", &begun[0])).send();
    assert_eq!(head.header("etag"), Some(tag), "the same bytes");
}

#[test]
fn what_was_searched_on_a_phone_is_found_on_the_set() {
    let server = Server::demo();
    assert!(names(&server, "/dav/Searches/").is_empty());
    for text in ["harb", "harbour", "the%20lamp", "nothing%20is%20called%20so"] {
        assert_eq!(server.get(&format!("/?q={text}")).status, 200);
    }
    assert_eq!(names(&server, "/dav/Searches/"), ["the lamp", "harbour"], "the last first");
    let films = names(&server, "/dav/Searches/the%20lamp/");
    // Its subtitles stand beside it, once they are known.
    let [film, subtitles @ ..] = &films[..] else { panic!("no film") };
    assert_eq!(film, "The Lamp and the Tide (2024).mkv");
    assert!(subtitles.iter().all(|name| name.rsplit('.').next() == Some("srt")), "{films:?}");
    assert_eq!(names(&server, "/dav/Searches/harbour/"), ["Harbour Watch (2023)"]);
    // Nobody searches by asking for a folder.
    assert_eq!(propfind(&server, "/dav/Searches/another/", "1").status, 404);
}

#[test]
fn where_nobody_tells_of_titles_the_rest_of_the_tree_stands() {
    let server = Server::serve(
        "[title]\ncinemeta_url = \"http://127.0.0.1:9/\"\nkitsu_url = \"http://127.0.0.1:9/\"\n\
         [network]\nallow_private = [\"127.0.0.1:9\"]\n[access]\nauth_required = false\n",
    );
    assert_eq!(names(&server, "/dav/").len(), 8);
    for folder in ["Films", "Series", "Anime", "On%20this%20box/Films"] {
        assert!(names(&server, &format!("/dav/{folder}/")).is_empty(), "{folder}");
    }
    assert!(server.log().contains("a folder of the catalogue is empty"), "{}", server.log());
}
