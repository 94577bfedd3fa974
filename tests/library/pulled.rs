//! What is kept, and lay on a disk that does not come back: what helps, and what it does not hold up.

use std::path::Path;

use serde_json::json;

use super::copies::path_of;
use super::kept::Kept;
use super::{LIMIT, files, media_id};
use crate::debrid::film::Day;
use crate::support::disk::PulledDisk;
use crate::support::seeder::{self, Torrent, random};
use crate::support::server::Server;
use crate::support::world::{ID, World};
use crate::support::{skip, until};

const AWAY: &str = "a disk that is away";

fn keep(server: &Server, row: &str) {
    let answer = server.owner("PUT", row).json(&json!({"keep": true})).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn waits_for_its_disk(server: &Server, row: &str) {
    until("that it waits for its disk", LIMIT, || {
        let told = server.owner("GET", row).send().json();
        told["trouble"].as_str().filter(|why| why.contains(AWAY)).map(drop)
    });
}

fn is_whole(server: &Server, row: &str) {
    until("the whole film", 2 * LIMIT, || {
        let told = server.owner("GET", row).send().json();
        assert!(!told["trouble"].as_str().is_some_and(|why| why.contains(AWAY)), "{told}");
        (told["whole"] == json!(true)).then_some(())
    });
}

#[test]
fn a_copy_on_a_disk_that_never_comes_back_is_removed_and_kept_anew() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let mut disk = PulledDisk::new(64);
    disk.plug();
    let kept = Kept::on(&disk.mount(), vec![Day::Dies(400_000, 404), Day::Sound]);
    let noted = "so much of a copy is on the disk bytes=400000";
    until("half of it", LIMIT, || kept.server.log().contains(noted).then_some(()));
    disk.pull();
    kept.store.on("/v0/store/link/generate", kept.film.link(1));
    waits_for_its_disk(&kept.server, &kept.row);
    // The page has what its sentence advises.
    let cookie = kept.server.claim("long-enough");
    let page = kept.server.ask("GET", "/library").with("Cookie", &cookie).send().text();
    assert!(page.contains(AWAY) && page.contains("value=\"remove\""), "{page}");
    assert_eq!(kept.server.owner("DELETE", &kept.row).send().status, 200);
    keep(&kept.server, &kept.row);
    kept.is_whole();
    assert_eq!(files(&kept.data.join("library")).len(), 1, "on the card");
    assert!(files(&disk.mount()).is_empty(), "written to the empty mount point");
    assert_eq!(kept.server.stop(), 0);
}

/// The program with this disk and these lines of peers.
fn with_disk(world: &World, disk: &Path) -> Server {
    let more = format!(
        "[swarm]\nenabled = true\ndht = false\n[library]\nnext_episode = false\ndisk = \"{}\"\n",
        disk.display()
    );
    Server::serve(&world.configuration(&more))
}

#[test]
fn of_a_season_that_was_begun_on_a_pulled_disk_only_what_is_kept_there_waits_for_it() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let episode = |number: u32| {
        let name = format!("Quiet.Harbour.S01E{number:02}.1080p.WEB-DL.x264-KITE.mkv");
        (name, random((8 << 20) + number as usize))
    };
    let episodes = vec![episode(1), episode(2)];
    let pack = Torrent::new("Quiet.Harbour.S01.1080p.WEB-DL.x264-KITE", episodes, 256 << 10);
    let Some(peer) = seeder::libtorrent(&pack, 1_000_000) else {
        return skip("needs Python's libtorrent");
    };
    let world = World::of_series("Quiet Harbour", 2);
    world.list_episode(1, &[&pack]).list_episode(2, &[&pack]).seeded_at(&pack, peer.addr);
    let mut disk = PulledDisk::new(64);
    disk.plug();
    let server = with_disk(&world, &disk.mount());
    let row_of = |number: u32| {
        let path = path_of(&server.play(&format!("{ID}:1:{number}")));
        format!("/api/library/{}", media_id(&server, &path))
    };
    let first = row_of(1);
    keep(&server, &first);
    let noted = "pieces of what is kept lie on the disk";
    until("its first pieces", LIMIT, || server.log().contains(noted).then_some(()));
    disk.pull();
    waits_for_its_disk(&server, &first);
    let card = server.data.join("library");
    assert!(files(&card).is_empty(), "begun anew on the card");

    // The other one never lay there.
    let second = row_of(2);
    keep(&server, &second);
    is_whole(&server, &second);
    waits_for_its_disk(&server, &first);

    // The disk is lost for good.
    assert_eq!(server.owner("DELETE", &first).send().status, 200);
    keep(&server, &first);
    is_whole(&server, &first);
    assert!(files(&disk.mount()).is_empty(), "written to the empty mount point");
    assert_eq!(server.stop(), 0);
}
