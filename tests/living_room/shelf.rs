//! A shelf with as many titles as a test wants, of any name: written into the state before the program
//! starts, as the program itself would have written them.

use std::path::Path;

use credenza::demo::reel::FILM_MKV;
use credenza::durable::State;
use redb::TableDefinition;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A title with every character that a television has been seen to stumble over.
pub const TRAPS: &str = "Tom & Jerry <1> \"q\" é 日本";

/// 250 characters.
pub fn long_name() -> String {
    "A film whose name goes on ".chars().cycle().take(250).collect()
}

/// Puts titles that are pinned, and that somebody stopped watching, into the state of a data folder, in one transaction: ten
/// thousand of the program's own would each wait for the disk.
pub fn fill(data: &Path, titles: &[String]) {
    let rows = titles.iter().enumerate().map(|(number, title)| {
        let (media_id, playable) = playable(number, title);
        let record = json!({
            "watched": 1,
            "pinned": true,
            "last_watched_ms": 1_700_000_000_000_u64,
            "position_s": 61.5,
            "duration_s": 3723.5,
        });
        (media_id, playable, Some(record))
    });
    write(data, rows);
}

/// Lays three hundred films on the disk, among them one of each name that is hard; the one that is called
/// [`TRAPS`] plays. Their names.
pub fn lay_traps(data: &Path) -> Vec<String> {
    let mut titles = vec![TRAPS.to_owned(), long_name()];
    titles.extend((2..300).map(|number| format!("Film {number:03}")));
    let id = |number: usize| format!("tt{:07}", 7_000_000 + number);
    let row = |(number, title): (usize, &String)| (id(number), title.clone());
    let rows: Vec<(String, String)> = titles.iter().enumerate().map(row).collect();
    lay_as(data, &rows, |number| if number == 0 { FILM_MKV } else { &[0; 4] });
    titles
}

/// Puts titles, each with its id, into the state and as whole files of four bytes into the library.
pub fn lay(data: &Path, titles: &[(String, String)]) {
    lay_as(data, titles, |_| &[0; 4]);
}

/// The same with other bytes.
fn lay_as(data: &Path, titles: &[(String, String)], bytes: impl Fn(usize) -> &'static [u8]) {
    let rows = titles.iter().enumerate().map(|(number, (id, title))| {
        let bytes = bytes(number);
        let (_, mut playable) = playable(number, title);
        let (hash, name) = (playable["info_hash"].as_str().unwrap(), format!("Lies.{number}.mkv"));
        let (folder, media_id) =
            (data.join("library").join(hash), media_id(hash, &name, bytes.len()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("0.mkv");
        std::fs::write(&file, bytes).unwrap();
        playable["id"] = json!(id);
        playable["file"] = json!({"index": 0, "name": name, "size": bytes.len()});
        playable["finished"] = json!(file);
        (media_id, playable, None)
    });
    write(data, rows);
}

/// Writes what was chosen, and what is known of it, as the program keeps them.
fn write(data: &Path, rows: impl Iterator<Item = (String, Value, Option<Value>)>) {
    std::fs::create_dir_all(data).unwrap();
    let file = data.join("state.redb");
    drop(State::open(&file).unwrap());
    let database = redb::Database::open(file).unwrap();
    let transaction = database.begin_write().unwrap();
    let entries: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("entries");
    {
        let mut table = transaction.open_table(entries).unwrap();
        for (media_id, playable, record) in rows {
            for (key, value) in [("playable", Some(playable)), ("shelf", record)] {
                let Some(value) = value.map(|value| value.to_string()) else { continue };
                table.insert(format!("{key}/{media_id}").as_str(), value.as_bytes()).unwrap();
            }
        }
    }
    transaction.commit().unwrap();
}

/// A film that was chosen, and its media id.
fn playable(number: usize, title: &str) -> (String, Value) {
    let info_hash = format!("{:040x}", number + 1);
    let name = format!("Film.{number}.1080p.mkv");
    let size = 1_000_000_000 + number;
    let media_id = media_id(&info_hash, &name, size);
    let playable = json!({
        "id": format!("tt{:07}", 7_000_000 + number),
        "info_hash": info_hash,
        "title": title,
        "release": format!("Film {number} 1080p"),
        "trackers": [],
        "file": {"index": 0, "name": name, "size": size},
        "via": "swarm",
        "store": null,
        "since": 1_700_000_000,
    });
    (media_id, playable)
}

/// As the program makes it of what a file is.
fn media_id(info_hash: &str, name: &str, size: usize) -> String {
    let path = {
        use sha1::{Digest as _, Sha1};
        data_encoding::HEXLOWER.encode(&Sha1::digest(name.as_bytes())[..4])
    };
    let digest = Sha256::digest(format!("{info_hash}-{path}-{size}").as_bytes());
    data_encoding::HEXLOWER.encode(&digest[..10])
}
