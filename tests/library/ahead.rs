//! The next episode from peers: its head is here when this one is nearly over, and only its head.

use std::os::unix::fs::MetadataExt as _;

use super::{LIMIT, files};
use crate::support::seeder::{self, Torrent};
use crate::support::world::{ID, World};
use crate::support::{skip, until};

const MIB: usize = 1 << 20;
/// What is fetched ahead of an episode.
const HEAD: usize = 4 * MIB;

fn episode(number: u32) -> Torrent {
    let name = format!("Quiet.Harbour.S01E{number:02}.1080p.WEB-DL.x264-KITE.mkv");
    Torrent::single(&name, 24 * MIB, 256 << 10)
}

#[test]
fn the_head_of_the_next_episode_is_here_before_it_is_asked_for() {
    let (this, next) = (episode(1), episode(2));
    let world = World::of_series("Quiet Harbour", 3);
    world.list_episode(1, &[&this]).list_episode(2, &[&next]);
    let (Some(peer), Some(other)) =
        (seeder::libtorrent(&this, 0), seeder::libtorrent(&next, 2_000_000))
    else {
        return skip("needs Python's libtorrent");
    };
    world.seeded_at(&this, peer.addr).seeded_at(&next, other.addr);
    let server = world.serve();
    let play = server.play(&format!("{ID}:1:1"));
    assert_eq!(play["via"], "swarm", "{play}");
    let path_of = |play: &serde_json::Value| {
        let url = play["url"].as_str().unwrap();
        url[url.find("/v/").unwrap()..].to_owned()
    };
    let path = path_of(&play);
    let part = |range: std::ops::Range<usize>| {
        let range = format!("bytes={}-{}", range.start, range.end - 1);
        server.ask("GET", &path).with("Range", &range).send().body
    };
    let half = 12 * MIB;
    assert!(part(0..half) == this.files[0].1[..half]);
    let library = server.data.join("library");
    let of_next = || files(&library.join(next.info_hash.to_string())).pop();
    assert_eq!(of_next(), None, "half way nothing is fetched ahead");
    assert!(part(half..22 * MIB) == this.files[0].1[half..22 * MIB]);
    until("the next episode", LIMIT, || {
        server.log().contains("the next episode is ready").then_some(())
    });
    let file = of_next().expect("a file of the next episode");
    let here = std::fs::metadata(&file).unwrap().blocks() * 512;
    println!("{here} bytes of the next episode are here");
    assert!(here >= HEAD as u64 && here < 20 * MIB as u64, "{here} bytes");
    // Its peer says nothing any more; it begins all the same.
    other.falls_silent(true);
    let play = server.play(&format!("{ID}:1:2"));
    assert_eq!(play["via"], "swarm", "{play}");
    let head = server.ask("GET", &path_of(&play));
    let head = head.with("Range", &format!("bytes=0-{}", HEAD - 1)).send();
    assert!(head.status == 206 && head.body == next.files[0].1[..HEAD], "{}", head.status);
}
