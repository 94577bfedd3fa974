//! Films of another: of a state that was lost, of the box that the disk was in before, of a second
//! installation. They have names of ours, and are their owner's.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{Home, ids};

/// Two films, the second one where things stay, of a state that is lost then: where they lie.
fn begun_and_lost(home: &mut Home) -> [PathBuf; 2] {
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
    there
}

#[test]
fn films_that_a_lost_state_has_left_stay_until_somebody_removes_them() {
    let mut home = Home::new(&[3, 2, 2], "");
    let there = begun_and_lost(&mut home);
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

#[test]
fn what_a_lost_state_has_left_is_removed_by_its_owner_alone() {
    let mut home = Home::new(&[3, 2, 2], "");
    let there = begun_and_lost(&mut home);
    // What has no name of ours stays whatever is pressed.
    let own = there[0].with_file_name("my own film.mkv");
    std::fs::write(&own, b"mine").unwrap();
    home.start("max_bytes = 6291456");
    let refused = home.press(2);
    let said = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains("films of an earlier state or of another box"), "{said}");
    let shelf = || home.server().owner("GET", "/api/library").send().json();
    let others = shelf()["others"].clone();
    assert!(others["films"] == json!(2) && others["bytes"].as_u64() >= Some(5 << 20), "{others}");

    let page = home.server().get("/library").text();
    assert!(page.contains("2 films of an earlier state or another box, 5"), "{page}");
    assert!(!page.contains("Remove them") && !page.contains("Nothing is here yet"), "{page}");
    let path = "/api/library/others";
    assert_eq!(home.server().ask("DELETE", path).send().status, 401);
    let cookie = home.server().claim("long-enough");
    let press = |as_owner: bool, bytes: u64| {
        let ask = home.server().ask("POST", "/library/others");
        let ask = if as_owner { ask.with("Cookie", &cookie) } else { ask };
        let answer = ask.form(&format!("bytes={bytes}")).send();
        answer.header("location").unwrap_or_default().to_owned()
    };
    let bytes = others["bytes"].as_u64().unwrap();
    assert!(press(false, bytes).starts_with("/login?"), "to the door");
    // A disk was plugged in since the page was made, say.
    assert_eq!(press(true, bytes + 1), "/library?changed=true");
    assert!(there.iter().all(|file| file.is_file()));
    let page = home.server().ask("GET", "/library").with("Cookie", &cookie).send().text();
    assert!(page.contains(&format!("name=\"bytes\" value=\"{bytes}\"")), "{page}");
    assert_eq!(press(true, bytes), format!("/library?freed={bytes}"));
    assert!(there.iter().all(|file| !file.exists()) && own.is_file());
    assert_eq!(shelf()["others"], json!({"films": 0, "bytes": 0}));
    home.have(2);

    // The same for a program, which leaves what was begun here.
    let begun = home.file(2);
    home.stop();
    std::fs::create_dir_all(there[1].parent().unwrap()).unwrap();
    std::fs::write(&there[1], [7; 9000]).unwrap();
    home.start("");
    let removed = home.server().owner("DELETE", path).send();
    assert!(removed.json()["freed_bytes"].as_u64() >= Some(9000), "{}", removed.text());
    assert!(!there[1].exists() && begun.is_file());
}
