//! What is in the torrent that a click would play is asked of peers while its list is read, unless the
//! owner does not want that; and no piece of it is.

use std::time::Duration;

use serde_json::json;

use crate::support::seeder::{self, Torrent};
use crate::support::server::Server;
use crate::support::world::{ID, World};
use crate::support::{skip, until};

const LIMIT: Duration = Duration::from_secs(60);

fn looked_at(world: &World, describes: bool) -> Server {
    let more =
        format!("[swarm]\nenabled = true\ndht = false\n[find]\ndescribe_first = {describes}\n");
    let server = Server::serve(&world.configuration(&more));
    until("what is found", LIMIT, || {
        let found = server.get(&format!("/api/find/{ID}")).json();
        (found["unique"] == json!(1)).then_some(())
    });
    server
}

#[test]
fn what_is_looked_at_is_described_by_peers_before_somebody_chooses_it() {
    let name = "The.Long.Evening.2008.1080p.WEB-DL.x264-HOUSE.mkv";
    let film = Torrent::single(name, 4 << 20, 256 << 10);
    let world = World::of("The Long Evening");
    world.list(&[&film]);
    let Some(peer) = seeder::libtorrent(&film, 0) else {
        return skip("needs Python's libtorrent");
    };
    world.seeded_at(&film, peer.addr);
    // Who does not want it meets nobody by looking.
    let server = looked_at(&world, false);
    assert_eq!(server.get(&format!("/watch/{ID}")).status, 200);
    assert_eq!(world.tracker.asked(), 0, "nobody has chosen yet");
    assert_eq!(server.stop(), 0);

    let server = looked_at(&world, true);
    until("its description", LIMIT, || {
        server.log().contains("peers have said ahead of the choice").then_some(())
    });
    let folder = server.data.join("library").join(film.info_hash.to_string());
    assert!(!folder.exists(), "something of the film was asked for");
    // From here on nobody would say it.
    peer.falls_silent(true);
    let play = server.owner("POST", &format!("/api/play/{ID}")).send();
    assert_eq!((play.status, &play.json()["via"]), (200, &json!("swarm")), "{}", play.text());
    peer.falls_silent(false);
    let url = play.json()["url"].as_str().unwrap().to_owned();
    until("the film", LIMIT, || {
        let answer = server.get(&url[url.find("/v/").unwrap()..]);
        (answer.body == film.files[0].1).then_some(())
    });
    assert_eq!(server.stop(), 0);
}
