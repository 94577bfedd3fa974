//! Copies on a disk that is pulled, or that does not keep what it is given.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::copies::{asked_from, path_of, store_of};
use super::{LIMIT, files, media_id};
use crate::debrid::film::{Day, Film};
use crate::playing_on::Town;
use crate::support::disk::{PulledDisk, caches_can_be_dropped, drop_caches};
use crate::support::server::Server;
use crate::support::upstream::Upstream;
use crate::support::world::ID;
use crate::support::{skip, until};

/// A store whose film is to be kept, and the program with a disk for films.
pub struct Kept {
    pub film: Film,
    pub store: Upstream,
    pub server: Server,
    pub data: PathBuf,
    /// The path of its bytes, and of its row.
    pub path: String,
    pub row: String,
    _folder: tempfile::TempDir,
}

impl Kept {
    pub fn on(disk: &Path, days: Vec<Day>) -> Self {
        let film = Film::start(days);
        let (store, configuration) = store_of(&film, 0);
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "token-of-this-test").unwrap();
        let more = format!(
            "[debrid]\nstore = \"realdebrid\"\ntoken_file = \"{}\"\n[library]\ndisk = \"{}\"\n",
            token.display(),
            disk.display()
        );
        let data = folder.path().join("data");
        let server = Server::serve_on(&data, &(configuration + &more), None);
        let pressed = || Some(server.owner("POST", "/api/play/tt1254207").send().json());
        let play = until("the store", LIMIT, || pressed().filter(|play| play["via"] == "debrid"));
        let path = path_of(&play);
        let row = format!("/api/library/{}", media_id(&server, &path));
        server.owner("PUT", &row).json(&json!({"keep": true})).send();
        Self { film, store, server, data, path, row, _folder: folder }
    }

    pub fn told(&self) -> Value {
        self.server.owner("GET", &self.row).send().json()
    }

    pub fn is_whole(&self) {
        until("the whole copy", LIMIT, || {
            let told = self.told();
            (told["whole"] == json!(true) && told["trouble"].is_null()).then_some(())
        });
    }

    fn asked(&self) -> usize {
        self.film.seen.lock().unwrap().len()
    }
}

#[test]
fn what_is_kept_on_a_disk_that_is_pulled_waits_for_it() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let mut disk = PulledDisk::new(64);
    disk.plug();
    let mount = disk.mount();
    let kept = Kept::on(&mount, vec![Day::Dies(400_000, 404), Day::Sound]);
    let noted = "so much of a copy is on the disk bytes=400000";
    until("half of it", LIMIT, || kept.server.log().contains(noted).then_some(()));
    let waits = || {
        until("that it waits for its disk", LIMIT, || {
            let told = kept.told();
            told["trouble"].as_str().filter(|why| why.contains("a disk that is away")).map(drop)
        });
        assert!(files(&kept.data.join("library")).is_empty(), "begun anew on the card");
        assert!(files(&mount).is_empty(), "written to the empty mount point");
    };

    // A half one: the store would give all of it now.
    disk.pull();
    kept.store.on("/v0/store/link/generate", kept.film.link(1));
    waits();
    let before = kept.asked();
    disk.plug();
    kept.is_whole();
    let asked = asked_from(&kept.film, before);
    assert!(!asked.is_empty() && asked.iter().all(|at| *at >= 400_000), "{asked:?}");

    // A whole one, which somebody plays meanwhile.
    disk.pull();
    waits();
    kept.server.owner("POST", "/api/play/tt1254207").send();
    assert!(kept.server.get(&kept.path).body == *kept.film.bytes);
    waits();
    disk.plug();
    kept.is_whole();
    let before = kept.asked();
    assert!(kept.server.get(&kept.path).body == *kept.film.bytes);
    assert_eq!(kept.asked(), before, "from the disk");
    assert_eq!(kept.server.stop(), 0);
}

/// A town whose film is to be kept on this disk: its row.
fn town_on(disk: &Path) -> (Town, String, String) {
    let town = Town::with(true, false, &format!("[library]\ndisk = \"{}\"\n", disk.display()));
    let path = path_of(&town.server.play(ID));
    let row = format!("/api/library/{}", media_id(&town.server, &path));
    town.server.owner("PUT", &row).json(&json!({"keep": true})).send();
    (town, path, row)
}

#[test]
fn f06_what_the_disk_did_not_keep_of_a_copy_never_passes_for_the_film() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    if !caches_can_be_dropped() {
        return skip("needs /proc/sys/vm/drop_caches: the film would be read from memory");
    }
    // Where the copy comes to lie is known from a first time on the same disk.
    let mut disk = PulledDisk::new(192);
    let empty = std::fs::read(disk.image()).unwrap();
    disk.plug();
    let (first, _, row) = town_on(&disk.mount());
    let told = |town: &Town, row: &str| town.server.owner("GET", row).send().json();
    until("the whole copy", 2 * LIMIT, || {
        (told(&first, &row)["whole"] == json!(true)).then_some(())
    });
    let extents = PulledDisk::sectors_of(&files(&disk.mount().join("credenza"))[0]);
    assert_eq!(first.server.stop(), 0);
    disk.unplug();
    std::fs::write(disk.image(), empty).unwrap();
    let bad = extents.iter().flat_map(|extent| (extent.start..extent.end).step_by(1000)).take(8);
    disk.goes_bad("write", bad.collect::<Vec<_>>());
    disk.plug();

    // It takes eight seconds, and is flushed after five: the disk says then what it did not keep, and
    // says it once.
    let (town, path, row) = town_on(&disk.mount());
    for times in 1..3 {
        until("the disk's refusal", 2 * LIMIT, || {
            let refused = town.log_says("a title could not be kept yet") >= times;
            (refused || told(&town, &row)["whole"] == json!(true)).then_some(())
        });
        // What the kernel has in memory it forgets.
        let _ = std::process::Command::new("sync").arg("-f").arg(disk.mount()).status();
        drop_caches();
        assert_eq!(told(&town, &row)["whole"], json!(false), "noted as whole on such a disk");
        let got = town.server.get(&path).body;
        assert!(got == town.torrent.files[0].1, "other bytes, {times}");
    }
    assert_eq!(town.server.stop(), 0);
}
