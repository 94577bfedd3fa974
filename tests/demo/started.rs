//! The demonstration as a whole, over real sockets.

use std::time::Duration;

use credenza::demo;
use credenza::demo::household::AtStore;
use credenza::fetch::{AddressPolicy, Client, Request, Roots};
use credenza::representation::Representation as _;
use credenza::swarm;
use credenza::torrent::Magnet;
use credenza::torrent::metainfo::Metainfo;
use futures_util::TryStreamExt as _;
use serde_json::Value;
use tokio_util::task::TaskTracker;

/// Everything over real sockets: what the configuration names answers, a link of the store serves
/// bytes, and the swarm gets the same film from the seeder through the tracker.
#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_starts_and_its_configuration_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let tasks = TaskTracker::new();
    let demo = demo::start(tasks.clone(), folder.path()).await.unwrap();
    let configuration: toml::Table = demo.configuration().parse().unwrap();
    let policy = AddressPolicy { allow_private: demo.addresses() };
    let client = Client::new(policy.clone(), Roots::Bundled).unwrap();
    let at = |table: &str, key: &str, path: &str| {
        let table =
            table.split('.').fold(&configuration, |table, key| table[key].as_table().unwrap());
        Request::get(format!("{}{path}", table[key].as_str().unwrap()).parse().unwrap())
    };
    for (table, key, path) in [
        ("stremthru", "url", "/v0/torrents?sid=tt9900101"),
        ("index.stremthru", "url", "/v0/torrents?sid=tt9900102:1:1"),
        ("index.torrentio", "url", "/stream/movie/tt9900101.json"),
        ("index.zilean", "url", "/dmm/filtered?ImdbId=tt9900101"),
        ("title", "cinemeta_url", "/meta/movie/tt9900101.json"),
        ("title", "kitsu_url", "/meta/anime/kitsu:99001.json"),
    ] {
        let answer: Value = client.get_json(at(table, key, path)).await.unwrap();
        assert!(answer.to_string().contains("Demo") || path.contains("meta"), "{path}: {answer}");
    }
    let token_file = configuration["debrid"]["token_file"].as_str().unwrap();
    assert_eq!(std::fs::read_to_string(token_file).unwrap(), demo::TOKEN);

    let mut releases = demo.household().releases.iter();
    let release = releases.find(|release| release.recipe.at_store == AtStore::Cached).unwrap();
    let (index, file) = release.files().next().unwrap();
    let answer = client.send(Request::get(demo.cdn().link(file).parse().unwrap())).await.unwrap();
    assert!(answer.body == file.bytes, "the link serves the film");

    let trackers = Metainfo::read(&release.metainfo).unwrap().trackers;
    let magnet = Magnet { trackers, ..Magnet::new(release.info_hash) };
    let options = swarm::Options { policy, ..swarm::Options::new(folder.path().join("library")) };
    let swarm = swarm::Swarm::new(options, tasks.clone());
    swarm.allow(true);
    let opened = swarm.open(&magnet, u32::try_from(index).unwrap()).await.unwrap();
    let parts: Vec<_> = opened.read(0..file.size()).try_collect().await.unwrap();
    assert!(parts.concat() == file.bytes, "the swarm brings the film");
    swarm.stop().await;
    demo.stop().await;
    drop(demo);
    tasks.close();
    tokio::time::timeout(Duration::from_secs(10), tasks.wait()).await.expect("everything ends");
}

#[test]
fn its_hints_name_every_title_and_say_that_it_is_a_demonstration() {
    let hints = demo::hints().join("\n");
    for part in ["demonstration", "tt9900101", "tt9900102:1:1", "kitsu:99001:1"] {
        assert!(hints.contains(part), "{part} in {hints}");
    }
}
