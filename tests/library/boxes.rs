//! Which library is whose: known by its id, wherever it lies and whatever box it comes from.

use std::path::{Path, PathBuf};

use credenza::durable::State;
use credenza::torrent::InfoHash;
use serde_json::json;

use super::{Home, ids};

/// A library of the time before ids, with the state of that time.
fn forget_ids(home: &Home) {
    let state = State::open(&home.data.join("state.redb")).unwrap();
    for key in state.keys("begun").unwrap() {
        state.remove(&key).unwrap();
    }
    drop(state);
    std::fs::remove_file(home.data.join("library/library.id")).unwrap();
}

/// A file of the swarm's that nobody has chosen.
fn stray(home: &Home, film: usize) -> PathBuf {
    let file = home.file(film);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, vec![1; 70_000]).unwrap();
    file
}

/// What the state has noted of a torrent, in all libraries.
fn begun(data: &Path, torrent: &InfoHash) -> usize {
    let state = State::open(&data.join("state.redb")).unwrap();
    let libraries = state.keys("begun_in/").unwrap();
    let holds = |key: &&String| {
        let begun: Vec<String> = state.get(key).unwrap().unwrap();
        begun.contains(&torrent.to_string())
    };
    libraries.iter().filter(holds).count()
}

#[test]
fn two_boxes_whose_libraries_have_one_path_are_told_apart() {
    let mut home = Home::new(&[2, 2], "");
    let at = |home: &Home, name: &str| home.data.join(name);
    // Box A, then box B: both begin the same film, each in a library of its own.
    home.have(0);
    home.stop();
    std::fs::rename(at(&home, "state.redb"), at(&home, "a.redb")).unwrap();
    std::fs::rename(at(&home, "library"), at(&home, "of-a")).unwrap();
    home.start("");
    let (film, _) = home.have(0);
    home.stop();
    // B's disk goes, and A's comes.
    std::fs::rename(at(&home, "library"), at(&home, "of-b")).unwrap();
    std::fs::rename(at(&home, "of-a"), at(&home, "library")).unwrap();
    home.start("clean_on_stop = true");
    assert_eq!(home.clean_up(0)["spared"][0]["why"], "found");
    home.have(1);
    home.stop();
    assert!(home.file(0).is_file(), "another box's film was removed");
    assert!(!home.file(1).exists(), "what was begun here goes");
    // Its own again.
    std::fs::rename(at(&home, "library"), at(&home, "of-a")).unwrap();
    std::fs::rename(at(&home, "of-b"), at(&home, "library")).unwrap();
    home.start("");
    assert_eq!(ids(&home.clean_up(0), "removed"), [film]);
    assert!(!home.file(0).exists());
}

#[test]
fn a_library_that_was_moved_stays_this_states_own() {
    let mut home = Home::new(&[2], "");
    let (film, path) = home.have(0);
    home.stop();
    let moved = home.data.join("elsewhere");
    std::fs::rename(home.data.join("library"), &moved).unwrap();
    home.start(&format!("path = \"{}\"", moved.display()));
    let lies = moved.join(home.films[0].info_hash.to_string()).join("0.mkv");
    assert!(lies.is_file());
    let swept = home.clean_up(0);
    assert_eq!(ids(&swept, "removed"), [film], "{swept}");
    assert!(!lies.exists());
    home.watch(0, &path);
}

#[test]
fn what_went_to_where_things_stay_is_no_more_begun_in_the_library() {
    let mut home = Home::new(&[2], "");
    let (film, _) = home.have(0);
    let hash = home.films[0].info_hash;
    assert_eq!(home.put(&film, &json!({"permanent": true})).json()["place"], "permanent");
    home.stop();
    assert_eq!(begun(&home.data, &hash), 0, "what another puts there would count as ours");
    home.start("");
    assert_eq!(home.put(&film, &json!({"permanent": false})).json()["place"], "library");
    home.stop();
    assert_eq!(begun(&home.data, &hash), 1);
}

#[test]
fn what_lies_there_when_ids_come_is_taken_over() {
    let mut home = Home::new(&[2, 1], "");
    let (film, _) = home.have(0);
    // The head of a next episode, say.
    let head = stray(&home, 1);
    home.stop();
    forget_ids(&home);
    home.start("");
    let swept = home.clean_up(0);
    assert_eq!(ids(&swept, "removed"), [film], "{swept}");
    assert!(!home.file(0).exists() && !head.exists(), "left for ever");
    home.stop();
    assert_eq!(begun(&home.data, &home.films[0].info_hash), 0);
}

#[test]
fn of_a_disk_that_comes_after_that_only_what_was_chosen_is_taken_over() {
    let mut home = Home::new(&[2, 1], "");
    let (film, _) = home.have(0);
    let other = stray(&home, 1);
    home.stop();
    forget_ids(&home);
    let (library, away) = (home.data.join("library"), home.data.join("away"));
    std::fs::rename(&library, &away).unwrap();
    home.start("");
    std::fs::rename(&away, &library).unwrap();
    let swept = home.clean_up(0);
    assert_eq!(ids(&swept, "removed"), [film], "{swept}");
    assert!(!home.file(0).exists() && other.is_file());
    let shelf = home.server().owner("GET", "/api/library").send().json();
    assert_eq!(shelf["others"]["films"], json!(1), "{shelf}");
}
