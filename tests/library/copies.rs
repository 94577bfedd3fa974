//! Copies of what a store sends, and the next episode ahead: with the demonstration's household.

use credenza::demo::stand_in::cdn::Terms;
use credenza::demo::{self, Demo};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;

use super::{LIMIT, files};
use crate::support::server::Server;
use crate::support::until;

const FILM: &str = "tt9900101";

struct Street {
    server: Option<Server>,
    demo: Demo,
    folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Street {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let home = folder.path().join("household");
        std::fs::create_dir(&home).unwrap();
        let demo = runtime.block_on(demo::start(TaskTracker::new(), &home)).unwrap();
        let mut street = Self { server: None, demo, folder, _runtime: runtime };
        street.start();
        street
    }

    fn start(&mut self) {
        let data = self.folder.path().join("data");
        let configuration = self.demo.configuration().replace("[swarm]\nenabled = true", "[swarm]");
        self.server = Some(Server::serve_on(&data, &configuration, None));
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// The source's bytes of what was chosen.
    fn source(&self, play: &Value) -> &'static [u8] {
        let hash = play["candidate"]["info_hash"].as_str().unwrap();
        let releases = &self.demo.household().releases;
        let release = releases.iter().find(|one| one.info_hash.to_string() == hash).unwrap();
        let name = play["file"]["name"].as_str().unwrap().rsplit('/').next().unwrap();
        release.files().map(|(_, file)| file).find(|file| file.base_name() == name).unwrap().bytes
    }

    /// What `play` answers, as soon as the store does: a machine may have much to do.
    fn play(&self, id: &str) -> Value {
        let path = format!("/api/play/{id}");
        let pressed = || Some(self.server().owner("POST", &path).send().json());
        until("the store", LIMIT, || pressed().filter(|play| play["via"] == json!("debrid")))
    }

    fn rows(&self) -> Vec<Value> {
        let answer = self.server().owner("GET", "/api/library").send().json();
        answer["titles"].as_array().unwrap().clone()
    }
}

fn path_of(play: &Value) -> String {
    let url = play["url"].as_str().unwrap();
    url[url.find("/v/").unwrap()..].to_owned()
}

/// The media id of a playable, as the state keeps it: nothing of it lies on the disk yet.
fn media_id(street: &Street, path: &str) -> String {
    let page = street.server().get(&path.replacen("/v/", "/play/", 1)).text();
    let from = page.find("data-watched=\"/api/library/").unwrap() + 27;
    page[from..from + 20].to_owned()
}

#[test]
fn a_film_of_the_store_is_kept_and_plays_without_the_store() {
    let mut street = Street::new();
    // Answers of 50 kB: the copy is made of many, and of many links.
    street.demo.cdn().set_terms(Terms { answers_per_link: Some(3), longest_body: Some(50_000) });
    let play = street.play(FILM);
    assert_eq!(play["via"], "debrid");
    let (path, source) = (path_of(&play), street.source(&play));
    let before = street.server().get(&path);
    assert!(before.body == source);
    assert!(files(&street.folder.path().join("data/library")).is_empty(), "nothing unasked");

    let id = media_id(&street, &path);
    let kept = street.server().owner("PUT", &format!("/api/library/{id}"));
    let kept = kept.json(&json!({"keep": true})).send();
    assert_eq!((kept.status, &kept.json()["kept"]), (200, &json!(true)), "{}", kept.text());
    let row = until("the whole copy", LIMIT, || {
        street.rows().into_iter().find(|row| row["whole"] == json!(true))
    });
    assert_eq!((&row["spared"], &row["place"]), (&json!("kept"), &json!("library")));
    let lies = files(&street.folder.path().join("data/library"));
    assert_eq!(lies.len(), 1);
    assert!(std::fs::read(&lies[0]).unwrap() == source);
    assert_eq!(lies[0].file_stem().unwrap().to_str(), Some(id.as_str()), "not the swarm's file");

    // Neither a link nor a byte more is asked of the store, after a restart too.
    street.demo.cdn().expire_links();
    for _ in 0..2 {
        let links = street.demo.cdn().links_made();
        let answer = street.server().get(&path);
        assert!(answer.body == source);
        assert_eq!(answer.header("etag"), before.header("etag"));
        assert_eq!(answer.header("last-modified"), before.header("last-modified"));
        assert_eq!(street.demo.cdn().links_made(), links, "from the disk");
        assert_eq!(street.server.take().unwrap().stop(), 0);
        street.start();
    }
    let swept = street.server().owner("POST", "/api/cleanup").json(&json!({"idle_s": 0})).send();
    assert_eq!(swept.json()["spared"][0]["why"], "kept");
    let removed = street.server().owner("DELETE", &format!("/api/library/{id}")).send();
    assert_eq!(removed.status, 200);
    assert!(files(&street.folder.path().join("data/library")).is_empty());
    assert!(street.server().get(&path).body == source, "from the store again");
}

#[test]
fn the_next_episode_is_ready_when_one_is_nearly_over() {
    let street = Street::new();
    let play = street.play("tt9900102:1:1");
    let (path, source) = (path_of(&play), street.source(&play));
    // A player looks at the end first: that is no end.
    let tail = source.len() - 10;
    let end = street.server().ask("GET", &path).with("Range", &format!("bytes={tail}-")).send();
    assert!(end.body == source[tail..]);
    let half = source.len() / 2;
    let first = street.server().ask("GET", &path).with("Range", &format!("bytes=0-{half}")).send();
    assert!(first.body == source[..=half]);
    let ready = |log: &str| log.contains("the next episode is ready");
    assert!(!ready(&street.server().log()));
    let rest = street.server().ask("GET", &path).with("Range", &format!("bytes={half}-")).send();
    assert!(rest.body == source[half..]);
    until("the next episode", LIMIT, || {
        let log = street.server().log();
        (ready(&log) && log.contains("tt9900102:1:2")).then_some(())
    });
    assert!(files(&street.folder.path().join("data/library")).is_empty(), "the store has it");
}
