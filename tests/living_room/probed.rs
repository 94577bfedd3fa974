//! A set that asks for the headers of each title that it lists, as Samsung's do: few of them are searched
//! for, and the title on which somebody then presses play is.

use std::time::{Duration, Instant};

use credenza::clip::Clip;
use credenza::representation::Representation as _;
use credenza::torrent::IndexName;
use serde_json::json;

use super::quirks::{KODI, SAMSUNG, browse, list};
use crate::support::http::ask;
use crate::support::only;
use crate::support::server::{Server, credenza};
use crate::support::upstream::{Reply, Upstream};

const TITLES: usize = 40;
/// Of how many of them subtitles are asked for in a minute.
const MOST_SUBTITLES: usize = 24;

fn id(number: usize) -> String {
    format!("tt{:07}", 4_000_000 + number)
}

/// The titles of which somebody asked the index.
fn searched(index: &Upstream) -> Vec<String> {
    let paths = index.requests().into_iter().map(|request| request.path);
    let ids =
        paths.filter_map(|path| Some(path.strip_prefix("/stream/movie/")?.replace(".json", "")));
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids.dedup();
    ids
}

/// What a set is shown where nobody lists a title.
const NOTHING: &str = "No index lists this title now. Look again later, or try another one.";
const TOO_MANY: &str =
    "Too many titles were opened within a minute. Wait a moment, then press play again.";
const STILL_LOOKING: &str =
    "Still looking for the best release. Stop this, and press play again in a few seconds.";

/// The tag of the clip that says these words under this heading.
fn clip(heading: &str, words: &str) -> String {
    format!("\"{}\"", Clip::new(heading, words).entity_tag())
}

/// A media server whose catalogue has these films; an index that lists none of them, and a service that has
/// subtitles of none.
fn served() -> (Server, [Upstream; 3]) {
    let [titles, index, subtitles] = [(); 3].map(|()| Upstream::start());
    let row = |number| json!({"id": id(number), "imdb_id": id(number), "type": "movie", "name": format!("Film {number}")});
    let films: Vec<_> = (0..TITLES).map(row).collect();
    titles.on("/catalog/movie/top.json", Reply::json(json!({"metas": films}).to_string()));
    for number in 0..TITLES {
        let meta = json!({"meta": {"id": id(number), "imdb_id": id(number), "type": "movie",
            "name": format!("Film {number}"), "year": "2008"}});
        titles.on(&format!("/meta/movie/{}.json", id(number)), Reply::json(meta.to_string()));
        let nothing = Reply::json("{\"streams\":[]}");
        index.on(&format!("/stream/movie/{}.json", id(number)), nothing);
    }
    let text = format!(
        "[title]\ncinemeta_url = \"{0}\"\nkitsu_url = \"{0}\"\nopensubtitles_url = \"{5}\"\n[index.torrentio]\nurl = \"{1}\"\n{2}\
         [network]\nallow_private = [\"{3}\", \"{4}\", \"{6}\"]\n[access]\nauth_required = false\n\
         [swarm]\nenabled = true\ndht = false\n[mirror]\ntorrent_caches = []\n",
        titles.url("/"),
        index.url("/"),
        only(&[IndexName::Torrentio]),
        titles.addr(),
        index.addr(),
        subtitles.url("/"),
        subtitles.addr(),
    );
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("test.toml");
    std::fs::write(&configuration, text).unwrap();
    let data = folder.path().join("data");
    let mut command = credenza(&data);
    command.env("CREDENZA_LAN_UPNP", "true").env_remove("CREDENZA_TITLE_OPENSUBTITLES_URL");
    command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(configuration);
    (Server::start(command, data, Some(folder)), [titles, index, subtitles])
}

#[test]
fn a_set_that_looks_at_every_title_has_few_of_them_searched_for() {
    let (server, [_titles, index, _subtitles]) = served();
    let told = list(&browse(&server, SAMSUNG, "films", "BrowseDirectChildren"));
    let items: Vec<&str> = told.split("<item ").skip(1).collect();
    assert_eq!(items.len(), TITLES);
    let url =
        |item: &str| item.split("</res>").next().unwrap().rsplit('>').next().unwrap().to_owned();
    // What was looked for ahead, of its own accord, because it was listed.
    let before = searched(&index);
    let began = Instant::now();
    let mut put_off = Vec::new();
    for item in &items {
        let head = ask("HEAD", &url(item)).with("User-Agent", SAMSUNG);
        let answer = head.with("getcontentFeatures.dlna.org", "1").send();
        assert_eq!(answer.status, 200, "{}", server.log());
        let features = answer.header("contentfeatures.dlna.org").unwrap();
        assert!(features.contains("DLNA.ORG_OP=01"), "{features}");
        assert!(
            answer.header("content-type").unwrap().starts_with("video/"),
            "{:?}",
            answer.headers
        );
        if answer.header("content-length").is_none() {
            put_off.push(url(item));
        }
    }
    println!("{TITLES} titles: {} put off, after {:?}", put_off.len(), began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(put_off.len(), TITLES - 4);
    let more = searched(&index).into_iter().filter(|id| !before.contains(id)).count();
    assert!(more <= 4 + 2, "{:?}", searched(&index));

    // Whoever presses play is not told to wait for what the set has looked at.
    let last = ask("GET", put_off.last().unwrap()).with("Range", "bytes=0-99");
    let last = last.with("User-Agent", SAMSUNG).send();
    assert_eq!(last.status, 206, "{}", last.text());
    assert_eq!(last.header("etag"), Some(clip("Film 39", NOTHING).as_str()), "in words");
    assert!(searched(&index).contains(&id(TITLES - 1)), "{:?}", searched(&index));
}

#[test]
fn a_player_that_looks_at_every_title_has_few_subtitles_asked_for() {
    let (server, [_titles, _index, subtitles]) = served();
    let told = list(&browse(&server, KODI, "films", "BrowseDirectChildren"));
    let ids = told.split("<item id=\"").skip(1).map(|item| item.split('"').next().unwrap());
    for id in ids {
        let alone = list(&browse(&server, KODI, id, "BrowseMetadata"));
        assert!(alone.contains("<dc:title>Film "), "{alone}");
    }
    let asked = subtitles.requests().len();
    println!("{TITLES} titles looked at, {asked} questions for subtitles");
    assert!((1..=MOST_SUBTITLES).contains(&asked), "{asked}");
}

#[test]
fn a_set_is_told_in_words_that_it_is_looked_for_and_that_it_asks_too_much() {
    // As many as may be chosen in a minute, and one more.
    const ASKED: usize = 9;
    let (server, [_titles, index, _subtitles]) = served();
    let told = list(&browse(&server, SAMSUNG, "films", "BrowseDirectChildren"));
    let url = |item: &str| item.split("</res>").next()?.rsplit('>').next().map(str::to_owned);
    let urls: Vec<String> = told.split("<item ").skip(1).filter_map(url).collect();
    // The one index keeps those waiting that are looked for, and they the others.
    for number in 0..ASKED {
        index.on(&format!("/stream/movie/{}.json", id(number)), Reply::hang());
    }
    let shown = |url: &str| {
        let answer = ask("GET", url).with("Range", "bytes=0-99").with("User-Agent", SAMSUNG).send();
        assert_eq!((answer.status, answer.header("content-type")), (206, Some("video/mp4")));
        answer.header("etag").unwrap().to_owned()
    };
    let tags: Vec<String> = std::thread::scope(|scope| {
        let asked = urls[..ASKED].iter().map(|url| scope.spawn(move || shown(url)));
        let asked: Vec<_> = asked.collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    // What it is called, is known of those whose turn came.
    let say = |words: &str| {
        let says = |(number, tag): &(usize, &String)| {
            let film = format!("Film {number}");
            [film.as_str(), "Credenza"].iter().any(|heading| **tag == clip(heading, words))
        };
        tags.iter().enumerate().filter(says).count()
    };
    assert_eq!(say(TOO_MANY), 1, "{tags:?}");
    assert!(say(STILL_LOOKING) > 0, "{tags:?}");
}
