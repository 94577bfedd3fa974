//! A set that goes from a list straight to play: its first film was looked for while the list was read, so
//! that its address answers at once, though the index is slow; and nobody was asked for another.

use std::time::{Duration, Instant};

use serde_json::json;

use super::quirks::{KODI, browse, list};
use crate::support::http::ask;
use crate::support::seeder::Torrent;
use crate::support::server::Server;
use crate::support::shop::Shop;
use crate::support::until;
use crate::support::world::{ID, World};

const LIMIT: Duration = Duration::from_secs(60);
/// How long the index takes: less than a search waits, and more than a player should.
const SLOW: Duration = Duration::from_secs(4);
/// In which the headers are there.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A box whose list of popular films has the film of this world and two more; the store has the one release.
fn served(world: &World, film: &Torrent) -> (Server, Shop) {
    let row =
        |id: &str, name: &str| json!({"id": id, "imdb_id": id, "type": "movie", "name": name});
    world.list_after(SLOW, &[film]).popular(&[
        row(ID, "Quiet Harbour"),
        row("tt1254208", "Loud Harbour"),
        row("tt1254209", "No Harbour"),
    ]);
    let shop = Shop::of(&[film], 50_000_000);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = Server::command(&data, &shop.configuration(world, ""), "127.0.0.1:0");
    command.env("CREDENZA_LAN_UPNP", "true");
    (Server::start(command, data, Some(folder)), shop)
}

/// The address of the first film, as a television's player is told it.
fn by_upnp(server: &Server) -> String {
    let films = list(&browse(server, KODI, "films", "BrowseDirectChildren"));
    assert_eq!(films.matches("<item ").count(), 3, "{films}");
    assert!(films.find("Quiet Harbour") < films.find("Loud Harbour"), "{films}");
    films.split("</res>").next().unwrap().rsplit('>').next().unwrap().to_owned()
}

/// The same of its file in a folder.
fn by_webdav(server: &Server) -> String {
    let ask = server.ask("PROPFIND", "/dav/Films/").with("Depth", "1").with("User-Agent", KODI);
    let rows = ask.send().text();
    let mut paths = rows.split("<D:href>").skip(1).map(|row| row.split('<').next().unwrap());
    let path = paths.find(|path| path.contains("Quiet")).unwrap_or_else(|| panic!("{rows}"));
    format!("{}{path}", server.base)
}

#[test]
fn the_first_film_of_a_list_is_looked_for_while_the_list_is_read() {
    for first in [by_upnp, by_webdav] {
        let world = World::of("Quiet Harbour");
        let film = Torrent::single("Quiet.Harbour.2008.1080p.WEB-DL.x264-A.mkv", 3 << 20, 1 << 18);
        let (server, _shop) = served(&world, &film);
        let url = first(&server);
        until("the search that nobody waits for", LIMIT, || {
            server.log().contains("looked for ahead of its time").then_some(())
        });
        assert_eq!(first(&server), url, "looked at again");

        let began = Instant::now();
        let answer = ask("GET", &url).with("Range", "bytes=0-99").with("User-Agent", KODI).send();
        let took = began.elapsed();
        println!("the first film answered after {took:?}");
        assert_eq!(answer.status, 206, "{}", server.log());
        let whole = format!("bytes 0-99/{}", film.files[0].1.len());
        assert_eq!(answer.header("content-range"), Some(whole.as_str()), "the film itself");
        assert!(took < AT_ONCE, "{took:?}\n{}", server.log());
        assert_eq!(world.asked(), [format!("/stream/movie/{ID}.json")], "one title, once");
    }
}
