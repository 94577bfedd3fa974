//! Subtitles lie beside a film when a player looks for them, which it does once: at the film's first
//! play. Nobody asks for those of a long folder, and nobody waits long for a service that is silent.

use std::time::{Duration, Instant};

use credenza::media::{ENDS, video_hash};
use credenza::swarm::Seeder;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{child, names};
use crate::support::only;
use crate::support::seeder::{Torrent, random};
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};
use crate::support::world::{ID, World};

const TEXT: &str = "1\n00:00:01,000 --> 00:00:02,000\nHello\n";
const RELEASE: &str = "Quiet.Harbour.2008.1080p.WEB-DL.x264-DAV.mkv";
/// More films than a folder has of which all are asked for.
const MANY: usize = 60;

fn id(number: usize) -> String {
    format!("tt{:07}", 3_000_000 + number)
}

/// What the service offers for a film.
fn offer(service: &Upstream, id: &str) -> Reply {
    let url = service.url("/file/1").to_string();
    Reply::json(json!({"subtitles": [{"id": "1", "url": url, "lang": "eng"}]}).to_string())
        .header("X-For", id)
}

/// A service that has subtitles of so many films.
fn service(count: usize, answers: bool) -> Upstream {
    let service = Upstream::start();
    for number in 0..count {
        let reply = if answers { offer(&service, &id(number)) } else { Reply::hang() };
        service.on(&format!("/subtitles/movie/{}.json", id(number)), reply);
    }
    service.on("/file/1", Reply::ok(TEXT));
    service
}

fn metas(count: usize) -> Vec<Value> {
    let row = |number: usize| {
        let id = id(number);
        json!({"id": id, "imdb_id": id, "type": "movie", "name": format!("Film {number:03}")})
    };
    (0..count).map(row).collect()
}

/// The program, a catalogue that tells of so many films, and that service.
fn told(count: usize, service: &Upstream) -> (Upstream, Server) {
    let titles = Upstream::start();
    let films = json!({"metas": metas(count)}).to_string();
    titles.on("/catalog/movie/top.json", Reply::json(films));
    titles.on("/catalog/series/top.json", Reply::json("{\"metas\":[]}"));
    let configuration = format!(
        "[title]\ncinemeta_url = \"{0}\"\nkitsu_url = \"{0}\"\nopensubtitles_url = \"{1}\"\n\
         {2}[network]\nallow_private = [\"{3}\", \"{4}\"]\n[access]\nauth_required = false\n",
        titles.url("/"),
        service.url("/"),
        only(&[]),
        titles.addr(),
        service.addr(),
    );
    let server = Server::serve(&configuration);
    (titles, server)
}

#[test]
fn in_a_small_folder_subtitles_lie_beside_films_that_nobody_has_opened() {
    let service = service(8, true);
    let (_titles, server) = told(8, &service);
    let beside = names(&server, "/dav/Films/");
    for number in 0..8 {
        for name in [format!("Film {number:03}.mkv"), format!("Film {number:03}.en.srt")] {
            assert!(beside.contains(&name), "{name}: {beside:?}\n{}", server.log());
        }
    }
    let path = child(&server, "/dav/Films/", "Film 003.en.srt");
    assert!(server.get(&path).text().contains("Hello"), "{}", server.log());
    let asked = service.requests().len();
    names(&server, "/dav/Films/");
    assert_eq!(service.requests().len(), asked, "what is known is not asked for again");
}

#[test]
fn nobody_is_asked_for_the_films_of_a_long_folder() {
    let service = service(MANY, true);
    let (_titles, server) = told(MANY, &service);
    let listed = names(&server, "/dav/Films/");
    assert_eq!(listed.iter().filter(|name| name.rsplit('.').next() == Some("mkv")).count(), MANY);
    assert!(service.requests().is_empty(), "{:?}", service.requests());
}

#[test]
fn a_service_that_says_nothing_keeps_a_folder_for_a_moment_alone() {
    let service = service(8, false);
    let (_titles, server) = told(8, &service);
    let began = Instant::now();
    let listed = names(&server, "/dav/Films/");
    println!("listed after {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(listed.contains(&"Film 007.mkv".to_owned()), "{listed:?}");
    assert!((1..=3).contains(&service.requests().len()), "{:?}", service.requests());
}

/// What the service is told of a film's file: with its hash, and before that is known.
fn told_of_file(bytes: &[u8]) -> [String; 2] {
    let len = bytes.len() as u64;
    let hash = video_hash(len, &bytes[..ENDS], &bytes[bytes.len() - ENDS..]).unwrap();
    let rest =
        format!("videoSize={len}&filename={}", utf8_percent_encode(RELEASE, NON_ALPHANUMERIC));
    [format!("videoHash={hash}&{rest}"), rest]
}

/// Kodi opens the film, then lists its folder anew to look for subtitles.
#[test]
fn a_film_that_is_opened_for_the_first_time_has_them_beside_it() {
    let film = Torrent::new(RELEASE, vec![(RELEASE.to_owned(), random(1 << 20))], 256 << 10);
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let content = vec![(film.bytes.clone(), film.files.clone())];
    let listen = "127.0.0.1:0".parse().unwrap();
    let seeder = runtime.block_on(Seeder::start(content, folder.path(), listen)).unwrap();
    let world = World::of("Quiet Harbour");
    world.list(&[&film]).seeded_at(&film, ([127, 0, 0, 1], seeder.port()).into());
    let own = json!({"id": ID, "imdb_id": ID, "type": "movie", "name": "Quiet Harbour"});
    world.popular(&[metas(MANY), vec![own]].concat());
    let service = Upstream::start();
    for told in told_of_file(&film.files[0].1) {
        service.on(&format!("/subtitles/movie/{ID}/{told}.json"), offer(&service, ID));
    }
    let text = world.configuration("[swarm]\nenabled = true\ndht = false\n");
    let text = text.replacen(
        "[title]\n",
        &format!("[title]\nopensubtitles_url = \"{}\"\n", service.url("/")),
        1,
    );
    let allowed = format!("allow_private = [\"{}\", ", service.addr());
    let server = Server::serve(&text.replacen("allow_private = [", &allowed, 1));

    let before = names(&server, "/dav/Films/");
    let own = before.iter().find(|name| name.starts_with("Quiet Harbour")).unwrap().clone();
    assert!(before.iter().all(|name| name.rsplit('.').next() != Some("srt")), "{before:?}");
    assert!(service.requests().is_empty(), "{:?}", service.requests());
    let path = child(&server, "/dav/Films/", &own);
    let head = server.ask("GET", &path).with("Range", "bytes=0-99").send();
    assert_eq!(head.status, 206, "{}\n{}", head.text(), server.log());
    let after = names(&server, "/dav/Films/");
    let wanted = own.replace(".mkv", ".en.srt");
    assert!(after.contains(&wanted), "{wanted} is not in {after:?}\n{}", server.log());
    runtime.block_on(seeder.stop());
}
