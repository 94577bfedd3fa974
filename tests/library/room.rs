//! How much room films may take, and where they lie.

use credenza::durable::State;
use serde_json::json;

use super::{Home, files};

#[test]
fn the_quota_takes_the_film_that_was_watched_longest_ago() {
    let quota = "max_bytes = 10485760";
    let mut home = Home::new(&[4, 4, 4], quota);
    let (first, _) = home.have(0);
    let (second, _) = home.have(1);
    // Both are being watched as far as anybody can say: neither goes, and the third is told why.
    let refused = home.press(2);
    assert_eq!(refused.status, 502);
    let said = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains("the library may take 10.0 MiB in all (library.max_bytes)"), "{said}");
    assert!(said.contains("remove something on the library page"), "{said}");
    assert!(home.file(0).exists() && home.file(1).exists() && !home.file(2).exists());

    home.stop();
    home.start(quota);
    let (third, path) = home.have(2);
    assert!(!home.file(0).exists(), "watched longest ago");
    let notices = home.server().owner("GET", "/api/status").send().json()["notices"].clone();
    let told = notices.as_array().unwrap().iter().find(|one| one["code"] == "made_room");
    let told = told.unwrap_or_else(|| panic!("{notices}"))["message"].as_str().unwrap();
    assert!(told.contains("(library.max_bytes): removed 1 film that nobody had"), "{told}");
    assert!(told.contains("keep what is to stay on the library page"), "{told}");
    let cookie = home.server().claim("long-enough");
    let page = home.server().ask("GET", "/setup").with("Cookie", &cookie).send().text();
    assert!(page.contains("removed 1 film that nobody had watched for longest"), "{page}");
    assert!(home.file(1).exists() && home.file(2).exists());
    assert_eq!(home.row(&second)["whole"], json!(true));
    home.watch(2, &path);
    for id in [&second, &third] {
        home.put(id, &json!({"pinned": true}));
    }
    assert_eq!(home.press(0).status, 502, "all that is there is pinned");
    home.put(&second, &json!({"pinned": false}));
    home.stop();
    home.start(quota);
    let (again, _) = home.have(0);
    assert_eq!(again, first);
    assert!(!home.file(1).exists() && home.file(2).exists());
}

#[test]
fn a_film_is_begun_only_where_something_stays_free() {
    let home = Home::new(&[3], "reserve_bytes = 4000000000000000");
    let refused = home.press(0);
    let said = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains("the file needs 3.0 MiB, and the library's disk has"), "{said}");
    assert!(said.contains("stay free: remove something"), "{said}");
    assert!(files(&home.data.join("library")).is_empty());
    let shelf = home.server().owner("GET", "/api/library").send().json();
    assert_eq!(shelf["places"][0]["reserve_bytes"], json!(4_000_000_000_000_000_u64));
}

#[test]
fn a_film_moves_to_where_things_stay_and_back() {
    // Another file system, wherever there is one.
    let elsewhere = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let films = elsewhere.path().join("films");
    let config = format!("places = [\"films={}\"]", films.display());
    let mut home = Home::new(&[3], &config);
    let (id, path) = home.have(0);
    let tag = home.server().ask("HEAD", &path).send().header("etag").unwrap().to_owned();
    let name = format!("{}/0.mkv", home.films[0].info_hash);
    let permanent = home.data.join("library/permanent").join(&name);

    let moved = home.put(&id, &json!({"permanent": true})).json();
    assert_eq!((&moved["place"], &moved["permanent"]), (&json!("permanent"), &json!(true)));
    assert!(std::fs::read(&permanent).unwrap() == home.source(0) && !home.file(0).exists());
    home.watch(0, &path);
    assert_eq!(home.clean_up(0)["spared"][0]["why"], "permanent");

    // A disk that is away: its folder is not made, and the film stays where it is.
    let refused = home.put(&id, &json!({"place": "films"}));
    assert_eq!(refused.json()["error"]["code"], "place_away", "{}", refused.text());
    assert!(!films.exists() && permanent.exists());
    home.watch(0, &path);
    std::fs::create_dir(&films).unwrap();
    let moved = home.put(&id, &json!({"place": "films"})).json();
    assert_eq!(moved["place"], "films", "{moved}");
    assert!(std::fs::read(films.join(&name)).unwrap() == home.source(0) && !permanent.exists());
    home.watch(0, &path);
    let unknown = home.put(&id, &json!({"place": "cellar"}));
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (400, &json!("no_place")));

    // The power fails in the middle of the way back: once before the file has its new name, once
    // after, with the old one still there.
    for broken in [false, true] {
        home.stop();
        let state = State::open(&home.data.join("state.redb")).unwrap();
        let (from, to) = (films.join(&name), home.file(0));
        let key = format!("shelf/{id}");
        let mut record: serde_json::Value = state.get(&key).unwrap().unwrap();
        record["place"] = if broken { json!(null) } else { json!("films") };
        record["moving"] = json!([from, to]);
        state.put(&key, &record).unwrap();
        drop(state);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to.with_extension("mkv.part"), b"half").unwrap();
        if broken {
            std::fs::copy(&from, &to).unwrap();
        }
        home.no_peers();
        home.start(&config);
        home.watch(0, &path);
        assert!(!to.with_extension("mkv.part").exists());
        assert!(!(from.exists() && to.exists()), "at one place");
    }
    assert_eq!(home.put(&id, &json!({"place": "films"})).json()["place"], "films");
    let back = home.put(&id, &json!({"permanent": false})).json();
    assert_eq!(back["place"], "library", "{back}");
    assert!(std::fs::read(home.file(0)).unwrap() == home.source(0));
    let answer = home.server().get(&path);
    assert!(answer.body == home.source(0) && answer.header("etag") == Some(&tag));
}
