//! A real disk: what is free on it is what counts, and while it is away nothing is written to where
//! it was.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Home, files};
use crate::support::disk::PulledDisk;
use crate::support::{skip, until};

#[test]
fn a_disk_is_never_filled_up_and_comes_back_with_its_films() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    // Of 64 MiB some 52 can be written: two films of 18 MiB, not three.
    let mut disk = PulledDisk::new(64);
    let config = format!("disk = \"{}\"\nreserve_bytes = 8388608", disk.mount().display());
    disk.plug();
    let mut home = Home::new(&[18, 18, 18, 60], &config);
    let (first, _) = home.have(0);
    let (second, path) = home.have(1);
    let lies = |home: &Home, film: usize| {
        let hash = home.films[film].info_hash.to_string();
        disk_file(&disk.mount(), &hash).exists()
    };
    assert!(lies(&home, 0) && lies(&home, 1));
    let refused = home.press(3).json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(
        refused.contains("the file needs 60.0 MiB") && refused.contains("stay free"),
        "{refused}"
    );
    home.stop();
    home.start(&config);
    let (third, _) = home.have(2);
    assert!(!lies(&home, 0) && lies(&home, 1) && lies(&home, 2), "the oldest made room");
    assert_eq!(home.row(&second)["whole"], json!(true));
    assert!(!home.rows().iter().any(|row| row["media_id"] == json!(first)));

    disk.pull();
    assert!(home.rows().iter().all(|row| row["place"].is_null()), "it is away: {:?}", home.rows());
    assert_eq!(home.clean_up(0)["removed"], json!([]));
    assert!(files(&disk.mount()).is_empty(), "written to the empty mount point");
    home.no_peers();
    disk.plug();
    let back = Instant::now();
    until("the films of the disk", Duration::from_secs(15), || {
        (home.row(&second)["whole"] == json!(true)).then_some(())
    });
    home.watch(1, &path);
    assert!(back.elapsed() < Duration::from_secs(15), "{:?}", back.elapsed());
    let removed = home.server().owner("DELETE", &format!("/api/library/{third}")).send();
    assert_eq!(removed.status, 200, "{}", removed.text());
    assert!(files(&home.data.join("library")).is_empty(), "nothing on the card");
    home.stop();
}

fn disk_file(mount: &std::path::Path, hash: &str) -> std::path::PathBuf {
    mount.join("credenza").join(hash).join("0.mkv")
}

/// Mounts what is mounted there anew.
fn remount(disk: &PulledDisk, how: &str) {
    let mount = disk.mount().display().to_string();
    let done = std::process::Command::new("mount")
        .args(["-o", &format!("remount,{how}"), &mount])
        .status();
    assert!(done.unwrap().success(), "remount,{how}");
}

#[test]
fn a_disk_that_takes_no_more_writes_still_plays() {
    if let Some(missing) = PulledDisk::missing() {
        return skip(&format!("needs {missing}"));
    }
    let mut disk = PulledDisk::new(64);
    disk.plug();
    let config = format!("disk = \"{}\"", disk.mount().display());
    let mut home = Home::new(&[4, 3], &config);
    let (id, path) = home.have(0);
    // The engine, which has it open to write, lets go.
    home.stop();
    home.start(&config);
    remount(&disk, "ro");
    let refused = home.server().owner("DELETE", &format!("/api/library/{id}")).send();
    assert_eq!(refused.json()["error"]["code"], "disk", "{}", refused.text());
    // What comes anew goes to the card.
    let (other, _) = home.have(1);
    assert!(home.file(1).is_file(), "not on the card");
    home.no_peers();
    home.watch(0, &path);
    assert_eq!(home.row(&id)["whole"], json!(true));
    let gone = home.server().owner("DELETE", &format!("/api/library/{other}")).send();
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(home.clean_up(0)["removed"], json!([]));
    home.watch(0, &path);
    remount(&disk, "rw");
    assert_eq!(home.clean_up(0)["removed"][0]["media_id"], json!(id));
    assert!(files(&disk.mount().join("credenza")).is_empty());
}
