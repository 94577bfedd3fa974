//! A film of which there are two releases: the household would like the finer one, which is HEVC, and
//! each set is given what it plays.

use std::time::Duration;

use serde_json::json;

use super::quirks::{KODI, OLD_SAMSUNG, SAMSUNG, browse, list};
use crate::support::http::{Answer, ask};
use crate::support::seeder::{Peer, Torrent, libtorrent};
use crate::support::server::{Server, credenza};
use crate::support::world::{ID, World};
use crate::support::{skip, until};

pub const LIMIT: Duration = Duration::from_secs(60);
const FINER: usize = 4 << 20;
const PLAIN: usize = 3 << 20;
/// So that nothing is whole on the disk while a test runs, or at once.
pub const SLOW: u32 = 50_000;
const FAST: u32 = 50_000_000;
/// The browser of a set of 2020: no Matroska, no AC3.
const BROWSER: &str = "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/79.0.3945.79 Safari/537.36 WebAppManager";
/// Knows no Matroska.
const CONSOLE: &str = "av=5.0; cn=\"Sony Computer Entertainment Inc.\"; mn=\"PLAYSTATION 3\"";

pub struct Household {
    pub server: Server,
    _world: World,
    seeders: [Peer; 2],
}

impl Household {
    /// Nothing more comes from anybody.
    pub fn peers_fall_silent(&self) {
        self.seeders.iter().for_each(|peer| peer.falls_silent(true));
    }
}

/// With the plainer release of this name, each seeded at so many bytes a second; `None` where nobody
/// can seed here.
pub fn household(plainer: &str, rate: u32) -> Option<Household> {
    household_of(plainer, [FINER, PLAIN], rate)
}

/// The same with the finer and the plainer of these lengths.
pub fn household_of(plainer: &str, bytes: [usize; 2], rate: u32) -> Option<Household> {
    let finer = "Quiet.Harbour.2008.720p.WEB-DL.x265-A.mkv";
    let finer = Torrent::single(finer, bytes[0], 256 << 10);
    let plain = Torrent::single(plainer, bytes[1], 256 << 10);
    let (one, other) = (libtorrent(&finer, rate)?, libtorrent(&plain, rate)?);
    let world = World::of("Quiet Harbour");
    world.list(&[&finer, &plain]).seeded_at(&finer, one.addr).seeded_at(&plain, other.addr);
    let film = json!({"id": ID, "imdb_id": ID, "type": "movie", "name": "Quiet Harbour"});
    world.popular(&[film]);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let configuration = folder.path().join("test.toml");
    let text = world.configuration("[swarm]\nenabled = true\ndht = false\n");
    std::fs::write(&configuration, text).unwrap();
    let mut command = credenza(&data);
    command.env("CREDENZA_LAN_UPNP", "true");
    command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(configuration);
    let server = Server::start(command, data, Some(folder));
    Some(Household { server, _world: world, seeders: [one, other] })
}

pub const PLAINER: &str = "Quiet.Harbour.2008.480p.WEB-DL.x264-B.mkv";
pub const NOBODY_SEEDS: &str = "needs Python with libtorrent (tests/run makes it)";

/// The one film as a set is told of it.
pub fn item(server: &Server, agent: &str) -> String {
    list(&browse(server, agent, &format!("films.film-{ID}"), "BrowseMetadata"))
}

/// Its address.
pub fn address(item: &str) -> String {
    item.split("</res>").next().unwrap().rsplit('>').next().unwrap().to_owned()
}

fn head(url: &str, agent: &str) -> Answer {
    ask("HEAD", url).with("User-Agent", agent).send()
}

fn size(url: &str, agent: &str) -> usize {
    let answer = head(url, agent);
    assert_eq!(answer.status, 200, "{agent}");
    answer.header("content-length").unwrap().parse().unwrap()
}

#[test]
fn what_a_set_cannot_play_is_not_what_it_gets() {
    let Some(Household { server, .. }) = &household(PLAINER, SLOW) else {
        return skip(NOBODY_SEEDS);
    };
    let found = |agent: &str| {
        let ask = server.owner("GET", &format!("/api/find/{ID}")).with("User-Agent", agent);
        let found = ask.send().json();
        let name = found["candidates"][0]["name"].as_str().unwrap().to_owned();
        (name.contains("x265"), found["candidates"][1]["reasons"].to_string())
    };
    assert!(found(KODI).0);
    assert!(found("curl/8.5.0").0, "a phone or program chooses for any set");
    let (finest, against) = found(OLD_SAMSUNG);
    assert!(!finest && against.contains("cannot_play"), "{against}");

    let url = address(&item(server, KODI));
    assert_eq!(size(&url, OLD_SAMSUNG), PLAIN);
    assert_eq!(size(&url, KODI), FINER);
    assert_eq!(size(&url, OLD_SAMSUNG), PLAIN, "and stays what it was");
}

/// The other way round: what lies whole on the disk, because somebody else watched it, is no release
/// for a set that cannot show it.
#[test]
fn a_file_of_the_disk_is_not_given_to_a_set_that_cannot_play_it() {
    let Some(Household { server, .. }) = &household(PLAINER, FAST) else {
        return skip(NOBODY_SEEDS);
    };
    let url = address(&item(server, KODI));
    assert_eq!(size(&url, KODI), FINER);
    until("the finer release on the disk", LIMIT, || {
        let whole = ask("GET", &url).with("User-Agent", KODI).send();
        assert_eq!((whole.status, whole.body.len()), (200, FINER));
        // It is noted to be whole when it is looked at.
        assert_eq!(size(&url, KODI), FINER);
        let rows = server.owner("GET", "/api/library").send().json();
        (rows["titles"][0]["whole"] == true).then_some(())
    });
    assert_eq!(size(&url, OLD_SAMSUNG), PLAIN);
    assert_eq!(size(&url, KODI), FINER, "who can play it has it from there");
}

/// A set hides what the list says it cannot open, and opens by what the list says.
#[test]
fn a_title_is_told_as_what_it_is_once_it_was_asked_for() {
    let plainer = "Quiet.Harbour.2008.480p.WEB-DL.x264-B.mp4";
    let Some(Household { server, .. }) = &household(plainer, SLOW) else {
        return skip(NOBODY_SEEDS);
    };
    let before = item(server, CONSOLE);
    assert!(before.contains("http-get:*:video/mp4:"), "{before}");
    assert!(!before.contains(" size="), "nobody knows it yet: {before}");
    assert_eq!(address(&before).rsplit('.').next(), Some("mp4"), "{before}");
    assert_eq!(size(&address(&before), CONSOLE), PLAIN);
    let told = item(server, CONSOLE);
    assert!(told.contains(&format!(" size=\"{PLAIN}\"")), "{told}");
    let answered = head(&address(&told), CONSOLE);
    assert_eq!(answered.header("content-type"), Some("video/mp4"));
    assert_eq!(answered.header("content-length"), Some(PLAIN.to_string().as_str()));

    // Another set is told what it will get itself.
    let kodi = item(server, KODI);
    assert!(kodi.contains("video/x-matroska") && !kodi.contains(" size="), "{kodi}");
    assert_eq!(size(&address(&kodi), KODI), FINER);
    let kodi = item(server, KODI);
    assert!(kodi.contains(&format!(" size=\"{FINER}\"")), "{kodi}");
}

/// The film in its WebDAV folder as a set is told of it: its length and media type.
fn in_folder(server: &Server, agent: &str) -> (Option<usize>, String) {
    let ask = server.ask("PROPFIND", "/dav/Films/").with("Depth", "1").with("User-Agent", agent);
    let text = ask.send().text();
    let rows = text.split("<D:response>");
    let row = rows.into_iter().find(|row| row.contains(".mkv</D:href>"));
    let row = row.unwrap_or_else(|| panic!("{text}"));
    let property = |name: &str| {
        let (_, rest) = row.split_once(&format!("<D:{name}>"))?;
        Some(rest.split_once('<').unwrap().0.to_owned())
    };
    let length = property("getcontentlength").map(|length| length.parse().unwrap());
    (length, property("getcontenttype").unwrap())
}

/// What a folder tells of a film is what the answer about the film tells, for each set.
#[test]
fn a_webdav_folder_tells_each_set_of_the_release_that_it_gets() {
    let plainer = "Quiet.Harbour.2008.480p.WEB-DL.x264-B.mp4";
    let Some(Household { server, .. }) = &household(plainer, SLOW) else {
        return skip(NOBODY_SEEDS);
    };
    assert_eq!(in_folder(server, CONSOLE), (None, "video/mp4".to_owned()), "not known yet");
    let rows = server.ask("PROPFIND", "/dav/Films/").with("Depth", "1").send().text();
    let path = rows.split("<D:href>").find(|row| row.contains(".mkv<")).unwrap();
    let url = format!("{}{}", server.base, path.split('<').next().unwrap());
    let answered = |agent: &str| {
        let answer = head(&url, agent);
        let length = answer.header("content-length").unwrap().parse().unwrap();
        (Some(length), answer.header("content-type").unwrap().to_owned())
    };
    // What the household plays is no length for a set that cannot play it.
    assert_eq!(answered(KODI), (Some(FINER), "video/x-matroska".to_owned()));
    assert_eq!(in_folder(server, KODI), answered(KODI));
    assert_eq!(in_folder(server, CONSOLE), (None, "video/mp4".to_owned()));
    assert_eq!(answered(CONSOLE), (Some(PLAIN), "video/mp4".to_owned()));
    assert_eq!(in_folder(server, CONSOLE), answered(CONSOLE));
    assert_eq!(in_folder(server, KODI), answered(KODI));
}

/// Samsung sets browse by one program and fetch by another, which says little of itself.
#[test]
fn an_answer_about_a_film_knows_the_set_by_its_address() {
    let Some(Household { server, .. }) = &household(PLAINER, SLOW) else {
        return skip(NOBODY_SEEDS);
    };
    let url = address(&item(server, SAMSUNG));
    let answer = head(&url, "player/1.0");
    assert_eq!(answer.header("content-type"), Some("video/x-mkv"));
    assert_eq!(answer.header("content-length"), Some(FINER.to_string().as_str()));
    let other = head(&url, KODI);
    assert_eq!(other.header("content-type"), Some("video/x-matroska"), "who says it is another");
}

/// The page that a set's own browser shows ranks for that set, also as it comes.
#[test]
fn the_page_in_a_sets_own_browser_ranks_for_that_set() {
    let plainer = "Quiet.Harbour.2008.480p.WEB-DL.x264.AAC-B.mp4";
    let Some(Household { server, .. }) = &household(plainer, SLOW) else {
        return skip(NOBODY_SEEDS);
    };
    let first = |path: &str, agent: &str| {
        let page = server.ask("GET", path).with("User-Agent", agent).send().text();
        // The last word of a page that comes piece by piece.
        let (finer, plain) = (page.rfind("x265-A"), page.rfind("x264.AAC-B"));
        let (Some(finer), Some(plain)) = (finer, plain) else { panic!("{path}: {page}") };
        if finer < plain { "finer" } else { "plain" }
    };
    for path in [format!("/watch/{ID}"), format!("/watch/{ID}/events")] {
        assert_eq!(
            first(&path, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
            "finer",
            "{path}"
        );
        assert_eq!(first(&path, BROWSER), "plain", "{path}");
    }
    let best = server.ask("POST", &format!("/watch/{ID}")).with("User-Agent", BROWSER);
    let best = best.form("").send();
    let player = best.header("location").unwrap().to_owned();
    let page = server.get(&player).text();
    assert!(page.contains("x264.AAC-B"), "{page}");
}
