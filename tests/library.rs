//! The library through the real program: what lies on the disk, how long, how much of it, and where.
//! Every byte that is served is compared with the source.

mod ahead;
mod another;
mod boxes;
mod copies;
mod disk;
mod giving_way;
mod idle;
mod kept;
mod people;
mod pulled;
mod restart;
mod room;
mod sharing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use credenza::swarm::Seeder;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::http::Answer;
use crate::support::seeder::{Torrent, random};
use crate::support::server::Server;
use crate::support::until;
use crate::support::world::{ID, World};

const MIB: usize = 1 << 20;
const LIMIT: Duration = Duration::from_secs(60);

/// Films of these sizes, a seeder of all of them, and the program.
pub struct Home {
    pub films: Vec<Torrent>,
    pub server: Option<Server>,
    pub data: PathBuf,
    _folder: tempfile::TempDir,
    world: World,
    seeder: Seeder,
    runtime: Runtime,
}

impl Home {
    pub fn new(mib: &[usize], library: &str) -> Self {
        let film = |(at, mib): (usize, &usize)| {
            let name = format!("The.Long.Evening.2008.1080p.WEB-DL.x264-HOUSE{at}.mkv");
            Torrent::new(&name, vec![(name.clone(), random(mib * MIB + at))], 256 << 10)
        };
        let films: Vec<Torrent> = mib.iter().enumerate().map(film).collect();
        let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
        let content = films.iter().map(|film| (film.bytes.clone(), film.files.clone())).collect();
        let seeding = folder.path().join("seeder");
        std::fs::create_dir(&seeding).unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let seeder = runtime.block_on(Seeder::start(content, &seeding, listen)).unwrap();
        let world = World::of("The Long Evening");
        world.list(&films.iter().collect::<Vec<_>>());
        for film in &films {
            world.seeded_at(film, ([127, 0, 0, 1], seeder.port()).into());
        }
        let data = folder.path().join("data");
        let mut home = Self { films, server: None, data, _folder: folder, world, seeder, runtime };
        home.start(library);
        home
    }

    /// Starts the program, on the same data, with these lines in `[library]`.
    pub fn start(&mut self, library: &str) {
        self.start_as("", library);
    }

    /// The same in a house with these rights.
    pub fn start_with(&mut self, access: &str, library: &str) {
        let configuration = self.configuration("", library);
        let configuration = configuration.replace("[access]\nauth_required = false\n", access);
        self.server = Some(Server::serve_on(&self.data, &configuration, None));
    }

    /// The same with these in `[swarm]`.
    pub fn start_as(&mut self, swarm: &str, library: &str) {
        let configuration = self.configuration(swarm, library);
        self.server = Some(Server::serve_on(&self.data, &configuration, None));
    }

    /// The program's configuration with these lines in `[swarm]` and in `[library]`.
    pub fn configuration(&self, swarm: &str, library: &str) -> String {
        let more = format!(
            "[swarm]\nenabled = true\ndht = false\n{swarm}\n\
             [library]\nnext_episode = false\n{library}\n"
        );
        self.world.configuration(&more)
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub fn stop(&mut self) {
        assert_eq!(self.server.take().unwrap().stop(), 0);
    }

    /// Nobody gives anything any more.
    pub fn no_peers(&self) {
        self.runtime.block_on(self.seeder.stop());
    }

    /// Presses play for a film; its media id and its path.
    pub fn choose(&self, film: usize) -> (String, String) {
        // An index that is slow on a machine that has much to do is asked again.
        let pressed = || Some(self.press(film)).filter(|answer| answer.status == 200);
        let answer = until("the film to play", LIMIT, pressed);
        let url = answer.json()["url"].as_str().unwrap().to_owned();
        let path = url[url.find("/v/").unwrap()..].to_owned();
        let rows = || self.rows();
        let hash = self.films[film].info_hash.to_string();
        let row = until("the title on the shelf", LIMIT, || {
            rows().into_iter().find(|row| row["info_hash"] == json!(hash))
        });
        (row["media_id"].as_str().unwrap().to_owned(), path)
    }

    pub fn press(&self, film: usize) -> Answer {
        let hash = self.films[film].info_hash;
        let path = format!("/api/play/{ID}?info_hash={hash}");
        self.server().owner("POST", &path).send()
    }

    pub fn source(&self, film: usize) -> &[u8] {
        &self.films[film].files[0].1
    }

    /// Reads the whole film, and compares.
    pub fn watch(&self, film: usize, path: &str) {
        let answer = self.server().get(path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.body == self.source(film), "other bytes: {}", answer.body.len());
    }

    /// The same, and waits until it is noted to be whole; its media id and its path.
    pub fn have(&self, film: usize) -> (String, String) {
        let (media_id, path) = self.choose(film);
        self.watch(film, &path);
        self.whole(&media_id, &path);
        (media_id, path)
    }

    pub fn whole(&self, media_id: &str, path: &str) {
        until("the whole film on the shelf", LIMIT, || {
            assert_eq!(self.server().ask("HEAD", path).send().status, 200);
            (self.row(media_id)["whole"] == json!(true)).then_some(())
        });
    }

    pub fn rows(&self) -> Vec<Value> {
        let answer = self.server().owner("GET", "/api/library").send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["titles"].as_array().unwrap().clone()
    }

    pub fn row(&self, media_id: &str) -> Value {
        let answer = self.server().owner("GET", &format!("/api/library/{media_id}")).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub fn put(&self, media_id: &str, change: &Value) -> Answer {
        self.server().owner("PUT", &format!("/api/library/{media_id}")).json(change).send()
    }

    pub fn clean_up(&self, idle_s: u64) -> Value {
        let ask = self.server().owner("POST", "/api/cleanup").json(&json!({"idle_s": idle_s}));
        let answer = ask.send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Where the swarm's file of a film lies.
    pub fn file(&self, film: usize) -> PathBuf {
        let hash = self.films[film].info_hash.to_string();
        self.data.join("library").join(hash).join("0.mkv")
    }
}

/// The media id of a link or its path, as the page of its player knows it.
pub fn media_id(server: &Server, url: &str) -> String {
    let path = &url[url.find("/v/").unwrap()..];
    let page = server.get(&path.replacen("/v/", "/play/", 1)).text();
    let from = page.find("data-watched=\"/api/library/").unwrap() + 27;
    page[from..from + 20].to_owned()
}

/// The media ids under `key`.
pub fn ids(swept: &Value, key: &str) -> Vec<String> {
    let rows = swept[key].as_array().unwrap();
    rows.iter().map(|row| row["media_id"].as_str().unwrap().to_owned()).collect()
}

/// Every file below a folder, but for what says which library it is.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.ends_with("library.id") {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_nobody_wants_is_cleaned_up_and_plays_again() {
    let home = Home::new(&[4, 3], "");
    let (kept, _) = home.have(0);
    let (other, path) = home.have(1);
    let row = home.row(&other);
    let size = home.source(1).len();
    assert_eq!(row["size_bytes"], json!(size));
    assert_eq!(row["bytes_have"], json!(size));
    assert!(row["bytes_on_disk"].as_u64().unwrap() >= size as u64, "{row}");
    assert_eq!((&row["via"], &row["place"]), (&json!("swarm"), &json!("library")));
    assert_eq!((&row["times_watched"], &row["spared"]), (&json!(1), &Value::Null));
    assert!(row["last_watched"].as_u64().is_some() && !row["title"].as_str().unwrap().is_empty());

    assert_eq!(home.put(&kept, &json!({"pinned": true})).json()["spared"], "pinned");
    // What lies beside under another name is its owner's.
    let own = home.file(1).with_file_name("my own film.mkv");
    std::fs::write(&own, b"mine").unwrap();
    assert!(ids(&home.clean_up(3600), "removed").is_empty(), "nobody has gone for so long");
    let swept = home.clean_up(0);
    assert_eq!((ids(&swept, "removed"), ids(&swept, "spared")), (vec![other], vec![kept.clone()]));
    assert_eq!(swept["removed"][0]["why"], "idle");
    assert!(swept["freed_bytes"].as_u64().unwrap() >= size as u64);
    assert!(!home.file(1).exists() && home.file(0).exists() && own.exists());
    assert_eq!(std::fs::read(home.file(0)).unwrap(), home.source(0));

    // Its link plays on, from where it came first.
    home.watch(1, &path);
    let removed = home.server().owner("DELETE", &format!("/api/library/{kept}")).send();
    assert!(removed.json()["freed_bytes"].as_u64().unwrap() > 0, "{}", removed.text());
    assert!(!home.file(0).exists(), "by hand also what is pinned");
    assert!(!home.file(0).parent().unwrap().exists(), "with its folder");
}

#[test]
fn what_is_read_or_watched_often_is_spared() {
    let home = Home::new(&[24], "");
    let (id, path) = home.have(0);
    let reader = restart::begin(home.server(), &path, 0);
    until("the reader", LIMIT, || (home.row(&id)["readers"] == json!(1)).then_some(()));
    let swept = home.clean_up(0);
    assert!(ids(&swept, "removed").is_empty());
    assert_eq!(swept["spared"][0]["why"], "read");
    let refused = home.server().owner("DELETE", &format!("/api/library/{id}")).send();
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (409, &json!("watched")));
    assert!(home.file(0).exists());
    drop(reader);
    until("no reader", LIMIT, || (home.row(&id)["readers"] == json!(0)).then_some(()));

    // Once is counted already; many ranges are one evening.
    let part = || home.server().ask("GET", &path).with("Range", "bytes=0-99").send();
    for _ in 0..20 {
        assert!(part().body == home.source(0)[..100]);
    }
    assert_eq!(home.row(&id)["times_watched"], json!(1));
    for _ in 0..9 {
        home.press(0);
        part();
    }
    until("ten times", LIMIT, || (home.row(&id)["times_watched"] == json!(10)).then_some(()));
    assert_eq!(home.clean_up(0)["spared"][0]["why"], "popular");
    assert!(home.file(0).exists());
}

#[test]
fn a_permanent_library_is_left_alone_and_a_temporary_one_goes_at_the_end_where_told() {
    let mut home = Home::new(&[2], "mode = \"permanent\"\nidle_minutes = 1\nclean_on_stop = true");
    let (_, path) = home.have(0);
    assert_eq!(home.clean_up(0)["spared"][0]["why"], "permanent_mode");
    home.stop();
    assert!(home.file(0).exists());

    home.start("clean_on_stop = false");
    home.watch(0, &path);
    home.stop();
    assert!(home.file(0).exists(), "not told");
    home.start("clean_on_stop = true");
    home.watch(0, &path);
    home.stop();
    assert!(files(&home.data.join("library")).is_empty());
    home.start("");
    home.watch(0, &path);
}
