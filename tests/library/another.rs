//! Films of another: of a state that was lost, of the box that the disk was in before, of a second
//! installation. They have names of ours, and are their owner's.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{Home, ids};

#[test]
fn films_that_a_lost_state_has_left_stay_until_somebody_removes_them() {
    let mut home = Home::new(&[3, 2, 2], "");
    home.have(0);
    let (moved, _) = home.have(1);
    assert_eq!(home.put(&moved, &json!({"permanent": true})).json()["place"], "permanent");
    let name = format!("{}/0.mkv", home.films[1].info_hash);
    let there = [home.file(0), home.data.join("library/permanent").join(name)];
    home.stop();
    std::fs::remove_file(home.data.join("state.redb")).unwrap();
    for file in &there {
        let file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    }
    let are_there = || there.iter().all(|file| file.is_file());

    let temporary = "idle_minutes = 1\nclean_on_stop = true";
    home.start(temporary);
    assert_eq!(home.clean_up(0)["freed_bytes"], json!(0));
    assert!(are_there(), "removed by whom did not begin them");
    let shelf = home.server().owner("GET", "/api/library").send().json();
    assert!(shelf["other_bytes"].as_u64().unwrap() >= 5 << 20, "{shelf}");
    home.stop();
    assert!(are_there(), "removed at the stop");

    // Who plays one of them has not begun it either; what is begun now goes as ever.
    home.start(temporary);
    let (found, _) = home.have(0);
    let (begun, path) = home.have(2);
    let swept = home.clean_up(0);
    assert_eq!((ids(&swept, "removed"), ids(&swept, "spared")), (vec![begun], vec![found.clone()]));
    assert_eq!(swept["spared"][0]["why"], "found");
    assert!(are_there() && !home.file(2).exists());
    home.watch(2, &path);
    home.stop();
    assert!(are_there() && !home.file(2).exists());
    home.start(temporary);
    let removed = home.server().owner("DELETE", &format!("/api/library/{found}")).send();
    assert_eq!(removed.status, 200, "{}", removed.text());
    assert!(!home.file(0).exists() && there[1].is_file());
    // Nothing of another is left in its folder, so that it is begun like any other.
    home.have(0);
    assert_eq!(ids(&home.clean_up(0), "removed"), [found]);
    assert!(!home.file(0).exists() && there[1].is_file());
}
