//! Copies of what a store sends, and the next episode ahead: with the demonstration's household.

use credenza::demo::stand_in::cdn::Terms;
use credenza::demo::{self, Demo};
use credenza::torrent::IndexName;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_util::task::TaskTracker;

use super::{LIMIT, files, media_id};
use crate::debrid::film::{Day, Film};
use crate::support::server::Server;
use crate::support::upstream::{Reply, Upstream};
use crate::support::{only, until};

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

pub fn path_of(play: &Value) -> String {
    let url = play["url"].as_str().unwrap();
    url[url.find("/v/").unwrap()..].to_owned()
}

#[test]
fn a_film_of_the_store_is_kept_and_plays_without_the_store() {
    let mut street = Street::new();
    // Answers of 70 kB: the copy is made of many, and of many links.
    street.demo.cdn().set_terms(Terms { answers_per_link: Some(3), longest_body: Some(70_000) });
    let play = street.play(FILM);
    assert_eq!(play["via"], "debrid");
    let (path, source) = (path_of(&play), street.source(&play));
    let before = street.server().get(&path);
    assert!(before.body == source);
    assert!(files(&street.folder.path().join("data/library")).is_empty(), "nothing unasked");

    let id = media_id(street.server(), &path);
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

/// A store that has one torrent, whose links lead to `film`.
pub fn store_of(film: &Film, link: usize) -> (Upstream, String) {
    let upstream = Upstream::start();
    let (hash, size) = ("a".repeat(40), film.bytes.len());
    let name = "A.Film.2008.1080p.WEB-DL.mkv";
    let item = json!({"hash": hash, "name": name, "size": size, "seeders": 9, "files": []});
    let cached = json!({"hash": hash, "status": "cached", "files": []});
    let video = json!({"index": 0, "name": name, "path": format!("/{name}"), "size": size, "link": "stremthru://x"});
    let magnet = json!({"id": "X", "hash": hash, "name": "A.Film", "size": size, "status": "downloaded", "files": [video]});
    let items = |item: Value| Reply::json(json!({"data": {"items": [item]}}).to_string());
    upstream.on("/v0/torrents", items(item));
    upstream.on("/v0/store/magnets/check", items(cached));
    upstream
        .on("/v0/store/magnets", Reply::json(json!({"data": magnet}).to_string()).with_status(201));
    upstream.on("/v0/store/link/generate", film.link(link));
    let meta = r#"{"meta":{"id":"tt1254207","name":"A Film","year":"2008"}}"#;
    upstream.on("/meta/movie/tt1254207.json", Reply::json(meta));
    let configuration = format!(
        "[stremthru]\nurl = \"{0}\"\n[title]\ncinemeta_url = \"{0}\"\n{1}[network]\nallow_private = [\"{2}\", \"{3}\"]\n[access]\nauth_required = false\n",
        upstream.url("/"),
        only(&[IndexName::StremThru]),
        upstream.addr(),
        film.addr,
    );
    (upstream, configuration)
}

#[test]
fn a_copy_goes_on_where_it_was_when_the_program_was_killed() {
    // The first link's server gives 400 kB and no more, the second's all.
    let film = Film::start(vec![Day::Dies(400_000, 404), Day::Sound]);
    let (store, configuration) = store_of(&film, 0);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "token-of-this-test").unwrap();
    let debrid =
        format!("[debrid]\nstore = \"realdebrid\"\ntoken_file = \"{}\"\n", token.display());
    let (configuration, data) = (configuration + &debrid, folder.path().join("data"));
    let server = Server::serve_on(&data, &configuration, None);
    let pressed = || Some(server.owner("POST", "/api/play/tt1254207").send().json());
    let play = until("the store", LIMIT, || pressed().filter(|play| play["via"] == "debrid"));
    let path = path_of(&play);
    let row = format!("/api/library/{}", media_id(&server, &path));
    server.owner("PUT", &row).json(&json!({"keep": true})).send();
    let noted = "so much of a copy is on the disk bytes=400000";
    until("all that there is", LIMIT, || server.log().contains(noted).then_some(()));
    let stuck = server.owner("GET", &row).send().json();
    assert_eq!(
        (&stuck["bytes_have"], &stuck["whole"]),
        (&json!(400_000), &json!(false)),
        "{stuck}"
    );
    server.signal("KILL");
    drop(server);

    // What was not flushed when the power went is not believed; what was is not asked for again.
    let before = film.seen.lock().unwrap().len();
    store.on("/v0/store/link/generate", film.link(1));
    let server = Server::serve_on(&data, &configuration, None);
    until("the whole copy", LIMIT, || {
        (server.owner("GET", &row).send().json()["whole"] == json!(true)).then_some(())
    });
    let asked = asked_from(&film, before);
    assert!(!asked.is_empty() && asked.iter().all(|at| *at >= 400_000), "{asked:?}");
    assert!(server.get(&path).body == *film.bytes);
    let lies = files(&data.join("library"));
    assert!(lies.len() == 1 && std::fs::read(&lies[0]).unwrap() == *film.bytes);
    drop(store);
}

/// Where the readers began that the film's host has seen since so many requests.
pub fn asked_from(film: &Film, before: usize) -> Vec<u64> {
    film.seen.lock().unwrap()[before..]
        .iter()
        .filter_map(|head| head.lines().find_map(|line| line.strip_prefix("range: bytes=")))
        .filter_map(|range| range.split_once('-'))
        .map(|(first, last)| (first.parse::<u64>().unwrap(), last.parse::<u64>().unwrap()))
        .filter(|(first, last)| last - first > 1000) // not a look at the first byte
        .map(|(first, _)| first)
        .collect()
}
